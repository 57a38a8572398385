//! Reviews of the sample size at looks.

use super::Resolver;
use super::endpoints::Resolved;
use crate::analysis::Scale;
use crate::distribution::Domain;
use crate::estimand::Target;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::language::REESTIMATION_KINDS;
use crate::scenario::written::Table;
use crate::scenario::{Accrual, AnalysisPlan, Cut, Enrolment, LookPlan, Measure, ReestimationPlan, Review, RulePlan};
use crate::sequential::Plan;
use crate::sequential::reestimation::Held;

/// What reviews refer to.
pub(super) struct Trial<'a> {
    pub(super) n: Option<usize>,
    pub(super) cut: &'a Cut,
    pub(super) looks: &'a [LookPlan],
    pub(super) analyses: &'a [AnalysisPlan],
    pub(super) rules: &'a [RulePlan],
    pub(super) enrolment: &'a Enrolment,
    pub(super) endpoints: &'a [Resolved],
}

/// The difference that an analysis is held against, and whether larger ones favour the experimental arm (1) or smaller ones (−1).
#[derive(Clone, Copy, Debug)]
struct Margin {
    margin: f64,
    orientation: f64,
}

impl Resolver {
    /// The reviews in the order of the file.
    pub(super) fn reestimations(&mut self, file: &Table, trial: &Trial<'_>) -> Option<Vec<ReestimationPlan>> {
        let tables: Vec<&Table> = file.tables("reestimation").iter().collect();
        self.unique(&tables, "reestimation");
        let all: Vec<Option<ReestimationPlan>> = tables.iter().map(|t| self.reestimation(file, t, trial)).collect();
        let all: Vec<ReestimationPlan> = all.into_iter().collect::<Option<_>>()?;
        for (i, one) in all.iter().enumerate() {
            if let Some(j) = (i + 1..all.len()).find(|&j| all[j].look == one.look) {
                self.say(
                    Diagnostic::new(
                        Code::Contradiction,
                        tables[j].span_of("look"),
                        format!("`{}` and `{}` review the sample size at one look", one.name, all[j].name),
                    )
                    .label("the second")
                    .and(tables[i].span_of("look"), "the first")
                    .help("a look has one review"),
                );
            }
        }
        Some(all)
    }

