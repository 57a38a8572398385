//! Results on disk: `replicates.parquet` (a row per replicate and analysis) and `trials.parquet` (a row per replicate).
//!
//! While a run lasts its rows go to numbered part files in a folder `unfinished`, with the sums of what they hold: work that is cut off can be
//! resumed. A part has its name only once it is whole. At the end the parts are joined, row groups copied as they are, and `sums.json` keeps
//! what other parts of the same run are merged by. Quantiles and coverage are read back: memory does not grow with replicates.

mod columns;
mod given;
mod saved;

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use parquet::data_type::{ByteArray, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;

use crate::Error;
use crate::engine::Tables;
use crate::protocol::Protocol;
use crate::random::Replicate;
use crate::result::Quantile;
use crate::run::{BATCH, Batch, Fold};
use crate::summary::{LookBack, Summary};
use columns::{ADJUSTED, ESTIMATE, LOWER, Pending, ROWS, Source, TRIALS, UPPER, create};
pub use saved::{
    Saved, Settings, Sums, Unfinished, begin, left_unfinished, remove_unfinished, sums, unfinished, write_sums,
    write_whole,
};

/// Replicates of a row group: depends on the number of analyses alone. Row groups end at multiples of it, so that parts of a run have those of
/// the whole.
fn full_group(protocol: &Protocol<'_>) -> u64 {
    ((640 / protocol.scenario.analyses.len().max(1)).clamp(4, 256) * BATCH) as u64
}

/// Row groups of a part.
const GROUPS: usize = 16;
/// Estimates held at once when reading back.
const HELD: usize = 1 << 19;
/// Probabilities of the quantiles reported.
const QUANTILES: [f64; 9] = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975];

/// Writes the rows of one design.
pub struct Store<'p, 's> {
    protocol: &'p Protocol<'s>,
    folder: PathBuf,
    /// Number of the design, where it can be resumed.
    design: Option<usize>,
    summary: Summary,
    /// Tables of what was folded before the call that lasts.
    tables: Tables,
    replicates: Option<Range<Replicate>>,
    truth_replicates: Option<Range<Replicate>>,
    /// Parts that are whole.
    parts: Vec<usize>,
    /// Number of the part that is open, or of the next.
    part: usize,
    open: Option<(SerializedFileWriter<File>, SerializedFileWriter<File>)>,
    groups: usize,
    pending: Pending,
    /// The part that holds what was pending when last it was saved.
    tail: Option<usize>,
}

impl<'p, 's> Store<'p, 's> {
    /// A store in `folder`, whose part files begin with number `part`.
    #[must_use]
    pub fn new(protocol: &'p Protocol<'s>, folder: &Path, part: usize) -> Self {
        Self {
            protocol,
            folder: folder.to_owned(),
            design: None,
            summary: Summary::new(protocol),
            tables: Tables::new(protocol),
            replicates: None,
            truth_replicates: None,
            parts: Vec::new(),
            part,
            open: None,
            groups: 0,
            pending: Pending::default(),
            tail: None,
        }
    }

    /// A store that saves itself as design number `design` of the run that was begun in its folder.
    #[must_use]
    pub fn saving(self, design: usize) -> Self {
        Self { design: Some(design), ..self }
    }

