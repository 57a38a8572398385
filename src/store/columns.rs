//! Rows as columns of Parquet files: collected, written as a row group, read back.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

use crate::Error;
use crate::decision::Verdict;
use crate::monitoring::{Held, LookRecord};
use crate::protocol::Protocol;
use crate::run::Batch;
use crate::scenario::FamilyPlan;
use crate::summary::rejection;

pub(super) const ROWS: &str = "message replicates {
  required binary variant (UTF8); required int32 n; required int64 replicate; required binary analysis (UTF8);
  optional double estimate; optional double se; optional double lower; optional double upper; optional double z; optional double p;
  required int32 rejects; required binary status (UTF8); required int32 patients; required int32 events;
  optional double true; optional double limit;
  optional double adjusted_lower; optional double adjusted; optional double adjusted_upper;
  optional binary families_favour (UTF8); optional binary families_against (UTF8);
}";
pub(super) const TRIALS: &str = "message trials {
  required binary variant (UTF8); required int32 n; required int64 replicate; required int32 screened; required int32 enrolled;
  required boolean reached; optional double last_entry; optional double cut; optional double follow_up; required int32 site_full;
  required int32 looks; optional double end;
}";

/// Where columns of `replicates.parquet` stand.
pub(super) const REPLICATE: usize = 2;
pub(super) const ESTIMATE: usize = 4;
pub(super) const LOWER: usize = 6;
pub(super) const UPPER: usize = 7;
/// True value and limit.
pub(super) const TARGETS: [usize; 2] = [14, 15];
/// Limits of the interval adjusted for stopping, and the median-unbiased estimate between them.
pub(super) const ADJUSTED: [usize; 3] = [16, 17, 18];
/// Families that reject the hypothesis of the analysis in favour, and against: their names, commas between them; null where it is in no family.
const FAMILIES: [usize; 2] = [19, 20];
const REALS: [usize; 11] =
    [ESTIMATE, 5, LOWER, UPPER, 8, 9, TARGETS[0], TARGETS[1], ADJUSTED[0], ADJUSTED[1], ADJUSTED[2]];

/// Columns of the row group being collected.
#[derive(Default)]
pub(super) struct Pending {
    replicate: Vec<i64>,
    analysis: Vec<ByteArray>,
    real: [Vec<f64>; 11],
    defined: [Vec<i16>; 11],
    rejects: Vec<i32>,
    status: Vec<ByteArray>,
    patients: Vec<i32>,
    events: Vec<i32>,
    families: [Vec<ByteArray>; 2],
    families_defined: [Vec<i16>; 2],
    trial: Vec<i64>,
    screened: Vec<i32>,
    enrolled: Vec<i32>,
    reached: Vec<bool>,
    /// Last entry, cut, follow-up, end.
    trial_real: [Vec<f64>; 4],
    trial_defined: [Vec<i16>; 4],
    site_full: Vec<i32>,
    /// Looks held.
    looks: Vec<i32>,
}

/// Appends a column of a row group: its values, and for each row whether it has one.
pub(super) fn read<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
    values: &mut Vec<T::T>,
    mut defined: Option<&mut Vec<i16>>,
) -> Result<(), ParquetError> {
    let rows = group.metadata().num_rows() as usize;
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
    let mut done = 0;
    while done < rows {
        let (records, ..) = reader.read_records(rows - done, defined.as_deref_mut(), None, values)?;
        if records == 0 {
            return Err(ParquetError::General(format!("a row group ends after {done} of {rows} rows")));
        }
        done += records;
    }
    Ok(())
}

pub(super) fn create(path: &Path, text: &str) -> Result<SerializedFileWriter<File>, Error> {
    let file = File::create(path).map_err(|e| Error::write(path, e))?;
    let schema: Arc<Type> = Arc::new(parse_message_type(text).expect("the message types above are well formed"));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(|e| Error::parquet(path, e))
}

/// A file to read from, and its content.
pub(super) struct Source {
    pub(super) file: File,
    pub(super) reader: SerializedFileReader<File>,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|e| Error::read(path, e))?;
        let again = file.try_clone().map_err(|e| Error::read(path, e))?;
        let reader = SerializedFileReader::new(again).map_err(|e| Error::read_parquet(path, e))?;
        Ok(Self { file, reader })
    }

    /// Copies a row group as it is.
    pub(super) fn copy(&self, group: usize, out: &mut SerializedFileWriter<File>) -> Result<(), ParquetError> {
        let group = self.reader.metadata().row_group(group);
        let mut to = out.next_row_group()?;
        for column in group.columns() {
            let closed = parquet::column::writer::ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            to.append_column(&self.file, closed)?;
        }
        to.close().map(|_| ())
    }
}

