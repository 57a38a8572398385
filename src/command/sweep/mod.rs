//! `patency sweep`: many worlds of one scenario, and what matters between them.

mod worlds;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::run::{interruptible, progress};
use super::shared::{Source, Text, pool, refused, undisturbed};
use super::{Failure, output};
use crate::clock::Stopwatch;
use crate::compare::difference_of;
use crate::protocol::{Protocol, Wanted};
use crate::report::sweep as report;
use crate::report::table::count;
use crate::result::Timing;
use crate::result::sweep::{Row, Sweep as Found};
use crate::run::{self, Plan};
use crate::scenario::{self, Declaration, Scenario};
use crate::sweep::{Axis, Ends, World, bar, order};
pub(super) use worlds::known;
use worlds::{Cell, Kind, Worlds, along, axes, in_cell};

pub(super) const EXAMPLES: &str = "Examples:
  patency sweep trial.toml --over hr=0.6:0.9:0.05 --over dropout=0.05,0.1,0.2      a grid, and its map
  patency sweep trial.toml                                                         the axes of the file: p = { value = [0.3, 0.4], … }
  patency sweep scenarios/defiance.toml --over loss_6=0.05:0.25:0.05 --n 300,400 --out grid.parquet
  patency sweep scenarios/defiance.toml --stress                                   worst, expected, best; then a tornado

All cells are the same patients: differences are paired. --stress needs parameters with
range = { pessimistic = …, optimistic = … }.";

/// Cells from which a grid is not run unasked.
const MANY_CELLS: u64 = 1_000;
/// Trials from which it is not.
const MANY_TRIALS: u64 = 100_000_000;
/// Replicates by which the cost of a grid is estimated.
const PILOT: u64 = 128;

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned tables and maps
    Text,
    /// Everything
    Json,
    /// One line a cell and analysis
    Csv,
}

#[derive(Debug, clap::Args)]
pub struct Sweep {
    #[command(flatten)]
    source: Source,
    /// Axis of the grid: a parameter and its values; may be repeated, and is crossed with the lists in the file
    #[arg(long, visible_alias = "sweep", value_name = "NAME=from:to:step|NAME=a,b,c", allow_hyphen_values = true)]
    over: Vec<String>,
    /// Parameters with a range instead: all at their pessimistic and optimistic ends, then one at a time in tornado order
    #[arg(long, conflicts_with = "over")]
    stress: bool,
    /// Analyses, families of hypotheses as family:NAME, separated by commas, or `all`; the primary one where not given
    #[arg(long, value_name = "NAMES|all", value_delimiter = ',')]
    analysis: Vec<String>,
    /// Trials to simulate in each cell
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    replicates: u64,
    /// Leave out true values and limits: no bias, no coverage, less time
    #[arg(long)]
    no_truth: bool,
    /// Threads; all cores where not given
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Run a large grid without asking
    #[arg(long)]
    yes: bool,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// File for the long table (.csv or .parquet) or the result (.json); in a folder that is there, sweep.csv
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What one cell left: its rows, and the decisions behind each, none behind a familywise error.
struct Done {
    rows: Vec<Row>,
    decisions: Vec<Vec<u8>>,
}

impl Sweep {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        let text = self.source.text()?;
        let worlds = self.worlds(&text)?;
        let sizes = self.source.sizes();
        let total =
            worlds.iter().fold(0_u64, |sum, w| sum.saturating_add(w.count())).saturating_mul(sizes.len() as u64);
        let pool = pool(self.threads.map(usize::from))?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut runner = Runner { of: &self, text: &text, pool, stop, done: Arc::default(), timing: Timing::default() };
        let trials = total.saturating_mul(self.replicates);
        if !self.yes && (total > MANY_CELLS || trials > MANY_TRIALS) {
            return Err(runner.cost(&worlds[0], total, trials)?);
        }
        let out = output::open(self.out.as_deref(), "sweep.csv")?;
        self.look_over(&worlds, &text)?;
        interruptible(&runner.stop);
        let mut found = self.empty(&worlds, &text);
        let bar = progress(trials, &runner.done);
        let ended = runner.all(&worlds, &sizes, &mut found);
        bar.finish();
        ended?;
        if found.rows.is_empty() {
            return Err(Failure::Interrupted);
        }
        order(&mut found.tornado);
        found.timing = runner.timing;
        found.timing.seconds = watch.seconds();
        self.show(&found, out.as_deref())?;
        if found.partial { Err(Failure::Interrupted) } else { Ok(()) }
    }

