//! Closed forms on the smallest data, and every way to fail.

use patency::analysis::{Better, Estimate, Rule, Scratch, Status};

use super::{Rows, Y, close, method, rule};

/// Experimental 3 of 4, control 1 of 4.
fn three_of_four() -> Rows {
    Rows::new(&[1, 1, 1, 1, 0, 0, 0, 0], Y::Binary(vec![1, 1, 1, 0, 1, 0, 0, 0]))
}

#[test]
fn by_hand_difference_of_proportions() {
    let proportions = "difference-of-proportions";
    let rows = three_of_four();
    let pooled = method(proportions, &[("test", "pooled-z")], &[]);
    let e = rows.analyse(&*pooled, &rule(&*pooled));
    // p̄ = ½: pooled variance ¼ · ½; unpooled 2 · (3/16) / 4
    assert_eq!((e.estimate, e.n, e.events), (0.5, 8, 4));
    assert_eq!(e.parts[..2], [0.25, 0.75]);
    close(e.se, (3.0_f64 / 32.0).sqrt(), 1e-15);
    close(e.z, 2.0_f64.sqrt(), 1e-15);
    close(e.p, 0.07864960352514257, 1e-14); // ½ erfc(1)
    close(e.lower, 0.5 - 1.959963984540054 * e.se, 1e-15);
    assert_eq!(e.upper, 1.0);

    let wald = method(proportions, &[("test", "wald")], &[]);
    let e = rows.analyse(&*wald, &rule(&*wald));
    close(e.z, 0.5 / (3.0_f64 / 32.0).sqrt(), 1e-15);

    // around a margin nothing is pooled; lower is better turns the sign
    let margin = Rule { alpha: 0.025, sides: 1, null: 0.75, better: Better::Lower, treated: 1 };
    for analysis in [&pooled, &wald] {
        let e = rows.analyse(&**analysis, &margin);
        close(e.z, 0.25 / (3.0_f64 / 32.0).sqrt(), 1e-15);
        assert_eq!(e.estimate, 0.5);
    }

    // Yates: |d| − ½(1/4 + 1/4) = ¼
    let yates = method(proportions, &[], &["continuity"]);
    let e = rows.analyse(&*yates, &rule(&*yates));
    close(e.z, 0.5_f64.sqrt(), 1e-15);
    close(e.lower, 0.25 - 1.959963984540054 * e.se, 1e-14);
}

#[test]
fn by_hand_odds_ratios() {
    let binary = three_of_four();
    let logistic = method("logistic", &[], &[]);
    let e = binary.analyse(&*logistic, &rule(&*logistic));
    // (3 · 3) / (1 · 1); 1/3 + 1 + 1/3 + 1
    close(e.estimate, 9.0_f64.ln(), 1e-15);
    close(e.se, (8.0_f64 / 3.0).sqrt(), 1e-15);
    close(e.z, e.estimate / e.se, 1e-15);
    assert_eq!((e.n, e.events), (8, 4));

    // two categories of four, the others empty: the same model
    let Y::Binary(y) = &binary.y else { unreachable!() };
    let code = y.iter().map(|y| 1 + y).collect();
    let odds = method("proportional-odds", &[], &[]);
    let f = Rows::new(&binary.arm, Y::Ordinal(code, 4)).analyse(&*odds, &rule(&*odds));
    close(f.estimate, e.estimate, 1e-14);
    close(f.se, e.se, 1e-11);
    assert_eq!(f.events, 8);
}

