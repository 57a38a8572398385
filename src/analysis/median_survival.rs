//! Difference of two median survival times.

use super::event_times::arms;
use super::kaplan_meier::Transform;
use super::time_order::{at_each_time, last_event};
use super::wald::{assemble, critical_value};
use super::{Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Survival this close to one half is one half: what rounding leaves of a product of fractions.
const HALF: f64 = 1.5e-8;

/// `median-survival = {}`
pub const FORM: Form = Form {
    name: "median-survival",
    summary: "Difference of the arms' median survival times, with each arm's median and its limits.",
    keys: &[Key {
        name: "limits",
        kind: Kind::Word(&["log", "plain", "log-log"]),
        required: false,
        doc: "The scale on which each arm's limits of survival, and so of its median, are found; default `log`.",
    }],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let limits = match values.text("limits") {
        Some("plain") => Transform::Plain,
        Some("log-log") => Transform::LogLog,
        _ => Transform::Log,
    };
    Ok(Box::new(MedianSurvival { limits }))
}

/// Difference of the arms' median survival times, by the minimum dispersion statistic.
///
/// A median is the first time at which the Kaplan–Meier estimate S is at most ½; where S stays at ½ for a while, the middle of that
/// time. The limits of an arm's median are those of its limits of S.
///
/// For a difference δ, G(δ) = min over θ of (S₀(θ) − ½)²/σ₀² + (S₁(θ + δ) − ½)²/σ₁², σ² Greenwood's variance at the arm's median: χ² on one
/// degree of freedom. z = ±√G(null) with the sign of the estimate − null; the limits bound the differences with G at most the squared critical
/// value; the standard error is the interval's length over twice the critical value.
///
/// A median or a limit of the difference that is not reached is [`Status::TooFew`]; parts that are not reached are infinite.
///
/// Source: Su and Wei, Biometrics 49 (1993) 603, section 2; each arm: Brookmeyer and Crowley, Biometrics 38 (1982) 29, as in R's `survfit`.
#[derive(Clone, Copy, Debug)]
pub struct MedianSurvival {
    /// The scale of each arm's limits.
    pub limits: Transform,
}

impl Analysis for MedianSurvival {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &[
            "median-experimental",
            "lower-experimental",
            "upper-experimental",
            "median-control",
            "lower-control",
            "upper-control",
        ]
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let Some(sizes) = arms(data) else {
            return Estimate::failed(Status::EmptyArm, n);
        };
        let Response::Time { time, event, .. } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let Scratch { sorted, order, real: [t0, s0, e0, t1, s1, e1, ..], .. } = scratch;
        sorted.rows(time, |_, t| t <= last_event(time, event, f64::INFINITY), order);
        let half = critical_value(rule.tail());
        let mut answer = Estimate::failed(Status::TooFew, n);
        let mut curves = [(t0, s0, e0), (t1, s1, e1)].map(|(t, s, e)| Curve { time: t, survival: s, se: e });
        for (a, curve) in curves.iter_mut().enumerate() {
            curve.walk(time, event, data.arm, a as u8, sizes[a], order);
            answer.events += curve.events(time, event, data.arm, a as u8);
            let of = |g: &dyn Fn(f64, f64) -> f64| curve.crossing(g).map_or(f64::INFINITY, |(_, t)| t);
            let limit = |which: usize| {
                move |s: f64, se: f64| if s > 0.0 { self.limits.limits(s, se, half)[which] } else { f64::NAN }
            };
            answer.parts[3 - 3 * a..6 - 3 * a].copy_from_slice(&[of(&|s, _| s), of(&limit(0)), of(&limit(1))]);
        }
        let [control, treated] = &curves;
        let (Some((i, median0)), Some((j, median1))) = (control.crossing(&|s, _| s), treated.crossing(&|s, _| s))
        else {
            return answer;
        };
        let spread = [control.se[i], treated.se[j]];
        if !spread.iter().all(|&se| se > 0.0) {
            return answer;
        }
        let limits = confidence(control, treated, spread, half);
        if !limits.iter().all(|x| x.is_finite()) {
            return answer;
        }
        let estimate = median1 - median0;
        let distance = dispersion(control, treated, spread, rule.null).sqrt();
        let side = if estimate == rule.null { 0.0 } else { (estimate - rule.null).signum() };
        let z = rule.better.sign() * side * distance;
        let se = (limits[1] - limits[0]) / (2.0 * half);
        let found = assemble(estimate, se, limits, z, normal_upper_tail(z)).counted(n, answer.events as usize);
        Estimate { parts: answer.parts, ..found }
    }
}

