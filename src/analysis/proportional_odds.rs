//! Proportional odds (cumulative logit) regression.

use crate::analysis::design::{
    ARM, COLLINEAR, MOST_STEPS, carve, combine, converged, design, halve, largest_move, overshot, runs_to_infinity,
    strayed,
};
use crate::analysis::r;
use crate::analysis::root::{self, Root};
use crate::analysis::table::count_categories;
use crate::analysis::wald::wald;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::math::linalg::{at, cholesky, dot, inverse_diagonal, packed_len, solve};
use crate::scenario::form::{Complaint, Form, Values};

/// Keys of `proportional-odds`.
pub const FORM: Form = Form {
    name: "proportional-odds",
    summary: "Common odds ratio of a higher category by the cumulative logit model on arm and covariates",
    keys: &[],
    example: "{}",
};

/// ln odds ratio β of the arm in logit P(Y ≤ k) = θₖ − β·arm − γ·covariates, by maximum likelihood: the ln odds of lying
/// in a higher category, experimental against control. Standard error from the inverse of the observed information.
///
/// Categories without patients are collapsed. Without covariates the 2 × K table of counts is fitted, at a cost that does
/// not grow with patients once they are counted. Where any coefficient runs to infinity there is no estimate.
///
/// `Source`: McCullagh (1980), JRSS B 42:109.
///
/// `Numerics`: with F the logistic distribution function, d = θᵤ − θₗ the width of the category and η the linear predictor,
/// ln P(Y) = ln F(θᵤ − η) + ln(1 − F(θₗ − η)) + ln(1 − e⁻ᵈ), concave and without cancellation. Thresholds meet only their
/// neighbours in the information, so they are eliminated in O(K). Newton's method from the null model.
#[derive(Clone, Copy, Debug)]
struct ProportionalOdds;

/// Builds the method; it has no keys.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(ProportionalOdds))
}

