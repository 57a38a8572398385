//! Closed forms on the smallest data with ties.

use patency::analysis::{Rule, Scratch, Status};
use patency::math::tail::normal_upper_tail;
use patency::scenario::form::Value;

use super::{Data, RULE, method, number, word};
use crate::analysis_survival::near;

// Control: events at 1, 2, 2, censored at 4. Experimental: event at 2, censored at 3, event at 5.
const TINY: [(f64, u8, u8); 7] =
    [(1.0, 1, 0), (2.0, 1, 0), (2.0, 1, 0), (4.0, 0, 0), (2.0, 1, 1), (3.0, 0, 1), (5.0, 1, 1)];

// time 1: r = 7, r₁ = 3, d = 1: excess −3/7, variance 12/49; S− = 1
// time 2: r = 6, r₁ = 3, d = 3: excess 1 − 3/2, variance 3 · ¼ · 3/5; S− = 6/7
// time 5: r = 1: excess 0, variance 0; S− = 3/7
const EXCESS: [f64; 2] = [-3.0 / 7.0, -0.5];
const VARIANCE: [f64; 2] = [12.0 / 49.0, 0.45];

#[test]
fn by_hand_fleming_harrington() {
    for (rho, gamma, weights) in [
        (0.0, 0.0, [1.0, 1.0]),
        (1.0, 0.0, [1.0, 6.0 / 7.0]),
        (0.0, 1.0, [0.0, 1.0 / 7.0]),
        (2.0, 1.0, [0.0, 36.0 / 343.0]),
    ] {
        let e =
            Data::of(&TINY).analyse(&*method("weighted-log-rank", &[("rho", number(rho)), ("gamma", number(gamma))]));
        let score = weights[0] * EXCESS[0] + weights[1] * EXCESS[1];
        let variance = weights[0].powi(2) * VARIANCE[0] + weights[1].powi(2) * VARIANCE[1];
        near(e.parts[0], score, 1e-14);
        near(e.parts[1], variance, 1e-14);
        // fewer events than expected under treatment: in favour
        near(e.z, -score / variance.sqrt(), 1e-14);
        near(e.p, normal_upper_tail(e.z), 1e-15);
        assert_eq!((e.n, e.events, e.status), (7, 5, Status::Estimated));
        assert!(e.estimate.is_nan() && e.se.is_nan());
    }
}

#[test]
fn by_hand_modest_weights() {
    // S(2) = 3/7: an event after 2 would weigh 7/3; before, 1 and 7/6
    for (key, x, second) in [
        ("at", 6.0, 7.0 / 6.0),
        ("at", 1.5, 7.0 / 6.0),
        ("at", 0.5, 1.0),
        ("survival", 0.9, 1.0 / 0.9),
        ("survival", 0.5, 7.0 / 6.0),
    ] {
        let e = Data::of(&TINY).analyse(&*method("modestly-weighted-log-rank", &[(key, number(x))]));
        near(e.parts[0], EXCESS[0] + second * EXCESS[1], 1e-14);
        near(e.parts[1], VARIANCE[0] + second * second * VARIANCE[1], 1e-14);
        near(e.z, -e.parts[0] / e.parts[1].sqrt(), 1e-14);
    }
    // an event on the day itself has happened: with t* = 1 the weight at 2 is 1/S(1) = 7/6; and it rises no further
    let longer = Data::of(&[&TINY[..], &[(6.0, 1, 0), (7.0, 0, 1)]].concat());
    // r = 9, 8; S− = 1, 8/9, 5/9 and at 6 (r = 2, r₁ = 1) 5/9 · 2/3
    let of = |at: f64| longer.analyse(&*method("modestly-weighted-log-rank", &[("at", number(at))])).parts[0];
    let excess = [-4.0 / 9.0, 1.0 - 3.0 * 0.5, 1.0 - 2.0 / 3.0, -0.5];
    let total = |weights: [f64; 4]| weights.iter().zip(excess).map(|(w, x)| w * x).sum::<f64>();
    near(of(1.0), total([1.0, 9.0 / 8.0, 9.0 / 8.0, 9.0 / 8.0]), 1e-14);
    near(of(2.0), total([1.0, 9.0 / 8.0, 9.0 / 5.0, 9.0 / 5.0]), 1e-14);
    near(of(9.0), total([1.0, 9.0 / 8.0, 9.0 / 5.0, 27.0 / 10.0]), 1e-14);
}

