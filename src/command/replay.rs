//! `patency replay`: one trial of a run, carried out again.

use super::cohort::{View, enrolled};
use super::shared::{Source, fault_report};
use super::{Failure, print};
use crate::Error;
use crate::analysis::Decision;
use crate::data::{answer, families};
use crate::engine::{self, RowRecord, Tables, TrialRecord};
use crate::monitoring::{Crossed, Held};
use crate::protocol::{Fault, Protocol, Wanted};
use crate::report;
use crate::report::data::DataTable;
use crate::result::multiplicity::FamilyAnswer;
use crate::result::replay::{Adjusted, Drawn, Excluded, Looked, Replayed, Row, Saw, Trial};
use crate::scenario::Scenario;
use crate::summary::rejection;
use crate::workspace::Workspace;

pub(super) const EXAMPLES: &str = "Examples:
  patency replay scenarios/defiance.toml --replicate 4711
  patency replay scenarios/defiance.toml --replicate 4711 --all --view truth
  patency replay scenarios/defiance.toml --replicate 4711 --format csv > patients.csv

The figures are exactly those of this replicate in replicates.parquet and trials.parquet of a run with the same scenario, variant, size, seed
and --set. `patency cohort --replicate 4711` writes its candidates and patients to a file, with --with-r also a script in R.";

/// Patients shown where not all are asked for.
const SHOWN: usize = 20;

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned tables
    Text,
    /// Everything, all patients
    Json,
    /// All patients, one line each
    Csv,
}

#[derive(Debug, clap::Args)]
pub struct Replay {
    #[command(flatten)]
    source: Source,
    /// Number of the trial
    #[arg(long)]
    replicate: u64,
    /// Show all patients, not the first 20 alone
    #[arg(long)]
    all: bool,
    /// Columns of the patients: what happens, or what is seen of it
    #[arg(long, value_enum, default_value = "observed")]
    view: View,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Replay {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let text = self.source.text()?;
        let scenarios = self.source.scenarios(&text)?;
        let [scenario] = &scenarios[..] else {
            return Err(Failure::Scenario("error: a trial is of one variant and one size".to_owned()));
        };
        let protocol = Protocol::compile(scenario, self.source.seed, Wanted::Everything);
        let (replayed, patients) = self
            .carry_out(&protocol)
            .map_err(|(replicate, fault)| Failure::Scenario(fault_report(&protocol, replicate, &fault, &text)))?;
        match self.format {
            Format::Text => {
                let most = if self.all { patients.rows() } else { SHOWN };
                print(&report::replay::text(&replayed, &patients, most))
            }
            Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(&replayed).unwrap_or_default())),
            Format::Csv => patients
                .csv(&mut std::io::BufWriter::new(std::io::stdout().lock()))
                .map_err(|e| Error::write(std::path::Path::new("standard output"), e).into()),
        }
    }

    fn carry_out(&self, protocol: &Protocol<'_>) -> Result<(Replayed, DataTable), (u64, Fault)> {
        let scenario = protocol.scenario;
        let failed = |fault| (self.replicate, fault);
        engine::pilot_roots(protocol)?;
        engine::pilot_scores(protocol)?;
        let mut work = Workspace::new(protocol);
        let mut funnel = vec![0; scenario.criteria.len()];
        let mut rows = vec![RowRecord::EMPTY; scenario.analyses.len()];
        let trial = engine::replicate(protocol, self.replicate, &mut work, &mut funnel, &mut rows).map_err(failed)?;
        // before true values overwrite the patients' arms and outcomes
        let patients = enrolled(protocol, &work, self.view);
        let looks = looked(scenario, &trial, &work);
        let mut tables = Tables::new(protocol);
        engine::truth(protocol, self.replicate, &mut work, &mut rows, &mut tables).map_err(failed)?;
        let replayed = Replayed {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            title: scenario.title.clone(),
            variant: scenario.variant.clone(),
            n: scenario.n,
            seed: self.source.seed,
            replicate: self.replicate,
            drawn: protocol
                .priors
                .iter()
                .map(|p| Drawn { parameter: p.name.to_owned(), value: p.value(self.replicate) })
                .collect(),
            trial: shown(&trial, scenario),
            screening: scenario
                .criteria
                .iter()
                .zip(&funnel)
                .map(|(c, &excluded)| Excluded {
                    name: c.name.clone(),
                    label: c.label.clone(),
                    kind: if c.inclusion { "inclusion" } else { "exclusion" },
                    excluded,
                })
                .collect(),
            looks,
            analyses: rows.iter().enumerate().map(|(a, row)| analysed(protocol, a, row)).collect(),
            multiplicity: decided(scenario, &rows),
            patients: if self.format == Format::Json { patients.records() } else { Vec::new() },
        };
        Ok((replayed, patients))
    }
}

