//! Logistic regression.

use crate::analysis::design::{
    ARM, COLLINEAR, MOST_STEPS, carve, combine, converged, design, largest_move, overshot, runs_to_infinity,
};
use crate::analysis::root::{self, Root};
use crate::analysis::table::Table;
use crate::analysis::wald::wald;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::linalg::{at, cholesky, dot, inverse_diagonal, packed_len, solve, sum};
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
            check(&table).and_then(|()| newton(data, y, scratch))
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
fn newton(data: &Dataset<'_>, y: &[u8], scratch: &mut Scratch) -> Result<(f64, f64), Status> {
    let n = y.len();
    let k = 2 + data.covariates.count;
    let [columns, vectors, ..] = &mut scratch.real;
    design(data, columns)?;
    let [predictor, movement, weight, residual, weighted] = carve(vectors, [n; 5]);
    let [small, ..] = &mut scratch.matrix;
    let [coefficients, step, gradient, work, information] = carve(small, [k, k, k, k, packed_len(k)]);

    let mean = y.iter().map(|y| u32::from(*y)).sum::<u32>() as f64 / n as f64;
    coefficients[0] = (mean / (1.0 - mean)).ln();
    weight.fill(mean * (1.0 - mean));
    for (r, y) in residual.iter_mut().zip(y) {
        *r = f64::from(*y) - mean;
    }
    predictor.fill(coefficients[0]);

    let mut decrement = f64::INFINITY;
    for iteration in 0..MOST_STEPS {
        if iteration > 0 {
            for (((p, w), r), y) in (predictor.iter().zip(&mut *weight)).zip(&mut *residual).zip(y) {
                // both tails to full precision; below the limit the odds are a number
                let odds_against = (-p).min(700.0).exp();
                let probability = 1.0 / (1.0 + odds_against);
                let complement = odds_against * probability;
                *w = probability * complement;
                let y = f64::from(*y);
                *r = y * complement - (1.0 - y) * probability;
            }
            if overshot(dot(residual, movement), decrement) {
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
        }
        gradient[0] = sum(residual);
        information[0] = sum(weight);
        for (j, x) in columns.chunks_exact(n).enumerate() {
            gradient[j + 1] = dot(x, residual);
            for ((o, w), x) in weighted.iter_mut().zip(&*weight).zip(x) {
                *o = w * x;
            }
            information[at(j + 1, 0)] = sum(weighted);
            for (l, other) in columns.chunks_exact(n).take(j + 1).enumerate() {
                information[at(j + 1, l + 1)] = dot(weighted, other);
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
        if converged(decrement, largest) {
            let variance = inverse_diagonal(information, ARM + 1, work);
            return Ok((coefficients[ARM + 1], variance.sqrt()));
        }
        if runs_to_infinity(decrement, largest) {
            return Err(Status::Separation);
        }
        for (p, m) in predictor.iter_mut().zip(&*movement) {
            *p += m;
        }
    }
    Err(Status::NotConverged)
}
