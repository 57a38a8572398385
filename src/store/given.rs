//! Coverage where replicates differ in their parameters.
//!
//! The true value that belongs to a replicate's parameters is not that of its own patients: these share their chances with the estimate, and
//! intervals would seem to contain it too often. It is taken from the regression of the replicates' own values on the parameters that they
//! drew, their squares and products, by least squares.

use parquet::data_type::Int64Type;
use parquet::file::reader::FileReader;

use super::columns::{LOWER, REPLICATE, Source, TARGETS, UPPER, read};
use super::{Store, part_path, read_column};
use crate::Error;
use crate::math::linalg;
use crate::random::Replicate;

impl Store<'_, '_> {
    /// How many intervals contain the true value (`seen` 0) or limit (1) given the replicate's parameters, and of how many.
    pub(super) fn coverage(
        &self,
        analysis: usize,
        seen: usize,
        terms: &dyn Fn(Replicate) -> Vec<f64>,
    ) -> Result<[u64; 2], Error> {
        let width = terms(0).len();
        let mut normal = vec![0.0; linalg::packed_len(width)];
        let mut beta = vec![0.0; width];
        self.each_interval(analysis, seen, |replicate, target, _| {
            let x = terms(replicate);
            for i in 0..width {
                beta[i] += x[i] * target;
                for j in 0..=i {
                    normal[linalg::at(i, j)] += x[i] * x[j];
                }
            }
        })?;
        // fewer replicates than terms, or a parameter that never varies
        if !linalg::cholesky(&mut normal, width, 1e-12) {
            return Ok([0; 2]);
        }
        linalg::solve(&normal, &mut beta);
        let mut counts = [0; 2];
        self.each_interval(analysis, seen, |replicate, _, [lower, upper]| {
            let value: f64 = terms(replicate).iter().zip(&beta).map(|(x, b)| x * b).sum();
            counts[0] += u64::from(lower <= value && value <= upper);
            counts[1] += 1;
        })?;
        Ok(counts)
    }

    /// Calls `see` with every replicate of an analysis that has an interval and a target of its own.
    fn each_interval(
        &self,
        analysis: usize,
        seen: usize,
        mut see: impl FnMut(Replicate, f64, [f64; 2]),
    ) -> Result<(), Error> {
        let step = self.protocol.scenario.analyses.len();
        for &part in &self.parts {
            let path = part_path(&self.folder, "replicates", part);
            let reader = Source::open(&path)?.reader;
            for group in 0..reader.num_row_groups() {
                let failed = |e| Error::read_parquet(&path, e);
                let column = |c: usize| read_column(&reader, group, c).map_err(failed);
                let (target, lower, upper) = (column(TARGETS[seen])?, column(LOWER)?, column(UPPER)?);
                let mut numbers = Vec::new();
                let rows = reader.get_row_group(group).map_err(failed)?;
                read::<Int64Type>(rows.as_ref(), REPLICATE, &mut numbers, None).map_err(failed)?;
                for i in (analysis..numbers.len()).step_by(step) {
                    if let (Some(target), Some(lower), Some(upper)) = (target[i], lower[i], upper[i]) {
                        see(numbers[i] as Replicate, target, [lower, upper]);
                    }
                }
            }
        }
        Ok(())
    }
}
