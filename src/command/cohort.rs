//! `patency cohort`: one cohort of virtual patients.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::shared::{Source, fault_report};
use super::with_r;
use super::{Failure, output};
use crate::Error;
use crate::analysis::Better;
use crate::column::{Frame, Kind};
use crate::endpoint::measured::{MISSING, Measured, Values as Tier};
use crate::engine::{self, RowRecord};
use crate::expr::ColumnId;
use crate::protocol::{Fault, Protocol, Wanted};
use crate::report::data::{DataTable, Values};
use crate::scenario::{Accrual, Measure, Scenario, TierOf};
use crate::workspace::Workspace;

pub(super) const EXAMPLES: &str = "Examples:
  patency cohort scenarios/defiance.toml --out cohort.parquet
  patency cohort scenarios/defiance.toml --stage screened --out screened.csv
  patency cohort scenarios/defiance.toml --view observed --replicate 17 | head
  patency cohort scenarios/defiance.toml --replicate 4711 --with-r trial-4711 && Rscript trial-4711/trial.R

With --with-r the trial as seen is written to DIR/trial.csv, and to DIR/trial.R a script that computes every row of the analysis plan from it
with survival, cmprsk, ordinal and plain R: analysis,quantity,value, to be held against `patency analyse SCENARIO --data DIR/trial.csv`.
Rows for which there is no R code are named on standard error.";

/// Whose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Stage {
    /// Every candidate up to the last enrolment, with the criterion that excludes, or `site full`
    Screened,
    /// The enrolled
    Enrolled,
}

/// Which side of observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum View {
    /// What happens
    Truth,
    /// What the trial gets to see: visits, follow-up, endpoints
    Observed,
}

#[derive(Debug, clap::Args)]
pub struct Cohort {
    #[command(flatten)]
    source: Source,
    /// Rows: all screened candidates, or the enrolled
    #[arg(long, value_enum, default_value = "enrolled")]
    stage: Stage,
    /// Columns of the enrolled: what happens, or what is seen of it
    #[arg(long, value_enum, default_value = "truth")]
    view: View,
    /// Number of the trial
    #[arg(long, default_value_t = 0)]
    replicate: u64,
    /// File to write, .csv or .parquet (in a folder that is there, cohort.csv); CSV on standard output where none is named
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder for one trial and an R script of its analyses: trial.csv (as `--view observed` shows it) and trial.R
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "stage", "view"])]
    with_r: Option<PathBuf>,
}

impl Cohort {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let text = self.source.text()?;
        let scenarios = self.source.scenarios(&text)?;
        let [scenario] = &scenarios[..] else {
            return Err(Failure::Scenario("error: a cohort is of one variant and one size".to_owned()));
        };
        let protocol = Protocol::compile(scenario, self.source.seed, Wanted::Everything);
        self.source.pilot(&protocol, &text)?;
        let out = output::open(self.out.as_deref(), "cohort.csv")?;
        let table = self
            .table(&protocol)
            .map_err(|fault| Failure::Scenario(fault_report(&protocol, self.replicate, &fault, &text)))?;
        if let Some(folder) = &self.with_r {
            return self.hand_to_r(scenario, &table, folder);
        }
        match &out {
            Some(path) => output::table(&table, path)?,
            None => table
                .csv(&mut std::io::BufWriter::new(std::io::stdout().lock()))
                .map_err(|e| Error::write(std::path::Path::new("standard output"), e))?,
        }
        Ok(())
    }

    /// Writes the trial and its script.
    fn hand_to_r(&self, scenario: &Scenario, table: &DataTable, folder: &Path) -> Result<(), Failure> {
        output::folder(folder)?;
        let [data, code] = ["trial.csv", "trial.R"].map(|name| folder.join(name));
        let file = std::fs::File::create(&data).map_err(|e| Error::write(&data, e))?;
        table.csv(&mut std::io::BufWriter::new(file)).map_err(|e| Error::write(&data, e))?;
        let script = with_r::script(scenario, self.replicate, self.source.seed);
        std::fs::write(&code, script.text).map_err(|e| Error::write(&code, e))?;
        if !script.without.is_empty() {
            let mut err = std::io::stderr().lock();
            // nothing can be done where stderr itself is gone
            let _ = writeln!(err, "no R code for: {}", script.without.join(", "));
        }
        Ok(())
    }

    fn table(&self, protocol: &Protocol<'_>) -> Result<DataTable, Fault> {
        let mut work = Workspace::new(protocol);
        let mut funnel = vec![0; protocol.scenario.criteria.len()];
        let mut trial = engine::enrol(protocol, self.replicate, &mut work, &mut funnel)?;
        if self.stage == Stage::Screened {
            let count = work.candidates().last().map_or(0, |&k| k as usize + 1);
            return Ok(screened(protocol, &engine::candidates(protocol, self.replicate, count)?));
        }
        if protocol.scenario.looks.is_empty() {
            engine::follow(protocol, self.replicate, &mut work, &mut trial)?;
        } else {
            // where it ends depends on what its looks find
            let mut rows = vec![RowRecord::EMPTY; protocol.scenario.analyses.len()];
            engine::replicate(protocol, self.replicate, &mut work, &mut funnel, &mut rows)?;
        }
        let view = if self.with_r.is_some() { View::Observed } else { self.view };
        Ok(enrolled(protocol, &work, view))
    }
}

