//! Reviews of the sample size at a look, and the test of a trial that has become larger by what was seen.

use crate::monitoring::Mark;
use crate::protocol::Protocol;
use crate::scenario::{AnalysisPlan, ReestimationPlan, Review};
use crate::sequential::Compared;
use crate::sequential::reestimation::{PromisingZone, Seen, beyond, increment, patients, proportions, variance_within};
use crate::workspace::Workspace;

use super::analyse::pick;
use super::conduct::measure;

/// What there is more of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Larger {
    /// Patients to enrol.
    Patients(usize),
    /// Events that end the trial.
    Events(u32),
    /// Months of follow-up.
    Months(f64),
}

/// The review of the sample size at look `k`, on its locked data; none where there is none, or it leaves the trial as it is. `wanted`
/// events (none: the scenario's) are those of reviews before.
pub(super) fn review(protocol: &Protocol<'_>, k: usize, wanted: Option<u32>, work: &mut Workspace) -> Option<Larger> {
    let scenario = protocol.scenario;
    let plan = scenario.reestimations.iter().find(|r| r.look == k)?;
    let analysis = &scenario.analyses[plan.analysis];
    if let Review::FollowUp(fewer, months) = plan.by {
        measure(protocol, analysis.endpoint, work);
        pick(protocol, plan.analysis, work, None, None);
        let event = &work.measured[analysis.endpoint].values.event;
        let seen = work.selection.picks.iter().map(|&i| u32::from(event[i as usize])).sum::<u32>();
        // the trial keeps its patients; 1 and 2 stand for a review that leaves follow-up as it is, or extends it
        work.watch.looks[k].reviewed = 1 + u32::from(seen < fewer);
        return (seen < fewer).then_some(Larger::Months(months));
    }
    let events = plan.adds_events();
    let planned = work.watch.planned[1];
    let before = if events { wanted.or(scenario.cut.events.map(|c| c.0)).unwrap_or(0) as usize } else { planned };
    let needed = match plan.by {
        Review::Zone { .. } => zone(protocol, plan, before, work),
        _ => blinded(protocol, plan, analysis, work) * of_all(protocol, plan, work),
    };
    // a size that cannot be computed leaves the trial as it is
    let size = if needed.is_finite() { (needed - 1e-9).ceil().min(f64::from(plan.most)) as usize } else { 0 };
    let size = size.max(before);
    work.watch.looks[k].reviewed = size as u32;
    match size > before {
        true if events => Some(Larger::Events(size as u32)),
        true => Some(Larger::Patients(size)),
        false => None,
    }
}

