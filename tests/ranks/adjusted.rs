//! Marginal effects with covariates: against closed forms where the covariate is a stratum, and against naive fits.
// matrices are read by row and column
#![allow(clippy::needless_range_loop)]

use patency::analysis::{Rule, Status};
use proptest::collection::vec as many;
use proptest::prelude::*;

use super::{Rows, Y, close, method, rule};

/// Patients by covariate, arm and response: `counts[x][arm]` of `[without, with]` the event.
fn cells(counts: [[[usize; 2]; 2]; 2]) -> Rows {
    let (mut arm, mut y, mut x) = (Vec::new(), Vec::new(), Vec::new());
    for (level, arms) in counts.iter().enumerate() {
        for (a, responses) in arms.iter().enumerate() {
            for (r, count) in responses.iter().enumerate() {
                for _ in 0..*count {
                    arm.push(a as u8);
                    y.push(r as u8);
                    x.push(level as f64);
                }
            }
        }
    }
    Rows::new(&arm, Y::Binary(y)).with(&x)
}

const CELLS: [[[usize; 2]; 2]; 2] = [[[9, 3], [6, 6]], [[4, 8], [3, 13]]];

#[test]
fn by_hand_standardisation_with_a_saturated_model() {
    // with a model an arm and one binary covariate the predictions are the proportions of the four cells
    let rows = cells(CELLS);
    let p = CELLS.map(|arms| arms.map(|[f, e]| e as f64 / (e + f) as f64));
    let size = CELLS.map(|arms| arms.map(|[f, e]| (e + f) as f64));
    let share = size.map(|s| (s[0] + s[1]) / 52.0);
    let mu = [0, 1].map(|a: usize| share[0] * p[0][a] + share[1] * p[1][a]);
    // variance of μₐ: of the cells, and of the share of the covariate
    let of_cells = [0, 1]
        .map(|a: usize| (0..2).map(|x| share[x] * share[x] * p[x][a] * (1.0 - p[x][a]) / size[x][a]).sum::<f64>());
    let [d0, d1] = [0, 1].map(|a: usize| p[1][a] - p[0][a]);
    let of_share = share[0] * share[1] / 52.0;
    for (effect, estimate, slopes) in [
        ("risk-difference", mu[1] - mu[0], [1.0, 1.0]),
        ("risk-ratio", (mu[1] / mu[0]).ln(), [1.0 / mu[0], 1.0 / mu[1]]),
        ("odds-ratio", (mu[1] / (1.0 - mu[1]) / mu[0] * (1.0 - mu[0])).ln(), mu.map(|m| 1.0 / (m * (1.0 - m)))),
    ] {
        let fixed = slopes[0].powi(2) * of_cells[0] + slopes[1].powi(2) * of_cells[1];
        let whole = fixed + (slopes[1] * d1 - slopes[0] * d0).powi(2) * of_share;
        for (variance, expected) in [("influence", whole), ("ge", fixed), ("ge-model", fixed)] {
            let words = [("effect", effect), ("variance", variance)];
            let standardised = method("standardisation", &words, &[("heterogeneous", true)]);
            let e = rows.analyse(&*standardised, &rule(&*standardised));
            close(e.estimate, estimate, 1e-12);
            close(e.se, expected.sqrt(), 1e-12);
            close(e.parts[0], mu[1], 1e-12);
            close(e.parts[1], mu[0], 1e-12);
            let moved = rows.analyse(&*standardised, &Rule { null: 0.1, ..rule(&*standardised) });
            close(moved.z, (estimate - 0.1) / e.se, 1e-12);
        }
    }
}

#[test]
fn by_hand_standardisation_of_an_arm_without_variation() {
    for counts in [[[[9, 3], [0, 6]], [[4, 8], [0, 13]]], [[[9, 3], [6, 0]], [[4, 8], [3, 0]]]] {
        for heterogeneous in [false, true] {
            let standardised = method("standardisation", &[], &[("heterogeneous", heterogeneous)]);
            let e = cells(counts).analyse(&*standardised, &rule(&*standardised));
            assert_eq!(e.status, Status::Separation, "{counts:?} {heterogeneous}");
        }
    }
}

#[test]
fn by_hand_ye_variance_without_interaction_of_a_balanced_covariate() {
    // the covariate says nothing: the same proportions in either stratum, so predictions are the arms' risks
    let rows = cells([[[6, 2], [4, 4]], [[6, 2], [4, 4]]]);
    for variance in ["influence", "ye", "ge", "ge-model"] {
        let standardised = method("standardisation", &[("variance", variance)], &[]);
        let e = rows.analyse(&*standardised, &rule(&*standardised));
        close(e.estimate, 0.25, 1e-12);
        // p(1 − p)/(n − 1) by Ye, p(1 − p)/n by the others
        let n: f64 = if variance == "ye" { 15.0 } else { 16.0 };
        close(e.se, ((0.25 + 0.1875) / n).sqrt(), 1e-12);
    }
}

