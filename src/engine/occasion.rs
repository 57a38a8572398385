//! When looks are held, and when endpoints are due.

use crate::endpoint::measured::Reading;
use crate::monitoring::Watch;
use crate::protocol::{MeasurePlan, Protocol, TierMeasure};
use crate::scenario::{LookPlan, When};
use crate::workspace::Workspace;

use super::TrialRecord;
use super::follow::{date_of, event_dates, nth};

/// The date of a look; not a number where what it waits for never happens.
pub(super) fn occasion(
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
pub(super) fn due(plan: &MeasurePlan, view: &crate::observation::View, i: usize) -> (f64, bool) {
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
