//! Against the definitions, written naively.

use patency::analysis::Status;
use proptest::prelude::*;

use super::{Rows, Y, method, rule};

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

/// Largest of a concave function by bisection of its partial derivatives, one inside the other: for each value of the first
/// coordinate the rest are maximised, so that its partial derivative is that of the profile.
fn maximise(
    at: &mut Vec<f64>,
    from: usize,
    gradient: &dyn Fn(&[f64], usize) -> f64,
    low: &dyn Fn(&[f64], usize) -> f64,
) {
    if from == at.len() {
        return;
    }
    let (mut a, mut b) = (low(at, from), 30.0);
    for _ in 0..46 {
        let middle = 0.5 * (a + b);
        if profile(at, from, middle, gradient, low) > 0.0 {
            a = middle;
        } else {
            b = middle;
        }
    }
}

/// Slope of the profile in coordinate `from` at `value`, the later ones maximised.
fn profile(
    at: &mut Vec<f64>,
    from: usize,
    value: f64,
    gradient: &dyn Fn(&[f64], usize) -> f64,
    low: &dyn Fn(&[f64], usize) -> f64,
) -> f64 {
    at[from] = value;
    maximise(at, from + 1, gradient, low);
    gradient(at, from)
}

/// Maximum in the first coordinate and its standard error from the slope of the profile on either side.
fn fit(
    dimension: usize,
    gradient: &dyn Fn(&[f64], usize) -> f64,
    low: &dyn Fn(&[f64], usize) -> f64,
) -> (Vec<f64>, f64) {
    let mut at = vec![0.0; dimension];
    maximise(&mut at, 0, gradient, low);
    let found = at.clone();
    let h = 1e-3;
    let above = profile(&mut at, 0, found[0] + h, gradient, low);
    let below = profile(&mut at, 0, found[0] - h, gradient, low);
    (found, (2.0 * h / (below - above)).sqrt())
}

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// P(Y ≤ k) − P(Y ≤ k − 1) and its derivative by each threshold and by η, from the definition.
fn derivative(theta: &[f64], code: usize, eta: f64, by: Option<usize>) -> f64 {
    let f = |k: usize| {
        if k == theta.len() { 1.0 } else { expit(theta[k] - eta) }
    };
    let (upper, lower) = (f(code), if code > 0 { f(code - 1) } else { 0.0 });
    let density = |x: f64| x * (1.0 - x);
    let change = match by {
        None => density(lower) - density(upper),
        Some(k) if k == code => density(upper),
        Some(k) if k + 1 == code => -density(lower),
        Some(_) => 0.0,
    };
    change / (upper - lower)
}

