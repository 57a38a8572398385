//! True values and limits: every analysis on both potential outcomes of every enrolled patient.

use crate::analysis::{Adjusts, Estimate, Response, Scale, Status};
use crate::endpoint::hierarchical::Comparison;
use crate::endpoint::measured::{Measured, Reading};
use crate::estimand::{self, FollowUp, Sums, Target, Tilt, UNIT};
use crate::protocol::{Fault, MeasurePlan, Protocol};
use crate::random::Replicate;
use crate::scenario::{AnalysisPlan, Dated, TrueValue};
use crate::workspace::{Both, Workspace, index};

use super::RowRecord;
use super::analyse::{pick, weigh};
use super::tables::{Tables, arm_shares};

/// What an analysis estimates. Linear models with covariates estimate what they do without, and methods that weight or standardise a
/// marginal effect; other models the coefficient of the arm given the covariates.
#[must_use]
pub fn target(plan: &AnalysisPlan) -> Target {
    let target = plan.method.target();
    let adjusted = !plan.covariates.is_empty() || plan.site_factor;
    let stratified = !plan.strata.is_empty() || plan.site_stratum;
    // what is pooled over trials has no strata, and pairs of one stratum are not those of all
    if stratified
        && plan.method.stratifies() == Adjusts::Optionally
        && matches!(target, Target::Peto | Target::Hazard | Target::Pairs(_))
    {
        return Target::Undefined;
    }
    if !adjusted || target == Target::Mean || plan.method.adjusts() == Adjusts::Always {
        return target;
    }
    match target {
        // the sites of one trial are not those of another: the coefficient beside them has no pooled equation
        Target::LogOdds | Target::CommonOdds | Target::Hazard if !plan.site_factor => Target::Coefficient,
        _ => Target::Undefined,
    }
}

/// Whether a target switches competing events off: its true value does, its limit cannot.
fn alone(target: Target) -> bool {
    matches!(target, Target::Survival(_) | Target::RestrictedMean(_))
}

/// The targets of all analyses in one replicate, from both potential outcomes of every enrolled patient. Call after [`super::replicate`]
/// with the same workspace; the patients' arms and outcomes are overwritten.
///
/// # Errors
/// See [`super::replicate`].
pub fn truth(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    rows: &mut [RowRecord],
    tables: &mut Tables,
) -> Result<(), Fault> {
    let count = work.cohort.rows;
    // patients are not those of the replicate before
    for both in &mut work.both {
        both.of = None;
    }
    let asks = |number: usize, goal: Target| goal != Target::Undefined && protocol.analyses[number].same_as == number;
    for (number, plan) in protocol.scenario.analyses.iter().enumerate() {
        if count > 0 && plan.method.tilt() == Tilt::Matched && asks(number, target(plan)) {
            matched(protocol, number, work);
        }
    }
    potential_endpoints(protocol, replicate, work)?;
    if count == 0 {
        return Ok(());
    }
    if !protocol.propensity.is_empty() {
        for (arm, sum) in tables.arms.iter_mut().enumerate() {
            *sum += (0..count).map(|i| units(probability(protocol, work, arm, i))).sum::<u64>();
        }
        if tables.arms.len() == 2 {
            for i in 0..count {
                let [c, e] = [0, 1].map(|arm| probability(protocol, work, arm, i));
                for (sum, x) in tables.choice.iter_mut().zip([1.0, 1.0 / (e * c), e * c, e / c, c / e]) {
                    *sum = sum.saturating_add(units(x));
                }
            }
        }
    }
    for number in 0..rows.len() {
        let plan = &protocol.scenario.analyses[number];
        let goal = target(plan);
        let first = protocol.analyses[number].same_as;
        if goal == Target::Undefined {
            continue;
        }
        if first < number {
            (rows[number].target, rows[number].sums) = (rows[first].target, rows[first].sums);
            continue;
        }
        tilt(protocol, number, work);
        let row = &mut rows[number];
        for seen in 0..if protocol.incomplete { 2 } else { 1 } {
            let groups = groups(protocol, number);
            let mut values = [f64::NAN; 2];
            for (g, &group) in groups.iter().enumerate() {
                values[g] = potential(protocol, number, goal, group, seen, g, work, row, tables);
            }
            row.target[seen] = if groups.len() == 2 { values[0] - values[1] } else { values[0] };
        }
        if !protocol.incomplete {
            row.target[1] = row.target[0];
            row.sums[1] = row.sums[0];
        }
    }
    for (row, plan) in rows.iter_mut().zip(&protocol.scenario.analyses) {
        if let Some(TrueValue::Drawn(column, scale)) = plan.estimand {
            let x = work.cohort.value(column, 0);
            row.target[0] = if scale == Scale::LogRatio { x.ln() } else { x };
        }
    }
    Ok(())
}

