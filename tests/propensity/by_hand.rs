//! Closed forms on the smallest data.

use patency::analysis::{Response, Rule, Status};

use super::{Patients, RULE, build, near};

/// One covariate of two values: the score is the share of each, 1/4 and 3/4.
fn two_strata() -> Patients {
    Patients {
        arm: vec![1, 0, 0, 0, 1, 1, 1, 0],
        y: vec![1, 0, 1, 0, 1, 0, 1, 0],
        x: vec![vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]],
        ..Patients::default()
    }
}

fn all_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        near(*f, *e, 1e-12);
    }
}

#[test]
fn by_hand_weights() {
    // everyone twice: under `att` eight would leave the controls an effective size below 2
    let one = two_strata();
    let data = Patients { arm: one.arm.repeat(2), y: one.y.repeat(2), x: vec![one.x[0].repeat(2)], ..one };
    let (t, q, h) = (4.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0);
    let has = |written: &str, treated: u8, expected: [f64; 8]| {
        let found = data.weights(written, &Rule { treated, ..RULE }).expect(written);
        all_near(&found, &expected.repeat(2));
    };
    for treated in [0, 1] {
        has("weights=ate stabilised=false", treated, [4.0, t, t, t, t, t, t, 4.0]);
        has("", treated, [2.0, h, h, h, h, h, h, 2.0]);
        has("weights=ato", treated, [0.75, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.75]);
        has("stabilised=false trim=0.2", treated, [4.0, t, t, t, t, t, t, 4.0]);
    }
    has("weights=att", 1, [1.0, q, q, q, 1.0, 1.0, 1.0, 3.0]);
    has("weights=att", 0, [3.0, 1.0, 1.0, 1.0, q, q, q, 1.0]);
    // quantile ¾ of six 4/3 and two 4 is at place 5¼ counted from 0
    let cap = 0.75 * t + 0.25 * 4.0;
    has("stabilised=false truncate=0.75", 1, [cap, t, t, t, t, t, t, cap]);
    assert_eq!(data.weights("trim=0.3", &RULE), Err(Status::NoOverlap));
    assert_eq!(one_arm_left(&data), Err(Status::NoOverlap));
}

/// The effective size of the controls under `att`, 16/(1/3 + 9), is below 2 with everyone once.
fn one_arm_left(data: &Patients) -> Result<Vec<f64>, Status> {
    let half = |x: &[u8]| x[..8].to_vec();
    let x = vec![data.x[0][..8].to_vec()];
    Patients { arm: half(&data.arm), y: half(&data.y), x, ..data.clone() }.weights("weights=att", &RULE)
}

#[test]
fn by_hand_trimming() {
    // shares 1/4, 1/2, 3/4: the first and last are dropped
    let mut data = two_strata();
    data.arm.extend([1, 0, 1, 0]);
    data.y.extend([0; 4]);
    data.x[0].extend([0.5; 4]);
    let found = data.weights("stabilised=false trim=0.3", &RULE).unwrap();
    all_near(&found, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0]);
}

#[test]
fn by_hand_weighted_difference() {
    let data = two_strata();
    let found = data.analyse("weighted-difference", "variance=robust");
    near(found.estimate, 2.0 / 3.0, 1e-12);
    // each arm: (3² + 1 + 1 + 5²)/36²
    near(found.se, f64::sqrt(1.0 / 18.0), 1e-12);
    assert_eq!((found.n, found.events), (8, 4));
    // effective sizes 64/(16 + 3 · 16/9); means of x 3/4 and 1/4, standard deviations 1/2; saturated weights balance
    all_near(&found.parts[..3], &[3.0, 3.0, 1.0]);
    assert!(found.parts[3] < 1e-12);
    all_near(&found.parts[4..6], &[1.0, 0.5]);
    // saturated: stratification, with n⁻¹(θ_s − θ) = 0 between the strata and (1 + 1 + 4)/18² in each
    let found = data.analyse("weighted-difference", "variance=stacked");
    near(found.se, f64::sqrt(1.0 / 27.0), 1e-12);
}