fn screened(protocol: &Protocol<'_>, candidates: &engine::Candidates) -> DataTable {
    let s = protocol.scenario;
    let rows = candidates.frame.rows;
    let mut table = DataTable::default();
    table.push("candidate", Values::Integer((1..=rows as i64).map(Some).collect()));
    // who comes to a full site is not asked
    let eligible = |&r: &u8| (usize::from(r) <= s.criteria.len()).then_some(i64::from(r == 0));
    table.push("eligible", Values::Integer(candidates.reason.iter().map(eligible).collect()));
    if let (Accrual::Sites(sites), false) = (&s.enrolment.accrual, candidates.site.is_empty()) {
        let names = candidates.site.iter().map(|&i| sites.get(usize::from(i)).map(|x| x.name.clone()));
        table.push("site", Values::Text(names.collect()));
    }
    // names of criteria hold no space
    let named = |k: usize| s.criteria.get(k).map_or_else(|| "site full".to_owned(), |c| c.name.clone());
    let reason = |&r: &u8| usize::from(r).checked_sub(1).map(named);
    table.push("excluded_by", Values::Text(candidates.reason.iter().map(reason).collect()));
    variables(&mut table, protocol, &candidates.frame, 0..s.population);
    table
}

pub(super) fn enrolled(protocol: &Protocol<'_>, work: &Workspace, view: View) -> DataTable {
    let s = protocol.scenario;
    let frame = work.cohort();
    let rows = frame.rows;
    let mut table = DataTable::default();
    table.push("patient", Values::Integer((1..=rows as i64).map(Some).collect()));
    table.push("candidate", Values::Integer(work.candidates().iter().map(|&k| Some(i64::from(k) + 1)).collect()));
    if let (Accrual::Sites(sites), false) = (&s.enrolment.accrual, work.site().is_empty()) {
        let names = work.site().iter().map(|&i| sites.get(usize::from(i)).map(|x| x.name.clone()));
        table.push("site", Values::Text(names.collect()));
    }
    if !work.entry().is_empty() {
        table.push("entry", Values::Real(work.entry().iter().map(|&x| Some(x)).collect()));
    }
    table.push(
        "arm",
        Values::Text(frame.arm.iter().map(|&a| s.arms.get(usize::from(a)).map(|x| x.name.clone())).collect()),
    );
    variables(&mut table, protocol, frame, 0..s.population);
    match view {
        View::Truth => {
            for (p, arm) in work.propensity().chunks_exact(rows.max(1)).zip(&s.arms) {
                let p = p.iter().map(|&p| Some(p));
                table.push(format!("probability_{}", arm.name), Values::Real(p.collect()));
            }
            variables(&mut table, protocol, frame, s.population..s.variables.len());
        }
        View::Observed => observed(&mut table, s, work),
    }
    table.retain(|i| work.takes_part(i));
    table
}

fn variables(table: &mut DataTable, protocol: &Protocol<'_>, frame: &Frame, which: std::ops::Range<usize>) {
    for c in which {
        let name = protocol.scenario.variables[c].name.as_str();
        let values = match protocol.layout.kind(c) {
            Kind::Code => {
                Values::Integer((0..frame.rows).map(|i| frame.code[c].get(i).map(|&x| i64::from(x))).collect())
            }
            Kind::Real => Values::Real(
                (0..frame.rows).map(|i| Some(frame.value(ColumnId(c as u16), i)).filter(|x| x.is_finite())).collect(),
            ),
        };
        table.push(name, values);
    }
}

