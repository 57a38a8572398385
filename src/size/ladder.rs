//! Many sizes of one trial: its patients are generated once, at the largest size, and analysed at each.
//!
//! The trial of n is the first n patients of any larger one, so that one generation serves all sizes of a replicate; trials that end at
//! a number of events are cut anew for each number. Sizes of a replicate are given before it is drawn.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use crate::analysis::Decision;
use crate::clock::Stopwatch;
use crate::decision;
use crate::engine::{self, RowRecord};
use crate::math::special::normal_quantile;
use crate::protocol::{Fault, Protocol};
use crate::random::Replicate;
use crate::run::guarded;
use crate::scenario::{AnalysisPlan, Cut};
use crate::summary::verdict;
use crate::workspace::Workspace;

use super::Cell;

/// Replicates that a worker carries out at a stretch. Never depends on the number of threads.
const BATCH: u64 = 32;

/// Number of the first replicate of a guess: the grid of sizes depends on none of the replicates that it is judged by.
pub const GUESSES: Replicate = 1 << 39;

/// What makes a trial larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Patients.
    Patients,
    /// Events, among the scenario's number of patients.
    Events,
}

/// What of a trial counts as its success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// The first analysis rejects in favour.
    Analysis,
    /// A family of hypotheses does.
    Family {
        /// Its place.
        family: usize,
        /// The hypotheses that count, the j-th in bit j.
        hypotheses: u64,
        /// Whether all of them must be rejected in favour, or any.
        all: bool,
    },
}

/// What the replicates showed at one size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rung {
    /// Replicates, and those that rejected in favour.
    pub cell: Cell,
    /// Replicates that enrolled as many patients, or saw as many events.
    pub reached: u64,
    /// Replicates with a p-value; none where a family of hypotheses decides.
    pub tested: u64,
    /// Sum of their statistics on the normal scale, from the one-sided p-values.
    pub sum: f64,
    /// Sum of the squares.
    pub squares: f64,
}

impl Rung {
    fn add(&mut self, other: &Self) {
        self.cell.successes += other.cell.successes;
        self.cell.replicates += other.cell.replicates;
        self.reached += other.reached;
        self.tested += other.tested;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    fn take(&mut self, row: &RowRecord, plan: &AnalysisPlan) {
        let e = &row.estimate;
        let favours = row.decision(plan.alpha / f64::from(plan.sides), plan.sides == 2) == Decision::Favour;
        self.cell.successes += u64::from(favours);
        if e.p.is_finite() {
            let z = -normal_quantile(e.p.clamp(1e-12, 1.0 - 1e-12));
            self.tested += 1;
            self.sum += z;
            self.squares += z * z;
        }
    }

    /// Mean and standard deviation of the statistic on the normal scale.
    #[must_use]
    pub fn drift(&self) -> [f64; 2] {
        let n = self.tested.max(1) as f64;
        let mean = self.sum / n;
        [mean, (self.squares / n - mean * mean).max(0.0).sqrt()]
    }
}

/// What was computed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Replicates generated.
    pub replicates: u64,
    /// Patients generated and enrolled.
    pub patients: u64,
    /// Analyses, one a size of a replicate.
    pub analyses: u64,
    /// Rows put in order of time for them.
    pub sorted: u64,
    /// Seconds, summed over threads.
    pub seconds: f64,
}

impl Effort {
    /// Adds what else was computed.
    pub fn add(&mut self, other: &Self) {
        self.replicates += other.replicates;
        self.patients += other.patients;
        self.analyses += other.analyses;
        self.sorted += other.sorted;
        self.seconds += other.seconds;
    }
}

/// Why replicates were not carried out. Nothing of theirs is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// Asked to stop.
    Stopped,
    /// A fault in a replicate.
    Fault(Replicate, Fault),
    /// A panic in a replicate: a mistake of the program's own.
    Panic(Replicate, String),
}

/// A trial at many sizes.
#[derive(Debug)]
pub struct Ladder<'s> {
    protocol: Protocol<'s>,
    by: By,
    success: Success,
    workers: Vec<Mutex<Worker>>,
    prefixes: bool,
}

#[derive(Debug)]
struct Worker {
    space: Workspace,
    funnel: Vec<u32>,
    rows: Vec<RowRecord>,
    decision: decision::Scratch,
}

impl Worker {
    fn new(protocol: &Protocol<'_>) -> Self {
        Self {
            space: Workspace::new(protocol),
            funnel: vec![0; protocol.scenario.criteria.len()],
            rows: vec![RowRecord::EMPTY; protocol.scenario.analyses.len()],
            decision: decision::Scratch::default(),
        }
    }
}

impl<'s> Ladder<'s> {
    /// A trial and what counts as its success, for a number of threads.
    #[must_use]
    pub fn new(protocol: Protocol<'s>, by: By, success: Success, threads: usize) -> Self {
        let workers = (0..threads.max(1)).map(|_| Mutex::new(Worker::new(&protocol))).collect();
        // times of events are the same in a smaller trial only where the cut does not depend on its size
        let prefixes = by == By::Patients
            && protocol.scenario.looks.is_empty()
            && matches!(protocol.scenario.cut, Cut { after_last_entry: None, events: None, .. });
        Self { protocol, by, success, workers, prefixes }
    }

