//! Outcome, observation, data cut and endpoints of the enrolled patients.

use crate::endpoint::measured::{Measured, Reading};
use crate::protocol::{Fault, MeasurePlan, Protocol};
use crate::random::Replicate;
use crate::workspace::{Workspace, index};

use super::TrialRecord;

/// Outcome, observation, data cut and endpoints of the enrolled patients.
///
/// # Errors
/// See [`super::replicate`].
pub fn follow(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    trial: &mut TrialRecord,
) -> Result<(), Fault> {
    outcomes(protocol, replicate, work)?;
    observe(protocol, replicate, None, work, trial).map(|_| ())
}

/// What happens to the enrolled patients, with no one looking.
///
/// # Errors
/// See [`super::replicate`].
pub fn outcomes(protocol: &Protocol<'_>, replicate: Replicate, work: &mut Workspace) -> Result<(), Fault> {
    let candidates = index(&work.candidates, work.dense);
    for step in &protocol.outcomes {
        step.draw(replicate, candidates, &mut work.cohort, &mut work.noise)?;
    }
    Ok(())
}

/// Observation, data cut and endpoints of the enrolled patients, whose outcomes are drawn; `events` is the number of events that ends
/// the trial, instead of the scenario's. Whether as many events occurred, where they end the trial at all.
///
/// # Errors
/// See [`super::replicate`].
pub fn observe(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    events: Option<u32>,
    work: &mut Workspace,
    trial: &mut TrialRecord,
) -> Result<bool, Fault> {
    let completed = cut(protocol, replicate, events, work, trial)?;
    see(protocol, replicate, work)?;
    measure_all(protocol, work, trial);
    Ok(completed)
}

/// What is seen of the patients up to the cut.
pub(super) fn see(protocol: &Protocol<'_>, replicate: Replicate, work: &mut Workspace) -> Result<(), Fault> {
    if protocol.scenario.cut.events.is_some() {
        // seen already, up to any other cut
        work.view.shorten(&work.end);
        return Ok(());
    }
    let candidates = index(&work.candidates, work.dense);
    work.view.look(protocol, replicate, candidates, &work.end, false, None, &mut work.cohort, &mut work.noise)
}

/// Endpoints of the patients as seen.
pub(super) fn measure_all(protocol: &Protocol<'_>, work: &mut Workspace, trial: &mut TrialRecord) {
    if !work.view.lost.is_empty() || !work.view.end.is_empty() {
        let sum: f64 = work.view.seen.iter().map(|&t| if t > 0.0 { t } else { 0.0 }).sum();
        trial.follow_up = sum / work.cohort.rows as f64;
    }
    for (measured, plan) in work.measured.iter_mut().zip(&protocol.endpoints) {
        if let Some(plan) = plan {
            let (cohort, view, registers) = (&work.cohort, &work.view, &mut work.noise.registers);
            measured.measure(plan, Reading::default(), cohort, view, registers, &mut work.meter);
        }
    }
}