    /// Goes on from what was saved; `more` says whether trials are still to come.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn resume(mut self, saved: Unfinished, more: bool) -> Result<Self, Error> {
        let path = unfinished(&self.folder);
        self.absorb(&saved.design).map_err(|why| Error::read(&path, std::io::Error::other(why)))?;
        self.parts = saved.parts;
        let end = self.replicates.as_ref().map_or(0, |r| r.end);
        let ragged = !end.is_multiple_of(full_group(self.protocol));
        if let (true, true, Some(last)) = (more, ragged, self.parts.last().copied()) {
            // the row group that was cut short is to be filled: it goes to a part of its own with the ones before
            self.parts.pop();
            let [rows, trials] =
                ["replicates", "trials"].map(|name| Source::open(&part_path(&self.folder, name, last)));
            let (rows, trials) = (rows?, trials?);
            let groups = trials.reader.num_row_groups();
            let held: i64 = trials.reader.metadata().row_groups().iter().map(|g| g.num_rows()).sum();
            let mut next = end - held as u64;
            for group in 0..groups {
                next = self.take(&rows, &trials, group, next, &path)?;
            }
        }
        Ok(self)
    }

    /// Adds all rows of a design of a finished part of the run, whose row groups begin with number `group` in its folder; gives the number of
    /// the group after them.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn merge(&mut self, from: &Path, saved: &Saved, group: usize) -> Result<usize, Error> {
        self.absorb(saved).map_err(|why| Error::read(from, std::io::Error::other(why)))?;
        let [rows, trials] = ["replicates", "trials"].map(|name| Source::open(&from.join(format!("{name}.parquet"))));
        let (rows, trials) = (rows?, trials?);
        let Some(Range { start: mut next, end }) = saved.replicates else { return Ok(group) };
        let mut group = group;
        while next < end {
            if group >= trials.reader.num_row_groups() || group >= rows.reader.num_row_groups() {
                let why = format!("trials.parquet or replicates.parquet ends before replicate {next}");
                return Err(Error::read(from, std::io::Error::other(why)));
            }
            next = self.take(&rows, &trials, group, next, from)?;
            group += 1;
        }
        Ok(group)
    }

    /// Adds the sums of later replicates.
    fn absorb(&mut self, saved: &Saved) -> Result<(), &'static str> {
        if !self.tables.matches(&saved.tables) || !self.summary.absorb(&saved.summary) {
            return Err("its sums are of another design");
        }
        self.tables.add(&saved.tables);
        extend(&mut self.replicates, saved.replicates.clone());
        extend(&mut self.truth_replicates, saved.truth_replicates.clone());
        Ok(())
    }

    /// Adds a row group that begins with replicate `first`; gives the replicate after it.
    fn take(
        &mut self,
        rows: &Source,
        trials: &Source,
        group: usize,
        first: Replicate,
        from: &Path,
    ) -> Result<Replicate, Error> {
        let end = first + trials.reader.metadata().row_group(group).num_rows() as u64;
        let whole = end.is_multiple_of(full_group(self.protocol));
        if whole && self.pending.is_empty() {
            let (part, folder) = (self.part, self.folder.clone());
            let (to_rows, to_trials) = self.opened()?;
            for (source, to, name) in [(rows, to_rows, "replicates"), (trials, to_trials, "trials")] {
                source.copy(group, to).map_err(|e| Error::parquet(&part_path(&folder, name, part), e))?;
            }
            self.grouped()?;
        } else {
            self.pending.read(&rows.reader, &trials.reader, group).map_err(|e| Error::read_parquet(from, e))?;
            if whole {
                self.flush()?;
            }
        }
        Ok(end)
    }

    /// What has been folded.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Keeps the tables of the replicates that a call of [`crate::run::run`] has folded.
    pub fn keep(&mut self, tables: &Tables) {
        self.tables.add(tables);
    }

    /// The tables that were kept.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The replicate after the last that has been folded; none where there is none.
    #[must_use]
    pub fn next(&self) -> Option<Replicate> {
        self.replicates.as_ref().map(|r| r.end)
    }

    /// The truth-only replicate after the last.
    #[must_use]
    pub fn next_truth(&self) -> Option<Replicate> {
        self.truth_replicates.as_ref().map(|r| r.end)
    }

    /// The parts that are whole.
    #[must_use]
    pub fn parts(&self) -> &[usize] {
        &self.parts
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

    /// The same, and saves all that has been folded and kept.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(&mut self) -> Result<usize, Error> {
        let part = self.close()?;
        // what it held has been flushed
        self.tail = None;
        self.write_sums(&self.tables)?;
        Ok(part)
    }

    fn write_sums(&self, tables: &Tables) -> Result<(), Error> {
        let Some(design) = self.design else { return Ok(()) };
        let what = Unfinished {
            parts: self.parts.iter().copied().chain(self.tail).collect(),
            design: Saved {
                replicates: self.replicates.clone(),
                truth_replicates: self.truth_replicates.clone(),
                summary: &self.summary,
                tables,
            },
        };
        saved::save(&self.folder, design, &what)
    }

    fn close_part(&mut self) -> Result<(), Error> {
        if let Some((rows, trials)) = self.open.take() {
            for (file, name) in [(rows, "replicates"), (trials, "trials")] {
                let path = part_path(&self.folder, name, self.part);
                file.close().map_err(|e| Error::parquet(&path, e))?;
                std::fs::rename(open_path(&path), &path).map_err(|e| Error::write(&path, e))?;
            }
            self.parts.push(self.part);
            self.part += 1;
            self.groups = 0;
        }
        Ok(())
    }

    /// The files of the part that is open.
    fn opened(&mut self) -> Result<(&mut SerializedFileWriter<File>, &mut SerializedFileWriter<File>), Error> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let folder = unfinished(&self.folder);
                std::fs::create_dir_all(&folder).map_err(|e| Error::write(&folder, e))?;
                let path = |name| open_path(&part_path(&self.folder, name, self.part));
                (create(&path("replicates"), ROWS)?, create(&path("trials"), TRIALS)?)
            }
        };
        let (rows, trials) = self.open.insert(open);
        Ok((rows, trials))
    }

    /// Counts a row group that has been written.
    fn grouped(&mut self) -> Result<(), Error> {
        self.groups += 1;
        if self.groups >= GROUPS { self.close_part() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        self.write_group(&pending)?;
        pending.clear();
        self.pending = pending;
        self.grouped()
    }

    /// Writes a row group to the open part.
    fn write_group(&mut self, pending: &Pending) -> Result<(), Error> {
        let scenario = self.protocol.scenario;
        let (variant, n) = (ByteArray::from(scenario.variant.as_str()), scenario.n as i32);
        let [rows_path, trials_path] = ["replicates", "trials"].map(|name| part_path(&self.folder, name, self.part));
        let (rows, trials) = self.opened()?;
        pending.write_rows(rows, &variant, n).map_err(|e| Error::parquet(&rows_path, e))?;
        pending.write_trials(trials, &variant, n).map_err(|e| Error::parquet(&trials_path, e))
    }

    /// Reads an analysis's estimates and intervals back.
    ///
    /// # Errors
    /// A part that cannot be read.
    pub fn look_back(&self, analysis: usize, targets: [Option<f64>; 2]) -> Result<LookBack, Error> {
        let step = self.protocol.scenario.analyses.len();
        let mut estimates = Vec::with_capacity((self.summary.replicates() as usize).min(HELD));
        let mut covered = targets.map(|t| t.map(|_| 0));
        let monitored = self.protocol.scenario.rules.iter().any(|r| r.analysis == analysis && r.monitor.is_some());
        let mut adjusted = targets.map(|t| t.filter(|_| monitored).map(|_| [0; 2]));
        for &part in &self.parts {
            let path = part_path(&self.folder, "replicates", part);
            let reader = Source::open(&path)?.reader;
            for group in 0..reader.num_row_groups() {
                let column = |c: usize| read_column(&reader, group, c).map_err(|e| Error::read_parquet(&path, e));
                if monitored {
                    let [lower, middle, upper] = ADJUSTED.map(column);
                    let (lower, middle, upper) = (lower?, middle?, upper?);
                    for i in (analysis..lower.len()).step_by(step) {
                        for (count, target) in adjusted.iter_mut().zip(targets) {
                            if let (Some([within, below]), Some(target), Some(lower), Some(middle), Some(upper)) =
                                (count, target, lower[i], middle[i], upper[i])
                            {
                                *within += u64::from(lower <= target && target <= upper);
                                *below += u64::from(middle < target);
                            }
                        }
                    }
                }
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
        let given = match self.summary.terms(self.protocol) {
            Some(terms) => [0, 1].map(|seen| self.coverage(analysis, seen, &terms)),
            None => [Ok([0; 2]), Ok([0; 2])],
        };
        let [complete, seen] = given;
        Ok(LookBack { quantiles: quantiles(&mut estimates), covered, given: [complete?, seen?], adjusted })
    }
}

/// Extends a run of numbers by one beside it.
fn extend(all: &mut Option<Range<Replicate>>, more: Option<Range<Replicate>>) {
    if let Some(more) = more {
        *all = Some(all.as_ref().map_or(more.clone(), |a| a.start.min(more.start)..a.end.max(more.end)));
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
) -> Result<Vec<Option<f64>>, ParquetError> {
    let group = reader.get_row_group(group)?;
    let rows = group.metadata().num_rows() as usize;
    let (mut values, mut defined) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    columns::read::<DoubleType>(group.as_ref(), column, &mut values, Some(&mut defined))?;
    let mut values = values.into_iter();
    Ok(defined.iter().map(|&d| if d == 1 { values.next() } else { None }).collect())
}

fn part_path(folder: &Path, name: &str, part: usize) -> PathBuf {
    unfinished(folder).join(format!("{name}-{part:05}.parquet"))
}

/// Where a part is written until it is whole.
fn open_path(path: &Path) -> PathBuf {
    path.with_extension("open")
}

/// Joins parts into the final files.
///
/// # Errors
/// A file that cannot be read or written.
pub fn join(folder: &Path, parts: impl IntoIterator<Item = usize> + Clone) -> Result<(), Error> {
    for (name, text) in [("replicates", ROWS), ("trials", TRIALS)] {
        let path = folder.join(format!("{name}.parquet"));
        let unfinished = folder.join(format!("{name}.parquet.unfinished"));
        let mut out = create(&unfinished, text)?;
        for part in parts.clone() {
            let from = Source::open(&part_path(folder, name, part))?;
            for group in 0..from.reader.num_row_groups() {
                from.copy(group, &mut out).map_err(|e| Error::parquet(&path, e))?;
            }
        }
        out.close().map_err(|e| Error::parquet(&path, e))?;
        std::fs::rename(&unfinished, &path).map_err(|e| Error::write(&path, e))?;
    }
    Ok(())
}

impl Fold for Store<'_, '_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), Error> {
        self.summary.add(self.protocol, batch);
        if batch.trials.is_empty() {
            return Ok(());
        }
        let names: Vec<ByteArray> =
            self.protocol.scenario.analyses.iter().map(|a| ByteArray::from(a.name.as_str())).collect();
        self.pending.add(self.protocol, &names, batch, self.summary.verdicts());
        let end = batch.first + batch.trials.len() as u64;
        extend(&mut self.replicates, Some(batch.first..end));
        if end.is_multiple_of(full_group(self.protocol)) { self.flush() } else { Ok(()) }
    }

    fn fold_truth(&mut self, batch: &Batch) {
        self.summary.add_truth(batch);
        if !batch.trials.is_empty() {
            extend(&mut self.truth_replicates, Some(batch.first..batch.first + batch.trials.len() as u64));
        }
    }

    fn saves(&self) -> bool {
        self.design.is_some()
    }

    fn save(&mut self, tables: &Tables) -> Result<(), Error> {
        self.close_part()?;
        let before = self.tail.take();
        if !self.pending.is_empty() {
            // a row group that is not whole yet, as a part of its own: the next save has another in its place
            let mut pending = std::mem::take(&mut self.pending);
            self.write_group(&pending)?;
            std::mem::swap(&mut self.pending, &mut pending);
            self.close_part()?;
            self.tail = self.parts.pop();
        }
        let mut all = self.tables.clone();
        all.add(tables);
        self.write_sums(&all)?;
        if let Some(tail) = before {
            for name in ["replicates", "trials"] {
                let path = part_path(&self.folder, name, tail);
                std::fs::remove_file(&path).map_err(|e| Error::write(&path, e))?;
            }
        }
        Ok(())
    }
}