#[test]
fn by_hand_proportional_odds_that_hold_exactly() {
    // control 5, 3, 2: odds 1 and 1/4 of more; experimental 2, 3, 5: odds 4 and 1. So β = ln 4, θ = 0, ln 4.
    let mut arm = vec![0; 10];
    arm.extend([1; 10]);
    let codes = [[0; 5].as_slice(), &[1; 3], &[2; 2], &[0; 2], &[1; 3], &[2; 5]].concat();
    let rows = Rows::new(&arm, Y::Ordinal(codes, 3));
    let odds = method("proportional-odds", &[], &[]);
    let e = rows.analyse(&*odds, &rule(&*odds));
    close(e.estimate, 4.0_f64.ln(), 1e-14);
    // densities f: control .25, .16; experimental .16, .25. Width of the middle: 1/(e^d − 1) = 1/3, 6 · 1/3 · 4/3 = 8/3.
    // Thresholds: diagonal 8 · .25 + 5 · .16 = 2.8, plus 8/3, with −8/3 beside it; with β: −.8, −2; β itself 2.8.
    let (sum, difference) = (2.8_f64, 2.8 + 16.0 / 3.0);
    let left = 2.8 - 2.8_f64.powi(2) / (2.0 * sum) - 1.2_f64.powi(2) / (2.0 * difference);
    close(e.se, (1.0 / left).sqrt(), 1e-11);
    assert_eq!((e.n, e.events), (20, 13));

    // patients in twice the categories, every second of them empty
    let Y::Ordinal(codes, _) = &rows.y else { unreachable!() };
    let spread = codes.iter().map(|c| 2 * c + 1).collect();
    let f = Rows::new(&arm, Y::Ordinal(spread, 7)).analyse(&*odds, &rule(&*odds));
    assert_eq!((f.estimate, f.se), (e.estimate, e.se));
}

#[test]
fn by_hand_wilcoxon_with_ties() {
    // X = 1, 2, 2, 5; Y = 1, 2, 3: U = ½ + 1½ + 1½ + 3 = 6½ of 12
    let arm = [1, 1, 1, 1, 0, 0, 0];
    let rows = Rows::new(&arm, Y::Score(vec![1.0, 2.0, 2.0, 5.0, 1.0, 2.0, 3.0]));
    let wilcoxon = method("wilcoxon", &[], &[]);
    let e = rows.analyse(&*wilcoxon, &rule(&*wilcoxon));
    close(e.estimate, 6.5 / 12.0, 1e-15);
    // ties: groups of 2 and 3, Σ(t³ − t) = 6 + 24; variance (12 / 12)(8 − 30/42)
    close(e.z, 0.5 / (8.0_f64 - 30.0 / 42.0).sqrt(), 1e-15);
    // placements of X: 1/6, 1/2, 1/2, 1; of Y (share of X above): 7/8, 1/2, 1/4
    let sample = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (v.len() - 1) as f64
    };
    let variance = sample(&[1.0 / 6.0, 0.5, 0.5, 1.0]) / 4.0 + sample(&[7.0 / 8.0, 0.5, 0.25]) / 3.0;
    close(e.se, variance.sqrt(), 1e-14);

    // a probability to be shown above 0.3 uses that error
    let margin = Rule { null: 0.3, ..rule(&*wilcoxon) };
    let e = rows.analyse(&*wilcoxon, &margin);
    close(e.z, (6.5 / 12.0 - 0.3) / variance.sqrt(), 1e-14);

    // −0 and 0 are one value, and infinities are ranked
    let zero = Rows::new(&[1, 1, 0, 0], Y::Score(vec![-0.0, f64::INFINITY, 0.0, -1.0]));
    assert_eq!(zero.analyse(&*wilcoxon, &margin).estimate, 3.5 / 4.0);
}

#[test]
fn by_hand_t_tests() {
    // X = 1, 2, 3; Y = 0, 2, 2, 4: means 2 and 2 + difference 0; shift X by 3
    let arm = [1, 1, 1, 0, 0, 0, 0];
    let rows = Rows::new(&arm, Y::Score(vec![4.0, 5.0, 6.0, 0.0, 2.0, 2.0, 4.0]));
    let pooled = method("t-test", &[("variance", "pooled")], &[]);
    let e = rows.analyse(&*pooled, &rule(&*pooled));
    // sums of squares 2 and 8 on 5 degrees of freedom: variance 2 · (1/3 + 1/4)
    close(e.estimate, 3.0, 1e-15);
    close(e.se, (7.0_f64 / 6.0).sqrt(), 1e-15);
    assert_eq!(e.parts[..3], [2.0, 5.0, 5.0]);

    let welch = method("t-test", &[], &[]);
    let w = rows.analyse(&*welch, &rule(&*welch));
    // 1/3 + (8/3)/4 = 1; df = 1 / ((1/3)²/2 + (2/3)²/3)
    close(w.se, 1.0, 1e-15);
    close(w.parts[2], 1.0 / (1.0 / 18.0 + 4.0 / 27.0), 1e-14);

    // without covariates the linear model is the pooled test
    let ancova = method("ancova", &[], &[]);
    let a = rows.analyse(&*ancova, &rule(&*ancova));
    for (x, y) in [(a.estimate, e.estimate), (a.se, e.se), (a.p, e.p)] {
        close(x, y, 1e-13);
    }
}

