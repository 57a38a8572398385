//! The arm with covariates.

use super::likelihood::{Likelihood, dot};
use super::{Fit, Status};
use crate::analysis::{Dataset, Scratch};

/// Most Newton steps, halved ones included.
const STEPS: usize = 100;
/// A pivot below this share of its diagonal at the start is a redundant column.
const REDUNDANT: f64 = 1e-11;
/// A pivot that has fallen to this share of what it was at the start belongs to a coefficient on its way to infinity.
const RUNAWAY: f64 = 1e-9;

/// Maximises the partial likelihood over arm and covariates; rows with times up to the last event are in
/// `scratch.order`.
pub(super) fn fit(
    data: &Dataset<'_>,
    time: &[f64],
    event: &[u8],
    last: f64,
    scratch: &mut Scratch,
) -> Result<Fit, Status> {
    let count = data.covariates.count + 1;
    let [columns, vectors, rows, terms, means, gone, ..] = &mut scratch.real;
    let [information, factor, pivots, observed] = &mut scratch.matrix;
    let (order, segments) = (&mut scratch.order, &mut scratch.counts);
    let at_risk = lay_out(time, event, last, order, segments, gone);
    standardise(data, order, columns)?;
    let n = order.len();
    observed.clear();
    observed.extend(columns.chunks_exact(n).map(|x| {
        let events = segments.chunks_exact(2).flat_map(|s| &x[(s[0] - s[1]) as usize..s[0] as usize]);
        events.sum::<f64>()
    }));
    rows.clear();
    rows.resize(2 * at_risk, 0.0);
    terms.clear();
    terms.resize(gone.len(), 0.0);
    means.clear();
    means.resize(gone.len() * count, 0.0);
    let mut likelihood = Likelihood { columns, n, observed, segments, gone, rows, terms, means };

    vectors.clear();
    vectors.resize(3 * count, 0.0);
    let (beta, vectors) = vectors.split_at_mut(count);
    let (step, score) = vectors.split_at_mut(count);
    let mut gradient_along = f64::INFINITY;
    for attempt in 0..STEPS {
        likelihood.derivatives(beta, score, information);
        let along = dot(score, step);
        // Concave: overshooting shows as a slope that has turned against the step. Halve until it is the gentler one.
        let overshot = along.is_nan() || along < -0.5 * gradient_along;
        if attempt > 0 && overshot {
            for (b, s) in beta.iter_mut().zip(step.iter_mut()) {
                *s *= 0.5;
                *b -= *s;
            }
            gradient_along *= 0.5;
            continue;
        }
        factorise(information, count, factor);
        judge(information, factor, count, attempt == 0, pivots)?;
        step.copy_from_slice(score);
        solve(factor, count, step);
        let decrement = dot(score, step);
        for (b, s) in beta.iter_mut().zip(&*step) {
            *b += s;
        }
        // the second case: rounding, not distance, is what is left
        if decrement <= 1e-20 || (decrement <= 1e-14 && decrement >= gradient_along) {
            let arm = count - 1;
            return Ok(Fit { coefficient: beta[arm], variance: 1.0 / factor[arm * count + arm] });
        }
        gradient_along = decrement;
    }
    Err(Status::NotConverged)
}

/// Rearranges the rows latest first and cuts them into segments, each ending with the events of one time: pairs of
/// (one past its last row, events). Writes l/d for the l-th of d events at a time, and gives the number of rows that are
/// at risk at some event.
fn lay_out(
    time: &[f64],
    event: &[u8],
    last: f64,
    order: &mut Vec<u32>,
    segments: &mut Vec<u32>,
    gone: &mut Vec<f64>,
) -> usize {
    let beyond = time.iter().enumerate().filter(|&(_, &t)| t > last);
    order.extend(beyond.map(|(row, _)| row as u32));
    order.reverse();
    segments.clear();
    gone.clear();
    let (mut end, mut at_risk) = (0, 0);
    for group in order.chunk_by_mut(|&a, &b| time[a as usize] == time[b as usize]) {
        end += group.len();
        let events: u32 = group.iter().map(|&row| u32::from(event[row as usize])).sum();
        if events > 0 {
            group.sort_unstable_by_key(|&row| (event[row as usize], row));
            segments.extend([end as u32, events]);
            gone.extend((0..events).map(|l| f64::from(l) / f64::from(events)));
            at_risk = end;
        }
    }
    at_risk
}

/// Writes standardised covariates and the centred arm column by column, the arm last, rows as in `order`. Location and
/// scale change nothing in the arm's coefficient; they keep the exponents small and the matrix well scaled.
fn standardise(data: &Dataset<'_>, order: &[u32], columns: &mut Vec<f64>) -> Result<(), Status> {
    let n = order.len();
    columns.clear();
    for j in 0..data.covariates.count {
        let column = data.covariates.column(j, n);
        let mean = column.iter().sum::<f64>() / n as f64;
        let squares: f64 = column.iter().map(|x| (x - mean) * (x - mean)).sum();
        let scale = (squares / n as f64).sqrt();
        let varies = scale.is_finite() && scale > 1e-12 * mean.abs();
        if !varies {
            return Err(Status::Singular);
        }
        columns.extend(order.iter().map(|&row| (column[row as usize] - mean) / scale));
    }
    let share = data.arm.iter().map(|&a| f64::from(a)).sum::<f64>() / n as f64;
    columns.extend(order.iter().map(|&row| f64::from(data.arm[row as usize]) - share));
    Ok(())
}

/// A = L D Lᵀ from the lower triangle of A, L unit lower triangular, D on the diagonal of the result.
fn factorise(matrix: &[f64], size: usize, factor: &mut Vec<f64>) {
    factor.clear();
    factor.extend_from_slice(matrix);
    for j in 0..size {
        let mut pivot = factor[j * size + j];
        for k in 0..j {
            let l = factor[j * size + k];
            pivot -= l * l * factor[k * size + k];
        }
        factor[j * size + j] = pivot;
        for i in j + 1..size {
            let mut x = factor[i * size + j];
            for k in 0..j {
                x -= factor[i * size + k] * factor[j * size + k] * factor[k * size + k];
            }
            factor[i * size + j] = x / pivot;
        }
    }
}

/// Refuses a matrix that is singular from the start, or has become so because a coefficient runs to infinity.
fn judge(matrix: &[f64], factor: &[f64], size: usize, first: bool, pivots: &mut Vec<f64>) -> Result<(), Status> {
    if first {
        pivots.clear();
        for j in 0..size {
            let pivot = factor[j * size + j];
            let sound = pivot.is_finite() && pivot > REDUNDANT * matrix[j * size + j];
            if !sound {
                return Err(Status::Singular);
            }
            pivots.push(pivot);
        }
        return Ok(());
    }
    let stands = |(j, start): (usize, &f64)| factor[j * size + j] > RUNAWAY * start;
    if pivots.iter().enumerate().all(stands) { Ok(()) } else { Err(Status::Separation) }
}

/// Solves L D Lᵀ x = b in place.
fn solve(factor: &[f64], size: usize, x: &mut [f64]) {
    for i in 0..size {
        for k in 0..i {
            x[i] -= factor[i * size + k] * x[k];
        }
    }
    for i in 0..size {
        x[i] /= factor[i * size + i];
    }
    for i in (0..size).rev() {
        for k in i + 1..size {
            x[i] -= factor[k * size + i] * x[k];
        }
    }
}
