//! Closed forms on the smallest data with ties.

use patency::analysis::Status;
use patency::math::tail::normal_upper_tail;
use patency::scenario::form::Value;

use super::{Data, method, number};
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