    fn show(&self, found: &Found, out: Option<&Path>) -> Result<(), Failure> {
        let json = || format!("{}\n", serde_json::to_string_pretty(found).unwrap_or_default());
        let csv = || {
            let mut bytes = Vec::new();
            // a vector takes everything
            let _ = report::table(found).csv(&mut bytes);
            String::from_utf8(bytes).unwrap_or_default()
        };
        let shown = match self.format {
            Format::Text => report::text(found),
            Format::Json => json(),
            Format::Csv => csv(),
        };
        output::deliver(&shown, || {
            let Some(path) = out else { return Ok(()) };
            let ends = |extension: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension));
            if ends("json") { output::write(path, json()) } else { output::table(&report::table(found), path) }
        })
    }

    fn empty(&self, worlds: &[Worlds], text: &Text) -> Found {
        let mut parameters: Vec<String> = Vec::new();
        for w in worlds {
            let names: Vec<&String> = match &w.kind {
                Kind::Grid(axes) => axes.iter().map(|a| &a.name).collect(),
                Kind::Stress(names) => names.iter().collect(),
            };
            for name in names {
                if !parameters.contains(name) {
                    parameters.push(name.clone());
                }
            }
        }
        Found {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            title: String::new(),
            scenario: text.text.clone(),
            set: self.source.set.clone(),
            null: self.source.null,
            seed: self.source.seed,
            replicates: self.replicates,
            partial: false,
            parameters,
            rows: Vec::new(),
            tornado: Vec::new(),
            timing: Timing::default(),
        }
    }

    /// The worlds of each variant.
    fn worlds(&self, text: &Text) -> Result<Vec<Worlds>, Failure> {
        let set = self.source.settings();
        let asked = axes(&self.over, &set)?;
        let mut all = Vec::new();
        for variant in self.source.variants(text)? {
            let declared = scenario::declarations(&text.text, Some(&variant)).map_err(|r| refused(r, text))?;
            known(&asked, &declared, text)?;
            let nulls = self.source.nulls(text, &variant)?;
            let free = |d: &&Declaration| !set.iter().any(|(name, _)| *name == d.name);
            let kind = if self.stress {
                let ranged = declared.iter().filter(free).filter(|d| d.range && !(self.source.null && d.null));
                Kind::Stress(ranged.map(|d| d.name.clone()).collect())
            } else {
                let listed = declared.iter().filter(free).filter(|d| !d.axis.is_empty());
                let listed = listed.filter(|d| !asked.iter().any(|a| a.name == d.name));
                let listed = listed.map(|d| Axis { name: d.name.clone(), values: d.axis.clone() });
                Kind::Grid(listed.chain(asked.iter().cloned()).collect())
            };
            all.push(Worlds { variant, nulls, kind });
        }
        let nothing = |w: &Worlds| match &w.kind {
            Kind::Grid(axes) => axes.is_empty(),
            Kind::Stress(names) => names.is_empty(),
        };
        if all.iter().all(nothing) {
            return Err(Failure::Scenario(
                if self.stress {
                    "error: no parameter declares how far it may lie from its value\nhelp: hr = { value = 0.8, range = { pessimistic = 0.9, optimistic = 0.7 }, source = \"…\" }"
                } else {
                    "error: nothing to sweep\nhelp: --over NAME=from:to:step, or a list as a parameter's value: p = { value = [0.3, 0.4], source = \"…\" }; --stress for ranges"
                }
                .to_owned(),
            ));
        }
        Ok(all)
    }

    /// Reads cells before anything runs: all of a grid of ordinary size, of a larger one some along each axis.
    fn look_over(&self, worlds: &[Worlds], text: &Text) -> Result<(), Failure> {
        let set = self.source.settings();
        let n = self.source.sizes().into_iter().next().flatten();
        for w in worlds {
            let looked: Vec<u64> = match &w.kind {
                Kind::Grid(axes) if w.count() > MANY_CELLS => along(axes),
                _ => (0..w.count()).collect(),
            };
            for k in looked {
                let cell = w.cell(k, &set);
                let options = scenario::Options {
                    variant: Some(&w.variant),
                    set: &cell.set,
                    n,
                    headers: None,
                    declared: &cell.declared,
                };
                scenario::read(&text.text, &options)
                    .map_err(|report| in_cell(refused(report, text), w, &cell, &set))?;
            }
        }
        Ok(())
    }
}

