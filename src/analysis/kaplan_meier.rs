//! Difference of two Kaplan–Meier curves at a time.

use crate::analysis::r;
use std::f64::consts::FRAC_PI_2;

use super::time_order::{at_each_time, last_event};
use super::wald::{assemble, critical_value, wald};
use super::{Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::tail::normal_upper_tail;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `kaplan-meier = { at = 12 }`
pub const FORM: Form = Form {
    name: "kaplan-meier",
    summary: "Difference of the arms' Kaplan–Meier estimates of being free of the event at a time.",
    keys: &[
        Key {
            name: "at",
            kind: Kind::Number,
            required: true,
            doc: "Months from entry at which the curves are compared; above 0.",
        },
        Key {
            name: "test",
            kind: Kind::Word(&["plain", "log", "log-log", "arcsine", "logit"]),
            required: false,
            doc: "The scale on which survival is tested and its limits are found; default `plain`.",
        },
    ],
    example: "{ at = 12 }",
};

/// Builds the method.
///
/// # Errors
/// `at` is missing, not finite, or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let test = match values.text("test") {
        Some("log") => Transform::Log,
        Some("log-log") => Transform::LogLog,
        Some("arcsine") => Transform::Arcsine,
        Some("logit") => Transform::Logit,
        _ => Transform::Plain,
    };
    Ok(Box::new(KaplanMeier { at: month(values)?, test }))
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
/// On another scale g the statistic is (g(S₁) − g(S₀ + δ)) / √(Σ g′² Var S), δ the null value (0, or a margin); each arm's limits lⱼ, uⱼ are
/// those of its Wald interval on that scale, and the difference D has the limits D − √((S₁ − l₁)² + (u₀ − S₀)²) and
/// D + √((u₁ − S₁)² + (S₀ − l₀)²), which need not agree with the test. There a curve at 0 or 1 has no g:
/// [`Status::NoVariation`].
///
/// Beyond the end of an arm's follow-up the parts hold the curve's last value. Where nobody of an arm is followed to
/// `at` and its curve has not reached 0, that value is an extrapolation and the status is [`Status::TooFew`]; no event
/// in either arm up to `at`, or both curves at 0, is [`Status::NoVariation`].
///
/// Source: Kaplan and Meier, Journal of the American Statistical Association 53 (1958) 457; Greenwood (1926); the scales: Klein et al.,
/// Statistics in Medicine 26 (2007) 4505, section 2; the limits: Zou and Donner, Statistics in Medicine 27 (2008) 1693, eq. 5.
#[derive(Debug)]
pub struct KaplanMeier {
    /// Months from entry.
    pub at: f64,
    /// The scale of the test.
    pub test: Transform,
}

/// A scale on which survival is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// S
    Plain,
    /// ln S
    Log,
    /// ln(−ln S), falling in S
    LogLog,
    /// arcsin √S
    Arcsine,
    /// ln(S/(1 − S))
    Logit,
}

impl Transform {
    /// g(S), g′(S)
    fn at(self, s: f64) -> (f64, f64) {
        match self {
            Transform::Plain => (s, 1.0),
            Transform::Log => (s.ln(), 1.0 / s),
            Transform::LogLog => ((-s.ln()).ln(), 1.0 / (s * s.ln())),
            Transform::Arcsine => (s.sqrt().asin(), 0.5 / (s * (1.0 - s)).sqrt()),
            Transform::Logit => ((s / (1.0 - s)).ln(), 1.0 / (s * (1.0 - s))),
        }
    }

    /// S from g(S), within \[0, 1\].
    fn inverse(self, g: f64) -> f64 {
        let s = match self {
            Transform::Plain => g,
            Transform::Log => g.exp(),
            Transform::LogLog => (-g.exp()).exp(),
            Transform::Arcsine => g.clamp(0.0, FRAC_PI_2).sin().powi(2),
            Transform::Logit => 1.0 / (1.0 + (-g).exp()),
        };
        s.clamp(0.0, 1.0)
    }

    /// Whether g and its derivative are finite there.
    fn has(self, s: f64) -> bool {
        self == Transform::Plain || (s > 0.0 && s < 1.0) || (self == Transform::Log && s == 1.0)
    }

    /// Limits of S, `half` standard errors away on this scale.
    pub(super) fn limits(self, s: f64, se: f64, half: f64) -> [f64; 2] {
        let (g, slope) = self.at(s);
        let away = half * slope * se;
        [self.inverse(g - away), self.inverse(g + away)]
    }
}

impl KaplanMeier {
    /// The plain difference at a month.
    #[must_use]
    pub const fn plain(at: f64) -> Self {
        Self { at, test: Transform::Plain }
    }

    /// Test and limits on another scale, from each arm's (S, standard error): experimental, control.
    fn transformed(&self, [(s1, se1), (s0, se0)]: [(f64, f64); 2], rule: &Rule) -> Estimate {
        let g = self.test;
        let shifted = s0 + rule.null;
        if ![s1, s0, shifted].iter().all(|&s| g.has(s)) {
            return Estimate::failed(Status::NoVariation, 0);
        }
        let ((g1, slope1), (g0, slope0)) = (g.at(s1), g.at(shifted));
        let distance = (g1 - g0) / (slope1 * se1).hypot(slope0 * se0);
        let z = rule.better.sign() * if g == Transform::LogLog { -distance } else { distance };
        let half = critical_value(rule.tail());
        let ([l1, u1], [l0, u0]) = (g.limits(s1, se1, half), g.limits(s0, se0, half));
        let limits = [s1 - s0 - (s1 - l1).hypot(u0 - s0), s1 - s0 + (u1 - s1).hypot(s0 - l0)];
        assemble(s1 - s0, se1.hypot(se0), limits, z, normal_upper_tail(z))
    }
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

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let at = format!("s <- survival_at(d, {})", self.at);
        let (transform, slope) = match self.test {
            Transform::Plain => ("identity", "1 + 0 * p"),
            Transform::Log => ("log", "1 / p"),
            Transform::LogLog => ("function(p) -log(-log(p))", "-1 / (p * log(p))"),
            Transform::Arcsine => ("function(p) asin(sqrt(p))", "1 / (2 * sqrt(p * (1 - p)))"),
            Transform::Logit => ("qlogis", "1 / (p * (1 - p))"),
        };
        let transform = format!("g <- {transform}; slope <- function(p) {slope}");
        r::code(
            &["survival"],
            &[
                &at,
                &transform,
                "s1 <- s[[2]]$s; s0 <- s[[1]]$s; null <- s0 + null",
                "z <- better * (g(s1) - g(null)) / sqrt((slope(s1) * s[[2]]$se)^2 + (slope(null) * s[[1]]$se)^2)",
                "tested(z, s1 - s0, sqrt(s[[1]]$se^2 + s[[2]]$se^2))",
            ],
        )
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
        scratch.ascending(time, last);
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
        } else if variance > 0.0 && self.test != Transform::Plain {
            let arms = [treated, control].map(|arm| (arm.survival, arm.variance().sqrt()));
            self.transformed(arms, rule).counted(n, events)
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
