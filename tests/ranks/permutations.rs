//! Rank tests against closed forms and against all permutations.

use patency::analysis::{Better, Rule, Status};
use proptest::collection::vec as many;
use proptest::prelude::*;

use super::{Rows, Y, close, method, rule};

#[test]
fn by_hand_exact_rank_sum() {
    let exact = method("wilcoxon", &[("p", "exact")], &[]);
    let rows = Rows::scores(&[3.0, 4.0, 5.0], &[1.0, 2.0]);
    let e = rows.analyse(&*exact, &rule(&*exact));
    // the highest of 10 sums
    close(e.p, 0.1, 1e-15);
    assert_eq!((e.p_against(), e.parts[0]), (1.0, 1.0));
    close(e.p_two_sided(), 0.2, 1e-15);
    let lower = Rule { better: Better::Lower, ..rule(&*exact) };
    close(rows.analyse(&*exact, &lower).p_against(), 0.1, 1e-15);

    // 3 of 4 against 1 of 4: hypergeometric, 16 + 1 of 70
    let rows = Rows::new(&[1, 1, 1, 1, 0, 0, 0, 0], Y::Binary(vec![1, 1, 1, 0, 1, 0, 0, 0]));
    let e = rows.analyse(&*exact, &rule(&*exact));
    close(e.p, 17.0 / 70.0, 1e-15);
    close(e.p_against(), 69.0 / 70.0, 1e-15);
    close(e.p_two_sided(), 34.0 / 70.0, 1e-15);

    // unequal arms with ties: experimental {2}, control {1, 1, 2, 3}; midranks 1.5 1.5 3.5 3.5 5
    let rows = Rows::new(&[1, 0, 0, 0, 0], Y::Ordinal(vec![1, 0, 0, 1, 2], 3));
    let mut rows2 = rows.clone();
    rows2.arm = vec![1, 0, 1, 0, 0];
    // {2, 1}: sums of two midranks 3, 5 (4 times), 6.5 (twice), 7, 8.5 (twice): mean 6, observed 5, as far: 3, 5, 7, 8.5
    let e = rows2.analyse(&*exact, &rule(&*exact));
    close(e.p, 0.9, 1e-15);
    close(e.p_against(), 0.5, 1e-15);
    close(e.p_two_sided(), 0.8, 1e-15);
    assert_eq!(rows.analyse(&*exact, &rule(&*exact)).status, Status::TooFew);
}

#[test]
fn by_hand_exact_rank_sum_far_out() {
    // two arms of 200 that do not overlap: 1 of C(400, 200)
    let exact = method("wilcoxon", &[("p", "exact")], &[]);
    let up: Vec<f64> = (0..200).map(|i| f64::from(i) + 1000.0).collect();
    let low: Vec<f64> = (0..200).map(f64::from).collect();
    let e = Rows::scores(&up, &low).analyse(&*exact, &rule(&*exact));
    let ways: f64 = (1..=200).map(|i| (f64::from(200 + i) / f64::from(i)).ln()).sum();
    close(e.p.ln(), -ways, 1e-13);
    // beyond 200 the normal distribution stands in, and says so
    let more: Vec<f64> = (0..201).map(f64::from).collect();
    let e = Rows::scores(&more, &more).analyse(&*exact, &rule(&*exact));
    assert_eq!((e.parts[0], e.p), (0.0, 0.5));
}

#[test]
fn by_hand_continuity() {
    let rows = Rows::scores(&[3.0, 4.0, 5.0], &[1.0, 2.0]);
    let corrected = method("wilcoxon", &[], &[("continuity", true)]);
    let e = rows.analyse(&*corrected, &rule(&*corrected));
    // U − 3 = 3, variance 6/12 · 6 = 3
    close(e.z, 3.0_f64.sqrt(), 1e-15);
    close(e.p, patency::math::tail::normal_upper_tail(2.5 / 3.0_f64.sqrt()), 1e-15);
    close(e.p_against(), patency::math::tail::normal_upper_tail(-3.5 / 3.0_f64.sqrt()), 1e-15);
    assert_eq!(e.p_two_sided(), 2.0 * e.p);
}