/// The Kaplan–Meier estimate of one arm: where it falls, to what, and Greenwood's standard error. Before its first step it is 1.
struct Curve<'a> {
    time: &'a mut Vec<f64>,
    survival: &'a mut Vec<f64>,
    se: &'a mut Vec<f64>,
}

impl Curve<'_> {
    fn walk(&mut self, time: &[f64], event: &[u8], arm: &[u8], own: u8, size: usize, order: &[u32]) {
        self.time.clear();
        self.survival.clear();
        self.se.clear();
        let (mut at_risk, mut free, mut sum) = (size as f64, 1.0, 0.0);
        for group in at_each_time(order, time) {
            let (mut died, mut left) = (0.0, 0.0);
            for &row in group.iter().filter(|&&row| arm[row as usize] == own) {
                died += f64::from(event[row as usize]);
                left += 1.0;
            }
            if died > 0.0 {
                free *= (at_risk - died) / at_risk;
                sum += died / (at_risk * (at_risk - died));
                self.time.push(time[group[0] as usize]);
                self.survival.push(free);
                self.se.push(if free > 0.0 { free * sum.sqrt() } else { 0.0 });
            }
            at_risk -= left;
        }
    }

    fn events(&self, time: &[f64], event: &[u8], arm: &[u8], own: u8) -> u32 {
        (0..time.len()).map(|i| u32::from(event[i] == 1 && arm[i] == own)).sum()
    }

    /// The step at which a function of (S, standard error) is first at most ½, and the time at which it crosses: halfway to its next
    /// fall where it is ½ itself. NaN is passed over.
    fn crossing(&self, of: &dyn Fn(f64, f64) -> f64) -> Option<(usize, f64)> {
        let at = |k: usize| of(self.survival[k], self.se[k]);
        let first = (0..self.time.len()).find(|&k| at(k) < 0.5 + HALF)?;
        let level = at(first);
        let next = (first + 1..self.time.len()).find(|&k| at(k) < level);
        let time = match next {
            Some(next) if (level - 0.5).abs() < HALF => 0.5 * (self.time[first] + self.time[next]),
            _ => self.time[first],
        };
        Some((first, time))
    }

    /// Piece k lies from its start to the next one's; piece 0 is the time before the first step.
    fn start(&self, k: usize) -> f64 {
        match k.checked_sub(1) {
            None => 0.0,
            Some(k) => self.time.get(k).copied().unwrap_or(f64::INFINITY),
        }
    }

    fn level(&self, k: usize) -> f64 {
        if k == 0 { 1.0 } else { self.survival[k - 1] }
    }

    fn pieces(&self) -> usize {
        self.time.len() + 1
    }

    /// Pieces with S within `reach` of ½.
    fn near_half(&self, reach: f64) -> std::ops::Range<usize> {
        let first = if 0.5 + reach < 1.0 { 1 + self.survival.partition_point(|&s| s > 0.5 + reach) } else { 0 };
        let end = 1 + self.survival.partition_point(|&s| s >= 0.5 - reach);
        first..end
    }
}

/// The least and the largest difference whose dispersion is at most `half` squared.
fn confidence(control: &Curve<'_>, treated: &Curve<'_>, [se0, se1]: [f64; 2], half: f64) -> [f64; 2] {
    let mut limits = [f64::INFINITY, f64::NEG_INFINITY];
    for i in 0..control.pieces() {
        let used = (control.level(i) - 0.5) / se0;
        let left = half * half - used * used;
        if left < 0.0 {
            continue;
        }
        let pieces = treated.near_half(left.sqrt() * se1);
        if !pieces.is_empty() {
            limits[0] = (treated.start(pieces.start) - control.start(i + 1)).min(limits[0]);
            limits[1] = (treated.start(pieces.end) - control.start(i)).max(limits[1]);
        }
    }
    limits
}

/// G(δ): the least dispersion over all pairs of times that are `shift` apart; it changes only where a curve falls.
fn dispersion(control: &Curve<'_>, treated: &Curve<'_>, [se0, se1]: [f64; 2], shift: f64) -> f64 {
    let level = |curve: &Curve<'_>, t: f64| curve.level(curve.time.partition_point(|&u| u <= t));
    let at = |s0: f64, s1: f64| ((s0 - 0.5) / se0).powi(2) + ((s1 - 0.5) / se1).powi(2);
    let mut least = f64::INFINITY;
    for i in 0..control.pieces() {
        let t = control.start(i);
        if t + shift >= 0.0 {
            least = least.min(at(control.level(i), level(treated, t + shift)));
        }
    }
    for j in 0..treated.pieces() {
        let t = treated.start(j);
        if t - shift >= 0.0 {
            least = least.min(at(level(control, t - shift), treated.level(j)));
        }
    }
    least
}
