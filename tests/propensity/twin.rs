//! Against naive definitions, on small data full of ties.

use patency::analysis::{Rule, Status};
use proptest::prelude::*;

use super::{Patients, RULE};

/// Patients with one or two covariates of few values.
fn patients() -> impl Strategy<Value = Patients> {
    let patient = (0_u8..2, 0_u8..2, 1_u8..7, 0_u8..3, -2_i8..3, 0_u8..2);
    (prop::collection::vec(patient, 12..40), 1_usize..3, any::<bool>()).prop_map(|(rows, columns, binary)| Patients {
        arm: rows.iter().map(|p| p.0).collect(),
        y: if binary { rows.iter().map(|p| p.1).collect() } else { Vec::new() },
        time: rows.iter().map(|p| f64::from(p.2)).collect(),
        event: rows.iter().map(|p| u8::from(p.3 == 1)).collect(),
        competing: rows.iter().map(|p| u8::from(p.3 == 2)).collect(),
        x: [rows.iter().map(|p| f64::from(p.4)).collect(), rows.iter().map(|p| f64::from(p.5)).collect()][..columns]
            .to_vec(),
    })
}

/// The score by gradient ascent with Newton's matrix on raw columns, written out; none where it does not settle.
/// Patients count `k` times.
fn score(data: &Patients, k: &[f64]) -> Option<Vec<f64>> {
    let n = data.arm.len();
    let columns: Vec<Vec<f64>> = std::iter::once(vec![1.0; n]).chain(data.x.iter().cloned()).collect();
    let size = columns.len();
    let mut gamma = vec![0.0; size];
    let fitted = |gamma: &[f64]| -> Vec<f64> {
        let eta = |i: usize| (0..size).map(|j| gamma[j] * columns[j][i]).sum::<f64>();
        (0..n).map(|i| 1.0 / (1.0 + (-eta(i)).exp())).collect()
    };
    for _ in 0..60 {
        let e = fitted(&gamma);
        let mut system: Vec<Vec<f64>> = (0..size)
            .map(|j| {
                let matrix = (0..size)
                    .map(|l| (0..n).map(|i| k[i] * e[i] * (1.0 - e[i]) * columns[j][i] * columns[l][i]).sum::<f64>());
                let right = (0..n).map(|i| k[i] * columns[j][i] * (f64::from(data.arm[i]) - e[i])).sum::<f64>();
                matrix.chain([right]).collect()
            })
            .collect();
        let step = eliminate(&mut system)?;
        for (g, s) in gamma.iter_mut().zip(&step) {
            *g += s;
        }
        if step.iter().all(|s| s.abs() < 1e-13) {
            return Some(fitted(&gamma));
        }
    }
    None
}

/// Gauss's elimination with the right side in the last column; none where singular.
fn eliminate(system: &mut [Vec<f64>]) -> Option<Vec<f64>> {
    let size = system.len();
    for j in 0..size {
        let pivot = (j..size).max_by(|&a, &b| system[a][j].abs().total_cmp(&system[b][j].abs()))?;
        system.swap(j, pivot);
        if system[j][j].abs() < 1e-9 {
            return None;
        }
        for i in 0..size {
            if i != j {
                let factor = system[i][j] / system[j][j];
                let row = system[j].clone();
                for (x, y) in system[i].iter_mut().zip(row) {
                    *x -= factor * y;
                }
            }
        }
    }
    Some((0..size).map(|j| system[j][size] / system[j][j]).collect())
}

fn weights(data: &Patients, scheme: &str, treated: u8, e: &[f64], k: &[f64]) -> Vec<f64> {
    let share = (data.arm.iter().zip(k).map(|(a, k)| f64::from(*a) * k).sum::<f64>()) / k.iter().sum::<f64>();
    (data.arm.iter().zip(e))
        .map(|(&a, &e)| match (scheme, a) {
            ("ate", 1) => share / e,
            ("ate", _) => (1.0 - share) / (1.0 - e),
            ("att", a) if a == treated => 1.0,
            ("att", 0) => e / (1.0 - e),
            ("att", _) => (1.0 - e) / e,
            ("ato", 1) => 1.0 - e,
            (_, _) => e,
        })
        .collect()
}

