//! Results on disk: `replicates.parquet` (a row per replicate and analysis) and `trials.parquet` (a row per replicate).
//!
//! While a run lasts its rows go to numbered part files, so that work cut off is kept; at the end the parts are joined, row groups
//! copied as they are. Quantiles and coverage are read back from them: memory does not grow with replicates.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

use crate::Error;
use crate::protocol::Protocol;
use crate::result::Quantile;
use crate::run::{Batch, Fold};
use crate::summary::{LookBack, Summary, rejection};

/// Row groups of a part.
const GROUPS: usize = 16;
/// Estimates held at once when reading back.
const HELD: usize = 1 << 19;
/// Probabilities of the quantiles reported.
const QUANTILES: [f64; 9] = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975];

const ROWS: &str = "message replicates {
  required binary variant (UTF8); required int32 n; required int64 replicate; required binary analysis (UTF8);
  optional double estimate; optional double se; optional double lower; optional double upper; optional double z; optional double p;
  required int32 rejects; required binary status (UTF8); required int32 patients; required int32 events;
  optional double true; optional double limit;
}";
const TRIALS: &str = "message trials {
  required binary variant (UTF8); required int32 n; required int64 replicate; required int32 screened; required int32 enrolled;
  required boolean reached; optional double last_entry; optional double cut; optional double follow_up; required int32 site_full;
}";

/// Where columns of `replicates.parquet` stand.
const ESTIMATE: usize = 4;
const LOWER: usize = 6;
const UPPER: usize = 7;

/// Writes the rows of one design.
pub struct Store<'p, 's> {
    protocol: &'p Protocol<'s>,
    folder: PathBuf,
    summary: Summary,
    first_part: usize,
    part: usize,
    open: Option<(SerializedFileWriter<File>, SerializedFileWriter<File>)>,
    groups: usize,
    pending: Pending,
}

/// Columns of the row group being collected.
#[derive(Default)]
struct Pending {
    batches: usize,
    replicate: Vec<i64>,
    analysis: Vec<ByteArray>,
    real: [Vec<f64>; 8],
    defined: [Vec<i16>; 8],
    rejects: Vec<i32>,
    status: Vec<ByteArray>,
    patients: Vec<i32>,
    events: Vec<i32>,
    trial: Vec<i64>,
    screened: Vec<i32>,
    enrolled: Vec<i32>,
    reached: Vec<bool>,
    trial_real: [Vec<f64>; 3],
    trial_defined: [Vec<i16>; 3],
    site_full: Vec<i32>,
}

/// Batches of a row group: depends on the number of analyses alone.
fn group_batches(protocol: &Protocol<'_>) -> usize {
    (640 / protocol.scenario.analyses.len().max(1)).clamp(4, 256)
}

impl<'p, 's> Store<'p, 's> {
    /// A store in `folder`, whose part files begin with number `part`.
    #[must_use]
    pub fn new(protocol: &'p Protocol<'s>, folder: &Path, part: usize) -> Self {
        Self {
            protocol,
            folder: folder.to_owned(),
            summary: Summary::new(protocol),
            first_part: part,
            part,
            open: None,
            groups: 0,
            pending: Pending::default(),
        }
    }

    /// What has been folded.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Writes what is pending and closes the last part. Gives the number of the next part.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn close(&mut self) -> Result<usize, Error> {
        self.flush()?;
        self.close_part()?;
        Ok(self.part)
    }

    fn close_part(&mut self) -> Result<(), Error> {
        if let Some((rows, trials)) = self.open.take() {
            rows.close().map_err(|e| Error::parquet(&part_path(&self.folder, "replicates", self.part), e))?;
            trials.close().map_err(|e| Error::parquet(&part_path(&self.folder, "trials", self.part), e))?;
            self.part += 1;
            self.groups = 0;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.pending.trial.is_empty() {
            return Ok(());
        }
        if self.open.is_none() {
            self.open = Some((
                create(&part_path(&self.folder, "replicates", self.part), ROWS)?,
                create(&part_path(&self.folder, "trials", self.part), TRIALS)?,
            ));
        }
        let scenario = self.protocol.scenario;
        let (variant, n) = (ByteArray::from(scenario.variant.as_str()), scenario.n as i32);
        if let Some((rows, trials)) = &mut self.open {
            let path = part_path(&self.folder, "replicates", self.part);
            self.pending.write_rows(rows, &variant, n).map_err(|e| Error::parquet(&path, e))?;
            let path = part_path(&self.folder, "trials", self.part);
            self.pending.write_trials(trials, &variant, n).map_err(|e| Error::parquet(&path, e))?;
        }
        self.pending.clear();
        self.groups += 1;
        if self.groups >= GROUPS {
            self.close_part()?;
        }
        Ok(())
    }

    /// Reads an analysis's estimates and intervals back.
    ///
    /// # Errors
    /// A part that cannot be read.
    pub fn look_back(&self, analysis: usize, targets: [Option<f64>; 2]) -> Result<LookBack, Error> {
        let step = self.protocol.scenario.analyses.len();
        let mut estimates = Vec::with_capacity((self.summary.replicates() as usize).min(HELD));
        let mut covered = targets.map(|t| t.map(|_| 0));
        for part in self.first_part..self.part {
            let path = part_path(&self.folder, "replicates", part);
            let file = File::open(&path).map_err(|e| Error::read(&path, e))?;
            let reader = SerializedFileReader::new(file).map_err(|e| Error::parquet(&path, e))?;
            for group in 0..reader.num_row_groups() {
                let column = |c: usize| read_column(&reader, group, c).map_err(|e| Error::parquet(&path, e));
                let (all, lower, upper) = (column(ESTIMATE)?, column(LOWER)?, column(UPPER)?);
                for i in (analysis..all.len()).step_by(step) {
                    let Some(x) = all[i] else { continue };
                    estimates.push(x);
                    for (count, target) in covered.iter_mut().zip(targets) {
                        if let (Some(count), Some(target), Some(lower), Some(upper)) =
                            (count, target, lower[i], upper[i])
                        {
                            *count += u64::from(lower <= target && target <= upper);
                        }
                    }
                }
            }
        }
        Ok(LookBack { quantiles: quantiles(&mut estimates), covered })
    }
}