#[test]
fn by_hand_strata_add_up() {
    // one stratum is TINY, the other has two patients at risk at its only event
    let mut data = Data::of(&[&[(2.0, 1, 1), (2.0, 0, 0)], &TINY[..]].concat());
    data.strata = vec![1, 1, 0, 0, 0, 0, 0, 0, 0];
    let e = data.analyse(&*method("log-rank", &[]));
    let (o_e, v) = (EXCESS[0] + EXCESS[1] + 0.5, VARIANCE[0] + VARIANCE[1] + 0.25);
    near(e.estimate, o_e / v, 1e-14);
    near(e.se, 1.0 / v.sqrt(), 1e-14);
    assert_eq!((e.parts[0], e.parts[2], e.events), (3.0, 3.0, 6));
    // survival begins anew in each stratum: with γ = 1 the first event of a stratum weighs nothing
    let late = data.analyse(&*method("weighted-log-rank", &[("gamma", number(1.0))]));
    near(late.parts[0], EXCESS[1] / 7.0, 1e-14);
    let modest = data.analyse(&*method("modestly-weighted-log-rank", &[("at", number(1.5))]));
    near(modest.parts[0], EXCESS[0] + 7.0 / 6.0 * EXCESS[1] + 0.5, 1e-14);
}

/// A list of pairs of powers.
pub(super) fn tests(tests: &[[f64; 2]]) -> Value {
    let list = |xs: Vec<Value>| Value::List(xs.into_iter().map(|x| (x, 0..0)).collect());
    list(tests.iter().map(|t| list(t.map(number).to_vec())).collect())
}

#[test]
fn by_hand_max_combo_of_two() {
    let e = Data::of(&TINY).analyse(&*method("max-combo", &[("tests", tests(&[[0.0, 0.0], [1.0, 0.0]]))]));
    let sums = |w: f64| (EXCESS[0] + w * EXCESS[1], VARIANCE[0] + w * w * VARIANCE[1]);
    let ((u, v), (u2, v2)) = (sums(1.0), sums(6.0 / 7.0));
    let (z, z2) = (-u / v.sqrt(), -u2 / v2.sqrt());
    near(e.parts[0], z, 1e-14);
    near(e.parts[1], z2, 1e-14);
    assert_eq!(e.z, z.max(z2));
    // P(max ≥ z) by conditioning on the first: ∫ φ(x) Φ((z − ρx)/√(1 − ρ²)) dx over (−∞, z), by Simpson's rule
    let rho = (VARIANCE[0] + 6.0 / 7.0 * VARIANCE[1]) / (v * v2).sqrt();
    let inside = |low: f64, high: f64, below: f64| {
        let f = |x: f64| {
            let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            let to = |y: f64| normal_upper_tail((rho * x - y) / (1.0 - rho * rho).sqrt());
            density * (to(high) - to(below))
        };
        let (steps, h) = (4000, (high - low) / 4000.0);
        let sum: f64 = (0..=steps)
            .map(|i| f(low + h * f64::from(i)) * if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) })
            .sum();
        sum * h / 3.0
    };
    near(e.p, 1.0 - inside(-12.0, e.z, -40.0), 1e-8);
    let [against, both] = e.others.unwrap();
    near(against, 1.0 - inside(-12.0, -z.min(z2), -40.0), 1e-8);
    near(both, 1.0 - inside(-e.z, e.z, -e.z), 1e-8);
}