/// Endpoints of every enrolled patient in every arm: complete, as seen, and complete with death and competing events switched off.
/// Outcomes that do not depend on the arm, and days of visits, are there from [`super::follow`].
///
/// # Errors
/// See [`super::replicate`].
pub(super) fn potential_endpoints(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
) -> Result<(), Fault> {
    for arm in 0..protocol.scenario.arms.len() {
        work.cohort.arm.fill(arm as u8);
        let candidates = index(&work.candidates, work.dense);
        for step in protocol.outcomes.iter().filter(|step| protocol.by_arm.contains(&step.column)) {
            step.draw(replicate, candidates, &mut work.cohort, &mut work.noise)?;
        }
        for seen in 0..if protocol.incomplete { 2 } else { 1 } {
            let view = &mut work.complete;
            let days = Some(work.view.visits.as_slice());
            view.look(protocol, replicate, candidates, &work.end, seen == 0, days, &mut work.cohort, &mut work.noise)?;
            let (cohort, registers, meter) = (&work.cohort, &mut work.noise.registers, &mut work.meter);
            for (measured, plan) in work.potential[arm][seen].iter_mut().zip(&protocol.endpoints) {
                if let Some(plan) = plan {
                    measured.measure(plan, reading(plan, seen), cohort, view, registers, meter);
                }
            }
            if seen == 0 {
                view.dead.clear();
                for (e, (measured, plan)) in work.potential[arm][ALONE].iter_mut().zip(&protocol.endpoints).enumerate()
                {
                    let wanted = || protocol.scenario.analyses.iter().any(|a| a.endpoint == e && alone(target(a)));
                    if let Some(plan @ (MeasurePlan::Time { .. } | MeasurePlan::Visits(_))) = plan
                        && wanted()
                    {
                        let reading = Reading { exact: true, alone: true };
                        measured.measure(plan, reading, cohort, view, registers, meter);
                    }
                }
            }
        }
    }
    Ok(())
}

/// The groups of an interaction, or everyone.
pub(super) fn groups(protocol: &Protocol<'_>, number: usize) -> &'static [Option<u8>] {
    if protocol.analyses[number].interaction.is_some() { &[Some(1), Some(0)] } else { &[None] }
}

/// An analysis's endpoint in its control and its experimental arm, as a view shows it.
pub(super) fn compared<'a>(
    protocol: &Protocol<'_>,
    number: usize,
    potential: &'a [[Vec<Measured>; 3]],
    view: usize,
) -> [&'a Measured; 2] {
    let plan = &protocol.scenario.analyses[number];
    [plan.arms[1], plan.arms[0]].map(|a| &potential[a][view][plan.endpoint])
}

/// Number of the complete view with death and competing events switched off, after complete and as seen.
const ALONE: usize = 2;

/// Place of what serves one analysis only, after the views.
const APART: usize = 3;

/// How potential outcomes are read: true values see events on their day. The shortcut that dates an event at a visit has its own
/// limit; intervals have that of the true times, censored where the trial's eyes close.
fn reading(plan: &MeasurePlan, seen: usize) -> Reading {
    let dated = matches!(plan, MeasurePlan::Visits(v) if v.dated != Dated::Between);
    Reading { exact: seen == 0 || !dated, alone: false }
}

/// A weight in units of [`UNIT`].
fn units(weight: f64) -> u64 {
    // most weights are 1, and rounding is a call
    if weight == 1.0 { UNIT } else { (weight * UNIT as f64).round() as u64 }
}

