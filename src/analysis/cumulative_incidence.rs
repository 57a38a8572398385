//! Difference of two cumulative incidences at a time, competing events at work.

use super::failures::{Leaving, last_failure};
use super::hazard::hazard_rule;
use super::kaplan_meier::month;
use super::time_order::at_each_time;
use super::wald::wald;
use super::{Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `cumulative-incidence = { at = 24 }`
pub const FORM: Form = Form {
    name: "cumulative-incidence",
    summary: "Difference of the arms' Aalen–Johansen cumulative incidences of the event at a time, competing events at work.",
    keys: &[Key {
        name: "at",
        kind: Kind::Number,
        required: true,
        doc: "Months from entry at which the incidences are compared; above 0.",
    }],
    example: "{ at = 24 }",
};

/// Builds the method.
///
/// # Errors
/// `at` is missing, not finite, or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(CumulativeIncidence { at: month(values)? }))
}

/// Difference of the arms' Aalen–Johansen estimates of having had the event by a time.
///
/// With r at risk, d₁ events and d failures of any kind at a time, S the Kaplan–Meier estimate of being free of all:
/// F(t) = Σ S(u−) d₁/r. The variance is that of the multinomial delta method, which is the infinitesimal jackknife of R's
/// survfit and, without competing events, Greenwood's:
/// Σ (F(t) − F(u))² d/(r(r − d)) + S(u−)² d₁(r − d₁)/r³ − 2 (F(t) − F(u)) S(u−) d₁/r².
/// Estimate F₁ − F₀ with the plain Wald interval; fewer events are better where later is better.
///
/// Where nobody of an arm is followed to `at` though some were still at risk, the status is [`Status::TooFew`] and the parts hold the
/// last value; no event in either arm up to `at` is [`Status::NoVariation`].
///
/// Source: Aalen and Johansen, Scandinavian Journal of Statistics 5 (1978) 141; Gaynor et al., Journal of the American
/// Statistical Association 88 (1993) 400 (the variance).
#[derive(Debug)]
pub struct CumulativeIncidence {
    /// Months from entry.
    pub at: f64,
}

impl Analysis for CumulativeIncidence {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn parts(&self) -> &'static [&'static str] {
        &["incidence-experimental", "se-experimental", "incidence-control", "se-control"]
    }

    fn target(&self) -> Target {
        Target::Incidence(self.at)
    }

    fn orientation(&self, better: Better) -> f64 {
        -better.sign()
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let at = format!(
            "  s <- summary(survfit(Surv(time, factor(status, 0:2)) ~ 1, data = d[d$arm == a, ], timefix = FALSE), times = {}, extend = TRUE)",
            self.at
        );
        r::code(
            &["survival"],
            &[
                call.status(),
                "incidence <- function(a) {",
                &at,
                "  c(s$pstate[1, 2], s$std.err[1, 2])",
                "}",
                "f0 <- incidence(0); f1 <- incidence(1)",
                "wald(f1[1] - f0[1], sqrt(f1[2]^2 + f0[2]^2), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let experimental: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if experimental == 0 || experimental == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let Response::Time { time, event, competing } = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let last = last_failure(time, event, competing, self.at);
        scratch.sorted.rows(time, |_, t| t <= last, &mut scratch.order);
        let sizes = [n - experimental, experimental].map(|x| x as f64);
        let walk = |see: &mut dyn FnMut(usize, &Arm, f64, f64)| {
            let mut arms = sizes.map(Arm::start);
            for group in at_each_time(&scratch.order, time) {
                let leaving = Leaving::count(group, event, competing, data.arm);
                for (a, arm) in arms.iter_mut().enumerate() {
                    let (d1, d) = (leaving.event[a], leaving.event[a] + leaving.competing[a]);
                    if d > 0.0 {
                        arm.step(d1, d);
                        see(a, arm, d1, d);
                    }
                    arm.at_risk -= leaving.all[a];
                }
            }
            arms
        };
        let arms = walk(&mut |_, _, _, _| {});
        // Var F(t) needs F(t) itself: a second walk, since sums of powers would cancel
        let mut variances = [0.0; 2];
        walk(&mut |a, arm, d1, d| {
            let (r, ahead) = (arm.at_risk, arms[a].incidence - arm.incidence);
            let spread = if r > d { ahead * ahead * d / (r * (r - d)) } else { 0.0 };
            let own = arm.free_before * arm.free_before * d1 * (r - d1) / (r * r * r);
            variances[a] += spread + own - 2.0 * ahead * arm.free_before * d1 / (r * r);
        });

        let mut followed = [0_usize; 2];
        for (&t, &a) in time.iter().zip(data.arm) {
            followed[usize::from(a)] += usize::from(t >= self.at);
        }
        let extrapolated = arms.iter().zip(followed).any(|(arm, followed)| followed == 0 && arm.free > 0.0);
        let [control, treated] = &arms;
        let variances = variances.map(|v: f64| v.max(0.0));
        let variance = variances[0] + variances[1];
        let events = (control.events + treated.events) as usize;
        let mut answer = if extrapolated {
            Estimate::failed(Status::TooFew, n)
        } else if variance > 0.0 {
            wald(treated.incidence - control.incidence, variance.sqrt(), &hazard_rule(rule), n, events)
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.events = events as u32;
        answer.parts[..4].copy_from_slice(&[
            treated.incidence,
            variances[1].sqrt(),
            control.incidence,
            variances[0].sqrt(),
        ]);
        answer
    }
}

/// An arm up to and with the present time; those who leave now are still at risk.
struct Arm {
    at_risk: f64,
    events: f64,
    free_before: f64,
    free: f64,
    incidence: f64,
}

impl Arm {
    fn start(patients: f64) -> Self {
        Self { at_risk: patients, events: 0.0, free_before: 1.0, free: 1.0, incidence: 0.0 }
    }

    fn step(&mut self, of_interest: f64, failures: f64) {
        self.free_before = self.free;
        self.incidence += self.free * of_interest / self.at_risk;
        self.free *= (self.at_risk - failures) / self.at_risk;
        self.events += of_interest;
    }
}
