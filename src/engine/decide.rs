//! What rules make of a look: bounds crossed, hypotheses rejected, trials stopped.

use crate::analysis::{Better, Decision, Estimate, Prior, Status};
use crate::math::special::{normal_cdf, normal_quantile};
use crate::monitoring::{Crossed, Mark, Watch};
use crate::protocol::Protocol;
use crate::random::Replicate;
use crate::scenario::{Counted, Futility, RulePlan};
use crate::sequential::predictive::{Count, Normal};
use crate::workspace::Workspace;

use super::conduct::analyse;
use super::{RowRecord, reestimation};

/// The statistic on the scale of z, oriented in favour: that of which the one-sided p-value is a tail.
pub(super) fn statistic(e: &Estimate) -> f64 {
    match e.status {
        Status::Estimated if e.z.is_finite() && e.df == f64::INFINITY && e.others.is_none() => e.z,
        Status::Estimated => -normal_quantile(e.p),
        _ => f64::NAN,
    }
}

/// What all rules make of a look; whether the trial stops.
pub(super) fn decide(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    k: usize,
    work: &mut Workspace,
    rows: &mut [RowRecord],
) -> bool {
    let looks = protocol.scenario.looks.len();
    let mut stops = false;
    for (r, rule) in protocol.scenario.rules.iter().enumerate() {
        let at_end = k == looks;
        let place = if at_end { Some(rule.looks.len()) } else { rule.looks.iter().position(|&look| look == k) };
        let Some(j) = place else { continue };
        if work.watch.rejected[r] || (at_end && rule.monitor.is_none()) {
            continue;
        }
        analyse(protocol, replicate, rule.analysis, work, rows);
        let hopeless = !at_end && hopeless(protocol, r, j, &rows[rule.analysis].estimate, work);
        let mark = judge(protocol, rule, j, at_end, &rows[rule.analysis].estimate, &mut work.watch, r, hopeless);
        let at = &mut work.watch.marks[r * (looks + 1) + k];
        *at = Mark { free: at.free, ..mark };
    }
    for f in 0..protocol.scenario.multiplicity.len() {
        pass_on(protocol, f, k, &mut work.watch);
    }
    for (r, rule) in protocol.scenario.rules.iter().enumerate() {
        match work.watch.marks[r * (looks + 1) + k].crossed {
            Crossed::Efficacy | Crossed::Harm => {
                work.watch.rejected[r] = true;
                stops |= !rule.goes_on;
            }
            Crossed::Futility => stops = true,
            Crossed::Neither | Crossed::Failed | Crossed::Unseen => {}
        }
    }
    let mut tests = protocol.scenario.rules.iter().zip(&work.watch.rejected).filter(|(r, _)| r.monitor.is_some());
    let any = protocol.scenario.rules.iter().any(|r| r.monitor.is_some());
    stops || (any && tests.all(|(_, &rejected)| rejected))
}

/// Tests the hypotheses of a family at a look: each at the level that it has by now, and what is rejected passes its level on, as long as
/// any is. Earlier looks are not tested again at higher levels.
///
/// Source: Maurer W, Bretz F. Multiple testing in group sequential trials using graphical approaches. Statistics in Biopharmaceutical
/// Research 2013;5:311–320.
fn pass_on(protocol: &Protocol<'_>, f: usize, k: usize, watch: &mut Watch) {
    let family = &protocol.scenario.multiplicity[f];
    if family.graph.is_none() {
        return;
    }
    let looks = protocol.scenario.looks.len();
    let mut again = true;
    while again {
        again = false;
        for (r, rule) in protocol.scenario.rules.iter().enumerate() {
            let Some((_, h)) = rule.family.filter(|&(of, _)| of == f) else { continue };
            let place = if k == looks { Some(rule.looks.len()) } else { rule.looks.iter().position(|&look| look == k) };
            let at = r * (looks + 1) + k;
            let (Some(j), z) = (place, watch.marks[at].z) else { continue };
            if !watch.graphs[f].is_open(h) || z.is_nan() {
                continue;
            }
            let upper = watch.bound_at_level(rule, r, j, watch.graphs[f].weight(h) * family.alpha);
            let mark = &mut watch.marks[at];
            mark.bounds[1] = upper;
            let crossed = match () {
                () if z >= upper => Crossed::Efficacy,
                () if family.sides == 2 && z <= -upper => Crossed::Harm,
                () => continue,
            };
            mark.crossed = crossed;
            watch.graphs[f].reject(h);
            again = true;
        }
    }
}

