//! Difference of two weighted Kaplan–Meier curves at a time.

use crate::analysis::propensity::incidence::{Course, incidence};
use crate::analysis::propensity::settings;
use crate::analysis::propensity::weighted::{Effect, Weighted};
use crate::analysis::r;
use crate::analysis::{Analysis, Dataset, Response, ResponseKind, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Values};
use settings::{AT, CALIPER, STABILISED, STRATA, Settings, TRIM, TRUNCATE, VARIANCE, WEIGHTS, read_at};

/// Keys of `weighted-kaplan-meier`.
pub const FORM: Form = Form {
    name: "weighted-kaplan-meier",
    summary: "Difference of the arms' Kaplan–Meier estimates at a time under propensity weights; competing events censor",
    keys: &[AT, WEIGHTS, VARIANCE, STABILISED, TRIM, TRUNCATE, STRATA, CALIPER],
    example: "{ at = 24, weights = \"ate\" }",
};

/// S₁ − S₀ at a time, Kaplan–Meier estimates with weighted events and numbers at risk; influences w ∂S/∂w, those of
/// `survfit(robust = TRUE)`.
///
/// Competing events count as censored: the curve is that of a world without them. The figures of an arm beyond its
/// follow-up are [`Status::TooFew`], as with `kaplan-meier`. See [`crate::analysis::propensity`] for weights and variances.
///
/// Source: Xie, Liu, Statistics in Medicine 24 (2005) 3089.
#[derive(Clone, Copy, Debug)]
struct WeightedKaplanMeier {
    /// Months from entry.
    at: f64,
}

/// Builds the method from its keys.
///
/// # Errors
/// As [`Settings::read`]; `at` is missing, not finite, or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Weighted { effect: WeightedKaplanMeier { at: read_at(values)? }, settings: Settings::read(values)? }))
}

impl Effect for WeightedKaplanMeier {
    const TAKES: &'static [ResponseKind] = &[ResponseKind::Time];
    const SCALE: Scale = Scale::Difference;
    const HAZARD: bool = false;

    fn r(&self, _: &r::Call<'_>) -> r::Code {
        r::Code {
            packages: &["survival"],
            body: [
                &format!("at <- {}; psi <- 0 * w; theta <- 0", self.at),
                "for (a in 0:1) {",
                "  k <- which(d$arm == a); x <- d[k, ]; x$w <- w[k]",
                "  s <- survfit(Surv(time, event) ~ 1, data = x, weights = w, influence = TRUE, timefix = FALSE)",
                "  last <- sum(s$time <= at)",
                "  if (last > 0) psi[k] <- (2 * a - 1) * s$influence.surv[, last]",
                "  theta <- theta + (2 * a - 1) * c(1, s$surv)[last + 1]",
                "}",
            ]
            .join("\n"),
        }
    }

    fn target(&self) -> Target {
        Target::Survival(self.at)
    }

    fn until(&self) -> f64 {
        self.at
    }

    fn effect(
        &self,
        data: &Dataset<'_>,
        weight: &[f64],
        scratch: &mut Scratch,
        influence: &mut [f64],
    ) -> Result<f64, Status> {
        let Response::Time { time, event, .. } = data.response else { return Err(Status::NoVariation) };
        let course = Course { time, event, competing: &[] };
        let [control, experimental] = incidence(course, data.arm, weight, self.at, scratch, influence)?;
        for psi in influence {
            *psi = -*psi;
        }
        Ok(control - experimental)
    }
}
