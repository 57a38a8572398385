//! Difference of two Kaplan–Meier curves at a time.

use super::time_order::{ascending, at_each_time, last_event};
use super::wald::wald;
use super::{Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `kaplan-meier = { at = 12 }`
pub const FORM: Form = Form {
    name: "kaplan-meier",
    summary: "Difference of the arms' Kaplan–Meier estimates of being free of the event at a time.",
    keys: &[Key {
        name: "at",
        kind: Kind::Number,
        required: true,
        doc: "Months from entry at which the curves are compared; above 0.",
    }],
    example: "{ at = 12 }",
};

/// Builds the method.
///
/// # Errors
/// `at` is missing, not finite, or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(KaplanMeier { at: month(values)? }))
}

/// The month `at`.
pub(super) fn month(values: &Values) -> Result<f64, Complaint> {
    match values.number("at") {
        Some(at) if at.is_finite() && at > 0.0 => Ok(at),
        found => Err(Complaint {
            code: Code::OutOfDomain,
            key: Some("at"),
            message: match found {
                Some(at) => format!("`at` is {at}; it must be a finite number of months above 0"),
                None => "`at` is missing; it must be a finite number of months above 0".into(),
            },
            help: "at = 12".into(),
        }),
    }
}

/// Difference of the arms' Kaplan–Meier estimates at a time, with Greenwood's variance.
///
/// S(t) = Π (1 − d/r) over event times up to t, Var S(t) = S(t)² Σ d/(r(r − d)); a curve that has reached 0 has
/// variance 0. Estimate S₁ − S₀ with the plain Wald interval.
///
/// Beyond the end of an arm's follow-up the parts hold the curve's last value. Where nobody of an arm is followed to
/// `at` and its curve has not reached 0, that value is an extrapolation and the status is [`Status::TooFew`]; no event
/// in either arm up to `at`, or both curves at 0, is [`Status::NoVariation`].
///
/// Source: Kaplan and Meier, Journal of the American Statistical Association 53 (1958) 457; Greenwood (1926).
#[derive(Debug)]
pub struct KaplanMeier {
    /// Months from entry.
    pub at: f64,
}

impl Analysis for KaplanMeier {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["survival-experimental", "se-experimental", "survival-control", "se-control"]
    }

    fn target(&self) -> Target {
        Target::Survival(self.at)
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Time { time, event, .. } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let last = last_event(time, event, self.at);
        ascending(time, last, &mut scratch.keys, &mut scratch.order);
        let mut curves = [Curve::start(n - experimental), Curve::start(experimental)];
        walk(time, event, data.arm, &scratch.order, &mut curves);

        let mut followed = [0_usize; 2];
        for (&t, &a) in time.iter().zip(data.arm) {
            followed[usize::from(a)] += usize::from(t >= self.at);
        }
        let extrapolated = curves.iter().zip(followed).any(|(curve, followed)| followed == 0 && curve.survival > 0.0);

        let [control, treated] = &curves;
        let events = control.events + treated.events;
        let variance = treated.variance() + control.variance();
        let mut answer = if extrapolated {
            Estimate::failed(Status::TooFew, n)
        } else if variance > 0.0 {
            let difference = treated.survival - control.survival;
            wald(difference, variance.sqrt(), rule, n, events)
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.events = events as u32;
        answer.parts[..4].copy_from_slice(&[
            treated.survival,
            treated.variance().sqrt(),
            control.survival,
            control.variance().sqrt(),
        ]);
        answer
    }
}

/// The curve of one arm up to the present time.
struct Curve {
    at_risk: usize,
    events: usize,
    survival: f64,
    /// Greenwood's sum.
    sum: f64,
}

impl Curve {
    fn start(patients: usize) -> Self {
        Self { at_risk: patients, events: 0, survival: 1.0, sum: 0.0 }
    }

    fn step(&mut self, died: usize, left: usize) {
        if died > 0 {
            let (d, r) = (died as f64, self.at_risk as f64);
            self.survival *= (r - d) / r;
            self.sum += d / (r * (r - d));
        }
        self.events += died;
        self.at_risk -= left;
    }

    fn variance(&self) -> f64 {
        if self.survival > 0.0 { self.survival * self.survival * self.sum } else { 0.0 }
    }
}

fn walk(time: &[f64], event: &[u8], arm: &[u8], order: &[u32], curves: &mut [Curve; 2]) {
    for group in at_each_time(order, time) {
        let (mut died, mut left) = ([0; 2], [0; 2]);
        for &row in group {
            let (row, a) = (row as usize, usize::from(arm[row as usize]));
            died[a] += usize::from(event[row]);
            left[a] += 1;
        }
        for (curve, (died, left)) in curves.iter_mut().zip(died.into_iter().zip(left)) {
            curve.step(died, left);
        }
    }
}
