//! Difference of two proportions under propensity weights.

use crate::analysis::propensity::settings;
use crate::analysis::propensity::weighted::{Effect, Weighted};
use crate::analysis::r;
use crate::analysis::{Analysis, Dataset, Response, ResponseKind, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Values};
use settings::{CALIPER, STABILISED, STRATA, Settings, TRIM, TRUNCATE, VARIANCE, WEIGHTS};

/// Keys of `weighted-difference`.
pub const FORM: Form = Form {
    name: "weighted-difference",
    summary: "Difference of two proportions under propensity weights, experimental − control",
    keys: &[WEIGHTS, VARIANCE, STABILISED, TRIM, TRUNCATE, STRATA, CALIPER],
    example: "{ weights = \"ate\", variance = \"stacked\" }",
};

/// p₁ − p₀ with pₐ = Σ w y / Σ w over arm a, weights from a propensity score on the covariates; influences
/// ±w (y − pₐ)/Σ w.
///
/// The robust standard error is that of a weighted linear model with the sandwich HC0 (`survey::svyglm` times
/// √((n − 1)/n)). See [`crate::analysis::propensity`] for weights and variances.
///
/// Source: Lunceford, Davidian, Statistics in Medicine 23 (2004) 2937, eq. 5 (weights that sum to one in each arm).
#[derive(Clone, Copy, Debug)]
struct WeightedDifference;

/// Builds the method from its keys.
///
/// # Errors
/// As [`Settings::read`].
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Weighted { effect: WeightedDifference, settings: Settings::read(values)? }))
}

impl Effect for WeightedDifference {
    const TAKES: &'static [ResponseKind] = &[ResponseKind::Binary];
    const SCALE: Scale = Scale::Difference;
    const HAZARD: bool = false;

    fn r(&self, _: &r::Call<'_>) -> r::Code {
        r::Code {
            packages: &[],
            body: [
                "p <- c(weighted.mean(d$y[d$arm == 0], w[d$arm == 0]), weighted.mean(d$y[d$arm == 1], w[d$arm == 1]))",
                "theta <- p[2] - p[1]",
                "psi <- ifelse(d$arm == 1, w * (d$y - p[2]) / sum(w[d$arm == 1]), -w * (d$y - p[1]) / sum(w[d$arm == 0]))",
            ]
            .join("\n"),
        }
    }

    fn target(&self) -> Target {
        Target::Mean
    }

    fn effect(
        &self,
        data: &Dataset<'_>,
        weight: &[f64],
        _: &mut Scratch,
        influence: &mut [f64],
    ) -> Result<f64, Status> {
        let Response::Binary(y) = data.response else { return Err(Status::NoVariation) };
        Ok(difference(data.arm, y, weight, influence))
    }
}

/// p₁ − p₀, and its influences.
fn difference(arm: &[u8], y: &[u8], weight: &[f64], influence: &mut [f64]) -> f64 {
    let (mut total, mut responding) = ([0.0; 2], [0.0; 2]);
    for (w, (y, a)) in weight.iter().zip(y.iter().zip(arm)) {
        let a = usize::from(*a != 0);
        total[a] += w;
        responding[a] += if *y != 0 { *w } else { 0.0 };
    }
    let share = [0, 1].map(|a| responding[a] / total[a]);
    let signed = [-1.0 / total[0], 1.0 / total[1]];
    for (psi, (w, (y, a))) in influence.iter_mut().zip(weight.iter().zip(y.iter().zip(arm))) {
        let a = usize::from(*a != 0);
        *psi = w * signed[a] * (f64::from(*y) - share[a]);
    }
    share[1] - share[0]
}
