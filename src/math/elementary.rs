//! eˣ and ln x from + − × ÷ and operations on bits only: no branches, no tables, the same bits on every platform with
//! IEEE 754 arithmetic, and loops over slices that compilers vectorise.
//!
//! Source: K. C. Ng, W. Kahan (Sun Microsystems 1993), fdlibm, `e_exp.c` and `e_log.c`: argument reduction and
//! minimax coefficients. Errors stay below 1 ulp.

#![allow(clippy::excessive_precision)]

use crate::math::wide::wide;

/// Upper part of ln 2, with 21 trailing zero bits, so that k × it is exact for |k| < 2²⁰.
const LN2_HI: f64 = 6.931_471_803_691_238_164_90e-1;
/// ln 2 − [`LN2_HI`].
const LN2_LO: f64 = 1.908_214_929_270_587_700_02e-10;
/// 1 / ln 2.
const INV_LN2: f64 = std::f64::consts::LOG2_E;

/// 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the low bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// 2⁵².
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// eˣ.
#[must_use]
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    const P1: f64 = 1.666_666_666_666_660_190_37e-1;
    const P2: f64 = -2.777_777_777_701_559_338_42e-3;
    const P3: f64 = 6.613_756_321_437_934_361_17e-5;
    const P4: f64 = -1.653_390_220_546_525_153_90e-6;
    const P5: f64 = 4.138_136_797_057_238_460_39e-8;
    // Beyond these the result is infinite or 0 anyway; NaN passes both comparisons.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let shifted = x * INV_LN2 + ROUNDER;
    let k = shifted - ROUNDER;
    let hi = x - k * LN2_HI;
    let lo = k * LN2_LO;
    let r = hi - lo;
    let t = r * r;
    let c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
    let y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi);
    // 2ᵏ in two factors, both normal, so that subnormal results are rounded once. k + 2048 is positive: a logical
    // shift halves it (an arithmetic one on 64 bits has no SSE2 instruction).
    let k = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(2048);
    let half = k >> 1;
    let first = f64::from_bits(half.wrapping_sub(1) << 52);
    let second = f64::from_bits(k.wrapping_sub(half).wrapping_sub(1) << 52);
    y * first * second
}

/// ln x: −∞ at 0, NaN below 0.
#[must_use]
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let scaled = if subnormal { x * 18_014_398_509_481_984.0 } else { x };
    let y = ln_scaled(scaled, if subnormal { 1023.0 + 54.0 } else { 1023.0 });
    let y = if x == f64::INFINITY { x } else { y };
    let y = if x > 0.0 { y } else { f64::NAN };
    if x == 0.0 { f64::NEG_INFINITY } else { y }
}

/// ln x of a positive, finite, normal x, to the same bits as [`ln`] and without its special cases.
#[must_use]
#[inline(always)]
pub fn ln_normal(x: f64) -> f64 {
    ln_scaled(x, 1023.0)
}

/// ln(x · 2^(1023 − bias)) of a positive, finite, normal x.
#[inline(always)]
fn ln_scaled(x: f64, bias: f64) -> f64 {
    const L1: f64 = 6.666_666_666_666_735_130_28e-1;
    const L2: f64 = 3.999_999_999_940_941_908_67e-1;
    const L3: f64 = 2.857_142_874_366_239_149_38e-1;
    const L4: f64 = 2.222_219_843_214_978_396_11e-1;
    const L5: f64 = 1.818_357_216_161_805_012_22e-1;
    const L6: f64 = 1.531_383_769_920_937_332_03e-1;
    const L7: f64 = 1.479_819_860_511_658_591_39e-1;
    /// Bits of 1 minus (rounded) bits of √½: mantissas come to lie in [√½, √2).
    const SHIFT: u64 = 0x3FF0_0000_0000_0000 - 0x3FE6_A09E_0000_0000;
    let bits = x.to_bits().wrapping_add(SHIFT);
    // The exponent as a number without an integer conversion, which has no SSE2 instruction on 64 bits.
    let k = f64::from_bits((bits >> 52) | TWO_52.to_bits()) - TWO_52 - bias;
    let m = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF).wrapping_add(0x3FE6_A09E_0000_0000));
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (L2 + w * (L4 + w * L6));
    let odd = z * (L1 + w * (L3 + w * (L5 + w * L7)));
    let half = 0.5 * f * f;
    s * (half + (even + odd)) + k * LN2_LO - half + f + k * LN2_HI
}

/// eˣ − 1, with full relative accuracy near 0.
///
/// Source: Kahan's correction of a rounded eˣ by its own logarithm; Higham, Accuracy and Stability of Numerical Algorithms (2002),
/// section 1.14.1. Errors stay below 4 ulp.
#[must_use]
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    let e = exp(x);
    let less = e - 1.0;
    if less == 0.0 {
        x
    } else if less == -1.0 || e == f64::INFINITY {
        less
    } else {
        less * (x / ln(e))
    }
}

/// ln(1 + x), with full relative accuracy near 0: −∞ at −1, NaN below.
///
/// Source: Kahan's correction of a rounded 1 + x; Goldberg, ACM Computing Surveys 23 (1991), theorem 4. Errors stay below 4 ulp.
#[must_use]
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
    let more = 1.0 + x;
    let excess = more - 1.0;
    if excess == 0.0 {
        x
    } else if more == 0.0 || more == f64::INFINITY {
        ln(more)
    } else {
        ln(more) * (x / excess)
    }
}

/// 1 / (1 + e⁻ˣ), with full relative accuracy in both tails.
#[must_use]
#[inline(always)]
pub fn expit(x: f64) -> f64 {
    let e = exp(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    numerator / (1.0 + e)
}

/// ln(p / (1 − p)): −∞ at 0, ∞ at 1, NaN outside \[0, 1\].
#[must_use]
#[inline(always)]
pub fn logit(p: f64) -> f64 {
    ln(p / (1.0 - p))
}

/// Nearest integer, halves away from 0.
#[must_use]
#[inline(always)]
pub fn round(x: f64) -> f64 {
    let size = x.abs();
    let even = (size + TWO_52) - TWO_52;
    let away = if size - even >= 0.5 { even + 1.0 } else { even };
    let rounded = if size < TWO_52 { away } else { size };
    rounded.copysign(x)
}

/// Largest integer ≤ x.
#[must_use]
#[inline(always)]
pub fn floor(x: f64) -> f64 {
    let size = x.abs();
    let even = ((size + TWO_52) - TWO_52).copysign(x);
    let down = if even > x { even - 1.0 } else { even };
    if size < TWO_52 { down } else { x }
}

/// out\[i\] = e to the power x\[i\].
pub fn exp_slice(x: &[f64], out: &mut [f64]) {
    wide!(for (o, x) in out.iter_mut().zip(x) {
        *o = exp(*x);
    });
}

/// x\[i\] ← e to the power x\[i\].
pub fn exp_in_place(x: &mut [f64]) {
    wide!(for x in &mut *x {
        *x = exp(*x);
    });
}

/// out\[i\] = ln x\[i\].
pub fn ln_slice(x: &[f64], out: &mut [f64]) {
    wide!(for (o, x) in out.iter_mut().zip(x) {
        *o = ln(*x);
    });
}

/// x\[i\] ← ln x\[i\].
pub fn ln_in_place(x: &mut [f64]) {
    wide!(for x in &mut *x {
        *x = ln(*x);
    });
}