#[test]
fn by_hand_max_combo_of_one_is_that_test() {
    let combo = Data::of(&TINY).analyse(&*method("max-combo", &[("tests", tests(&[[1.0, 0.0]]))]));
    let alone = Data::of(&TINY).analyse(&*method("weighted-log-rank", &[("rho", number(1.0))]));
    near(combo.z, alone.z, 1e-15);
    near(combo.p, alone.p, 1e-12);
    near(combo.p_against(), alone.p_against(), 1e-12);
    near(combo.p_two_sided(), alone.p_two_sided(), 1e-12);
}

#[test]
fn by_hand_ratio_of_restricted_means() {
    // areas to 3: control 1 + 3/4 + 1/4, experimental 2 + 2/3; variances 1/12 + 1/16 · 2/3 and 4/9 · 1/6
    let e = Data::of(&TINY).analyse(&*method("restricted-mean", &[("at", number(3.0)), ("scale", word("ratio"))]));
    near(e.estimate, (4.0_f64 / 3.0).ln(), 1e-14);
    near(e.se, (2.0_f64 / 27.0 / (64.0 / 9.0) + 0.125 / 4.0).sqrt(), 1e-14);
    assert!(e.z > 0.0);
}

#[test]
fn by_hand_survival_on_other_scales() {
    // control ¼ with Greenwood's variance 1/16 (1/12 + 2/3), experimental 2/3 with 4/9 · 1/6
    let (s1, v1, s0, v0) = (2.0_f64 / 3.0, 2.0_f64 / 27.0, 0.25_f64, 0.75_f64 / 16.0);
    let c = 1.959963984540054;
    let run = |test: &str, null: f64| {
        let rule = Rule { null, ..RULE };
        let method = method("kaplan-meier", &[("at", number(2.5)), ("test", word(test))]);
        Data::of(&TINY).analyse_with(&*method, &rule, &mut Scratch::default())
    };
    let log = run("log", 0.0);
    near(log.z, (s1 / s0).ln() / (v1 / s1.powi(2) + v0 / s0.powi(2)).sqrt(), 1e-13);
    near(log.estimate, s1 - s0, 1e-14);
    near(log.se, (v1 + v0).sqrt(), 1e-14);
    let limits = |s: f64, v: f64| [-1.0, 1.0].map(|side: f64| (s * (side * c * v.sqrt() / s).exp()).min(1.0));
    let ([l1, u1], [l0, u0]) = (limits(s1, v1), limits(s0, v0));
    near(log.lower, s1 - s0 - (s1 - l1).hypot(u0 - s0), 1e-13);
    near(log.upper, s1 - s0 + (u1 - s1).hypot(s0 - l0), 1e-13);
    let twice = |s: f64| (-s.ln()).ln();
    let slope = |s: f64| 1.0 / (s * s.ln());
    near(
        run("log-log", 0.0).z,
        (twice(s0) - twice(s1)) / (v1 * slope(s1).powi(2) + v0 * slope(s0).powi(2)).sqrt(),
        1e-13,
    );
    let root = (v1 / (4.0 * s1 * (1.0 - s1)) + v0 / (4.0 * s0 * (1.0 - s0))).sqrt();
    near(run("arcsine", 0.0).z, (s1.sqrt().asin() - s0.sqrt().asin()) / root, 1e-13);
    let logit = |s: f64| (s / (1.0 - s)).ln();
    let of = |s: f64| 1.0 / (s * (1.0 - s));
    near(run("logit", 0.0).z, (logit(s1) - logit(s0)) / (v1 * of(s1).powi(2) + v0 * of(s0).powi(2)).sqrt(), 1e-13);
    // a margin moves the control's survival
    let moved = s0 - 0.1;
    near(
        run("logit", -0.1).z,
        (logit(s1) - logit(moved)) / (v1 * of(s1).powi(2) + v0 * of(moved).powi(2)).sqrt(),
        1e-13,
    );
    assert_eq!(run("logit", -0.3).status, Status::NoVariation);
}

