//! `patency size`: how many patients, how many events, or which value of a parameter.

mod formula;
mod question;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::run::{interruptible, progress_to};
use super::shared::{Source, Text, fault_report, pool};
use super::{Failure, output};
use crate::clock::Stopwatch;
use crate::expr::nearest;
use crate::protocol::{Protocol, Wanted};
use crate::report;
use crate::result::Timing;
use crate::result::multiplicity::row_name;
use crate::result::size::{Answer, Point, SizeResult, Work};
use crate::scenario::Scenario;
use crate::size::ladder::{Effort, Halt, Ladder, Success};
use crate::size::{Axis, Found, Search, Verdict};
use formula::{Planned, formula};
use question::{Asked, Of};

pub(super) const EXAMPLES: &str = "Examples:
  patency size scenarios/defiance.toml --power 0.9
  patency size scenarios/defiance.toml --analysis any-pts --within 4%
  patency size trial.toml --analysis family:claims/all --power 0.8        after the family's adjustment for multiplicity
  patency size trial.toml --solve events                                  the events at which a trial of n patients may end
  patency size trial.toml --solve hr --min 0.5 --max 0.95 --step 0.01     the largest hazard ratio that n patients can detect

The answer is the smallest size of a grid from which on power is at least the target at every larger size, with an interval that holds
at 95 % whenever the search ends, without assuming that power rises with n. Every replicate is generated once, at the largest of the
sizes that are looked at, and analysed at each.";

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
    /// Analysis whose power counts, or of a family family:NAME/any, family:NAME/all, family:NAME/hypothesis:ANALYSIS; the primary
    /// analysis where not given
    #[arg(long, value_name = "NAME")]
    analysis: Option<String>,
    /// Power asked for
    #[arg(long, default_value_t = 0.9, value_parser = open_probability)]
    power: f64,
    /// How near: half of the interval's width as a share of its middle, at most
    #[arg(long, default_value = "2%", value_parser = share)]
    within: f64,
    /// Variant
    #[arg(long, default_value = "base", value_name = "NAME")]
    variant: String,
    /// Override a parameter; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Solve at the scenario's size (or --n) for a parameter, with --min, --max and --step, or for `events`, the number that ends the trial
    #[arg(long, value_name = "NAME|events")]
    solve: Option<String>,
    /// Patients, where a parameter or events are solved for
    #[arg(long, requires = "solve", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    n: Option<u32>,
    /// Smallest value of the grid, rounded up to a size that keeps the arms' ratio; half the first guess where not given
    #[arg(long, allow_negative_numbers = true)]
    min: Option<f64>,
    /// Largest value of the grid, rounded down likewise; twice the first guess where not given
    #[arg(long, allow_negative_numbers = true)]
    max: Option<f64>,
    /// Distance of the grid's sizes; where not given, a fraction of `within` near the first guess and ever more away from it
    #[arg(long)]
    step: Option<f64>,
    /// Most replicates of the search; those of the first guess come on top
    #[arg(long, default_value_t = 400_000, value_parser = clap::value_parser!(u64).range(256..=100_000_000))]
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
    /// File for the result as JSON; in a folder that is there, size.json
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// File for the power curve with its band, .csv or .parquet; in a folder that is there, curve.csv
    #[arg(long, value_name = "FILE")]
    curve: Option<PathBuf>,
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

/// The figures of a scenario's families that are shares of its trials: the name of their row, and what counts.
fn figures(scenario: &Scenario) -> impl Iterator<Item = (String, Success)> {
    scenario.multiplicity.iter().enumerate().flat_map(move |(family, plan)| {
        let whole = plan.hypotheses.iter().enumerate().fold(0, |set, (j, _)| set | 1 << j);
        let of = move |hypotheses, all| Success::Family { family, hypotheses, all };
        let each = plan.hypotheses.iter().enumerate().map(move |(j, &h)| {
            (row_name(&plan.name, "hypothesis", Some(&scenario.analyses[h].name)), of(1 << j, true))
        });
        let together = ["any", "all"].map(|figure| (row_name(&plan.name, figure, None), of(whole, figure == "all")));
        each.chain(together)
    })
}

/// What counts as a success, in a scenario that has been narrowed to it.
fn success(scenario: &Scenario, analysis: Option<&String>) -> Success {
    let named = |name: &String| figures(scenario).find(|(figure, _)| figure == name).map(|(_, success)| success);
    analysis.and_then(named).unwrap_or(Success::Analysis)
}

