//! Many replicates: in batches of fixed size over threads, folded in replicate order.
//!
//! Same binary, target, scenario and seed: the same bytes (timing aside), for any threads, order or shards. However a run ends, what it
//! leaves is that of a run of exactly as many replicates.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use crate::clock::Stopwatch;
use crate::engine::{self, RowRecord, Tables, TrialRecord};
use crate::monitoring::{LookRecord, Mark, marks};
use crate::protocol::{Fault, Protocol};
use crate::random::{Replicate, TRUTH_REPLICATES};
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
    /// Truth-only replicates, whose patients add to true values and limits alone; none where `truth` is not asked for.
    pub truth_replicates: u64,
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
    /// Values of the parameters that replicates draw, replicate after replicate.
    pub drawn: Vec<f64>,
    /// Each look, replicate after replicate.
    pub looks: Vec<LookRecord>,
    /// What rules saw at looks and at the end, replicate after replicate.
    pub marks: Vec<Mark>,
    /// A fault with the replicate in which it showed.
    fault: Option<(Replicate, Fault)>,
    /// A panic with the replicate in which it happened.
    panic: Option<(Replicate, String)>,
    /// Whether all its replicates were carried out.
    finished: bool,
    simulating: f64,
    truth: f64,
}

impl Batch {
    /// Keeps the first `k` replicates only.
    fn shorten(&mut self, protocol: &Protocol<'_>, k: usize) {
        self.finished = false;
        self.trials.truncate(k);
        self.rows.truncate(k * protocol.scenario.analyses.len());
        self.funnel.truncate(k * protocol.scenario.criteria.len());
        self.drawn.truncate(k * protocol.priors.len());
        self.looks.truncate(k * protocol.scenario.looks.len());
        self.marks.truncate(k * marks(protocol.scenario));
    }
}

/// Takes finished batches in replicate order.
pub trait Fold: Send {
    /// Folds one batch.
    ///
    /// # Errors
    /// Results that cannot be written.
    fn fold(&mut self, batch: &Batch) -> Result<(), crate::Error>;

    /// Folds the targets of one batch of truth-only replicates.
    fn fold_truth(&mut self, _: &Batch) {}

    /// Whether [`Fold::save`] does anything.
    fn saves(&self) -> bool {
        false
    }

    /// Saves what has been folded so far; `tables` are those of exactly these replicates, from the beginning of this call of [`run`].
    ///
    /// # Errors
    /// Results that cannot be written.
    fn save(&mut self, _tables: &Tables) -> Result<(), crate::Error> {
        Ok(())
    }
}

/// When to save: once a hundredth of the time so far has passed since the last save, but no sooner than fifty times as long as that took,
/// so that saving takes no more than a fiftieth of the time. It decides nothing else: results do not depend on when they are saved.
#[derive(Debug)]
struct Saves {
    watch: Stopwatch,
    last: f64,
    took: f64,
}

impl Saves {
    fn new() -> Self {
        Self { watch: Stopwatch::start(), last: 0.0, took: 0.0 }
    }

    fn due(&self) -> bool {
        let now = self.watch.seconds();
        now - self.last > (0.01 * now).max(50.0 * self.took).max(EARLIEST_SAVE)
    }

    fn save(&mut self, fold: &mut dyn Fold, tables: &Tables) -> Result<(), crate::Error> {
        let begun = self.watch.seconds();
        fold.save(tables)?;
        self.last = self.watch.seconds();
        self.took = self.last - begun;
        Ok(())
    }
}

/// Seconds between saves, at least.
const EARLIEST_SAVE: f64 = 0.25;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Replicates folded.
    pub replicates: u64,
    /// Truth-only replicates folded.
    pub truth_replicates: u64,
    /// A fault with the replicate in which it showed.
    pub fault: Option<(Replicate, Fault)>,
    /// What a replicate panicked with, and which: a mistake of the program's own.
    pub panic: Option<(Replicate, String)>,
    /// Pooled tables of the targets.
    pub tables: Tables,
    /// Seconds of generation and analysis, summed over threads.
    pub simulating: f64,
    /// Seconds of true values and limits, summed over threads.
    pub truth: f64,
}

