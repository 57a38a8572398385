//! The root of the score of the cumulative logit model.

use super::{Columns, Linear, Root, add_square, maximise};
use crate::analysis::{Dataset, Response, Status};
use crate::math::linalg::at;

/// logit P(Y ≤ k) = θₖ − η; the patient's category lies between the thresholds l and u.
#[derive(Debug)]
struct ProportionalOdds {
    value: f64,
    thresholds: Vec<f64>,
    predictor: Linear,
    /// Place of each category among those of the pilot; one that the pilot lacks counts with the one below.
    place: Vec<u8>,
    /// Influence of the score of each threshold, and of that of the linear predictor.
    of_threshold: Vec<f64>,
    influence: Linear,
}

/// Derivatives of ln P(Y) = ln F(θᵤ − η) + ln(1 − F(θₗ − η)) + ln(1 − e^(θₗ − θᵤ)) by θᵤ, θₗ and η, and what the information is made of.
struct Terms {
    upper: f64,
    lower: f64,
    eta: f64,
    /// F(1 − F) at the upper and the lower threshold.
    density: [f64; 2],
    /// Curvature of the last term.
    width: f64,
}

fn terms(thresholds: &[f64], category: usize, eta: f64) -> Terms {
    let mut t = Terms { upper: 0.0, lower: 0.0, eta: 0.0, density: [0.0; 2], width: 0.0 };
    let (upper, lower) = (thresholds.get(category), category.checked_sub(1).map(|k| thresholds[k]));
    if let Some(upper) = upper {
        let above = 1.0 / (1.0 + (upper - eta).exp());
        t.upper += above;
        t.eta -= above;
        t.density[0] = above * (1.0 - above);
    }
    if let Some(lower) = lower {
        let below = 1.0 / (1.0 + (eta - lower).exp());
        t.lower -= below;
        t.eta += below;
        t.density[1] = below * (1.0 - below);
    }
    if let (Some(upper), Some(lower)) = (upper, lower) {
        let width = upper - lower;
        let odds = 1.0 / width.exp_m1();
        t.upper += odds;
        t.lower -= odds;
        t.width = odds * (1.0 + odds);
    }
    t
}

/// ln P(Y).
fn log_probability(thresholds: &[f64], category: usize, eta: f64) -> f64 {
    let (upper, lower) = (thresholds.get(category), category.checked_sub(1).map(|k| thresholds[k]));
    let mut value = 0.0;
    if let Some(upper) = upper {
        value -= log_one_plus_exp(eta - upper);
    }
    if let Some(lower) = lower {
        value -= log_one_plus_exp(lower - eta);
    }
    if let (Some(upper), Some(lower)) = (upper, lower) {
        let width = upper - lower;
        // outside the domain, where thresholds do not ascend
        value += if width > 0.0 { (-(-width).exp_m1()).ln() } else { f64::NEG_INFINITY };
    }
    value
}

fn log_one_plus_exp(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The root on a pilot.
///
/// # Errors
/// See [`super::maximise`].
pub(crate) fn proportional_odds(data: &Dataset<'_>, weights: [f64; 2]) -> Result<Box<dyn Root>, Status> {
    let Response::Ordinal { code, levels } = data.response else { return Err(Status::NoVariation) };
    let columns = Columns::new(data)?;
    let weight = |row: usize| weights[usize::from(data.arm[row])];
    let mut sizes = vec![0.0; usize::from(levels)];
    for (row, &c) in code.iter().enumerate() {
        sizes[usize::from(c)] += weight(row);
    }
    let mut used = 0u8;
    let place: Vec<u8> = sizes
        .iter()
        .map(|&size| {
            used += u8::from(size > 0.0);
            used.saturating_sub(1)
        })
        .collect();
    if used < 2 {
        return Err(Status::NoVariation);
    }
    sizes.retain(|&size| size > 0.0);
    let all: f64 = sizes.iter().sum();
    let mut below = 0.0;
    let mut start: Vec<f64> = Vec::new();
    for size in &sizes[..sizes.len() - 1] {
        below += size;
        start.push((below / (all - below)).ln());
    }
    let m = start.len();
    start.resize(m + columns.count(), 0.0);
    let (beta, row) = maximise(start, m, |beta, gradient, information| {
        let (thresholds, slopes) = beta.split_at(m);
        gradient.fill(0.0);
        information.fill(0.0);
        let mut value = 0.0;
        for (row, &c) in code.iter().enumerate() {
            let w = weight(row);
            let category = usize::from(place[usize::from(c)]);
            let eta = columns.combine(slopes, row);
            let t = terms(thresholds, category, eta);
            value += w * log_probability(thresholds, category, eta);
            for (threshold, slope, density) in [
                (Some(category).filter(|&u| u < m), t.upper, t.density[0]),
                (category.checked_sub(1), t.lower, t.density[1]),
            ] {
                let Some(k) = threshold else { continue };
                gradient[k] += w * slope;
                information[at(k, k)] += w * (density + t.width);
                for j in 0..columns.count() {
                    information[at(m + j, k)] -= w * density * columns.x(j, row);
                }
            }
            if category > 0 && category < m {
                information[at(category, category - 1)] -= w * t.width;
            }
            for j in 0..columns.count() {
                gradient[m + j] += w * t.eta * columns.x(j, row);
            }
            add_square(information, m, &columns, row, w * (t.density[0] + t.density[1]));
        }
        value
    })?;
    Ok(Box::new(ProportionalOdds {
        value: beta[m],
        thresholds: beta[..m].to_vec(),
        predictor: columns.raw(0.0, &beta[m..]),
        place,
        of_threshold: row[..m].to_vec(),
        influence: columns.raw(0.0, &row[m..]),
    }))
}

impl Root for ProportionalOdds {
    fn value(&self) -> f64 {
        self.value
    }

    fn step(&self, data: &Dataset<'_>, weights: [f64; 2]) -> f64 {
        let Response::Ordinal { code, .. } = data.response else { return f64::NAN };
        let mut sum = 0.0;
        for (row, &c) in code.iter().enumerate() {
            let category = usize::from(self.place[usize::from(c)]);
            let t = terms(&self.thresholds, category, self.predictor.of(data, row));
            let upper = self.of_threshold.get(category).map_or(0.0, |a| a * t.upper);
            let lower = category.checked_sub(1).map_or(0.0, |k| self.of_threshold[k] * t.lower);
            sum += weights[usize::from(data.arm[row])] * (upper + lower + self.influence.of(data, row) * t.eta);
        }
        sum
    }
}
