//! From observation to decision: the trial goes on, look by look, until a rule stops it or its end is reached.
//!
//! Whatever happens to its patients is drawn before, and no look draws anything: a look is a lock of the data at a date, so that trials
//! which differ in their rules alone are trials of the same patients. Each look sees what had happened and been seen by its date. An
//! endpoint that falls due at a visit or by a month is analysed in patients in whom it is due by then, whatever is known of others:
//! else those with early events alone would be in.

use crate::analysis::{Better, Decision, Estimate, Prior, Status};
use crate::endpoint::measured::Reading;
use crate::math::special::{normal_cdf, normal_quantile};
use crate::monitoring::{Crossed, Held, LookRecord, Mark, Watch};
use crate::protocol::{Fault, MeasurePlan, Protocol, TierMeasure};
use crate::random::Replicate;
use crate::scenario::{Counted, Futility, LookPlan, RulePlan, When};
use crate::sequential::predictive::{Count, Normal};
use crate::workspace::Workspace;

use super::follow::{cut, date_of, ends, event_dates, measure_all, nth, observe, outcomes, see};
use super::reestimation::{self, Larger};
use super::{RowRecord, TrialRecord, analyse_all, analyse_row, enrol_first};

/// Replicates whose statistics are followed beyond a stop, where their correlation is asked for.
const FOLLOWED: Replicate = 2_000;

/// Observation, data cuts, endpoints and analyses of the enrolled patients, whose outcomes are drawn; of `planned` patients.
///
/// # Errors
/// See [`super::replicate`].
pub fn conclude(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    planned: usize,
    work: &mut Workspace,
    trial: &mut TrialRecord,
    funnel: &mut [u32],
    rows: &mut [RowRecord],
) -> Result<(), Fault> {
    if protocol.scenario.looks.is_empty() {
        observe(protocol, replicate, None, work, trial)?;
        trial.end = last_date(protocol, 0.0, trial);
        analyse_all(protocol, replicate, work, rows);
        return Ok(());
    }
    work.watch.begin(protocol.scenario);
    trial.short = !cut(protocol, replicate, None, work, trial)?;
    see(protocol, replicate, work)?;
    let mut end = last_date(protocol, 0.0, trial);
    trial.end = end;
    // patients and events may become more
    let mut planned = planned;
    let mut wanted = None;
    let looks = protocol.scenario.looks.len();
    let free = replicate < FOLLOWED && protocol.scenario.rules.iter().any(|r| r.correlated);
    let mut before = f64::NEG_INFINITY;
    let mut stopped = None;
    let mut counted = count_dates(protocol, wanted, work);
    for k in 0..looks {
        let look = &protocol.scenario.looks[k];
        let date = occasion(protocol, look, planned, before, work, trial, &mut counted);
        let held = match () {
            () if date.is_nan() || date >= end => Held::Late,
            () if date <= before => Held::Overtaken,
            () => Held::Yes,
        };
        if stopped.is_none() {
            work.watch.looks[k].held = held;
        }
        if held != Held::Yes {
            continue;
        }
        before = date;
        lock(protocol, date, work);
        if stopped.is_none() {
            let enrolled = entered(work, date);
            let decision = (date + look.delay).min(end);
            let more_patients = if decision == date { 0 } else { entered(work, decision) - enrolled };
            work.watch.looks[k] = LookRecord { held, date, enrolled, more_patients, reviewed: 0 };
            if decide(protocol, replicate, k, work, rows) {
                stopped = Some((k, decision));
                if !free {
                    break;
                }
            } else if let Some(larger) = reestimation::review(protocol, k, planned, wanted, work) {
                match larger {
                    Larger::Patients(n) => {
                        let full = work.cohort.rows;
                        *trial = enrol_first(protocol, replicate, n, work, funnel)?;
                        reopen(protocol, full.min(planned), decision, work, trial);
                        outcomes(protocol, replicate, work)?;
                        planned = n;
                    }
                    Larger::Events(count) => wanted = Some(count),
                    Larger::Months(months) => work.watch.more_months += months,
                }
                // what had happened by this look happens again: more patients enter after it
                trial.short = !cut(protocol, replicate, wanted, work, trial)?;
                see(protocol, replicate, work)?;
                end = last_date(protocol, work.watch.more_months, trial);
                trial.end = end;
                counted = count_dates(protocol, wanted, work);
            }
        }
        if free {
            lock(protocol, date, work);
            follow_on(protocol, replicate, k, work, rows);
        }
    }
    if free {
        lock(protocol, f64::INFINITY, work);
        follow_on(protocol, replicate, looks, work, rows);
    }
    match stopped {
        Some((k, date)) => {
            // where the decision takes no time nothing is new, and what has been analysed stands
            if free || date != work.watch.looks[k].date {
                lock(protocol, date, work);
            }
            stop(protocol, replicate, k, date, work, trial, rows);
        }
        None => finish(protocol, replicate, work, trial, rows),
    }
    Ok(())
}