/// Tables of the targets, pooled over batches in replicate order and only as far as all batches before are finished: so that they hold
/// what is folded and nothing else. Tables of batches that wait for an earlier one are few, since batches are begun in order.
struct Pooled {
    all: Tables,
    next: Replicate,
    ended: bool,
    waiting: Vec<(Replicate, Replicate, bool, Tables)>,
    spare: Vec<Tables>,
}

impl Pooled {
    fn new(protocol: &Protocol<'_>) -> Self {
        Self { all: Tables::new(protocol), next: 0, ended: false, waiting: Vec::new(), spare: Vec::new() }
    }

    /// Empty tables for a batch.
    fn lend(&mut self, protocol: &Protocol<'_>) -> Tables {
        self.spare.pop().unwrap_or_else(|| Tables::new(protocol))
    }

    fn take_back(&mut self, batch: &Batch, tables: Tables) {
        let end = batch.first + batch.trials.len() as u64;
        self.waiting.push((batch.first, end, batch.finished, tables));
        while let Some(at) = self.waiting.iter().position(|w| w.0 == self.next && !self.ended) {
            let (_, end, finished, mut tables) = self.waiting.swap_remove(at);
            self.all.add(&tables);
            tables.clear();
            self.spare.push(tables);
            self.next = end;
            self.ended = !finished;
        }
    }
}

/// What the replicates of a stretch are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Trials, analysed; with true values and limits where the plan wants them.
    Trials,
    /// True values and limits alone.
    Truth,
}

/// Runs replicates and folds them in order, then the plan's truth-only ones; ends early where `stop` is set, a fault shows or a replicate panics, with everything before
/// it folded.
///
/// # Errors
/// What folding returned.
pub fn run(protocol: &Protocol<'_>, plan: &Plan<'_>, fold: &mut dyn Fold) -> Result<Ended, crate::Error> {
    run_with_truth(protocol, plan, TRUTH_REPLICATES..TRUTH_REPLICATES + plan.truth_replicates, fold)
}

/// The same, with the numbers of the truth-only replicates in place of how many the plan has.
///
/// # Errors
/// What folding returned.
pub fn run_with_truth(
    protocol: &Protocol<'_>,
    plan: &Plan<'_>,
    truth: Range<Replicate>,
    fold: &mut dyn Fold,
) -> Result<Ended, crate::Error> {
    let mut ended = Ended {
        replicates: 0,
        truth_replicates: 0,
        fault: None,
        panic: None,
        tables: Tables::new(protocol),
        simulating: 0.0,
        truth: 0.0,
    };
    if plan.truth {
        let watch = Stopwatch::start();
        if let Err(fault) = engine::pilot_roots(protocol).and_then(|()| engine::pilot_scores(protocol)) {
            ended.fault = Some(fault);
            return Ok(ended);
        }
        ended.truth += watch.seconds();
    }
    let workers: Vec<Mutex<Workspace>> =
        (0..plan.pool.current_num_threads()).map(|_| Mutex::new(Workspace::new(protocol))).collect();
    let pooled = Mutex::new(Pooled::new(protocol));
    let crew = Crew { protocol, plan, workers: &workers, pooled: &pooled };
    let mut saves = Saves::new();
    let whole = crew.stretch(plan.replicates.clone(), Purpose::Trials, fold, &mut saves, &mut ended)?;
    if whole && plan.truth && !truth.is_empty() {
        crew.stretch(truth, Purpose::Truth, fold, &mut saves, &mut ended)?;
    }
    if let Ok(pooled) = pooled.into_inner() {
        ended.tables = pooled.all;
    }
    Ok(ended)
}

/// Who carries replicates out.
struct Crew<'a, 's> {
    protocol: &'a Protocol<'s>,
    plan: &'a Plan<'a>,
    workers: &'a [Mutex<Workspace>],
    pooled: &'a Mutex<Pooled>,
}

