//! `patency compare`: designs side by side on the same patients.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::run::{interruptible, progress};
use super::shared::{Source, pool, undisturbed};
use super::{Failure, print};
use crate::clock::Stopwatch;
use crate::compare::{Paired, difference_of, frontier};
use crate::protocol::{Protocol, Wanted};
use crate::report::compare as report;
use crate::result::Timing;
use crate::result::compare::{Comparison, Row};
use crate::run::{self, Plan};
use crate::scenario::Scenario;

pub(super) const EXAMPLES: &str = "Examples:
  patency compare scenarios/defiance.toml --n 300,578
  patency compare scenarios/defiance.toml --variant midway,matched --analysis primary,any-pts
  patency compare a.toml b.toml --format csv

Every combination of scenario, variant, size and analysis is a row, and so is every figure of a family of hypotheses. Designs share the
noise of what has the same name, so that differences are taken within replicates: power minus that of the first row of the same
analysis; within one design, of a family minus the first family of the same hypotheses, and of a hypothesis minus its test alone.";

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
    /// Analyses, families of hypotheses as family:NAME, separated by commas, or `all`; the primary one where not given
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
        let mut folded: Vec<(Paired<'_, '_>, Vec<Row>)> = Vec::new();
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
                    scenario.keep_rows(&self.analysis).map_err(Failure::Scenario)?;
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

/// All rows with their differences, row by row: from the first design that has it; where no other has it, from the first row of all, or, of a
/// family, from the row of its design beside which it stands.
fn rows(folded: Vec<(Paired<'_, '_>, Vec<Row>)>) -> Vec<Row> {
    let has = |rows: &[Row], name: &str| rows.iter().any(|r| r.analysis == name);
    let mut all: Vec<Row> = Vec::new();
    for (k, (paired, rows)) in folded.iter().enumerate() {
        for row in rows {
            let sharing: Vec<usize> = (0..folded.len()).filter(|&j| has(&folded[j].1, &row.analysis)).collect();
            let base = match (sharing.as_slice(), &row.family) {
                ([first, _, ..], _) => Some((*first, row.analysis.clone())),
                (_, Some(_)) => row.beside.clone().map(|name| (k, name)),
                _ => folded.first().and_then(|f| f.1.first()).map(|first| (0, first.analysis.clone())),
            };
            let base = base.filter(|(j, name)| (*j, name) != (k, &row.analysis));
            let own = paired.followed(&row.analysis);
            let other = base.as_ref().and_then(|(j, name)| folded[*j].0.followed(name));
            let difference = own.zip(other).map(|(own, other)| difference_of(row.family.as_ref(), own, other));
            let within = row.family.is_some() && sharing.len() < 2 && difference.is_some();
            let beside = row.beside.clone().filter(|_| within);
            all.push(Row { difference, beside, ..row.clone() });
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