/// True probability that patient `i` gets an arm.
fn probability(protocol: &Protocol<'_>, work: &Workspace, arm: usize, i: usize) -> f64 {
    let arms = &protocol.scenario.arms;
    if work.propensity.is_empty() {
        let all: u32 = arms.iter().map(|a| a.ratio).sum();
        return f64::from(arms[arm].ratio) / f64::from(all);
    }
    let of = |a: usize| work.propensity[a * work.cohort.rows + i];
    if arm + 1 < arms.len() { of(arm) } else { (1.0 - (0..arm).map(of).sum::<f64>()).max(0.0) }
}

/// Which patients an analysis matched, by row of the cohort: the treated for whom it found a match.
fn matched(protocol: &Protocol<'_>, number: usize, work: &mut Workspace) {
    let plan = &protocol.scenario.analyses[number];
    let treated = plan.arms[usize::from(protocol.analyses[number].rule.treated == 0)] as u8;
    let mut weights = std::mem::take(&mut work.weights);
    let given = weigh(protocol, number, work, &mut weights);
    let flags = &mut work.matched[number];
    flags.clear();
    flags.resize(work.cohort.rows, 0);
    if given.is_ok() {
        for (&i, &w) in work.selection.picks.iter().zip(&weights) {
            flags[i as usize] = u8::from(w > 0.0 && work.cohort.arm[i as usize] == treated);
        }
    }
    work.weights = weights;
}

/// Fills `work.tilt`: each patient's weight in the population whose effect an analysis estimates.
fn tilt(protocol: &Protocol<'_>, number: usize, work: &mut Workspace) {
    let plan = &protocol.scenario.analyses[number];
    let tilt = plan.method.tilt();
    let mut out = std::mem::take(&mut work.tilt);
    if matches!(tilt, Tilt::Treated | Tilt::Overlap) && super::pilot_score::limit(protocol, number, work, &mut out) {
        for e in &mut out {
            *e = match tilt {
                Tilt::Overlap => *e * (1.0 - *e),
                _ if protocol.analyses[number].rule.treated == 1 => *e,
                _ => 1.0 - *e,
            };
        }
        work.tilt = out;
        return;
    }
    out.clear();
    match tilt {
        Tilt::Everyone if protocol.scenario.arms.len() == 2 => out.resize(work.cohort.rows, 1.0),
        Tilt::Matched => out.extend(work.matched[number].iter().map(|&m| f64::from(m))),
        _ => out.extend((0..work.cohort.rows).map(|i| {
            let [e, c] = plan.arms.map(|arm| probability(protocol, work, arm, i));
            match tilt {
                Tilt::Treated if protocol.analyses[number].rule.treated == 1 => e,
                Tilt::Treated => c,
                Tilt::Overlap => e * c / (e + c),
                Tilt::Everyone | Tilt::Matched => e + c,
            }
        })),
    }
    work.tilt = out;
}

/// One analysis applied to the potential outcomes of one group; fills the row's sums or the pooled table.
#[expect(clippy::too_many_arguments, reason = "one analysis of one group of one view")]
fn potential(
    protocol: &Protocol<'_>,
    number: usize,
    goal: Target,
    group: Option<u8>,
    seen: usize,
    g: usize,
    work: &mut Workspace,
    row: &mut RowRecord,
    tables: &mut Tables,
) -> f64 {
    let plan = &protocol.scenario.analyses[number];
    let potential = std::mem::take(&mut work.potential);
    let follows = matches!(protocol.endpoints[plan.endpoint], Some(MeasurePlan::Time { .. } | MeasurePlan::Visits(_)));
    let view = if seen == 0 && follows && alone(goal) { ALONE } else { seen };
    let arms = compared(protocol, number, &potential, view);
    let whole = plan.subset.is_none() && group.is_none() && goal != Target::Coefficient;
    let slot = if whole { view } else { APART };
    let mut both = std::mem::take(&mut work.both[slot]);
    std::mem::swap(&mut work.selection, &mut both.selection);
    let of = whole.then_some((plan.endpoint, plan.arms));
    if of.is_none() || both.of != of {
        both.of = of;
        both.sizes = both_arms(protocol, number, group, arms, goal == Target::Coefficient, work);
        let everyone = &work.selection.everyone;
        let sum = |arm: usize| -> f64 { everyone.iter().map(|&i| probability(protocol, work, arm, i as usize)).sum() };
        let [e, c] = plan.arms.map(sum);
        both.control = c / (c + e);
    }
    let value = value(protocol, number, goal, [seen, g], arms, &mut both, work, row, tables);
    std::mem::swap(&mut work.selection, &mut both.selection);
    work.both[slot] = both;
    work.potential = potential;
    value
}

