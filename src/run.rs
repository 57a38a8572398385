//! Many replicates: in batches of fixed size over threads, folded in replicate order.
//!
//! Same binary, target, scenario and seed: the same bytes (timing aside), for any threads, order or shards.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use crate::clock::Stopwatch;
use crate::engine::{self, RowRecord, Tables, TrialRecord};
use crate::protocol::{Fault, Protocol};
use crate::random::Replicate;
use crate::workspace::Workspace;

/// Replicates of a batch: what one worker does at a stretch. Never depends on the number of threads.
pub const BATCH: usize = 64;

/// How many replicates, and how.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Replicate numbers.
    pub replicates: Range<Replicate>,
    /// Whether true values and limits are computed.
    pub truth: bool,
    /// Threads.
    pub pool: &'a rayon::ThreadPool,
    /// Set to end early.
    pub stop: &'a AtomicBool,
    /// Counts finished replicates.
    pub done: &'a AtomicU64,
}

/// A batch of finished replicates.
#[derive(Debug)]
pub struct Batch {
    /// Number of the first.
    pub first: Replicate,
    /// One record a replicate.
    pub trials: Vec<TrialRecord>,
    /// Exclusions by criterion, replicate after replicate.
    pub funnel: Vec<u32>,
    /// One record an analysis, replicate after replicate.
    pub rows: Vec<RowRecord>,
    /// A fault with the replicate in which it showed.
    fault: Option<(Replicate, Fault)>,
    /// Whether all its replicates were carried out.
    finished: bool,
    simulating: f64,
    truth: f64,
}

impl Batch {
    /// Keeps the first `k` replicates only.
    fn shorten(&mut self, protocol: &Protocol<'_>, k: usize) {
        self.trials.truncate(k);
        self.rows.truncate(k * protocol.scenario.analyses.len());
        self.funnel.truncate(k * protocol.scenario.criteria.len());
    }
}

/// Takes finished batches in replicate order.
pub trait Fold: Send {
    /// Folds one batch.
    ///
    /// # Errors
    /// Results that cannot be written.
    fn fold(&mut self, batch: &Batch) -> Result<(), crate::Error>;
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Replicates folded.
    pub replicates: u64,
    /// A fault with the replicate in which it showed.
    pub fault: Option<(Replicate, Fault)>,
    /// Pooled tables of the targets.
    pub tables: Tables,
    /// Seconds of generation and analysis, summed over threads.
    pub simulating: f64,
    /// Seconds of true values and limits, summed over threads.
    pub truth: f64,
}

struct Worker {
    space: Workspace,
    tables: Tables,
}

/// Runs replicates and folds them in order; ends early where `stop` is set or a fault shows, with everything before it folded.
///
/// # Errors
/// What folding returned.
pub fn run(protocol: &Protocol<'_>, plan: &Plan<'_>, fold: &mut dyn Fold) -> Result<Ended, crate::Error> {
    let analyses = protocol.scenario.analyses.len().max(1);
    // about the same memory whatever the number of analyses
    let batches = (640 / analyses).clamp(4, 64);
    let workers: Vec<Mutex<Worker>> = (0..plan.pool.current_num_threads())
        .map(|_| Mutex::new(Worker { space: Workspace::new(protocol), tables: Tables::new(protocol) }))
        .collect();
    let mut next = plan.replicates.start;
    let mut ended = Ended { replicates: 0, fault: None, tables: Tables::new(protocol), simulating: 0.0, truth: 0.0 };
    if plan.truth {
        let watch = Stopwatch::start();
        if let Err(fault) = engine::pilot_roots(protocol) {
            ended.fault = Some(fault);
            return Ok(ended);
        }
        ended.truth += watch.seconds();
    }
    let mut filled: Vec<Batch> = Vec::new();
    let mut empty: Vec<Batch> = Vec::new();
    let mut outcome = Ok(true);
    loop {
        prepare(protocol, &mut empty, batches, &mut next, plan.replicates.end);
        let ((), folded) = plan.pool.install(|| {
            rayon::join(
                || empty.par_iter_mut().for_each(|b| carry_out(protocol, plan, b, &workers)),
                || fold_all(fold, &filled, &mut ended),
            )
        });
        match folded {
            Ok(true) => {}
            other => {
                outcome = other;
                break;
            }
        }
        std::mem::swap(&mut filled, &mut empty);
        if filled.is_empty() {
            break;
        }
    }
    for worker in workers {
        if let Ok(worker) = worker.into_inner() {
            ended.tables.add(&worker.tables);
        }
    }
    outcome.map(|_| ended)
}

