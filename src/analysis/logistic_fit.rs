//! The maximum of a logistic likelihood: shared by odds ratios, propensity scores and outcome models.

use crate::analysis::Status;
use crate::analysis::design::{
    COLLINEAR, MOST_STEPS, carve, converged, halve, largest_move, overshot, runs_to_infinity, strayed,
};
use crate::analysis::indicators::Indicators;
use crate::math::elementary::exp;
use crate::math::linalg::{at, cholesky, dot, packed_len, solve, sum};
use crate::math::wide::wide;

/// What is known at the maximum.
pub(crate) struct Maximum<'a> {
    /// Intercept, then a coefficient a column.
    pub(crate) coefficients: &'a [f64],
    /// Cholesky factor of the information.
    pub(crate) factor: &'a [f64],
    /// Linear predictor of each row.
    pub(crate) predictor: &'a [f64],
    /// Room for one vector of coefficients.
    pub(crate) work: &'a mut [f64],
}

/// Maximises Σ k (y η − ln(1 + e^η)) over η = β₀ + columns · β; weights k are `prior`, or 1 where it is empty.
///
/// `Shapes`: columns of `y.len()` rows, one after the other, centred and scaled.
///
/// `Numerics`: Newton's method from the null model to steps below 1e-11 of the linear predictors.
///
/// # Errors
/// [`Status::NoVariation`] where y is constant, [`Status::Singular`] where columns depend on each other,
/// [`Status::Separation`] where a coefficient runs to infinity, [`Status::NotConverged`].
pub(crate) fn maximise<'a>(
    columns: &[f64],
    y: &[u8],
    prior: &[f64],
    vectors: &'a mut Vec<f64>,
    small: &'a mut Vec<f64>,
    indicators: &mut Indicators,
) -> Result<Maximum<'a>, Status> {
    let n = y.len();
    if n == 0 {
        return Err(Status::TooFew);
    }
    let k = 1 + columns.len() / n;
    indicators.find(columns, n);
    let [predictor, movement, weight, residual, weighted] = carve(vectors, [n; 5]);
    let [coefficients, step, gradient, work, information] = carve(small, [k, k, k, k, packed_len(k)]);

    let mean = if prior.is_empty() {
        y.iter().map(|y| u32::from(*y)).sum::<u32>() as f64 / n as f64
    } else {
        y.iter().zip(prior).map(|(y, k)| f64::from(*y) * k).sum::<f64>() / sum(prior)
    };
    if !(mean > 0.0 && mean < 1.0) {
        return Err(Status::NoVariation);
    }
    coefficients[0] = (mean / (1.0 - mean)).ln();
    weight.fill(mean * (1.0 - mean));
    for (r, y) in residual.iter_mut().zip(y) {
        *r = f64::from(*y) - mean;
    }
    by_prior(prior, weight, residual);
    predictor.fill(coefficients[0]);

    let mut decrement = f64::INFINITY;
    for iteration in 0..MOST_STEPS {
        if iteration > 0 {
            wide!(for (((p, w), r), y) in (predictor.iter().zip(&mut *weight)).zip(&mut *residual).zip(y) {
                // both tails to full precision; below the limit the odds are a number
                let odds_against = exp((-p).min(700.0));
                let probability = 1.0 / (1.0 + odds_against);
                let complement = odds_against * probability;
                *w = probability * complement;
                let y = f64::from(*y);
                *r = y * complement - (1.0 - y) * probability;
            });
            by_prior(prior, weight, residual);
        }
        let slope = dot(residual, movement);
        let mut back = overshot(slope, decrement);
        if !back {
            let total = sum(residual);
            gradient[0] = total;
            for (j, x) in columns.chunks_exact(n).enumerate() {
                gradient[j + 1] = indicators.dot(j, x, residual, total);
            }
            indicators.moments(columns, weight, weighted, |i, j, value| information[at(i, j)] = value);
            // with the null model's constant weights only the columns themselves can be dependent
            let (tolerance, failure) =
                if iteration == 0 { (COLLINEAR, Status::Singular) } else { (1e-14, Status::Separation) };
            let next = cholesky(information, k, tolerance).then(|| {
                work.copy_from_slice(gradient);
                solve(information, work);
                dot(work, gradient)
            });
            back = strayed(slope, decrement, next);
            if !back {
                decrement = next.ok_or(failure)?;
            }
        }
        if back {
            decrement *= 0.5;
            halve(coefficients, step);
            movement.iter_mut().for_each(|m| *m *= 0.5);
            // not by steps: a long one leaves nothing of the digits of a short one
            indicators.combine(columns, &coefficients[1..], coefficients[0], predictor);
            continue;
        }
        step.copy_from_slice(work);
        indicators.combine(columns, &step[1..], step[0], movement);
        let largest = largest_move(movement, predictor);
        for (c, s) in coefficients.iter_mut().zip(&*step) {
            *c += s;
        }
        wide!(for (p, m) in predictor.iter_mut().zip(&*movement) {
            *p += m;
        });
        if converged(decrement, largest) {
            return Ok(Maximum { coefficients, factor: information, predictor, work });
        }
        if runs_to_infinity(decrement, largest) {
            return Err(Status::Separation);
        }
    }
    Err(Status::NotConverged)
}

fn by_prior(prior: &[f64], weight: &mut [f64], residual: &mut [f64]) {
    for ((k, w), r) in prior.iter().zip(weight).zip(residual) {
        *w *= k;
        *r *= k;
    }
}