/// The target of the potential outcomes in `work.selection`; fills the row's sums or the pooled table.
#[expect(clippy::too_many_arguments, reason = "one analysis of one group of one view")]
fn value(
    protocol: &Protocol<'_>,
    number: usize,
    goal: Target,
    [seen, g]: [usize; 2],
    arms: [&Measured; 2],
    both: &mut Both,
    work: &mut Workspace,
    row: &mut RowRecord,
    tables: &mut Tables,
) -> f64 {
    let plan = &protocol.scenario.analyses[number];
    let Workspace { selection, scratch, tilt, weights, .. } = work;
    let everyone = &selection.everyone;
    weights.clear();
    for (measured, size) in arms.iter().zip(both.sizes) {
        if size == everyone.len() {
            weights.extend(everyone.iter().map(|&i| tilt[i as usize]));
        } else {
            let known = everyone.iter().filter(|&&i| measured.known[i as usize] == 1);
            weights.extend(known.map(|&i| tilt[i as usize]));
        }
    }
    let data = selection.dataset(arms[0]);
    if goal == Target::Coefficient {
        let value = super::pilot_root::coefficient(protocol, [number, seen, g], &data);
        row.sums[seen][g] = if value.is_finite() { [value, 1.0, 0.0, 0.0] } else { [0.0; 4] };
        return value;
    }
    let kind = arms[0].kind;
    let unadjusted = plan.covariates.is_empty() && !plan.site_factor && plan.method.adjusts() != Adjusts::Always;
    let direct = unadjusted && kind.is_some_and(|k| plan.method.takes().contains(&k));
    // the method finds the order of this view's times, and leaves it
    std::mem::swap(&mut scratch.sorted, &mut both.sample.sorted);
    let estimate = direct.then(|| plan.method.analyse(&data, &protocol.analyses[number].rule, scratch));
    std::mem::swap(&mut scratch.sorted, &mut both.sample.sorted);
    let sums = &mut row.sums[seen][g];
    let mut value = f64::NAN;
    match (goal, &data.response) {
        (Target::Mean | Target::LogOdds | Target::LogRisk, Response::Binary(y)) => {
            *sums = estimand::sums(data.arm, y.iter().map(|&y| f64::from(y)), weights);
            value = estimand::value_of_sums(goal, sums);
        }
        (Target::Mean, Response::Score(y)) => {
            *sums = estimand::sums(data.arm, y.iter().copied(), weights);
            value = estimand::value_of_sums(goal, sums);
        }
        (Target::Pairs(_), response) => {
            if let Some(estimate) = &estimate {
                *sums = pairs(response, estimate, both.sizes, everyone, arms);
            }
        }
        (_, Response::Ordinal { code, .. }) => {
            let table = &mut tables.rows[number][seen][g];
            for (&arm, &c) in data.arm.iter().zip(*code) {
                table.count_category(usize::from(arm), c);
            }
        }
        (_, Response::Time { time, event, competing }) => {
            // the dead stay at risk of a subdistribution's event until their follow-up would have ended
            let stay = goal == Target::Subdistribution && !competing.is_empty();
            let time = if stay { selection.at_risk() } else { time };
            let competing = if matches!(goal, Target::Incidence(_)) { *competing } else { &[] };
            let table = &mut tables.rows[number][seen][g];
            // controls come first
            for (arm, rows) in [(0, 0..both.sizes[0]), (1, both.sizes[0]..time.len())] {
                let competing = competing.get(rows.clone()).unwrap_or(&[]);
                let weights = weights[rows.clone()].iter().map(|&w| units(w));
                table.count_times(arm, &time[rows.clone()], &event[rows], competing, weights);
            }
            if estimate.is_none() {
                let rows = FollowUp { arm: data.arm, time, event, competing, weight: weights };
                value = both.sample.value(goal, &rows, arm_shares(plan, both.control));
            }
        }
        _ => {}
    }
    // means of arms that are all alike have a difference, of which no method could give the error
    if let Some(estimate) = estimate.filter(|e| e.status == Status::Estimated) {
        value = estimate.estimate;
    }
    value
}

