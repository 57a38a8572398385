//! Columns of a regression on arm and covariates.

use crate::analysis::{Dataset, Status};
use crate::math::linalg::{LANES, dot, sum};
use crate::math::wide::wide;

/// Column of the arm in [`design`]: before the covariates.
pub(crate) const ARM: usize = 0;

/// 1 − R² of a column on the columns before it, at or below which the design is singular: as far as normal equations of
/// scaled columns leave six digits of a coefficient.
pub(crate) const COLLINEAR: f64 = 1e-10;

/// Writes n-row columns, one after the other: the arm, centred; then the covariates, centred and divided by their standard
/// deviation. The coefficient of the arm is that of the raw columns; only the intercept moves.
///
/// # Errors
/// [`Status::Singular`] where a covariate is constant or not finite.
pub(crate) fn design(data: &Dataset<'_>, columns: &mut Vec<f64>) -> Result<(), Status> {
    let rows = data.arm.len();
    let n = rows as f64;
    columns.clear();
    let treated = data.arm.iter().filter(|a| **a != 0).count() as f64;
    let share = treated / n;
    columns.extend((data.arm.iter()).map(|a| if *a != 0 { 1.0 - share } else { -share }));
    standardise(data, columns)
}

/// Appends the covariates, centred and divided by their standard deviation.
///
/// # Errors
/// [`Status::Singular`] where a covariate is constant or not finite.
pub(crate) fn standardise(data: &Dataset<'_>, columns: &mut Vec<f64>) -> Result<(), Status> {
    let rows = data.arm.len();
    let n = rows as f64;
    for j in 0..data.covariates.count {
        let raw = data.covariates.column(j, rows);
        let mean = sum(raw) / n;
        let start = columns.len();
        columns.extend(raw.iter().map(|x| x - mean));
        let column = &mut columns[start..];
        let sd = (dot(column, column) / n).sqrt();
        // a constant column leaves rounding errors, not zero
        if !(sd > 1e-12 * mean.abs() && sd.is_finite()) {
            return Err(Status::Singular);
        }
        let scale = 1.0 / sd;
        for x in column {
            *x *= scale;
        }
    }
    Ok(())
}

/// Zeroed slices of these lengths, side by side in one buffer.
pub(crate) fn carve<const N: usize>(buffer: &mut Vec<f64>, lengths: [usize; N]) -> [&mut [f64]; N] {
    buffer.clear();
    buffer.resize(lengths.iter().sum(), 0.0);
    let mut rest = &mut buffer[..];
    lengths.map(|length| {
        let (head, tail) = std::mem::take(&mut rest).split_at_mut(length);
        rest = tail;
        head
    })
}

/// Writes c₀ + Σⱼ cⱼ xⱼ to `out`, row by row.
pub(crate) fn combine(columns: &[f64], coefficients: &[f64], constant: f64, out: &mut [f64]) {
    out.fill(constant);
    for (x, c) in columns.chunks_exact(out.len()).zip(coefficients) {
        for (o, x) in out.iter_mut().zip(x) {
            *o += c * x;
        }
    }
}

/// Most Newton steps, halvings included: regular data take 4 to 8, separated data show within 40; some with a few patients far from
/// thousands of others have taken more than 100.
pub(crate) const MOST_STEPS: usize = 400;

/// Whether a step is the last: it moves no predictor by more than 1e-11 (the error that it leaves is of the order of its
/// square, that of the information of its own order), or it is below 1e-10 standard errors and made of rounding.
pub(crate) fn converged(decrement: f64, largest_move: f64) -> bool {
    largest_move < 1e-11 || decrement < 1e-20
}

/// The largest change of a predictor, relative to 1 + its size: a patient far out in a covariate has a predictor of
/// thousands and no weight.
pub(crate) fn largest_move(movement: &[f64], predictor: &[f64]) -> f64 {
    let mut most = [0.0_f64; LANES];
    let (moves, rest) = movement.as_chunks::<LANES>();
    let (predictors, rest_of) = predictor.as_chunks::<LANES>();
    let relative = |m: f64, p: f64| m.abs() / (1.0 + p.abs());
    wide!(for (m, p) in moves.iter().zip(predictors) {
        for i in 0..LANES {
            let this = relative(m[i], p[i]);
            most[i] = if this > most[i] { this } else { most[i] };
        }
    });
    let rest = rest.iter().zip(rest_of).map(|(m, p)| relative(*m, *p));
    rest.chain(most).fold(0.0, f64::max)
}

/// Whether the likelihood is flat (its gain, half the squared Newton decrement, is negligible) in a direction in which the
/// coefficients still move: then they run to infinity. Where data are separated each step moves a predictor by about 1 and
/// divides the gain by e, so that this shows when the predictor is about 30.
pub(crate) fn runs_to_infinity(decrement: f64, largest_move: f64) -> bool {
    decrement < 1e-12 && largest_move > 0.01
}

/// Whether a step went past the maximum of the concave likelihood along it, so far that the slope there is nearly what it
/// was before, downwards.
pub(crate) fn overshot(slope: f64, decrement: f64) -> bool {
    slope.is_nan() || slope <= -0.9 * decrement
}

/// Whether a step went past the maximum to where the likelihood is so flat that the next step would be the longer one (`next` its
/// decrement, `None` where the information is singular): the way back must be found by halving, and nothing is separated there.
pub(crate) fn strayed(slope: f64, decrement: f64, next: Option<f64>) -> bool {
    slope < 0.0 && next.is_none_or(|next| next > decrement.max(1.0))
}

/// Halves a step that has been taken.
pub(crate) fn halve(value: &mut [f64], step: &mut [f64]) {
    for (v, s) in value.iter_mut().zip(step) {
        *s *= 0.5;
        *v -= *s;
    }
}
