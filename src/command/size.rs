//! `patency size`: how many patients, or which value of a parameter.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::run::interruptible;
use super::shared::{Source, Text, fault_report, pool};
use super::{Failure, print};
use crate::Error;
use crate::analysis::Decision;
use crate::clock::Stopwatch;
use crate::compare::Paired;
use crate::math::special::normal_quantile;
use crate::protocol::{Protocol, Wanted};
use crate::report;
use crate::result::Timing;
use crate::result::size::{Answer, Formula, Point, SizeResult, Work};
use crate::run::{self, Batch, Fold, Plan};
use crate::scenario::Scenario;
use crate::size::{Axis, Found, Search, Verdict};

pub(super) const EXAMPLES: &str = "Examples:
  patency size scenarios/defiance.toml --power 0.9
  patency size scenarios/defiance.toml --analysis any-pts --within 4%
  patency size trial.toml --solve hr --min 0.5 --max 0.95 --step 0.01     the largest hazard ratio that n patients can detect

The answer is the smallest size of a grid from which on power is at least the target at every larger size, with an interval that holds
at 95 % whenever the search ends, without assuming that power rises with n.";

/// Replicates of the first guess.
const GUESS: u64 = 512;
/// Replicates of the first round of a size, and how many more a later round takes of what the size has.
const ROUND: u64 = 256;
/// Replicates for the planning formula's ingredients.
const FORMULA: u64 = 1_024;
/// Most sizes of a grid that is not asked about.
const MOST_SIZES: usize = 100_000;

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The answer and the power curve
    Text,
    /// Everything
    Json,
}

#[derive(Debug, clap::Args)]
pub struct Size {
    /// Scenario file (TOML); `-` reads standard input
    scenario: PathBuf,
    /// Analysis whose power counts; the primary one where not given
    #[arg(long, value_name = "NAME")]
    analysis: Option<String>,
    /// Power asked for
    #[arg(long, default_value_t = 0.9, value_parser = open_probability)]
    power: f64,
    /// How near: the interval's ends lie this far from the answer, or nearer
    #[arg(long, default_value = "2%", value_parser = share)]
    within: f64,
    /// Variant
    #[arg(long, default_value = "base", value_name = "NAME")]
    variant: String,
    /// Override a parameter; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Solve for a parameter at the scenario's size (or --n) instead of for the size; needs --min, --max and --step
    #[arg(long, value_name = "NAME", requires_all = ["min", "max", "step"])]
    solve: Option<String>,
    /// Patients, where a parameter is solved for
    #[arg(long, requires = "solve", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    n: Option<u32>,
    /// Smallest size of the grid; half the first guess where not given
    #[arg(long, allow_negative_numbers = true)]
    min: Option<f64>,
    /// Largest size of the grid; twice the first guess where not given
    #[arg(long, allow_negative_numbers = true)]
    max: Option<f64>,
    /// Distance of the grid's sizes; a multiple of the smallest block near `within` where not given
    #[arg(long)]
    step: Option<f64>,
    /// Most replicates of a size
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(ROUND..=100_000_000))]
    replicates: u64,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; all cores where not given
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// File for the result as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn open_probability(text: &str) -> Result<f64, String> {
    let x = share(text)?;
    if x > 0.0 && x < 1.0 {
        Ok(x)
    } else if x == 1.0 {
        Err("no trial of a finite size has a power of 1; ask for 0.99, say".to_owned())
    } else {
        Err("a probability between 0 and 1, as 0.9 or 90%".to_owned())
    }
}

fn share(text: &str) -> Result<f64, String> {
    let (number, factor) = text.strip_suffix('%').map_or((text, 1.0), |t| (t, 0.01));
    match number.trim().parse::<f64>() {
        Ok(x) if x > 0.0 && x * factor <= 1.0 => Ok(x * factor),
        _ => Err("a share above 0 and not above 1, as 0.02 or 2%".to_owned()),
    }
}

/// Counts rejections in favour of the only analysis, and what it took.
#[derive(Debug, Default)]
struct Tally {
    favour: u64,
    replicates: u64,
    patients: u64,
    /// Sum of the statistics on the normal scale, from the one-sided p-values.
    drift: f64,
    tail: f64,
    two_sided: bool,
}