#[test]
fn by_hand_modified_poisson() {
    let rows = Rows::new(&[1, 1, 1, 1, 0, 0, 0, 0], Y::Binary(vec![1, 1, 1, 0, 1, 0, 0, 0]));
    let poisson = method("modified-poisson", &[], &[]);
    let e = rows.analyse(&*poisson, &rule(&*poisson));
    close(e.estimate, 3.0_f64.ln(), 1e-15);
    close(e.se, (0.25 / 3.0 + 0.75_f64).sqrt(), 1e-15);
    assert_eq!((e.n, e.events), (8, 4));
    // an unrelated covariate changes nothing of the estimate
    let balanced = cells([[[6, 2], [4, 4]], [[6, 2], [4, 4]]]);
    let e = balanced.analyse(&*poisson, &rule(&*poisson));
    close(e.estimate, 2.0_f64.ln(), 1e-12);
    // the information is that before the last step
    close(e.se, (0.5 / 8.0 + 0.75 / 4.0_f64).sqrt(), 1e-10);
}

#[test]
fn by_hand_modified_poisson_with_few_patients_far_from_the_rest() {
    // From the null model the first step is 18/20 over 20/10,020 long: without going back it would take as many more. The covariate is
    // balanced over all cells.
    let rows = cells([[[4999, 1], [1, 9]]; 2]);
    let poisson = method("modified-poisson", &[], &[]);
    let e = rows.analyse(&*poisson, &rule(&*poisson));
    close(e.estimate, (0.9_f64 / 0.0002).ln(), 1e-12);
    close(e.se, (0.1_f64 / 18.0 + 0.9998 / 2.0).sqrt(), 1e-12);
}

/// Every patient is fitted without remainder but for controls at x = 2, who tell nothing of the arm: no variance, not rounding's.
#[test]
fn by_hand_modified_poisson_of_a_perfect_fit() {
    let x = [2.0, -2.0, -2.0, -2.0, 2.0, 2.0, -2.0];
    let rows = Rows::new(&[0, 1, 0, 0, 0, 0, 0], Y::Binary(vec![1, 1, 1, 1, 0, 0, 1])).with(&x);
    let poisson = method("modified-poisson", &[], &[]);
    assert_eq!(rows.analyse(&*poisson, &rule(&*poisson)).status, Status::NoVariation);
}

#[test]
fn by_hand_anhecova() {
    // experimental y = 1 + 2x exactly at x = 0, 1, 2; control y = x at 1, 2, 3 but for (1, −2, 1)/6 about it
    let x = [0.0, 1.0, 2.0, 1.0, 2.0, 3.0];
    let bump = [1.0 / 6.0, -1.0 / 3.0, 1.0 / 6.0];
    let y = vec![1.0, 3.0, 5.0, 1.0 + bump[0], 2.0 + bump[1], 3.0 + bump[2]];
    let rows = Rows::new(&[1, 1, 1, 0, 0, 0], Y::Score(y)).with(&x);
    let adjusted = method("anhecova", &[], &[]);
    let e = rows.analyse(&*adjusted, &rule(&*adjusted));
    // means at x̄ = 1.5: 4 and 1.5
    close(e.parts[0], 4.0, 1e-14);
    close(e.parts[1], 1.5, 1e-14);
    close(e.estimate, 2.5, 1e-14);
    // Var(x) = 1.1 over all, 1 within arms; Var₁(Y) = 4, Var₀(Y) = 1 + 1/12; Q₁₁ = 4, Q₀₀ = 1, Q₁₀ = Q₀₁ = 2
    let own: [f64; 2] = [(1.0 + 1.0 / 12.0 - 2.0 + 1.1) * 2.0 + 2.0 - 1.1, (4.0 - 8.0 + 4.4) * 2.0 + 8.0 - 4.4];
    let cross = 2.0 + 2.0 - 2.2;
    close(e.se, ((own[0] + own[1] - 2.0 * cross) / 6.0).sqrt(), 1e-13);
}

/// Solves a small system by elimination.
fn eliminate(mut a: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let k = a.len();
    for i in 0..k {
        let pivot = (i..k).max_by(|p, q| a[*p][i].abs().total_cmp(&a[*q][i].abs()))?;
        a.swap(i, pivot);
        if a[i][i].abs() < 1e-9 {
            return None;
        }
        for r in 0..k {
            if r != i {
                let f = a[r][i] / a[i][i];
                for c in i..=k {
                    a[r][c] -= f * a[i][c];
                }
            }
        }
    }
    Some((0..k).map(|i| a[i][k] / a[i][i]).collect())
}

/// Coefficients, rows of the design, responses.
type Naive = (Vec<f64>, Vec<Vec<f64>>, Vec<f64>);

