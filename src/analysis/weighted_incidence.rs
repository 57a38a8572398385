//! Difference of two weighted cumulative incidences at a time.

use crate::analysis::propensity::incidence::{Course, incidence};
use crate::analysis::propensity::settings;
use crate::analysis::propensity::weighted::{Effect, Weighted};
use crate::analysis::r;
use crate::analysis::{Analysis, Dataset, Response, ResponseKind, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Values};
use settings::{AT, CALIPER, STABILISED, STRATA, Settings, TRIM, TRUNCATE, VARIANCE, WEIGHTS, read_at};

/// Keys of `weighted-incidence`.
pub const FORM: Form = Form {
    name: "weighted-incidence",
    summary: "Difference of the arms' cumulative incidences (Aalen–Johansen) at a time under propensity weights",
    keys: &[AT, WEIGHTS, VARIANCE, STABILISED, TRIM, TRUNCATE, STRATA, CALIPER],
    example: "{ at = 24, weights = \"ate\" }",
};

/// F₁ − F₀ at a time, Aalen–Johansen estimates of the incidence of the event before competing ones, with weighted events
/// and numbers at risk; influences w ∂F/∂w, those of a multi-state `survfit`.
///
/// A lower incidence is better where later is better. The figures of an arm beyond its follow-up are
/// [`Status::TooFew`]. See [`crate::analysis::propensity`] for weights and variances.
///
/// Source: Aalen, Johansen, Scandinavian Journal of Statistics 5 (1978) 141.
#[derive(Clone, Copy, Debug)]
struct WeightedIncidence {
    /// Months from entry.
    at: f64,
}

/// Builds the method from its keys.
///
/// # Errors
/// As [`Settings::read`]; `at` is missing, not finite, or not above 0.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Weighted { effect: WeightedIncidence { at: read_at(values)? }, settings: Settings::read(values)? }))
}

impl Effect for WeightedIncidence {
    const TAKES: &'static [ResponseKind] = &[ResponseKind::Time];
    const SCALE: Scale = Scale::Difference;
    const HAZARD: bool = true;

    fn r(&self, call: &r::Call<'_>) -> r::Code {
        r::Code {
            packages: &["survival"],
            body: [
                call.status(),
                &format!("at <- {}; psi <- 0 * w; theta <- 0", self.at),
                "for (a in 0:1) {",
                "  k <- which(d$arm == a); x <- d[k, ]; x$w <- w[k]; x$id <- seq_along(k)",
                "  s <- survfit(Surv(time, factor(status, 0:2)) ~ 1, data = x, weights = w, id = id, influence = TRUE, timefix = FALSE)",
                "  last <- sum(s$time <= at)",
                "  # influences before the first time stand first",
                "  if (last > 0) psi[k] <- (2 * a - 1) * x$w * s$influence.pstate[, last + 1, 2]",
                "  theta <- theta + (2 * a - 1) * c(0, s$pstate[, 2])[last + 1]",
                "}",
            ]
            .join("\n"),
        }
    }

    fn target(&self) -> Target {
        Target::Incidence(self.at)
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
        let Response::Time { time, event, competing } = data.response else { return Err(Status::NoVariation) };
        let course = Course { time, event, competing };
        let [control, experimental] = incidence(course, data.arm, weight, self.at, scratch, influence)?;
        Ok(experimental - control)
    }
}
