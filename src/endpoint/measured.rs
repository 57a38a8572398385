//! Endpoints measured: outcomes read through a [`View`], an entry a patient.

use crate::analysis::{Better, ResponseKind};
use crate::column::Frame;
use crate::endpoint::interval::find;
use crate::expr::{Program, Registers};
use crate::observation::View;
use crate::protocol::{FatePlan, MeasurePlan, Occurrence, TierMeasure, ValuePlan};
use crate::scenario::{Dated, Fate, IntercurrentFate};

/// Code of a missing category.
pub const MISSING: u8 = 255;

/// Values of one endpoint (or tier).
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Flags, categories.
    pub code: Vec<u8>,
    /// Scores, times, left ends of intervals.
    pub real: Vec<f64>,
    /// 1 event, 0 censored, for times.
    pub event: Vec<u8>,
    /// 1 where follow-up ended in a competing event; empty where there are none.
    pub competing: Vec<u8>,
    /// Right ends of intervals.
    pub right: Vec<f64>,
    /// Time of the event, or where a competing one came first the end of what would have been follow-up; only beside `competing`. No
    /// trial sees it.
    pub at_risk: Vec<f64>,
    /// Number of categories.
    pub levels: u8,
    /// Largest difference of scores that is a tie.
    pub threshold: f64,
}

/// An endpoint measured on the patients of one trial.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// What kind of response it is.
    pub kind: Option<ResponseKind>,
    /// Its values; unused by hierarchical endpoints.
    pub values: Values,
    /// Values by tier.
    pub tiers: Vec<Values>,
    /// 1 where the patient is in the analysis.
    pub known: Vec<u8>,
    /// Whether all are.
    pub complete: bool,
}

/// What becomes of a patient's value.
const KNOWN: u8 = 0;
const MISSED: u8 = 1;
const WORST: u8 = 2;

/// Memory that measuring reuses.
#[derive(Debug, Default)]
pub struct Meter {
    state: Vec<u8>,
    value: Vec<f64>,
    revealed: Vec<f64>,
}

/// How outcomes are read: a trial does as it can, a true value as it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Events that only visits can find are read at their true time.
    pub exact: bool,
    /// Competing events are switched off.
    pub alone: bool,
}

