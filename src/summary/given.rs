//! Coverage where replicates differ in their parameters.
//!
//! The true value that belongs to a replicate's parameters is not that of its own patients: these share their chances with the estimate, and
//! intervals would seem to contain it too often. It is taken from the regression of the replicates' own values on the parameters that they
//! drew, their squares and products, by least squares.

use crate::math::linalg;
use crate::random::Replicate;

/// How many intervals contain the value given the replicate's parameters, and of how many; `terms` are those of the regression.
///
/// `each` calls what it is given with every replicate that has an interval and a value of its own: its number, the value, the limits. It is
/// called twice.
///
/// # Errors
/// Those of `each`.
pub fn try_covered_given<E>(
    terms: &dyn Fn(Replicate) -> Vec<f64>,
    each: impl Fn(&mut dyn FnMut(Replicate, f64, [f64; 2])) -> Result<(), E>,
) -> Result<[u64; 2], E> {
    let width = terms(0).len();
    let mut normal = vec![0.0; linalg::packed_len(width)];
    let mut beta = vec![0.0; width];
    each(&mut |replicate, target, _| {
        let x = terms(replicate);
        for i in 0..width {
            beta[i] += x[i] * target;
            for j in 0..=i {
                normal[linalg::at(i, j)] += x[i] * x[j];
            }
        }
    })?;
    // fewer replicates than terms, or a parameter that never varies
    if !linalg::cholesky(&mut normal, width, 1e-12) {
        return Ok([0; 2]);
    }
    linalg::solve(&normal, &mut beta);
    let mut counts = [0; 2];
    each(&mut |replicate, _, [lower, upper]| {
        let value: f64 = terms(replicate).iter().zip(&beta).map(|(x, b)| x * b).sum();
        counts[0] += u64::from(lower <= value && value <= upper);
        counts[1] += 1;
    })?;
    Ok(counts)
}

/// The same where nothing can fail.
pub fn covered_given(
    terms: &dyn Fn(Replicate) -> Vec<f64>,
    each: impl Fn(&mut dyn FnMut(Replicate, f64, [f64; 2])),
) -> [u64; 2] {
    let found: Result<_, std::convert::Infallible> = try_covered_given(terms, |see| {
        each(see);
        Ok(())
    });
    let Ok(counts) = found;
    counts
}