/// The effect by definition, from weights.
fn effect(data: &Patients, method: &str, at: f64, w: &[f64]) -> f64 {
    let n = data.arm.len();
    let rows = |a: u8| (0..n).filter(move |&i| data.arm[i] == a);
    let total = |keep: &dyn Fn(usize) -> bool| (0..n).filter(|&i| keep(i)).map(|i| w[i]).sum::<f64>();
    match method {
        "weighted-difference" => {
            let share = |a: u8| total(&|i| data.arm[i] == a && data.y[i] == 1) / rows(a).map(|i| w[i]).sum::<f64>();
            share(1) - share(0)
        }
        "weighted-cox" => {
            let score = |beta: f64| -> f64 {
                let hazard = |i: usize| w[i] * (beta * f64::from(data.arm[i])).exp();
                let mut score = 0.0;
                for u in 1..7 {
                    let dead: Vec<usize> =
                        (0..n).filter(|&i| data.time[i] == f64::from(u) && data.event[i] == 1).collect();
                    let d = dead.len() as f64;
                    let mean_weight = dead.iter().map(|&i| w[i]).sum::<f64>() / d;
                    for (l, &i) in dead.iter().enumerate() {
                        let gone = |j: usize| if dead.contains(&j) { 1.0 - l as f64 / d } else { 1.0 };
                        let sum = |arm: Option<u8>| -> f64 {
                            let at_risk = (0..n).filter(|&j| data.time[j] >= f64::from(u));
                            at_risk.filter(|&j| arm.is_none_or(|a| data.arm[j] == a)).map(|j| gone(j) * hazard(j)).sum()
                        };
                        score += w[i] * f64::from(data.arm[i]) - mean_weight * sum(Some(1)) / sum(None);
                    }
                }
                score
            };
            let (mut low, mut high) = (-30.0, 30.0);
            for _ in 0..64 {
                let middle = 0.5 * (low + high);
                if score(middle) > 0.0 { low = middle } else { high = middle }
            }
            0.5 * (low + high)
        }
        _ => {
            let risk = |a: u8| {
                let (mut free, mut risk) = (1.0, 0.0);
                for u in (1..7).map(f64::from).filter(|u| *u <= at) {
                    let y = total(&|i| data.arm[i] == a && data.time[i] >= u);
                    let own = total(&|i| data.arm[i] == a && data.time[i] == u && data.event[i] == 1);
                    let other = total(&|i| data.arm[i] == a && data.time[i] == u && data.competing[i] == 1);
                    let other = if method == "weighted-incidence" { other } else { 0.0 };
                    if y > 0.0 {
                        risk += free * own / y;
                        // all gone is 0, not a rounding error
                        free *= if y - own - other < 1e-12 * y { 0.0 } else { 1.0 - (own + other) / y };
                    }
                }
                risk
            };
            if method == "weighted-incidence" { risk(1) - risk(0) } else { risk(0) - risk(1) }
        }
    }
}

