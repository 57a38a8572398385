//! Estimates after stopping as functions of z, interpolated.

/// Chebyshev polynomials of a piece.
const TERMS: usize = 16;
/// What the last two coefficients of a good piece add up to at most.
const SMALL: f64 = 1e-9;
/// Where tables end, on either side of 0.
const END: f64 = 8.0;
/// Pieces at first: each 2 wide.
const FIRST: usize = 8;
/// Most halvings of a piece.
const DEEPEST: u32 = 8;

/// Room for pieces of a look: fewer than half of it are known to have been needed.
const ROOM: usize = 64;

/// Lower limits, estimates and upper limits of each look, in pieces that are computed when they are first wanted.
#[derive(Clone, Debug)]
pub(super) struct Table {
    looks: usize,
    tail: f64,
    /// The first pieces of each look, then halves.
    pieces: Vec<Piece>,
    coefficients: Vec<[[f64; TERMS]; 3]>,
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    /// Not yet wanted.
    Unknown,
    /// Where its coefficients stand.
    Known(usize),
    /// Where its halves stand.
    Halved(usize),
}

impl Table {
    pub(super) fn new(looks: usize) -> Self {
        Self { looks, tail: f64::NAN, pieces: Vec::new(), coefficients: Vec::new() }
    }

    /// The three values at z, of look `depth`, where `direct` gives them slowly.
    pub(super) fn value(
        &mut self,
        depth: usize,
        z: f64,
        tail: f64,
        mut direct: impl FnMut(f64) -> [f64; 3],
    ) -> [f64; 3] {
        if z.abs() >= END {
            return direct(z);
        }
        if self.tail != tail {
            self.tail = tail;
            self.coefficients.clear();
            self.coefficients.reserve(self.looks * ROOM);
            self.pieces.clear();
            self.pieces.reserve(self.looks * ROOM);
            self.pieces.resize(self.looks * FIRST, Piece::Unknown);
        }
        let width = 2.0 * END / FIRST as f64;
        let first = (((z + END) / width) as usize).min(FIRST - 1);
        let (mut at, mut half, mut centre) = (depth * FIRST + first, 0.5 * width, (first as f64 + 0.5) * width - END);
        for level in 0..=DEEPEST {
            let x = ((z - centre) / half).clamp(-1.0, 1.0);
            match self.pieces[at] {
                Piece::Known(known) => return self.coefficients[known].each_ref().map(|c| clenshaw(c, x)),
                Piece::Unknown => {
                    let coefficients = fit(|x| direct(centre + half * x));
                    // false also where one is not a number
                    let good = coefficients.iter().all(|c| c[TERMS - 1].abs() + c[TERMS - 2].abs() <= SMALL);
                    if good {
                        self.pieces[at] = Piece::Known(self.coefficients.len());
                        self.coefficients.push(coefficients);
                        return coefficients.each_ref().map(|c| clenshaw(c, x));
                    }
                    // the finest pieces are still too coarse: none of them is kept
                    if level == DEEPEST {
                        break;
                    }
                    self.pieces[at] = Piece::Halved(self.pieces.len());
                    self.pieces.extend([Piece::Unknown, Piece::Unknown]);
                }
                Piece::Halved(_) => {}
            }
            if let Piece::Halved(halves) = self.pieces[at] {
                half *= 0.5;
                let right = z >= centre;
                at = halves + usize::from(right);
                centre += if right { half } else { -half };
            }
        }
        direct(z)
    }
}

/// Coefficients of the interpolants of f at the zeros of the Chebyshev polynomial on (−1, 1); the first is of a half.
fn fit(mut f: impl FnMut(f64) -> [f64; 3]) -> [[f64; TERMS]; 3] {
    let angle = |i: usize| std::f64::consts::PI * (i as f64 + 0.5) / TERMS as f64;
    let mut all = [[0.0; TERMS]; 3];
    for i in 0..TERMS {
        let values = f(angle(i).cos());
        for (coefficients, value) in all.iter_mut().zip(values) {
            for (j, c) in coefficients.iter_mut().enumerate() {
                *c += 2.0 / TERMS as f64 * value * (j as f64 * angle(i)).cos();
            }
        }
    }
    all
}

/// The sum of Chebyshev polynomials at x, by Clenshaw's recurrence.
fn clenshaw(coefficients: &[f64; TERMS], x: f64) -> f64 {
    let (mut b, mut after) = (0.0, 0.0);
    for c in coefficients[1..].iter().rev() {
        (b, after) = (c + 2.0 * x * b - after, b);
    }
    0.5 * coefficients[0] + x * b - after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_interpolants_of_polynomials_are_exact() {
        let cubic = |x: f64| [x, 4.0 * x * x * x - 3.0 * x, 2.0];
        let coefficients = fit(cubic);
        assert!((coefficients[1][3] - 1.0).abs() < 1e-15 && coefficients[1][1].abs() < 1e-15);
        for x in [-1.0, -0.3, 0.0, 0.9, 1.0] {
            for (c, value) in coefficients.iter().zip(cubic(x)) {
                assert!((clenshaw(c, x) - value).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn twin_tables_are_the_function() {
        // a bend as sharp as those after a look shortly before
        let f = |z: f64| [z.tanh(), (1.0 + (20.0 * (z - 1.3)).exp()).ln() / 20.0, (0.3 * z).sin()];
        let mut table = Table::new(4);
        for i in 0..4001 {
            let z = -10.0 + 0.005 * f64::from(i);
            let values = table.value(2, z, 0.025, f);
            for (value, known) in values.into_iter().zip(f(z)) {
                assert!((value - known).abs() < 2e-9, "{z}: {value} {known}");
            }
        }
        // a kink is never interpolated
        let kink = |z: f64| [(z - 0.123).abs(); 3];
        let off = (table.value(3, 0.124, 0.025, kink)[0] - 0.001).abs();
        assert!(off < 1e-12, "{off}");
        // another tail: another table
        assert_eq!(table.value(2, 0.5, 0.05, |_| [7.0; 3]).map(f64::round), [7.0; 3]);
    }
}