#[test]
fn by_hand_ancova() {
    // y = 1 + 2·arm + 3·x + r, residuals r orthogonal to 1, arm and x: they are the residuals of the fit
    let arm = [0, 0, 0, 0, 1, 1, 1, 1];
    let x = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
    let r = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
    let y = (0..8).map(|i| 1.0 + 2.0 * f64::from(arm[i]) + 3.0 * x[i] + r[i]).collect();
    let ancova = method("ancova", &[], &[]);
    let e = (Rows::new(&arm, Y::Score(y)).with(&x)).analyse(&*ancova, &rule(&*ancova));
    close(e.estimate, 2.0, 1e-14);
    // residual variance 8/5, arm orthogonal to x: (8/5) · (1/4 + 1/4)
    close(e.se, 0.8_f64.sqrt(), 1e-14);
    close(e.upper, 2.0 + 2.57058183563631 * e.se, 1e-12);
}

/// The status, and that a failure holds no number but counts.
#[track_caller]
fn fails(name: &str, rows: &Rows, status: Status) {
    let analysis = method(name, &[], &[]);
    let e = rows.analyse(&*analysis, &rule(&*analysis));
    assert_eq!(e.status, status, "{name} {rows:?}");
    for value in [e.estimate, e.se, e.lower, e.upper, e.z, e.p] {
        assert!(value.is_nan(), "{name}: {e:?}");
    }
    assert_eq!(e.n as usize, rows.arm.len());
    assert!(e.parts.iter().all(|p| p.is_finite()));
}

#[test]
fn by_hand_empty_arms_and_single_patients() {
    for arm in [0, 1] {
        for n in 0..4 {
            let arm = vec![arm; n];
            let y: Vec<u8> = (0..n as u8).map(|i| i % 2).collect();
            let score = y.iter().map(|y| f64::from(*y)).collect();
            let binary = Rows::new(&arm, Y::Binary(y.clone()));
            let ordinal = Rows::new(&arm, Y::Ordinal(y, 2));
            let score = Rows::new(&arm, Y::Score(score));
            for name in ["difference-of-proportions", "logistic", "wilcoxon"] {
                fails(name, &binary, Status::EmptyArm);
            }
            for name in ["proportional-odds", "wilcoxon"] {
                fails(name, &ordinal, Status::EmptyArm);
            }
            for name in ["t-test", "ancova", "wilcoxon"] {
                fails(name, &score, Status::EmptyArm);
            }
        }
    }
    let pair = Rows::new(&[0, 1], Y::Score(vec![1.0, 2.0]));
    for name in ["t-test", "ancova", "wilcoxon"] {
        fails(name, &pair, Status::TooFew);
    }
    fails("difference-of-proportions", &Rows::new(&[], Y::Binary(vec![])), Status::EmptyArm);
}

#[test]
fn by_hand_no_variation() {
    let arm = [0, 1, 0, 1, 0, 1];
    for y in [0, 1] {
        let binary = Rows::new(&arm, Y::Binary(vec![y; 6]));
        for name in ["difference-of-proportions", "logistic", "wilcoxon"] {
            fails(name, &binary, Status::NoVariation);
        }
        let ordinal = Rows::new(&arm, Y::Ordinal(vec![y; 6], 3));
        for name in ["proportional-odds", "wilcoxon"] {
            fails(name, &ordinal, Status::NoVariation);
        }
    }
    // sums of 0.1 and 1/3 round
    for y in [0.0, 0.1, 1.0 / 3.0, -1e9] {
        let score = Rows::new(&arm, Y::Score(vec![y; 6]));
        for name in ["t-test", "ancova", "wilcoxon"] {
            fails(name, &score, Status::NoVariation);
        }
    }
    // constant within the arms: the pooled test still has a statistic, t tests have none
    let split = Rows::new(&arm, Y::Score(vec![0.1, 0.7, 0.1, 0.7, 0.1, 0.7]));
    for name in ["t-test", "ancova"] {
        fails(name, &split, Status::NoVariation);
    }
    let all = Rows::new(&arm, Y::Binary(vec![0, 1, 0, 1, 0, 1]));
    let pooled = method("difference-of-proportions", &[], &[]);
    let e = all.analyse(&*pooled, &rule(&*pooled));
    assert_eq!((e.estimate, e.se, e.lower, e.upper), (1.0, 0.0, 1.0, 1.0));
    close(e.z, 6.0_f64.sqrt(), 1e-15);
    let wald = method("difference-of-proportions", &[("test", "wald")], &[]);
    assert_eq!(all.analyse(&*wald, &rule(&*wald)).status, Status::NoVariation);
}