impl Analysis for ProportionalOdds {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Ordinal]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn target(&self) -> Target {
        Target::CommonOdds
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn root(&self, data: &Dataset<'_>, weights: [f64; 2]) -> Result<Box<dyn Root>, Status> {
        root::proportional_odds(data, weights)
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let fit = format!(
            "fit <- ordinal::clm({}, data = d, control = list(gradTol = 1e-12, relTol = 1e-14, maxIter = 200L))",
            call.formula("factor(y)")
        );
        r::code(
            &["ordinal"],
            &[
                "# MASS::polr gives the same estimate with a standard error from numerical derivatives",
                &fit,
                "wald(coef(fit)[\"arm\"], sqrt(vcov(fit)[\"arm\", \"arm\"]), null, better)",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Ordinal { code, levels } = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        count_categories(data.arm, code, usize::from(levels), &mut scratch.counts);
        let lowest: u32 = scratch.counts.iter().take(2).sum();
        let events = rows - lowest as usize;
        match fit(data, code, scratch) {
            Ok((estimate, se)) => wald(estimate, se, rule, rows, events),
            Err(status) => Estimate::failed(status, rows).counted(rows, events),
        }
    }
}

/// Coefficient of the arm and its standard error; `scratch.counts` holds the table.
fn fit(data: &Dataset<'_>, code: &[u8], scratch: &mut Scratch) -> Result<(f64, f64), Status> {
    let Scratch { counts, codes, real: [columns, weights, vectors, ..], matrix: [small, ..], .. } = scratch;
    check(counts)?;
    let place = collapse(counts);
    codes.clear();
    weights.clear();
    if data.covariates.count == 0 {
        columns.clear();
        for (category, cell) in counts.chunks_exact(2).enumerate() {
            columns.extend([-0.5, 0.5]);
            codes.extend([category as u8; 2]);
            weights.extend([f64::from(cell[0]), f64::from(cell[1])]);
        }
    } else {
        design(data, columns)?;
        codes.extend(code.iter().map(|c| place[usize::from(*c)]));
        weights.resize(codes.len(), 1.0);
    }
    newton(columns, codes, weights, counts, small, vectors)
}

/// The ln odds ratio of the model fitted to shares of patients by category (control, experimental): the limit of the estimator where
/// these are the probabilities. NaN where there is none.
#[must_use]
pub fn pooled_log_odds_ratio(shares: &[[f64; 2]]) -> f64 {
    let mut scratch = Scratch::default();
    // counts in units of 10⁻⁹: far below the Monte Carlo error of any share
    scratch.counts.extend(shares.iter().flatten().map(|p| (p * 1e9).round() as u32));
    let nobody = Dataset {
        arm: &[],
        response: Response::Ordinal { code: &[], levels: 0 },
        covariates: Default::default(),
        strata: Default::default(),
    };
    fit(&nobody, &[], &mut scratch).map_or(f64::NAN, |(estimate, _)| estimate)
}

/// What makes an estimate impossible whatever the covariates. The arms are separated where they share at most one
/// category, at the end of one and the beginning of the other.
fn check(counts: &[u32]) -> Result<(), Status> {
    let ends = |arm: usize| {
        let mut present = (0..counts.len() / 2).filter(|c| counts[2 * c + arm] > 0);
        let first = present.next()?;
        Some((first, present.next_back().unwrap_or(first)))
    };
    let (Some(control), Some(treated)) = (ends(0), ends(1)) else {
        return Err(Status::EmptyArm);
    };
    if control.0 == control.1 && control == treated {
        Err(Status::NoVariation)
    } else if control.1 <= treated.0 || treated.1 <= control.0 {
        Err(Status::Separation)
    } else {
        Ok(())
    }
}

/// Drops empty categories from the table and returns the new place of each.
fn collapse(counts: &mut Vec<u32>) -> [u8; 256] {
    let mut place = [0; 256];
    let mut used = 0;
    for category in 0..counts.len() / 2 {
        let cell = [counts[2 * category], counts[2 * category + 1]];
        if cell != [0, 0] {
            place[category] = used as u8;
            counts[2 * used] = cell[0];
            counts[2 * used + 1] = cell[1];
            used += 1;
        }
    }
    counts.truncate(2 * used);
    place
}

/// Rows of category `codes[i]` with `weights[i]` patients each; `counts` are the patients by category and arm.
fn newton(
    columns: &[f64],
    codes: &[u8],
    weights: &[f64],
    counts: &[u32],
    small: &mut Vec<f64>,
    vectors: &mut Vec<f64>,
) -> Result<(f64, f64), Status> {
    let n = codes.len();
    let q = columns.len() / n;
    let categories = counts.len() / 2;
    let m = categories - 1;
    let [predictor, movement, weight, residual, weighted] = carve(vectors, [n; 5]);
    let lengths = [categories, m, m, m, m, m, m * q, q, q, q, q, packed_len(q)];
    let [
        size,
        threshold,
        threshold_step,
        score,
        diagonal,
        below,
        cross,
        coefficients,
        step,
        gradient,
        work,
        information,
    ] = carve(small, lengths);

    for (size, cell) in size.iter_mut().zip(counts.chunks_exact(2)) {
        *size = f64::from(cell[0]) + f64::from(cell[1]);
    }
    let total: f64 = size.iter().sum();
    let mut up_to = 0.0;
    for (threshold, size) in threshold.iter_mut().zip(&*size) {
        up_to += size;
        *threshold = (up_to / (total - up_to)).ln();
    }

    let mut decrement = f64::INFINITY;
    for iteration in 0..MOST_STEPS {
        score.fill(0.0);
        diagonal.fill(0.0);
        cross.fill(0.0);
        for i in 0..n {
            let odds_above = |k: usize| (predictor[i] - threshold[k]).min(700.0).exp();
            let upper = usize::from(codes[i]);
            // F of the upper and lower threshold, 1 and 0 at the ends of the scale
            let (mut sum, mut density) = (0.0, 0.0);
            if upper < m {
                let odds = odds_above(upper);
                let below = 1.0 / (1.0 + odds);
                let f = odds * below * below;
                score[upper] += weights[i] * odds * below;
                diagonal[upper] += weights[i] * f;
                for j in 0..q {
                    cross[upper * q + j] -= weights[i] * f * columns[j * n + i];
                }
                sum -= odds * below;
                density += f;
            }
            if upper > 0 {
                let lower = upper - 1;
                let odds = odds_above(lower);
                let below = 1.0 / (1.0 + odds);
                let f = odds * below * below;
                score[lower] -= weights[i] * below;
                diagonal[lower] += weights[i] * f;
                for j in 0..q {
                    cross[lower * q + j] -= weights[i] * f * columns[j * n + i];
                }
                sum += below;
                density += f;
            }
            residual[i] = weights[i] * sum;
            weight[i] = weights[i] * density;
        }
        for k in 1..m {
            let d = 1.0 / (threshold[k] - threshold[k - 1]).exp_m1();
            let curvature = size[k] * d * (1.0 + d);
            score[k] += size[k] * d;
            score[k - 1] -= size[k] * d;
            diagonal[k] += curvature;
            diagonal[k - 1] += curvature;
            below[k] = -curvature;
        }
        let slope = dot(score, threshold_step) + dot(residual, movement);
        let mut back = overshot(slope, decrement);
        if !back {
            for (j, x) in columns.chunks_exact(n).enumerate() {
                gradient[j] = dot(x, residual);
                for ((o, w), x) in weighted.iter_mut().zip(&*weight).zip(x) {
                    *o = w * x;
                }
                for (l, other) in columns.chunks_exact(n).take(j + 1).enumerate() {
                    information[at(j, l)] = dot(weighted, other);
                }
            }
            let eliminated = eliminate(diagonal, below, score, cross, gradient, information);
            // in the null model only the columns themselves can be dependent
            let (tolerance, failure) =
                if iteration == 0 { (COLLINEAR, Status::Singular) } else { (1e-14, Status::Separation) };
            let next = (eliminated && cholesky(information, q, tolerance)).then(|| {
                work.copy_from_slice(gradient);
                solve(information, work);
                dot(score, score) + dot(gradient, work)
            });
            back = strayed(slope, decrement, next);
            if !back {
                decrement = next.ok_or(failure)?;
            }
        }
        if back {
            decrement *= 0.5;
            halve(threshold, threshold_step);
            halve(coefficients, step);
            movement.iter_mut().for_each(|m| *m *= 0.5);
            // not by steps: a long one leaves nothing of the digits of a short one
            combine(columns, coefficients, 0.0, predictor);
            continue;
        }
        step.copy_from_slice(work);
        for k in (0..m).rev() {
            let own = score[k] - dot(&cross[k * q..(k + 1) * q], step);
            let above = if k + 1 < m { below[k + 1] * threshold_step[k + 1] } else { 0.0 };
            threshold_step[k] = (own - above) / diagonal[k];
        }
        combine(columns, step, 0.0, movement);
        let largest = largest_move(movement, predictor).max(largest_move(threshold_step, threshold));
        if converged(decrement, largest) {
            let variance = inverse_diagonal(information, ARM, work);
            return Ok((coefficients[ARM] + step[ARM], variance.sqrt()));
        }
        if runs_to_infinity(decrement, largest) {
            return Err(Status::Separation);
        }
        // thresholds stay in ascending order
        let share = largest_share(threshold, threshold_step);
        decrement *= share;
        for (value, step) in [
            (&mut *threshold, &mut *threshold_step),
            (&mut *coefficients, &mut *step),
            (&mut *predictor, &mut *movement),
        ] {
            for (v, s) in value.iter_mut().zip(step) {
                *s *= share;
                *v += *s;
            }
        }
    }
    Err(Status::NotConverged)
}

/// Eliminates the thresholds from the system: the bidiagonal factor of their part, then the same operations on their rows; false where
/// that part is not positive definite.
fn eliminate(
    diagonal: &mut [f64],
    below: &mut [f64],
    score: &mut [f64],
    cross: &mut [f64],
    gradient: &mut [f64],
    information: &mut [f64],
) -> bool {
    let q = gradient.len();
    for k in 0..diagonal.len() {
        if k > 0 {
            below[k] /= diagonal[k - 1];
            diagonal[k] -= below[k] * below[k];
            score[k] -= below[k] * score[k - 1];
            for j in 0..q {
                cross[k * q + j] -= below[k] * cross[(k - 1) * q + j];
            }
        }
        diagonal[k] = diagonal[k].sqrt();
        if diagonal[k].is_nan() || diagonal[k] == 0.0 {
            return false;
        }
        score[k] /= diagonal[k];
        for c in &mut cross[k * q..(k + 1) * q] {
            *c /= diagonal[k];
        }
    }
    for (cross, score) in cross.chunks_exact(q).zip(&*score) {
        for j in 0..q {
            gradient[j] -= cross[j] * score;
            for l in 0..=j {
                information[at(j, l)] -= cross[j] * cross[l];
            }
        }
    }
    true
}

/// The largest of 1, ½, ¼ … of a step that leaves each category at least a tenth of its width.
fn largest_share(threshold: &[f64], step: &[f64]) -> f64 {
    let mut share = 1.0;
    for (t, s) in threshold.windows(2).zip(step.windows(2)) {
        let width = t[1] - t[0];
        while share > 1e-6 && width + share * (s[1] - s[0]) < 0.1 * width {
            share *= 0.5;
        }
    }
    share
}