impl Measured {
    /// Measures an endpoint on the frame's patients as seen through `view`.
    pub fn measure(
        &mut self,
        plan: &MeasurePlan,
        reading: Reading,
        frame: &Frame,
        view: &View,
        registers: &mut Registers,
        meter: &mut Meter,
    ) {
        let rows = frame.rows;
        // the ones of the replicate before serve again
        if !(self.complete && self.known.len() == rows) {
            self.known.clear();
            self.known.resize(rows, 1);
        }
        self.complete = true;
        if view.end.iter().fold(false, |any, &e| any | (e < 0.0)) {
            self.complete = false;
            for (k, &e) in self.known.iter_mut().zip(&view.end) {
                *k = u8::from(e >= 0.0);
            }
        }
        let (values, known) = (&mut self.values, &mut self.known);
        let excluded = match plan {
            MeasurePlan::State(program, fate) => {
                self.kind = Some(ResponseKind::Binary);
                values.code.resize(rows, 0);
                program.eval_flags(rows, frame, registers, &mut values.code);
                let (worst, best) = favour(fate.better);
                substitute(fate, frame, view, meter, known, |i, s| {
                    values.code[i] = if s == WORST { worst } else { best }
                })
            }
            MeasurePlan::Flag(column) => {
                self.kind = Some(ResponseKind::Binary);
                values.code.clear();
                values.code.extend_from_slice(&frame.code[*column]);
                false
            }
            MeasurePlan::Occurrence(plan) => {
                self.kind = Some(ResponseKind::Binary);
                occurrence(plan, frame, view, meter, known, &mut values.code)
            }
            MeasurePlan::Category(value, fate) => {
                self.kind = Some(ResponseKind::Ordinal);
                values.levels = value.levels;
                category(value, frame, registers, meter, &mut values.code);
                let top = value.levels - 1;
                let (worst, best) = if fate.better == Better::Higher { (0, top) } else { (top, 0) };
                substitute(fate, frame, view, meter, known, |i, s| {
                    values.code[i] = if s == WORST { worst } else { best }
                })
            }
            MeasurePlan::Score(program, fate) => {
                self.kind = Some(ResponseKind::Score);
                evaluate(program, frame, registers, &mut values.real);
                substitute(fate, frame, view, meter, known, |i, _| values.real[i] = fate.worst)
            }
            MeasurePlan::Time { events, competing, by } => {
                self.kind = Some(ResponseKind::Time);
                time(events, *by, frame, view, values);
                if !(reading.alone || competing.is_empty()) {
                    compete(competing, *by, frame, view, values, &mut meter.value);
                }
                false
            }
            MeasurePlan::Visits(plan) if reading.exact => {
                self.kind = Some(ResponseKind::Time);
                let by = if let Dated::AtVisit(by) = plan.dated { by } else { f64::INFINITY };
                time(&plan.events, by, frame, view, values);
                false
            }
            MeasurePlan::Visits(plan) => {
                let kind = if plan.dated == Dated::Between { ResponseKind::Interval } else { ResponseKind::Time };
                self.kind = Some(kind);
                first_event(&plan.events, frame, &mut meter.value);
                first_event(&plan.revealed_by, frame, &mut meter.revealed);
                find(plan, &meter.value, &meter.revealed, view, values);
                false
            }
            MeasurePlan::Tiers(tiers) => {
                self.kind = Some(ResponseKind::Hierarchical);
                self.tiers.resize_with(tiers.len(), Values::default);
                let mut excluded = false;
                for (tier, values) in tiers.iter().zip(&mut self.tiers) {
                    excluded |= measure_tier(tier, values, frame, view, registers, meter, known);
                }
                excluded
            }
        };
        self.complete &= !excluded;
    }
}

/// Values of a flag for the worst and the best fate.
fn favour(better: Better) -> (u8, u8) {
    if better == Better::Higher { (0, 1) } else { (1, 0) }
}

fn evaluate(program: &Program, frame: &Frame, registers: &mut Registers, out: &mut Vec<f64>) {
    out.resize(frame.rows, 0.0);
    program.eval(frame.rows, frame, registers, out);
}

fn category(value: &ValuePlan, frame: &Frame, registers: &mut Registers, meter: &mut Meter, out: &mut Vec<u8>) {
    let rows = frame.rows;
    out.clear();
    out.resize(rows, 0);
    evaluate(&value.program, frame, registers, &mut meter.value);
    if value.cuts.is_empty() {
        for (o, x) in out.iter_mut().zip(&meter.value) {
            *o = (x - value.first) as u8;
        }
    }
    for &cut in &value.cuts {
        for (o, &x) in out.iter_mut().zip(&meter.value) {
            *o += u8::from(x >= cut);
        }
    }
}