/// Quantiles of type 7 (Hyndman and Fan 1996), as R's default.
fn quantiles(values: &mut [f64]) -> Vec<Quantile> {
    values.sort_unstable_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return Vec::new() };
    QUANTILES
        .iter()
        .map(|&p| {
            let h = p * last as f64;
            let (low, part) = (h.floor() as usize, h.fract());
            let high = (low + 1).min(last);
            Quantile { p, value: values[low] + part * (values[high] - values[low]) }
        })
        .collect()
}

fn read_column(
    reader: &SerializedFileReader<File>,
    group: usize,
    column: usize,
) -> Result<Vec<Option<f64>>, parquet::errors::ParquetError> {
    let group = reader.get_row_group(group)?;
    let rows = group.metadata().num_rows() as usize;
    let mut out = Vec::with_capacity(rows);
    if let ColumnReader::DoubleColumnReader(mut column) = group.get_column_reader(column)? {
        let (mut values, mut defined) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        while defined.len() < rows {
            let (records, ..) = column.read_records(rows - defined.len(), Some(&mut defined), None, &mut values)?;
            if records == 0 {
                break;
            }
        }
        let mut values = values.into_iter();
        out.extend(defined.iter().map(|&d| if d == 1 { values.next() } else { None }));
    }
    Ok(out)
}

fn part_path(folder: &Path, name: &str, part: usize) -> PathBuf {
    folder.join(format!("{name}.part-{part:05}.parquet"))
}

fn schema(text: &str) -> Arc<Type> {
    Arc::new(parse_message_type(text).expect("the message types above are well formed"))
}

fn create(path: &Path, text: &str) -> Result<SerializedFileWriter<File>, Error> {
    let file = File::create(path).map_err(|e| Error::write(path, e))?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    SerializedFileWriter::new(file, schema(text), Arc::new(properties)).map_err(|e| Error::parquet(path, e))
}

/// Joins all parts of a run into its final files and removes them.
///
/// # Errors
/// A file that cannot be read or written.
pub fn join(folder: &Path, parts: usize) -> Result<(), Error> {
    for (name, text) in [("replicates", ROWS), ("trials", TRIALS)] {
        let path = folder.join(format!("{name}.parquet"));
        let unfinished = folder.join(format!("{name}.parquet.unfinished"));
        let mut out = create(&unfinished, text)?;
        for part in 0..parts {
            let from = part_path(folder, name, part);
            let file = File::open(&from).map_err(|e| Error::read(&from, e))?;
            copy_groups(file, &mut out).map_err(|e| Error::parquet(&path, e))?;
        }
        out.close().map_err(|e| Error::parquet(&path, e))?;
        std::fs::rename(&unfinished, &path).map_err(|e| Error::write(&path, e))?;
    }
    remove_parts(folder)
}

/// Removes part files, of this run or of one that was cut off.
///
/// # Errors
/// A file that cannot be removed.
pub fn remove_parts(folder: &Path) -> Result<(), Error> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::read(folder, e))?;
    for entry in entries {
        let path = entry.map_err(|e| Error::read(folder, e))?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_part) {
            std::fs::remove_file(&path).map_err(|e| Error::write(&path, e))?;
        }
    }
    Ok(())
}

/// Whether a file has the name of a part.
fn is_part(name: &str) -> bool {
    name.strip_prefix("replicates")
        .or_else(|| name.strip_prefix("trials"))
        .and_then(|rest| rest.strip_prefix(".part-")?.strip_suffix(".parquet"))
        .is_some_and(|number| number.len() >= 5 && number.bytes().all(|b| b.is_ascii_digit()))
}

