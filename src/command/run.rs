//! `patency run`: what a design is worth.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::precision::Rule;
use super::results::{self, Format};
use super::shared::{Source, Text, fault_report, panic_report, pool};
use super::{Failure, note, numbers, output, print};
use crate::Error;
use crate::clock::Stopwatch;
use crate::protocol::{Protocol, Wanted};
use crate::random::TRUTH_REPLICATES;
use crate::result::{Design, Timing};
use crate::run::{self, Plan};
use crate::scenario::Scenario;
use crate::store::{self, Settings, Store, Unfinished};
use crate::type_one;

pub(super) const EXAMPLES: &str = "Examples:
  patency run scenarios/defiance.toml                        the design as written, 10,000 trials
  patency run scenarios/defiance.toml --variant all          every world of the file in one table
  patency run scenarios/defiance.toml --n 300,578            two sizes on the same patients
  patency run scenarios/defiance.toml --null                 type I error of every analysis: parameters at their null values
  patency run scenarios/defiance.toml --format json          result.json on standard output
  patency run scenarios/defiance.toml --resume               goes on with a run that was stopped or killed
  patency run scenarios/defiance.toml --replicates 20000..40000 --out part-2     a part, for `patency merge`
  patency run scenarios/defiance.toml --precision 0.002 --replicates 200000      until that Monte Carlo error

While a run lasts, its rows and sums are saved in DIR/unfinished, so that --resume loses little; the result is that of an undisturbed run,
byte for byte but for its times.

--precision P stops at the first of a fixed series of looks (every 1,024 replicates at first, then every 32nd part of those done) at which
the Monte Carlo standard error is at most P for every power within the 95% confidence sequence. The sequence contains the power at all looks at
once with 95% probability, so stopping when it is narrow does not spoil it; the usual interval at a look chosen this way would be too narrow
near 0 and 1. It depends on no clock and no number of threads.";

#[derive(Debug, clap::Args)]
pub struct Run {
    #[command(flatten)]
    source: Source,
    /// Trials to simulate for each variant and size, or the range of their numbers: 20000..40000 leaves out the last
    #[arg(long, default_value = "10000", value_name = "N|FROM..TO", value_parser = numbers::some)]
    replicates: Range<u64>,
    /// Threads; all cores where not given
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Folder for result.json, replicates.parquet and trials.parquet; `output/<scenario>` where not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replicates beyond those, for true values and limits alone: their Monte Carlo error falls
    #[arg(long, default_value = "0", value_name = "N|FROM..TO", conflicts_with = "no_truth", value_parser = numbers::any)]
    truth_replicates: Range<u64>,
    /// A grid is asked of `patency sweep`
    #[arg(long, hide = true, value_name = "NAME=from:to:step")]
    sweep: Vec<String>,
    /// Leave out true values and limits: no bias, no coverage, less time
    #[arg(long)]
    no_truth: bool,
    /// Go on with a run of the same settings that was stopped or killed
    #[arg(long)]
    resume: bool,
    /// Stop when the power has this Monte Carlo standard error; --replicates is the most there may be
    #[arg(long, value_name = "SE", value_parser = super::precision::standard_error)]
    precision: Option<f64>,
    /// Whose power --precision is about; the primary one where not given
    #[arg(long, value_name = "NAME", requires = "precision")]
    analysis: Option<String>,
}

impl Run {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        if let Some(axis) = self.sweep.first() {
            return Err(Failure::Scenario(format!(
                "error: `run` is of single worlds; a grid has a command of its own\nhelp: patency sweep {} --over {axis}",
                self.source.scenario.display()
            )));
        }
        let text = self.source.text()?;
        let scenarios = self.source.scenarios(&text)?;
        let rules = self.rules(&scenarios)?;
        let protocols: Vec<Protocol<'_>> =
            scenarios.iter().map(|s| Protocol::compile(s, self.source.seed, Wanted::Analyses)).collect();
        for protocol in &protocols {
            self.source.pilot(protocol, &text)?;
        }
        let folder = self.out.clone().unwrap_or_else(|| default_folder(&self.source.scenario));
        open(&folder)?;
        let settings = self.settings(&text, &scenarios, &rules);
        let saved = match self.saved(&folder, &settings)? {
            Earlier::Finished => return self.finished(&folder),
            Earlier::Unfinished(saved) => saved,
        };
        let pool = pool(self.threads.map(usize::from))?;

