//! What looks and rules are worth.

use super::{Looks, RuleSums, TENTHS};
use crate::math::special::normal_tail;
use crate::protocol::Protocol;
use crate::result::{Figure, looks as result};
use crate::sequential::Boundary;
use crate::summary::moments::{finite, share};

impl Looks {
    /// What looks and rules are worth; `targets` are the true values and limits of the analyses.
    pub(in crate::summary) fn result(
        &self,
        protocol: &Protocol<'_>,
        targets: &[[Option<f64>; 2]],
        covered: &[[Option<[u64; 2]>; 2]],
    ) -> result::Monitoring {
        let trials: u64 = self.stops.iter().sum::<u64>().max(1);
        let scenario = protocol.scenario;
        let of = |count: u64| share(count, trials);
        let looks =
            scenario.looks.iter().zip(&self.looks).zip(&self.stops).map(|((plan, sums), &stops)| result::Look {
                name: plan.name.clone(),
                label: plan.label.clone(),
                held: of(sums.held),
                late: of(sums.late),
                overtaken: of(sums.overtaken),
                month: sums.date.figure(),
                enrolled: sums.enrolled.figure(),
                overrun: sums.more_patients.figure().filter(|_| plan.delay > 0.0),
                stops: of(stops),
            });
        let rules = scenario.rules.iter().enumerate().map(|(r, _)| self.rule(protocol, r, trials, targets, covered));
        let reviews = scenario.reestimations.iter().map(|plan| {
            let sums = &self.looks[plan.look];
            result::Review {
                name: plan.name.clone(),
                label: plan.label.clone(),
                look: scenario.looks[plan.look].name.clone(),
                counts: match () {
                    () if plan.extends_follow_up() => "months",
                    () if plan.adds_events() => "events",
                    () => "patients",
                },
                held: of(sums.reviewed.count),
                larger: of(sums.larger),
                most: of(sums.most),
                size: sums.reviewed.figure().filter(|_| !plan.extends_follow_up()),
            }
        });
        result::Monitoring {
            reviews: reviews.collect(),
            stops: of(trials - self.stops.last().copied().unwrap_or(0)),
            patients: self.patients.figures(1.0),
            spared: self.spared.figure(),
            added: self.added.figure().filter(|_| !scenario.reestimations.is_empty()),
            short: scenario.cut.events.map(|_| of(self.short)),
            endless: of(trials.saturating_sub(self.months.moments.count)),
            // those that have an end are no sample of all
            months: self.months.figures(TENTHS).filter(|_| self.months.moments.count == trials),
            looks: looks.collect(),
            rules: rules.collect(),
        }
    }

