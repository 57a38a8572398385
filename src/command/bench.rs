//! `patency bench`: how fast a scenario runs here, by stage.

use std::fmt::Write;

use super::shared::{Source, fault_report};
use super::{Failure, print};
use crate::clock::Stopwatch;
use crate::engine::{self, RowRecord, Tables};
use crate::protocol::{Fault, Protocol, Wanted};
use crate::report::table::{Table, count};
use crate::workspace::Workspace;

#[derive(Debug, clap::Args)]
pub struct Bench {
    #[command(flatten)]
    source: Source,
    /// Seconds to measure for, each variant and size
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

impl Bench {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let text = self.source.text()?;
        let scenarios = self.source.scenarios(&text)?;
        let mut out = String::new();
        for scenario in &scenarios {
            let protocol = Protocol::compile(scenario, self.source.seed, Wanted::Analyses);
            self.source.pilot(&protocol, &text)?;
            let _ = writeln!(out, "{} · {} · n = {} · one thread", scenario.title, scenario.variant, scenario.n);
            let table = measure(&protocol, self.seconds.clamp(0.01, 600.0))
                .map_err(|(replicate, fault)| Failure::Scenario(fault_report(&protocol, replicate, &fault, &text)))?;
            out.push_str(&table);
            let analyses = by_analysis(&protocol, self.seconds.clamp(0.01, 600.0) / 4.0)
                .map_err(|(replicate, fault)| Failure::Scenario(fault_report(&protocol, replicate, &fault, &text)))?;
            out.push_str(&analyses);
        }
        print(&out)
    }
}

/// Time of each analysis, where there are several.
fn by_analysis(protocol: &Protocol<'_>, seconds: f64) -> Result<String, (u64, Fault)> {
    let plans = &protocol.scenario.analyses;
    if plans.len() < 2 {
        return Ok(String::new());
    }
    let mut work = Workspace::new(protocol);
    let mut funnel = vec![0; protocol.scenario.criteria.len()];
    let mut row = RowRecord::EMPTY;
    let mut times = vec![0.0; plans.len()];
    let mut trials = 0u64;
    let whole = Stopwatch::start();
    while trials == 0 || whole.seconds() < seconds {
        let failed = |fault| (trials, fault);
        let mut trial = engine::enrol(protocol, trials, &mut work, &mut funnel).map_err(failed)?;
        engine::follow(protocol, trials, &mut work, &mut trial).map_err(failed)?;
        for (number, time) in times.iter_mut().enumerate() {
            let watch = Stopwatch::start();
            engine::analyse_row(protocol, trials, number, &mut work, &mut row);
            *time += watch.seconds();
        }
        trials += 1;
    }
    let mut table = Table::new(["analysis", "method", "µs a trial"]);
    for (plan, time) in plans.iter().zip(times) {
        let method = plan.method_name.to_owned();
        table.row(vec![plan.name.clone(), method, format!("{:.1}", 1e6 * time / trials as f64)]);
    }
    Ok(format!("\n{}Rows with the same propensity score fit it once: the first of them bears it.\n", table.render()))
}

/// Replicates between two looks at the clock: stages are timed over a batch, so that the clock costs nothing.
const BATCH: u64 = 64;

fn measure(protocol: &Protocol<'_>, seconds: f64) -> Result<String, (u64, Fault)> {
    engine::pilot_roots(protocol)?;
    engine::pilot_scores(protocol)?;
    let mut work = Workspace::new(protocol);
    let mut funnel = vec![0; protocol.scenario.criteria.len()];
    let mut rows = vec![RowRecord::EMPTY; protocol.scenario.analyses.len()];
    let mut tables = Tables::new(protocol);
    let mut stages = [0.0; 4];
    let (mut trials, mut patients, mut candidates) = (0u64, 0u64, 0u64);
    let whole = Stopwatch::start();
    while trials == 0 || whole.seconds() < seconds {
        // each stage on its own needs what the one before left: earlier stages are repeated and their time taken off
        let mut times = [0.0; 4];
        for (upto, time) in times.iter_mut().enumerate() {
            let watch = Stopwatch::start();
            for k in 0..BATCH {
                let replicate = trials + k;
                let failed = |fault| (replicate, fault);
                let mut trial = engine::enrol(protocol, replicate, &mut work, &mut funnel).map_err(failed)?;
                if upto == 0 {
                    patients += u64::from(trial.enrolled);
                    candidates += u64::from(trial.screened);
                    continue;
                }
                engine::follow(protocol, replicate, &mut work, &mut trial).map_err(failed)?;
                if upto == 1 {
                    continue;
                }
                engine::analyse_all(protocol, replicate, &mut work, &mut rows);
                if upto == 3 {
                    engine::truth(protocol, replicate, &mut work, &mut rows, &mut tables).map_err(failed)?;
                }
            }
            *time = watch.seconds();
        }
        trials += BATCH;
        for s in 0..4 {
            stages[s] += times[s] - if s > 0 { times[s - 1] } else { 0.0 };
        }
    }
    let total: f64 = stages[..3].iter().sum();
    let mut table = Table::new(["stage", "µs a trial", "ns a patient", "%"]);
    let names = [
        "screening, enrolment, allocation",
        "outcome, observation, endpoint",
        "analysis",
        "true values and limits (not in the sum)",
    ];
    for (name, s) in names.iter().zip(stages) {
        table.row(vec![
            (*name).to_owned(),
            format!("{:.2}", 1e6 * s / trials as f64),
            format!("{:.1}", 1e9 * s / patients.max(1) as f64),
            format!("{:.0}", 100.0 * s / total),
        ]);
    }
    Ok(format!(
        "{}{} trials a second, {} patients a second; {:.0} candidates a trial\n",
        table.render(),
        count((trials as f64 / total) as u64),
        count((patients as f64 / total) as u64),
        candidates as f64 / trials as f64
    ))
}
