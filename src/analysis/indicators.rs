//! Columns of a design that take two values, one of them rare: sums over them need the rare rows only.
//!
//! A site, a rare diagnosis: such a column is x = u + e·1{row is rare}, so that Σ v x = u Σ v + e Σ v over the rare rows.

use crate::math::linalg::{dot, sum, two_dots};
use crate::math::wide::wide;

/// Rare are at most one row in so many: beyond it a full sum in vector registers is as fast.
const RARE: usize = 3;

/// A column of many values shows a third one within so many rows, nearly always.
const SOON: usize = 16;

/// What is known of the columns of one design. Grows to the largest design and is never freed.
#[derive(Debug, Default)]
pub struct Indicators {
    /// A column each; none where a column takes more values than two, or none rarely.
    columns: Vec<Option<Indicator>>,
    /// Rare rows of all columns, one after the other.
    rows: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Indicator {
    usual: f64,
    /// The rare value less the usual one.
    excess: f64,
    /// Where its rare rows stand.
    rows: (usize, usize),
}

impl Indicators {
    /// Looks through columns of `n` rows.
    pub(crate) fn find(&mut self, columns: &[f64], n: usize) {
        let Self { columns: found, rows } = self;
        found.clear();
        rows.clear();
        found.extend(columns.chunks_exact(n).map(|x| {
            let first = x[0];
            let second = *x.iter().find(|v| **v != first)?;
            let (soon, _) = x.split_at(n.min(SOON));
            if soon.iter().any(|&v| v != first && v != second) {
                return None;
            }
            let (mut seconds, mut others) = (0_u32, 0_u32);
            wide!(for &v in x {
                seconds += u32::from(v == second);
                others += u32::from((v != first) & (v != second));
            });
            if others > 0 {
                return None;
            }
            let seconds = seconds as usize;
            let (usual, rare, count) =
                if 2 * seconds <= n { (first, second, seconds) } else { (second, first, n - seconds) };
            if RARE * count > n {
                return None;
            }
            let start = rows.len();
            // without a branch, which no processor foresees
            rows.resize(start + n, 0);
            let (of_column, mut found) = (&mut rows[start..], 0);
            for (row, &v) in (0..).zip(x) {
                of_column[found] = row;
                found += usize::from(v == rare);
            }
            rows.truncate(start + found);
            Some(Indicator { usual, excess: rare - usual, rows: (start, rows.len()) })
        }));
    }

    /// Whether sums over column `j` are short.
    #[inline]
    pub(crate) fn is_short(&self, j: usize) -> bool {
        self.columns[j].is_some()
    }

    /// Σ v x over column `j`, whose values are `x`; `total` is Σ v.
    #[inline]
    pub(crate) fn dot(&self, j: usize, x: &[f64], v: &[f64], total: f64) -> f64 {
        match self.columns[j] {
            Some(Indicator { usual, excess, rows: (start, end) }) => {
                usual * total + excess * gather(v, &self.rows[start..end])
            }
            None => dot(x, v),
        }
    }

    /// Writes c₀ + Σⱼ cⱼ xⱼ to `out`, row by row.
    pub(crate) fn combine(&self, columns: &[f64], coefficients: &[f64], constant: f64, out: &mut [f64]) {
        let usual = self.columns.iter().zip(coefficients).filter_map(|(x, c)| x.map(|x| x.usual * c));
        out.fill(constant + usual.sum::<f64>());
        for ((short, x), c) in self.columns.iter().zip(columns.chunks_exact(out.len())).zip(coefficients) {
            match short {
                Some(Indicator { excess, rows: (start, end), .. }) => {
                    for &row in &self.rows[*start..*end] {
                        out[row as usize] += c * excess;
                    }
                }
                None => wide!(for (o, x) in out.iter_mut().zip(x) {
                    *o += c * x;
                }),
            }
        }
    }

    /// Writes Σ w x, and Σ w x xᵀ at or below the diagonal, to `moments(i, j, value)`; the columns' numbers count from 1, and 0 is a
    /// column of ones. `weighted` is room for a column.
    pub(crate) fn moments(
        &self,
        columns: &[f64],
        w: &[f64],
        weighted: &mut [f64],
        mut moment: impl FnMut(usize, usize, f64),
    ) {
        let column = |j: usize| &columns[j * w.len()..(j + 1) * w.len()];
        moment(0, 0, sum(w));
        for j in 0..self.columns.len() {
            wide!(for ((o, w), x) in weighted.iter_mut().zip(w).zip(column(j)) {
                *o = w * x;
            });
            let total = sum(weighted);
            moment(j + 1, 0, total);
            if self.is_short(j) {
                for l in (0..=j).filter(|&l| self.is_short(l)) {
                    moment(j + 1, l + 1, self.dot(l, column(l), weighted, total));
                }
                continue;
            }
            // of two columns the one with short sums is summed over
            for l in (0..self.columns.len()).filter(|&l| self.is_short(l)) {
                moment(1 + j.max(l), 1 + j.min(l), self.dot(l, column(l), weighted, total));
            }
            // others in pairs: a load of the weights serves both
            let mut full = (0..=j).filter(|&l| !self.is_short(l));
            while let Some(l) = full.next() {
                match full.next() {
                    Some(m) => {
                        let [first, second] = two_dots(weighted, column(l), column(m));
                        moment(j + 1, l + 1, first);
                        moment(j + 1, m + 1, second);
                    }
                    None => moment(j + 1, l + 1, dot(weighted, column(l))),
                }
            }
        }
    }
}

/// Σ v over some rows, in four fixed lanes.
fn gather(v: &[f64], rows: &[u32]) -> f64 {
    let mut lanes = [0.0; 4];
    let (fours, rest) = rows.as_chunks::<4>();
    for rows in fours {
        for (lane, &row) in lanes.iter_mut().zip(rows) {
            *lane += v[row as usize];
        }
    }
    let rest: f64 = rest.iter().map(|&row| v[row as usize]).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::{at, packed_len};

    /// Five rows: a rare 7 among 2s, a measured column, a 1 for the fourth row, an even split.
    const COLUMNS: [f64; 20] =
        [2.0, 7.0, 2.0, 2.0, 2.0, 1.0, -2.0, 3.0, 0.5, 4.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];

    #[test]
    fn twin_moments_are_those_of_full_sums() {
        let mut indicators = Indicators::default();
        indicators.find(&COLUMNS, 5);
        assert_eq!((0..4).map(|j| indicators.is_short(j)).collect::<Vec<_>>(), [true, false, true, false]);
        let w = [0.5, 0.25, 1.0, 2.0, 0.125];
        let mut packed = vec![f64::NAN; packed_len(5)];
        indicators.moments(&COLUMNS, &w, &mut [0.0; 5], |i, j, value| {
            assert!(packed[at(i, j)].is_nan(), "written twice");
            packed[at(i, j)] = value;
        });
        let x = |j: usize, row: usize| if j == 0 { 1.0 } else { COLUMNS[(j - 1) * 5 + row] };
        for i in 0..5 {
            for j in 0..=i {
                let slow: f64 = (0..5).map(|row| w[row] * x(i, row) * x(j, row)).sum();
                assert_eq!(packed[at(i, j)], slow, "{i} {j}");
            }
        }
        let mut out = [f64::NAN; 5];
        indicators.combine(&COLUMNS, &[2.0, -1.0, 0.5, 4.0], 1.0, &mut out);
        for (row, out) in out.into_iter().enumerate() {
            assert_eq!(out, 1.0 + 2.0 * x(1, row) - x(2, row) + 0.5 * x(3, row) + 4.0 * x(4, row));
        }
    }
}
