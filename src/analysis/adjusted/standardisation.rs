//! Standardisation (g-computation) of proportions.

use super::{Covariance, mean, randomised, sizes};
use crate::analysis::design::{ARM, carve, design};
use crate::analysis::logistic_fit::maximise;
use crate::analysis::r;
use crate::analysis::wald::wald;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::linalg::{dot, solve};
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `standardisation`.
pub const FORM: Form = Form {
    name: "standardisation",
    summary: "Marginal effect on a proportion from a logistic model with covariates, averaged over the trial's patients (g-computation)",
    keys: &[
        Key {
            name: "effect",
            kind: Kind::Word(&["risk-difference", "risk-ratio", "odds-ratio"]),
            required: false,
            doc: "Contrast of the two averaged risks; default `risk-difference`.",
        },
        Key {
            name: "heterogeneous",
            kind: Kind::Flag,
            required: false,
            doc: "Whether each arm has a model of its own, as with all interactions of arm and covariates; default false.",
        },
        Key {
            name: "variance",
            kind: Kind::Word(&["influence", "ye", "ge", "ge-model"]),
            required: false,
            doc: "From the influences of model and covariates; as Ye et al. 2023; by the delta method from the model's robust (`ge`) or own (`ge-model`) covariance, covariates held fixed; default `influence`.",
        },
    ],
    example: "{ effect = \"risk-difference\" }",
};

/// μ₁ − μ₀, ln(μ₁/μ₀) or the difference of logits, with μₐ = n⁻¹ Σ mₐ(Xᵢ) over all patients, mₐ(X) the probability of a logistic model
/// on arm and covariates (one model, or one an arm) were the patient in arm a.
///
/// Variance of the μₐ, then the delta method:
/// - `influence`: Σ ψₐψᵦ with ψₐ = (mₐ(X) − μₐ)/n + gₐᵀJ⁻¹x(y − m), gₐ = ∂μₐ/∂β, J the information: the sandwich of μ and β together.
/// - `ye`: by the covariances of response and predictions within arms, as type 1 of RobinCar.
/// - `ge`: gₐᵀVgᵦ, V the HC0 sandwich of the coefficients; `ge-model`: V = J⁻¹.
///
/// The last two hold the covariates fixed. Where a coefficient runs to infinity there is no estimate: [`Status::Separation`].
///
/// Source: Freedman (2008), Statistical Science 23:237; Ge, Durham, Meyer, Xie, Thomas (2011), Drug Information Journal 45:481; Ye,
/// Bannick, Yi, Shao (2023), Statistical Theory and Related Fields 7:159; FDA (2023), Adjusting for Covariates in Randomized Clinical Trials.
#[derive(Clone, Copy, Debug)]
struct Standardisation {
    effect: Effect,
    heterogeneous: bool,
    variance: Variance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Difference,
    Ratio,
    Odds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variance {
    Influence,
    Ye,
    Ge,
    GeModel,
}

/// Builds the method from its keys.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let effect = match values.text("effect") {
        Some("risk-ratio") => Effect::Ratio,
        Some("odds-ratio") => Effect::Odds,
        _ => Effect::Difference,
    };
    let variance = match values.text("variance") {
        Some("ye") => Variance::Ye,
        Some("ge") => Variance::Ge,
        Some("ge-model") => Variance::GeModel,
        _ => Variance::Influence,
    };
    let heterogeneous = values.flag("heterogeneous").unwrap_or(false);
    Ok(Box::new(Standardisation { effect, heterogeneous, variance }))
}

