//! What every method here promises.

use patency::analysis::{Analysis, Better, Decision, Estimate, FAMILY, Rule, Scratch, Status};
use patency::scenario::form::{Value, Values};
use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::by_hand::tests;
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

/// Two arms of one law in two strata: exponential events (rates .06 and .1), losses (.02), cut at 24.
fn null_trial(rng: &mut Xoshiro256PlusPlus, size: usize, data: &mut Data) {
    let mut exponential = |rate: f64| -(1.0 - (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64).ln() / rate;
    *data = Data::default();
    for i in 0..size {
        let stratum = (i / 2 % 2) as u32;
        let event = exponential(if stratum == 0 { 0.06 } else { 0.1 });
        let lost = exponential(0.02).min(24.0);
        data.time.push(event.min(lost));
        data.event.push(u8::from(event <= lost));
        data.arm.push((i % 2) as u8);
        data.strata.push(stratum);
    }
}

#[test]
fn statistical_null_of_survival_methods() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20261123);
    let methods = [
        method("log-rank", &[]),
        method("weighted-log-rank", &[("gamma", number(1.0))]),
        method("modestly-weighted-log-rank", &[("at", number(6.0))]),
        method("max-combo", &[]),
        method("kaplan-meier", &[("at", number(12.0)), ("test", word("log-log"))]),
        method("restricted-mean", &[("at", number(12.0)), ("scale", word("ratio"))]),
        method("cox", &[("test", word("score"))]),
        method("cox", &[("test", word("likelihood-ratio"))]),
        method("schoenfeld", &[]),
        method("median-survival", &[]),
    ];
    let (mut scratch, mut data, mut rejects) = (Scratch::default(), Data::default(), [0_u32; 10]);
    const TRIALS: u32 = 4000;
    for _ in 0..TRIALS {
        null_trial(&mut rng, 200, &mut data);
        for (method, rejects) in methods.iter().zip(&mut rejects) {
            let e = data.analyse_with(&**method, &RULE, &mut scratch);
            assert_eq!(e.status, Status::Estimated, "{method:?}");
            *rejects += u32::from(e.decision(RULE.tail(), true) != Decision::Neither);
        }
    }
    // the smallest defect worth catching: .03 of α; beside 5 Monte Carlo errors definitions allow .003 of small samples
    let mcse = (0.05_f64 * 0.95 / f64::from(TRIALS)).sqrt();
    assert!(0.03 >= 8.0 * mcse);
    for (method, rejects) in methods.iter().zip(rejects) {
        let rate = f64::from(rejects) / f64::from(TRIALS);
        // the least dispersion of step functions is more than that of the curves behind them: at most α
        let conservative = format!("{method:?}").starts_with("Median");
        let low = if conservative { 0.02 } else { 0.05 };
        assert!(rate <= 0.05 + 5.0 * mcse + 0.003 && rate >= low - 5.0 * mcse - 0.003, "{method:?}: {rate}");
    }
}

#[test]
fn contract_keys_out_of_domain_are_refused() {
    let refused = |name: &str, keys: &[(&'static str, Value)]| {
        let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
        let entries = keys.iter().map(|(key, value)| (*key, value.clone(), 0..0)).collect();
        (member.build)(&Values { entries, span: 0..0 }).unwrap_err().message
    };
    for x in [-1.0, f64::NAN, 101.0] {
        assert!(refused("weighted-log-rank", &[("rho", number(x))]).contains("rho"));
        assert!(refused("max-combo", &[("tests", tests(&[[0.0, x]]))]).contains("no test"));
    }
    assert!(refused("max-combo", &[("tests", tests(&[]))]).contains("0 tests"));
    assert!(refused("max-combo", &[("tests", tests(&[[0.0, 1.0]; 5]))]).contains("5 tests"));
    let short = Value::List(vec![(Value::List(vec![(number(1.0), 0..0)]), 0..0)]);
    assert!(refused("max-combo", &[("tests", short)]).contains("no test"));
    for (key, x) in [("at", 0.0), ("at", f64::INFINITY), ("survival", 0.0), ("survival", 1.1)] {
        assert!(refused("modestly-weighted-log-rank", &[(key, number(x))]).contains(key));
    }
    let both = [("at", number(1.0)), ("survival", number(0.5))];
    assert!(refused("modestly-weighted-log-rank", &both).contains("only one"));
}