/// What carries the cells out.
struct Runner<'a> {
    of: &'a Sweep,
    text: &'a Text,
    pool: rayon::ThreadPool,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    timing: Timing,
}

impl Runner<'_> {
    /// All cells, and what lies between them.
    fn all(&mut self, worlds: &[Worlds], sizes: &[Option<usize>], found: &mut Found) -> Result<(), Failure> {
        let of = self.of;
        let set = of.source.settings();
        self.timing.threads = self.pool.current_num_threads();
        // by analysis, the decisions of the cell from which differences are taken
        let mut reference: Vec<(String, Vec<u8>)> = Vec::new();
        for w in worlds {
            for &n in sizes {
                if matches!(w.kind, Kind::Stress(_)) {
                    reference.clear();
                }
                let mut expected: Vec<Row> = Vec::new();
                let mut end: Option<Done> = None;
                for k in 0..w.count() {
                    let cell = w.cell(k, &set);
                    let done = self.one(w, &cell, n, &found.parameters).map_err(|f| in_cell(f, w, &cell, &set))?;
                    let Some((title, mut done)) = done else {
                        found.partial = true;
                        return Ok(());
                    };
                    found.title = title;
                    let followed = done.rows.iter_mut().zip(&done.decisions).filter(|(_, d)| !d.is_empty());
                    for (row, decisions) in followed {
                        match reference.iter().find(|(name, _)| *name == row.analysis) {
                            Some((_, first)) => {
                                row.difference = Some(difference_of(row.family.as_ref(), decisions, first));
                            }
                            None => reference.push((row.analysis.clone(), decisions.clone())),
                        }
                    }
                    found.rows.extend(done.rows.iter().cloned());
                    if let Kind::Stress(names) = &w.kind {
                        match (k, end.take()) {
                            (0, _) => expected = done.rows,
                            (1 | 2, _) => {}
                            (_, None) => end = Some(done),
                            (_, Some(low)) => {
                                let name = &names[(k as usize - 3) / 2];
                                bars(name, &expected, &reference, [&low, &done], found);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The scenario of a cell with the analyses asked for.
    fn scenario(&self, w: &Worlds, cell: &Cell, n: Option<usize>) -> Result<Scenario, Failure> {
        let read = self.of.source.world(self.text, &w.variant, n, &cell.set, &cell.declared);
        let mut scenario = read.map_err(|report| refused(report, self.text))?;
        scenario.keep_rows(&self.of.analysis).map_err(Failure::Scenario)?;
        Ok(scenario)
    }

    /// One cell; none where it was interrupted.
    fn one(
        &mut self,
        w: &Worlds,
        cell: &Cell,
        n: Option<usize>,
        parameters: &[String],
    ) -> Result<Option<(String, Done)>, Failure> {
        let scenario = self.scenario(w, cell, n)?;
        let protocol = Protocol::compile(&scenario, self.of.source.seed, Wanted::Analyses);
        self.of.source.pilot(&protocol, self.text)?;
        let mut world = World::new(&protocol, !self.of.no_truth);
        let ended = self.run(&protocol, self.of.replicates, &mut world)?;
        if ended.replicates < self.of.replicates {
            return Ok(None);
        }
        let rows = world.rows(&cell.world, parameters, &ended.tables)?;
        let decisions = rows.iter().map(|row| world.followed(&row.analysis)).collect();
        Ok(Some((scenario.title.clone(), Done { rows, decisions })))
    }

    fn run(
        &mut self,
        protocol: &Protocol<'_>,
        replicates: u64,
        world: &mut World<'_, '_>,
    ) -> Result<run::Ended, Failure> {
        let plan = Plan {
            replicates: 0..replicates,
            truth: !self.of.no_truth,
            truth_replicates: 0,
            pool: &self.pool,
            stop: &self.stop,
            done: &self.done,
        };
        let ended = run::run(protocol, &plan, world)?;
        self.timing.simulation_seconds += ended.simulating;
        self.timing.truth_seconds += ended.truth;
        undisturbed(&self.of.source, protocol, &ended, self.text)?;
        Ok(ended)
    }

    /// What a large grid would cost, as a question.
    fn cost(&mut self, w: &Worlds, total: u64, trials: u64) -> Result<Failure, Failure> {
        let cell = w.cell(0, &self.of.source.settings());
        let n = self.of.source.sizes().into_iter().next().flatten();
        let scenario = self.scenario(w, &cell, n)?;
        let protocol = Protocol::compile(&scenario, self.of.source.seed, Wanted::Analyses);
        let mut world = World::new(&protocol, !self.of.no_truth);
        let ended = self.run(&protocol, PILOT.min(self.of.replicates), &mut world)?;
        let threads = self.pool.current_num_threads();
        let each = (ended.simulating + ended.truth) / ended.replicates.max(1) as f64 / threads as f64;
        Ok(Failure::Scenario(format!(
            "error: {} cells of {} replicates are {} trials: about {} on {threads} thread{}, by the first {} trials of the first cell\n\
             help: add --yes to run them, or take fewer values, or fewer --replicates",
            count(total),
            count(self.of.replicates),
            count(trials),
            duration(each * trials as f64),
            if threads == 1 { "" } else { "s" },
            ended.replicates,
        )))
    }
}

/// The bars of one parameter: of each analysis, and of each figure of a family that is a power.
fn bars(name: &str, expected: &[Row], reference: &[(String, Vec<u8>)], ends: [&Done; 2], found: &mut Found) {
    let Some(k) = found.parameters.iter().position(|p| p == name) else {
        return;
    };
    for row in expected.iter().filter(|r| r.power.is_some()) {
        let base = reference.iter().find(|(analysis, _)| *analysis == row.analysis);
        let at = |end: &'_ Done| end.rows.iter().position(|r| r.analysis == row.analysis);
        let (Some((_, base)), [Some(low), Some(high)]) = (base, ends.map(at)) else {
            continue;
        };
        let of = Ends {
            expected: row,
            ends: [&ends[0].rows[low], &ends[1].rows[high]],
            decisions: [base, &ends[0].decisions[low], &ends[1].decisions[high]],
        };
        found.tornado.push(bar(name, k, &of));
    }
}

/// Seconds in words.
fn duration(seconds: f64) -> String {
    let (x, unit) = match seconds {
        s if s < 120.0 => (s, "seconds"),
        s if s < 7_200.0 => (s / 60.0, "minutes"),
        s if s < 172_800.0 => (s / 3_600.0, "hours"),
        s if s < 63_072_000.0 => (s / 86_400.0, "days"),
        s => (s / 31_557_600.0, "years"),
    };
    format!("{x:.0} {unit}")
}
