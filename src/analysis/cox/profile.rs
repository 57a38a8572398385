//! Tests and limits from the likelihood of one coefficient, the others at their maximum.

use super::{Fit, Status};

/// Most steps towards a limit; some five are needed.
const STEPS: usize = 100;

/// The likelihood at a value of the arm's coefficient.
pub(super) struct Point {
    /// Its logarithm, but for a constant.
    pub(super) log: f64,
    /// Its slope.
    pub(super) score: f64,
    /// Minus its curvature.
    pub(super) information: f64,
}

/// The likelihood of the arm's coefficient, other coefficients at their maximum given it.
pub(super) trait Profile {
    /// At a value of the coefficient.
    fn at(&mut self, coefficient: f64) -> Result<Point, Status>;
}

/// √(2 (ℓ(maximum) − ℓ)), with the sign of maximum − value.
pub(super) fn signed_root(fit: &Fit, most: f64, value: f64, log: f64) -> f64 {
    (2.0 * (most - log)).max(0.0).sqrt().copysign(fit.coefficient - value)
}

/// The value below (`side` −1) or above (+1) the maximum where √(2 (ℓ(maximum) − ℓ)) is `distance`, by Newton's method within a bracket.
pub(super) fn limit(profile: &mut dyn Profile, fit: &Fit, most: f64, distance: f64, side: f64) -> Result<f64, Status> {
    let mut near = fit.coefficient;
    let mut far = side * f64::INFINITY;
    let mut value = fit.coefficient + side * distance * fit.variance.sqrt();
    for _ in 0..STEPS {
        let point = profile.at(value)?;
        let root = (2.0 * (most - point.log)).max(0.0).sqrt();
        let missing = distance - root;
        if missing > 0.0 {
            near = value;
        } else {
            far = value;
        }
        let step = -missing * root / point.score;
        let newton = value + step;
        if !newton.is_finite() {
            return Err(Status::NotConverged);
        }
        if missing.abs() <= 1e-12 * distance {
            return Ok(newton);
        }
        let within = side * newton > side * near && side * newton < side * far;
        value = match (within, far.is_finite()) {
            (true, _) => newton,
            (false, true) => 0.5 * (near + far),
            (false, false) => value + side * distance * fit.variance.sqrt(),
        };
        if far.is_finite() && (far - near).abs() <= 1e-14 * (1.0 + value.abs()) {
            return Ok(value);
        }
    }
    Err(Status::NotConverged)
}
