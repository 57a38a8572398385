//! What one row of the analysis plan is worth.

use super::describe::describe;
use super::moments::{finite, share};
use super::{LookBack, Summary};
use crate::analysis::Scale;
use crate::engine::{Tables, left_out};
use crate::math::share::wilson;
use crate::planning;
use crate::protocol::Protocol;
use crate::result::{self, Against, Figure};
use crate::scenario::{Measure, TrueValue};

impl Summary {
    /// What planning formulas may use of an analysis, whose pooled true value and limit are `targets`.
    #[must_use]
    pub fn given(
        &self,
        protocol: &Protocol<'_>,
        tables: &Tables,
        a: usize,
        targets: [Option<f64>; 2],
    ) -> planning::Given {
        let plan = &protocol.scenario.analyses[a];
        let row = &self.rows[a];
        let all = self.replicates.max(1) as f64;
        planning::Given {
            target: targets[1].or(targets[0]),
            sums: row.sums[1][0].map(|s| s.value()),
            patients: row.patients as f64 / all,
            events: row.events as f64 / all,
            se: row.variance.mean().sqrt(),
            cubes: (plan.method_name == "proportional-odds" && plan.covariates.is_empty())
                .then(|| tables.of(a, usize::from(protocol.incomplete), 0).cubes(tables.shares(protocol, plan))),
            weighted_variance: tables
                .weighted_variance(plan, plan.arms[usize::from(protocol.analyses[a].rule.treated == 0)]),
        }
    }

    pub(super) fn analysis(
        &self,
        protocol: &Protocol<'_>,
        tables: &Tables,
        a: usize,
        targets: [Option<f64>; 2],
        back: LookBack,
    ) -> result::Analysis {
        let plan = &protocol.scenario.analyses[a];
        let row = &self.rows[a];
        let all = self.replicates.max(1);
        let endpoint = &protocol.scenario.endpoints[plan.endpoint];
        let mean = row.estimate.mean();
        let empirical = row.estimate.sd();
        let count = row.estimate.count as f64;
        let model = row.variance.mean().sqrt();
        let known = matches!(plan.estimand, Some(TrueValue::Number(_)));
        let goal = |seen: usize| {
            targets[seen].map(|value| Figure {
                estimate: value,
                mcse: if seen == 0 && known { Some(0.0) } else { finite(row.target[seen].mcse()) },
            })
        };
        let bias = |seen: usize| {
            targets[seen].filter(|_| row.estimate.count > 0).map(|value| {
                if self.varies && !(seen == 0 && known) {
                    let pair = &row.pair[seen];
                    return Figure { estimate: pair.mean(), mcse: finite(pair.mcse()) };
                }
                let mcse = if seen == 0 && known { row.estimate.mcse() } else { row.bias_mcse(seen) };
                Figure { estimate: mean - value, mcse: finite(mcse) }
            })
        };
        let estimated = row.estimate.count;
        let coverage = |seen: usize| {
            if self.varies && !(seen == 0 && known) {
                let own = matches!(plan.estimand, Some(TrueValue::Drawn(..))) && seen == 0;
                let [covered, of] = if own { [row.covered, row.pair[0].count] } else { back.given[seen] };
                return (of > 0).then(|| share(covered, of));
            }
            back.covered[seen].filter(|_| estimated > 0).map(|c| share(c, estimated))
        };
        let parts = plan.method.parts();
        let mean_part = |k: usize| row.parts[k].value() / row.answered as f64;
        let pairs = match (&endpoint.measure, plan.interaction.is_none() && estimated > 0) {
            (Measure::Hierarchical(tiers), true) => Some(result::Pairs {
                wins: mean_part(0),
                losses: mean_part(1),
                ties: mean_part(2),
                decided: tiers
                    .iter()
                    .enumerate()
                    .take(5)
                    .map(|(t, tier)| result::Part { name: tier.name.clone(), mean: mean_part(3 + t) })
                    .collect(),
            }),
            _ => None,
        };
        let figures = self.given(protocol, tables, a, targets);
        result::Analysis {
            name: plan.name.clone(),
            label: plan.label.clone(),
            endpoint: endpoint.name.clone(),
            method: plan.method_name,
            scale: match plan.method.scale() {
                Scale::Difference => "difference",
                Scale::LogRatio => "log-ratio",
                Scale::Probability => "probability",
            },
            alpha: plan.alpha,
            sides: plan.sides,
            null: self.rules[a].2,
            equivalence: plan.equivalence,
            hypothesis: plan.hypothesis(protocol.analyses[a].orientation),
            estimand: result::Estimand { description: describe(protocol, a), truth: goal(0), limit: goal(1) },
            power: result::Power {
                estimate: row.favour as f64 / all as f64,
                mcse: share(row.favour, all).mcse,
                interval: wilson(row.favour, all),
            },
            rejects: result::Rejects { against: share(row.against, all), total: share(row.favour + row.against, all) },
            type_one: None,
            estimate: result::Estimates {
                mean: row.estimate.figure(),
                bias: Against { truth: bias(0), limit: bias(1) },
                empirical_se: finite(empirical)
                    .map(|e| Figure { estimate: e, mcse: finite(e / (2.0 * (count - 1.0)).sqrt()) }),
                model_se: finite(model)
                    .map(|m| Figure { estimate: m, mcse: finite(row.variance.sd() / (2.0 * m * count.sqrt())) }),
                coverage: Against { truth: coverage(0), limit: coverage(1) },
                mse: targets[0].filter(|_| estimated > 1).map(|t| {
                    let pair = &row.pair[0];
                    // with a prior each replicate has its own true value
                    let (bias, sd, count) = if self.varies && !known {
                        (pair.mean(), pair.sd(), pair.count as f64)
                    } else {
                        (mean - t, empirical, count)
                    };
                    bias.powi(2) + sd * sd * (count - 1.0) / count
                }),
                quantiles: back.quantiles,
                smallest_significant: row
                    .smallest
                    .filter(|_| plan.equivalence.is_none())
                    .map(|distance| self.rules[a].2 + self.rules[a].4 * distance),
                beats_relevant: plan.relevant.filter(|_| plan.method.estimates()).map(|_| share(row.beats, all)),
                relevant: plan.relevant,
            },
            parts: if pairs.is_some() || plan.interaction.is_some() || row.answered == 0 {
                Vec::new()
            } else {
                parts
                    .iter()
                    .enumerate()
                    .map(|(k, name)| result::Part { name: (*name).to_owned(), mean: mean_part(k) })
                    .collect()
            },
            left_out: left_out(protocol.scenario, plan),
            pairs,
            // formulas are of tests at the end alone, of a size that no review changes
            planning: (protocol.scenario.reestimations.is_empty()
                && !protocol.scenario.rules.iter().any(|r| r.analysis == a && r.monitor.is_some()))
            .then(|| planning::power(protocol, a, &figures))
            .flatten()
            .map(
                |formula| if self.varies { result::Planning { note: planning::AVERAGED, ..formula } } else { formula },
            ),
            patients: row.patients as f64 / all as f64,
            events: row.events as f64 / all as f64,
            bootstrap: plan
                .bootstrap
                .map(|resamples| result::Bootstrap { resamples, failed: row.failed_resamples as f64 / all as f64 }),
            failures: result::Failures {
                total: row.failures.iter().map(|f| f.1).sum(),
                reasons: row
                    .failures
                    .iter()
                    .map(|&(status, count, first)| result::Failure { reason: status.words(), count, first })
                    .collect(),
            },
        }
    }
}
