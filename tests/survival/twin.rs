//! Definitions, naively, against the methods on small data full of ties.

use patency::analysis::{Rule, Scratch, Status};
use proptest::prelude::*;

use super::by_hand::tests;
use super::{Data, RULE, close, method, number, tied, word};

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

/// The log partial likelihood by its definition, stratum by stratum, events of one time together.
fn log_likelihood(data: &Data, beta: &[f64], efron: bool) -> f64 {
    let n = data.time.len();
    let stratum = |i: usize| data.strata.get(i).copied().unwrap_or(0);
    let index = |i: usize| {
        beta[0] * f64::from(data.arm[i])
            + beta[1..].iter().enumerate().map(|(j, b)| b * data.covariates[j * n + i]).sum::<f64>()
    };
    let mut total = 0.0;
    for k in 0..=data.strata.iter().copied().max().unwrap_or(0) {
        for step in 1..=6 {
            let t = f64::from(step);
            let of = |keep: &dyn Fn(usize) -> bool| (0..n).filter(|&i| stratum(i) == k && keep(i)).collect::<Vec<_>>();
            let died = of(&|i| data.time[i] == t && data.event[i] == 1);
            let weigh = |rows: &[usize]| rows.iter().map(|&i| index(i).exp()).sum::<f64>();
            let (all, tied) = (weigh(&of(&|i| data.time[i] >= t)), weigh(&died));
            for (l, &i) in died.iter().enumerate() {
                let gone = if efron { l as f64 / died.len() as f64 } else { 0.0 };
                total += index(i) - (all - gone * tied).ln();
            }
        }
    }
    total
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// At the estimate the likelihood is flat in every direction, its curvature is the standard error's; the signed root and the profile
    /// limits are at their distance. The covariate's coefficient is sought by golden section.
    #[test]
    fn twin_cox(data in tied(), efron: bool, stratified: bool, adjusted: bool, null in -0.5_f64..0.5) {
        let mut data = if stratified { data } else { Data { strata: Vec::new(), ..data } };
        let n = data.time.len();
        if adjusted {
            data.covariates = (0..n).map(|i| ((i * 7) % 5) as f64 / 2.0).collect();
        }
        let ties = if efron { "efron" } else { "breslow" };
        let rule = Rule { null, ..RULE };
        let run = |test: &str| {
            let method = method("cox", &[("ties", word(ties)), ("test", word(test))]);
            data.analyse_with(&*method, &rule, &mut Scratch::default())
        };
        let profile = |b: f64| {
            if !adjusted {
                return log_likelihood(&data, &[b], efron);
            }
            let (mut low, mut high) = (-30.0, 30.0);
            for _ in 0..200 {
                let (x, y) = (high - 0.618_033_988_749_895 * (high - low), low + 0.618_033_988_749_895 * (high - low));
                if log_likelihood(&data, &[b, x], efron) > log_likelihood(&data, &[b, y], efron) { high = y } else { low = x }
            }
            log_likelihood(&data, &[b, 0.5 * (low + high)], efron)
        };
        let [wald, score, ratio] = ["wald", "score", "likelihood-ratio"].map(run);
        prop_assert_eq!(wald.status, score.status);
        if wald.status == Status::Estimated && wald.se < 5.0 {
            let (b, h) = (wald.estimate, 1e-3);
            let (most, left, right) = (profile(b), profile(b - h), profile(b + h));
            prop_assert!(((right - left) / (2.0 * h)).abs() < 1e-5, "{wald:?}");
            prop_assert!(((2.0 * most - left - right) / (h * h) * wald.se * wald.se - 1.0).abs() < 1e-4, "{wald:?}");
            let slope = (profile(null + h) - profile(null - h)) / (2.0 * h);
            prop_assert!(score.z == 0.0 || (score.z > 0.0) == (slope < 0.0) || slope.abs() < 1e-4);
            if ratio.status == Status::Estimated {
                prop_assert!((ratio.z.powi(2) - 2.0 * (most - profile(null))).abs() < 1e-6, "{ratio:?}");
                for limit in [ratio.lower, ratio.upper] {
                    prop_assert!((2.0 * (most - profile(limit)) - 1.959963984540054_f64.powi(2)).abs() < 1e-6, "{ratio:?}");
                }
            }
        }
    }

    /// The interval of the difference of medians by trying all pairs of times on a fine grid.
    #[test]
    fn twin_median_survival(data in tied(), null in -3_i8..4) {
        let data = Data { strata: Vec::new(), ..data };
        let rule = Rule { null: f64::from(null) + 0.5, ..RULE };
        let e = data.analyse_with(&*method("median-survival", &[]), &rule, &mut Scratch::default());
        if e.status == Status::Estimated {
            let arm = |a: u8| data.rows(&(0..data.time.len()).filter(|&i| data.arm[i] == a).collect::<Vec<_>>());
            let arms = [arm(0), arm(1)];
            let s = |a: usize, t: f64| free(&arms[a], 0, t, true);
            let spread = [0, 1].map(|a| {
                let times = (1..=6).map(f64::from);
                let at = times.clone().find(|&t| s(a, t) <= 0.5 + 1e-9).unwrap();
                let sum: f64 = times.take_while(|&t| t <= at).map(|t| {
                    let r = arms[a].time.iter().filter(|&&u| u >= t).count() as f64;
                    let d = arms[a].time.iter().zip(&arms[a].event).filter(|(u, e)| **u == t && **e == 1).count() as f64;
                    if d > 0.0 { d / (r * (r - d)) } else { 0.0 }
                }).sum();
                s(a, at) * sum.sqrt()
            });
            // up to 16: the latest time at all, and the largest shift beyond it
            let least = |shift: f64| (0..64).map(|k| 0.125 + 0.25 * f64::from(k)).filter(|t| t + shift > 0.0).map(|t| {
                ((s(0, t) - 0.5) / spread[0]).powi(2) + ((s(1, t + shift) - 0.5) / spread[1]).powi(2)
            }).fold(f64::INFINITY, f64::min);
            let critical = 1.959963984540054_f64.powi(2);
            let held: Vec<f64> = (-64..=64).map(|k| 0.125 * f64::from(k)).filter(|&d| least(d) <= critical).collect();
            let (low, high) = (held[0], held[held.len() - 1]);
            prop_assert!(low > e.lower - 1e-9 && low < e.lower + 0.3, "{e:?} {low}");
            prop_assert!(high < e.upper + 1e-9 && high > e.upper - 0.3, "{e:?} {high}");
            prop_assert!(e.estimate == rule.null || close(e.z.powi(2), least(rule.null), 1e-9), "{e:?} {}", least(rule.null));
        }
    }
}
