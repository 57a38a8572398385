//! Difference or ratio of two restricted mean survival times.

use super::kaplan_meier::month;
use super::time_order::{at_each_time, last_event};
use super::wald::wald;
use super::{Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::analysis::r;
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// `restricted-mean = { at = 24 }`
pub const FORM: Form = Form {
    name: "restricted-mean",
    summary: "Difference or ratio of the arms' restricted mean survival times: the areas under their Kaplan–Meier curves up to a time.",
    keys: &[
        Key {
            name: "at",
            kind: Kind::Number,
            required: true,
            doc: "Months from entry up to which the mean is taken; above 0.",
        },
        Key {
            name: "scale",
            kind: Kind::Word(&["difference", "ratio"]),
            required: false,
            doc: "How the means are compared; default `difference`.",
        },
    ],
    example: "{ at = 24 }",
};

/// Builds the method.
///
/// # Errors
/// `at` is missing, not finite, or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(RestrictedMean { at: month(values)?, ratio: values.text("scale") == Some("ratio") }))
}

/// Difference or ratio of the arms' mean event-free months up to a time τ.
///
/// μ = ∫ S(u) du over (0, τ) with S the Kaplan–Meier estimate; Var μ = Σ (∫ S over (t, τ))² d/(r(r − d)) over event times
/// t ≤ τ, those at which all at risk have the event adding nothing. Estimate μ₁ − μ₀ with the plain Wald interval; as a ratio
/// ln(μ₁/μ₀), its variance Σ Var μ/μ² over the arms.
///
/// Where nobody of an arm is followed to τ and its curve has not reached 0, the status is [`Status::TooFew`] and the parts hold the
/// area under the curve continued level; no event before τ in either arm is [`Status::NoVariation`].
///
/// Source: Royston and Parmar, BMC Medical Research Methodology 13 (2013) 152, appendix; the figures of R's survRM2 and survfit.
#[derive(Debug)]
pub struct RestrictedMean {
    /// Months from entry.
    pub at: f64,
    /// Whether the means' ratio is estimated.
    pub ratio: bool,
}

impl Analysis for RestrictedMean {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Time]
    }

    fn scale(&self) -> Scale {
        if self.ratio { Scale::LogRatio } else { Scale::Difference }
    }

    fn parts(&self) -> &'static [&'static str] {
        &["mean-experimental", "se-experimental", "mean-control", "se-control"]
    }

    fn target(&self) -> Target {
        if self.ratio { Target::Undefined } else { Target::RestrictedMean(self.at) }
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        let at = format!("at <- {}", self.at);
        r::code(
            &["survival"],
            &[
                &at,
                "mean_of <- function(a) {",
                "  s <- survfit(Surv(time, event) ~ 1, data = d[d$arm == a, ], timefix = FALSE)",
                "  k <- s$time < at; t <- c(0, s$time[k], at); area <- diff(t) * c(1, s$surv[k]); beyond <- rev(cumsum(rev(area)))[-1]",
                "  r <- s$n.risk[k]; e <- s$n.event[k]",
                "  c(sum(area), sum(ifelse(r > e, beyond^2 * e / (r * pmax(r - e, 1)), 0)))",
                "}",
                "m0 <- mean_of(0); m1 <- mean_of(1)",
                if self.ratio {
                    "wald(log(m1[1] / m0[1]), sqrt(m1[2] / m1[1]^2 + m0[2] / m0[1]^2), null, better)"
                } else {
                    "wald(m1[1] - m0[1], sqrt(m1[2] + m0[2]), null, better)"
                },
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
        scratch.sorted.rows(time, |_, t| t <= last, &mut scratch.order);
        let sizes = [n - experimental, experimental].map(|x| x as f64);
        let walk = |see: &mut dyn FnMut(usize, &Curve, f64)| {
            let mut curves = sizes.map(Curve::start);
            for group in at_each_time(&scratch.order, time) {
                let (now, mut died, mut left) = (time[group[0] as usize], [0.0; 2], [0.0; 2]);
                for &row in group {
                    let (row, a) = (row as usize, usize::from(data.arm[row as usize]));
                    died[a] += f64::from(event[row]);
                    left[a] += 1.0;
                }
                for (a, curve) in curves.iter_mut().enumerate() {
                    if died[a] > 0.0 {
                        curve.step(now, died[a]);
                        see(a, curve, died[a]);
                    }
                    curve.at_risk -= left[a];
                }
            }
            curves.map(|curve| curve.to(self.at))
        };
        let curves = walk(&mut |_, _, _| {});
        // the area ahead of each event needs the whole area: a second walk, since sums of powers would cancel
        let mut variances = [0.0; 2];
        walk(&mut |a, curve, died| {
            if curve.at_risk > died {
                let ahead = curves[a].area - curve.area;
                variances[a] += ahead * ahead * died / (curve.at_risk * (curve.at_risk - died));
            }
        });

        let mut followed = [0_usize; 2];
        for (&t, &a) in time.iter().zip(data.arm) {
            followed[usize::from(a)] += usize::from(t >= self.at);
        }
        let extrapolated = curves.iter().zip(followed).any(|(curve, followed)| followed == 0 && curve.survival > 0.0);
        let [control, treated] = &curves;
        let variance = variances[0] + variances[1];
        let events = (control.events + treated.events) as usize;
        let mut answer = if extrapolated {
            Estimate::failed(Status::TooFew, n)
        } else if variance > 0.0 && self.ratio {
            let variance = variances[1] / treated.area.powi(2) + variances[0] / control.area.powi(2);
            wald((treated.area / control.area).ln(), variance.sqrt(), rule, n, events)
        } else if variance > 0.0 {
            wald(treated.area - control.area, variance.sqrt(), rule, n, events)
        } else {
            Estimate::failed(Status::NoVariation, n)
        };
        answer.events = events as u32;
        answer.parts[..4].copy_from_slice(&[treated.area, variances[1].sqrt(), control.area, variances[0].sqrt()]);
        answer
    }
}

/// The curve of one arm up to and with the present time; those who leave now are still at risk.
struct Curve {
    at_risk: f64,
    events: f64,
    survival: f64,
    area: f64,
    now: f64,
}

impl Curve {
    fn start(patients: f64) -> Self {
        Self { at_risk: patients, events: 0.0, survival: 1.0, area: 0.0, now: 0.0 }
    }

    fn to(self, time: f64) -> Self {
        Self { area: self.area + self.survival * (time - self.now), now: time, ..self }
    }

    fn step(&mut self, time: f64, died: f64) {
        self.area += self.survival * (time - self.now);
        self.now = time;
        self.survival *= (self.at_risk - died) / self.at_risk;
        self.events += died;
    }
}
