//! Logistic regression.

use crate::analysis::design::{ARM, design};
use crate::analysis::logistic_fit::maximise;
use crate::analysis::r;
use crate::analysis::root::{self, Root};
use crate::analysis::table::Table;
use crate::analysis::wald::wald;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::linalg::inverse_diagonal;
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `logistic`.
pub const FORM: Form = Form {
    name: "logistic",
    summary: "Odds ratio by logistic regression on arm and covariates, with its Wald test",
    keys: &[],
    example: "{}",
};

/// ln odds ratio of the arm in logit P(Y = 1) = β₀ + β₁·arm + γ·covariates, by maximum likelihood; standard error from the
/// inverse information at the maximum.
///
/// Without covariates ln(ad/bc) and √(1/a + 1/b + 1/c + 1/d). Where any coefficient, of the arm or of a covariate, runs to
/// infinity the data are separated and there is no estimate.
///
/// `Source`: Cox (1958), JRSS B 20:215; the figures of R's `glm`.
///
/// `Numerics`: Newton's method from the null model to steps below 1e-11 of the linear predictors, on centred and scaled columns.
#[derive(Clone, Copy, Debug)]
struct Logistic;

/// Builds the method; it has no keys.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Logistic))
}

impl Analysis for Logistic {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn target(&self) -> Target {
        Target::LogOdds
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn root(&self, data: &Dataset<'_>, weights: [f64; 2]) -> Result<Box<dyn Root>, Status> {
        root::logistic(data, weights)
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let fit = format!("fit <- glm({}, family = binomial, data = d, control = tight_glm)", call.formula("y"));
        r::code(&[], &[&fit, "wald(coef(fit)[\"arm\"], sqrt(vcov(fit)[\"arm\", \"arm\"]), null, better)"])
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        let table = Table::count(data.arm, y);
        let events = (table.events[0] + table.events[1]) as usize;
        let fit = if data.covariates.count == 0 {
            two_by_two(&table)
        } else {
            check(&table).and_then(|()| adjusted(data, y, scratch))
        };
        match fit {
            Ok((estimate, se)) => wald(estimate, se, rule, rows, events),
            Err(status) => Estimate::failed(status, rows).counted(rows, events),
        }
    }
}

/// What makes an estimate impossible whatever the covariates.
fn check(table: &Table) -> Result<(), Status> {
    let [n0, n1] = table.n;
    let [e0, e1] = table.events;
    if n0 == 0 || n1 == 0 {
        Err(Status::EmptyArm)
    } else if e0 + e1 == 0 || e0 + e1 == n0 + n1 {
        Err(Status::NoVariation)
    } else if e0 == 0 || e1 == 0 || e0 == n0 || e1 == n1 {
        Err(Status::Separation)
    } else {
        Ok(())
    }
}

/// ln odds ratio and its standard error from the four cells.
fn two_by_two(table: &Table) -> Result<(f64, f64), Status> {
    check(table)?;
    let [n0, n1] = table.n.map(f64::from);
    let [e0, e1] = table.events.map(f64::from);
    let (f0, f1) = (n0 - e0, n1 - e1);
    let variance = 1.0 / e0 + 1.0 / e1 + 1.0 / f0 + 1.0 / f1;
    Ok(((e1 * f0 / (f1 * e0)).ln(), variance.sqrt()))
}

/// Coefficient of the arm and its standard error.
fn adjusted(data: &Dataset<'_>, y: &[u8], scratch: &mut Scratch) -> Result<(f64, f64), Status> {
    let Scratch { real: [columns, vectors, ..], matrix: [small, ..], indicators, .. } = scratch;
    design(data, columns)?;
    let fit = maximise(columns, y, &[], vectors, small, indicators)?;
    let variance = inverse_diagonal(fit.factor, ARM + 1, fit.work);
    Ok((fit.coefficients[ARM + 1], variance.sqrt()))
}