/// Whether the predictive probability of success at the end is below its bound at look `j` of rule `r`.
fn hopeless(protocol: &Protocol<'_>, r: usize, j: usize, e: &Estimate, work: &mut Workspace) -> bool {
    let rule = &protocol.scenario.rules[r];
    let Some(Futility::Success(least)) = &rule.futility else { return false };
    let plan = &protocol.scenario.analyses[rule.analysis];
    let row = &protocol.analyses[rule.analysis];
    if e.status != Status::Estimated {
        return false;
    }
    let chance = match (plan.method.prior(), &rule.monitor) {
        (Some(Prior::Normal(_)), Some(monitor)) => {
            let last = monitor.planned().upper.last().copied().unwrap_or(f64::INFINITY);
            let [_, se, ..] = e.parts;
            let share = rule.shares[j];
            let posterior = Normal { mean: row.orientation * (e.estimate - row.rule.null), sd: e.se };
            posterior.predictive(0.0, normal_cdf(last), (1.0 - share) / share / (se * se))
        }
        (Some(Prior::Proportions(_)), _) => {
            let mut counts = [Count::default(); 2];
            let measured = &work.measured[plan.endpoint];
            for (i, &arm) in work.cohort.arm.iter().enumerate() {
                if let Some(a) =
                    plan.arms.iter().position(|&of| of == usize::from(arm)).filter(|_| measured.known[i] == 1)
                {
                    counts[a].n += 1;
                    counts[a].events += u32::from(measured.values.code[i]);
                }
            }
            let ratio = plan.arms.map(|arm| f64::from(protocol.scenario.arms[arm].ratio));
            let missing = (rule.planned - f64::from(counts[0].n + counts[1].n)).max(0.0);
            let sizes =
                [0, 1].map(|a: usize| counts[a].n + (missing * ratio[a] / (ratio[0] + ratio[1])).round() as u32);
            let higher = row.rule.better == Better::Higher;
            let (counts, sizes) = if higher { (counts, sizes) } else { ([counts[1], counts[0]], [sizes[1], sizes[0]]) };
            work.watch.predictors[r].as_mut().map_or(f64::NAN, |p| p.predictive(counts, sizes))
        }
        _ => f64::NAN,
    };
    chance < least[j]
}

