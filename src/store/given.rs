//! Coverage where replicates differ in their parameters, from the rows on disk.

use parquet::data_type::Int64Type;
use parquet::file::reader::FileReader;

use super::columns::{LOWER, REPLICATE, Source, TARGETS, UPPER, read};
use super::{Store, part_path, read_column};
use crate::Error;
use crate::random::Replicate;
use crate::summary::try_covered_given;

impl Store<'_, '_> {
    /// How many intervals contain the true value (`seen` 0) or limit (1) given the replicate's parameters, and of how many.
    pub(super) fn coverage(
        &self,
        analysis: usize,
        seen: usize,
        terms: &dyn Fn(Replicate) -> Vec<f64>,
    ) -> Result<[u64; 2], Error> {
        try_covered_given(terms, |see| self.each_interval(analysis, seen, see))
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
