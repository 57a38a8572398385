//! `patency run`: what a design is worth.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::shared::{Source, Text, fault_report, pool};
use super::{Failure, print};
use crate::Error;
use crate::clock::Stopwatch;
use crate::protocol::{Protocol, Wanted};
use crate::report;
use crate::result::{Design, RunResult, Timing};
use crate::run::{self, Plan};
use crate::store::{self, Store};
use crate::type_one;

pub(super) const EXAMPLES: &str = "Examples:
  patency run scenarios/defiance.toml                        the design as written, 10,000 trials
  patency run scenarios/defiance.toml --variant all          every world of the file in one table
  patency run scenarios/defiance.toml --n 300,578            two sizes on the same patients
  patency run scenarios/defiance.toml --null                 type I error of every analysis: parameters at their null values
  patency run scenarios/defiance.toml --format json          result.json on standard output";

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// An aligned table
    Text,
    /// The content of result.json
    Json,
    /// One line a design and analysis
    Csv,
}

#[derive(Debug, clap::Args)]
pub struct Run {
    #[command(flatten)]
    source: Source,
    /// Trials to simulate for each variant and size
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    replicates: u64,
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
    #[arg(long, default_value_t = 0, conflicts_with = "no_truth", value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    truth_replicates: u64,
    /// A grid is asked of `patency sweep`
    #[arg(long, hide = true, value_name = "NAME=from:to:step")]
    sweep: Vec<String>,
    /// Leave out true values and limits: no bias, no coverage, less time
    #[arg(long)]
    no_truth: bool,
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
        let protocols: Vec<Protocol<'_>> =
            scenarios.iter().map(|s| Protocol::compile(s, self.source.seed, Wanted::Analyses)).collect();
        for protocol in &protocols {
            self.source.pilot(protocol, &text)?;
        }
        let folder = self.out.clone().unwrap_or_else(|| default_folder(&self.source.scenario));
        open(&folder)?;
        let pool = pool(self.threads.map(usize::from))?;

        let stop = Arc::new(AtomicBool::new(false));
        interruptible(&stop);
        let done = Arc::new(AtomicU64::new(0));
        let bar = progress((self.replicates + self.truth_replicates) * protocols.len() as u64, &done);
        let ended = self.designs(&protocols, &folder, &pool, &stop, &done, &text);
        bar.finish();
        let ended = ended?;

        let mut timing = ended.timing;
        timing.seconds = watch.seconds();
        timing.threads = pool.current_num_threads();
        let result = RunResult {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            title: scenarios.first().map(|s| s.title.clone()).unwrap_or_default(),
            scenario: text.text,
            set: self.source.set.clone(),
            null: self.source.null,
            seed: self.source.seed,
            replicates: self.replicates,
            truth_replicates: self.truth_replicates,
            partial: ended.partial,
            designs: ended.designs,
            timing,
        };
        let json = format!("{}\n", serde_json::to_string_pretty(&result).unwrap_or_default());
        let path = folder.join("result.json");
        std::fs::write(&path, &json).map_err(|e| Error::write(&path, e))?;
        match self.format {
            Format::Text => print(&format!("{}Results in {}\n", report::text::render(&result), folder.display()))?,
            Format::Json => print(&json)?,
            Format::Csv => print(&report::csv::render(&result))?,
        }
        match (ended.fault, ended.bug) {
            (_, Some(bug)) => Err(Failure::Bug(bug)),
            (Some(fault), None) => Err(Failure::Scenario(fault)),
            (None, None) if ended.partial => Err(Failure::Interrupted),
            (None, None) => Ok(()),
        }
    }

    fn designs(
        &self,
        protocols: &[Protocol<'_>],
        folder: &Path,
        pool: &rayon::ThreadPool,
        stop: &AtomicBool,
        done: &AtomicU64,
        text: &Text,
    ) -> Result<Ended, Failure> {
        let mut all = Ended::default();
        let mut patients = 0.0;
        let mut trials = 0.0;
        let mut part = 0;
        for protocol in protocols {
            let mut store = Store::new(protocol, folder, part);
            let plan = Plan {
                replicates: 0..self.replicates,
                truth: !self.no_truth,
                truth_replicates: self.truth_replicates,
                pool,
                stop,
                done,
            };
            let ended = run::run(protocol, &plan, &mut store)?;
            part = store.close()?;
            let summary = store.summary();
            if ended.replicates > 0 {
                let mut back = |a: usize, targets| store.look_back(a, targets);
                let mut design = summary.design(protocol, &ended.tables, &mut back)?;
                if self.source.null {
                    type_one::judge(protocol, &mut design);
                }
                all.designs.push(design);
            }
            patients += summary.patients() * ended.replicates as f64;
            trials += ended.replicates as f64;
            all.timing.simulation_seconds += ended.simulating;
            all.timing.truth_seconds += ended.truth;
            if let Some((replicate, fault)) = &ended.fault {
                all.fault = Some(fault_report(protocol, *replicate, fault, text));
            }
            if let Some((replicate, message)) = &ended.panic {
                let again = self.source.replay(protocol.scenario, *replicate, self.truth_replicates);
                all.bug = Some(format!(
                    "error: replicate {replicate} ended in a panic, a mistake in patency itself: {message}\n{again}\n\
                     Everything before it is kept in {}.",
                    folder.display()
                ));
            }
            if ended.replicates < self.replicates || ended.truth_replicates < self.truth_replicates {
                all.partial = true;
                break;
            }
        }
        store::join(folder, part)?;
        all.timing.patients_per_second = rate(patients, all.timing.simulation_seconds);
        all.timing.trials_per_second = rate(trials, all.timing.simulation_seconds);
        Ok(all)
    }
}

/// How the designs ended.
#[derive(Debug, Default)]
struct Ended {
    designs: Vec<Design>,
    partial: bool,
    fault: Option<String>,
    bug: Option<String>,
    timing: Timing,
}

fn rate(what: f64, seconds: f64) -> f64 {
    if seconds > 0.0 && what.is_finite() { what / seconds } else { 0.0 }
}

fn default_folder(scenario: &Path) -> PathBuf {
    let name = if scenario == Path::new("-") { Some("standard-input".as_ref()) } else { scenario.file_stem() };
    Path::new("output").join(name.unwrap_or_else(|| "scenario".as_ref()))
}

/// Makes the folder and sees that it can be written to, before anything is computed.
fn open(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
    store::remove_parts(folder)?;
    let probe = folder.join("result.json");
    match std::fs::File::create_new(&probe) {
        // a run that fails leaves no empty result behind
        Ok(_) => std::fs::remove_file(&probe),
        Err(_) => std::fs::OpenOptions::new().append(true).open(&probe).map(|_| ()),
    }
    .map_err(|e| Error::write(&probe, e))
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
    thread: Option<std::thread::JoinHandle<()>>,
}

pub(super) fn progress(total: u64, done: &Arc<AtomicU64>) -> Progress {
    let ending = Arc::new(AtomicBool::new(false));
    let bar = indicatif::ProgressBar::with_draw_target(Some(total), indicatif::ProgressDrawTarget::stderr());
    if bar.is_hidden() {
        return Progress { ending, thread: None };
    }
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:40} {pos}/{len} trials  {per_sec}  {eta} left") {
        bar.set_style(style);
    }
    let (end, done) = (Arc::clone(&ending), Arc::clone(done));
    let thread = std::thread::spawn(move || {
        while !end.load(Ordering::Relaxed) {
            bar.set_position(done.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(100));
        }
        bar.finish_and_clear();
    });
    Progress { ending, thread: Some(thread) }
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
