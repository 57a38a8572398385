//! Against slow definitions.

use patency::analysis::{Rule, Status};
use patency::math::special::ln_gamma;
use proptest::prelude::*;

use super::{Rows, close, method, numbers, rule, word};

fn choose(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}

/// P(X > Y) for beta variables with whole shapes: a sum over the shape of X (Cook 2005).
fn exceeds([a, b]: [f64; 2], [c, d]: [f64; 2]) -> f64 {
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    (0..a as usize)
        .map(|i| i as f64)
        .map(|i| (ln_beta(c + i, b + d) - (b + i).ln() - ln_beta(1.0 + i, b) - ln_beta(c, d)).exp())
        .sum()
}

fn one() -> impl Strategy<Value = [usize; 4]> {
    (1_usize..13, 1_usize..13).prop_flat_map(|(n0, n1)| (0..=n0, 0..=n1).prop_map(move |(x0, x1)| [x0, n0, x1, n1]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn twin_fisher_counts_tables([x0, n0, x1, n1] in one(), null in -1.5_f64..1.5) {
        let e = Rows::tables(&[[x0, n0, x1, n1]]).analyse(&*method("fisher", &[]), &Rule { null, ..rule() });
        let m = x0 + x1;
        if m == 0 || m == n0 + n1 {
            prop_assert_eq!(e.status, Status::NoVariation);
            return Ok(());
        }
        let low = m.saturating_sub(n0);
        let weights: Vec<f64> = (low..=m.min(n1)).map(|k| choose(n1, k) * choose(n0, m - k) * (null * k as f64).exp()).collect();
        let (total, at) = (weights.iter().sum::<f64>(), weights[x1 - low]);
        close(e.p, weights[x1 - low..].iter().sum::<f64>() / total, 1e-11);
        close(e.p_against(), weights[..=x1 - low].iter().sum::<f64>() / total, 1e-11);
        close(e.p_two_sided(), weights.iter().filter(|w| **w <= at * (1.0 + 1e-7)).sum::<f64>() / total, 1e-11);
    }

    #[test]
    fn twin_beta_binomial_sums([x0, n0, x1, n1] in one(), a in 1_usize..5, b in 1_usize..30) {
        let prior = [a as f64, b as f64];
        let m = method("beta-binomial", &[("prior", numbers(&prior))]);
        let e = Rows::tables(&[[x0, n0, x1, n1]]).analyse(&*m, &rule());
        let shapes = |x: usize, n: usize| [prior[0] + x as f64, prior[1] + (n - x) as f64];
        close(e.parts[2], exceeds(shapes(x1, n1), shapes(x0, n0)), 1e-10);
        close(e.p, exceeds(shapes(x0, n0), shapes(x1, n1)), 1e-10);
    }

    /// Strata of one patient of each arm: what Mantel and Haenszel say is what McNemar says.
    #[test]
    fn twin_pairs_are_strata(counts in proptest::array::uniform4(0_usize..6)) {
        let rows = Rows::pairs(counts);
        let [pairs, cmh] = ["mcnemar", "cmh"].map(|name| rows.analyse(&*method(name, &[]), &rule()));
        if pairs.status == Status::Estimated && rows.levels() > 1 {
            close(cmh.z, pairs.z, 1e-12);
            let common = rows.analyse(&*method("mantel-haenszel", &[("effect", word("risk-difference"))]), &rule());
            if common.status == Status::Estimated {
                prop_assert!((common.estimate - pairs.estimate).abs() < 1e-12);
            }
            let [_, b, c, _] = counts;
            if b > 0 && c > 0 {
                let odds = rows.analyse(&*method("mantel-haenszel", &[]), &rule());
                let exact = rows.analyse(&*method("mcnemar", &[("test", word("exact"))]), &rule());
                close(odds.estimate, (b as f64 / c as f64).ln(), 1e-12);
                close(exact.estimate, (b as f64 / c as f64).ln(), 1e-12);
                close(odds.se, exact.se, 1e-11);
            }
        }
    }
}
