//! Weighted cumulative incidence at a time, and its influences.

use crate::analysis::{Scratch, Status};

/// Events and their times.
#[derive(Clone, Copy)]
pub(crate) struct Course<'a> {
    /// Follow-up in months.
    pub(crate) time: &'a [f64],
    /// 1 event.
    pub(crate) event: &'a [u8],
    /// 1 competing event; empty for none.
    pub(crate) competing: &'a [u8],
}

impl Course<'_> {
    fn competes(&self, row: usize) -> bool {
        self.competing.get(row).is_some_and(|c| *c != 0)
    }
}

/// One arm at one time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    /// Weight at risk.
    at_risk: f64,
    /// Weight of events.
    events: f64,
    /// Weight of events of either kind.
    either: f64,
    /// Whether all who were at risk had an event of some kind.
    emptied: bool,
    /// Free of either event just before.
    before: f64,
    /// Incidence after it.
    incidence: f64,
}

/// Incidence of the event by `at` in the control and in the experimental arm, the Aalen–Johansen estimate
/// F = Σ S(u−) dN₁/Y over event times u ≤ `at` with weighted counts, S the product of 1 − dN/Y over events of either kind.
/// Without competing events 1 − F is the Kaplan–Meier estimate.
///
/// Influences ∂F/∂ ln w, the exact derivative: with A = S(u−)/Y and B = (F(at) − F(u))/(Y − N) at each time u,
/// w (A − B at an own event, −B at an own competing event, less Σ (A dN₁/Y − B dN/Y) over times at risk). They are written
/// with a minus for controls: they belong to the difference experimental − control.
///
/// # Errors
/// [`Status::TooFew`] where nobody of an arm is followed to `at` and some are still free of events;
/// [`Status::NoVariation`] where no event happened by then.
pub(crate) fn incidence(
    course: Course<'_>,
    arm: &[u8],
    weight: &[f64],
    at: f64,
    scratch: &mut Scratch,
    influence: &mut [f64],
) -> Result<[f64; 2], Status> {
    let Scratch { sorted, order, steps, .. } = scratch;
    let steps = &mut steps.0;
    let Course { time, event, .. } = course;
    sorted.rows(time, |row, t| t <= at && weight[row] > 0.0, order);
    let groups = || order.chunk_by(|&a, &b| time[a as usize] == time[b as usize]);
    let beyond = || (0..time.len()).filter(|&row| time[row] > at && weight[row] > 0.0);

    // latest first, so that sums grow
    steps.clear();
    let (mut at_risk, mut count, mut any) = ([0.0; 2], [0_usize; 2], false);
    for row in beyond() {
        let a = usize::from(arm[row] != 0);
        at_risk[a] += weight[row];
        count[a] += 1;
    }
    let mut followed = count;
    for group in groups().rev() {
        let mut step = [Step::default(); 2];
        let mut either = [0_usize; 2];
        for &row in group {
            let (row, a) = (row as usize, usize::from(arm[row as usize] != 0));
            at_risk[a] += weight[row];
            count[a] += 1;
            followed[a] += usize::from(time[row] >= at);
            let first = event[row] != 0;
            if first {
                step[a].events += weight[row];
                any = true;
            }
            if first || course.competes(row) {
                step[a].either += weight[row];
                either[a] += 1;
            }
        }
        for a in 0..2 {
            step[a].at_risk = at_risk[a];
            step[a].emptied = count[a] == either[a];
        }
        steps.push(step);
    }
    steps.reverse();

    let (mut free, mut total) = ([1.0; 2], [0.0; 2]);
    for step in &mut *steps {
        for a in 0..2 {
            let s = &mut step[a];
            s.before = free[a];
            if s.either > 0.0 {
                total[a] += free[a] * (s.events / s.at_risk);
                free[a] *= if s.emptied { 0.0 } else { (s.at_risk - s.either) / s.at_risk };
            }
            s.incidence = total[a];
        }
    }
    if !any {
        return Err(Status::NoVariation);
    }
    if (0..2).any(|a| followed[a] == 0 && free[a] > 0.0) {
        return Err(Status::TooFew);
    }

    let sign = [-1.0, 1.0];
    let mut passed = [0.0; 2];
    for (group, step) in groups().zip(&*steps) {
        let (mut own, mut lost) = ([0.0; 2], [0.0; 2]);
        for a in 0..2 {
            let s = step[a];
            if s.either > 0.0 {
                own[a] = s.before / s.at_risk;
                lost[a] = if s.emptied { 0.0 } else { (total[a] - s.incidence) / (s.at_risk - s.either) };
                passed[a] += own[a] * (s.events / s.at_risk) - lost[a] * (s.either / s.at_risk);
            }
        }
        for &row in group {
            let (row, a) = (row as usize, usize::from(arm[row as usize] != 0));
            let gained = match (event[row] != 0, course.competes(row)) {
                (true, _) => own[a] - lost[a],
                (false, true) => -lost[a],
                (false, false) => 0.0,
            };
            influence[row] = sign[a] * weight[row] * (gained - passed[a]);
        }
    }
    for row in beyond() {
        let a = usize::from(arm[row] != 0);
        influence[row] = -sign[a] * weight[row] * passed[a];
    }
    Ok(total)
}