    fn reestimation(&mut self, file: &Table, table: &Table, trial: &Trial<'_>) -> Option<ReestimationPlan> {
        let name = table.text("name")?.to_owned();
        let analysis = self.analysis_named(file, table.get("analysis")?)?;
        let at = table.get("look")?.clone();
        let look = *self.looks_named(std::slice::from_ref(&at), trial.looks, false)?.first()?;
        let power = self.number_in(table, "power", Domain::OpenProbability)?.unwrap_or(0.9);
        let plan = trial.analyses.get(analysis)?;
        let kind = *REESTIMATION_KINDS.iter().find(|k| table.has(k))?;
        let body = table.table(kind)?;
        self.fits(table, kind, &trial.endpoints[plan.endpoint], plan)?;
        if (kind == "follow-up") == table.has("most") {
            let (code, span, what) = match table.has("most") {
                true => {
                    (Code::Contradiction, table.span_of("most"), "follow-up is extended, and no patients are added")
                }
                false => {
                    (Code::MissingKey, table.span.clone(), "the review does not say how large the trial may become")
                }
            };
            self.say(
                Diagnostic::new(code, span, what)
                    .label("`most` is of patients or events")
                    .help("most = 500, but for `follow-up`"),
            );
            return None;
        }
        if kind == "follow-up" {
            return self.longer(table, body, name, (look, analysis), trial);
        }
        let most = table.integer("most").and_then(|m| u32::try_from(m).ok())?;
        let target = match kind {
            "pooled-rate" | "pooled-variance" => self.target(table, kind, &trial.endpoints[plan.endpoint], plan)?,
            _ => Margin { margin: 0.0, orientation: 1.0 },
        };
        let by = match kind {
            "pooled-rate" => Review::Rate(self.held(body, target)?),
            "pooled-variance" => Review::Variance(self.effect(body, target)?),
            "pooled-events" => {
                let events = body.integer("events").and_then(|e| u32::try_from(e).ok())?;
                Review::Events(events, self.number_in(body, "by", Domain::Positive)??)
            }
            _ => self.zone(body, analysis, look, power, trial)?,
        };
        let adds_events = matches!(by, Review::Zone { events: true, .. });
        if !adds_events
            && !matches!(trial.enrolment.accrual, Accrual::Piecewise { .. } | Accrual::Ramp { .. } | Accrual::Sites(_))
        {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span.clone(),
                    "patients are added at a look, and the period in which all enter is fixed beforehand",
                )
                .label("when would they enter?")
                .help("let patients arrive at rates: `piecewise`, `ramp`, or at `[[site]]`s"),
            );
            return None;
        }
        let planned = if adds_events { trial.cut.events.map(|c| c.0 as usize) } else { trial.n };
        if let Some(planned) = planned.filter(|&p| (most as usize) < p) {
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    table.span_of("most"),
                    format!("at most {most}, and {planned} are planned"),
                )
                .label(format!("allowed: {planned} or more"))
                .help("a review makes a trial larger, never smaller"),
            );
            return None;
        }
        Some(ReestimationPlan {
            label: table.text("label").unwrap_or(&name).to_owned(),
            name,
            look,
            analysis,
            most,
            beta: 1.0 - power,
            inflation: inflation(trial, analysis, 1.0 - power),
            margin: target.margin,
            by,
        })
    }

    /// An extension of follow-up.
    fn longer(
        &mut self,
        table: &Table,
        body: &Table,
        name: String,
        (look, analysis): (usize, usize),
        trial: &Trial<'_>,
    ) -> Option<ReestimationPlan> {
        let fewer = body.integer("fewer-than").and_then(|e| u32::try_from(e).ok())?;
        let months = self.number_in(body, "months", Domain::Positive)??;
        if let Cut { horizon: None, date: None, after_last_entry: None, .. } = trial.cut {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    body.span.clone(),
                    "follow-up is to be extended, and no month ends it",
                )
                .label("what would be later?")
                .help("`[cut]` with `horizon`, `date` or `after-last-entry`"),
            );
            return None;
        }
        Some(ReestimationPlan {
            label: table.text("label").unwrap_or(&name).to_owned(),
            name,
            look,
            analysis,
            most: u32::MAX,
            beta: 0.1,
            inflation: 1.0,
            margin: 0.0,
            by: Review::FollowUp(fewer, months),
        })
    }

    /// Whether what is pooled can be computed of the endpoint.
    fn fits(&mut self, table: &Table, kind: &str, endpoint: &Resolved, plan: &AnalysisPlan) -> Option<()> {
        let wanted = match kind {
            "pooled-rate" => "binary",
            "pooled-variance" => "score",
            "pooled-events" | "follow-up" => "time-to-event",
            _ => return Some(()),
        };
        if endpoint.kind == wanted {
            return Some(());
        }
        self.say(
            Diagnostic::new(
                Code::Contradiction,
                table.span_of(kind),
                format!("analysis `{}` is of a {} endpoint", plan.name, endpoint.kind),
            )
            .label(format!("wants a {wanted} endpoint"))
            .help("pooled-rate: binary; pooled-variance: score; pooled-events and follow-up: time-to-event"),
        );
        None
    }

    /// What the planned effect is held against.
    fn target(&mut self, table: &Table, kind: &str, endpoint: &Resolved, plan: &AnalysisPlan) -> Option<Margin> {
        let measure = endpoint.endpoint.as_ref().map(|e| &e.measure);
        let better = match measure {
            Some(Measure::Binary { better, .. } | Measure::Score { better, .. }) => *better,
            _ => return None,
        };
        let difference = plan.method.scale() == Scale::Difference && plan.method.target() == Target::Mean;
        let none = if plan.method.scale() == Scale::Probability { 0.5 } else { 0.0 };
        let why = match () {
            () if plan.equivalence.is_some() => "is one of equivalence, between two limits".to_owned(),
            () if plan.interaction.is_some() => "compares two differences".to_owned(),
            () if !difference && plan.null != none => {
                format!(
                    "has a margin on the scale of `{}`, which is no difference of proportions or means",
                    plan.method_name
                )
            }
            () => {
                let margin = if difference { plan.null } else { 0.0 };
                return Some(Margin { margin, orientation: plan.method.orientation(better) });
            }
        };
        self.say(
            Diagnostic::new(Code::Contradiction, table.span_of(kind), format!("analysis `{}` {why}", plan.name))
                .label("does not size it")
                .help("it sizes one comparison of two arms, against a margin where that is a difference of proportions or means"),
        );
        None
    }

    /// The planned difference, which must be one from what the analysis is held against.
    fn effect(&mut self, table: &Table, target: Margin) -> Option<f64> {
        let difference = self.number(table, "difference")?;
        let Margin { margin, orientation } = target;
        if margin == 0.0 && difference != 0.0 || orientation * (difference - margin) > 0.0 && margin != 0.0 {
            return Some(difference);
        }
        let text = format!("`difference` is {difference}");
        let (text, label) = match margin == 0.0 {
            true => (text, "no number of patients finds no effect"),
            false => {
                (format!("{text}, and the margin {margin}"), "no number of patients shows it to be within the margin")
            }
        };
        self.say(Diagnostic::new(Code::OutOfDomain, table.span_of("difference"), text).label(label));
        None
    }

    fn held(&mut self, table: &Table, target: Margin) -> Option<Held> {
        if table.has("difference") == table.has("ratio") {
            let both = table.has("ratio");
            self.say(
                Diagnostic::new(
                    if both { Code::Contradiction } else { Code::MissingKey },
                    table.span.clone(),
                    if both { "both `difference` and `ratio` are given" } else { "the planned effect is not given" },
                )
                .label("which effect is held?")
                .help("difference = 0.15, or ratio = 0.7"),
            );
            return None;
        }
        if table.has("difference") {
            let difference = self.effect(table, target)?;
            if difference.abs() < 1.0 {
                return Some(Held::Difference(difference));
            }
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    table.span_of("difference"),
                    format!("`difference` is {difference}"),
                )
                .label("allowed: between −1 and 1"),
            );
            return None;
        }
        let ratio = self.number_in(table, "ratio", Domain::Positive)??;
        if ratio != 1.0 || target.margin != 0.0 {
            return Some(Held::Ratio(ratio));
        }
        self.say(
            Diagnostic::new(Code::OutOfDomain, table.span_of("ratio"), "`ratio` is 1")
                .label("no number of patients finds no effect"),
        );
        None
    }

    fn zone(&mut self, table: &Table, analysis: usize, look: usize, power: f64, trial: &Trial<'_>) -> Option<Review> {
        let from = self.number_in(table, "from", Domain::OpenProbability)??;
        let to = self.number_in(table, "to", Domain::OpenProbability)?.unwrap_or(power);
        if from >= to {
            self.say(
                Diagnostic::new(
                    Code::NotAscending,
                    table.span_of("from"),
                    format!("the zone reaches from {from} to {to}"),
                )
                .label(format!("allowed: below {to}")),
            );
            return None;
        }
        let rule = trial.rules.iter().position(|r| r.analysis == analysis && r.monitor.is_some());
        let found = rule.and_then(|rule| Some((rule, trial.rules[rule].looks.iter().position(|&k| k == look)?)));
        let Some((rule, place)) = found else {
            self.say(
                Diagnostic::new(
                    Code::MissingKey,
                    table.span.clone(),
                    "conditional power is that of a group-sequential test, and no rule tests the analysis at this look",
                )
                .label("of what test?")
                .help("add a `[[rule]]` with `efficacy` for the analysis, that acts at the look"),
            );
            return None;
        };
        if trial.rules[rule].observed {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span.clone(),
                    format!(
                        "rule `{}` spends by the observed information, which the review changes by what it saw",
                        trial.rules[rule].name
                    ),
                )
                .label("weights must be planned")
                .help("spend-by = \"planned\""),
            );
            return None;
        }
        let endpoint = trial.analyses[analysis].endpoint;
        let events = trial.cut.events.is_some_and(|(_, e)| e == endpoint);
        Some(Review::Zone { zone: [from, to], rule, place, events })
    }
}

/// How much larger than the fixed test the group-sequential one is that rules make of an analysis; 1 where none does.
fn inflation(trial: &Trial<'_>, analysis: usize, beta: f64) -> f64 {
    let plan = trial.rules.iter().filter(|r| r.analysis == analysis).find_map(|r| r.plan.as_ref());
    let solved = plan.and_then(|p| Plan { beta, ..p.clone() }.solve().ok().map(|b| b.inflation(p.alpha, beta)));
    solved.unwrap_or(1.0)
}