/// What a rule makes of an estimate at its look `j`.
#[expect(clippy::too_many_arguments, reason = "one rule, what it sees and what it writes to")]
fn judge(
    protocol: &Protocol<'_>,
    rule: &RulePlan,
    j: usize,
    at_end: bool,
    e: &Estimate,
    watch: &mut Watch,
    r: usize,
    hopeless: bool,
) -> Mark {
    let z = statistic(e);
    let amount = match rule.information {
        Counted::Events => f64::from(e.events),
        Counted::Patients => f64::from(e.n),
        Counted::Precision => 1.0 / (e.se * e.se),
    };
    let seen = amount / rule.planned;
    let share = if rule.observed && seen.is_finite() { seen } else { rule.shares[j] };
    // a gate on z, p or the effect has no use for it
    let measured =
        rule.monitor.is_some() || matches!(rule.futility, Some(Futility::Conditional { .. } | Futility::Predictive(_)));
    let mut mark = Mark {
        z,
        share: if measured { share } else { f64::NAN },
        estimate: e.estimate,
        se: e.se,
        patients: e.n,
        events: e.events,
        bounds: [f64::NEG_INFINITY, f64::INFINITY],
        ..Mark::EMPTY
    };
    let plan = &protocol.scenario.analyses[rule.analysis];
    let row = &protocol.analyses[rule.analysis];
    // a z of √share is a drift of 1; the distance from the null value that makes a z of 1 is not the standard error of the estimate where
    // the test has its own
    let distance = e.estimate - row.rule.null;
    let of_one = if z.abs() > 1e-6 && distance != 0.0 { distance / z } else { row.orientation * e.se };
    let two_sided = plan.sides == 2 && rule.monitor.is_some();
    let scaled = rule.futility.as_ref().filter(|_| !at_end).and_then(|f| f.bound(j, share, rule.last));
    let effect = match &rule.futility {
        Some(Futility::Effect(values)) if !at_end => Some(values[j]),
        _ => None,
    };
    if let Some(monitor) = &mut watch.monitors[r] {
        let by_effect = effect.map(|value| (value - row.rule.null) / of_one).filter(|z| z.is_finite());
        let stop = scaled.filter(|_| two_sided || rule.observed).or(by_effect);
        mark.bounds = monitor.bounds(j, share, at_end, stop);
        if two_sided || effect.is_some() {
            // its lower bound mirrors the upper one; one of the estimate is none of z
            mark.bounds[0] = f64::NEG_INFINITY;
        }
    }
    let [mut lower, upper] = mark.bounds;
    let looks = protocol.scenario.looks.len();
    let raw = z;
    let z = reestimation::combined(protocol, r, j, z, amount, &watch.marks[r * (looks + 1)..(r + 1) * (looks + 1)]);
    (mark.raw, mark.z) = (raw, z);
    mark.information = amount;
    let mut futile = hopeless;
    if let Some(bound) = scaled.filter(|_| two_sided || rule.monitor.is_none()) {
        if two_sided {
            futile = z < bound;
        } else {
            lower = bound;
        }
        mark.bounds[0] = bound;
    }
    if let Some(value) = effect {
        futile = row.orientation * (e.estimate - value) < 0.0;
    }
    // a family decides by the level that its hypotheses have by then
    let alone = rule.family.is_none();
    mark.crossed = match () {
        () if z.is_nan() => Crossed::Failed,
        () if alone && z >= upper => Crossed::Efficacy,
        () if alone && two_sided && z <= -upper => Crossed::Harm,
        () if futile || (!two_sided && !at_end && z < lower) => Crossed::Futility,
        () => Crossed::Neither,
    };
    let ends = at_end || mark.crossed != Crossed::Neither && mark.crossed != Crossed::Failed;
    if let Some(monitor) = &mut watch.monitors[r] {
        if ends && is_ordered(protocol, r) && z.is_finite() && e.estimate.is_finite() {
            let unit = of_one * share.sqrt();
            // an exact test may see no benefit where the estimate has some
            if unit * row.orientation > 0.0 && unit.is_finite() {
                let theta = monitor.estimate(z, row.rule.tail());
                let adjusted = theta.map(|theta| row.rule.null + unit * theta);
                mark.adjusted = if unit < 0.0 { [adjusted[2], adjusted[1], adjusted[0]] } else { adjusted };
            }
        }
        monitor.go_on();
    }
    mark
}

/// Whether the ends of rule `r` can be put in order by stage and z: not where the level depends on other hypotheses, where another rule may
/// stop the trial, where the trial became larger by what was seen or its looks came at other shares of the information than the plan's; nor
/// of posterior probabilities, which order by the prior as well, and equivalence.
fn is_ordered(protocol: &Protocol<'_>, r: usize) -> bool {
    let rules = &protocol.scenario.rules;
    let plan = &protocol.scenario.analyses[rules[r].analysis];
    let others = rules.iter().enumerate().any(|(s, other)| s != r && (!other.goes_on || other.futility.is_some()));
    let resized = !rules[r].observed && !protocol.scenario.reestimations.is_empty();
    let by_itself = rules[r].family.is_none() && !others;
    by_itself && !resized && !reestimation::adapts(protocol, r) && plan.equivalence.is_none() && plan.method.tests()
}

/// What rules have decided stands in place of what the analyses would decide by themselves.
pub(super) fn decided(protocol: &Protocol<'_>, work: &Workspace, rows: &mut [RowRecord]) {
    let looks = protocol.scenario.looks.len();
    for (r, rule) in protocol.scenario.rules.iter().enumerate().filter(|(_, r)| r.monitor.is_some()) {
        let marks = &work.watch.marks[r * (looks + 1)..(r + 1) * (looks + 1)];
        let has = |what: Crossed| marks.iter().any(|m| m.crossed == what);
        rows[rule.analysis].decision = Some(match () {
            () if has(Crossed::Efficacy) => Decision::Favour,
            () if has(Crossed::Harm) => Decision::Against,
            () => Decision::Neither,
        });
        let adjusted = marks.iter().map(|m| m.adjusted).find(|a| a[1].is_finite());
        rows[rule.analysis].adjusted = adjusted.unwrap_or([f64::NAN; 3]);
    }
}
