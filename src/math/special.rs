//! Special functions: the normal distribution both ways, and the gamma function's family.
//!
//! Every function on slices gives the same bits as its scalar twin.

use crate::math::elementary::{exp, ln};
use crate::math::wide::wide;

/// Values mapped at a time: buffers of this length stay in the first-level cache.
const BLOCK: usize = 256;

/// Φ⁻¹(u), the standard normal quantile function; −∞ at 0, +∞ at 1, NaN outside \[0, 1\].
///
/// Numerics: relative error below 1e-15; of the approximation itself 7e-17.
/// Source: Wichura (1988), Applied Statistics 37:477–484, algorithm AS 241, PPND16.
#[must_use]
pub fn normal_quantile(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() > CENTRE {
        let p = u.min(1.0 - u);
        let z = if p > FAR { quantile_tail((-ln(p)).sqrt()) } else { quantile_far(p) };
        z.copysign(q)
    } else {
        quantile_centre(q)
    }
}

/// out\[i\] = Φ⁻¹(u\[i\]), with the bits of [`normal_quantile`]: the centre's formula for all, then the tails (15%)
/// gathered, mapped and put back, each loop without branches.
///
/// # Panics
/// When the lengths differ.
pub fn normal_quantile_slice(u: &[f64], out: &mut [f64]) {
    assert_eq!(u.len(), out.len(), "a quantile for each probability");
    wide!(quantiles(u, out));
}

#[inline(always)]
fn quantiles(u: &[f64], out: &mut [f64]) {
    let mut index = [0_u16; BLOCK];
    let mut tail = [0.0; BLOCK];
    let mut score = [0.0; BLOCK];
    for (u, out) in u.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        for (o, u) in out.iter_mut().zip(u) {
            *o = quantile_centre(u - 0.5);
        }
        let mut m = 0;
        for (i, u) in (0_u16..).zip(u) {
            index[m] = i;
            tail[m] = u.min(1.0 - u);
            m += usize::from((u - 0.5).abs() > CENTRE);
        }
        let (index, tail, score) = (&index[..m], &tail[..m], &mut score[..m]);
        for (s, p) in score.iter_mut().zip(tail) {
            *s = quantile_tail((-ln(*p)).sqrt());
        }
        for ((i, p), z) in index.iter().zip(tail).zip(score) {
            let i = usize::from(*i);
            let z = if *p > FAR { *z } else { quantile_far(*p) };
            out[i] = z.copysign(u[i] - 0.5);
        }
    }
}

/// Φ(z) = P(Z ≤ z), the standard normal distribution function.
///
/// Numerics: relative error below 1e-14 as far as Φ(z) is a normal number (z > −37.5).
/// Source: Cody (1969), Mathematics of Computation 23:631–637; (1993), ACM TOMS 19:22–32, algorithm 715.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    let y = z.abs();
    if y <= NARROW {
        return 0.5 + z * cdf_centre(z * z);
    }
    let tail = upper_tail(y);
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// 1 − Φ(z) = P(Z > z), without cancellation.
#[must_use]
pub fn normal_tail(z: f64) -> f64 {
    normal_cdf(-z)
}

/// out\[i\] = Φ(z\[i\]), with the bits of [`normal_cdf`].
///
/// # Panics
/// When the lengths differ.
pub fn normal_cdf_slice(z: &[f64], out: &mut [f64]) {
    assert_eq!(z.len(), out.len(), "a probability for each score");
    wide!(probabilities(z, out));
}

/// The centre's formula and the tail's for everyone, then a choice; what lies far out is put right one by one.
#[inline(always)]
fn probabilities(z: &[f64], out: &mut [f64]) {
    let mut far = false;
    for (o, &z) in out.iter_mut().zip(z) {
        let y = z.abs();
        let centre = 0.5 + z * cdf_centre(z * z);
        let tail = scale(y) * cdf_tail(y);
        let tail = if z < 0.0 { tail } else { 1.0 - tail };
        *o = if y <= NARROW { centre } else { tail };
        far |= y > WIDE;
    }
    if far {
        for (o, &z) in out.iter_mut().zip(z).filter(|(_, z)| z.abs() > WIDE) {
            *o = normal_cdf(z);
        }
    }
}

/// ln Γ(x) for x > 0.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    statrs::function::gamma::ln_gamma(x)
}

/// P(a, x) = ∫₀ˣ tᵃ⁻¹e⁻ᵗ dt / Γ(a): the distribution function of a gamma variable with shape a and scale 1;
/// NaN unless a is finite and positive.
#[must_use]
pub fn gamma_cdf(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return if a > 0.0 { 0.0 } else { f64::NAN };
    }
    if x == f64::INFINITY {
        return if a > 0.0 { 1.0 } else { f64::NAN };
    }
    statrs::function::gamma::checked_gamma_lr(a, x).unwrap_or(f64::NAN)
}

/// Q(a, x) = 1 − P(a, x), without cancellation.
#[must_use]
pub fn gamma_tail(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return if a > 0.0 { 1.0 } else { f64::NAN };
    }
    if x == f64::INFINITY {
        return if a > 0.0 { 0.0 } else { f64::NAN };
    }
    statrs::function::gamma::checked_gamma_ur(a, x).unwrap_or(f64::NAN)
}