impl Fold for Tally {
    fn fold(&mut self, batch: &Batch) -> Result<(), Error> {
        for (row, trial) in batch.rows.iter().zip(&batch.trials) {
            self.replicates += 1;
            self.patients += u64::from(trial.enrolled);
            let e = &row.estimate;
            self.favour += u64::from(e.decision(self.tail, self.two_sided) == Decision::Favour);
            if e.p.is_finite() {
                self.drift -= normal_quantile(e.p.clamp(1e-12, 1.0 - 1e-12));
            }
        }
        Ok(())
    }
}

/// What carries the trials of the search out.
struct Runner<'a> {
    of: &'a Size,
    source: &'a Source,
    text: &'a Text,
    scenario: Scenario,
    pool: rayon::ThreadPool,
    stop: Arc<AtomicBool>,
    work: Work,
    timing: Timing,
}

impl Runner<'_> {
    /// The trial at a value of what is solved for.
    fn at(&mut self, value: f64) -> Result<(), Failure> {
        match &self.of.solve {
            None => self.scenario.n = value as usize,
            Some(name) => {
                let mut source = self.source.clone();
                source.set.push(format!("{name}={value}"));
                self.scenario = one(&source, self.text, self.of.analysis.as_ref())?;
            }
        }
        Ok(())
    }

    fn run(
        &mut self,
        replicates: std::ops::Range<u64>,
        truth: bool,
        fold: &mut dyn Fold,
    ) -> Result<run::Ended, Failure> {
        let protocol = Protocol::compile(&self.scenario, self.of.seed, Wanted::Analyses);
        let done = AtomicU64::new(0);
        let plan = Plan { replicates, truth, truth_replicates: 0, pool: &self.pool, stop: &self.stop, done: &done };
        let ended = run::run(&protocol, &plan, fold)?;
        self.timing.simulation_seconds += ended.simulating;
        self.timing.truth_seconds += ended.truth;
        if let Some((k, fault)) = &ended.fault {
            return Err(Failure::Scenario(fault_report(&protocol, *k, fault, self.text)));
        }
        if let Some((k, message)) = &ended.panic {
            let again = self.source.replay(&self.scenario, *k);
            return Err(Failure::Bug(format!(
                "error: replicate {k} ended in a panic, a mistake in patency itself: {message}\n{again}"
            )));
        }
        Ok(ended)
    }

    fn tally(&mut self, value: f64, replicates: std::ops::Range<u64>) -> Result<Tally, Failure> {
        self.at(value)?;
        let plan = &self.scenario.analyses[0];
        let (sides, alpha) = (plan.sides, plan.alpha);
        let mut tally = Tally { tail: alpha / f64::from(sides), two_sided: sides == 2, ..Tally::default() };
        self.run(replicates, false, &mut tally)?;
        self.work.trials += tally.replicates;
        self.work.patients += tally.patients;
        Ok(tally)
    }

    /// A size from the drift of the statistic at another: it grows with the root of n.
    fn guess(&mut self) -> Result<f64, Failure> {
        let mut n = self.scenario.n as f64;
        for _ in 0..2 {
            let tally = self.tally(n, 0..GUESS)?;
            let drift = tally.drift / tally.replicates.max(1) as f64;
            let tail = tally.tail;
            if drift < 0.05 {
                // no effect in favour to be seen: look far
                return Ok((20.0 * n).min(1e6));
            }
            let wanted = normal_quantile(self.of.power) - normal_quantile(tail);
            n = (n * (wanted / drift).powi(2)).clamp(self.unit(), 1e6).ceil();
        }
        Ok(n)
    }

    /// The smallest number of patients by which a trial can grow without leaving a block unfinished: the sum of the ratios.
    fn unit(&self) -> f64 {
        self.scenario.arms.iter().map(|a| f64::from(a.ratio)).sum()
    }

    /// The grid, and what it is of.
    fn grid(&mut self) -> Result<Search, Failure> {
        let of = self.of;
        let refuse = |why: String| Failure::Scenario(format!("error: {why}"));
        if let (Some(name), Some(min), Some(max), Some(step)) = (&of.solve, of.min, of.max, of.step) {
            if !(step > 0.0 && max > min && ((max - min) / step) < MOST_SIZES as f64) {
                return Err(refuse(format!(
                    "--min {min}, --max {max} and --step {step} of `{name}` make no grid of 2 to {MOST_SIZES} values"
                )));
            }
            let mut values: Vec<f64> =
                (0..).map(|k| min + f64::from(k) * step).take_while(|&x| x <= max + 1e-9 * step).collect();
            let [low, high] = [min, max].map(|x| self.tally(x, 0..GUESS));
            let axis = if low?.favour > high?.favour { Axis::Falling } else { Axis::Rising };
            if axis == Axis::Falling {
                values.reverse();
            }
            let middle = values[values.len() / 2];
            return Ok(Search::new(axis, values, of.power, 0.05, middle));
        }
        let unit = self.unit();
        let guess = if of.min.is_some() && of.max.is_some() { 0.0 } else { self.guess()? };
        let snapped = |x: f64| (x / unit).round().max(1.0) * unit;
        let min = snapped(of.min.unwrap_or(0.5 * guess));
        let max = snapped(of.max.unwrap_or((2.0 * guess).min(1e6)));
        let middle = if guess > 0.0 { guess } else { 0.5 * (min + max) };
        let step = snapped(of.step.unwrap_or(0.5 * of.within * middle));
        let count = ((max - min) / step).floor() + 1.0;
        if max <= min || count > MOST_SIZES as f64 {
            return Err(refuse(format!(
                "sizes from {min} to {max} in steps of {step} make no grid of 2 to {MOST_SIZES} sizes; the smallest step is {unit}, the sum of the arms' ratios"
            )));
        }
        let sizes: Vec<f64> = (0..count as usize).map(|k| min + k as f64 * step).collect();
        Ok(Search::new(Axis::Size, sizes, of.power, 0.05, middle))
    }

    /// Looks until the interval is as narrow as asked or the replicates are used up; why it ended.
    fn search(&mut self, search: &mut Search) -> Result<&'static str, Failure> {
        loop {
            if search.settled(self.of.within) {
                return Ok("settled");
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok("interrupted");
            }
            let mut looked = false;
            for i in search.next(self.of.within) {
                let had = search.cells[i].replicates;
                let more = (had / 3)
                    .next_multiple_of(ROUND)
                    .clamp(ROUND, 16_384)
                    .min(self.of.replicates - had.min(self.of.replicates));
                if more == 0 || self.stop.load(Ordering::Relaxed) {
                    continue;
                }
                let tally = self.tally(search.sizes[i], had..had + more)?;
                search.add(i, tally.favour, tally.replicates);
                looked |= tally.replicates > 0;
            }
            if !looked {
                let stopped = self.stop.load(Ordering::Relaxed);
                return Ok(if stopped { "interrupted" } else { "replicates used up" });
            }
        }
    }

    /// The planning formula's size: its power at the point estimate, taken to the target by the normal approximation behind all of them.
    fn formula(&mut self, n: f64) -> Result<Option<Formula>, Failure> {
        if self.of.solve.is_some() || self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.at(n)?;
        let protocol = Protocol::compile(&self.scenario, self.of.seed, Wanted::Analyses);
        let done = AtomicU64::new(0);
        let plan = Plan {
            replicates: 0..FORMULA,
            truth: true,
            truth_replicates: 0,
            pool: &self.pool,
            stop: &self.stop,
            done: &done,
        };
        let mut paired = Paired::new(&protocol);
        let ended = run::run(&protocol, &plan, &mut paired)?;
        self.timing.truth_seconds += ended.truth + ended.simulating;
        let design = paired.design(&ended.tables)?;
        let tail = protocol.analyses[0].rule.tail();
        Ok(design.analyses.into_iter().next().and_then(|a| a.planning).and_then(|planning| {
            let drift = normal_quantile(planning.power) - normal_quantile(tail);
            let wanted = normal_quantile(self.of.power) - normal_quantile(tail);
            let size = n * (wanted / drift).powi(2);
            (drift > 0.0 && size.is_finite()).then(|| Formula { n: size.ceil(), at_estimate: planning })
        }))
    }
}