/// Sets up the next batches.
fn prepare(protocol: &Protocol<'_>, batches: &mut Vec<Batch>, most: usize, next: &mut Replicate, end: Replicate) {
    let mut used = 0;
    while used < most && *next < end {
        let len = (end - *next).min(BATCH as u64) as usize;
        if used == batches.len() {
            batches.push(Batch {
                first: 0,
                trials: Vec::new(),
                funnel: Vec::new(),
                rows: Vec::new(),
                fault: None,
                finished: false,
                simulating: 0.0,
                truth: 0.0,
            });
        }
        let b = &mut batches[used];
        b.first = *next;
        b.trials.resize(len, TrialRecord::default());
        b.funnel.resize(len * protocol.scenario.criteria.len(), 0);
        b.rows.resize(len * protocol.scenario.analyses.len(), RowRecord::EMPTY);
        b.fault = None;
        b.finished = false;
        (b.simulating, b.truth) = (0.0, 0.0);
        *next += len as u64;
        used += 1;
    }
    batches.truncate(used);
}

fn carry_out(protocol: &Protocol<'_>, plan: &Plan<'_>, batch: &mut Batch, workers: &[Mutex<Worker>]) {
    let me = rayon::current_thread_index().unwrap_or(0);
    // a worker's memory is used by its own thread alone; a poisoned lock means that thread has panicked already
    let Ok(mut worker) = workers[me].lock() else { return batch.shorten(protocol, 0) };
    let Worker { space, tables } = &mut *worker;
    let watch = Stopwatch::start();
    let (criteria, analyses) = (protocol.scenario.criteria.len(), protocol.scenario.analyses.len());
    batch.finished = true;
    for k in 0..batch.trials.len() {
        // a batch of large trials lasts: Ctrl-C does not wait for its end
        if plan.stop.load(Ordering::Relaxed) {
            batch.finished = false;
            batch.shorten(protocol, k);
            break;
        }
        let replicate = batch.first + k as u64;
        let funnel = &mut batch.funnel[k * criteria..(k + 1) * criteria];
        let rows = &mut batch.rows[k * analyses..(k + 1) * analyses];
        let mut result = engine::replicate(protocol, replicate, space, funnel, rows);
        if plan.truth && result.is_ok() {
            let truth = Stopwatch::start();
            if let Err(fault) = engine::truth(protocol, replicate, space, rows, tables) {
                result = Err(fault);
            }
            batch.truth += truth.seconds();
        }
        match result {
            Ok(trial) => batch.trials[k] = trial,
            Err(fault) => {
                batch.fault = Some((replicate, fault));
                batch.shorten(protocol, k);
                break;
            }
        }
    }
    batch.simulating = watch.seconds() - batch.truth;
    plan.done.fetch_add(batch.trials.len() as u64, Ordering::Relaxed);
}

/// Folds finished batches in order; false where the run ends with them.
fn fold_all(fold: &mut dyn Fold, batches: &[Batch], ended: &mut Ended) -> Result<bool, crate::Error> {
    for batch in batches {
        fold.fold(batch)?;
        ended.replicates += batch.trials.len() as u64;
        ended.simulating += batch.simulating;
        ended.truth += batch.truth;
        if let Some(fault) = &batch.fault {
            ended.fault = Some(fault.clone());
            return Ok(false);
        }
        if !batch.finished {
            return Ok(false);
        }
    }
    Ok(true)
}
