//! Poisson regression of a proportion with a robust variance.

use crate::analysis::design::{
    ARM, COLLINEAR, MOST_STEPS, carve, combine, converged, design, largest_move, overshot, runs_to_infinity,
};
use crate::analysis::r;
use crate::analysis::table::Table;
use crate::analysis::wald::wald;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::linalg::{at, cholesky, dot, packed_len, solve, sum};
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `modified-poisson`.
pub const FORM: Form = Form {
    name: "modified-poisson",
    summary: "Risk ratio by Poisson regression on arm and covariates with a robust variance",
    keys: &[],
    example: "{}",
};

/// Standard error that rounding alone may leave where the fit is perfect; no trial is large enough to have one as small.
const ROUNDING: f64 = 1e-8;

/// ln risk ratio of the arm in ln P(Y = 1) = β₀ + β₁·arm + γ·covariates, from the Poisson score equations Σ x (y − e^η) = 0; standard
/// error from the sandwich J⁻¹ (Σ x xᵀ (y − e^η)²) J⁻¹, J = Σ x xᵀ e^η (HC0: no correction for small samples).
///
/// Without covariates ln(p₁/p₀) and √((1 − p₁)/e₁ + (1 − p₀)/e₀), e events. An arm without events: [`Status::Separation`]; every
/// patient fitted without remainder: [`Status::NoVariation`].
///
/// Source: Zou (2004), American Journal of Epidemiology 159:702.
///
/// `Numerics`: Newton's method from the null model to steps below 1e-11 of the linear predictors, on centred and scaled columns.
#[derive(Clone, Copy, Debug)]
struct ModifiedPoisson;

/// Builds the method; it has no keys.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(ModifiedPoisson))
}

impl Analysis for ModifiedPoisson {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn target(&self) -> Target {
        Target::LogRisk
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let fit = format!("fit <- glm({}, family = poisson, data = d, control = tight_glm)", call.formula("y"));
        r::code(
            &[],
            &[
                &fit,
                "x <- model.matrix(fit); bread <- solve(crossprod(x, x * fitted(fit)))",
                "variance <- bread %*% crossprod(x * (d$y - fitted(fit))) %*% bread",
                "wald(coef(fit)[\"arm\"], sqrt(variance[2, 2]), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        let Table { n, events } = Table::count(data.arm, y);
        let total = (events[0] + events[1]) as usize;
        let fit = match (n, events) {
            ([0, _] | [_, 0], _) => Err(Status::EmptyArm),
            _ if total == 0 || total == rows => Err(Status::NoVariation),
            (_, [0, _] | [_, 0]) => Err(Status::Separation),
            _ if data.covariates.count == 0 => {
                let [p0, p1] = [0, 1].map(|a| f64::from(events[a]) / f64::from(n[a]));
                let variance = (1.0 - p1) / f64::from(events[1]) + (1.0 - p0) / f64::from(events[0]);
                Ok(((p1 / p0).ln(), variance.sqrt()))
            }
            _ => adjusted(data, y, scratch),
        };
        match fit {
            Ok((estimate, se)) => wald(estimate, se, rule, rows, total),
            Err(status) => Estimate::failed(status, rows).counted(rows, total),
        }
    }
}

/// Coefficient of the arm and its robust standard error.
fn adjusted(data: &Dataset<'_>, y: &[u8], scratch: &mut Scratch) -> Result<(f64, f64), Status> {
    let [columns, vectors, ..] = &mut scratch.real;
    let [small, ..] = &mut scratch.matrix;
    design(data, columns)?;
    let n = y.len();
    let k = 1 + columns.len() / n;
    let [predictor, movement, mean, residual] = carve(vectors, [n; 4]);
    let [coefficients, step, gradient, information] = carve(small, [k, k, k, packed_len(k)]);
    let column = |j: usize| &columns[j * n..(j + 1) * n];
    let share = y.iter().map(|y| f64::from(*y)).sum::<f64>() / n as f64;
    coefficients[0] = share.ln();
    predictor.fill(share.ln());
    let mut decrement = f64::INFINITY;
    for iteration in 0..MOST_STEPS {
        for (((m, r), eta), y) in mean.iter_mut().zip(&mut *residual).zip(&*predictor).zip(y) {
            *m = eta.min(700.0).exp();
            *r = f64::from(*y) - *m;
        }
        if iteration > 0 && overshot(dot(residual, movement), decrement) {
            decrement *= 0.5;
            for (c, s) in coefficients.iter_mut().zip(&mut *step) {
                *s *= 0.5;
                *c -= *s;
            }
            for (p, m) in predictor.iter_mut().zip(&mut *movement) {
                *m *= 0.5;
                *p -= *m;
            }
            continue;
        }
        gradient[0] = sum(residual);
        information[0] = sum(mean);
        for j in 1..k {
            let x = column(j - 1);
            gradient[j] = dot(x, residual);
            for (o, (x, m)) in movement.iter_mut().zip(x.iter().zip(&*mean)) {
                *o = x * m;
            }
            information[at(j, 0)] = sum(movement);
            for l in 1..=j {
                information[at(j, l)] = dot(movement, column(l - 1));
            }
        }
        // with the null model's constant weights only the columns themselves can be dependent
        let (tolerance, failure) =
            if iteration == 0 { (COLLINEAR, Status::Singular) } else { (1e-14, Status::Separation) };
        if !cholesky(information, k, tolerance) {
            return Err(failure);
        }
        step.copy_from_slice(gradient);
        solve(information, step);
        decrement = dot(step, gradient);
        combine(columns, &step[1..], step[0], movement);
        let largest = largest_move(movement, predictor);
        for (c, s) in coefficients.iter_mut().zip(&*step) {
            *c += s;
        }
        for (p, m) in predictor.iter_mut().zip(&*movement) {
            *p += m;
        }
        if converged(decrement, largest) {
            // the arm's row of the inverse, along each patient
            gradient.fill(0.0);
            gradient[ARM + 1] = 1.0;
            solve(information, gradient);
            combine(columns, &gradient[1..], gradient[0], movement);
            let meat: f64 = movement.iter().zip(&*residual).map(|(d, r)| d * r * d * r).sum();
            let se = meat.sqrt();
            return if se > ROUNDING { Ok((coefficients[ARM + 1], se)) } else { Err(Status::NoVariation) };
        }
        if runs_to_infinity(decrement, largest) {
            return Err(Status::Separation);
        }
    }
    Err(Status::NotConverged)
}