impl Crew<'_, '_> {
    /// A run of replicate numbers; whether it came to its end.
    fn stretch(
        &self,
        numbers: Range<Replicate>,
        purpose: Purpose,
        fold: &mut dyn Fold,
        saves: &mut Saves,
        ended: &mut Ended,
    ) -> Result<bool, crate::Error> {
        let analyses = self.protocol.scenario.analyses.len().max(1);
        // about the same memory whatever the number of analyses
        let most = (640 / analyses).clamp(4, 64);
        // what can be saved is saved early: few batches at first, so that a run which is killed again and again still gets on
        let mut batches = if fold.saves() { self.workers.len().min(most) } else { most };
        let mut next = numbers.start;
        if let Ok(mut pooled) = self.pooled.lock() {
            pooled.next = next;
        }
        let mut filled: Vec<Batch> = Vec::new();
        let mut empty: Vec<Batch> = Vec::new();
        loop {
            prepare(self.protocol, &mut empty, batches, &mut next, numbers.end);
            batches = (2 * batches).min(most);
            // of what is folded now: the next batches have not been begun
            let tables = match self.pooled.lock() {
                Ok(pooled) if fold.saves() && !filled.is_empty() && !pooled.ended && saves.due() => {
                    Some(pooled.all.clone())
                }
                _ => None,
            };
            // in ascending order, so that where a run is stopped little is finished beyond the first unfinished batch
            let queue = Mutex::new(empty.iter_mut());
            let begin = || queue.lock().ok().and_then(|mut queue| queue.next());
            let ((), folded) = self.plan.pool.install(|| {
                rayon::join(
                    || {
                        (0..self.workers.len()).into_par_iter().with_max_len(1).for_each(|_| {
                            while let Some(batch) = begin() {
                                self.carry_out(batch, purpose);
                            }
                        });
                    },
                    || {
                        let more = fold_all(fold, &filled, purpose, ended)?;
                        if let (true, Some(tables)) = (more, &tables) {
                            saves.save(fold, tables)?;
                        }
                        Ok(more)
                    },
                )
            });
            let folded: Result<bool, crate::Error> = folded;
            if !folded? {
                return Ok(false);
            }
            std::mem::swap(&mut filled, &mut empty);
            if filled.is_empty() {
                return Ok(true);
            }
        }
    }

    fn carry_out(&self, batch: &mut Batch, purpose: Purpose) {
        let (protocol, plan) = (self.protocol, self.plan);
        let me = rayon::current_thread_index().unwrap_or(0);
        // a worker's memory is used by its own thread alone, and no lock is held while a replicate might panic outside `guarded`
        let (Ok(mut space), Ok(mut tables)) =
            (self.workers[me].lock(), self.pooled.lock().map(|mut p| p.lend(protocol)))
        else {
            return batch.shorten(protocol, 0);
        };
        let watch = Stopwatch::start();
        let (criteria, analyses) = (protocol.scenario.criteria.len(), protocol.scenario.analyses.len());
        batch.finished = true;
        for k in 0..batch.trials.len() {
            // a batch of large trials lasts: Ctrl-C does not wait for its end
            if plan.stop.load(Ordering::Relaxed) {
                batch.shorten(protocol, k);
                break;
            }
            let replicate = batch.first + k as u64;
            let funnel = &mut batch.funnel[k * criteria..(k + 1) * criteria];
            let rows = &mut batch.rows[k * analyses..(k + 1) * analyses];
            let seconds = &mut batch.truth;
            let result = guarded(|| self.replicate(replicate, purpose, &mut space, funnel, rows, &mut tables, seconds));
            match result {
                Ok(Ok(trial)) => {
                    batch.trials[k] = trial;
                    let watch = space.watch();
                    let (looks, marks) = (watch.looks.len(), watch.marks.len());
                    batch.looks[k * looks..(k + 1) * looks].copy_from_slice(&watch.looks);
                    batch.marks[k * marks..(k + 1) * marks].copy_from_slice(&watch.marks);
                }
                Ok(Err(fault)) => {
                    batch.fault = Some((replicate, fault));
                    batch.shorten(protocol, k);
                    break;
                }
                Err(message) => {
                    batch.panic = Some((replicate, message));
                    // what it was doing is undone: memory is made anew, and the tables filled again without it
                    *space = Workspace::new(protocol);
                    let kept = guarded(|| self.refill(batch.first, k, &mut space, &mut tables)).map_or(0, |()| k);
                    batch.shorten(protocol, kept);
                    break;
                }
            }
        }
        batch.simulating = watch.seconds() - batch.truth;
        if purpose == Purpose::Truth {
            batch.truth += std::mem::take(&mut batch.simulating);
        }
        if let Ok(mut pooled) = self.pooled.lock() {
            // nothing has been counted where no true values are wanted
            if plan.truth { pooled.take_back(batch, tables) } else { pooled.spare.push(tables) }
        }
        plan.done.fetch_add(batch.trials.len() as u64, Ordering::Relaxed);
    }

