//! Definitions, naively, against the methods on small data full of ties.

use patency::analysis::Status;
use proptest::prelude::*;

use super::{Data, method, near, tied};

/// Patients of an arm at risk at a time.
fn at_risk(data: &Data, arm: u8, t: f64) -> f64 {
    (0..data.time.len()).filter(|&i| data.arm[i] == arm && data.time[i] >= t).count() as f64
}

/// Aalen–Johansen incidence just after (or just before) a time, by its definition.
fn incidence(data: &Data, arm: u8, to: f64, with: bool) -> f64 {
    let (mut free, mut out) = (1.0, 0.0);
    for k in 0..40 {
        let t = 0.25 * f64::from(k);
        if t > to || (t == to && !with) {
            break;
        }
        let r = at_risk(data, arm, t);
        let of = |flags: &[u8]| {
            (0..data.time.len()).filter(|&i| data.arm[i] == arm && data.time[i] == t && flags[i] == 1).count() as f64
        };
        let (d1, d2) = (of(&data.event), of(&data.competing));
        if r > 0.0 {
            out += free * d1 / r;
            free *= 1.0 - (d1 + d2) / r;
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The variance is that of the jackknife in its limit: the derivative of the estimate in each patient's weight, squared and added.
    #[test]
    fn twin_cumulative_incidence(data in tied(), at in 1_u8..7) {
        let at = f64::from(at);
        let e = data.analyse(&*method("cumulative-incidence", at));
        if !matches!(e.status, Status::EmptyArm) {
            for (arm, part) in [(1, 0), (0, 2)] {
                prop_assert!(near(e.parts[part], incidence(&data, arm, at, true), 1e-12));
                let weighted = |i: usize, w: f64| {
                    let (mut free, mut out) = (1.0, 0.0);
                    for t in 1..=6 {
                        let t = f64::from(t);
                        if t > at { break; }
                        let total = |keep: &dyn Fn(usize) -> bool| (0..data.time.len()).filter(|&j| data.arm[j] == arm && keep(j)).map(|j| if i == j { w } else { 1.0 }).sum::<f64>();
                        let r = total(&|j| data.time[j] >= t);
                        let d1 = total(&|j| data.time[j] == t && data.event[j] == 1);
                        let d2 = total(&|j| data.time[j] == t && data.competing[j] == 1);
                        if r > 0.0 { out += free * d1 / r; free *= 1.0 - (d1 + d2) / r; }
                    }
                    out
                };
                let variance: f64 = (0..data.time.len()).filter(|&i| data.arm[i] == arm).map(|i| {
                    let d = (weighted(i, 1.0 + 1e-5) - weighted(i, 1.0 - 1e-5)) / 2e-5;
                    d * d
                }).sum();
                prop_assert!((e.parts[part + 1].powi(2) - variance).abs() < 1e-8, "{} {variance}", e.parts[part + 1].powi(2));
            }
        }
    }

    /// Without competing events the incidence is Kaplan–Meier's complement and its variance Greenwood's.
    #[test]
    fn twin_incidence_without_competing_events(data in tied(), at in 1_u8..7) {
        let data = Data { competing: Vec::new(), ..data };
        let e = data.analyse(&*method("cumulative-incidence", f64::from(at)));
        let k = data.analyse(&*method("kaplan-meier", f64::from(at)));
        if e.status == Status::Estimated && k.status == Status::Estimated {
            prop_assert!(near(e.estimate, -k.estimate, 1e-12) && near(e.se, k.se, 1e-10) && near(e.z, k.z, 1e-9));
        }
    }

    /// Without competing events Gray's score is the log-rank test's O − E.
    #[test]
    fn twin_gray_score(data in tied()) {
        let e = data.analyse(&*method("gray", 0.0));
        if e.status != Status::EmptyArm {
            let mut score = 0.0;
            for t in 1..=6 {
                let t = f64::from(t);
                let r = [0, 1].map(|a| {
                    let y = at_risk(&data, a, t);
                    let mut free = 1.0;
                    for u in 1..6 {
                        let u = f64::from(u);
                        if u >= t { break; }
                        let failed = (0..data.time.len()).filter(|&i| data.arm[i] == a && data.time[i] == u && data.event[i] + data.competing[i] > 0).count() as f64;
                        if at_risk(&data, a, u) > 0.0 { free *= 1.0 - failed / at_risk(&data, a, u); }
                    }
                    if y > 0.0 { y * (1.0 - incidence(&data, a, t, false)) / free } else { 0.0 }
                });
                for i in 0..data.time.len() {
                    if data.time[i] == t && data.event[i] == 1 && r[0] + r[1] > 0.0 {
                        score += f64::from(data.arm[i]) - r[1] / (r[0] + r[1]);
                    }
                }
            }
            prop_assert!(near(e.parts[0], score, 1e-10) , "{} {score}", e.parts[0]);
            let plain = Data { competing: Vec::new(), ..data.clone() };
            let (g, l) = (plain.analyse(&*method("gray", 0.0)), plain.analyse(&*method("log-rank", 0.0)));
            prop_assert!(near(g.parts[0], l.parts[0] - l.parts[1], 1e-10));
        }
    }

    /// The coefficient solves the score equation written with weights patient by patient, and the variance is the sandwich of its
    /// sums over pairs of patients.
    #[test]
    fn twin_fine_gray(data in tied()) {
        let e = data.analyse(&*method("fine-gray", 0.0));
        if e.status == Status::Estimated {
            let n = data.time.len();
            let censored = |i: usize| data.event[i] + data.competing[i] == 0;
            let risk = |t: f64| (0..n).filter(|&i| data.time[i] >= t).count() as f64;
            let free = |t: f64| (1..7).map(f64::from).filter(|&u| u < t).map(|u| {
                let c = (0..n).filter(|&i| data.time[i] == u && censored(i)).count() as f64;
                if c > 0.0 { 1.0 - c / risk(u) } else { 1.0 }
            }).product::<f64>();
            let weight = |i: usize, t: f64| if data.time[i] >= t { 1.0 } else if data.competing[i] == 1 { free(t) / free(data.time[i]) } else { 0.0 };
            let x = |i: usize| f64::from(data.arm[i]);
            let relative = |i: usize| (e.estimate * x(i)).exp();
            let s0 = |t: f64| (0..n).map(|i| weight(i, t) * relative(i)).sum::<f64>();
            let mean = |t: f64| (0..n).map(|i| weight(i, t) * relative(i) * x(i)).sum::<f64>() / s0(t);
            let events: Vec<usize> = (0..n).filter(|&i| data.event[i] == 1).collect();
            let score: f64 = events.iter().map(|&i| x(i) - mean(data.time[i])).sum();
            let information: f64 = events.iter().map(|&i| { let m = mean(data.time[i]); m * (1.0 - m) }).sum();
            prop_assert!(score.abs() < 1e-9, "{score}");
            let mut total = 0.0;
            let effect = |u: f64| events.iter().filter(|&&j| data.time[j] >= u).map(|&j| {
                let t = data.time[j];
                (0..n).filter(|&i| data.competing[i] == 1 && data.time[i] < u).map(|i| weight(i, t) * relative(i) * (x(i) - mean(t)) / s0(t)).sum::<f64>()
            }).sum::<f64>();
            for i in 0..n {
                let mut own = if data.event[i] == 1 { x(i) - mean(data.time[i]) } else { 0.0 };
                own -= events.iter().map(|&j| { let t = data.time[j]; weight(i, t) * relative(i) * (x(i) - mean(t)) / s0(t) }).sum::<f64>();
                if censored(i) { own += effect(data.time[i]) / risk(data.time[i]); }
                for k in (0..n).filter(|&k| censored(k) && data.time[k] <= data.time[i]) {
                    own -= effect(data.time[k]) / risk(data.time[k]).powi(2);
                }
                total += own * own;
            }
            prop_assert!(near(e.se, total.sqrt() / information, 1e-8), "{} {}", e.se, total.sqrt() / information);
        }
    }

    /// The area by adding rectangles.
    #[test]
    fn twin_restricted_mean(data in tied(), quarter in 1_u8..24) {
        let at = 0.25 * f64::from(quarter);
        let e = data.analyse(&*method("restricted-mean", at));
        if e.status != Status::EmptyArm {
            let plain = Data { competing: Vec::new(), ..data.clone() };
            let area = |arm| (0..quarter).map(|k| 0.25 * (1.0 - incidence(&Data { competing: vec![0; plain.time.len()], ..plain.clone() }, arm, 0.25 * f64::from(k), true))).sum::<f64>();
            prop_assert!(near(e.parts[0], area(1), 1e-12) && near(e.parts[2], area(0), 1e-12));
        }
    }
}