/// What becomes of each patient's value; true where anyone's fate is not simply known.
fn states(fate: &FatePlan, frame: &Frame, view: &View, state: &mut Vec<u8>) -> bool {
    let rows = frame.rows;
    let certain = fate.visit.is_none() && fate.intercurrent.is_empty();
    if certain {
        return false;
    }
    state.clear();
    state.resize(rows, KNOWN);
    let visit = fate.visit.map(|v| &view.visits[v]);
    if let Some(visit) = visit {
        for (s, &held) in state.iter_mut().zip(&visit.held) {
            *s = if held == 0 { MISSED } else { KNOWN };
        }
        // death ends visits, unless a policy measures on
        let measured_on = |d: f64, i: usize| {
            fate.intercurrent.iter().any(|(c, f)| *f == IntercurrentFate::Policy && frame.real[*c][i] == d)
        };
        let policy = fate.intercurrent.iter().any(|(_, f)| *f == IntercurrentFate::Policy);
        for (i, ((s, &d), &day)) in state.iter_mut().zip(&view.dead).zip(&visit.day).enumerate() {
            let gone = d < day && !(policy && measured_on(d, i));
            *s = if gone { MISSED } else { *s };
        }
    }
    // the first of the list that has happened decides: written last
    for (c, f) in fate.intercurrent.iter().rev() {
        let to = match f {
            IntercurrentFate::Worst => WORST,
            IntercurrentFate::Missing => MISSED,
            IntercurrentFate::Policy => continue,
        };
        let times = frame.real[*c].iter().zip(&view.seen);
        match visit {
            Some(visit) => {
                for ((s, (&t, &seen)), &day) in state.iter_mut().zip(times).zip(&visit.day) {
                    *s = if (t <= seen) & (t <= day) { to } else { *s };
                }
            }
            None => {
                for (s, (&t, &seen)) in state.iter_mut().zip(times) {
                    *s = if t <= seen { to } else { *s };
                }
            }
        }
    }
    true
}

/// Puts the worst (or best) value where the fate says so and takes excluded patients out; true where any was taken out.
fn substitute(
    fate: &FatePlan,
    frame: &Frame,
    view: &View,
    meter: &mut Meter,
    known: &mut [u8],
    mut put: impl FnMut(usize, u8),
) -> bool {
    if !states(fate, frame, view, &mut meter.state) {
        return false;
    }
    let mut excluded = false;
    for (i, &state) in meter.state.iter().enumerate() {
        match (state, fate.missing) {
            (KNOWN, _) => {}
            (WORST, _) | (_, Fate::Worst) => put(i, WORST),
            (_, Fate::Best) => put(i, KNOWN),
            (_, Fate::Excluded | Fate::Tied) => {
                known[i] = 0;
                excluded = true;
            }
        }
    }
    excluded
}

/// Time of the first of some events.
fn first_event(events: &[usize], frame: &Frame, out: &mut Vec<f64>) {
    out.clear();
    match events.split_first() {
        Some((&first, rest)) => {
            out.extend_from_slice(&frame.real[first]);
            for &c in rest {
                for (t, &x) in out.iter_mut().zip(&frame.real[c]) {
                    *t = if x < *t { x } else { *t };
                }
            }
        }
        None => out.resize(frame.rows, f64::INFINITY),
    }
}

fn occurrence(
    plan: &Occurrence,
    frame: &Frame,
    view: &View,
    meter: &mut Meter,
    known: &mut [u8],
    out: &mut Vec<u8>,
) -> bool {
    out.clear();
    out.resize(frame.rows, 0);
    first_event(&plan.events, frame, &mut meter.value);
    for ((o, &event), &seen) in out.iter_mut().zip(&meter.value).zip(&view.seen) {
        *o = u8::from((event <= plan.by) & (event <= seen));
    }
    if plan.missing == Fate::Tied {
        return false;
    }
    let (worst, best) = favour(plan.better);
    let mut excluded = false;
    for (i, o) in out.iter_mut().enumerate() {
        // not known: no event seen, and seen neither to the time asked nor to death
        let until = view.until[i];
        if *o == 0 && until < plan.by && view.dead_at(i) > until {
            match plan.missing {
                Fate::Worst => *o = worst,
                Fate::Best => *o = best,
                Fate::Excluded | Fate::Tied => {
                    known[i] = 0;
                    excluded = true;
                }
            }
        }
    }
    excluded
}

