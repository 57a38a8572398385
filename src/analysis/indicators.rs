//! Columns of a design that take two values, one of them rare: sums over them need the rare rows only.
//!
//! A site, a rare diagnosis: such a column is x = u + e·1{row is rare}, so that Σ v x = u Σ v + e Σ v over the rare rows.

use crate::math::linalg::{at, dot, packed_len, sum, two_dots};
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
    /// Rows that are rare in two columns, with the place of the pair in a packed triangle: indicators of one factor share none.
    common: Vec<Common>,
    /// Room: of each row the columns in which it is rare, and where they begin; sums over the rows of each pair.
    within: Vec<u32>,
    begins: Vec<u32>,
    sums: Vec<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Common {
    row: u32,
    pair: u32,
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
        let Self { columns: found, rows, .. } = self;
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
        self.find_common(n);
    }

    /// Writes down the rows that are rare in two columns.
    fn find_common(&mut self, n: usize) {
        let Self { columns, rows, common, within, begins, .. } = self;
        // where the columns of each row end, then, as they are filled in from the last, where they begin
        begins.clear();
        begins.resize(n + 1, 0);
        for &row in &*rows {
            begins[row as usize] += 1;
        }
        let mut total = 0;
        for begin in begins.iter_mut() {
            total += *begin;
            *begin = total;
        }
        within.clear();
        within.resize(rows.len(), 0);
        for (j, column) in columns.iter().enumerate().rev() {
            let Some(Indicator { rows: (start, end), .. }) = *column else { continue };
            for &row in &rows[start..end] {
                let begin = &mut begins[row as usize];
                *begin -= 1;
                within[*begin as usize] = j as u32;
            }
        }
        common.clear();
        for (row, ends) in (0..).zip(begins.windows(2)) {
            let of_row = &within[ends[0] as usize..ends[1] as usize];
            for (a, &j) in of_row.iter().enumerate() {
                let pair = |l: u32| at(j as usize, l as usize) as u32;
                common.extend(of_row[..a].iter().map(|&l| Common { row, pair: pair(l) }));
            }
        }
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
        &mut self,
        columns: &[f64],
        w: &[f64],
        weighted: &mut [f64],
        mut moment: impl FnMut(usize, usize, f64),
    ) {
        let column = |j: usize| &columns[j * w.len()..(j + 1) * w.len()];
        let total = sum(w);
        moment(0, 0, total);
        self.add_rare(w);
        for (j, x) in self.columns.iter().enumerate() {
            let Some(x) = x else { continue };
            // x = u + e·1{rare}: products of two such columns are sums over rare rows and over those that they share
            let rare = |l: usize| self.sums[at(l, l)];
            moment(j + 1, 0, x.usual * total + x.excess * rare(j));
            for (l, y) in self.columns[..=j].iter().enumerate() {
                let Some(y) = y else { continue };
                let one = x.usual * y.usual * total + x.usual * y.excess * rare(l) + y.usual * x.excess * rare(j);
                moment(j + 1, l + 1, one + x.excess * y.excess * self.sums[at(j, l)]);
            }
        }
        for j in (0..self.columns.len()).filter(|&j| !self.is_short(j)) {
            wide!(for ((o, w), x) in weighted.iter_mut().zip(w).zip(column(j)) {
                *o = w * x;
            });
            let total = sum(weighted);
            moment(j + 1, 0, total);
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

    /// Sums of w over the rows that are rare in a column, and in each pair of columns.
    fn add_rare(&mut self, w: &[f64]) {
        let Self { columns, rows, common, sums, .. } = self;
        sums.clear();
        sums.resize(packed_len(columns.len()), 0.0);
        for (j, x) in columns.iter().enumerate() {
            if let Some(Indicator { rows: (start, end), .. }) = *x {
                sums[at(j, j)] = gather(w, &rows[start..end]);
            }
        }
        for &Common { row, pair } in &*common {
            sums[pair as usize] += w[row as usize];
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

    /// Six rows: a rare 7 among 2s, a measured column, 1s for the second and the fourth row, an even split, a 1 for the second row.
    #[rustfmt::skip]
    const COLUMNS: [f64; 30] = [
        2.0, 7.0, 2.0, 2.0, 2.0, 2.0,
        1.0, -2.0, 3.0, 0.5, 4.0, 1.5,
        0.0, 1.0, 0.0, 1.0, 0.0, 0.0,
        1.0, 0.0, 1.0, 0.0, 1.0, 0.0,
        -1.0, 3.0, -1.0, -1.0, -1.0, -1.0,
    ];

    #[test]
    fn twin_moments_are_those_of_full_sums() {
        let mut indicators = Indicators::default();
        indicators.find(&COLUMNS, 6);
        assert_eq!((0..5).map(|j| indicators.is_short(j)).collect::<Vec<_>>(), [true, false, true, false, true]);
        let w = [0.5, 0.25, 1.0, 2.0, 0.125, 4.0];
        let mut packed = vec![f64::NAN; packed_len(6)];
        indicators.moments(&COLUMNS, &w, &mut [0.0; 6], |i, j, value| {
            assert!(packed[at(i, j)].is_nan(), "written twice");
            packed[at(i, j)] = value;
        });
        let x = |j: usize, row: usize| if j == 0 { 1.0 } else { COLUMNS[(j - 1) * 6 + row] };
        for i in 0..6 {
            for j in 0..=i {
                let slow: f64 = (0..6).map(|row| w[row] * x(i, row) * x(j, row)).sum();
                assert_eq!(packed[at(i, j)], slow, "{i} {j}");
            }
        }
        let mut out = [f64::NAN; 6];
        indicators.combine(&COLUMNS, &[2.0, -1.0, 0.5, 4.0, 0.25], 1.0, &mut out);
        for (row, out) in out.into_iter().enumerate() {
            assert_eq!(out, 1.0 + 2.0 * x(1, row) - x(2, row) + 0.5 * x(3, row) + 4.0 * x(4, row) + 0.25 * x(5, row));
        }
    }
}