#[test]
fn by_hand_separation() {
    let arm = [0, 0, 0, 0, 1, 1, 1, 1];
    // a zero cell
    let zero = Rows::new(&arm, Y::Binary(vec![0, 0, 0, 0, 1, 0, 1, 0]));
    fails("logistic", &zero, Status::Separation);
    let x = [1.0, 2.0, 3.0, 4.0, 1.5, 2.5, 3.5, 4.5];
    fails("logistic", &zero.clone().with(&x), Status::Separation);
    // a covariate that separates completely, and one that does so in one of its groups only
    let mixed = Rows::new(&arm, Y::Binary(vec![0, 0, 1, 1, 0, 0, 1, 1]));
    fails("logistic", &mixed.clone().with(&x), Status::Separation);
    let group = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    fails("logistic", &mixed.clone().with(&group), Status::Separation);

    // the arms share one category at most
    let code = vec![0, 0, 1, 1, 1, 1, 2, 3];
    let ordinal = Rows::new(&arm, Y::Ordinal(code, 4));
    fails("proportional-odds", &ordinal, Status::Separation);
    fails("proportional-odds", &ordinal.clone().with(&x), Status::Separation);
    let mixed = Rows::new(&arm, Y::Ordinal(vec![0, 0, 1, 2, 0, 0, 1, 2], 3));
    fails("proportional-odds", &mixed.clone().with(&x), Status::Separation);
    fails("proportional-odds", &mixed.clone().with(&group), Status::Separation);
}

#[test]
fn by_hand_singular_designs() {
    let arm = [0, 0, 0, 0, 1, 1, 1, 1];
    let x = [1.0, 2.0, 3.0, 4.0, 1.5, 2.5, 3.5, 4.5];
    let binary = Rows::new(&arm, Y::Binary(vec![0, 1, 1, 0, 1, 0, 0, 1]));
    let ordinal = Rows::new(&arm, Y::Ordinal(vec![0, 2, 1, 0, 1, 0, 2, 1], 3));
    let score = Rows::new(&arm, Y::Score(vec![0.0, 2.0, 1.0, 0.5, 1.0, 0.0, 2.0, 1.0]));
    for (name, rows) in [("logistic", binary), ("proportional-odds", ordinal), ("ancova", score)] {
        let double: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x).collect();
        let arm: Vec<f64> = arm.iter().map(|a| 1.0 + f64::from(*a)).collect();
        let ok = rows.clone().with(&x);
        let analysis = method(name, &[], &[]);
        assert_eq!(ok.analyse(&*analysis, &rule(&*analysis)).status, Status::Estimated);
        fails(name, &ok.clone().with(&double), Status::Singular);
        fails(name, &rows.clone().with(&arm), Status::Singular);
        fails(name, &rows.clone().with(&[0.1; 8]), Status::Singular);
        fails(name, &rows.clone().with(&[f64::NAN; 8]), Status::Singular);
    }
}

#[test]
fn by_hand_not_finite_input_gives_no_number() {
    let arm = [0, 0, 0, 1, 1, 1];
    for bad in [f64::NAN, f64::INFINITY, f64::MAX] {
        let rows = Rows::new(&arm, Y::Score(vec![1.0, 2.0, bad, 2.0, 4.0, -f64::MAX]));
        for name in ["t-test", "ancova"] {
            fails(name, &rows, Status::Singular);
        }
    }
    let rows = Rows::new(&arm, Y::Score(vec![1.0, 2.0, f64::NAN, 2.0, 4.0, 5.0]));
    fails("wilcoxon", &rows, Status::Singular);
}

