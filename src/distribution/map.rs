//! Maps of whole columns: short loops over slices, so that they vectorise, with what depends on one number hoisted.

use super::Arg;
use crate::math::elementary::ln_normal;
use crate::math::wide::wide;

/// out\[i\] ← f(out\[i\], p\[i\]), the same bits whether the parameter is one number or a column of it.
#[inline(always)]
pub(super) fn each(out: &mut [f64], p: Arg<'_>, f: impl Fn(f64, f64) -> f64) {
    match p {
        Arg::One(p) => wide!(for o in &mut *out {
            *o = f(*o, p);
        }),
        Arg::Each(p) => wide!(for (o, p) in out.iter_mut().zip(p) {
            *o = f(*o, *p);
        }),
    }
}

/// out\[i\] = −ln(1 − u\[i\]), the cumulative hazard at the event: positive and finite.
pub(super) fn cumulative_hazard(u: &[f64], out: &mut [f64]) {
    wide!(for (o, u) in out.iter_mut().zip(u) {
        // Uniforms reach 1 − 2⁻⁵³ but not 1, which only the normal score of a remote tail rounds to. And a hazard of exactly 0
        // would turn never (× ∞) into NaN.
        *o = (-ln_normal((1.0 - u).max(f64::EPSILON / 2.0))).max(f64::MIN_POSITIVE);
    });
}

/// out\[i\] ← out\[i\] / rate\[i\]; never where the rate is 0.
#[inline(always)]
pub(super) fn over_rate(out: &mut [f64], rate: Arg<'_>) {
    // |rate|: a rate of −0 is a rate of 0.
    each(out, rate, |hazard, rate| hazard * (1.0 / rate.abs()));
}