/// Variance by the infinitesimal jackknife: derivatives of `theta` in each patient's frequency.
fn jackknife(n: usize, theta: impl Fn(&[f64]) -> Option<f64>) -> Option<f64> {
    let slope = |i: usize, h: f64| {
        let mut k = vec![1.0; n];
        k[i] = 1.0 + h;
        let up = theta(&k)?;
        k[i] = 1.0 - h;
        Some((up - theta(&k)?) / (2.0 * h))
    };
    (0..n)
        .map(|i| {
            let psi = (4.0 * slope(i, 2e-3)? - slope(i, 4e-3)?) / 3.0;
            Some(psi * psi)
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn twin_weighted_effects(data in patients(), scheme in 0_usize..3, treated in 0_u8..2, kind in 0_usize..3, at in 2_u8..6) {
        prop_assume!(data.arm.contains(&0) && data.arm.contains(&1));
        let scheme = ["ate", "att", "ato"][scheme];
        let at = f64::from(at);
        let method = if data.y.is_empty() {
            ["weighted-cox", "weighted-kaplan-meier", "weighted-incidence"][kind]
        } else {
            "weighted-difference"
        };
        let n = data.arm.len();
        let ones = vec![1.0; n];
        let rule = Rule { treated, ..RULE };
        for variance in ["robust", "stacked"] {
            let mut written = format!("weights={scheme} variance={variance}");
            if kind > 0 && data.y.is_empty() {
                written += &format!(" at={at}");
            }
            let found = data.analyse_with(&*super::method(method, &written), &rule, &mut Default::default());
            let Some(e) = score(&data, &ones).filter(|e| e.iter().all(|e| *e > 1e-6 && *e < 1.0 - 1e-6)) else {
                prop_assert_ne!(found.status, Status::Estimated);
                continue;
            };
            let w = weights(&data, scheme, treated, &e, &ones);
            let twin = effect(&data, method, at, &w);
            if found.status != Status::Estimated {
                // each failure has its reason: in the score, in the effect, or in the patients left
                let ess = |a: u8| {
                    let own = || (0..n).filter(|&i| data.arm[i] == a).map(|i| w[i]);
                    own().sum::<f64>().powi(2) / own().map(|w| w * w).sum::<f64>()
                };
                let followed = |a: u8| (0..n).any(|i| data.arm[i] == a && data.time[i] >= at);
                let reason = match found.status {
                    Status::NoOverlap => ess(0) < 2.0 || ess(1) < 2.0,
                    Status::NoVariation if method == "weighted-cox" => true,
                    Status::Separation => method == "weighted-cox" && twin.abs() > 15.0,
                    Status::TooFew => kind > 0 && !(followed(0) && followed(1)),
                    Status::NoVariation => twin.abs() < 1e-12 || (twin.abs() - 1.0).abs() < 1e-12,
                    _ => false,
                };
                prop_assert!(reason, "{:?} {twin}", found.status);
                continue;
            }
            prop_assert!((found.estimate - twin).abs() < 1e-8, "{} {}", found.estimate, twin);
            let theta = |k: &[f64]| {
                let w = if variance == "robust" {
                    w.clone()
                } else {
                    weights(&data, scheme, treated, &score(&data, k)?, k)
                };
                let w: Vec<f64> = w.iter().zip(k).map(|(w, k)| w * k).collect();
                Some(effect(&data, method, at, &w))
            };
            if let Some(variance) = jackknife(n, theta) {
                let se = variance.sqrt();
                prop_assert!((found.se - se).abs() < 1e-5 * (se + 1e-3), "{variance}: {} {se}", found.se);
            }
        }
    }

    #[test]
    fn twin_matching(data in patients(), treated in 0_u8..2, caliper in prop::sample::select(vec![0.05, 0.2, 0.5, 3.0])) {
        prop_assume!(data.arm.contains(&0) && data.arm.contains(&1));
        let rule = Rule { treated, ..RULE };
        let Ok(ate) = data.weights("weights=ate stabilised=false", &rule) else { return Ok(()) };
        // the score back from its weights, alike for alike patients
        let n = data.arm.len();
        let logit: Vec<f64> = (0..n)
            .map(|i| {
                let other = (0..n).find(|&j| data.x.iter().all(|x| x[j] == x[i])).unwrap();
                let odds = if data.arm[other] == 1 { 1.0 / (ate[other] - 1.0) } else { ate[other] - 1.0 };
                odds.ln() * if treated == 1 { 1.0 } else { -1.0 }
            })
            .collect();
        let mean = logit.iter().sum::<f64>() / n as f64;
        let sd = (logit.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n as f64 - 1.0)).sqrt();
        let mut choosers: Vec<usize> = (0..n).filter(|&i| data.arm[i] == treated).collect();
        choosers.sort_by(|&a, &b| logit[b].total_cmp(&logit[a]).then(a.cmp(&b)));
        let mut used = vec![0.0; n];
        let alike = |i: usize, j: usize| data.x.iter().all(|x| x[i] == x[j]);
        // scores and distances that rounding may order either way
        let mut near_tie = choosers.windows(2).any(|w| !alike(w[0], w[1]) && (logit[w[0]] - logit[w[1]]).abs() < 1e-9);
        for i in choosers {
            let distance = |j: usize| (logit[i] - logit[j]).abs();
            let free: Vec<usize> = (0..n).filter(|&j| data.arm[j] != treated && used[j] == 0.0).collect();
            let Some(&best) = free.iter().min_by(|&&a, &&b| distance(a).total_cmp(&distance(b)).then(a.cmp(&b))) else {
                break;
            };
            near_tie |= free.iter().any(|&j| !alike(j, best) && (distance(j) - distance(best)).abs() < 1e-9) || (distance(best) - caliper * sd).abs() < 1e-9;
            if distance(best) <= caliper * sd {
                used[i] = 1.0;
                used[best] = 1.0;
            }
        }
        if !near_tie {
            match data.weights(&format!("weights=matched caliper={caliper}"), &rule) {
                Ok(found) => prop_assert_eq!(found, used),
                Err(status) => {
                    prop_assert_eq!(status, Status::NoOverlap);
                    prop_assert!(used.iter().sum::<f64>() < 4.0);
                }
            }
        }
    }
}