/// Gauss–Newton on (1, arm, x) with a mean and its slope, without any scaling; and the estimating equations' own derivatives.
fn naive(rows: &Rows, log_link: bool) -> Option<Naive> {
    let Y::Binary(y) = &rows.y else { return None };
    let n = y.len();
    let design: Vec<Vec<f64>> = (0..n)
        .map(|i| [1.0, f64::from(rows.arm[i])].into_iter().chain(rows.covariates.iter().map(|x| x[i])).collect())
        .collect();
    let k = design[0].len();
    let share = y.iter().map(|y| f64::from(*y)).sum::<f64>() / n as f64;
    let mut b = vec![0.0; k];
    b[0] = if log_link { share.ln() } else { (share / (1.0 - share)).ln() };
    for _ in 0..200 {
        let mut a = vec![vec![0.0; k + 1]; k];
        for (x, y) in design.iter().zip(y) {
            let eta: f64 = x.iter().zip(&b).map(|(x, b)| x * b).sum();
            let (m, w) = if log_link {
                (eta.exp(), eta.exp())
            } else {
                let m = 1.0 / (1.0 + (-eta).exp());
                (m, m * (1.0 - m))
            };
            for i in 0..k {
                for j in 0..k {
                    a[i][j] += w * x[i] * x[j];
                }
                a[i][k] += x[i] * (f64::from(*y) - m);
            }
        }
        let step = eliminate(a)?;
        let size = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
        let scale = if size > 1.0 { 1.0 / size } else { 1.0 };
        for (b, s) in b.iter_mut().zip(&step) {
            *b += scale * s;
        }
        if size < 1e-13 {
            return Some((b, design, y.iter().map(|y| f64::from(*y)).collect()));
        }
    }
    None
}

fn small() -> impl Strategy<Value = Rows> {
    (12_usize..40).prop_flat_map(|n| {
        (many(0_u8..2, n), many(0_u8..2, n), many(-2_i8..3, n)).prop_map(|(arm, y, x)| {
            Rows::new(&arm, Y::Binary(y)).with(&x.into_iter().map(f64::from).collect::<Vec<_>>())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn twin_standardisation_from_estimating_equations(rows in small()) {
        let standardised = method("standardisation", &[], &[]);
        let e = rows.analyse(&*standardised, &rule(&*standardised));
        prop_assume!(e.status == Status::Estimated);
        let Some((b, design, y)) = naive(&rows, false) else { return Err(TestCaseError::reject("separated")) };
        let n = y.len();
        let k = b.len();
        let predict = |i: usize, a: f64, b: &[f64]| {
            let eta: f64 = (0..k).map(|j| if j == 1 { a } else { design[i][j] } * b[j]).sum();
            1.0 / (1.0 + (-eta).exp())
        };
        let risk = [0.0, 1.0].map(|a| (0..n).map(|i| predict(i, a, &b)).sum::<f64>() / n as f64);
        // stacked: β then both risks; influence by solving with the derivative of the difference
        let mut g = vec![0.0; k];
        for i in 0..n {
            for (a, sign) in [(0.0, -1.0), (1.0, 1.0)] {
                let m = predict(i, a, &b);
                for j in 0..k {
                    g[j] += sign * m * (1.0 - m) * if j == 1 { a } else { design[i][j] } / n as f64;
                }
            }
        }
        let mut a = vec![vec![0.0; k + 1]; k];
        for i in 0..n {
            let m = predict(i, design[i][1], &b);
            for r in 0..k {
                for c in 0..k {
                    a[r][c] += m * (1.0 - m) * design[i][r] * design[i][c];
                }
            }
        }
        for r in 0..k {
            a[r][k] = g[r];
        }
        let d = eliminate(a).unwrap();
        let variance: f64 = (0..n)
            .map(|i| {
                let own = y[i] - predict(i, design[i][1], &b);
                let along: f64 = (0..k).map(|j| d[j] * design[i][j]).sum();
                let psi = (predict(i, 1.0, &b) - predict(i, 0.0, &b) - (risk[1] - risk[0])) / n as f64 + along * own;
                psi * psi
            })
            .sum();
        prop_assert!((e.estimate - (risk[1] - risk[0])).abs() < 1e-9);
        prop_assert!((e.se - variance.sqrt()).abs() < 1e-9, "{} {}", e.se, variance.sqrt());
    }

    #[test]
    fn twin_modified_poisson_from_estimating_equations(rows in small()) {
        let poisson = method("modified-poisson", &[], &[]);
        let e = rows.analyse(&*poisson, &rule(&*poisson));
        prop_assume!(e.status == Status::Estimated);
        let Some((b, design, y)) = naive(&rows, true) else { return Err(TestCaseError::reject("separated")) };
        let k = b.len();
        let mean = |x: &[f64]| x.iter().zip(&b).map(|(x, b)| x * b).sum::<f64>().exp();
        let mut a = vec![vec![0.0; k + 1]; k];
        for x in &design {
            for r in 0..k {
                for c in 0..k {
                    a[r][c] += mean(x) * x[r] * x[c];
                }
            }
        }
        a[1][k] = 1.0;
        let d = eliminate(a).unwrap();
        let variance: f64 = design
            .iter()
            .zip(&y)
            .map(|(x, y)| ((y - mean(x)) * x.iter().zip(&d).map(|(x, d)| x * d).sum::<f64>()).powi(2))
            .sum();
        prop_assert!((e.estimate - b[1]).abs() < 1e-8, "{} {}", e.estimate, b[1]);
        prop_assert!((e.se - variance.sqrt()).abs() < 1e-8);
    }
}