    /// What is carried out.
    #[must_use]
    pub fn protocol(&self) -> &Protocol<'s> {
        &self.protocol
    }

    /// Carries out replicates at some sizes, in ascending order; a result a size. `done` counts the replicates as they are carried out.
    ///
    /// # Errors
    /// Why there are no results.
    pub fn climb(
        &self,
        pool: &rayon::ThreadPool,
        replicates: Range<Replicate>,
        sizes: &[u32],
        stop: &AtomicBool,
        done: &AtomicU64,
    ) -> Result<(Vec<Rung>, Effort), Halt> {
        let batches = (replicates.end - replicates.start).div_ceil(BATCH) as usize;
        let one = |batch: usize| {
            let first = replicates.start + batch as u64 * BATCH;
            let range = first..(first + BATCH).min(replicates.end);
            let count = range.end - range.start;
            let found = self.batch(range, sizes, stop);
            done.fetch_add(count, Ordering::Relaxed);
            found
        };
        // in order, so that sums of decimals are the same on any number of threads
        let all: Vec<Result<(Vec<Rung>, Effort), Halt>> =
            pool.install(|| (0..batches).into_par_iter().with_max_len(1).map(one).collect());
        let mut rungs = vec![Rung::default(); sizes.len()];
        let mut effort = Effort::default();
        for batch in all {
            let (more, spent) = batch?;
            rungs.iter_mut().zip(&more).for_each(|(rung, more)| rung.add(more));
            effort.add(&spent);
        }
        Ok((rungs, effort))
    }

    fn batch(
        &self,
        replicates: Range<Replicate>,
        sizes: &[u32],
        stop: &AtomicBool,
    ) -> Result<(Vec<Rung>, Effort), Halt> {
        let watch = Stopwatch::start();
        let mut rungs = vec![Rung::default(); sizes.len()];
        let mut effort = Effort::default();
        let me = rayon::current_thread_index().unwrap_or(0) % self.workers.len();
        let Ok(mut worker) = self.workers[me].lock() else { return Err(Halt::Stopped) };
        worker.space.expect_prefixes(self.prefixes && sizes.len() > 1);
        for replicate in replicates {
            if stop.load(Ordering::Relaxed) {
                return Err(Halt::Stopped);
            }
            match guarded(|| self.replicate(replicate, sizes, &mut worker, &mut rungs, &mut effort)) {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => return Err(Halt::Fault(replicate, fault)),
                Err(message) => {
                    *worker = Worker::new(&self.protocol);
                    return Err(Halt::Panic(replicate, message));
                }
            }
        }
        effort.sorted = std::mem::take(&mut worker.space.scratch.sorted.count);
        effort.seconds = watch.seconds();
        Ok((rungs, effort))
    }

    fn replicate(
        &self,
        replicate: Replicate,
        sizes: &[u32],
        worker: &mut Worker,
        rungs: &mut [Rung],
        effort: &mut Effort,
    ) -> Result<(), Fault> {
        let protocol = &self.protocol;
        let Worker { space, funnel, rows, decision } = worker;
        let largest = match self.by {
            By::Patients => sizes.last().map_or(0, |&n| n as usize),
            By::Events => protocol.scenario.n,
        };
        let mut trial = engine::enrol_first(protocol, replicate, largest, space, funnel)?;
        effort.replicates += 1;
        effort.patients += u64::from(trial.enrolled);
        engine::outcomes(protocol, replicate, space)?;
        let mut seen = false;
        let looks = !protocol.scenario.looks.is_empty();
        for (&size, rung) in sizes.iter().zip(rungs.iter_mut()).rev() {
            let reached = match self.by {
                By::Events => engine::observe(protocol, replicate, Some(size), space, &mut trial)?,
                By::Patients if looks => {
                    trial.enrolled = engine::keep(size as usize, protocol, space, &mut trial);
                    let reached = trial.enrolled >= size;
                    engine::conclude(protocol, replicate, size as usize, space, &mut trial, funnel, rows)?;
                    reached
                }
                By::Patients => {
                    if seen {
                        engine::shorten(protocol, replicate, size as usize, space, &mut trial)?;
                    } else {
                        engine::observe(protocol, replicate, None, space, &mut trial)?;
                    }
                    trial.enrolled >= size
                }
            };
            seen = true;
            if !looks {
                engine::analyse_all(protocol, replicate, space, rows);
            }
            effort.analyses += 1;
            rung.cell.replicates += 1;
            rung.reached += u64::from(reached);
            match self.success {
                Success::Family { family, hypotheses, all } => {
                    let favour = verdict(&protocol.scenario.multiplicity[family], rows, decision).favour & hypotheses;
                    rung.cell.successes += u64::from(if all { favour == hypotheses } else { favour != 0 });
                }
                Success::Analysis => {
                    let (Some(row), Some(plan)) = (rows.first(), protocol.scenario.analyses.first()) else { continue };
                    rung.take(row, plan);
                }
            }
        }
        Ok(())
    }
}