/// Collects a group's patients, first in the control arm and then in the experimental arm, each where known, with the analysis's
/// covariates if wanted; gives their numbers and leaves all of the group in `selection.everyone`.
pub(super) fn both_arms(
    protocol: &Protocol<'_>,
    number: usize,
    group: Option<u8>,
    arms: [&Measured; 2],
    covariates: bool,
    work: &mut Workspace,
) -> [usize; 2] {
    pick(protocol, number, work, group, Some(arms));
    let Workspace { selection, cohort, noise, .. } = work;
    selection.clear();
    let mut everyone = std::mem::take(&mut selection.everyone);
    std::mem::swap(&mut everyone, &mut selection.picks);
    let mut sizes = [0; 2];
    for (a, measured) in arms.iter().enumerate() {
        if everyone.len() == cohort.rows && measured.known.iter().all(|&k| k == 1) {
            sizes[a] = cohort.rows;
            selection.append_all(measured, a as u8);
            continue;
        }
        selection.picks.clear();
        selection.picks.extend(everyone.iter().copied().filter(|&i| measured.known[i as usize] == 1));
        sizes[a] = selection.picks.len();
        selection.append(measured, |_| a as u8);
    }
    // they stand once for each arm's rows
    let programs = if covariates { protocol.analyses[number].covariates.as_slice() } else { &[] };
    for program in programs {
        noise.values.resize(cohort.rows, 0.0);
        program.eval(cohort.rows, cohort, &mut noise.registers, &mut noise.values);
        for measured in &arms {
            let known = everyone.iter().filter(|&&i| measured.known[i as usize] == 1);
            selection.covariates.extend(known.map(|&i| noise.values[i as usize]));
        }
    }
    selection.count = programs.len();
    selection.everyone = everyone;
    sizes
}

/// Pairs won, lost and all, of different patients: the method's own counts over all pairs less each patient's pair with himself.
fn pairs(
    response: &Response<'_>,
    estimate: &Estimate,
    sizes: [usize; 2],
    everyone: &[u32],
    arms: [&Measured; 2],
) -> Sums {
    let all = sizes[0] as f64 * sizes[1] as f64;
    let (mut win, mut loss) = match response {
        Response::Hierarchical(_) => (estimate.parts[0] * all, estimate.parts[1] * all),
        _ if estimate.status == Status::Estimated => (estimate.estimate * all, (1.0 - estimate.estimate) * all),
        _ => (0.5 * all, 0.5 * all),
    };
    let mut own = 0.0;
    let mut at = [0, 0];
    for &i in everyone {
        let known = [0, 1].map(|a: usize| arms[a].known[i as usize] == 1);
        if known[0] && known[1] {
            own += 1.0;
            let (c, e) = (at[0], sizes[0] + at[1]);
            let sign = match response {
                Response::Hierarchical(Comparison { tiers, count }) => {
                    f64::from(estimand::compare(&tiers[..*count], e, c))
                }
                Response::Ordinal { code, .. } => order(f64::from(code[e]), f64::from(code[c])),
                Response::Binary(y) => order(f64::from(y[e]), f64::from(y[c])),
                Response::Score(y) => order(y[e], y[c]),
                Response::Time { .. } | Response::Interval { .. } => 0.0,
            };
            match response {
                Response::Hierarchical(_) => {
                    win -= f64::from(u8::from(sign > 0.0));
                    loss -= f64::from(u8::from(sign < 0.0));
                }
                _ => {
                    win -= 0.5 + 0.5 * sign;
                    loss -= 0.5 - 0.5 * sign;
                }
            }
        }
        for a in 0..2 {
            at[a] += usize::from(known[a]);
        }
    }
    [win, loss, all - own, 0.0]
}

fn order(a: f64, b: f64) -> f64 {
    f64::from(u8::from(a > b)) - f64::from(u8::from(a < b))
}