#[test]
fn contract_scratch_leaves_no_trace() {
    // a large fit before a small one, and a failure between
    let arm: Vec<u8> = (0..60).map(|i| i % 2).collect();
    let y: Vec<u8> = (0..60).map(|i| u8::from(i % 3 == 0 || i % 7 == 2)).collect();
    let x: Vec<f64> = (0..60).map(|i| f64::from(i * i % 17)).collect();
    let large = Rows::new(&arm, Y::Binary(y)).with(&x);
    let codes = (0..60).map(|i| (i * i % 11) as u8 / 2).collect();
    let ordinal = Rows::new(&arm, Y::Ordinal(codes, 9)).with(&x);
    let small = three_of_four().with(&[1.0, 2.0, 3.0, 4.0, 1.5, 2.5, 3.5, 0.5]);
    let logistic = method("logistic", &[], &[]);
    let odds = method("proportional-odds", &[], &[]);
    let mut scratch = Scratch::default();
    let run = |scratch: &mut Scratch| -> Vec<Estimate> {
        [(&large, &logistic), (&ordinal, &odds), (&small, &logistic)]
            .iter()
            .map(|(rows, analysis)| rows.analyse_in(&***analysis, &rule(&***analysis), scratch))
            .collect()
    };
    let first = run(&mut scratch);
    assert!(first.iter().all(|e| e.status == Status::Estimated));
    assert_eq!(run(&mut scratch), first);
    let alone = small.analyse(&*logistic, &rule(&*logistic));
    assert_eq!(alone, first[2]);
}

#[test]
fn by_hand_few_patients_far_from_the_rest_are_no_separation() {
    // From the null model the first step goes far past the maximum, to where the likelihood is flat. A covariate that is balanced over
    // all cells has coefficient 0, so that the odds ratio stays that of the table.
    for (control, experimental) in
        [([2, 998], [8, 2]), ([2, 998], [18, 2]), ([10, 4990], [8, 2]), ([2, 1998], [90, 10])]
    {
        let cells = [(0, 1, control[0]), (0, 0, control[1]), (1, 1, experimental[0]), (1, 0, experimental[1])];
        let rows: Vec<(u8, u8, f64)> =
            (cells.iter()).flat_map(|&(arm, y, n)| (0..n).map(move |i| (arm, y, f64::from(i % 2)))).collect();
        let arm: Vec<u8> = rows.iter().map(|r| r.0).collect();
        let y: Vec<u8> = rows.iter().map(|r| r.1).collect();
        let x: Vec<f64> = rows.iter().map(|r| r.2).collect();
        let [a, b, c, d] = [experimental[0], experimental[1], control[0], control[1]].map(f64::from);
        let (log_odds_ratio, se) = ((a * d / (b * c)).ln(), (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt());
        let (binary, ordinal) = (Rows::new(&arm, Y::Binary(y.clone())), Rows::new(&arm, Y::Ordinal(y, 2)));
        for (name, rows) in [
            ("logistic", binary.with(&x)),
            ("proportional-odds", ordinal.clone()),
            ("proportional-odds", ordinal.with(&x)),
        ] {
            let method = method(name, &[], &[]);
            let e = rows.analyse(&*method, &rule(&*method));
            assert_eq!(e.status, Status::Estimated, "{name} {cells:?}");
            close(e.estimate, log_odds_ratio, 1e-12);
            close(e.se, se, 1e-12);
        }
    }
}

#[test]
fn by_hand_linear_model_at_any_scale() {
    // the data of `by_hand_ancova` in other units; what counts as rounding goes with them
    let arm = [0, 0, 0, 0, 1, 1, 1, 1];
    let x = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
    let r = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
    let ancova = method("ancova", &[], &[]);
    for unit in [1e-100, 1e-12, 1.0, 1e12, 1e100] {
        let y = (0..8).map(|i| unit * (1.0 + 2.0 * f64::from(arm[i]) + 3.0 * x[i] + r[i])).collect();
        let e = (Rows::new(&arm, Y::Score(y)).with(&x)).analyse(&*ancova, &rule(&*ancova));
        close(e.estimate, 2.0 * unit, 1e-14);
        close(e.se, 0.8_f64.sqrt() * unit, 1e-14);
        // a perfect fit
        let y = (0..8).map(|i| unit * (0.1 + 0.2 * f64::from(arm[i]) + 0.3 * x[i])).collect();
        fails("ancova", &Rows::new(&arm, Y::Score(y)).with(&x), Status::NoVariation);
    }
}