/// Pairs by difference: the control's value is 10.
fn pairs(differences: &[f64]) -> Rows {
    let n = differences.len();
    let treated: Vec<f64> = differences.iter().map(|d| 10.0 + d).collect();
    let strata: Vec<u32> = (0..n as u32).chain(0..n as u32).collect();
    Rows::scores(&treated, &vec![10.0; n]).within(&strata)
}

#[test]
fn by_hand_signed_rank() {
    let exact = method("signed-rank", &[("p", "exact")], &[]);
    let e = pairs(&[1.0, 2.0, -3.0]).analyse(&*exact, &rule(&*exact));
    // sums 0 1 2 3 3 4 5 6
    assert_eq!((e.p, e.p_against(), e.p_two_sided()), (0.625, 0.625, 1.0));
    assert_eq!((e.z, e.n), (0.0, 6));
    assert_eq!(e.parts[..4], [3.0, 0.0, 3.0, 1.0]);

    // zeros: ranks 1 2 3, or 2 3 4 where the zero keeps the first
    let rows = pairs(&[0.0, 1.0, -2.0, 3.0]);
    let wilcoxon = method("signed-rank", &[], &[]);
    close(rows.analyse(&*wilcoxon, &rule(&*wilcoxon)).z, 1.0 / 3.5_f64.sqrt(), 1e-15);
    let pratt = method("signed-rank", &[("zeros", "pratt")], &[]);
    let e = rows.analyse(&*pratt, &rule(&*pratt));
    close(e.z, 1.5 / 7.25_f64.sqrt(), 1e-15);
    assert_eq!(e.parts[..4], [4.0, 1.0, 6.0, 0.0]);
    let corrected = method("signed-rank", &[], &[("continuity", true)]);
    let e = rows.analyse(&*corrected, &rule(&*corrected));
    close(e.p, patency::math::tail::normal_upper_tail(0.5 / 3.5_f64.sqrt()), 1e-15);

    // a pair without its control is left out; two controls are no pair
    let mut rows = pairs(&[1.0, 2.0, -3.0, 4.0]);
    rows.arm.pop();
    rows.strata.pop();
    let Y::Score(y) = &mut rows.y else { unreachable!() };
    y.pop();
    let e = rows.analyse(&*exact, &rule(&*exact));
    assert_eq!((e.parts[0], e.p), (3.0, 0.625));
    rows.strata[5] = 0;
    assert_eq!(rows.analyse(&*exact, &rule(&*exact)).status, Status::Singular);
}

#[test]
fn by_hand_hodges_lehmann() {
    let shift = method("hodges-lehmann", &[], &[]);
    // differences −1 1 2 4; U = 3, σ² = 4/12 · 5
    let rows = Rows::scores(&[1.0, 4.0], &[0.0, 2.0]);
    let e = rows.analyse(&*shift, &rule(&*shift));
    assert_eq!((e.estimate, e.lower, e.upper), (1.5, -1.0, 4.0));
    close(e.z, 1.0 / (5.0_f64 / 3.0).sqrt(), 1e-15);
    close(e.se, 5.0 / (2.0 * 1.959963984540054), 1e-15);
    // at 50% two-sided: 2 − .6745 · 1.29 = 1.13, so the second
    let half = Rule { alpha: 0.5, ..rule(&*shift) };
    let e = rows.analyse(&*shift, &half);
    assert_eq!((e.lower, e.upper), (1.0, 2.0));
    // exact: P(U ≤ 0) = 1/6, P(U ≤ 1) = 2/6
    let exact = method("hodges-lehmann", &[("interval", "exact")], &[]);
    let e = rows.analyse(&*exact, &Rule { alpha: 0.6, ..half });
    assert_eq!((e.lower, e.upper), (-1.0, 4.0));
    close(e.p, 2.0 / 6.0, 1e-15);
    let e = rows.analyse(&*exact, &Rule { alpha: 0.2, ..half });
    assert_eq!((e.lower, e.upper), (-1.0, 4.0));
    // less 1.5 the arms are −.5, 2.5 and 0, 2: U = 2
    let e = rows.analyse(&*shift, &Rule { null: 1.5, ..half });
    assert_eq!((e.z, e.p), (0.0, 0.5));
}

