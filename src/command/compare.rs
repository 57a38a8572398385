//! `patency compare`: designs side by side on the same patients.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::run::{interruptible, progress};
use super::shared::{Source, pool, undisturbed};
use super::{Failure, print};
use crate::clock::Stopwatch;
use crate::compare::{Paired, frontier};
use crate::protocol::{Protocol, Wanted};
use crate::report::compare as report;
use crate::result::Timing;
use crate::result::compare::Comparison;
use crate::run::{self, Plan};
use crate::scenario::Scenario;

pub(super) const EXAMPLES: &str = "Examples:
  patency compare scenarios/defiance.toml --n 300,578
  patency compare scenarios/defiance.toml --variant midway,matched --analysis primary,any-pts
  patency compare a.toml b.toml --format csv

Every combination of scenario, variant, size and analysis is a row. Designs share the noise of what has the same name, so that
differences are taken within replicates: power minus that of the first row of the same analysis.";

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned tables
    Text,
    /// Everything
    Json,
    /// One line a row
    Csv,
}

#[derive(Debug, clap::Args)]
pub struct Compare {
    /// Scenario files (TOML)
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    /// Variants, separated by commas, or `all`
    #[arg(long, default_value = "base", value_name = "NAMES|all", value_delimiter = ',')]
    variant: Vec<String>,
    /// Sizes, separated by commas; the scenario's where not given
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    n: Vec<u32>,
    /// Analyses, separated by commas, or `all`; the primary one where not given
    #[arg(long, value_name = "NAMES|all", value_delimiter = ',')]
    analysis: Vec<String>,
    /// Override a parameter; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Trials to simulate for each design
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    replicates: u64,
    /// Leave out true values and limits: no bias, less time
    #[arg(long)]
    no_truth: bool,
    /// Threads; all cores where not given
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Compare {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        let designs = self.designs()?;
        let protocols: Vec<Protocol<'_>> =
            designs.iter().map(|d| Protocol::compile(&d.scenario, self.seed, Wanted::Analyses)).collect();
        for (d, protocol) in designs.iter().zip(&protocols) {
            d.source.pilot(protocol, &d.text)?;
        }
        let pool = pool(self.threads.map(usize::from))?;
        let stop = Arc::new(AtomicBool::new(false));
        interruptible(&stop);
        let done = Arc::new(AtomicU64::new(0));
        let bar = progress(self.replicates * protocols.len() as u64, &done);
        let mut timing = Timing { threads: pool.current_num_threads(), ..Timing::default() };
        let mut folded: Vec<(Paired<'_, '_>, Vec<crate::result::compare::Row>)> = Vec::new();
        let mut failed = None;
        let mut partial = false;
        for (d, protocol) in designs.iter().zip(&protocols) {
            let mut paired = Paired::new(protocol);
            let plan = Plan {
                replicates: 0..self.replicates,
                truth: !self.no_truth,
                truth_replicates: 0,
                pool: &pool,
                stop: &stop,
                done: &done,
            };
            let ended = run::run(protocol, &plan, &mut paired)?;
            timing.simulation_seconds += ended.simulating;
            timing.truth_seconds += ended.truth;
            failed = failed.or_else(|| undisturbed(&d.source, protocol, &ended, &d.text).err());
            partial |= ended.replicates < self.replicates;
            if failed.is_some() || ended.replicates == 0 {
                break;
            }
            let design = paired.design(&ended.tables)?;
            let rows = paired.rows(&d.name, &design);
            folded.push((paired, rows));
            if partial {
                break;
            }
        }
        bar.finish();
        if let Some(failure) = failed {
            return Err(failure);
        }
        if folded.is_empty() {
            return Err(Failure::Interrupted);
        }
        timing.seconds = watch.seconds();
        let replicates = folded.iter().map(|(paired, _)| paired.replicates()).min().unwrap_or(0);
        let comparison = Comparison {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            seed: self.seed,
            replicates,
            partial,
            accrual: accrual(&designs),
            rows: rows(folded),
            timing,
        };
        match self.format {
            Format::Text => print(&report::text(&comparison))?,
            Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(&comparison).unwrap_or_default()))?,
            Format::Csv => print(&report::csv(&comparison))?,
        }
        if partial { Err(Failure::Interrupted) } else { Ok(()) }
    }

    /// The designs asked for, with only the analyses asked for.
    fn designs(&self) -> Result<Vec<Compared>, Failure> {
        let mut designs = Vec::new();
        for path in &self.scenarios {
            for variant in &self.variant {
                let source = Source {
                    scenario: path.clone(),
                    variant: variant.clone(),
                    set: self.set.clone(),
                    null: false,
                    n: self.n.clone(),
                    seed: self.seed,
                };
                let text = Arc::new(source.text()?);
                for mut scenario in source.scenarios(&text)? {
                    scenario.keep_analyses(&self.analysis).map_err(Failure::Scenario)?;
                    let name =
                        path.file_stem().map_or_else(|| "scenario".to_owned(), |s| s.to_string_lossy().into_owned());
                    let source = Source { variant: scenario.variant.clone(), ..source.clone() };
                    designs.push(Compared { name, source, text: Arc::clone(&text), scenario });
                }
            }
        }
        Ok(designs)
    }
}

/// A design of the comparison.
struct Compared {
    name: String,
    source: Source,
    text: Arc<super::shared::Text>,
    scenario: Scenario,
}

/// All rows with their differences, analysis by analysis: from the first design that has the analysis; where no other has it, from the
/// first row of all.
fn rows(folded: Vec<(Paired<'_, '_>, Vec<crate::result::compare::Row>)>) -> Vec<crate::result::compare::Row> {
    let mut all: Vec<crate::result::compare::Row> = Vec::new();
    for (k, (paired, rows)) in folded.iter().enumerate() {
        for (a, row) in rows.iter().enumerate() {
            let named = |(_, others): &(Paired<'_, '_>, Vec<crate::result::compare::Row>)| {
                others.iter().position(|o| o.analysis == row.analysis)
            };
            let first = folded.iter().enumerate().find_map(|(j, f)| named(f).map(|b| (j, b)));
            let shared = folded.iter().filter(|f| named(f).is_some()).count() > 1;
            let base = if shared { first } else { Some((0, 0)) };
            let difference = base.filter(|&b| b != (k, a)).map(|(j, b)| paired.difference(a, &folded[j].0, b));
            all.push(crate::result::compare::Row { difference, ..row.clone() });
        }
    }
    frontier(&mut all);
    all
}

/// How a larger trial comes about, in words, scenario by scenario.
fn accrual(designs: &[Compared]) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for d in designs {
        let line = format!("{}: {}", d.name, d.scenario.accrual_words());
        if !said.contains(&line) {
            said.push(line);
        }
    }
    said
}
