//! Roots of estimating equations: where a model's coefficient of the arm ends as patients become many, be the model right or not.
//!
//! With covariates a coefficient is no function of a few pooled sums. Its limit β* solves E U(β*) = 0 for the model's score U. A
//! pilot gives a root β₀ near it; on any further data the sum of *influences*, a·U(β₀) with a the arm's row of the inverse
//! information, is then the arm's part of one Newton step towards their root. Summed over all replicates it leaves an error of the order of
//! (β₀ − β*)², as small as the pilot is large.

mod cox;
mod logistic;
mod proportional_odds;

use std::fmt::Debug;

use crate::analysis::{Dataset, Status};
use crate::math::linalg::{at, cholesky, packed_len, solve};

pub(crate) use cox::cox;
pub(crate) use logistic::logistic;
pub(crate) use proportional_odds::proportional_odds;

/// A pilot's root of a model's estimating equation.
pub trait Root: Debug + Send + Sync {
    /// The coefficient of the arm.
    fn value(&self) -> f64;

    /// The arm's part of I⁻¹ U on further data, with I the information of the whole pilot: the sum of the patients' influences, those of
    /// an arm (control, experimental) weighted alike. Allocates nothing.
    fn step(&self, data: &Dataset<'_>, weights: [f64; 2]) -> f64;
}

/// The roots of a pilot with the number of replicates behind them; by analysis, complete or as seen, and group of an interaction.
pub type Roots = Vec<[[Option<(Box<dyn Root>, f64)>; 2]; 2]>;

/// c₀ + c₁ arm + Σ cⱼ covariateⱼ.
#[derive(Debug)]
struct Linear(Vec<f64>);

impl Linear {
    /// Its value for a patient.
    #[inline]
    fn of(&self, data: &Dataset<'_>, row: usize) -> f64 {
        let n = data.arm.len();
        let mut value = self.0[0] + self.0[1] * f64::from(data.arm[row]);
        for (c, x) in self.0[2..].iter().zip(data.covariates.values[row..].iter().step_by(n)) {
            value += c * x;
        }
        value
    }
}

/// Arm and covariates as columns, covariates standardised.
struct Columns {
    /// Column after column, the arm (0 or 1) first.
    values: Vec<f64>,
    /// Centre and scale of each covariate.
    scales: Vec<(f64, f64)>,
    n: usize,
}

impl Columns {
    fn new(data: &Dataset<'_>) -> Result<Self, Status> {
        let n = data.arm.len();
        let treated = data.arm.iter().filter(|a| **a == 1).count();
        if treated == 0 || treated == n {
            return Err(Status::EmptyArm);
        }
        let mut values: Vec<f64> = data.arm.iter().map(|&a| f64::from(a)).collect();
        let mut scales = Vec::new();
        for j in 0..data.covariates.count {
            let raw = data.covariates.column(j, n);
            let mean = raw.iter().sum::<f64>() / n as f64;
            let scale = (raw.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64).sqrt();
            if !(scale > 1e-12 * mean.abs() && scale.is_finite()) {
                return Err(Status::Singular);
            }
            values.extend(raw.iter().map(|x| (x - mean) / scale));
            scales.push((mean, scale));
        }
        Ok(Self { values, scales, n })
    }

    /// Number of columns.
    fn count(&self) -> usize {
        self.scales.len() + 1
    }

    /// Element of column `j`.
    #[inline]
    fn x(&self, j: usize, row: usize) -> f64 {
        self.values[j * self.n + row]
    }

    /// Σ cⱼ xⱼ of a row.
    #[inline]
    fn combine(&self, coefficients: &[f64], row: usize) -> f64 {
        coefficients.iter().enumerate().map(|(j, c)| c * self.x(j, row)).sum()
    }

    /// A linear function of these columns as one of the raw ones.
    fn raw(&self, constant: f64, coefficients: &[f64]) -> Linear {
        let mut all = vec![constant, coefficients[0]];
        for (c, (centre, scale)) in coefficients[1..].iter().zip(&self.scales) {
            all[0] -= c * centre / scale;
            all.push(c / scale);
        }
        Linear(all)
    }
}

/// Most Newton steps.
const STEPS: usize = 100;

/// Maximises a concave function from `start` by Newton's method, halving steps that do not rise; gives the maximum and the row of
/// coefficient `arm` of the inverse information there. `derivatives` gives the value (−∞ outside the domain) and writes the gradient and the
/// packed information.
///
/// # Errors
/// [`Status::Singular`], or [`Status::Separation`] where the function rises without limit.
fn maximise(
    start: Vec<f64>,
    arm: usize,
    mut derivatives: impl FnMut(&[f64], &mut [f64], &mut [f64]) -> f64,
) -> Result<(Vec<f64>, Vec<f64>), Status> {
    let k = start.len();
    let (mut gradient, mut information) = (vec![0.0; k], vec![0.0; packed_len(k)]);
    let mut at_hand = start;
    let mut value = derivatives(&at_hand, &mut gradient, &mut information);
    for iteration in 0..STEPS {
        let failure = if iteration == 0 { Status::Singular } else { Status::Separation };
        if !(value.is_finite() && cholesky(&mut information, k, 1e-12)) {
            return Err(failure);
        }
        let mut step = gradient.clone();
        solve(&information, &mut step);
        let decrement: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
        let largest = step.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        // the function is flat where coefficients run to infinity: both must be small
        if decrement < 1e-10 && largest < 1e-6 {
            let mut row = vec![0.0; k];
            row[arm] = 1.0;
            solve(&information, &mut row);
            return Ok((at_hand, row));
        }
        let mut share = 1.0;
        loop {
            let next: Vec<f64> = at_hand.iter().zip(&step).map(|(b, s)| b + share * s).collect();
            let risen = derivatives(&next, &mut gradient, &mut information);
            // rounding aside
            if risen >= value - 1e-9 * (1.0 + value.abs()) {
                (at_hand, value) = (next, risen);
                break;
            }
            share *= 0.5;
            if share < 1e-6 {
                return Err(Status::NotConverged);
            }
        }
    }
    Err(Status::Separation)
}

/// Adds w x xᵀ to the part of a packed matrix from coefficient `first` on.
fn add_square(information: &mut [f64], first: usize, columns: &Columns, row: usize, w: f64) {
    for j in 0..columns.count() {
        let wx = w * columns.x(j, row);
        for l in 0..=j {
            information[at(first + j, first + l)] += wx * columns.x(l, row);
        }
    }
}