#[test]
fn by_hand_van_elteren() {
    // stratum 0: {2, 3} against {1}: U − 1 = 1, V = 2/12 · 4 = 2/3; stratum 1: {1} against {1, 2}: ranks 1.5 1.5 3: U = ½, U − 1 = −½,
    // V = 2/12 · (4 − 6/6) = ½; stratum 2 has no control
    let rows = Rows::new(&[1, 1, 0, 1, 0, 0, 1], Y::Score(vec![2.0, 3.0, 1.0, 1.0, 1.0, 2.0, 9.0]))
        .within(&[0, 0, 0, 1, 1, 1, 2]);
    for weights in ["n+1", "n0n1", "equal"] {
        let test = method("van-elteren", &[("weights", weights)], &[]);
        let e = rows.analyse(&*test, &rule(&*test));
        close(e.z, 0.5 / (7.0_f64 / 6.0).sqrt(), 1e-15);
        assert_eq!((e.parts[0], e.n), (2.0, 7));
        assert!(e.estimate.is_nan() && e.status == Status::Estimated);
    }
    // a larger stratum counts less: {3, 4, 5} against {1, 2}: U − 3 = 3, V = 3
    let rows = Rows::new(&[1, 1, 0, 1, 1, 1, 0, 0], Y::Score(vec![2.0, 3.0, 1.0, 3.0, 4.0, 5.0, 1.0, 2.0]))
        .within(&[0, 0, 0, 1, 1, 1, 1, 1]);
    for (weights, [a, b]) in [("n+1", [1.0 / 4.0, 1.0 / 6.0]), ("n0n1", [1.0 / 2.0, 1.0 / 6.0]), ("equal", [1.0, 1.0])]
    {
        let test = method("van-elteren", &[("weights", weights)], &[]);
        let e = rows.analyse(&*test, &rule(&*test));
        close(e.z, (a + 3.0 * b) / (a * a * 2.0 / 3.0 + b * b * 3.0_f64).sqrt(), 1e-15);
    }
}