/// Administrative ends of follow-up: the earliest of the horizon, a date, a time after the last entry, a number of events (false where
/// these never occur).
pub(super) fn cut(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    events: Option<u32>,
    work: &mut Workspace,
    trial: &mut TrialRecord,
) -> Result<bool, Fault> {
    let cut = &protocol.scenario.cut;
    let rows = work.cohort.rows;
    // a look may have extended follow-up
    let more = if protocol.scenario.looks.is_empty() { 0.0 } else { work.watch.more_months };
    let mut date = cut.date.unwrap_or(f64::INFINITY) + more;
    if let Some(months) = cut.after_last_entry {
        date = date.min(date_of(months + more, trial.last_entry));
    }
    let horizon = cut.horizon.unwrap_or(f64::INFINITY) + more;
    let mut completed = true;
    work.end.clear();
    if let Some((count, endpoint)) = cut.events {
        // the date of the event that completes the number, among events seen before any other cut
        if horizon.is_finite() || date.is_finite() {
            ends(&mut work.end, rows, &work.entry, horizon, date);
        }
        let candidates = index(&work.candidates, work.dense);
        work.view.look(protocol, replicate, candidates, &work.end, false, None, &mut work.cohort, &mut work.noise)?;
        if let Some(plan @ MeasurePlan::Time { .. }) = &protocol.endpoints[endpoint] {
            let measured = &mut work.measured[endpoint];
            let Workspace { cohort, view, noise, meter, .. } = work;
            measured.measure(plan, Reading::default(), cohort, view, &mut noise.registers, meter);
            event_dates(measured, &work.entry, &mut work.dates);
            let count = events.unwrap_or(count) as usize;
            completed = work.dates.len() >= count;
            date = date.min(nth(&mut work.dates, count));
        }
        work.end.clear();
    }
    if horizon.is_finite() || date.is_finite() {
        ends(&mut work.end, rows, &work.entry, horizon, date);
    }
    trial.cut = date;
    Ok(completed)
}

/// The calendar date at which a patient has been followed for `t`, later by as many units in the last place as it takes: in rounded
/// arithmetic (t + entry) − entry may be less than t.
pub(super) fn date_of(t: f64, entry: f64) -> f64 {
    let mut date = t + entry;
    while date - entry < t {
        date = date.next_up();
    }
    date
}

/// Dates of the events seen.
pub(super) fn event_dates(measured: &Measured, entry: &[f64], dates: &mut Vec<f64>) {
    let Measured { values, known, .. } = measured;
    dates.clear();
    dates.extend_from_slice(&values.real);
    // as `date_of` does, of all at once
    let mut short = false;
    for (date, entry) in dates.iter_mut().zip(entry) {
        let t = *date;
        let sum = t + entry;
        let next = f64::from_bits(sum.to_bits() + u64::from((sum - entry < t) & (sum > 0.0)));
        short |= next - entry < t;
        *date = next;
    }
    if short {
        for ((date, &t), &entry) in dates.iter_mut().zip(&values.real).zip(entry) {
            *date = date_of(t, entry);
        }
    }
    // written whether or not there is an event, which no processor foresees
    let mut seen = 0;
    for (i, (&event, &known)) in values.event.iter().zip(known).enumerate() {
        dates[seen] = dates[i];
        seen += usize::from(event & known);
    }
    dates.truncate(seen);
}

/// The k-th smallest of the dates in order; infinite where there are not so many.
pub(super) fn nth(dates: &mut [f64], k: usize) -> f64 {
    let Some(at) = k.checked_sub(1).filter(|&at| at < dates.len()) else { return f64::INFINITY };
    // dates from month 0 on are in the order of their bits, which are faster to compare
    if dates.iter().fold(0, |bits, date| bits | date.to_bits()) >> 63 == 0 {
        return f64::from_bits(*bytemuck::cast_slice_mut::<f64, u64>(dates).select_nth_unstable(at).1);
    }
    *dates.select_nth_unstable_by(at, f64::total_cmp).1
}

pub(super) fn ends(end: &mut Vec<f64>, rows: usize, entry: &[f64], horizon: f64, date: f64) {
    end.resize(rows, horizon.min(date));
    if date.is_finite() && !entry.is_empty() {
        for (e, &entry) in end.iter_mut().zip(entry) {
            let left = date - entry;
            *e = if left <= horizon { left } else { horizon };
        }
    } else {
        end.fill(horizon.min(date));
    }
}

/// Draws the outcomes of the enrolled as if all were in one arm. The patients' arms are overwritten.
///
/// # Errors
/// See [`super::replicate`].
pub fn potential_outcomes(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    arm: u8,
    work: &mut Workspace,
) -> Result<(), Fault> {
    work.cohort.arm.fill(arm);
    outcomes(protocol, replicate, work)
}
