//! What every method for follow-up times promises.

use patency::analysis::{Analysis, Better, Estimate, Rule, Scale, Scratch, Status};
use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::{Data, RULE, method, near, tied};

fn methods() -> Vec<Box<dyn Analysis>> {
    [("cumulative-incidence", 3.0), ("gray", 0.0), ("fine-gray", 0.0), ("restricted-mean", 3.5)]
        .map(|(name, at)| method(name, at))
        .into()
}

fn same(e: &Estimate, f: &Estimate) -> bool {
    let pairs = [(e.estimate, f.estimate), (e.se, f.se), (e.z, f.z), (e.p, f.p), (e.lower, f.lower)];
    e.status == f.status && pairs.iter().all(|&(a, b)| (a.is_nan() && b.is_nan()) || near(a, b, 1e-8))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn contract_competing_methods(data in tied(), turn in 0_usize..24) {
        let n = data.time.len();
        let rows: Vec<usize> = (0..n).map(|i| (i + turn) % n).rev().collect();
        let pick = |x: &[u8]| rows.iter().map(|&i| x[i]).collect::<Vec<u8>>();
        let other = Data {
            time: rows.iter().map(|&i| data.time[i]).collect(),
            event: pick(&data.event), competing: pick(&data.competing), arm: pick(&data.arm), covariates: Vec::new(),
        };
        let swapped = Data { arm: data.arm.iter().map(|a| 1 - a).collect(), ..data.clone() };
        let mut scratch = Scratch::default();
        for method in methods() {
            let e = data.analyse_with(&*method, &RULE, &mut scratch);
            let numbers = [e.estimate, e.se, e.lower, e.upper];
            if e.status == Status::Estimated {
                prop_assert!(numbers.iter().all(|x| x.is_finite() == method.estimates()), "{method:?} {e:?}");
                prop_assert!(e.z.is_finite() && (0.0..=1.0).contains(&e.p));
            } else {
                prop_assert!(numbers.iter().chain([&e.z, &e.p]).all(|x| x.is_nan()), "{method:?} {e:?}");
            }
            prop_assert!(e.parts.iter().all(|x| x.is_finite()), "{method:?} {e:?}");
            prop_assert_eq!(e.n as usize, n);
            prop_assert!(same(&e, &other.analyse_with(&*method, &RULE, &mut scratch)), "{method:?}");
            let f = swapped.analyse_with(&*method, &RULE, &mut scratch);
            prop_assert_eq!(e.status, f.status);
            if e.status == Status::Estimated {
                prop_assert!(near(e.z, -f.z, 1e-8), "{method:?} {e:?} {f:?}");
                prop_assert!(!method.estimates() || near(e.estimate, -f.estimate, 1e-8) && near(e.se, f.se, 1e-8));
                let lower = data.analyse_with(&*method, &Rule { better: Better::Lower, ..RULE }, &mut scratch);
                prop_assert_eq!(e.z, -lower.z);
                let towards = method.orientation(Better::Higher) * e.estimate;
                prop_assert!(!method.estimates() || towards == 0.0 || (towards > 0.0) == (e.z > 0.0));
            }
        }
    }

    #[test]
    fn contract_unit_of_time(data in tied(), scale in 0.1_f64..50.0) {
        let other = Data { time: data.time.iter().map(|t| t * scale).collect(), ..data.clone() };
        for (name, at) in [("cumulative-incidence", 3.5), ("gray", 0.0), ("fine-gray", 0.0), ("restricted-mean", 3.5)] {
            let (e, f) = (data.analyse(&*method(name, at)), other.analyse(&*method(name, at * scale)));
            prop_assert_eq!(e.status, f.status);
            if e.status == Status::Estimated {
                prop_assert!(near(e.z, f.z, 1e-9));
                let factor = if name == "restricted-mean" { scale } else { 1.0 };
                prop_assert!(e.estimate.is_nan() || near(e.estimate * factor, f.estimate, 1e-9));
            }
        }
    }
}

#[test]
fn contract_empty_arm_and_no_patients() {
    for method in methods() {
        for data in [Data::default(), Data::of(&[(1.0, 1, 0), (2.0, 2, 0)]), Data::of(&[(1.0, 1, 1)])] {
            assert_eq!(data.analyse(&*method).status, Status::EmptyArm);
        }
        assert!(matches!(method.scale(), Scale::Difference | Scale::LogRatio));
    }
}

/// Two arms of one law: exponential events (rate .06), competing events (.04) and losses (.02), cut at 24.
fn null_trial(rng: &mut Xoshiro256PlusPlus, size: usize, data: &mut Data) {
    let mut exponential = |rate: f64| -(1.0 - (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64).ln() / rate;
    *data = Data::default();
    for i in 0..size {
        let (event, competing, lost) = (exponential(0.06), exponential(0.04), exponential(0.02).min(24.0));
        let time = event.min(competing).min(lost);
        data.time.push(time);
        data.event.push(u8::from(event == time));
        data.competing.push(u8::from(competing == time));
        data.arm.push((i % 2) as u8);
    }
}

#[test]
fn statistical_null_of_competing_methods() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20261122);
    let methods = [("cumulative-incidence", 12.0), ("gray", 0.0), ("fine-gray", 0.0), ("restricted-mean", 12.0)];
    let methods = methods.map(|(name, at)| method(name, at));
    let (mut scratch, mut data, mut rejects) = (Scratch::default(), Data::default(), [0_u32; 4]);
    const TRIALS: u32 = 4000;
    for _ in 0..TRIALS {
        null_trial(&mut rng, 160, &mut data);
        for (method, rejects) in methods.iter().zip(&mut rejects) {
            let e = data.analyse_with(&**method, &RULE, &mut scratch);
            assert_eq!(e.status, Status::Estimated);
            *rejects += u32::from(e.p <= 0.025 || e.p >= 0.975);
        }
    }
    // the smallest defect worth catching: .03 of α; beside 5 Monte Carlo errors definitions allow .003 of small samples
    let mcse = (0.05_f64 * 0.95 / f64::from(TRIALS)).sqrt();
    assert!(0.03 >= 8.0 * mcse);
    for (method, rejects) in methods.iter().zip(rejects) {
        let rate = f64::from(rejects) / f64::from(TRIALS);
        assert!((rate - 0.05).abs() <= 5.0 * mcse + 0.003, "{method:?}: {rate}");
    }
}

#[test]
fn contract_competing_methods_reuse_memory() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let (mut scratch, mut data) = (Scratch::default(), Data::default());
    null_trial(&mut rng, 300, &mut data);
    data.covariates = (0..600).map(|i| f64::from((i * 37) % 101)).collect();
    for method in methods() {
        let first = data.analyse_with(&*method, &RULE, &mut scratch);
        assert_eq!(first.status, Status::Estimated);
        let allocated = allocation_counter::measure(|| {
            let again = data.analyse_with(&*method, &RULE, &mut scratch);
            assert_eq!(again.z.to_bits(), first.z.to_bits());
        });
        assert_eq!(allocated.count_total, 0, "{method:?}");
    }
}