fn copy_groups(file: File, out: &mut SerializedFileWriter<File>) -> Result<(), parquet::errors::ParquetError> {
    let reader = SerializedFileReader::new(file.try_clone()?)?;
    for group in reader.metadata().row_groups() {
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
            to.append_column(&file, closed)?;
        }
        to.close()?;
    }
    Ok(())
}

impl Pending {
    fn clear(&mut self) {
        self.batches = 0;
        self.replicate.clear();
        self.analysis.clear();
        self.real.iter_mut().for_each(Vec::clear);
        self.defined.iter_mut().for_each(Vec::clear);
        self.rejects.clear();
        self.status.clear();
        self.patients.clear();
        self.events.clear();
        self.trial.clear();
        self.screened.clear();
        self.enrolled.clear();
        self.reached.clear();
        self.trial_real.iter_mut().for_each(Vec::clear);
        self.trial_defined.iter_mut().for_each(Vec::clear);
        self.site_full.clear();
    }

    fn add(&mut self, protocol: &Protocol<'_>, names: &[ByteArray], batch: &Batch) {
        let analyses = names.len();
        for (k, trial) in batch.trials.iter().enumerate() {
            let replicate = batch.first as i64 + k as i64;
            self.trial.push(replicate);
            self.screened.push(trial.screened as i32);
            self.enrolled.push(trial.enrolled as i32);
            self.reached.push(trial.enrolled as usize >= protocol.scenario.n);
            self.site_full.push(trial.site_full as i32);
            for (j, x) in [trial.last_entry, trial.cut, trial.follow_up].into_iter().enumerate() {
                optional(x, &mut self.trial_real[j], &mut self.trial_defined[j]);
            }
            for (a, row) in batch.rows[k * analyses..(k + 1) * analyses].iter().enumerate() {
                let e = &row.estimate;
                let rule = &protocol.analyses[a].rule;
                self.replicate.push(replicate);
                self.analysis.push(names[a].clone());
                let reals = [e.estimate, e.se, e.lower, e.upper, e.z, e.p, row.target[0], row.target[1]];
                for (j, x) in reals.into_iter().enumerate() {
                    optional(x, &mut self.real[j], &mut self.defined[j]);
                }
                self.rejects.push(rejection(row, rule.tail(), rule.sides == 2));
                self.status.push(ByteArray::from(e.status.words()));
                self.patients.push(e.n as i32);
                self.events.push(e.events as i32);
            }
        }
        self.batches += 1;
    }

    fn write_rows(
        &self,
        file: &mut SerializedFileWriter<File>,
        variant: &ByteArray,
        n: i32,
    ) -> Result<(), parquet::errors::ParquetError> {
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
        for j in 6..8 {
            reals(&mut group, &self.real[j], &self.defined[j])?;
        }
        group.close().map(|_| ())
    }

    fn write_trials(
        &self,
        file: &mut SerializedFileWriter<File>,
        variant: &ByteArray,
        n: i32,
    ) -> Result<(), parquet::errors::ParquetError> {
        let rows = self.trial.len();
        let mut group = file.next_row_group()?;
        texts(&mut group, &vec![variant.clone(); rows])?;
        integers(&mut group, &vec![n; rows])?;
        longs(&mut group, &self.trial)?;
        integers(&mut group, &self.screened)?;
        integers(&mut group, &self.enrolled)?;
        if let Some(mut column) = group.next_column()? {
            column.typed::<parquet::data_type::BoolType>().write_batch(&self.reached, None, None)?;
            column.close()?;
        }
        for j in 0..3 {
            reals(&mut group, &self.trial_real[j], &self.trial_defined[j])?;
        }
        integers(&mut group, &self.site_full)?;
        group.close().map(|_| ())
    }
}

/// A value that is missing where it is not finite.
fn optional(x: f64, values: &mut Vec<f64>, defined: &mut Vec<i16>) {
    if x.is_finite() {
        values.push(x);
    }
    defined.push(i16::from(x.is_finite()));
}

type Group<'a> = SerializedRowGroupWriter<'a, File>;

fn texts(group: &mut Group<'_>, values: &[ByteArray]) -> Result<(), parquet::errors::ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<ByteArrayType>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn integers(group: &mut Group<'_>, values: &[i32]) -> Result<(), parquet::errors::ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<Int32Type>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn longs(group: &mut Group<'_>, values: &[i64]) -> Result<(), parquet::errors::ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<Int64Type>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn reals(group: &mut Group<'_>, values: &[f64], defined: &[i16]) -> Result<(), parquet::errors::ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<DoubleType>().write_batch(values, Some(defined), None)?;
        column.close()?;
    }
    Ok(())
}

impl Fold for Store<'_, '_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), Error> {
        self.summary.add(self.protocol, batch);
        let names: Vec<ByteArray> =
            self.protocol.scenario.analyses.iter().map(|a| ByteArray::from(a.name.as_str())).collect();
        self.pending.add(self.protocol, &names, batch);
        if self.pending.batches >= group_batches(self.protocol) { self.flush() } else { Ok(()) }
    }

    fn fold_truth(&mut self, batch: &Batch) {
        self.summary.add_truth(batch);
    }
}