/// Enrolment goes on at the decision, where it had ended before: who is added to the first `n` patients enters no earlier, at the same
/// distances as if it had never ended.
fn reopen(protocol: &Protocol<'_>, n: usize, decision: f64, work: &mut Workspace, trial: &mut TrialRecord) {
    let Some(&last) = n.checked_sub(1).and_then(|last| work.entry.get(last)) else { return };
    let pause = (decision - last).max(0.0);
    work.entry[n..].iter_mut().for_each(|entry| *entry += pause);
    super::count_entries(protocol, work, trial);
}

/// Dates that the cut has counted serve the looks as well: those of this endpoint. `wanted` events end the trial, instead of the
/// scenario's: the dates before that of the last of them stand before it.
fn count_dates(protocol: &Protocol<'_>, wanted: Option<u32>, work: &mut Workspace) -> Option<usize> {
    let (count, endpoint) = protocol.scenario.cut.events?;
    std::mem::swap(&mut work.watch.dates, &mut work.dates);
    let before = (wanted.unwrap_or(count) as usize).saturating_sub(1);
    work.watch.parted = [0, work.watch.dates.len().min(before)];
    Some(endpoint)
}

/// The calendar date at which the trial ends where nothing stops it; infinite where follow-up has no end.
fn last_date(protocol: &Protocol<'_>, more: f64, trial: &TrialRecord) -> f64 {
    trial.cut.min(trial.last_entry + protocol.scenario.cut.horizon.unwrap_or(f64::INFINITY) + more)
}

/// Patients who entered by a date.
fn entered(work: &Workspace, date: f64) -> u32 {
    if work.entry.is_empty() {
        return work.cohort.rows as u32;
    }
    work.entry.iter().map(|&entry| u64::from(entry <= date)).sum::<u64>() as u32
}

/// The last of the entries up to a date; 0 where there is none.
fn latest(entry: &[f64], date: f64) -> f64 {
    let by_then = |e: f64| if e <= date { e } else { 0.0 };
    // four lanes, since one running maximum waits for itself
    let mut lanes = [0.0; 4];
    let chunks = entry.chunks_exact(4);
    let rest = chunks.remainder().iter().map(|&e| by_then(e));
    for chunk in chunks {
        for (last, &e) in lanes.iter_mut().zip(chunk) {
            let e = by_then(e);
            *last = if e > *last { e } else { *last };
        }
    }
    rest.chain(lanes).fold(0.0, f64::max)
}

/// Locks the data at a date.
fn lock(protocol: &Protocol<'_>, date: f64, work: &mut Workspace) {
    let Workspace { watch, view, entry, end, cohort, .. } = work;
    let horizon = protocol.scenario.cut.horizon.unwrap_or(f64::INFINITY) + watch.more_months;
    watch.end.clear();
    ends(&mut watch.end, cohort.rows, entry, horizon, date);
    for (e, &last) in watch.end.iter_mut().zip(end.iter()) {
        *e = if last < *e { last } else { *e };
    }
    watch.view.lock(view, &watch.end);
    watch.measured.fill(false);
    watch.analysed.fill(false);
    work.selection.clear();
}

/// The date of a look; not a number where what it waits for never happens.
fn occasion(
    protocol: &Protocol<'_>,
    look: &LookPlan,
    planned: usize,
    before: f64,
    work: &mut Workspace,
    trial: &TrialRecord,
    counted: &mut Option<usize>,
) -> f64 {
    let mut date = if look.any { f64::INFINITY } else { f64::NEG_INFINITY };
    for when in &look.when {
        let this = match *when {
            When::Date(date) => date,
            When::FollowUp(months) if work.cohort.rows >= planned => date_of(months, trial.last_entry),
            When::FollowUp(_) => f64::INFINITY,
            When::Enrolled(amount) => enrolled(amount.of(planned), work, counted),
            When::Complete { amount, endpoint } => complete(protocol, amount.of(planned), endpoint, work, counted),
            When::Events { count, endpoint } => events(protocol, count as usize, endpoint, work, counted),
        };
        date = if look.any { date.min(this) } else { date.max(this) };
    }
    date.max(look.not_before).max(before + look.gap).min(look.not_after)
}

fn enrolled(count: usize, work: &mut Workspace, counted: &mut Option<usize>) -> f64 {
    if work.entry.is_empty() {
        return if work.cohort.rows >= count { 0.0 } else { f64::INFINITY };
    }
    *counted = None;
    work.watch.dates.clone_from(&work.entry);
    nth(&mut work.watch.dates, count)
}

