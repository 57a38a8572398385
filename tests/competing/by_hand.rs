//! Closed forms on the smallest data with ties.

use patency::analysis::{Better, Covariates, Dataset, Response, Rule, Scratch, Status};

use super::{Data, RULE, method};
use crate::analysis_survival::near;

// Arms of four and three; an event tied with a competing event at 2, a censoring tied with an event at 3.
const TINY: [(f64, u8, u8); 7] =
    [(1.0, 1, 0), (2.0, 1, 0), (2.0, 2, 0), (4.0, 0, 0), (2.0, 2, 1), (3.0, 1, 1), (3.0, 0, 1)];

#[test]
fn by_hand_cumulative_incidence() {
    let e = Data::of(&TINY).analyse(&*method("cumulative-incidence", 3.0));
    // control: F = 1/4 at 1; S = 3/4, F = 1/4 + 3/4 · 1/3 = 1/2 at 2. Experimental: S = 2/3 at 2; F = 2/3 · 1/2 = 1/3 at 3.
    near(e.parts[2], 0.5, 1e-15);
    near(e.parts[0], 1.0 / 3.0, 1e-15);
    near(e.estimate, -1.0 / 6.0, 1e-14);
    // control: nobody is censored before 3, so the variance is binomial: ½ · ½ / 4
    near(e.parts[3], f64::sqrt(0.25 / 4.0), 1e-14);
    // experimental: at 2, (1/3)² · 1/(3 · 2); at 3, S² d₁(r − d₁)/r³ = 4/9 · 1/8
    near(e.parts[1], f64::sqrt(1.0 / 54.0 + 4.0 / 72.0), 1e-14);
    // a lower incidence is better where later is better
    assert!(e.z > 0.0);
    near(e.z, 1.0 / 6.0 / e.se, 1e-14);
    assert_eq!((e.n, e.events), (7, 3));
}

#[test]
fn by_hand_cumulative_incidence_beyond_follow_up() {
    // the experimental arm ends at 3 with a patient at risk
    let e = Data::of(&TINY).analyse(&*method("cumulative-incidence", 3.5));
    assert_eq!(e.status, Status::TooFew);
    near(e.parts[0], 1.0 / 3.0, 1e-15);
    // everyone's fate is known: no extrapolation
    let known = Data::of(&[(1.0, 1, 0), (2.0, 2, 0), (1.0, 1, 1), (2.0, 1, 1), (3.0, 2, 1)]);
    assert_eq!(known.analyse(&*method("cumulative-incidence", 9.0)).status, Status::Estimated);
    let none = Data::of(&[(1.0, 2, 0), (2.0, 0, 0), (1.0, 2, 1), (2.0, 0, 1)]);
    assert_eq!(none.analyse(&*method("cumulative-incidence", 2.0)).status, Status::NoVariation);
}

#[test]
fn by_hand_gray_score() {
    // time 1: h 4, 3, both arms free: d = 1, R = 4, 3; U = −3/7.
    // time 2: control S 3/4, F 1/4: h 3/(3/4) = 4, R 3; experimental h 3, R 3; U −= 3/6.
    // time 3: control S 1/4, F 1/2: h 1/(1/4) = 4, R 2; experimental S 2/3: h 3, R 3; d = 1: U += 1 − 3/5.
    let e = Data::of(&TINY).analyse(&*method("gray", 0.0));
    let u = -3.0 / 7.0 - 0.5 + 0.4;
    near(e.parts[0], u, 1e-14);
    near(e.z, -u / e.parts[1].sqrt(), 1e-14);
    // dF⁰ = 1/7 at each; a = ∓12/7; c (times after) from dF⁰/(1 − F⁰−) = 1/7, 1/6, 1/5
    let (a, f) = (12.0 / 7.0, 1.0 / 7.0);
    let c = [a * (1.0 / 6.0 + 1.0 / 5.0), a / 5.0, 0.0];
    let mut v = 0.0;
    // (S, h) of the control arm, then of the experimental arm
    for (s, h) in [([0.75, 0.25, 0.25], 4.0), ([1.0, 2.0 / 3.0, 1.0 / 3.0], 3.0)] {
        for k in 0..3 {
            let g = (1.0 - f * (k as f64 + 1.0)) / s[k];
            let both = a + (1.0 - g) * c[k];
            v += both * both * f / h;
        }
    }
    // one competing event in each arm at 2: S(t−) / (Y h) (g c)²
    let g = (1.0 - 2.0 * f) / 0.25 * c[1];
    v += 0.75 / (3.0 * 4.0) * g * g;
    let g = (1.0 - 2.0 * f) / (2.0 / 3.0) * c[1];
    v += 1.0 / (3.0 * 3.0) * g * g;
    near(e.parts[1], v, 1e-14);
}

#[test]
fn by_hand_gray_with_tied_competing_events() {
    // an event in the control arm at 1, two competing events there at 2, an event in the experimental arm at 3
    let patients = [(1.0, 1, 0), (2.0, 2, 0), (2.0, 2, 0), (4.0, 0, 0), (3.0, 1, 1), (4.0, 0, 1), (4.0, 0, 1)];
    let e = Data::of(&patients).analyse(&*method("gray", 0.0));
    // h 4, 3 at all times; R 4, 3, then 3, 3
    near(e.parts[0], -3.0 / 7.0 + 0.5, 1e-14);
    // dF⁰ = 1/7, 0, 1/7; a = ∓12/7, of which a/6 lies after time 1. (1 − F⁰)/S: 8/7 and 6/7 at 1, 24/7 in the control arm at 2.
    let events = (41.0_f64 / 42.0).powi(2) / 28.0 + (43.0_f64 / 42.0).powi(2) / 21.0 + 1.0 / 28.0 + 1.0 / 21.0;
    // of three at risk two leave together: (1 − 1/2) · 2 · S/(3 · 4), times (24/7 · 1/6)²
    let competing = 0.5 * 2.0 * 0.75 / 12.0 * (4.0_f64 / 7.0).powi(2);
    near(e.parts[1], (12.0_f64 / 7.0).powi(2) * (events + competing), 1e-14);
}

