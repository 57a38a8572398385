//! From observation to decision: the trial goes on, look by look, until a rule stops it or its end is reached.
//!
//! Whatever happens to its patients is drawn before, and no look draws anything: a look is a lock of the data at a date, so that trials
//! which differ in their rules alone are trials of the same patients. Each look sees what had happened and been seen by its date. An
//! endpoint that falls due at a visit or by a month is analysed in patients in whom it is due by then, whatever is known of others:
//! else those with early events alone would be in.

use crate::endpoint::measured::Reading;
use crate::monitoring::{Crossed, Held, LookRecord};
use crate::protocol::{Fault, MeasurePlan, Protocol};
use crate::random::Replicate;
use crate::workspace::Workspace;

use super::decide::{decide, decided, statistic};
use super::follow::{cut, ends, measure_all, observe, outcomes, see};
use super::occasion::{due, occasion};
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
    work.watch.begin(protocol.scenario, planned);
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
            let decision = date + look.delay;
            // a trial that has ended meanwhile stops no later
            let over = decision.min(end);
            let more_patients = if over == date { 0 } else { entered(work, over) - enrolled };
            work.watch.looks[k] = LookRecord { held, date, enrolled, more_patients, reviewed: 0 };
            if decide(protocol, replicate, k, work, rows) {
                stopped = Some((k, over));
                if !free {
                    break;
                }
            } else if let Some(larger) = reestimation::review(protocol, k, wanted, work) {
                match larger {
                    Larger::Patients(n) => {
                        let full = work.cohort.rows;
                        *trial = enrol_first(protocol, replicate, n, work, funnel)?;
                        reopen(protocol, full.min(planned), decision, work, trial);
                        outcomes(protocol, replicate, work)?;
                        planned = n;
                        work.watch.planned[1] = n;
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
                // at its end all follow-up is there: a patient's own, as date − entry, may be less by rounding
                lock(protocol, if date < end { date } else { f64::INFINITY }, work);
            }
            stop(protocol, replicate, k, date, work, trial, rows);
        }
        None => finish(protocol, replicate, work, trial, rows),
    }
    Ok(())
}

/// Enrolment goes on at the decision, where it had ended before, also where the trial would have been over by then: who is added to the
/// first `n` patients enters no earlier, at the same distances as if it had never ended. Earlier interruptions remain.
fn reopen(protocol: &Protocol<'_>, n: usize, decision: f64, work: &mut Workspace, trial: &mut TrialRecord) {
    let Workspace { watch, entry, .. } = work;
    let later = |entry: &mut [f64], &(first, months): &(usize, f64)| {
        entry.iter_mut().skip(first).for_each(|entry| *entry += months);
    };
    watch.pauses.iter().for_each(|pause| later(entry, pause));
    if let Some(&last) = n.checked_sub(1).and_then(|last| entry.get(last)) {
        let pause = (n, (decision - last).max(0.0));
        later(entry, &pause);
        watch.pauses.push(pause);
    }
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
pub(super) fn analyse(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    a: usize,
    work: &mut Workspace,
    rows: &mut [RowRecord],
) {
    measure(protocol, protocol.scenario.analyses[a].endpoint, work);
    if !std::mem::replace(&mut work.watch.analysed[a], true) {
        analyse_row(protocol, replicate, a, work, &mut rows[a]);
    }
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
        let all = f64::from(trial.enrolled);
        trial.enrolled = entered(work, trial.end);
        trial.last_entry = latest(&work.entry, trial.end);
        // a mean over those who have, as the others have no follow-up
        trial.follow_up *= all / f64::from(trial.enrolled.max(1));
    }
    analyse_all(protocol, replicate, work, rows);
    work.watch.measured.fill(true);
    work.watch.analysed.fill(true);
    decide(protocol, replicate, protocol.scenario.looks.len(), work, rows);
    decided(protocol, work, rows);
}