/// 1 − I_x(a, b): the probability that a beta variable with shapes a and b exceeds x, without cancellation; NaN unless both shapes
/// are finite and positive.
#[must_use]
pub fn beta_tail(a: f64, b: f64, x: f64) -> f64 {
    let inside = a.is_finite() && b.is_finite();
    if !(inside && a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    statrs::function::beta::checked_beta_reg(b, a, 1.0 - x.clamp(0.0, 1.0)).unwrap_or(f64::NAN)
}

/// Half width in probability of the central region of AS 241.
const CENTRE: f64 = 0.425;
/// e⁻²⁵: below it AS 241 changes to its third region.
const FAR: f64 = 1.388_794_386_496_402e-11;
/// Where Cody's central region of Φ ends.
const NARROW: f64 = 0.66291;
/// √32: where Cody's asymptotic region of Φ begins.
const WIDE: f64 = 5.656_854_249_492_381;

/// c₀ + c₁x + … by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    let mut sum = c[N - 1];
    for c in c[..N - 1].iter().rev() {
        sum = sum * x + c;
    }
    sum
}

#[inline(always)]
fn quantile_centre(q: f64) -> f64 {
    let r = 0.180_625 - q * q;
    q * polynomial(r, &as241::A) / polynomial(r, &as241::B)
}

/// `r` = √(−ln p), from √(−ln .075) to 5.
#[inline(always)]
fn quantile_tail(r: f64) -> f64 {
    let r = r - 1.6;
    polynomial(r, &as241::C) / polynomial(r, &as241::D)
}

/// Upper quantile of a probability that may be 0, or no probability at all.
#[cold]
fn quantile_far(p: f64) -> f64 {
    if p > 0.0 {
        let r = (-ln(p)).sqrt() - 5.0;
        polynomial(r, &as241::E) / polynomial(r, &as241::F)
    } else if p == 0.0 {
        f64::INFINITY
    } else {
        f64::NAN
    }
}

/// −y²/2 in two parts, the first exact: the error of squaring y would grow with y in e^(−y²/2).
#[inline(always)]
fn split(y: f64) -> (f64, f64) {
    // Adding and taking away 2⁵² rounds to a whole number, here of sixteenths, without a library call.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let s = ((y * 16.0 + WHOLE) - WHOLE) * 0.0625;
    (-0.5 * s * s, -0.5 * (y - s) * (y + s))
}

#[inline(always)]
fn cdf_centre(square: f64) -> f64 {
    polynomial(square, &cody::A) / polynomial(square, &cody::B)
}

/// P(Z > y) / e^(−y²/2) for y from [`NARROW`] to [`WIDE`].
#[inline(always)]
fn cdf_tail(y: f64) -> f64 {
    polynomial(y, &cody::C) / polynomial(y, &cody::D)
}

/// P(Z > y) for y > [`NARROW`].
fn upper_tail(y: f64) -> f64 {
    // Beyond 40 the result is 0; infinity would become NaN below.
    if y > 40.0 {
        return 0.0;
    }
    if y > WIDE {
        let x = 1.0 / (y * y);
        let r = x * polynomial(x, &cody::P) / polynomial(x, &cody::Q);
        return scale(y) * ((cody::INVERSE_ROOT_2PI - r) / y);
    }
    scale(y) * cdf_tail(y)
}

/// e^(−y²/2).
#[inline(always)]
fn scale(y: f64) -> f64 {
    let (coarse, rest) = split(y);
    exp(coarse) * exp(rest)
}

/// Coefficients of AS 241 as printed.
#[expect(clippy::excessive_precision, reason = "as printed")]
#[rustfmt::skip]
mod as241 {
    pub(super) const A: [f64; 8] = [
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
    ];
    pub(super) const B: [f64; 8] = [
        1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
    ];
    pub(super) const C: [f64; 8] = [
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ];
    pub(super) const D: [f64; 8] = [
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ];
    pub(super) const E: [f64; 8] = [
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ];
    pub(super) const F: [f64; 8] = [
        1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
    ];
}

/// Cody's coefficients for the normal distribution function, in ascending powers.
#[expect(clippy::excessive_precision, reason = "as printed")]
#[rustfmt::skip]
mod cody {
    pub(super) const A: [f64; 5] = [
        1.8154981253343561249e4, 1.0676894854603709582e3, 1.6102823106855587881e2, 2.2352520354606839287e0, 6.5682337918207449113e-2,
    ];
    pub(super) const B: [f64; 5] = [
        4.5507789335026729956e4, 1.0260932208618978205e4, 9.7609855173777669322e2, 4.7202581904688241870e1, 1.0,
    ];
    pub(super) const C: [f64; 9] = [
        9.8427148383839780218e3, 1.1602651437647350124e4, 6.8481904505362823326e3, 2.4945375852903726711e3, 5.9727027639480026226e2,
        9.3506656132177855979e1, 8.8831497943883759412e0, 3.9894151208813466764e-1, 1.0765576773720192317e-8,
    ];
    pub(super) const D: [f64; 9] = [
        1.9685429676859990727e4, 3.8912003286093271411e4, 3.4900952721145977266e4, 1.8615571640885098091e4, 6.4855582982667607550e3,
        1.5193775994075548050e3, 2.3538790178262499861e2, 2.2266688044328115691e1, 1.0,
    ];
    pub(super) const P: [f64; 6] = [
        2.9112874951168792e-5, 1.421619193227893466e-3, 2.2235277870649807e-2, 1.274011611602473639e-1, 2.1589853405795699e-1, 2.307344176494017303e-2,
    ];
    pub(super) const Q: [f64; 6] = [
        7.29751555083966205e-5, 3.78239633202758244e-3, 6.59881378689285515e-2, 4.68238212480865118e-1, 1.28426009614491121e0, 1.0,
    ];
    pub(super) const INVERSE_ROOT_2PI: f64 = 3.9894228040143267794e-1;
}