#[test]
fn by_hand_difference_of_medians() {
    // nobody censored: S = ¾, ½, ¼, 0, its variance at ½ is ¼ · ¼
    let data = Data::of(&[
        (1.0, 1, 0),
        (2.0, 1, 0),
        (3.0, 1, 0),
        (4.0, 1, 0),
        (2.0, 1, 1),
        (4.0, 1, 1),
        (6.0, 1, 1),
        (8.0, 1, 1),
    ]);
    let e = data.analyse(&*method("median-survival", &[("limits", word("plain"))]));
    assert_eq!(e.estimate, 2.5);
    // (S − ½)²/σ² is 4, 1, 0, 1, 4: two pieces may be 1 away each, from [1, 4) and [2, 8)
    assert_eq!([e.lower, e.upper], [-2.0, 7.0]);
    // without a shift ½ and ¾ meet in [2, 3)
    near(e.z, 1.0, 1e-13);
    near(e.se, 9.0 / (2.0 * 1.959963984540054), 1e-12);
    // ¾ − 1.96 √(3/64) is below ½, ¼ + 1.96 √(3/64) above it
    assert_eq!(e.parts[..6], [5.0, 2.0, f64::INFINITY, 2.5, 1.0, f64::INFINITY]);
    let shifted = Rule { null: 2.0, ..RULE };
    let at = data.analyse_with(&*method("median-survival", &[]), &shifted, &mut Scratch::default());
    // shifted by 2 the curves are at ½ together in [2, 3)
    assert_eq!(at.z, 0.0);
    let unreached = Data::of(&[(1.0, 1, 0), (2.0, 1, 0), (1.0, 0, 1), (3.0, 0, 1), (2.0, 1, 1)]);
    assert_eq!(unreached.analyse(&*method("median-survival", &[])).status, Status::TooFew);
}

/// L = θ/(2 + 2θ)² · 1/(1 + θ): tied events of both arms, then one of the control arm. θ/(1 + θ) = 1/3.
const PAIR: [(f64, u8, u8); 4] = [(1.0, 1, 0), (3.0, 1, 0), (1.0, 1, 1), (4.0, 0, 1)];

#[test]
fn by_hand_cox_tests() {
    let run = |test: &str| Data::of(&PAIR).analyse(&*method("cox", &[("ties", word("breslow")), ("test", word(test))]));
    let wald = run("wald");
    near(wald.estimate, 0.5_f64.ln(), 1e-13);
    near(wald.se, 1.5_f64.sqrt(), 1e-13);
    near(wald.z, 2.0_f64.ln() / 1.5_f64.sqrt(), 1e-13);
    let score = run("score");
    near(score.z, 0.5 / 0.75_f64.sqrt(), 1e-13);
    assert_eq!([score.estimate, score.se, score.lower, score.upper], [wald.estimate, wald.se, wald.lower, wald.upper]);
    let log = |b: f64| b - 3.0 * (1.0 + b.exp()).ln();
    let root = |b: f64| (2.0 * (log(0.5_f64.ln()) - log(b))).sqrt();
    let ratio = run("likelihood-ratio");
    near(ratio.z, root(0.0), 1e-12);
    for limit in [ratio.lower, ratio.upper] {
        near(root(limit), 1.959963984540054, 1e-11);
    }
    assert!(ratio.lower < wald.estimate && ratio.upper > wald.estimate);
    // Efron's ties: the second tied event has 2 + 2θ less (1 + θ)/2 at risk, which is the same fraction
    near(Data::of(&PAIR).analyse(&*method("cox", &[])).estimate, 0.5_f64.ln(), 1e-13);
    // a margin of θ = ½ is where the maximum is
    let rule = Rule { null: 0.5_f64.ln(), ..RULE };
    for test in ["wald", "score", "likelihood-ratio"] {
        let method = method("cox", &[("ties", word("breslow")), ("test", word(test))]);
        let z = Data::of(&PAIR).analyse_with(&*method, &rule, &mut Scratch::default()).z;
        assert!(z.abs() < 1e-7, "{test}: {z}");
    }
}

