//! What every method here promises.

use patency::analysis::{Analysis, Better, Estimate, Rule, Scratch, Status};
use proptest::prelude::*;

use super::{Data, RULE, close, method, number, tied, word};

fn methods() -> Vec<Box<dyn Analysis>> {
    vec![
        method("log-rank", &[]),
        method("weighted-log-rank", &[("rho", number(0.5)), ("gamma", number(1.0))]),
        method("modestly-weighted-log-rank", &[("at", number(2.5))]),
        method("modestly-weighted-log-rank", &[]),
        method("max-combo", &[]),
        method("restricted-mean", &[("at", number(3.5)), ("scale", word("ratio"))]),
        method("kaplan-meier", &[("at", number(3.0)), ("test", word("log-log"))]),
        method("kaplan-meier", &[("at", number(3.0)), ("test", word("arcsine"))]),
        method("median-survival", &[]),
        method("cox", &[("ties", word("breslow"))]),
        method("cox", &[("test", word("score"))]),
        method("cox", &[("test", word("likelihood-ratio"))]),
        method("schoenfeld", &[]),
        method("schoenfeld", &[("transform", word("rank")), ("ties", word("breslow"))]),
    ]
}

fn same(e: &Estimate, f: &Estimate) -> bool {
    let pairs = [(e.estimate, f.estimate), (e.se, f.se), (e.z, f.z), (e.p, f.p), (e.lower, f.lower)];
    e.status == f.status && pairs.iter().all(|&(a, b)| (a.is_nan() && b.is_nan()) || close(a, b, 1e-6))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn contract_survival_methods(data in tied(), turn in 0_usize..24, stratified: bool) {
        let data = if stratified { data } else { Data { strata: Vec::new(), ..data } };
        let n = data.time.len();
        let other = data.rows(&(0..n).map(|i| (i + turn) % n).rev().collect::<Vec<_>>());
        let swapped = Data { arm: data.arm.iter().map(|a| 1 - a).collect(), ..data.clone() };
        let mut scratch = Scratch::default();
        for method in methods() {
            let e = data.analyse_with(&*method, &RULE, &mut scratch);
            let numbers = [e.estimate, e.se, e.lower, e.upper];
            if e.status == Status::Estimated {
                prop_assert!(numbers.iter().all(|x| x.is_finite() == method.estimates()), "{method:?} {e:?}");
                prop_assert!(e.z.is_finite() && (0.0..=1.0).contains(&e.p));
                prop_assert!((0.0..=1.0).contains(&e.p_against()) && (0.0..=1.0).contains(&e.p_two_sided()));
            } else {
                prop_assert!(numbers.iter().chain([&e.z, &e.p]).all(|x| x.is_nan()), "{method:?} {e:?}");
            }
            prop_assert!(e.parts.iter().all(|x| !x.is_nan()), "{method:?} {e:?}");
            prop_assert_eq!(e.n as usize, n);
            prop_assert!(same(&e, &other.analyse_with(&*method, &RULE, &mut scratch)), "{method:?}");
            let f = swapped.analyse_with(&*method, &RULE, &mut scratch);
            prop_assert_eq!(e.status, f.status);
            if e.status == Status::Estimated {
                prop_assert!(close(e.p, f.p_against(), 1e-6) && close(e.p_two_sided(), f.p_two_sided(), 1e-6), "{method:?} {e:?} {f:?}");
                // a likelihood ratio of nearly 1 has half its digits
                prop_assert!(e.others.is_some() || close(e.z, -f.z, 1e-6), "{method:?} {e:?} {f:?}");
                prop_assert!(!method.estimates() || close(e.estimate, -f.estimate, 1e-8) && close(e.se, f.se, 1e-8));
                let lower = data.analyse_with(&*method, &Rule { better: Better::Lower, ..RULE }, &mut scratch);
                prop_assert!(close(e.p, lower.p_against(), 1e-12));
                let towards = method.orientation(Better::Higher) * e.estimate;
                prop_assert!(!method.estimates() || towards == 0.0 || e.z.abs() < 1e-6 || (towards > 0.0) == (e.z > 0.0));
            }
        }
    }
}

#[test]
fn contract_degenerate_data() {
    let none = Data::of(&[(1.0, 0, 0), (2.0, 0, 1), (3.0, 0, 0)]);
    // the only event when the other arm has left
    let late = Data::of(&[(1.0, 0, 0), (2.0, 1, 1), (3.0, 1, 1)]);
    for method in methods() {
        for data in [Data::default(), Data::of(&[(1.0, 1, 0), (2.0, 0, 0)]), Data::of(&[(1.0, 1, 1)])] {
            assert_eq!(data.analyse(&*method).status, Status::EmptyArm, "{method:?}");
        }
        for data in [&none, &late] {
            assert_ne!(data.analyse(&*method).status, Status::Estimated, "{method:?}");
            assert_ne!(data.analyse(&*method).status, Status::EmptyArm, "{method:?}");
        }
    }
}

/// Times without ties in two strata, events in most, two covariates.
fn trial(n: usize) -> Data {
    let shuffled = |i: usize, factor: usize| ((i * factor) % 1009) as f64;
    Data {
        time: (0..n).map(|i| 1.0 + shuffled(i, 389) / 200.0).collect(),
        event: (0..n).map(|i| u8::from(i % 4 != 3)).collect(),
        arm: (0..n).map(|i| (i % 2) as u8).collect(),
        strata: (0..n).map(|i| (i / 3 % 2) as u32).collect(),
        covariates: (0..2 * n).map(|i| shuffled(i, 617)).collect(),
    }
}

#[test]
fn contract_survival_methods_reuse_memory() {
    let mut scratch = Scratch::default();
    for stratified in [true, false] {
        let mut data = trial(300);
        if !stratified {
            data.strata.clear();
        }
        for method in methods() {
            let first = data.analyse_with(&*method, &RULE, &mut scratch);
            assert_eq!(first.status, Status::Estimated, "{method:?}");
            let allocated = allocation_counter::measure(|| {
                let again = data.analyse_with(&*method, &RULE, &mut scratch);
                assert_eq!(again.z.to_bits(), first.z.to_bits());
            });
            assert_eq!(allocated.count_total, 0, "{method:?}");
        }
    }
}
