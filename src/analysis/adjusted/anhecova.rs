//! Analysis of heterogeneous covariance.

use super::{mean, randomised, sizes};
use crate::analysis::design::{COLLINEAR, carve, standardise};
use crate::analysis::r;
use crate::analysis::wald::wald;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::linalg::{at, cholesky, packed_len, solve};
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `anhecova`.
pub const FORM: Form = Form {
    name: "anhecova",
    summary: "Difference of means adjusted for covariates, each arm with a linear model of its own; right whatever the models",
    keys: &[],
    example: "{}",
};

/// μ₁ − μ₀ with μₐ = ȳₐ − βₐᵀ(x̄ₐ − x̄), βₐ the least-squares slopes within arm a: the linear model with all interactions of the arm
/// and the centred covariates.
///
/// Variance V₁₁ + V₀₀ − 2V₁₀ with nVₐₐ = (Varₐ(Y) − 2Qₐₐ + Σₐₐ)/πₐ + 2Qₐₐ − Σₐₐ and nV₁₀ = Q₁₀ + Q₀₁ − Σ₁₀; Qₐᵦ = Covₐ(Y, mᵦ(X)) within
/// arm a, Σₐᵦ = Cov(mₐ(X), mᵦ(X)) over all patients, mₐ the arm's model, πₐ its share: valid under simple randomisation for any
/// response, with unequal variances. z is normal.
///
/// Source: Lin (2013), Annals of Applied Statistics 7:295; Ye, Shao, Yi, Zhao (2022), JASA 118:2370; the variance as type 1 of
/// RobinCar: Bannick, Shao, Liu, Du, Yi, Ye (2025), Biometrika.
#[derive(Clone, Copy, Debug)]
struct Anhecova;

/// Builds the method; it has no keys.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Anhecova))
}

impl Analysis for Anhecova {
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

    fn parts(&self) -> &'static [&'static str] {
        &["mean-experimental", "mean-control"]
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let mu = format!("mu <- function(a) predict(lm(y ~ 1{}, data = d[d$arm == a, ]), newdata = d)", call.also());
        r::code(
            &[],
            &[
                &mu,
                "m <- cbind(mu(0), mu(1)); v <- randomised_covariance(d, m)",
                "wald(mean(m[, 2]) - mean(m[, 1]), sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2]), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let Response::Score(y) = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let sizes = sizes(data.arm);
        if sizes.contains(&0) {
            return Estimate::failed(Status::EmptyArm, n);
        }
        if sizes.iter().any(|m| *m < data.covariates.count + 2) {
            return Estimate::failed(Status::TooFew, n);
        }
        if !y.iter().all(|y| y.is_finite()) {
            return Estimate::failed(Status::Singular, n);
        }
        let [columns, table, small, ..] = &mut scratch.real;
        columns.clear();
        if let Err(status) = standardise(data, columns) {
            return Estimate::failed(status, n);
        }
        let [m0, m1] = carve(table, [n; 2]);
        let mut predicted = [m0, m1];
        for (a, m) in (0..2_u8).zip(&mut predicted) {
            if let Err(status) = fit(data.arm, a, y, columns, small, m) {
                return Estimate::failed(status, n);
            }
        }
        let means = [mean(predicted[0]), mean(predicted[1])];
        let covariance = randomised(data.arm, |row| y[row], [&*predicted[0], &*predicted[1]]);
        let se = covariance.of_difference([1.0; 2]).sqrt();
        // a constant score leaves rounding errors, not zero
        let largest = y.iter().fold(0.0_f64, |most, y| most.max(y.abs()));
        if se <= 10.0 * f64::EPSILON * largest {
            return Estimate::failed(Status::NoVariation, n);
        }
        let mut answer = wald(means[1] - means[0], se, rule, n, 0);
        if answer.status == Status::Estimated {
            answer.parts[..2].copy_from_slice(&[means[1], means[0]]);
        }
        answer
    }
}

/// Writes the predictions for all rows of the least-squares fit within an arm; columns have mean 0 and standard deviation 1 over all.
fn fit(arm: &[u8], a: u8, y: &[f64], columns: &[f64], small: &mut Vec<f64>, out: &mut [f64]) -> Result<(), Status> {
    let n = arm.len();
    let k = columns.len() / n;
    let column = |j: usize| &columns[j * n..(j + 1) * n];
    let rows = || (0..n).filter(|&row| arm[row] == a);
    let size = rows().count() as f64;
    let [centre, slopes, cross] = carve(small, [k, k, packed_len(k)]);
    let of_y = rows().map(|row| y[row]).sum::<f64>() / size;
    for (j, c) in centre.iter_mut().enumerate() {
        *c = rows().map(|row| column(j)[row]).sum::<f64>() / size;
    }
    for j in 0..k {
        let x = |row: usize| column(j)[row] - centre[j];
        slopes[j] = rows().map(|row| x(row) * (y[row] - of_y)).sum();
        for l in 0..=j {
            cross[at(j, l)] = rows().map(|row| x(row) * (column(l)[row] - centre[l])).sum();
        }
        // a column constant within the arm leaves rounding errors, not zero
        if cross[at(j, j)] <= 1e-24 * size {
            return Err(Status::Singular);
        }
    }
    if !cholesky(cross, k, COLLINEAR) {
        return Err(Status::Singular);
    }
    solve(cross, slopes);
    out.fill(of_y);
    for j in 0..k {
        for (o, x) in out.iter_mut().zip(column(j)) {
            *o += slopes[j] * (x - centre[j]);
        }
    }
    Ok(())
}