/// When an endpoint had come due in so many patients who were followed until then, or had died.
fn complete(
    protocol: &Protocol<'_>,
    count: usize,
    endpoint: usize,
    work: &mut Workspace,
    counted: &mut Option<usize>,
) -> f64 {
    *counted = None;
    let Workspace { watch, view, entry, cohort, .. } = work;
    let dates = &mut watch.dates;
    dates.clear();
    let Some(plan) = &protocol.endpoints[endpoint] else { return f64::INFINITY };
    for i in 0..cohort.rows {
        let (due, seen) = due(plan, view, i);
        let dead = view.dead_at(i);
        if seen || dead < due && dead <= view.seen_until(i) {
            dates.push(date_of(due, entry.get(i).copied().unwrap_or(0.0)));
        }
    }
    nth(dates, count)
}

/// When so many events of an endpoint had been seen.
fn events(
    protocol: &Protocol<'_>,
    count: usize,
    endpoint: usize,
    work: &mut Workspace,
    counted: &mut Option<usize>,
) -> f64 {
    let Workspace { watch, view, entry, cohort, measured, noise, meter, .. } = work;
    let measured = &mut measured[endpoint];
    if *counted != Some(endpoint) {
        *counted = Some(endpoint);
        watch.dates.clear();
        if let Some(plan @ MeasurePlan::Time { .. }) = &protocol.endpoints[endpoint] {
            measured.measure(plan, Reading::default(), cohort, view, &mut noise.registers, meter);
            event_dates(measured, entry, &mut watch.dates);
        }
        watch.parted = [0, watch.dates.len()];
    }
    let Watch { dates, parted: [from, to], .. } = watch;
    let Some(at) = count.checked_sub(1).filter(|&at| at < dates.len()) else { return f64::INFINITY };
    // among the dates that earlier counts have left for it
    (*from, *to) = match () {
        () if at < *from => (0, *from),
        () if at < *to => (*from, *to),
        () => (*to, dates.len()),
    };
    let date = nth(&mut dates[*from..*to], count - *from);
    *from = at;
    date
}

/// The month after entry from which on a measure is known in patient `i`, and whether the patient was seen until then and at its visits.
fn due(plan: &MeasurePlan, view: &crate::observation::View, i: usize) -> (f64, bool) {
    let visit = |v: Option<usize>| match v {
        Some(v) => (view.visits[v].day[i], view.visits[v].held[i] == 1),
        None => (0.0, true),
    };
    let month = |by: f64| (by, view.seen_until(i) >= by);
    match plan {
        MeasurePlan::State(_, fate) | MeasurePlan::Category(_, fate) | MeasurePlan::Score(_, fate) => visit(fate.visit),
        MeasurePlan::Occurrence(occurrence) => month(occurrence.by),
        MeasurePlan::Flag(_) | MeasurePlan::Time { .. } | MeasurePlan::Visits(_) => (0.0, true),
        MeasurePlan::Tiers(tiers) => tiers.iter().fold((0.0, true), |(due, seen): (f64, bool), tier| {
            let (later, too) = match tier {
                TierMeasure::Time { .. } => (0.0, true),
                TierMeasure::Occurrence(occurrence) => month(occurrence.by),
                TierMeasure::Category(_, fate) | TierMeasure::Score(_, fate, _) => visit(fate.visit),
            };
            (due.max(later), seen && too)
        }),
    }
}

/// Measures an endpoint on the locked data.
pub(super) fn measure(protocol: &Protocol<'_>, endpoint: usize, work: &mut Workspace) {
    let Workspace { watch, cohort, measured, noise, meter, .. } = work;
    if std::mem::replace(&mut watch.measured[endpoint], true) {
        return;
    }
    let Some(plan) = &protocol.endpoints[endpoint] else { return };
    let measured = &mut measured[endpoint];
    measured.measure(plan, Reading::default(), cohort, &watch.view, &mut noise.registers, meter);
    if matches!(plan, MeasurePlan::Flag(_) | MeasurePlan::Time { .. } | MeasurePlan::Visits(_)) {
        return;
    }
    for (i, &end) in watch.end.iter().enumerate() {
        if due(plan, &watch.view, i).0 > end {
            measured.known[i] = 0;
            measured.complete = false;
        }
    }
}

/// Carries out an analysis of the locked data.
fn analyse(protocol: &Protocol<'_>, replicate: Replicate, a: usize, work: &mut Workspace, rows: &mut [RowRecord]) {
    measure(protocol, protocol.scenario.analyses[a].endpoint, work);
    if !std::mem::replace(&mut work.watch.analysed[a], true) {
        analyse_row(protocol, replicate, a, work, &mut rows[a]);
    }
}