#[test]
fn by_hand_order_of_matching() {
    // descending: 6 takes 5, 4 takes the first 3, 2 takes 1; ascending 2 would take 3 and leave 6 with nobody in reach
    let data = Patients {
        arm: vec![1, 1, 1, 0, 0, 0, 0, 0],
        y: vec![1, 0, 1, 1, 0, 1, 0, 0],
        x: vec![vec![4.0, 2.0, 6.0, 3.0, 5.0, 1.0, -8.0, 3.0]],
        ..Patients::default()
    };
    // SD of x is √(∑(x − 2)²/7) = √(136/7) = 4.41; the reach is 1.1 and so more than 1
    let found = data.analyse("weighted-difference", "weights=matched caliper=0.25");
    assert_eq!(found.parts[6], 1.0);
    assert_eq!(data.weights("weights=matched caliper=0.25", &RULE).unwrap(), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    // pairs (6, 5), (4, 3), (2, 1): differences 1 − 0, 1 − 1, 0 − 1; shares 2/3 and 2/3
    assert_eq!(found.n, 6);
    near(found.estimate + 1.0, 1.0, 1e-15);
    near(found.se, f64::sqrt(2.0) / 3.0, 1e-12);
    // no more than .2 away, nobody
    assert_eq!(data.analyse("weighted-difference", "weights=matched caliper=0.04").status, Status::NoOverlap);
    // controls choose, those with the lowest score of the experimental arm first: −8 finds nobody, 1 takes 2, the first 3
    // takes 4 (2 is gone), the second 3 finds nobody, 5 takes 6
    let other = Rule { treated: 0, ..RULE };
    assert_eq!(data.weights("weights=matched caliper=0.25", &other).unwrap(), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn by_hand_strata() {
    let data = Patients {
        arm: vec![1, 0, 0, 0, 1, 1, 0, 1],
        y: vec![1, 0, 1, 0, 1, 0, 1, 1],
        x: vec![(1..9).map(f64::from).collect()],
        ..Patients::default()
    };
    // two strata of four; 4 · 4 / (n_as · 8)
    let third = 2.0 / 3.0;
    let found = data.weights("weights=strata strata=2", &RULE).unwrap();
    all_near(&found, &[2.0, third, third, third, third, third, 2.0, third]);
    // of four strata some lack an arm
    assert_eq!(data.weights("weights=strata strata=4", &RULE), Err(Status::NoOverlap));
}

/// Seven patients with equal weights under a score that the covariate does not move.
fn even() -> Patients {
    Patients {
        arm: vec![0, 1, 0, 1, 0, 1, 0, 1],
        time: vec![1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        event: vec![1, 1, 0, 0, 1, 0, 0, 1],
        competing: vec![0, 0, 1, 1, 0, 0, 0, 0],
        x: vec![vec![1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0]],
        ..Patients::default()
    }
}

#[test]
fn by_hand_curves() {
    let data = even();
    // control: 1/4 at 1, competing 1 of 3 at 2, then 1/2 of 1/2 at 3; experimental: 1/4 at 2, beside 1 competing
    let found = data.analyse("weighted-incidence", "at=4");
    near(found.estimate, 0.25 - 0.5, 1e-12);
    assert_eq!((found.n, found.events), (8, 3));
    // without censoring before 4 the incidence is a share: binomial variances
    near(found.se, f64::sqrt(0.25 * 0.75 / 4.0 + 0.5 * 0.5 / 4.0), 1e-12);
    // fewer events are better where later is better
    assert!(found.z > 0.0);
    // competing events censor: control 3/4 · 1/2, experimental 3/4
    let found = data.analyse("weighted-kaplan-meier", "at=4");
    near(found.estimate, 0.75 - 0.375, 1e-12);
    // Greenwood
    let variance = 0.75_f64.powi(2) / 12.0 + 0.375_f64.powi(2) * (1.0 / 12.0 + 0.5);
    near(found.se, variance.sqrt(), 1e-12);
    assert!(found.z > 0.0);
    // nobody of the control arm is followed to 6
    assert_eq!(data.analyse("weighted-kaplan-meier", "at=6").status, Status::TooFew);
    assert_eq!(data.analyse("weighted-incidence", "at=5.5").status, Status::TooFew);
    assert_eq!(data.analyse("weighted-incidence", "at=0.5").status, Status::NoVariation);
}

#[test]
fn by_hand_weighted_cox() {
    // even weights of ½: the model without weights, whose robust variance differs
    let data = even();
    let found = data.analyse("weighted-cox", "");
    let plain = {
        let response = Response::Time { time: &data.time, event: &data.event, competing: &[] };
        let set = patency::analysis::Dataset {
            arm: &data.arm,
            response,
            covariates: Default::default(),
            strata: Default::default(),
        };
        patency::analysis::Analysis::analyse(
            &patency::analysis::cox::Cox::STANDARD,
            &set,
            &RULE,
            &mut Default::default(),
        )
    };
    near(found.estimate, plain.estimate, 1e-11);
    assert_eq!(found.z.signum(), -found.estimate.signum());
}

#[test]
fn by_hand_aipw() {
    // saturated models: the difference in each stratum, averaged; stratum 0 has risks 1/2 and 1/3, stratum 1 2/3 and 1/2
    let data = Patients {
        arm: vec![1, 1, 0, 0, 0, 1, 1, 1, 0, 0],
        y: vec![1, 0, 1, 0, 0, 1, 1, 0, 1, 0],
        x: vec![vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]],
        ..Patients::default()
    };
    let found = data.analyse("aipw", "");
    near(found.estimate, 1.0 / 6.0, 1e-12);
    near(found.parts[0], (1.0 / 2.0 + 2.0 / 3.0) / 2.0, 1e-12);
    near(found.parts[1], (1.0 / 3.0 + 1.0 / 2.0) / 2.0, 1e-12);
    // ½ p(1 − p)/√n each: ¼ (¼/2 + 2/27 + 2/27 + ¼/2); the strata have one difference
    near(found.se, (0.25 * (0.25 + 4.0 / 27.0_f64)).sqrt(), 1e-12);
    // the same as times, with nobody censored
    let time = data.y.iter().map(|y| if *y == 1 { 2.0 } else { 9.0 }).collect();
    let timed = Patients { time, event: data.y.clone(), competing: vec![0; 10], y: vec![], ..data };
    let same = timed.analyse("aipw", "at=5");
    near(same.estimate, found.estimate, 1e-14);
    near(same.se, found.se, 1e-14);
    assert!(same.z < 0.0 && found.z > 0.0, "an event is worse where later is better");
}

#[test]
fn by_hand_failures() {
    let fails = |data: &Patients, expected: Status| {
        let rows: &[(&str, &str)] = if data.y.is_empty() {
            &[
                ("weighted-cox", "variance=stacked"),
                ("weighted-cox", "weights=matched"),
                ("weighted-kaplan-meier", "at=3 weights=ato"),
                ("weighted-incidence", "at=3 weights=att"),
                ("aipw", "at=3"),
            ]
        } else {
            &[
                ("weighted-difference", "variance=stacked"),
                ("weighted-difference", "weights=strata strata=2"),
                ("aipw", ""),
            ]
        };
        for (name, written) in rows {
            let found = data.analyse(name, written);
            assert_eq!(found.status, expected, "{name} {written}");
            assert!(found.estimate.is_nan() && found.p.is_nan());
            assert!(found.parts.iter().all(|p| p.is_finite()));
        }
    };
    for data in [even(), two_strata()] {
        let n = data.arm.len();
        fails(&Patients { arm: vec![0; n], ..data.clone() }, Status::EmptyArm);
        fails(&Patients { arm: vec![1; n], ..data.clone() }, Status::EmptyArm);
        fails(&Patients { x: vec![vec![3.0; n]], ..data.clone() }, Status::Singular);
        fails(&Patients { x: vec![data.x[0].clone(), data.x[0].clone()], ..data.clone() }, Status::Singular);
        let mut broken = data.clone();
        broken.x[0][1] = f64::NAN;
        fails(&broken, Status::Singular);
        let told = data.arm.iter().map(|a| f64::from(*a)).collect();
        fails(&Patients { x: vec![told], ..data.clone() }, Status::ScoreSeparation);
        // one patient of an arm
        let mut lone = data.clone();
        lone.arm.fill(0);
        lone.arm[2] = 1;
        lone.x[0] = (0..n).map(|i| [0.0, 1.0, 0.5, 0.2, 0.7, 0.4, 0.9, 0.1][i]).collect();
        fails(&lone, Status::NoOverlap);
    }
    let data = even();
    fails(&Patients { event: vec![0; 8], ..data }, Status::NoVariation);
    let data = two_strata();
    for y in [0, 1] {
        let found = Patients { y: vec![y; 8], ..data.clone() }.analyse("weighted-difference", "");
        assert_eq!(found.status, Status::NoVariation);
    }
    // an arm of whom all, or none, respond; of the other some do
    for (a, y) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let some = |(i, arm): (usize, &u8)| if *arm == a { y } else { [0, 1, 1, 0][i / 2] };
        let y = data.arm.iter().enumerate().map(some).collect();
        let found = Patients { y, ..data.clone() }.analyse("aipw", "");
        assert_eq!(found.status, Status::Separation);
    }
    // events in one arm only
    let found = Patients { event: vec![1, 0, 0, 0, 1, 0, 0, 0], ..even() }.analyse("weighted-cox", "");
    assert_eq!(found.status, Status::Separation);
    let empty = Patients { y: Vec::new(), x: vec![Vec::new()], ..Patients::default() };
    assert_eq!(empty.analyse("weighted-cox", "").status, Status::EmptyArm);
}

#[test]
fn by_hand_complaints() {
    for (name, written, key) in [
        ("weighted-cox", "weights=matched variance=stacked", "variance"),
        ("weighted-cox", "weights=strata variance=stacked", "variance"),
        ("weighted-cox", "caliper=0.2", "caliper"),
        ("weighted-cox", "weights=att strata=5", "strata"),
        ("weighted-cox", "weights=att stabilised=true", "stabilised"),
        ("weighted-cox", "weights=matched truncate=0.9", "truncate"),
        ("weighted-difference", "trim=0.5", "trim"),
        ("weighted-difference", "trim=-0.1", "trim"),
        ("weighted-difference", "trim=NaN", "trim"),
        ("weighted-difference", "truncate=1", "truncate"),
        ("weighted-difference", "weights=matched caliper=0", "caliper"),
        ("weighted-difference", "weights=matched caliper=inf", "caliper"),
        ("weighted-kaplan-meier", "", "at"),
        ("weighted-incidence", "at=0", "at"),
        ("aipw", "at=-1", "at"),
        ("aipw", "at=inf", "at"),
    ] {
        assert_eq!(build(name, written).expect_err(written).key, Some(key), "{name} {written}");
    }
}