/// All subsets of `size` of 0 … n − 1, as bits.
fn subsets(n: usize, size: usize) -> impl Iterator<Item = u32> {
    (0..1_u32 << n).filter(move |s| s.count_ones() as usize == size)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn twin_exact_rank_sum_over_all_permutations(y in many(0_i8..6, 4..11), split in 2_usize..9) {
        let n = y.len();
        let split = split.min(n - 2);
        let y: Vec<f64> = y.into_iter().map(f64::from).collect();
        let rows = Rows::scores(&y[..split], &y[split..]);
        let exact = method("wilcoxon", &[("p", "exact")], &[]);
        let e = rows.analyse(&*exact, &rule(&*exact));
        prop_assume!(e.status == Status::Estimated);
        // four times midranks are whole
        let rank = |i: usize| -> i64 {
            y.iter().map(|v| if *v < y[i] { 4 } else if *v == y[i] { 2 } else { 0 }).sum::<i64>()
        };
        let sum = |s: u32| (0..n).filter(|i| s >> i & 1 == 1).map(rank).sum::<i64>();
        let observed = sum((1 << split) - 1);
        let mean = split as i64 * (0..n).map(rank).sum::<i64>();
        let all: Vec<i64> = subsets(n, split).map(sum).collect();
        let share = |holds: &dyn Fn(i64) -> bool| all.iter().filter(|s| holds(**s)).count() as f64 / all.len() as f64;
        let far = |s: i64| (s * n as i64 - mean).abs() >= (observed * n as i64 - mean).abs();
        for (a, b) in [
            (e.p, share(&|s| s >= observed)),
            (e.p_against(), share(&|s| s <= observed)),
            (e.p_two_sided(), share(&far)),
        ] {
            prop_assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn twin_exact_signed_rank_over_all_signs(d in many(-4_i8..5, 1..11), pratt: bool) {
        let d: Vec<f64> = d.into_iter().map(f64::from).collect();
        let zeros = if pratt { "pratt" } else { "wilcoxon" };
        let exact = method("signed-rank", &[("p", "exact"), ("zeros", zeros)], &[]);
        let e = pairs(&d).analyse(&*exact, &rule(&*exact));
        prop_assert_eq!(e.status == Status::Estimated, d.iter().any(|d| *d != 0.0));
        prop_assume!(e.status == Status::Estimated);
        let ranked: Vec<f64> = d.iter().copied().filter(|d| pratt || *d != 0.0).collect();
        let rank = |d: f64| -> i64 {
            2 + ranked.iter().map(|o| if o.abs() < d.abs() { 4 } else if o.abs() == d.abs() { 2 } else { 0 }).sum::<i64>()
        };
        let ranks: Vec<i64> = ranked.iter().filter(|d| **d != 0.0).map(|d| rank(*d)).collect();
        let observed: i64 = ranked.iter().filter(|d| **d > 0.0).map(|d| rank(*d)).sum();
        let all: Vec<i64> = (0..1_u32 << ranks.len())
            .map(|s| (0..ranks.len()).filter(|i| s >> i & 1 == 1).map(|i| ranks[i]).sum())
            .collect();
        let share = |holds: &dyn Fn(i64) -> bool| all.iter().filter(|s| holds(**s)).count() as f64 / all.len() as f64;
        prop_assert!((e.p - share(&|s| s >= observed)).abs() < 1e-12);
        prop_assert!((e.p_against() - share(&|s| s <= observed)).abs() < 1e-12);
        let total: i64 = ranks.iter().sum();
        let squares: i64 = ranks.iter().map(|r| r * r).sum();
        let z = (observed as f64 - 0.5 * total as f64) / (0.25 * squares as f64).sqrt();
        prop_assert!((e.z - z).abs() < 1e-12);
    }

    #[test]
    fn twin_hodges_lehmann_from_all_differences(
        x in many(-5_i8..9, 1..9), y in many(-3_i8..7, 1..9), step in 1_u8..4, alpha in 0.01_f64..0.9, null in -2_i8..3, exact: bool,
    ) {
        let value = |v: i8| f64::from(v) / f64::from(step);
        let x: Vec<f64> = x.into_iter().map(value).collect();
        let y: Vec<f64> = y.into_iter().map(value).collect();
        let interval = if exact { "exact" } else { "normal" };
        let shift = method("hodges-lehmann", &[("interval", interval)], &[]);
        let null = f64::from(null) / 2.0;
        let e = Rows::scores(&x, &y).analyse(&*shift, &Rule { alpha, null, ..rule(&*shift) });
        prop_assume!(e.status == Status::Estimated);
        let mut all: Vec<f64> = x.iter().flat_map(|x| y.iter().map(move |y| x - y)).collect();
        all.sort_by(f64::total_cmp);
        let m = all.len();
        prop_assert_eq!(e.estimate, 0.5 * (all[(m - 1) / 2] + all[m / 2]));
        let mut u = 0.0;
        for x in &x {
            for y in &y {
                u += if x - null > *y { 1.0 } else if x - null == *y { 0.5 } else { 0.0 };
            }
        }
        prop_assert!(e.z * (u - 0.5 * m as f64) >= 0.0);
        if exact {
            // P(U ≤ q) over subsets of distinct ranks
            let n = x.len() + y.len();
            let us: Vec<usize> = subsets(n, x.len())
                .map(|s| (0..n).filter(|i| s >> i & 1 == 1).map(|i| (0..i).filter(|j| s >> j & 1 == 0).count()).sum())
                .collect();
            let cdf = |q: usize| us.iter().filter(|u| **u <= q).count() as f64 / us.len() as f64;
            let q = (0..).find(|q| cdf(*q) >= alpha / 2.0 * (1.0 - 1e-12)).unwrap().max(1).min(m.div_ceil(2));
            prop_assert_eq!((e.lower, e.upper), (all[q - 1], all[m - q]));
        } else {
            // just above the lower limit the rank sum is within the critical value, just below it is not
            prop_assert!(all.contains(&e.lower) && all.contains(&e.upper) && e.lower <= e.upper);
        }
    }
}