fn observed(table: &mut DataTable, s: &Scenario, work: &Workspace) {
    let rows = work.cohort().rows;
    let view = work.view();
    let until = (0..rows).map(|i| Some(view.seen_until(i).min(view.dead_at(i))).filter(|x| x.is_finite()));
    table.push("followed_until", Values::Real(until.collect()));
    let died = (0..rows).map(|i| Some(i64::from(view.dead_at(i) <= view.seen_until(i))));
    table.push("died", Values::Integer(died.collect()));
    for (visit, a) in s.visits.iter().zip(&view.visits) {
        let held = (0..rows).map(|i| a.held[i] == 1 && a.day[i] <= view.dead_at(i));
        let day = held.zip(&a.day).map(|(h, &d)| h.then_some(d));
        table.push(format!("visit_{}", visit.name), Values::Real(day.collect()));
    }
    for (endpoint, m) in s.endpoints.iter().zip(work.measured()) {
        let known = |i: usize| m.known[i] == 1;
        match &endpoint.measure {
            Measure::Hierarchical(tiers) => {
                for (plan, tier) in tiers.iter().zip(&m.tiers) {
                    let name = format!("{}_{}", endpoint.name, plan.name);
                    push(table, s, &name, m, tier, &of_tier(&plan.of), &known);
                }
            }
            Measure::Ordinal { cuts, levels, .. } => {
                let first = if cuts.is_empty() { levels.0 as i64 } else { 0 };
                push(table, s, &endpoint.name, m, &m.values, &Scale { first, ..Scale::AS_IT_IS }, &known);
            }
            _ => push(table, s, &endpoint.name, m, &m.values, &Scale::AS_IT_IS, &known),
        }
    }
}

/// How values stand in a file: as the scenario describes them, not in the order of goodness in which tiers are compared.
struct Scale {
    /// The lowest category.
    first: i64,
    /// Where the order is turned round, the number of the last category.
    turned: Option<i64>,
    /// Factor of scores.
    sign: f64,
}

impl Scale {
    const AS_IT_IS: Self = Self { first: 0, turned: None, sign: 1.0 };
}

fn of_tier(tier: &TierOf) -> Scale {
    match tier {
        TierOf::Time { .. } => Scale::AS_IT_IS,
        TierOf::Occurrence { .. } => Scale { turned: Some(1), ..Scale::AS_IT_IS },
        TierOf::Category { cuts, levels: (first, levels), better, .. } => Scale {
            first: if cuts.is_empty() { *first as i64 } else { 0 },
            turned: (*better == Better::Lower).then(|| i64::from(*levels) - 1),
            sign: 1.0,
        },
        TierOf::Score { better, .. } => Scale { sign: better.sign(), ..Scale::AS_IT_IS },
    }
}

fn push(
    table: &mut DataTable,
    s: &Scenario,
    name: &str,
    m: &Measured,
    values: &Tier,
    scale: &Scale,
    known: &dyn Fn(usize) -> bool,
) {
    let rows = m.known.len();
    if !values.right.is_empty() {
        let of =
            |ends: &[f64]| (0..rows).map(|i| known(i).then_some(ends[i]).filter(|x| x.is_finite())).collect::<Vec<_>>();
        table.push(format!("{name}_left"), Values::Real(of(&values.real)));
        table.push(format!("{name}_right"), Values::Real(of(&values.right)));
    } else if !values.event.is_empty() {
        table.push(
            format!("{name}_time"),
            Values::Real((0..rows).map(|i| known(i).then_some(values.real[i])).collect()),
        );
        let event = (0..rows).map(|i| known(i).then_some(i64::from(values.event[i])));
        table.push(format!("{name}_event"), Values::Integer(event.collect()));
        if !values.competing.is_empty() {
            let competing = (0..rows).map(|i| known(i).then_some(i64::from(values.competing[i])));
            table.push(format!("{name}_competing"), Values::Integer(competing.collect()));
        }
    } else if !values.code.is_empty() {
        let written = |code: u8| scale.first + scale.turned.map_or(i64::from(code), |last| last - i64::from(code));
        let code = (0..rows).map(|i| (known(i) && values.code[i] != MISSING).then(|| written(values.code[i])));
        table.push(s.endpoint_column(name), Values::Integer(code.collect()));
    } else {
        let score = (0..rows).map(|i| {
            known(i).then(|| values.real.get(i).copied()).flatten().map(|x| scale.sign * x).filter(|x| x.is_finite())
        });
        table.push(s.endpoint_column(name), Values::Real(score.collect()));
    }
}
