//! Normal and gamma functions against R, against other formulas, and slices against scalars.

use patency::analysis::wald::t_upper_tail;
use patency::math::special::{
    gamma_cdf, gamma_tail, ln_gamma, normal_cdf, normal_cdf_slice, normal_quantile, normal_quantile_slice, normal_tail,
};
use patency::math::tail::noncentral_t_tail;

fn relative(found: f64, wanted: f64) -> f64 {
    if found == wanted { 0.0 } else { ((found - wanted) / wanted).abs() }
}

#[test]
fn reference_r() {
    let mut rows = 0;
    for line in include_str!("reference/special.csv").lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        let [a, x, wanted] = [1, 2, 3].map(|i| fields[i].parse::<f64>().unwrap());
        let (found, tolerance) = match fields[0] {
            "normal_quantile" => (normal_quantile(x), 1e-15),
            "normal_cdf" => (normal_cdf(x), 1e-14),
            "normal_tail" => (normal_tail(x), 1e-14),
            "normal_tail_by_gamma" => (normal_tail(x), 2e-13),
            "gamma_cdf" => (gamma_cdf(a, x), 1e-12),
            "gamma_tail" => (gamma_tail(a, x), 1e-12),
            "ln_gamma" => (ln_gamma(x), 1e-13),
            other => panic!("{other}"),
        };
        let error = relative(found, wanted);
        assert!(error <= tolerance, "{line}: found {found:e}, relative error {error:e}");
        rows += 1;
    }
    assert_eq!(rows, 201);
}

#[test]
fn twin_cdf_of_quantile() {
    for i in 1..20_000 {
        let u = 2.0_f64.powf(-f64::from(i) * 0.05);
        let error = relative(normal_cdf(normal_quantile(u)), u);
        // An error of an ulp in z is worth z · φ(z)/Φ(z) ≈ z² ulps.
        let z = normal_quantile(u);
        assert!(error < 1e-15 * (2.0 + z * z), "{u:e}: {error:e}");
    }
}

/// R 4.2.2: `1 - pt(t, df, ncp)`.
#[test]
fn reference_noncentral_t() {
    for (t, df, delta, expected) in [
        (2.5, 3.0, 1.2, 0.217_577_405_384_513),
        (6.3, 1.0, 0.7, 0.105_379_642_439_855),
        (1.7, 40.0, -1.0, 0.004_107_153_133_540_26),
        (2.0, 1000.0, 3.0, 0.841_224_017_476_378),
    ] {
        let found = noncentral_t_tail(t, df, delta);
        assert!((found - expected).abs() < 1e-9, "{t} {df} {delta}: {found}");
    }
    // without an effect it is Student's
    assert!((noncentral_t_tail(1.5, 7.0, 0.0) - t_upper_tail(1.5, 7.0)).abs() < 1e-10);
    assert!(noncentral_t_tail(f64::NAN, 7.0, 0.0).is_nan() && noncentral_t_tail(1.0, 0.5, 0.0).is_nan());
}

#[test]
fn by_hand_ends() {
    assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    assert_eq!(normal_quantile(1.0), f64::INFINITY);
    assert_eq!(normal_quantile(0.5), 0.0);
    for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(normal_quantile(bad).is_nan(), "{bad}");
    }
    assert_eq!(normal_cdf(0.0), 0.5);
    assert_eq!(normal_cdf(f64::NEG_INFINITY), 0.0);
    assert_eq!(normal_cdf(f64::INFINITY), 1.0);
    assert_eq!(normal_tail(f64::INFINITY), 0.0);
    assert!(normal_cdf(f64::NAN).is_nan());
    assert_eq!(normal_quantile(0.25), -normal_quantile(0.75));
    // P(1, x) = 1 − e⁻ˣ; Q(2, x) = (1 + x)e⁻ˣ.
    assert!(relative(gamma_tail(2.0, 3.0), 4.0 * (-3.0_f64).exp()) < 1e-14);
    assert!(relative(gamma_cdf(1.0, 1e-8), 9.999_999_95e-9) < 1e-13);
    assert_eq!([gamma_cdf(2.0, 0.0), gamma_tail(2.0, f64::INFINITY)], [0.0, 0.0]);
    assert!(gamma_cdf(0.0, 1.0).is_nan() && gamma_tail(f64::NAN, 1.0).is_nan());
}

#[test]
fn twin_slices_have_the_bits_of_scalars() {
    let mut u = vec![0.0, 1.0, f64::NAN, -1.0, 2.0, f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0, 1e-300];
    u.extend((1..2000).map(|i| f64::from(i) / 2000.0));
    u.extend((1..1000).map(|i| 2.0_f64.powf(-f64::from(i) * 0.3)));
    let mut z = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 1e-320];
    z.extend((0..4000).map(|i| -42.0 + 0.021 * f64::from(i)));
    for n in [0, 1, 2, 255, 256, 257, 512, 700, u.len()] {
        let mut out = vec![0.0; n];
        normal_quantile_slice(&u[..n], &mut out);
        for (u, o) in u.iter().zip(&out) {
            let wanted = normal_quantile(*u);
            assert!(o.to_bits() == wanted.to_bits() || o.is_nan() && wanted.is_nan(), "{u:e}");
        }
        normal_cdf_slice(&z[..n], &mut out);
        for (z, o) in z.iter().zip(&out) {
            let wanted = normal_cdf(*z);
            assert!(o.to_bits() == wanted.to_bits() || o.is_nan() && wanted.is_nan(), "{z:e}");
        }
    }
}
