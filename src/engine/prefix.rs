//! A trial of fewer patients: the first ones of a larger trial, not drawn again.
//!
//! Everything up to the outcomes belongs to a patient, whatever the size of the trial; so does what is seen of it, where follow-up ends
//! at a horizon from entry or at a fixed date. A cut after the last entry or at a number of events is made anew.

use crate::endpoint::measured::{Measured, Values};
use crate::protocol::{Fault, Protocol};
use crate::random::Replicate;
use crate::scenario::Cut;
use crate::workspace::Workspace;

use super::TrialRecord;
use super::follow::observe;
use super::screen::most_screened;

/// Leaves of the trial in `work` its first `n` patients, as if no more had been enrolled. Its record says how many they are, and where
/// the cut depends on it the last entry; the rest remains that of the larger trial.
///
/// # Errors
/// See [`super::replicate`].
pub fn shorten(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    n: usize,
    work: &mut Workspace,
    trial: &mut TrialRecord,
) -> Result<(), Fault> {
    trial.enrolled = leave(n, work);
    if let Cut { after_last_entry: None, events: None, .. } = protocol.scenario.cut {
        keep_seen(work.cohort.rows, work);
        Ok(())
    } else {
        super::count_entries(protocol, work, trial);
        observe(protocol, replicate, None, work, trial).map(|_| ())
    }
}

/// Leaves the first `n` patients with their outcomes, for [`super::conclude`]; how many they are.
pub fn keep(n: usize, protocol: &Protocol<'_>, work: &mut Workspace, trial: &mut TrialRecord) -> u32 {
    let enrolled = leave(n, work);
    (trial.stop, trial.recruited, trial.planned) = (None, enrolled, n as u32);
    super::count_entries(protocol, work, trial);
    enrolled
}

fn leave(n: usize, work: &mut Workspace) -> u32 {
    // a smaller trial looks for its patients among fewer candidates
    let among = if work.dense {
        work.candidates.len()
    } else {
        work.candidates.partition_point(|&k| (k as usize) < most_screened(n))
    };
    keep_patients(n.min(among), work);
    work.cohort.rows as u32
}

/// The first patients with their outcomes.
fn keep_patients(n: usize, work: &mut Workspace) {
    let before = work.cohort.rows;
    work.candidates.truncate(n);
    work.entry.truncate(n);
    work.stratum.truncate(n);
    for arm in 1..work.propensity.len().checked_div(before).unwrap_or(0) {
        work.propensity.copy_within(arm * before..arm * before + n, arm * n);
    }
    work.propensity.truncate(work.propensity.len().checked_div(before).unwrap_or(0) * n);
    let cohort = &mut work.cohort;
    cohort.rows = n;
    cohort.real.iter_mut().for_each(|c| c.truncate(n));
    cohort.code.iter_mut().for_each(|c| c.truncate(n));
    cohort.arm.truncate(n);
    cohort.site.truncate(n);
}

/// What is seen of them.
fn keep_seen(n: usize, work: &mut Workspace) {
    work.end.truncate(n);
    let view = &mut work.view;
    for times in [&mut view.lost, &mut view.dead, &mut view.end, &mut view.until, &mut view.seen] {
        times.truncate(n);
    }
    for visit in &mut view.visits {
        visit.day.truncate(n);
        visit.held.truncate(n);
    }
    for Measured { values, tiers, known, complete, .. } in &mut work.measured {
        for Values { code, real, event, competing, right, at_risk, .. } in tiers.iter_mut().chain([values]) {
            for codes in [code, event, competing] {
                codes.truncate(n);
            }
            for numbers in [real, right, at_risk] {
                numbers.truncate(n);
            }
        }
        known.truncate(n);
        *complete = !known.contains(&0);
    }
}
