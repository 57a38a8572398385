//! Small symmetric systems on slices, without allocation.
//!
//! A symmetric matrix of order k is its lower triangle, packed row after row: element (i, j), j ≤ i, stands at
//! `i (i + 1) / 2 + j`.

use crate::math::wide::wide;

/// Number of elements of the packed lower triangle of a matrix of order `k`.
#[must_use]
pub fn packed_len(k: usize) -> usize {
    k * (k + 1) / 2
}

/// Position of element (i, j), j ≤ i.
#[must_use]
#[inline(always)]
pub fn at(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
}

/// Cholesky factor L of A = L Lᵀ in place of A; false, with `a` spoilt, where A is not positive definite.
///
/// A pivot counts as zero when it is at most `tolerance` of its diagonal element, that is where 1 − R² of a column on the
/// columns before it is at most `tolerance`.
#[must_use]
pub fn cholesky(a: &mut [f64], k: usize, tolerance: f64) -> bool {
    for i in 0..k {
        let (before, row) = a.split_at_mut(at(i, 0));
        let diagonal = row[i];
        for j in 0..i {
            let other = &before[at(j, 0)..=at(j, j)];
            let s: f64 = row[..j].iter().zip(other).map(|(x, y)| x * y).sum();
            row[j] = (row[j] - s) / other[j];
        }
        let s: f64 = row[..i].iter().map(|x| x * x).sum();
        let pivot = diagonal - s;
        // also false for NaN
        if !(pivot > tolerance * diagonal && pivot.is_finite()) {
            return false;
        }
        row[i] = pivot.sqrt();
    }
    true
}

/// b ← L⁻¹ b.
pub fn forward(l: &[f64], b: &mut [f64]) {
    for i in 0..b.len() {
        let row = &l[at(i, 0)..=at(i, i)];
        let s: f64 = row[..i].iter().zip(&*b).map(|(x, y)| x * y).sum();
        b[i] = (b[i] - s) / row[i];
    }
}

/// b ← A⁻¹ b, given the factor of A.
pub fn solve(l: &[f64], b: &mut [f64]) {
    forward(l, b);
    for i in (0..b.len()).rev() {
        let row = &l[at(i, 0)..=at(i, i)];
        b[i] /= row[i];
        let (earlier, rest) = b.split_at_mut(i);
        for (e, x) in earlier.iter_mut().zip(row) {
            *e -= x * rest[0];
        }
    }
}

/// Element (j, j) of A⁻¹, given the factor of A: ‖L⁻¹ eⱼ‖². `work` holds the order of A.
#[must_use]
pub fn inverse_diagonal(l: &[f64], j: usize, work: &mut [f64]) -> f64 {
    work.fill(0.0);
    work[j] = 1.0;
    forward(l, work);
    work[j..].iter().map(|x| x * x).sum()
}

/// Lanes of a sum: enough that no addition waits for the one before; combined in a fixed order.
pub(crate) const LANES: usize = 8;

/// Σ x, in eight fixed lanes: the same bits whatever the width of the registers.
#[must_use]
pub fn sum(x: &[f64]) -> f64 {
    wide!({
        let mut lanes = [0.0; LANES];
        let (eights, rest) = x.as_chunks::<LANES>();
        for x in eights {
            for l in 0..LANES {
                lanes[l] += x[l];
            }
        }
        total(lanes) + rest.iter().sum::<f64>()
    })
}

/// Σ x y, in eight fixed lanes.
#[must_use]
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    wide!({
        let mut lanes = [0.0; LANES];
        let ((xs, x), (ys, y)) = (x[..n].as_chunks::<LANES>(), y[..n].as_chunks::<LANES>());
        for (x, y) in xs.iter().zip(ys) {
            for l in 0..LANES {
                lanes[l] += x[l] * y[l];
            }
        }
        total(lanes) + rest(x, y)
    })
}