/// No family has this figure.
fn no_figure(name: &str, known: &[(String, Success)]) -> Failure {
    let known: Vec<&str> = known.iter().map(|(figure, _)| figure.as_str()).collect();
    if known.is_empty() {
        return Failure::Scenario(format!(
            "error: `{name}`: the scenario has no families of hypotheses ([[multiplicity]])"
        ));
    }
    let near =
        nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Failure::Scenario(format!("error: no power is called `{name}`{near}\nhelp: --analysis {}", known.join(", ")))
}

/// The scenario with the analysis asked for alone, or with the family.
fn one(source: &Source, text: &Text, analysis: Option<&String>) -> Result<Scenario, Failure> {
    let mut scenarios = source.scenarios(text)?;
    let Some(mut scenario) = scenarios.pop().filter(|_| scenarios.is_empty()) else {
        return Err(Failure::Scenario("error: a size is of one variant".to_owned()));
    };
    if let Some(name) = analysis.filter(|name| name.starts_with("family:")) {
        let known: Vec<(String, Success)> = figures(&scenario).collect();
        let Some((_, Success::Family { family, .. })) = known.iter().find(|(figure, _)| figure == name) else {
            return Err(no_figure(name, &known));
        };
        let family = format!("family:{}", scenario.multiplicity[*family].name);
        scenario.keep_rows(&[family]).map_err(Failure::Scenario)?;
        return Ok(scenario);
    }
    let names: Vec<String> = analysis.cloned().into_iter().collect();
    scenario.keep_analyses(&names).map_err(Failure::Scenario)?;
    // others are there for the rules that test them
    let names: Vec<String> = scenario.analyses.iter().filter(|a| a.shown).map(|a| format!("`{}`", a.name)).collect();
    if names.len() > 1 {
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
        let of = Of::new(&self, &source, &text)?;
        let mut scenario = of.scenario(&self, &source, &text)?;
        of.check(&self, &scenario)?;
        source.pilot(&Protocol::compile(&scenario, self.seed, Wanted::Analyses), &text)?;
        let files = self.files()?;
        let stop = Arc::new(AtomicBool::new(false));
        interruptible(&stop);
        let pool = pool(self.threads.map(usize::from))?;
        let done = Arc::new(AtomicU64::new(0));
        let bar = progress_to(self.replicates, &done);
        let asked = Asked {
            of: &self,
            source: &source,
            text: &text,
            pool: &pool,
            stop: &stop,
            done: &done,
            bar: bar.bar.clone(),
        };
        let mut effort = Effort::default();
        let found = match &of {
            Of::Patients | Of::Events => asked.size(&of, &scenario, &mut effort),
            Of::Parameter(name) => asked.parameter(name, &mut effort),
        };
        bar.finish();
        let found = found?;
        let mut timing = Timing { threads: pool.current_num_threads(), ..Timing::default() };
        let n = answer(&found.search, self.power);
        let planned = match (&of, n) {
            (Of::Patients, Some(n)) => {
                scenario.n = n as usize;
                formula(&mut scenario, &of, &asked, n, effort.patients, &mut timing)?
            }
            (Of::Events, Some(events)) => {
                scenario.cut.events = scenario.cut.events.map(|(_, endpoint)| (events as u32, endpoint));
                formula(&mut scenario, &of, &asked, events, effort.patients, &mut timing)?
            }
            _ => Planned::default(),
        };
        timing.seconds = watch.seconds();
        timing.simulation_seconds = effort.seconds;
        timing.trials_per_second = effort.replicates as f64 / effort.seconds.max(1e-9);
        timing.patients_per_second = effort.patients as f64 / effort.seconds.max(1e-9);
        let result = self.result(&of, &scenario, &text, &found, n, planned, (effort, timing));
        self.show(&result, &files)?;
        if found.ended == question::INTERRUPTED { Err(Failure::Interrupted) } else { Ok(()) }
    }

    /// Where the result and the curve go.
    fn files(&self) -> Result<[Option<PathBuf>; 2], Failure> {
        Ok([output::open(self.out.as_deref(), "size.json")?, output::open(self.curve.as_deref(), "curve.csv")?])
    }

    fn show(&self, result: &SizeResult, [out, curve]: &[Option<PathBuf>; 2]) -> Result<(), Failure> {
        let json = format!("{}\n", serde_json::to_string_pretty(result).unwrap_or_default());
        let shown = if self.format == Format::Json { json.clone() } else { report::size::text(result) };
        output::deliver(&shown, || {
            let written = out.as_ref().map_or(Ok(()), |path| output::write(path, &json));
            let saved = curve.as_ref().map_or(Ok(()), |path| output::table(&report::size::curve(result), path));
            written.and(saved)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "everything that the result is made of")]
    fn result(
        &self,
        of: &Of,
        scenario: &Scenario,
        text: &Text,
        found: &question::Search,
        n: Option<f64>,
        planned: Planned,
        (effort, timing): (Effort, Timing),
    ) -> SizeResult {
        let search = &found.search;
        let Found { below, enough } = search.found();
        let seen = search.cells.iter().zip(&found.reached).enumerate().filter(|(_, (c, _))| c.replicates > 0);
        let curve = seen
            .map(|(i, (cell, &reached))| Point {
                size: search.sizes[i],
                replicates: cell.replicates,
                power: cell.successes as f64 / cell.replicates as f64,
                interval: search.bounds(i),
                fitted: believable(search, i),
                reached: reached as f64 / cell.replicates as f64,
                verdict: match search.verdict(i) {
                    Verdict::Enough => "enough",
                    Verdict::TooLittle => "too little",
                    Verdict::Open => "open",
                },
            })
            .collect();
        SizeResult {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            title: scenario.title.clone(),
            variant: scenario.variant.clone(),
            scenario: text.text.clone(),
            set: self.set.clone(),
            seed: self.seed,
            analysis: match success(scenario, self.analysis.as_ref()) {
                Success::Analysis => scenario.analyses[0].name.clone(),
                Success::Family { .. } => self.analysis.clone().unwrap_or_default(),
            },
            accrual: of.accrual(scenario),
            solved: of.name().to_owned(),
            patients: (*of != Of::Patients).then_some(scenario.n),
            power: self.power,
            confidence: question::CONFIDENCE,
            within: self.within,
            size: Answer {
                n,
                power: n.and_then(|n| search.sizes.iter().position(|&x| x == n)).and_then(|i| believable(search, i)),
                interval: [below.map(|i| search.sizes[i]), enough.map(|i| search.sizes[i])],
            },
            curve,
            grid: search.sizes.clone(),
            unit: (*of == Of::Patients || *of == Of::Events).then(|| of.unit(scenario)),
            most: found.most,
            adjusted: found.adjusted.clone(),
            guess: found.guess,
            ended: found.ended,
            ceiling: scenario.cut.events.filter(|_| *of == Of::Patients).map(|(count, endpoint)| {
                format!(
                    "The trial ends at {count} events of `{}` whatever its size: more patients bring them sooner, not more power; --solve events looks for their number.",
                    scenario.endpoints[endpoint].name
                )
            }),
            reversal: search.reversals().map(|r| r.map(|i| search.sizes[i])),
            planning: planned.formula,
            no_planning: planned.none,
            work: Work {
                trials: effort.replicates,
                guess_trials: found.guess_trials,
                patients: effort.patients,
                analyses: effort.analyses,
                sorted_rows: effort.sorted,
            },
            timing,
        }
    }
}

/// Power by the fitted curve, where that does not contradict what was seen at the size itself.
fn believable(search: &Search, i: usize) -> Option<f64> {
    let [low, high] = search.bounds(i);
    search.fitted(search.sizes[i]).filter(|p| (low..=high).contains(p))
}

/// The point estimate: the first of the grid from the crossing on, as power is expected to rise, and not outside the interval.
fn answer(search: &Search, power: f64) -> Option<f64> {
    let Found { below, enough } = search.found();
    let crossing = search.crossing();
    let before = |x: f64| if search.axis == Axis::Falling { x > crossing } else { x < crossing };
    let reached = search.fitted(search.sizes[search.sizes.len() - 1]).is_none_or(|p| p >= power);
    let point = search.sizes.iter().position(|&x| !before(x)).filter(|_| reached || enough.is_some());
    let point = point.map(|i| i.max(below.map_or(0, |b| b + 1)).min(enough.unwrap_or(usize::MAX)));
    point.and_then(|i| search.sizes.get(i)).copied()
}