/// Follow-up time and event indicator: the first of the events, censored at loss, death, the end of follow-up and the horizon.
fn time(events: &[usize], by: f64, frame: &Frame, view: &View, values: &mut Values) {
    let rows = frame.rows;
    let Values { real, event, competing, right, at_risk, .. } = values;
    competing.clear();
    right.clear();
    at_risk.clear();
    first_event(events, frame, real);
    event.clear();
    event.resize(rows, 1);
    let both = !(view.lost.is_empty() || view.end.is_empty());
    if both {
        // one pass in place of two
        for (((t, d), &lost), &end) in real.iter_mut().zip(event.iter_mut()).zip(&view.lost).zip(&view.end) {
            let e = if lost <= end { lost } else { end };
            *d = u8::from(*t <= e);
            *t = if *t <= e { *t } else { e };
        }
    }
    let others: &[&Vec<f64>] = if both { &[&view.dead] } else { &[&view.dead, &view.lost, &view.end] };
    for ends in others {
        for ((t, d), &e) in real.iter_mut().zip(event.iter_mut()).zip(ends.iter()) {
            *d &= u8::from(*t <= e);
            *t = if *t <= e { *t } else { e };
        }
    }
    if by.is_finite() {
        for (t, d) in real.iter_mut().zip(event.iter_mut()) {
            *d &= u8::from(*t <= by);
            *t = if *t <= by { *t } else { by };
        }
    }
}

/// Ends follow-up at the first competing event, where that is before whatever else ends it or is the death that does.
fn compete(competing: &[usize], by: f64, frame: &Frame, view: &View, values: &mut Values, first: &mut Vec<f64>) {
    first_event(competing, frame, first);
    values.competing.clear();
    values.at_risk.clear();
    for (i, ((t, d), &c)) in values.real.iter_mut().zip(&mut values.event).zip(first.iter()).enumerate() {
        // death ends follow-up too: then both times are the same
        let competes = c < *t || (c == *t && *d == 0);
        values.competing.push(u8::from(competes));
        *t = if competes { c } else { *t };
        *d &= u8::from(!competes);
        values.at_risk.push(if competes { view.seen_until(i).min(by) } else { *t });
    }
}

fn measure_tier(
    tier: &TierMeasure,
    values: &mut Values,
    frame: &Frame,
    view: &View,
    registers: &mut Registers,
    meter: &mut Meter,
    known: &mut [u8],
) -> bool {
    match tier {
        TierMeasure::Time { events, by } => {
            time(events, *by, frame, view, values);
            false
        }
        TierMeasure::Occurrence(plan) => {
            values.levels = 2;
            let excluded = occurrence(plan, frame, view, meter, known, &mut values.code);
            for c in &mut values.code {
                *c = 1 - *c; // not having the event is better
            }
            excluded
        }
        TierMeasure::Category(value, fate) => {
            let top = value.levels - 1;
            values.levels = value.levels;
            category(value, frame, registers, meter, &mut values.code);
            if fate.better == Better::Lower {
                for c in &mut values.code {
                    *c = top - *c;
                }
            }
            tier_fate(fate, frame, view, meter, known, |i, s| values.code[i] = if s == WORST { 0 } else { MISSING })
        }
        TierMeasure::Score(program, fate, threshold) => {
            values.threshold = *threshold;
            evaluate(program, frame, registers, &mut values.real);
            let sign = fate.better.sign();
            for x in &mut values.real {
                *x *= sign;
            }
            tier_fate(fate, frame, view, meter, known, |i, s| {
                values.real[i] = if s == WORST { sign * fate.worst } else { f64::NAN };
            })
        }
    }
}

/// As [`substitute`], for tiers: a missing value may stay in, tied with everyone.
fn tier_fate(
    fate: &FatePlan,
    frame: &Frame,
    view: &View,
    meter: &mut Meter,
    known: &mut [u8],
    mut put: impl FnMut(usize, u8),
) -> bool {
    if !states(fate, frame, view, &mut meter.state) {
        return false;
    }
    let mut excluded = false;
    for (i, &state) in meter.state.iter().enumerate() {
        match (state, fate.missing) {
            (KNOWN, _) => {}
            (WORST, _) | (_, Fate::Worst) => put(i, WORST),
            (_, Fate::Tied | Fate::Best) => put(i, MISSED),
            (_, Fate::Excluded) => {
                known[i] = 0;
                excluded = true;
            }
        }
    }
    excluded
}
