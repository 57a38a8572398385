//! Observation: what the trial gets to see of what happens. Visits, loss to follow-up, death, and the end of follow-up.
//!
//! Truth stays truth: outcomes are never changed here. A [`View`] says until when each patient is seen and which visits take place;
//! endpoints read outcomes through it. The complete view (nobody lost, nothing cut) is what true values are computed from.

use crate::column::Frame;
use crate::protocol::{Fault, Noise, Protocol};
use crate::random::{Index, Replicate, unit, unit32};

/// Until when and when each patient is seen.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Time of loss to follow-up (months from entry); empty where nobody can be lost.
    pub lost: Vec<f64>,
    /// Time of death; empty where nobody can die.
    pub dead: Vec<f64>,
    /// Administrative end of follow-up; empty where there is none. Negative: not yet entered at the cut.
    pub end: Vec<f64>,
    /// The visits in use, by visit of the scenario.
    pub visits: Vec<Attendance>,
    /// Last month at which each patient is seen, death aside.
    pub until: Vec<f64>,
    /// The same or death, whichever is first.
    pub seen: Vec<f64>,
}

/// A visit as it took place.
#[derive(Clone, Debug, Default)]
pub struct Attendance {
    /// Months from entry at which it is held.
    pub day: Vec<f64>,
    /// 1 where it took place, death aside.
    pub held: Vec<u8>,
}

impl View {
    /// Last month at which patient `i` is seen, death aside.
    #[must_use]
    pub fn seen_until(&self, i: usize) -> f64 {
        self.until.get(i).copied().unwrap_or(f64::INFINITY)
    }

    /// Month of death of patient `i`.
    #[must_use]
    pub fn dead_at(&self, i: usize) -> f64 {
        self.dead.get(i).copied().unwrap_or(f64::INFINITY)
    }

    /// What the view held where follow-up ends earlier: at `end`, no later than before.
    pub fn shorten(&mut self, end: &[f64]) {
        self.end.clear();
        self.end.extend_from_slice(end);
        for (until, &end) in self.until.iter_mut().zip(end) {
            *until = if end < *until { end } else { *until };
        }
        for (seen, &end) in self.seen.iter_mut().zip(end) {
            *seen = if end < *seen { end } else { *seen };
        }
        for Attendance { day, held } in &mut self.visits {
            for ((held, day), end) in held.iter_mut().zip(day.iter()).zip(end) {
                *held &= u8::from(day <= end);
            }
        }
    }

    /// Becomes what another view held where follow-up ends earlier: at `end`, no later than there.
    pub fn lock(&mut self, all: &Self, end: &[f64]) {
        self.lost.clone_from(&all.lost);
        self.dead.clone_from(&all.dead);
        self.until.clone_from(&all.until);
        self.seen.clone_from(&all.seen);
        self.visits.resize_with(all.visits.len(), Attendance::default);
        for (visit, whole) in self.visits.iter_mut().zip(&all.visits) {
            visit.day.clone_from(&whole.day);
            visit.held.clone_from(&whole.held);
        }
        self.shorten(end);
    }

    /// Looks at the frame's patients as the protocol does. `end` are administrative ends of follow-up, empty where there are none;
    /// `complete` leaves out loss, missed visits and the cut. `days` are the visits of another look at the same patients: their days are
    /// the same again.
    ///
    /// # Errors
    /// A parameter of dropout or of a missed visit outside its domain.
    #[expect(clippy::too_many_arguments, reason = "parts of one workspace, borrowed apart")]
    pub fn look(
        &mut self,
        protocol: &Protocol<'_>,
        replicate: Replicate,
        candidates: Index<'_>,
        end: &[f64],
        complete: bool,
        days: Option<&[Attendance]>,
        frame: &mut Frame,
        noise: &mut Noise,
    ) -> Result<(), Fault> {
        let rows = frame.rows;
        self.lost.clear();
        self.end.clear();
        if !complete {
            self.end.extend_from_slice(end);
            if let Some(dropout) = &protocol.dropout {
                dropout.draw(replicate, candidates, frame, noise)?;
                self.lost.extend_from_slice(&frame.real[protocol.layout.dropout]);
            }
        }
        self.dead.clear();
        if let Some((&first, rest)) = protocol.deaths.split_first()
            && !frame.real[first].is_empty()
        {
            self.dead.extend_from_slice(&frame.real[first]);
            for &c in rest {
                for (d, &t) in self.dead.iter_mut().zip(&frame.real[c]) {
                    *d = d.min(t);
                }
            }
        }
        if protocol.reads_views {
            self.until.clear();
            self.until.resize(rows, f64::INFINITY);
            for ends in [&self.lost, &self.end] {
                for (u, &e) in self.until.iter_mut().zip(ends) {
                    *u = if e < *u { e } else { *u };
                }
            }
            self.seen.clear();
            self.seen.extend_from_slice(&self.until);
            for (s, &d) in self.seen.iter_mut().zip(&self.dead) {
                *s = if d < *s { d } else { *s };
            }
        }
        self.visits.resize_with(protocol.visits.len(), Attendance::default);
        for (v, plan) in protocol.visits.iter().enumerate() {
            let Some(plan) = plan else { continue };
            let Attendance { day, held } = &mut self.visits[v];
            let (from, to) = plan.window;
            day.resize(rows, from);
            if let Some(days) = days {
                day.copy_from_slice(&days[v].day);
            } else if to > from {
                plan.day.words64(replicate, candidates, |at, words| {
                    for (d, &w) in day[at..].iter_mut().zip(words) {
                        *d = from + (to - from) * unit(w);
                    }
                });
            } else {
                day.fill(from);
            }
            held.clear();
            held.resize(rows, 1);
            if complete {
                continue;
            }
            if plan.can_miss {
                noise.values.resize(rows, 0.0);
                plan.missed.eval(rows, frame, &mut noise.registers, &mut noise.values);
                let missed = &noise.values;
                plan.miss.words32(replicate, candidates, |at, words| {
                    for ((h, &w), p) in held[at..].iter_mut().zip(words).zip(&missed[at..]) {
                        *h = u8::from(unit32(w) <= 1.0 - p);
                    }
                });
            }
            for ends in [&self.lost, &self.end] {
                for ((h, d), e) in held.iter_mut().zip(day.iter()).zip(ends) {
                    *h &= u8::from(d <= e);
                }
            }
        }
        Ok(())
    }
}
