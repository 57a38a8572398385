//! Roots of a function of one variable between two points.

/// Most steps: bisection alone would need 1,075 for the worst of functions, 64 for those met here.
const STEPS: usize = 200;

/// x between `a` and `b` with f(x) = 0, to the rounding of x; NaN where f has the same sign at both ends, or is not a number.
///
/// f may be infinite at the ends.
///
/// `Source`: Chandrupatla (1997), Advances in Engineering Software 28:145: inverse quadratic interpolation where it can be trusted,
/// else bisection.
pub fn zero(a: f64, b: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let (mut a, mut b) = (a, b);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return a;
    }
    if fb == 0.0 {
        return b;
    }
    // also where one is NaN
    if !((fa < 0.0 && fb > 0.0) || (fa > 0.0 && fb < 0.0)) {
        return f64::NAN;
    }
    let mut t = 0.5;
    for _ in 0..STEPS {
        let x = a + t * (b - a);
        let fx = f(x);
        if fx.is_nan() {
            return f64::NAN;
        }
        let (c, fc);
        if (fx < 0.0) == (fa < 0.0) {
            (c, fc) = (a, fa);
        } else {
            (c, fc) = (b, fb);
            (b, fb) = (a, fa);
        }
        (a, fa) = (x, fx);
        let best = if fa.abs() < fb.abs() { a } else { b };
        let width = (b - a).abs();
        let least = (2.0 * f64::EPSILON * best.abs() + f64::MIN_POSITIVE) / width;
        if fa == 0.0 || least > 0.5 {
            return if fa == 0.0 { a } else { best };
        }
        let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
        t = if phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi {
            fa / (fb - fa) * (fc / (fb - fc)) + (c - a) / (b - a) * (fa / (fc - fa)) * (fb / (fc - fb))
        } else {
            0.5
        };
        t = if t.is_nan() { 0.5 } else { t.clamp(least, 1.0 - least) };
    }
    if fa.abs() < fb.abs() { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_roots() {
        let near = |x: f64, y: f64| assert!((x - y).abs() <= 4e-16 * y.abs().max(1e-300), "{x} {y}");
        near(zero(0.0, 2.0, |x| x * x - 2.0), 2.0_f64.sqrt());
        near(zero(2.0, 0.0, |x| 2.0 - x * x), 2.0_f64.sqrt());
        // poles at both ends
        near(zero(0.0, 1.0, |x| 3.0 / x - 1.0 / (1.0 - x)), 0.75);
        near(zero(-1.0, 1.0, |x| x * x * x), 0.0);
        assert_eq!(zero(0.0, 1.0, |x| x), 0.0);
        assert_eq!(zero(0.0, 1.0, |x| x - 1.0), 1.0);
        assert!(zero(0.0, 1.0, |x| x + 1.0).is_nan());
        assert!(zero(0.0, 1.0, |_| f64::NAN).is_nan());
        // a step
        let at = zero(0.0, 1.0, |x| if x < 0.3 { -1.0 } else { 1.0 });
        assert!((at - 0.3).abs() < 1e-15);
    }
}
