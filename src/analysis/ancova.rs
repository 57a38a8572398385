//! Analysis of covariance.

use crate::analysis::design::{ARM, COLLINEAR, design};
use crate::analysis::r;
use crate::analysis::wald::student;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::linalg::{at, cholesky, dot, inverse_diagonal, packed_len, solve, sum};
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `ancova`.
pub const FORM: Form = Form {
    name: "ancova",
    summary: "Difference of means adjusted for covariates: the linear model of a score on arm and covariates",
    keys: &[],
    example: "{}",
};

/// Coefficient of the arm in the least-squares fit of y on intercept, arm and covariates; its standard error from the
/// residual variance on n − k degrees of freedom, k coefficients; z is the t statistic.
///
/// `Source`: Fisher (1932), Statistical Methods for Research Workers, section 49.1; the figures of R's `lm`.
///
/// `Numerics`: normal equations of centred and scaled columns by Cholesky; residuals from the fit, not by subtraction.
#[derive(Clone, Copy, Debug)]
struct Ancova;

/// Builds the method; it has no keys.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Ancova))
}

impl Analysis for Ancova {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Score]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn target(&self) -> Target {
        Target::Mean
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Always
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let fit = format!("fit <- lm({}, data = d)", call.formula("y"));
        r::code(
            &[],
            &[&fit, "wald(coef(fit)[\"arm\"], sqrt(vcov(fit)[\"arm\", \"arm\"]), null, better, fit$df.residual)"],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let Response::Score(y) = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let treated = data.arm.iter().filter(|a| **a != 0).count();
        if treated == 0 || treated == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let k = 1 + data.covariates.count;
        if n < k + 2 {
            return Estimate::failed(Status::TooFew, n);
        }
        let [columns, residual, coefficients, work, ..] = &mut scratch.real;
        let [cross, ..] = &mut scratch.matrix;
        if let Err(status) = design(data, columns) {
            return Estimate::failed(status, n);
        }
        // every column is centred, so that the intercept drops out
        let mean = sum(y) / n as f64;
        residual.clear();
        residual.extend(y.iter().map(|y| y - mean));
        cross.clear();
        cross.resize(packed_len(k), 0.0);
        coefficients.clear();
        for (i, x) in columns.chunks_exact(n).enumerate() {
            coefficients.push(dot(x, residual));
            for (j, other) in columns.chunks_exact(n).take(i + 1).enumerate() {
                cross[at(i, j)] = dot(x, other);
            }
        }
        let total = dot(residual, residual);
        if !total.is_finite() {
            return Estimate::failed(Status::Singular, n);
        }
        if !cholesky(cross, k, COLLINEAR) {
            return Estimate::failed(Status::Singular, n);
        }
        solve(cross, coefficients);
        for (x, b) in columns.chunks_exact(n).zip(&*coefficients) {
            for (r, x) in residual.iter_mut().zip(x) {
                *r -= b * x;
            }
        }
        let df = (n - k - 1) as f64;
        let variance = dot(residual, residual) / df;
        work.clear();
        work.resize(k, 0.0);
        let se = (variance * inverse_diagonal(cross, ARM, work)).sqrt();
        // a constant score or a perfect fit leaves rounding errors, not zero
        let rounding = 10.0 * f64::EPSILON * (mean.abs() + (total / n as f64).sqrt());
        if se <= rounding {
            return Estimate::failed(Status::NoVariation, n);
        }
        student(coefficients[ARM], se, df, rule, scratch).counted(n, 0)
    }
}