        let stop = Arc::new(AtomicBool::new(false));
        interruptible(&stop);
        let had: u64 = saved.iter().map(|s| s.design.summary.replicates() + s.design.summary.truth_replicates()).sum();
        let done = Arc::new(AtomicU64::new(had));
        let each = count(&self.replicates) + count(&self.truth_replicates);
        let bar = progress(each * protocols.len() as u64, &done);
        let carry = Carry { protocols: &protocols, rules: &rules, pool: &pool, stop: &stop, done: &done, text: &text };
        let ended = self.designs(&carry, &folder, saved);
        bar.finish();
        let ended = ended?;

        let mut timing = ended.timing;
        timing.seconds = watch.seconds();
        timing.threads = pool.current_num_threads();
        let title = scenarios.first().map(|s| s.title.clone()).unwrap_or_default();
        let found = results::Found {
            title,
            designs: ended.designs,
            parts: ended.parts,
            partial: ended.partial,
            // a replicate that failed would fail again
            resumable: ended.partial && ended.fault.is_none() && ended.bug.is_none(),
            timing,
        };
        results::conclude(&folder, &settings, found, self.format)?;
        match (ended.fault, ended.bug) {
            (_, Some(bug)) => Err(Failure::Bug(bug)),
            (Some(fault), None) => Err(Failure::Scenario(fault)),
            (None, None) if ended.partial => Err(Failure::Interrupted),
            (None, None) => Ok(()),
        }
    }

    /// The rule by which each design stops early, where one was asked for.
    fn rules(&self, scenarios: &[Scenario]) -> Result<Vec<Rule>, Failure> {
        let Some(asked) = self.precision else { return Ok(Vec::new()) };
        scenarios.iter().map(|s| Rule::new(s, self.analysis.as_deref(), asked)).collect()
    }

    /// What was asked for, as it is kept with what it gave.
    fn settings(&self, text: &Text, scenarios: &[Scenario], rules: &[Rule]) -> Settings {
        Settings {
            set: self.source.set.clone(),
            null: self.source.null,
            variant: self.source.variant.clone(),
            n: self.source.n.clone(),
            designs: scenarios.iter().map(results::in_words).collect(),
            truth: !self.no_truth,
            replicates: self.replicates.clone(),
            truth_replicates: self.truth_replicates.clone(),
            precision: rules.first().map(|rule| (rule.name.clone(), rule.asked)),
            ..Settings::new(text.text.clone(), self.source.seed)
        }
    }

    /// What there is of this run, where it is to go on; else the folder is made ready for a new one.
    fn saved(&self, folder: &Path, settings: &Settings) -> Result<Earlier, Failure> {
        let earlier = store::left_unfinished(folder);
        if !self.resume {
            let replicates = |(_, designs): &(Settings, Vec<Unfinished>)| -> u64 {
                designs.iter().map(|d| d.design.summary.replicates()).sum()
            };
            // what cannot be read is overwritten without a word
            let lost = earlier.ok().flatten().as_ref().map_or(0, replicates);
            if lost > 0 {
                note(&format!(
                    "overwriting the unfinished run in {} ({lost} replicates were saved); --resume goes on with one",
                    folder.display()
                ));
            }
            store::begin(folder, settings)?;
            return Ok(Earlier::Unfinished(Vec::new()));
        }
        let (before, saved) = match earlier? {
            Some((before, designs)) => (before, Earlier::Unfinished(designs)),
            None => match store::sums(folder)? {
                Some(sums) if sums.is_whole() => (sums.run, Earlier::Finished),
                _ => {
                    note(&format!("nothing was saved in {}: the run starts at its beginning", folder.display()));
                    store::begin(folder, settings)?;
                    return Ok(Earlier::Unfinished(Vec::new()));
                }
            },
        };
        let mut differences = settings.differences(&before);
        for (what, mine, other) in [
            ("--replicates", &settings.replicates, &before.replicates),
            ("--truth-replicates", &settings.truth_replicates, &before.truth_replicates),
        ] {
            if mine != other {
                let shown = |r: &Range<u64>| format!("{}..{}", r.start, r.end);
                differences.push(format!("{what} {}, not {}", shown(other), shown(mine)));
            }
        }
        if differences.is_empty() {
            return Ok(saved);
        }
        Err(Failure::Scenario(format!(
            "error: the run in {} is another one and cannot be resumed by this command; it has\n{}",
            folder.display(),
            differences.iter().map(|d| format!("  · {d}")).collect::<Vec<_>>().join("\n")
        )))
    }

    /// What to say of a run that had come to its end.
    fn finished(&self, folder: &Path) -> Result<(), Failure> {
        note(&format!("the run in {} had come to its end: nothing is left to do", folder.display()));
        if self.format == Format::Json {
            let path = folder.join("result.json");
            return print(&std::fs::read_to_string(&path).map_err(|e| Error::read(&path, e))?);
        }
        Ok(())
    }

    fn designs(&self, carry: &Carry<'_, '_>, folder: &Path, saved: Vec<Unfinished>) -> Result<Ended, Failure> {
        let mut all = Ended::default();
        let (mut patients, mut trials) = (0.0, 0.0);
        let mut part = saved.iter().flat_map(|s| &s.parts).max().map_or(0, |last| last + 1);
        let mut saved = saved.into_iter();
        for (design, protocol) in carry.protocols.iter().enumerate() {
            let mut store = Store::new(protocol, folder, part).saving(design);
            if let Some(saved) = saved.next() {
                let more = saved.design.replicates.as_ref().is_none_or(|r| r.end < self.replicates.end);
                store = store.resume(saved, more)?;
            }
            let rule = carry.rules.get(design);
            let ended = self.design(carry, protocol, rule, &mut store)?;
            part = store.finish()?;
            all.parts.extend_from_slice(store.parts());
            let summary = store.summary();
            if summary.replicates() > 0 {
                let mut back = |a: usize, targets| store.look_back(a, targets);
                let mut design = summary.design(protocol, store.tables(), &mut back)?;
                if self.source.null {
                    type_one::judge(protocol, &mut design);
                }
                design.precision = rule.map(|rule| rule.result(summary));
                all.designs.push(design);
            }
            patients += summary.patients() * ended.replicates as f64;
            trials += ended.replicates as f64;
            all.timing.simulation_seconds += ended.simulating;
            all.timing.truth_seconds += ended.truth;
            if let Some((replicate, fault)) = &ended.fault {
                all.fault = Some(fault_report(protocol, *replicate, fault, carry.text));
            }
            if let Some((replicate, message)) = &ended.panic {
                let bug = panic_report(&self.source, protocol.scenario, *replicate, message);
                all.bug = Some(format!("{bug}\nEverything before it is kept in {}.", folder.display()));
            }
            if !ended.whole {
                all.partial = true;
                break;
            }
        }
        all.timing.patients_per_second = rate(patients, all.timing.simulation_seconds);
        all.timing.trials_per_second = rate(trials, all.timing.simulation_seconds);
        Ok(all)
    }

    /// Carries out what is left of a design: at once, or from look to look.
    fn design(
        &self,
        carry: &Carry<'_, '_>,
        protocol: &Protocol<'_>,
        rule: Option<&Rule>,
        store: &mut Store<'_, '_>,
    ) -> Result<EndedDesign, Failure> {
        let mut all = EndedDesign { whole: true, ..EndedDesign::default() };
        let Range { start, end } = self.replicates;
        let truth_end = TRUTH_REPLICATES + self.truth_replicates.end;
        loop {
            let from = store.next().unwrap_or(start);
            let until = match rule {
                Some(rule) if rule.stops(from - start, store.summary()) => from,
                Some(rule) => end.min(start + rule.next_look(from - start)),
                None => end,
            };
            let last = until == end || until == from;
            let truth_from = store.next_truth().unwrap_or(TRUTH_REPLICATES + self.truth_replicates.start);
            let truth = if last { truth_from..truth_end } else { 0..0 };
            if from == until && (truth.is_empty() || self.no_truth) {
                return Ok(all);
            }
            let plan = Plan {
                replicates: from..until,
                truth: !self.no_truth,
                truth_replicates: count(&truth),
                pool: carry.pool,
                stop: carry.stop,
                done: carry.done,
            };
            let ended = run::run_with_truth(protocol, &plan, truth.clone(), store)?;
            store.keep(&ended.tables);
            all.replicates += ended.replicates;
            all.simulating += ended.simulating;
            all.truth += ended.truth;
            all.whole = ended.replicates == until - from && (self.no_truth || ended.truth_replicates == count(&truth));
            all.fault = ended.fault;
            all.panic = ended.panic;
            if !all.whole || last {
                return Ok(all);
            }
        }
    }
}

