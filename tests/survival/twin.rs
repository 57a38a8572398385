//! Definitions, naively, against the methods on small data full of ties.

use patency::analysis::Status;
use proptest::prelude::*;

use super::by_hand::tests;
use super::{Data, close, method, number, tied};

/// Pooled Kaplan–Meier estimate of a stratum just before a time, or at it.
fn free(data: &Data, stratum: u32, t: f64, with: bool) -> f64 {
    let of = |i: usize| data.strata.get(i).copied().unwrap_or(0) == stratum;
    let rows = || (0..data.time.len()).filter(move |&i| of(i));
    let mut times: Vec<f64> = rows().map(|i| data.time[i]).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times.iter().filter(|&&u| u < t || (with && u == t)).fold(1.0, |s, &u| {
        let r = rows().filter(|&i| data.time[i] >= u).count() as f64;
        let d = rows().filter(|&i| data.time[i] == u && data.event[i] == 1).count() as f64;
        s * (1.0 - d / r)
    })
}

/// Score and variance by tables, one event time after the other, each stratum by itself.
fn tables(data: &Data, weight: impl Fn(u32, f64) -> f64) -> (f64, f64) {
    let (mut score, mut variance) = (0.0, 0.0);
    for stratum in 0..=data.strata.iter().copied().max().unwrap_or(0) {
        for step in 1..=6 {
            let t = f64::from(step);
            let of = |i: &usize| data.strata.get(*i).copied().unwrap_or(0) == stratum;
            let at_risk: Vec<usize> = (0..data.time.len()).filter(of).filter(|&i| data.time[i] >= t).collect();
            let count = |keep: &dyn Fn(usize) -> bool| at_risk.iter().filter(|&&i| keep(i)).count() as f64;
            let died = |i: usize| data.time[i] == t && data.event[i] == 1;
            let (r, r1) = (count(&|_| true), count(&|i| data.arm[i] == 1));
            let (d, d1) = (count(&died), count(&|i| died(i) && data.arm[i] == 1));
            if d > 0.0 {
                let w = weight(stratum, t);
                score += w * (d1 - d * r1 / r);
                if r > 1.0 {
                    variance += w * w * d * r1 * (r - r1) * (r - d) / (r * r * (r - 1.0));
                }
            }
        }
    }
    (score, variance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn twin_weighted_log_rank(data in tied(), rho in 0_u8..3, gamma in 0_u8..3, stratified: bool) {
        let data = if stratified { data } else { Data { strata: Vec::new(), ..data } };
        let (rho, gamma) = (f64::from(rho) / 2.0, f64::from(gamma) / 2.0);
        let e = data.analyse(&*method("weighted-log-rank", &[("rho", number(rho)), ("gamma", number(gamma))]));
        let (score, variance) = tables(&data, |stratum, t| {
            let s = free(&data, stratum, t, false);
            s.powf(rho) * (1.0 - s).powf(gamma)
        });
        if e.status != Status::EmptyArm {
            prop_assert!(close(e.parts[0], score, 1e-12) && close(e.parts[1], variance, 1e-12), "{e:?} {score} {variance}");
            prop_assert_eq!(e.status == Status::Estimated, e.parts[1] > 0.0);
        }
    }

    #[test]
    fn twin_modestly_weighted_log_rank(data in tied(), at in 1_u8..8, limit in 0.2_f64..1.0, stratified: bool) {
        let data = if stratified { data } else { Data { strata: Vec::new(), ..data } };
        let at = f64::from(at) - 0.5;
        let by_time = data.analyse(&*method("modestly-weighted-log-rank", &[("at", number(at))]));
        let by_value = data.analyse(&*method("modestly-weighted-log-rank", &[("survival", number(limit))]));
        if by_time.status != Status::EmptyArm {
            let (score, variance) = tables(&data, |k, t| 1.0 / free(&data, k, t, false).max(free(&data, k, at, true)));
            prop_assert!(close(by_time.parts[0], score, 1e-12) && close(by_time.parts[1], variance, 1e-12));
            let (score, variance) = tables(&data, |k, t| 1.0 / free(&data, k, t, false).max(limit));
            prop_assert!(close(by_value.parts[0], score, 1e-12) && close(by_value.parts[1], variance, 1e-12));
        }
    }

    #[test]
    fn twin_stratified_log_rank(data in tied()) {
        let e = data.analyse(&*method("log-rank", &[]));
        let (score, variance) = tables(&data, |_, _| 1.0);
        if e.status == Status::Estimated {
            prop_assert!(close(e.parts[0] - e.parts[1], score, 1e-12) && close(e.parts[4], variance, 1e-12));
            prop_assert!(close(e.estimate, score / variance, 1e-12));
            let own = data.arm.iter().zip(&data.event).filter(|(a, e)| **a == 1 && **e == 1).count();
            prop_assert_eq!(e.parts[0], own as f64);
        } else if e.status != Status::EmptyArm {
            prop_assert!(variance == 0.0);
        }
    }

    /// The statistics are those of the tests one by one; p lies between that of the best alone and Bonferroni's.
    #[test]
    fn twin_max_combo(data in tied(), stratified: bool) {
        let data = if stratified { data } else { Data { strata: Vec::new(), ..data } };
        let powers = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.5, 0.5]];
        let e = data.analyse(&*method("max-combo", &[("tests", tests(&powers))]));
        let alone = powers.map(|[rho, gamma]| {
            data.analyse(&*method("weighted-log-rank", &[("rho", number(rho)), ("gamma", number(gamma))]))
        });
        if e.status == Status::Estimated {
            for (part, alone) in e.parts.iter().zip(&alone) {
                prop_assert!(close(*part, alone.z, 1e-12));
            }
            let best = alone.iter().map(|a| a.p).fold(1.0, f64::min);
            prop_assert!(e.p >= best * (1.0 - 1e-7) && e.p <= 4.0 * best * (1.0 + 1e-7), "{e:?} {best}");
            prop_assert!(e.p_two_sided() <= e.p + e.p_against() + 1e-7);
            prop_assert!(e.p_two_sided() >= e.p.min(e.p_against()) - 1e-7);
        } else {
            prop_assert!(alone.iter().any(|a| a.status == e.status));
        }
    }
}