impl Pending {
    /// Whether no trial waits.
    pub(super) fn is_empty(&self) -> bool {
        self.trial.is_empty()
    }

    /// Adds a row group of either file.
    pub(super) fn read(
        &mut self,
        rows: &SerializedFileReader<File>,
        trials: &SerializedFileReader<File>,
        group: usize,
    ) -> Result<(), ParquetError> {
        let from = rows.get_row_group(group)?;
        let from = from.as_ref();
        read::<Int64Type>(from, 2, &mut self.replicate, None)?;
        read::<ByteArrayType>(from, 3, &mut self.analysis, None)?;
        for (j, column) in REALS.into_iter().enumerate() {
            read::<DoubleType>(from, column, &mut self.real[j], Some(&mut self.defined[j]))?;
        }
        read::<Int32Type>(from, 10, &mut self.rejects, None)?;
        read::<ByteArrayType>(from, 11, &mut self.status, None)?;
        read::<Int32Type>(from, 12, &mut self.patients, None)?;
        read::<Int32Type>(from, 13, &mut self.events, None)?;
        for (k, column) in FAMILIES.into_iter().enumerate() {
            read::<ByteArrayType>(from, column, &mut self.families[k], Some(&mut self.families_defined[k]))?;
        }
        let from = trials.get_row_group(group)?;
        let from = from.as_ref();
        read::<Int64Type>(from, 2, &mut self.trial, None)?;
        read::<Int32Type>(from, 3, &mut self.screened, None)?;
        read::<Int32Type>(from, 4, &mut self.enrolled, None)?;
        read::<BoolType>(from, 5, &mut self.reached, None)?;
        for j in 0..3 {
            read::<DoubleType>(from, 6 + j, &mut self.trial_real[j], Some(&mut self.trial_defined[j]))?;
        }
        read::<Int32Type>(from, 9, &mut self.site_full, None)?;
        read::<Int32Type>(from, 10, &mut self.looks, None)?;
        read::<DoubleType>(from, 11, &mut self.trial_real[3], Some(&mut self.trial_defined[3]))
    }

    pub(super) fn clear(&mut self) {
        self.replicate.clear();
        self.analysis.clear();
        self.real.iter_mut().for_each(Vec::clear);
        self.defined.iter_mut().for_each(Vec::clear);
        self.rejects.clear();
        self.status.clear();
        self.patients.clear();
        self.events.clear();
        self.families.iter_mut().for_each(Vec::clear);
        self.families_defined.iter_mut().for_each(Vec::clear);
        self.trial.clear();
        self.screened.clear();
        self.enrolled.clear();
        self.reached.clear();
        self.trial_real.iter_mut().for_each(Vec::clear);
        self.trial_defined.iter_mut().for_each(Vec::clear);
        self.site_full.clear();
        self.looks.clear();
    }

    /// Adds a batch; `verdicts` are of each replicate one a family.
    pub(super) fn add(&mut self, protocol: &Protocol<'_>, names: &[ByteArray], batch: &Batch, verdicts: &[Verdict]) {
        let analyses = names.len();
        let families = &protocol.scenario.multiplicity;
        let looks = protocol.scenario.looks.len();
        for (k, trial) in batch.trials.iter().enumerate() {
            let replicate = batch.first as i64 + k as i64;
            self.trial.push(replicate);
            self.screened.push(trial.screened as i32);
            self.enrolled.push(trial.enrolled as i32);
            self.reached.push(trial.enrolled as usize >= protocol.scenario.n || trial.stop.is_some());
            self.site_full.push(trial.site_full as i32);
            let held = |look: &&LookRecord| look.held == Held::Yes;
            self.looks.push(batch.looks[k * looks..(k + 1) * looks].iter().filter(held).count() as i32);
            for (j, x) in [trial.last_entry, trial.cut, trial.follow_up, trial.end].into_iter().enumerate() {
                optional(x, &mut self.trial_real[j], &mut self.trial_defined[j]);
            }
            for (a, row) in batch.rows[k * analyses..(k + 1) * analyses].iter().enumerate() {
                let e = &row.estimate;
                let rule = &protocol.analyses[a].rule;
                self.replicate.push(replicate);
                self.analysis.push(names[a].clone());
                let [lower, adjusted, upper] = row.adjusted;
                let reals = [
                    e.estimate,
                    e.se,
                    e.lower,
                    e.upper,
                    e.z,
                    e.p,
                    row.target[0],
                    row.target[1],
                    lower,
                    adjusted,
                    upper,
                ];
                for (j, x) in reals.into_iter().enumerate() {
                    optional(x, &mut self.real[j], &mut self.defined[j]);
                }
                self.rejects.push(rejection(row, rule.tail(), rule.sides == 2));
                self.status.push(ByteArray::from(e.status.words()));
                self.patients.push(e.n as i32);
                self.events.push(e.events as i32);
                let rejecting = rejecting(families, &verdicts[k * families.len()..][..families.len()], a);
                for (side, names) in rejecting.into_iter().enumerate() {
                    self.families_defined[side].push(i16::from(names.is_some()));
                    self.families[side].extend(names);
                }
            }
        }
    }