/// The scenario with the analysis asked for alone.
fn one(source: &Source, text: &Text, analysis: Option<&String>) -> Result<Scenario, Failure> {
    let mut scenarios = source.scenarios(text)?;
    let Some(mut scenario) = scenarios.pop().filter(|_| scenarios.is_empty()) else {
        return Err(Failure::Scenario("error: a size is of one variant".to_owned()));
    };
    let names: Vec<String> = analysis.cloned().into_iter().collect();
    scenario.keep_analyses(&names).map_err(Failure::Scenario)?;
    if scenario.analyses.len() > 1 {
        let names: Vec<String> = scenario.analyses.iter().map(|a| format!("`{}`", a.name)).collect();
        return Err(Failure::Scenario(format!(
            "error: which analysis? add --analysis with one of {}",
            names.join(", ")
        )));
    }
    Ok(scenario)
}

impl Size {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        let source = Source {
            scenario: self.scenario.clone(),
            variant: self.variant.clone(),
            set: self.set.clone(),
            null: false,
            n: self.n.into_iter().collect(),
            seed: self.seed,
        };
        let text = source.text()?;
        let first = match (&self.solve, self.min) {
            (Some(name), Some(min)) => {
                let mut source = source.clone();
                source.set.push(format!("{name}={min}"));
                one(&source, &text, self.analysis.as_ref())?
            }
            _ => one(&source, &text, self.analysis.as_ref())?,
        };
        let protocol = Protocol::compile(&first, self.seed, Wanted::Analyses);
        source.pilot(&protocol, &text)?;
        drop(protocol);
        let stop = Arc::new(AtomicBool::new(false));
        interruptible(&stop);
        let pool = pool(self.threads.map(usize::from))?;
        let threads = pool.current_num_threads();
        let mut runner = Runner {
            of: &self,
            source: &source,
            text: &text,
            scenario: first,
            pool,
            stop,
            work: Work::default(),
            timing: Timing { threads, ..Timing::default() },
        };
        let mut search = runner.grid()?;
        let ended = runner.search(&mut search)?;
        let result = self.result(&mut runner, &search, ended, &watch)?;
        let json = format!("{}\n", serde_json::to_string_pretty(&result).unwrap_or_default());
        if let Some(path) = &self.out {
            std::fs::write(path, &json).map_err(|e| Error::write(path, e))?;
        }
        match self.format {
            Format::Text => print(&report::size::text(&result))?,
            Format::Json => print(&json)?,
        }
        if ended == "interrupted" { Err(Failure::Interrupted) } else { Ok(()) }
    }

    fn result(
        &self,
        runner: &mut Runner<'_>,
        search: &Search,
        ended: &'static str,
        watch: &Stopwatch,
    ) -> Result<SizeResult, Failure> {
        let Found { below, enough } = search.found();
        let crossing = search.crossing();
        // the first of the grid from the crossing on, as power is expected to rise, and not outside the interval
        let before = |x: f64| if search.axis == Axis::Falling { x > crossing } else { x < crossing };
        let reached = search.fitted(search.sizes[search.sizes.len() - 1]).is_none_or(|p| p >= self.power);
        let point = search.sizes.iter().position(|&x| !before(x)).filter(|_| reached || enough.is_some());
        let point = point.map(|i| i.max(below.map_or(0, |b| b + 1)).min(enough.unwrap_or(usize::MAX)));
        let n = point.and_then(|i| search.sizes.get(i)).copied();
        let planning = match n {
            Some(n) => runner.formula(n)?,
            None => None,
        };
        let seen = search.cells.iter().enumerate().filter(|(_, c)| c.replicates > 0);
        let curve = seen
            .map(|(i, cell)| Point {
                size: search.sizes[i],
                replicates: cell.replicates,
                power: cell.successes as f64 / cell.replicates as f64,
                interval: search.bounds(i),
                fitted: search.fitted(search.sizes[i]),
                verdict: match search.verdict(i) {
                    Verdict::Enough => "enough",
                    Verdict::TooLittle => "too little",
                    Verdict::Open => "open",
                },
            })
            .collect();
        let mut timing = runner.timing.clone();
        timing.seconds = watch.seconds();
        timing.trials_per_second = runner.work.trials as f64 / timing.simulation_seconds.max(1e-9);
        timing.patients_per_second = runner.work.patients as f64 / timing.simulation_seconds.max(1e-9);
        Ok(SizeResult {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            title: runner.scenario.title.clone(),
            variant: runner.scenario.variant.clone(),
            scenario: runner.text.text.clone(),
            set: self.set.clone(),
            seed: self.seed,
            analysis: runner.scenario.analyses[0].name.clone(),
            accrual: runner.scenario.accrual_words(),
            solved: self.solve.clone().unwrap_or_else(|| "n".to_owned()),
            power: self.power,
            confidence: 0.95,
            size: Answer {
                n,
                fitted: n.and_then(|n| search.fitted(n)),
                interval: [below.map(|i| search.sizes[i]), enough.map(|i| search.sizes[i])],
            },
            curve,
            grid: search.sizes.len(),
            ended,
            reversal: search.reversals().map(|r| r.map(|i| search.sizes[i])),
            planning,
            work: runner.work,
            timing,
        })
    }
}