    fn rule(
        &self,
        protocol: &Protocol<'_>,
        r: usize,
        trials: u64,
        targets: &[[Option<f64>; 2]],
        covered: &[[Option<[u64; 2]>; 2]],
    ) -> result::Rule {
        let scenario = protocol.scenario;
        let plan = &scenario.rules[r];
        let analysis = &scenario.analyses[plan.analysis];
        // hypotheses of a family have bounds at the level that they have by then
        let planned = plan.monitor.as_ref().filter(|_| plan.family.is_none()).map(crate::sequential::Monitor::planned);
        let spent = planned.map(|b| spent(b, plan.binding));
        let at_drift = planned.map(|b| b.crossing(b.drift));
        let [truth, limit] = targets[plan.analysis];
        let target = limit.or(truth);
        let (mut rejected, mut alpha, mut power) = (0, 0.0, 0.0);
        let mut at = Vec::new();
        let last = self.rules[r].last().map_or(f64::NAN, |end| end.information.mean());
        // what the plan does not say stands for 1
        let known = plan.monitor.is_some() && plan.planned != 1.0;
        for (place, sums) in self.rules[r].iter().enumerate() {
            let end = place == scenario.looks.len();
            let j = if end { Some(plan.looks.len()) } else { plan.looks.iter().position(|&k| k == place) };
            let Some(j) = j.filter(|_| !end || plan.monitor.is_some()) else { continue };
            rejected += sums.efficacy;
            alpha += spent.as_ref().map_or(0.0, |s| s[j]);
            power += at_drift.as_ref().map_or(0.0, |c| c.upper[j]);
            let bound = |side: usize| sums.bounds[side].figure();
            at.push(result::At {
                look: scenario.looks.get(place).map_or_else(|| "end".to_owned(), |l| l.name.clone()),
                planned: planned.map(|b| result::Planned {
                    share: plan.shares[j],
                    z: finite(b.upper[j]),
                    p: finite(b.upper[j]).map(normal_tail),
                    futility_z: finite(b.lower[j]).filter(|_| analysis.sides == 1 && !end),
                    alpha,
                    power,
                }),
                seen: share(sums.seen, trials),
                share: sums.share.figure(),
                information: sums
                    .information
                    .figure()
                    .filter(|_| known)
                    .map(|f| Figure { estimate: f.estimate / plan.planned, mcse: f.mcse.map(|m| m / plan.planned) }),
                z: bound(1),
                futility_z: bound(0).filter(|_| !end),
                futility_effect: plan.futility.as_ref().and_then(|f| f.effect(j)),
                futility_probability: plan.futility.as_ref().and_then(|f| f.probability(j)),
                effect: sums.effect.figure().filter(|_| analysis.method.estimates()),
                efficacy: share(sums.efficacy, trials),
                rejected: share(rejected, trials),
                harm: share(sums.harm, trials),
                futility: share(sums.futility, trials),
                failed: sums.failed,
                patients: sums.patients.figure(),
                events: sums.events.figure(),
                overrun: sums.more_events.figure().filter(|_| scenario.looks.get(place).is_some_and(|l| l.delay > 0.0)),
                estimate: sums.ended.figure(),
                bias: target.zip(sums.ended.figure()).map(|(t, f)| Figure { estimate: f.estimate - t, ..f }),
                correlation: correlation(sums).filter(|_| !end).map(|estimate| result::Correlation {
                    estimate,
                    expected: (sums.information.mean() / last).sqrt(),
                }),
            });
        }
        let adjusted = &self.adjusted[r];
        let count = adjusted.estimate.count;
        let bias = |seen: usize| {
            let value = targets[plan.analysis][seen]?;
            let mean = adjusted.estimate.figure()?;
            let mcse = finite(adjusted.pair[seen].mcse()).or(mean.mcse);
            Some(Figure { estimate: mean.estimate - value, mcse })
        };
        let part = |seen: usize, which: usize| {
            covered.get(plan.analysis)?[seen].filter(|_| count > 0).map(|c| share(c[which], count))
        };
        let (coverage, below) = (|seen: usize| part(seen, 0), |seen: usize| part(seen, 1));
        let [efficacy, futility] = plan.words.clone();
        result::Rule {
            name: plan.name.clone(),
            label: plan.label.clone(),
            analysis: analysis.name.clone(),
            scale: match analysis.method.scale() {
                crate::analysis::Scale::LogRatio => "log-ratio",
                crate::analysis::Scale::Difference => "difference",
                crate::analysis::Scale::Probability => "probability",
            },
            efficacy,
            futility,
            binding: plan.binding,
            spends_by: if plan.observed { "observed" } else { "planned" },
            dependent: plan.correlated,
            events: self.events[r].figures(1.0).filter(|s| s.mean.estimate > 0.0),
            at,
            median_unbiased: (count > 0).then(|| result::MedianUnbiased {
                of: share(count, trials),
                below: crate::result::Against { truth: below(0), limit: below(1) },
                mean: adjusted.estimate.figure(),
                bias: crate::result::Against { truth: bias(0), limit: bias(1) },
                coverage: crate::result::Against { truth: coverage(0), limit: coverage(1) },
            }),
        }
    }
}

/// Level spent at each look, of all sides; futility acts where it is binding.
fn spent(planned: &Boundary, binding: bool) -> Vec<f64> {
    // the lower bounds of a two-sided test reject as well
    if planned.sides == 2 {
        let crossing = planned.crossing(0.0);
        return crossing.upper.iter().zip(&crossing.lower).map(|(above, below)| above + below).collect();
    }
    if binding { planned.crossing(0.0).upper } else { planned.without_futility().crossing(0.0).upper }
}

/// Correlation of the statistic at a look with that at the end, where nothing stops: of independent increments √share.
fn correlation(sums: &RuleSums) -> Option<f64> {
    let [at, end] = &sums.free;
    let count = at.count as f64;
    let covariance = (sums.products.mean() - at.mean() * end.mean()) * count / (count - 1.0);
    finite(covariance / (at.sd() * end.sd()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequential::{Efficacy, Futility, Plan, Spending};

    fn plan(sides: u8, futility: Futility, binding: bool) -> Plan {
        let (looks, efficacy) = (vec![0.4, 0.7, 1.0], Efficacy::Spending(Spending::OBrienFleming));
        Plan { looks, alpha: 0.025 * f64::from(sides), sides, beta: 0.1, efficacy, futility, binding }
    }

    #[test]
    fn by_hand_what_is_spent_in_all_is_the_level_where_bounds_act_as_they_were_made() {
        let z = || Futility::Given(vec![0.3, 1.0]);
        for (plan, level) in [
            (plan(1, Futility::Never, false), 0.025),
            (plan(1, z(), false), 0.025),
            (plan(1, z(), true), 0.025),
            (plan(2, Futility::Never, false), 0.05),
        ] {
            let total: f64 = spent(&plan.solve().unwrap(), plan.binding).iter().sum();
            assert!((total - level).abs() < 1e-9, "{plan:?}: {total}");
        }
        // bounds that count on futility spend more where it is passed over
        let total: f64 = spent(&plan(1, z(), true).solve().unwrap(), false).iter().sum();
        assert!(total > 0.0275, "{total}");
    }
}