/// What there is of a run that is to be resumed.
enum Earlier {
    /// All of it.
    Finished,
    /// These designs, as far as they go.
    Unfinished(Vec<Unfinished>),
}

/// What carries all designs out.
struct Carry<'a, 's> {
    protocols: &'a [Protocol<'s>],
    rules: &'a [Rule],
    pool: &'a rayon::ThreadPool,
    stop: &'a AtomicBool,
    done: &'a AtomicU64,
    text: &'a Text,
}

/// How the designs ended.
#[derive(Debug, Default)]
struct Ended {
    designs: Vec<Design>,
    parts: Vec<usize>,
    partial: bool,
    fault: Option<String>,
    bug: Option<String>,
    timing: Timing,
}

/// How a design ended: what was done now, and whether nothing is left.
#[derive(Debug, Default)]
struct EndedDesign {
    replicates: u64,
    simulating: f64,
    truth: f64,
    whole: bool,
    fault: Option<(u64, crate::protocol::Fault)>,
    panic: Option<(u64, String)>,
}

fn count(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

fn rate(what: f64, seconds: f64) -> f64 {
    if seconds > 0.0 && what.is_finite() { what / seconds } else { 0.0 }
}

fn default_folder(scenario: &Path) -> PathBuf {
    let name = if scenario == Path::new("-") { Some("standard-input".as_ref()) } else { scenario.file_stem() };
    Path::new("output").join(name.unwrap_or_else(|| "scenario".as_ref()))
}

/// Makes the folder and sees that it can be written to, before anything is computed.
pub(super) fn open(folder: &Path) -> Result<(), Error> {
    output::folder(folder)?;
    output::probe(&folder.join("result.json"))
}

/// Ctrl-C asks the run to end; a second one ends the program.
pub(super) fn interruptible(stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    // where no handler can be set, Ctrl-C ends the program at once: parts on disk are kept
    let _ = ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

/// A progress bar on stderr, only on a terminal.
pub(super) struct Progress {
    ending: Arc<AtomicBool>,
    /// What is drawn; messages may be given to it.
    pub(super) bar: indicatif::ProgressBar,
    thread: Option<std::thread::JoinHandle<()>>,
}

pub(super) fn progress(total: u64, done: &Arc<AtomicU64>) -> Progress {
    drawn(total, done, "{bar:40} {pos}/{len} trials  {per_sec}  {eta} left")
}

/// A progress bar of trials of which there are `most`, with what is known so far as the bar's message.
pub(super) fn progress_to(most: u64, done: &Arc<AtomicU64>) -> Progress {
    drawn(most, done, "{bar:40} {pos} trials of {len} at most  {per_sec}  {msg}")
}

fn drawn(total: u64, done: &Arc<AtomicU64>, template: &str) -> Progress {
    let ending = Arc::new(AtomicBool::new(false));
    let bar = indicatif::ProgressBar::with_draw_target(Some(total), indicatif::ProgressDrawTarget::stderr());
    if bar.is_hidden() {
        return Progress { ending, bar, thread: None };
    }
    if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let (end, done, shown) = (Arc::clone(&ending), Arc::clone(done), bar.clone());
    let thread = std::thread::spawn(move || {
        while !end.load(Ordering::Relaxed) {
            shown.set_position(done.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(100));
        }
        shown.finish_and_clear();
    });
    Progress { ending, bar, thread: Some(thread) }
}

impl Progress {
    pub(super) fn finish(self) {
        self.ending.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread {
            // the thread only sleeps and draws; its panic would lose nothing
            let _ = thread.join();
        }
    }
}