/// The statistic on the scale of z, oriented in favour: that of which the one-sided p-value is a tail.
fn statistic(e: &Estimate) -> f64 {
    match e.status {
        Status::Estimated if e.z.is_finite() && e.df == f64::INFINITY && e.others.is_none() => e.z,
        Status::Estimated => -normal_quantile(e.p),
        _ => f64::NAN,
    }
}

/// What all rules make of a look; whether the trial stops.
fn decide(
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
    let mut two_sided = false;
    if let Some(monitor) = &mut watch.monitors[r] {
        two_sided = plan.sides == 2;
        mark.bounds = monitor.bounds(j, share, at_end);
        if two_sided {
            // its lower bound mirrors the upper one
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
    if !at_end {
        // a gate on conditional power is one for the analysis's own test
        let own = -normal_quantile(protocol.analyses[rule.analysis].rule.tail());
        let last = watch.monitors[r].as_ref().map_or(own, |m| {
            let upper = &m.planned().upper;
            upper[upper.len() - 1]
        });
        let scaled = rule.futility.as_ref().and_then(|f| f.bound(j, share, last));
        if let Some(bound) = scaled.filter(|_| two_sided || rule.observed || watch.monitors[r].is_none()) {
            if two_sided {
                futile = z < bound;
            } else {
                lower = bound;
            }
            mark.bounds[0] = bound;
        }
        if let Some(Futility::Effect(values)) = &rule.futility {
            let orientation = protocol.analyses[rule.analysis].orientation;
            futile = orientation * (e.estimate - values[j]) < 0.0;
        }
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
        // no ordering of outcomes is left where the trial became larger by what was seen, or the level depends on other hypotheses
        let fixed = alone && !reestimation::adapts(protocol, r) && plan.equivalence.is_none();
        if ends && fixed && z.is_finite() && e.estimate.is_finite() {
            // a z of √share is a drift of 1; the distance from the null value that makes a z of 1 is not the standard error of the
            // estimate where the test has its own
            let row = &protocol.analyses[rule.analysis];
            let distance = e.estimate - row.rule.null;
            let of_one = if z.abs() > 1e-6 && distance != 0.0 { distance / z } else { row.orientation * e.se };
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

/// Keeps the statistics of a look that no stop has prevented.
fn follow_on(protocol: &Protocol<'_>, replicate: Replicate, k: usize, work: &mut Workspace, rows: &mut [RowRecord]) {
    let looks = protocol.scenario.looks.len();
    for (r, rule) in protocol.scenario.rules.iter().enumerate().filter(|(_, r)| r.correlated) {
        if k == looks || rule.looks.contains(&k) {
            analyse(protocol, replicate, rule.analysis, work, rows);
            work.watch.marks[r * (looks + 1) + k].free = statistic(&rows[rule.analysis].estimate);
        }
    }
}

/// The trial stops after look `k`, at a date at which the data are locked.
fn stop(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    k: usize,
    date: f64,
    work: &mut Workspace,
    trial: &mut TrialRecord,
    rows: &mut [RowRecord],
) {
    trial.stop = Some(k as u16);
    trial.cut = date;
    trial.end = date;
    trial.enrolled = entered(work, date);
    trial.last_entry = latest(&work.entry, date);
    if !work.watch.view.seen.is_empty() {
        let sum: f64 = work.watch.view.seen.iter().map(|&t| if t > 0.0 { t } else { 0.0 }).sum();
        trial.follow_up = sum / f64::from(trial.enrolled);
    }
    work.watch.stopped = true;
    for endpoint in 0..protocol.endpoints.len() {
        measure(protocol, endpoint, work);
    }
    for a in 0..rows.len() {
        analyse(protocol, replicate, a, work, rows);
    }
    decided(protocol, work, rows);
    let looks = protocol.scenario.looks.len();
    for (r, rule) in protocol.scenario.rules.iter().enumerate() {
        let mark = &mut work.watch.marks[r * (looks + 1) + k];
        if mark.crossed != Crossed::Unseen {
            mark.more_events = rows[rule.analysis].estimate.events.saturating_sub(mark.events);
        }
    }
}

/// The trial reaches its end.
fn finish(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    trial: &mut TrialRecord,
    rows: &mut [RowRecord],
) {
    measure_all(protocol, work, trial);
    if trial.last_entry > trial.end {
        // a date ends the trial before all have entered
        trial.enrolled = entered(work, trial.end);
        trial.last_entry = latest(&work.entry, trial.end);
    }
    analyse_all(protocol, replicate, work, rows);
    work.watch.measured.fill(true);
    work.watch.analysed.fill(true);
    decide(protocol, replicate, protocol.scenario.looks.len(), work, rows);
    decided(protocol, work, rows);
}

/// What rules have decided stands in place of what the analyses would decide by themselves.
fn decided(protocol: &Protocol<'_>, work: &Workspace, rows: &mut [RowRecord]) {
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