impl Analysis for Standardisation {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        match self.effect {
            Effect::Difference => Scale::Difference,
            Effect::Ratio | Effect::Odds => Scale::LogRatio,
        }
    }

    fn target(&self) -> Target {
        match self.effect {
            Effect::Difference => Target::Mean,
            Effect::Ratio => Target::LogRisk,
            Effect::Odds => Target::LogOdds,
        }
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Always
    }

    fn parts(&self) -> &'static [&'static str] {
        &["risk-experimental", "risk-control"]
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let by = if self.heterogeneous { "*" } else { "+" };
        let fit =
            format!("fit <- glm(y ~ arm {by} (1{}), family = binomial, data = d, control = tight_glm)", call.also());
        let variance = match self.variance {
            Variance::Influence => "v <- crossprod(sweep(m, 2, mu) / nrow(d) + part)",
            Variance::Ye => "v <- randomised_covariance(d, m)",
            Variance::Ge => "v <- crossprod(part)",
            Variance::GeModel => "v <- t(g) %*% vcov(fit) %*% g",
        };
        let effect = match self.effect {
            Effect::Difference => "theta <- mu; slope <- c(-1, 1)",
            Effect::Ratio => "theta <- log(mu); slope <- c(-1, 1) / mu",
            Effect::Odds => "theta <- qlogis(mu); slope <- c(-1, 1) / (mu * (1 - mu))",
        };
        r::code(
            &[],
            &[
                &fit,
                "in_arm <- function(a) model.matrix(delete.response(terms(fit)), transform(d, arm = a))",
                "m <- cbind(plogis(in_arm(0) %*% coef(fit)), plogis(in_arm(1) %*% coef(fit))); mu <- colMeans(m)",
                "g <- cbind(colMeans(in_arm(0) * m[, 1] * (1 - m[, 1])), colMeans(in_arm(1) * m[, 2] * (1 - m[, 2])))",
                "part <- (model.matrix(fit) * (d$y - fitted(fit))) %*% vcov(fit) %*% g",
                variance,
                effect,
                "wald(theta[2] - theta[1], sqrt(drop(slope %*% v %*% slope)), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let events = y.iter().filter(|y| **y != 0).count();
        let failed = |status| Estimate::failed(status, n).counted(n, events);
        match sizes(data.arm) {
            [0, _] | [_, 0] => return failed(Status::EmptyArm),
            [1, _] | [_, 1] => return failed(Status::TooFew),
            _ if events == 0 || events == n => return failed(Status::NoVariation),
            _ => {}
        }
        scratch.codes.clear();
        scratch.codes.extend(y.iter().map(|y| u8::from(*y != 0)));
        match self.averaged(data, scratch) {
            Ok((risk, covariance)) => {
                let [p0, p1] = risk;
                let (estimate, slope) = match self.effect {
                    Effect::Difference => (p1 - p0, [1.0; 2]),
                    Effect::Ratio => ((p1 / p0).ln(), risk.map(|p| 1.0 / p)),
                    Effect::Odds => ((p1 * (1.0 - p0) / (p0 * (1.0 - p1))).ln(), risk.map(|p| 1.0 / (p * (1.0 - p)))),
                };
                let mut answer = wald(estimate, covariance.of_difference(slope).sqrt(), rule, n, events);
                if answer.status == Status::Estimated {
                    answer.parts[..2].copy_from_slice(&[p1, p0]);
                }
                answer
            }
            Err(status) => failed(status),
        }
    }
}

impl Standardisation {
    /// Averaged risks of the control and of the experimental arm, and their covariance; responses are in `scratch.codes`.
    fn averaged(&self, data: &Dataset<'_>, scratch: &mut Scratch) -> Result<([f64; 2], Covariance), Status> {
        let n = data.arm.len();
        let Scratch { codes, real: [columns, vectors, table, chosen, ..], matrix: [small, ..], indicators, .. } =
            scratch;
        design(data, columns)?;
        codes.resize(2 * n, 0);
        let (y, arm_y) = codes.split_at_mut(n);
        // predictions and influences of either arm
        let [m0, m1, psi0, psi1, along] = carve(table, [n; 5]);
        let mut predicted = [m0, m1];
        let influence = [psi0, psi1];
        let mut own = [0.0; 2];
        let mut cross = 0.0;
        if self.heterogeneous {
            let covariates = &columns[n..];
            for a in 0..2_u8 {
                let i = usize::from(a);
                let rows = || (0..n).filter(|&row| data.arm[row] == a);
                chosen.clear();
                for x in covariates.chunks_exact(n) {
                    chosen.extend(rows().map(|row| x[row]));
                }
                let mut size = 0;
                for row in rows() {
                    arm_y[size] = y[row];
                    size += 1;
                }
                // an arm's constant response sends its intercept to infinity
                let fit = maximise(chosen, &arm_y[..size], &[], vectors, small, indicators).map_err(separated)?;
                let m = &mut *predicted[i];
                combine(covariates, fit.coefficients, m);
                gradient(covariates, m, fit.work);
                chosen.clear();
                chosen.extend_from_slice(fit.work);
                solve(fit.factor, fit.work);
                own[i] = dot(fit.work, chosen);
                combine_linear(covariates, fit.work, along);
                for row in rows() {
                    influence[i][row] = along[row] * (f64::from(y[row]) - m[row]);
                }
            }
        } else {
            let fit = maximise(columns, y, &[], vectors, small, indicators)?;
            let effect = fit.coefficients[ARM + 1];
            for (a, m) in predicted.iter_mut().enumerate() {
                for ((m, eta), b) in m.iter_mut().zip(fit.predictor).zip(data.arm) {
                    let moved = eta + effect * (a as f64 - f64::from(*b));
                    *m = 1.0 / (1.0 + (-moved).min(700.0).exp());
                }
            }
            let treated = sizes(data.arm)[1] as f64 / n as f64;
            let k = fit.work.len();
            chosen.clear();
            chosen.resize(2 * k, 0.0);
            let (g0, g1) = chosen.split_at_mut(k);
            for (a, g) in [&mut *g0, &mut *g1].into_iter().enumerate() {
                gradient(columns, predicted[a], g);
                // the arm's column is what it would be for every patient
                g[ARM + 1] = g[0] * (a as f64 - treated);
            }
            if self.variance == Variance::GeModel {
                for (a, g) in [&*g0, &*g1].into_iter().enumerate() {
                    fit.work.copy_from_slice(g);
                    solve(fit.factor, fit.work);
                    own[a] = dot(fit.work, g);
                    if a == 1 {
                        cross = dot(fit.work, g0);
                    }
                }
            }
            for (a, g) in [g0, g1].into_iter().enumerate() {
                solve(fit.factor, g);
                combine_linear(columns, g, along);
                for row in 0..n {
                    let fitted = predicted[usize::from(data.arm[row])][row];
                    influence[a][row] = along[row] * (f64::from(y[row]) - fitted);
                }
            }
        }
        let risk = [mean(predicted[0]), mean(predicted[1])];
        if self.variance == Variance::Influence {
            for a in 0..2 {
                for (psi, m) in influence[a].iter_mut().zip(&*predicted[a]) {
                    *psi += (m - risk[a]) / n as f64;
                }
            }
        }
        let covariance = match self.variance {
            Variance::Influence | Variance::Ge => Covariance {
                own: [dot(influence[0], influence[0]), dot(influence[1], influence[1])],
                cross: dot(influence[0], influence[1]),
            },
            Variance::GeModel => Covariance { own, cross },
            Variance::Ye => randomised(data.arm, |row| f64::from(y[row]), [&*predicted[0], &*predicted[1]]),
        };
        Ok((risk, covariance))
    }
}

fn separated(status: Status) -> Status {
    if status == Status::NoVariation { Status::Separation } else { status }
}

/// Probabilities of a logistic model: intercept, then a coefficient a column.
fn combine(columns: &[f64], coefficients: &[f64], out: &mut [f64]) {
    combine_linear(columns, coefficients, out);
    for o in out {
        *o = 1.0 / (1.0 + (-*o).min(700.0).exp());
    }
}

fn combine_linear(columns: &[f64], coefficients: &[f64], out: &mut [f64]) {
    crate::analysis::design::combine(columns, &coefficients[1..], coefficients[0], out);
}

/// Mean of m(1 − m)(1, x).
fn gradient(columns: &[f64], m: &[f64], out: &mut [f64]) {
    let n = m.len();
    let slope = |row: usize| m[row] * (1.0 - m[row]) / n as f64;
    out[0] = (0..n).map(slope).sum();
    for (o, x) in out[1..].iter_mut().zip(columns.chunks_exact(n)) {
        *o = x.iter().enumerate().map(|(row, x)| slope(row) * x).sum();
    }
}