    #[expect(clippy::too_many_arguments, reason = "one replicate and all that it writes to")]
    fn replicate(
        &self,
        replicate: Replicate,
        purpose: Purpose,
        space: &mut Workspace,
        funnel: &mut [u32],
        rows: &mut [RowRecord],
        tables: &mut Tables,
        seconds: &mut f64,
    ) -> Result<TrialRecord, Fault> {
        let trial = match purpose {
            Purpose::Trials => engine::replicate(self.protocol, replicate, space, funnel, rows)?,
            Purpose::Truth => {
                rows.fill(RowRecord::EMPTY);
                let mut trial = engine::enrol(self.protocol, replicate, space, funnel)?;
                engine::follow(self.protocol, replicate, space, &mut trial)?;
                trial
            }
        };
        if self.plan.truth {
            let watch = Stopwatch::start();
            engine::truth(self.protocol, replicate, space, rows, tables)?;
            *seconds += watch.seconds();
        }
        Ok(trial)
    }

    /// Fills tables with the first `k` replicates of a batch, which went well before.
    fn refill(&self, first: Replicate, k: usize, space: &mut Workspace, tables: &mut Tables) {
        tables.clear();
        let mut rows = vec![RowRecord::EMPTY; self.protocol.scenario.analyses.len()];
        let mut funnel = vec![0; self.protocol.scenario.criteria.len()];
        for replicate in first..first + k as u64 {
            // a fault would have shown the first time
            let _ = self.replicate(replicate, Purpose::Truth, space, &mut funnel, &mut rows, tables, &mut 0.0);
        }
    }
}

/// Carries out what may panic; gives the panic's message.
pub(crate) fn guarded<T>(what: impl FnOnce() -> T) -> Result<T, String> {
    // whatever is left half done is thrown away by the caller
    catch_unwind(AssertUnwindSafe(what)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
    })
}

/// Sets up the next batches.
///
/// They begin at multiples of their size, so that parts of a run have the batches of the whole.
fn prepare(protocol: &Protocol<'_>, batches: &mut Vec<Batch>, most: usize, next: &mut Replicate, end: Replicate) {
    let mut used = 0;
    while used < most && *next < end {
        let whole = BATCH as u64 - *next % BATCH as u64;
        let len = (end - *next).min(whole) as usize;
        if used == batches.len() {
            batches.push(Batch {
                first: 0,
                trials: Vec::new(),
                funnel: Vec::new(),
                rows: Vec::new(),
                drawn: Vec::new(),
                looks: Vec::new(),
                marks: Vec::new(),
                fault: None,
                panic: None,
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
        b.looks.resize(len * protocol.scenario.looks.len(), LookRecord::default());
        b.marks.resize(len * marks(protocol.scenario), Mark::EMPTY);
        b.drawn.clear();
        b.drawn.extend((b.first..b.first + len as u64).flat_map(|r| protocol.priors.iter().map(move |p| p.value(r))));
        (b.fault, b.panic) = (None, None);
        b.finished = false;
        (b.simulating, b.truth) = (0.0, 0.0);
        *next += len as u64;
        used += 1;
    }
    batches.truncate(used);
}

/// Folds finished batches in order; false where the run ends with them.
fn fold_all(fold: &mut dyn Fold, batches: &[Batch], purpose: Purpose, ended: &mut Ended) -> Result<bool, crate::Error> {
    for batch in batches {
        let count = batch.trials.len() as u64;
        match purpose {
            Purpose::Trials => {
                fold.fold(batch)?;
                ended.replicates += count;
            }
            Purpose::Truth => {
                fold.fold_truth(batch);
                ended.truth_replicates += count;
            }
        }
        ended.simulating += batch.simulating;
        ended.truth += batch.truth;
        if !batch.finished {
            ended.fault.clone_from(&batch.fault);
            ended.panic.clone_from(&batch.panic);
            return Ok(false);
        }
    }
    Ok(true)
}