    pub(super) fn write_rows(
        &self,
        file: &mut SerializedFileWriter<File>,
        variant: &ByteArray,
        n: i32,
    ) -> Result<(), ParquetError> {
        let rows = self.replicate.len();
        let mut group = file.next_row_group()?;
        texts(&mut group, &vec![variant.clone(); rows])?;
        integers(&mut group, &vec![n; rows])?;
        longs(&mut group, &self.replicate)?;
        texts(&mut group, &self.analysis)?;
        for j in 0..6 {
            reals(&mut group, &self.real[j], &self.defined[j])?;
        }
        integers(&mut group, &self.rejects)?;
        texts(&mut group, &self.status)?;
        integers(&mut group, &self.patients)?;
        integers(&mut group, &self.events)?;
        for j in 6..11 {
            reals(&mut group, &self.real[j], &self.defined[j])?;
        }
        for (values, defined) in self.families.iter().zip(&self.families_defined) {
            if let Some(mut column) = group.next_column()? {
                column.typed::<ByteArrayType>().write_batch(values, Some(defined), None)?;
                column.close()?;
            }
        }
        group.close().map(|_| ())
    }

    pub(super) fn write_trials(
        &self,
        file: &mut SerializedFileWriter<File>,
        variant: &ByteArray,
        n: i32,
    ) -> Result<(), ParquetError> {
        let rows = self.trial.len();
        let mut group = file.next_row_group()?;
        texts(&mut group, &vec![variant.clone(); rows])?;
        integers(&mut group, &vec![n; rows])?;
        longs(&mut group, &self.trial)?;
        integers(&mut group, &self.screened)?;
        integers(&mut group, &self.enrolled)?;
        if let Some(mut column) = group.next_column()? {
            column.typed::<BoolType>().write_batch(&self.reached, None, None)?;
            column.close()?;
        }
        for j in 0..3 {
            reals(&mut group, &self.trial_real[j], &self.trial_defined[j])?;
        }
        integers(&mut group, &self.site_full)?;
        integers(&mut group, &self.looks)?;
        reals(&mut group, &self.trial_real[3], &self.trial_defined[3])?;
        group.close().map(|_| ())
    }
}

/// The families that reject the hypothesis of analysis `a` in favour, and against; none where it is in no family.
fn rejecting(families: &[FamilyPlan], verdicts: &[Verdict], a: usize) -> [Option<ByteArray>; 2] {
    let of = |f: &FamilyPlan| f.hypotheses.iter().position(|&h| h == a);
    if !families.iter().any(|f| of(f).is_some()) {
        return [None, None];
    }
    let named = |decided: fn(&Verdict) -> u64| {
        let rejects = |(f, v): &(&FamilyPlan, &Verdict)| of(f).is_some_and(|j| decided(v) >> j & 1 == 1);
        let names: Vec<&str> = families.iter().zip(verdicts).filter(rejects).map(|(f, _)| f.name.as_str()).collect();
        Some(ByteArray::from(names.join(",").as_str()))
    };
    [named(|v| v.favour), named(|v| v.rejected & !v.favour)]
}

/// A value that is missing where it is not finite.
fn optional(x: f64, values: &mut Vec<f64>, defined: &mut Vec<i16>) {
    if x.is_finite() {
        values.push(x);
    }
    defined.push(i16::from(x.is_finite()));
}

type Group<'a> = SerializedRowGroupWriter<'a, File>;

fn texts(group: &mut Group<'_>, values: &[ByteArray]) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<ByteArrayType>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn integers(group: &mut Group<'_>, values: &[i32]) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<Int32Type>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn longs(group: &mut Group<'_>, values: &[i64]) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<Int64Type>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn reals(group: &mut Group<'_>, values: &[f64], defined: &[i16]) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<DoubleType>().write_batch(values, Some(defined), None)?;
        column.close()?;
    }
    Ok(())
}