#[test]
fn by_hand_cox_in_strata() {
    // twice the same in two strata: the same maximum, twice the information; pooled the ties would differ
    let mut data = Data::of(&[PAIR, PAIR].concat());
    data.strata = vec![0, 0, 0, 0, 1, 1, 1, 1];
    let e = data.analyse(&*method("cox", &[]));
    near(e.estimate, 0.5_f64.ln(), 1e-13);
    near(e.se, 0.75_f64.sqrt(), 1e-13);
    assert_eq!((e.events, e.parts[0], e.parts[1]), (6, 2.0, 4.0));
}

#[test]
fn by_hand_schoenfeld() {
    // risk sets (3, 2), (1, 2), (1, 1), events of control, experimental, control
    let data = Data::of(&[(1.0, 1, 0), (1.5, 0, 0), (5.0, 1, 0), (2.0, 1, 1), (6.0, 0, 1)]);
    let of = |theta: f64| [2.0 * theta / (3.0 + 2.0 * theta), 2.0 * theta / (1.0 + 2.0 * theta), theta / (1.0 + theta)];
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if of(middle).iter().sum::<f64>() < 1.0 { low = middle } else { high = middle }
    }
    let shares = of(low);
    for (transform, g) in [
        ("identity", [1.0, 2.0, 5.0]),
        // the censored patient's time has a rank too
        ("rank", [1.0, 3.0, 4.0]),
        ("log", [0.0, 2.0_f64.ln(), 5.0_f64.ln()]),
        ("km", [0.0, 0.2, 7.0 / 15.0]),
    ] {
        let (mut u, mut v) = (0.0, [0.0; 3]);
        for k in 0..3 {
            u += g[k] * (f64::from(u8::from(k == 1)) - shares[k]);
            let variance = shares[k] * (1.0 - shares[k]);
            for (power, v) in v.iter_mut().enumerate() {
                *v += g[k].powi(power as i32) * variance;
            }
        }
        let e = data.analyse(&*method("schoenfeld", &[("transform", word(transform))]));
        near(e.parts[0], u, 1e-11);
        near(e.parts[1], v[2] - v[1] * v[1] / v[0], 1e-11);
        // U > 0: the hazard ratio rises, which speaks against the experimental arm
        near(e.z, -u / e.parts[1].sqrt(), 1e-11);
        near(e.parts[2], e.z * e.z, 1e-12);
        near(e.p_two_sided(), 2.0 * normal_upper_tail(e.z.abs()), 1e-12);
    }
}

/// Ten early events among twelve experimental patients, two among a thousand controls: from no effect the first step goes far past the
/// maximum. Everyone stands there twice, with either value of a covariate, whose coefficient is then 0.
#[test]
fn by_hand_few_patients_far_from_the_rest_are_no_separation() {
    let mut patients: Vec<(f64, u8, u8)> = (0..10).map(|i| (0.4 + 0.1 * f64::from(i), 1, 1)).collect();
    patients.extend([(11.5, 0, 1), (11.5, 0, 1), (0.5, 1, 0), (0.6, 1, 0)]);
    patients.extend((0..1000).map(|i| (10.0 + f64::from(i), u8::from(i < 2), 0)));
    let mut data = Data::of(&[&patients[..], &patients[..]].concat());
    for name in ["cox", "fine-gray"] {
        let method = method(name, &[]);
        data.covariates = Vec::new();
        let alone = data.analyse(&*method);
        data.covariates = (0..data.time.len()).map(|row| f64::from(u8::from(row < patients.len()))).collect();
        let adjusted = data.analyse(&*method);
        assert_eq!(adjusted.status, Status::Estimated, "{name}");
        near(adjusted.estimate, alone.estimate, 1e-11);
        near(adjusted.se, alone.se, 1e-11);
    }
}