#[test]
fn by_hand_fine_gray() {
    // nobody censored: competing events stay at risk for ever. Events at 1 (control), 2 (experimental), 3 (control) of 2 + 2.
    let data = Data::of(&[(1.0, 1, 0), (3.0, 1, 0), (2.0, 1, 1), (1.5, 2, 1)]);
    // risk sets: (2, 2), (1, 2), (1, 1) in control, experimental: 1 = θ(2/(2 + 2θ) + 2/(1 + 2θ) + 1/(1 + θ))
    // (1 + θ)(1 + 2θ) = 2θ(1 + 2θ) + 2θ(1 + θ), so 4θ² + θ − 1 = 0
    let theta = (f64::sqrt(17.0) - 1.0) / 8.0;
    let e = data.analyse(&*method("fine-gray", 0.0));
    near(e.estimate, theta.ln(), 1e-13);
    assert!(e.z > 0.0);
    assert_eq!((e.parts[0], e.parts[1]), (1.0, 2.0));
    // taken as censored, the competing event leaves: the events of the experimental arm have it alone no more
    let cox = data.analyse(&*method("cox", 0.0));
    assert!((cox.estimate - e.estimate).abs() > 0.1);
}

#[test]
fn by_hand_fine_gray_covariate_failures() {
    let alone = Data::of(&[
        (1.0, 1, 0),
        (2.0, 1, 1),
        (3.0, 2, 0),
        (4.0, 1, 0),
        (5.0, 1, 1),
        (6.0, 2, 1),
        (7.0, 1, 0),
        (8.0, 0, 1),
    ]);
    let with = |covariates: &[[f64; 8]]| {
        let data = Data { covariates: covariates.concat(), ..alone.clone() };
        data.analyse(&*method("fine-gray", 0.0)).status
    };
    let x = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0];
    assert_eq!(with(&[x]), Status::Estimated);
    assert_eq!(with(&[[3.0; 8]]), Status::Singular);
    assert_eq!(with(&[x, x.map(|x| 5.0 - 2.0 * x)]), Status::Singular);
    assert_eq!(with(&[[0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0]]), Status::Singular);
    // whoever has the event next has the largest value at risk
    assert_eq!(with(&[[9.0, 8.0, 1.0, 7.0, 6.0, 1.0, 5.0, 1.0]]), Status::Separation);
}

#[test]
fn by_hand_restricted_mean() {
    // control: 4 at risk, event at 1, two at 2, then censored at 4: area to 3 = 1 + 3/4 + 1/4
    let data = Data::of(&[(1.0, 1, 0), (2.0, 1, 0), (2.0, 1, 0), (4.0, 0, 0), (3.0, 0, 1), (2.0, 1, 1)]);
    let e = data.analyse(&*method("restricted-mean", 3.0));
    near(e.parts[2], 2.0, 1e-15);
    near(e.parts[0], 2.5, 1e-15);
    near(e.estimate, 0.5, 1e-15);
    // Var: at 1, (3/4 + 1/4)² · 1/(4 · 3); at 2, (1/4)² · 2/(3 · 1). Experimental: at 2, (1/2)² · 1/2
    near(e.parts[3].powi(2), 1.0 / 12.0 + 2.0 / 48.0, 1e-14);
    near(e.parts[1].powi(2), 0.125, 1e-14);
    assert!(e.z > 0.0);
    assert_eq!(data.analyse(&*method("restricted-mean", 3.5)).status, Status::TooFew);
    assert_eq!(data.analyse(&*method("restricted-mean", 0.5)).status, Status::NoVariation);
}

#[test]
fn by_hand_ratio_of_proportions() {
    let analyse = |arm: &[u8], y: &[u8], rule: &Rule| {
        let data = Dataset {
            arm,
            response: Response::Binary(y),
            covariates: Covariates::default(),
            strata: Default::default(),
        };
        method("ratio-of-proportions", 0.0).analyse(&data, rule, &mut Scratch::default())
    };
    let arm = [1, 1, 1, 1, 0, 0, 0, 0, 0];
    let e = analyse(&arm, &[1, 1, 0, 0, 1, 0, 0, 0, 0], &RULE);
    near(e.estimate, f64::ln(2.5), 1e-15);
    near(e.se, f64::sqrt(0.5 - 0.25 + 1.0 - 0.2), 1e-15);
    near(e.z, e.estimate / e.se, 1e-14);
    assert_eq!((e.parts[0], e.parts[1]), (0.2, 0.5));
    let margin = Rule { null: f64::ln(1.5), better: Better::Lower, ..RULE };
    let shifted = analyse(&arm, &[1, 1, 0, 0, 1, 0, 0, 0, 0], &margin);
    near(shifted.z, -(f64::ln(2.5) - f64::ln(1.5)) / e.se, 1e-13);
    assert_eq!(analyse(&arm, &[1, 1, 0, 0, 0, 0, 0, 0, 0], &RULE).status, Status::Separation);
    assert_eq!(analyse(&arm, &[1; 9], &RULE).status, Status::NoVariation);
    assert_eq!(analyse(&[1; 4], &[1, 0, 1, 0], &RULE).status, Status::EmptyArm);
    // all respond in one arm
    assert_eq!(analyse(&arm, &[1, 1, 1, 1, 1, 0, 0, 0, 0], &RULE).status, Status::Estimated);
}
