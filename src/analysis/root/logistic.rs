//! The root of the logistic score.

use super::{Columns, Linear, Root, add_square, maximise};
use crate::analysis::{Dataset, Response, Status};
use crate::math::linalg::at;

/// U = Σ w x (y − p), p = 1/(1 + e^−η).
#[derive(Debug)]
struct Logistic {
    value: f64,
    predictor: Linear,
    influence: Linear,
}

/// The root on a pilot.
///
/// # Errors
/// See [`super::maximise`].
pub(crate) fn logistic(data: &Dataset<'_>, weights: [f64; 2]) -> Result<Box<dyn Root>, Status> {
    let Response::Binary(y) = data.response else { return Err(Status::NoVariation) };
    let columns = Columns::new(data)?;
    let k = columns.count() + 1;
    let weight = |row: usize| weights[usize::from(data.arm[row])];
    let (mut events, mut all) = (0.0, 0.0);
    for (row, &y) in y.iter().enumerate() {
        events += weight(row) * f64::from(y);
        all += weight(row);
    }
    if events == 0.0 || events == all {
        return Err(Status::NoVariation);
    }
    let mut start = vec![0.0; k];
    start[0] = (events / (all - events)).ln();
    let (beta, row) = maximise(start, 1, |beta, gradient, information| {
        gradient.fill(0.0);
        information.fill(0.0);
        let mut value = 0.0;
        for (row, &y) in y.iter().enumerate() {
            let (w, y) = (weight(row), f64::from(y));
            let eta = beta[0] + columns.combine(&beta[1..], row);
            let p = probability(eta);
            value += w * (y * eta - eta.max(0.0) - (-eta.abs()).exp().ln_1p());
            let (r, v) = (w * (y - p), w * p * (1.0 - p));
            gradient[0] += r;
            information[0] += v;
            for j in 0..k - 1 {
                gradient[j + 1] += r * columns.x(j, row);
                information[at(j + 1, 0)] += v * columns.x(j, row);
            }
            add_square(information, 1, &columns, row, v);
        }
        value
    })?;
    Ok(Box::new(Logistic {
        value: beta[1],
        predictor: columns.raw(beta[0], &beta[1..]),
        influence: columns.raw(row[0], &row[1..]),
    }))
}

impl Root for Logistic {
    fn value(&self) -> f64 {
        self.value
    }

    fn step(&self, data: &Dataset<'_>, weights: [f64; 2]) -> f64 {
        let Response::Binary(y) = data.response else { return f64::NAN };
        let mut sum = 0.0;
        for (row, &y) in y.iter().enumerate() {
            let residual = f64::from(y) - probability(self.predictor.of(data, row));
            sum += weights[usize::from(data.arm[row])] * self.influence.of(data, row) * residual;
        }
        sum
    }
}

fn probability(eta: f64) -> f64 {
    1.0 / (1.0 + (-eta).exp())
}