fn wilcoxon_by_pairs(arm: &[u8], y: &[f64]) -> (f64, f64, f64) {
    let of = |a: u8| -> Vec<f64> { (arm.iter().zip(y)).filter(|(b, _)| **b == a).map(|(_, y)| *y).collect() };
    let (x, y) = (of(1), of(0));
    let score = |x: f64, y: f64| match x.total_cmp(&y) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let (n1, n0) = (x.len() as f64, y.len() as f64);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let variance = |v: &[f64]| {
        let m = mean(v);
        v.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (v.len() as f64 - 1.0)
    };
    let of_x: Vec<f64> = (x.iter()).map(|x| y.iter().map(|y| score(*x, *y)).sum::<f64>() / n0).collect();
    let of_y: Vec<f64> = (y.iter()).map(|y| x.iter().map(|x| score(*x, *y)).sum::<f64>() / n1).collect();
    let theta = mean(&of_x);
    let se = (variance(&of_x) / n1 + variance(&of_y) / n0).sqrt();
    // rank sum: midranks and their variance over all assignments of arms
    let all: Vec<f64> = x.iter().chain(&y).copied().collect();
    let rank = |v: f64| all.iter().map(|w| score(v, *w)).sum::<f64>() + 0.5;
    let ranks: Vec<f64> = all.iter().map(|v| rank(*v)).collect();
    let n = n1 + n0;
    let sum: f64 = ranks[..x.len()].iter().sum();
    let z = (sum - n1 * (n + 1.0) / 2.0) / (n1 * n0 / n * variance(&ranks)).sqrt();
    (theta, se, z)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn twin_wilcoxon_by_all_pairs(
        data in proptest::collection::vec((0_u8..2, 0_u8..6), 4..30),
        wide in any::<bool>(),
    ) {
        let (arm, code): (Vec<u8>, Vec<u8>) = data.into_iter().unzip();
        let score: Vec<f64> = (code.iter().enumerate())
            .map(|(i, c)| f64::from(*c) - 2.5 + if wide { 0.3 * (i % 3) as f64 } else { 0.0 })
            .collect();
        let wilcoxon = method("wilcoxon", &[], &[]);
        let e = Rows::new(&arm, Y::Score(score.clone())).analyse(&*wilcoxon, &rule(&*wilcoxon));
        if e.status == Status::Estimated {
            let (theta, se, z) = wilcoxon_by_pairs(&arm, &score);
            prop_assert!(near(e.estimate, theta, 1e-13));
            prop_assert!(near(e.se, se, 1e-13), "{} {se}", e.se);
            prop_assert!(near(e.z, z, 1e-13), "{} {z}", e.z);
        } else {
            let treated = arm.iter().filter(|a| **a == 1).count();
            let few = treated < 2 || arm.len() - treated < 2;
            prop_assert!(few || score.iter().all(|s| s.total_cmp(&score[0]).is_eq()));
        }
        if !wide {
            let by_code = Rows::new(&arm, Y::Ordinal(code, 7)).analyse(&*wilcoxon, &rule(&*wilcoxon));
            prop_assert_eq!(by_code.z.to_bits(), e.z.to_bits());
            prop_assert_eq!(by_code.se.to_bits(), e.se.to_bits());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn twin_logistic_by_bisection(
        data in proptest::collection::vec((0_u8..2, 0_u8..2, -2_i8..3), 8..24),
        adjusted in any::<bool>(),
    ) {
        let arm: Vec<u8> = data.iter().map(|d| d.0).collect();
        let y: Vec<u8> = data.iter().map(|d| d.1).collect();
        let x: Vec<f64> = data.iter().map(|d| f64::from(d.2)).collect();
        let mut rows = Rows::new(&arm, Y::Binary(y.clone()));
        if adjusted {
            rows = rows.with(&x);
        }
        let logistic = method("logistic", &[], &[]);
        let e = rows.analyse(&*logistic, &rule(&*logistic));
        // coordinates: arm, intercept, covariate
        let gradient = |at: &[f64], j: usize| -> f64 {
            (0..arm.len())
                .map(|i| {
                    let row = [f64::from(arm[i]), 1.0, x[i]];
                    let eta: f64 = at.iter().zip(&row).map(|(b, x)| b * x).sum();
                    row[j] * (f64::from(y[i]) - expit(eta))
                })
                .sum()
        };
        let dimension = if adjusted { 3 } else { 2 };
        match e.status {
            Status::Estimated => {
                let (at, se) = fit(dimension, &gradient, &|_, _| -30.0);
                prop_assert!(near(e.estimate, at[0], 1e-7), "{} {at:?}", e.estimate);
                prop_assert!(near(e.se, se, 1e-5), "{} {se}", e.se);
            }
            Status::Separation => {
                let (at, _) = fit(dimension, &gradient, &|_, _| -30.0);
                prop_assert!(at.iter().any(|b| b.abs() > 12.0), "{at:?}");
            }
            Status::EmptyArm | Status::NoVariation | Status::Singular => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn twin_proportional_odds_by_bisection(table in proptest::collection::vec(0_u8..6, 6)) {
        let (mut arm, mut code) = (Vec::new(), Vec::new());
        for (cell, n) in table.iter().enumerate() {
            arm.extend(vec![(cell % 2) as u8; usize::from(*n)]);
            code.extend(vec![(cell / 2) as u8; usize::from(*n)]);
        }
        let odds = method("proportional-odds", &[], &[]);
        let e = Rows::new(&arm, Y::Ordinal(code, 3)).analyse(&*odds, &rule(&*odds));
        let every = table.chunks(2).all(|c| c[0] + c[1] > 0);
        // coordinates: arm, thresholds
        let gradient = |at: &[f64], j: usize| -> f64 {
            (table.iter().enumerate())
                .filter(|(_, n)| **n > 0)
                .map(|(cell, n)| {
                    let (a, code) = ((cell % 2) as f64, cell / 2);
                    let eta = at[0] * a;
                    f64::from(*n)
                        * match j {
                            0 => a * derivative(&at[1..], code, eta, None),
                            _ => derivative(&at[1..], code, eta, Some(j - 1)),
                        }
                })
                .sum()
        };
        // the upper threshold lies above the lower
        let low = |at: &[f64], j: usize| if j == 2 { at[1] } else { -15.0 };
        if e.status == Status::Estimated && every {
            let (at, se) = fit(3, &gradient, &low);
            prop_assert!(near(e.estimate, at[0], 1e-7), "{} {at:?}", e.estimate);
            prop_assert!(near(e.se, se, 1e-5), "{} {se}", e.se);
        } else {
            prop_assert!(e.status != Status::NotConverged && e.status != Status::Singular);
        }
    }

    #[test]
    fn twin_two_categories_are_logistic(
        data in proptest::collection::vec((0_u8..2, 0_u8..2, -2_i8..3), 12..60),
        adjusted in any::<bool>(),
    ) {
        let arm: Vec<u8> = data.iter().map(|d| d.0).collect();
        let y: Vec<u8> = data.iter().map(|d| d.1).collect();
        let x: Vec<f64> = data.iter().map(|d| f64::from(d.2)).collect();
        let (mut a, mut b) = (
            Rows::new(&arm, Y::Binary(y.clone())),
            Rows::new(&arm, Y::Ordinal(y, 2)),
        );
        if adjusted {
            (a, b) = (a.with(&x), b.with(&x));
        }
        let (logistic, odds) = (method("logistic", &[], &[]), method("proportional-odds", &[], &[]));
        let e = a.analyse(&*logistic, &rule(&*logistic));
        let f = b.analyse(&*odds, &rule(&*odds));
        prop_assert_eq!(e.status, f.status);
        if e.status == Status::Estimated {
            prop_assert!(near(e.estimate, f.estimate, 1e-11) && near(e.se, f.se, 1e-8));
            prop_assert_eq!(e.events, f.events);
        }
    }
}