/// Σ v x and Σ v y, with the bits of [`dot`].
#[must_use]
pub fn two_dots(v: &[f64], x: &[f64], y: &[f64]) -> [f64; 2] {
    let n = v.len().min(x.len()).min(y.len());
    wide!({
        let (mut with_x, mut with_y) = ([0.0; LANES], [0.0; LANES]);
        let (vs, v) = v[..n].as_chunks::<LANES>();
        let ((xs, x), (ys, y)) = (x[..n].as_chunks::<LANES>(), y[..n].as_chunks::<LANES>());
        for ((v, x), y) in vs.iter().zip(xs).zip(ys) {
            for l in 0..LANES {
                with_x[l] += v[l] * x[l];
                with_y[l] += v[l] * y[l];
            }
        }
        [total(with_x) + rest(v, x), total(with_y) + rest(v, y)]
    })
}

/// Σ w x and Σ w x², in eight fixed lanes each.
#[must_use]
pub fn moments(w: &[f64], x: &[f64]) -> [f64; 2] {
    let n = w.len().min(x.len());
    wide!({
        let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
        let ((ws, w), (xs, x)) = (w[..n].as_chunks::<LANES>(), x[..n].as_chunks::<LANES>());
        for (w, x) in ws.iter().zip(xs) {
            for l in 0..LANES {
                let product = w[l] * x[l];
                first[l] += product;
                second[l] += product * x[l];
            }
        }
        let squares: f64 = w.iter().zip(x).map(|(w, x)| w * x * x).sum();
        [total(first) + rest(w, x), total(second) + squares]
    })
}

#[inline(always)]
fn rest(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

#[inline(always)]
fn total(x: [f64; LANES]) -> f64 {
    ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A = [[4, 2, 2], [2, 5, 3], [2, 3, 6]]: L = [[2], [1, 2], [1, 1, 2]], by hand.
    const A: [f64; 6] = [4.0, 2.0, 5.0, 2.0, 3.0, 6.0];

    #[test]
    fn by_hand_factor_solution_and_inverse() {
        let mut l = A;
        assert!(cholesky(&mut l, 3, 1e-12));
        assert_eq!(l, [2.0, 1.0, 2.0, 1.0, 1.0, 2.0]);
        // A (1, −1, 2) = (6, 3, 11)
        let mut b = [6.0, 3.0, 11.0];
        solve(&l, &mut b);
        assert_eq!(b, [1.0, -1.0, 2.0]);
        // det A = 64; cofactors 21, 20, 16
        let mut work = [0.0; 3];
        assert_eq!(inverse_diagonal(&l, 0, &mut work), 21.0 / 64.0);
        assert_eq!(inverse_diagonal(&l, 1, &mut work), 20.0 / 64.0);
        assert_eq!(inverse_diagonal(&l, 2, &mut work), 16.0 / 64.0);
    }

    #[test]
    fn by_hand_singular_is_refused() {
        assert!(!cholesky(&mut [1.0, 2.0, 4.0], 2, 1e-12));
        assert!(!cholesky(&mut [0.0], 1, 1e-12));
        assert!(!cholesky(&mut [f64::NAN], 1, 1e-12));
        assert!(!cholesky(&mut [f64::INFINITY], 1, 1e-12));
    }

    #[test]
    fn by_hand_sums_of_every_remainder() {
        for n in 0..27 {
            let x: Vec<f64> = (1..=n).map(f64::from).collect();
            let n = f64::from(n);
            assert_eq!(sum(&x), n * (n + 1.0) / 2.0);
            assert_eq!(dot(&x, &x), n * (n + 1.0) * (2.0 * n + 1.0) / 6.0);
            let y: Vec<f64> = x.iter().map(|x| 0.1 * x).collect();
            assert_eq!(two_dots(&x, &x, &y), [dot(&x, &x), dot(&x, &y)]);
            assert_eq!(moments(&x, &x), [dot(&x, &x), (n * (n + 1.0) / 2.0).powi(2)]);
        }
    }
}