fn shown(trial: &TrialRecord, scenario: &Scenario) -> Trial {
    let finite = |x: f64| Some(x).filter(|x| x.is_finite());
    Trial {
        screened: trial.screened,
        enrolled: trial.enrolled,
        reached: trial.enrolled >= trial.planned,
        stopped: trial.stop.and_then(|k| scenario.looks.get(usize::from(k))).map(|look| look.name.clone()),
        last_entry: trial.last_entry,
        cut: finite(trial.cut),
        follow_up: finite(trial.follow_up),
        site_full: trial.site_full,
    }
}

/// Each look, and the end where it was reached.
fn looked(scenario: &Scenario, trial: &TrialRecord, work: &Workspace) -> Vec<Looked> {
    let watch = work.watch();
    let finite = |x: f64| Some(x).filter(|x| x.is_finite());
    let saw = |place: usize| {
        let rule = |(r, rule): (usize, &crate::scenario::RulePlan)| {
            let mark = &watch.marks[r * (scenario.looks.len() + 1) + place];
            let crossed = match mark.crossed {
                Crossed::Unseen => return None,
                Crossed::Neither => "none",
                Crossed::Efficacy => "efficacy",
                Crossed::Harm => "harm",
                Crossed::Futility => "futility",
                Crossed::Failed => "no answer",
            };
            let [lower, upper] = mark.bounds.map(finite);
            let j = rule.looks.iter().position(|&look| look == place);
            Some(Saw {
                rule: rule.name.clone(),
                analysis: scenario.analyses[rule.analysis].name.clone(),
                z: finite(mark.z),
                upper,
                lower,
                futility_effect: j.and_then(|j| rule.futility.as_ref()?.effect(j)),
                futility_probability: j.and_then(|j| rule.futility.as_ref()?.probability(j)),
                crossed,
            })
        };
        scenario.rules.iter().enumerate().filter_map(rule).collect()
    };
    let mut all: Vec<Looked> = scenario
        .looks
        .iter()
        .zip(&watch.looks)
        .enumerate()
        .map(|(place, (plan, look))| {
            let held = look.held == Held::Yes;
            Looked {
                look: plan.name.clone(),
                held: match look.held {
                    Held::Yes => "held",
                    Held::Late => "too late",
                    Held::Overtaken => "overtaken",
                    Held::Never => "not reached",
                },
                month: held.then_some(look.date),
                enrolled: held.then_some(look.enrolled),
                reviewed: Some(look.reviewed).filter(|&n| n > 0),
                rules: saw(place),
            }
        })
        .collect();
    if !all.is_empty() && trial.stop.is_none() {
        let rules = saw(all.len());
        let (month, enrolled) = (finite(trial.end), Some(trial.enrolled));
        all.push(Looked { look: "end".to_owned(), held: "held", month, enrolled, reviewed: None, rules });
    }
    all
}

/// What families decide: of those that rules test look by look what these decided, for which the p-values at the end have no adjusted ones.
fn decided(scenario: &Scenario, rows: &[RowRecord]) -> Vec<FamilyAnswer> {
    let mut answers = families(scenario, |a| &rows[a].estimate);
    for (answer, plan) in answers.iter_mut().zip(&scenario.multiplicity).filter(|(_, plan)| plan.graph.is_some()) {
        for (hypothesis, &h) in answer.hypotheses.iter_mut().zip(&plan.hypotheses) {
            hypothesis.adjusted = None;
            hypothesis.decision = match rows[h].decision {
                Some(Decision::Favour) => Some("favour"),
                Some(Decision::Against) => Some("against"),
                _ => hypothesis.decision.map(|_| "neither"),
            };
        }
    }
    answers
}

fn analysed(protocol: &Protocol<'_>, a: usize, row: &RowRecord) -> Row {
    let rule = &protocol.analyses[a].rule;
    let [truth, limit] = row.target.map(|x| Some(x).filter(|x| x.is_finite()));
    Row {
        answer: answer(protocol, a, &row.estimate, row.failed_resamples),
        median_unbiased: Some(row.adjusted).filter(|a| a[1].is_finite()).map(|[lower, estimate, upper]| Adjusted {
            estimate,
            interval: [lower, upper].map(|x| Some(x).filter(|x| x.is_finite())),
        }),
        rejects: rejection(row, rule.tail(), rule.sides == 2),
        truth,
        limit,
    }
}
