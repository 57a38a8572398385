//! eˣ and ln x against the system's, which errs by less than 1 ulp itself.

use patency::math::elementary::{
    exp, exp_in_place, exp_m1, exp_slice, expit, floor, ln, ln_1p, ln_in_place, ln_slice, logit, round,
};
use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Distance in units of the last place, for values of one sign.
fn ulps(a: f64, b: f64) -> u64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        return 0;
    }
    if a.is_nan() || b.is_nan() || a.is_sign_negative() != b.is_sign_negative() {
        return u64::MAX;
    }
    a.to_bits().abs_diff(b.to_bits())
}

/// A million numbers uniform on (low, high).
fn uniforms(low: f64, high: f64) -> Vec<f64> {
    let mut words = Xoshiro256PlusPlus::seed_from_u64(1);
    (0..1_000_000).map(|_| low + (high - low) * (words.next_u64() >> 11) as f64 / 2f64.powi(53)).collect()
}

fn worst(points: &[f64], ours: fn(f64) -> f64, system: fn(f64) -> f64) -> u64 {
    points.iter().map(|x| ulps(ours(*x), system(*x))).max().expect("there are points")
}

#[test]
fn reference_exp_is_within_one_ulp_of_the_systems() {
    for (low, high) in [(-745.2, 709.8), (-1.0, 1.0), (-1e-8, 1e-8), (-745.2, -708.0)] {
        assert!(worst(&uniforms(low, high), exp, f64::exp) <= 1);
    }
}

#[test]
fn reference_ln_is_within_one_ulp_of_the_systems() {
    for (low, high) in [(0.0, 1.0), (0.5, 2.0), (1.0 - 1e-9, 1.0 + 1e-9), (0.0, 1e300), (0.0, 1e-307)] {
        assert!(worst(&uniforms(low, high), ln, f64::ln) <= 1);
    }
    let all_sizes: Vec<f64> = uniforms(-745.0, 709.7).into_iter().map(f64::exp).collect();
    assert!(worst(&all_sizes, ln, f64::ln) <= 1);
}

#[test]
fn reference_differences_near_one_are_within_four_ulp_of_the_systems() {
    for (low, high) in [(-40.0, 700.0), (-1.0, 1.0), (-1e-8, 1e-8), (-1e-300, 1e-300)] {
        assert!(worst(&uniforms(low, high), exp_m1, f64::exp_m1) <= 4);
    }
    for (low, high) in [(-1.0, 1.0), (0.0, 1e300), (-1e-8, 1e-8), (-1e-300, 1e-300)] {
        assert!(worst(&uniforms(low, high), ln_1p, f64::ln_1p) <= 4);
    }
    let inf = f64::INFINITY;
    assert_eq!([exp_m1(-inf), exp_m1(-800.0), exp_m1(0.0), exp_m1(inf)], [-1.0, -1.0, 0.0, inf]);
    assert_eq!([ln_1p(-1.0), ln_1p(0.0), ln_1p(inf)], [-inf, 0.0, inf]);
    assert!(ln_1p(-1.1).is_nan());
}

#[test]
fn by_hand_exp_at_its_edges() {
    let inf = f64::INFINITY;
    for (x, y) in
        [(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0), (710.0, inf), (1e300, inf), (-746.0, 0.0), (-1e300, 0.0)]
    {
        assert_eq!(exp(x), y, "exp({x})");
    }
    assert!(exp(f64::NAN).is_nan());
    assert_eq!(exp(709.782_712_893_383_9), 709.782_712_893_383_9_f64.exp());
    // the smallest subnormal is reached, and nothing below half of it
    assert_eq!(exp(-745.1), 5e-324);
    assert_eq!(exp(-745.2), 0.0);
}

#[test]
fn by_hand_ln_at_its_edges() {
    let inf = f64::INFINITY;
    for (x, y) in [(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (inf, inf), (5e-324, -744.440_071_921_381_2)] {
        assert_eq!(ln(x), y, "ln({x})");
    }
    for x in [-1.0, -5e-324, -inf, f64::NAN] {
        assert!(ln(x).is_nan(), "ln({x})");
    }
    assert!(ln(1.0).is_sign_positive());
}

#[test]
fn by_hand_expit_and_logit_in_both_tails() {
    assert_eq!(expit(0.0), 0.5);
    assert_eq!(expit(f64::INFINITY), 1.0);
    assert_eq!(expit(f64::NEG_INFINITY), 0.0);
    assert_eq!(expit(-740.0), exp(-740.0));
    assert_eq!(logit(0.0), f64::NEG_INFINITY);
    assert_eq!(logit(1.0), f64::INFINITY);
    assert_eq!(logit(0.5), 0.0);
    assert!(logit(1.5).is_nan() && logit(-0.5).is_nan() && expit(f64::NAN).is_nan());
    assert!((logit(0.75) - 3f64.ln()).abs() < 1e-15);
    assert!((expit(3f64.ln()) - 0.75).abs() < 1e-15);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twin_rounding_is_the_standard_librarys(x in prop_oneof![
        any::<f64>(), (-20i32..20).prop_map(|k| f64::from(k) / 4.0), -1e17..1e17,
        Just(0.5f64.next_down()), Just(-0.5f64.next_down()), Just(4_503_599_627_370_495.5),
    ]) {
        prop_assert_eq!(ulps(round(x) + 0.0, x.round() + 0.0), 0);
        prop_assert_eq!(ulps(floor(x) + 0.0, x.floor() + 0.0), 0);
    }

    #[test]
    fn contract_slices_hold_the_bits_of_single_values(x in prop::collection::vec(any::<f64>(), 0..40)) {
        let bits = |xs: &[f64]| xs.iter().map(|x| if x.is_nan() { 0 } else { x.to_bits() }).collect::<Vec<_>>();
        let mut out = vec![0.0; x.len()];
        exp_slice(&x, &mut out);
        let single: Vec<f64> = x.iter().map(|x| exp(*x)).collect();
        prop_assert_eq!(bits(&out), bits(&single));
        ln_slice(&x, &mut out);
        let single: Vec<f64> = x.iter().map(|x| ln(*x)).collect();
        prop_assert_eq!(bits(&out), bits(&single));
        out.copy_from_slice(&x);
        ln_in_place(&mut out);
        prop_assert_eq!(bits(&out), bits(&single));
        out.copy_from_slice(&x);
        exp_in_place(&mut out);
        let single: Vec<f64> = x.iter().map(|x| exp(*x)).collect();
        prop_assert_eq!(bits(&out), bits(&single));
    }
}