/// Patients of the analysis that its pooled data ask for; not a number where these tell nothing.
fn blinded(protocol: &Protocol<'_>, plan: &ReestimationPlan, analysis: &AnalysisPlan, work: &mut Workspace) -> f64 {
    measure(protocol, analysis.endpoint, work);
    pick(protocol, plan.analysis, work, None, None);
    let values = &work.measured[analysis.endpoint].values;
    let known = || work.selection.picks.iter().map(|&i| i as usize);
    let n = known().count() as f64;
    let [e, c] = analysis.arms.map(|arm| f64::from(protocol.scenario.arms[arm].ratio));
    let ratio = e / c;
    let orientation = protocol.analyses[plan.analysis].orientation;
    let size = |compared: Compared| match beyond(compared, plan.margin, ratio) {
        // an effect beyond the margin, which no number of patients shows to be within
        Compared::Means { difference, .. } if plan.margin != 0.0 && orientation * difference <= 0.0 => f64::NAN,
        compared => plan.inflation * compared.fixed(analysis.alpha, analysis.sides, plan.beta, ratio),
    };
    match plan.by {
        Review::Rate(held) => {
            let pooled = known().map(|i| f64::from(values.code[i])).sum::<f64>() / n;
            proportions(pooled, held, ratio).map_or(f64::NAN, size)
        }
        Review::Variance(difference) => {
            let mean = known().map(|i| values.real[i]).sum::<f64>() / n;
            let total = known().map(|i| (values.real[i] - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let within = variance_within(total, n, difference, ratio);
            if within > 0.0 { size(Compared::Means { difference, sd: within.sqrt() }) } else { f64::NAN }
        }
        Review::Events(wanted, by) => {
            let events = known().map(|i| f64::from(values.event[i])).sum::<f64>();
            let months = known().map(|i| values.real[i]).sum::<f64>();
            // a constant hazard up to `by`
            let probability = -(-events / months * by).exp_m1();
            if probability > 0.0 { patients(f64::from(wanted), probability) } else { f64::NAN }
        }
        Review::Zone { .. } | Review::FollowUp(..) => f64::NAN,
    }
}

/// Patients of the trial for one of the analysis: by the ratios of all arms and of the two compared, and by the share that its subset has
/// of their patients enrolled by the look. Infinite where none of them is in it.
fn of_all(protocol: &Protocol<'_>, plan: &ReestimationPlan, work: &mut Workspace) -> f64 {
    let arms = &protocol.scenario.arms;
    let two = protocol.scenario.analyses[plan.analysis].arms;
    let ratio = |arm: usize| f64::from(arms[arm].ratio);
    let all = (0..arms.len()).map(ratio).sum::<f64>() / two.map(ratio).iter().sum::<f64>();
    let Some(subset) = &protocol.analyses[plan.analysis].subset else { return all };
    let Workspace { watch, cohort, entry, flags, noise, .. } = work;
    let (rows, date) = (cohort.rows, watch.looks[plan.look].date);
    flags.resize(rows, 0);
    subset.eval_flags(rows, cohort, &mut noise.registers, &mut flags[..rows]);
    let enrolled = |i: usize| entry.get(i).is_none_or(|&entry| entry <= date);
    let theirs = || (0..rows).filter(|&i| two.contains(&usize::from(cohort.arm[i])) && enrolled(i));
    all * theirs().count() as f64 / theirs().filter(|&i| flags[i] == 1).count() as f64
}

/// Patients or events that conditional power asks for, as a multiple of those planned.
fn zone(protocol: &Protocol<'_>, plan: &ReestimationPlan, before: usize, work: &Workspace) -> f64 {
    let Review::Zone { zone, rule, place, .. } = plan.by else { return f64::NAN };
    let looks = protocol.scenario.looks.len();
    let mark = &work.watch.marks[rule * (looks + 1) + plan.look];
    let Some(monitor) = &work.watch.monitors[rule] else { return f64::NAN };
    let upper = &monitor.planned().upper;
    let zone = PromisingZone {
        share: protocol.scenario.rules[rule].shares[place],
        last: upper[upper.len() - 1],
        target: 1.0 - plan.beta,
        cap: f64::from(plan.most) / before as f64,
        zone,
    };
    if mark.z.is_finite() { zone.information(mark.z) * before as f64 } else { f64::NAN }
}

/// The review by which the size of the trial depends on what rule `r` saw.
fn by_zone<'p>(protocol: &'p Protocol<'_>, r: usize) -> Option<&'p ReestimationPlan> {
    let of = |p: &&ReestimationPlan| matches!(p.by, Review::Zone { rule, .. } if rule == r);
    protocol.scenario.reestimations.iter().find(of)
}

/// Whether the size of the trial may depend on what rule `r` sees.
pub(super) fn adapts(protocol: &Protocol<'_>, r: usize) -> bool {
    by_zone(protocol, r).is_some()
}

/// The statistic with which rule `r` goes on at its look `j`: after a review in the promising zone that of all stages, each by itself and
/// with its planned weight, since their sizes depend on what was seen. The test then keeps its level, and where the review has left the
/// trial as it was the statistic is nearly that of all data. `marks` are those of the rule.
pub(super) fn combined(protocol: &Protocol<'_>, r: usize, j: usize, z: f64, information: f64, marks: &[Mark]) -> f64 {
    let rule = &protocol.scenario.rules[r];
    let Some(Review::Zone { place, .. }) = by_zone(protocol, r).map(|plan| plan.by) else { return z };
    let first = &marks[rule.looks[place]];
    if place >= j || !(first.raw.is_finite() && z.is_finite()) {
        return z;
    }
    // B(t) = √t Z(t), a step at a time
    let mut before = (rule.shares[place], Seen { z: first.raw, information: first.information });
    let mut walk = before.0.sqrt() * first.raw;
    let between = (place + 1..j).map(|i| (rule.shares[i], &marks[rule.looks[i]])).filter(|(_, m)| m.raw.is_finite());
    let stages = between.map(|(t, m)| (t, Seen { z: m.raw, information: m.information }));
    for (t, seen) in stages.chain([(rule.shares[j], Seen { z, information })]) {
        let step = increment(before.1, seen);
        // a stage in which nothing came adds nothing, and loses its weight
        if step.is_finite() {
            walk += (t - before.0).sqrt() * step;
        }
        before = (t, seen);
    }
    walk / rule.shares[j].sqrt()
}
