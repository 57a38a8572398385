//! Covers: sizes. With arms exchangeable in every outcome tests reject as often as they should: binomial tests as often as enumerated.

use super::common::{DEFIANCE, Run, assert_at_most, assert_calibrated, assert_within, share_mcse};

/// z of the 97.5% quantile.
const CRITICAL: f64 = 1.959_963_984_540_054;

/// P(X = x) of a binomial count, x from 0 to n.
fn binomial(n: usize, p: f64) -> Vec<f64> {
    let mut log = vec![0.0; n + 1];
    for x in 1..=n {
        log[x] = log[x - 1] + ((n + 1 - x) as f64 / x as f64).ln();
    }
    (0..=n).map(|x| (log[x] + x as f64 * p.ln() + (n - x) as f64 * (1.0 - p).ln()).exp()).collect()
}

/// Size of the two-sided pooled z test at .05, by enumeration of both arms' counts.
fn enumerated(n1: usize, n0: usize, p: f64) -> f64 {
    let (a, b) = (binomial(n1, p), binomial(n0, p));
    let mut size = 0.0;
    for (x, px) in a.iter().enumerate() {
        for (y, py) in b.iter().enumerate() {
            let pooled = (x + y) as f64 / (n1 + n0) as f64;
            let se = (pooled * (1.0 - pooled) * (1.0 / n1 as f64 + 1.0 / n0 as f64)).sqrt();
            let difference = x as f64 / n1 as f64 - y as f64 / n0 as f64;
            if se > 0.0 && difference.abs() / se >= CRITICAL {
                size += px * py;
            }
        }
    }
    size
}

#[test]
fn by_hand_enumerated_sizes() {
    for (p, size) in [(0.46, 0.0558), (0.01, 0.0292), (0.003, 0.0015)] {
        let found = enumerated(150, 150, p);
        assert!((found - size).abs() < 0.00005, "p = {p}: {found}");
    }
}

const BINARY: &str = r#"
title = "No effect"

[trial]
n = 300
arms = [{ name = "control" }, { name = "treatment" }]
ALLOCATION

[[outcome]]
name = "event"
bernoulli = { probability = RISK }

[[endpoint]]
name = "event"
binary = { value = "event", better = "lower" }

[[analysis]]
name = "primary"
endpoint = "event"
difference-of-proportions = {}
"#;

#[test]
fn statistical_binomial_test_has_its_enumerated_size() {
    const REPLICATES: u64 = 40_000;
    let arms = binomial(300, 0.5);
    for (p, defect) in [(0.46, 0.01), (0.01, 0.008)] {
        let blocks = enumerated(150, 150, p);
        // arm sizes of simple randomisation are binomial themselves
        let simple = (110..=190).map(|n1| arms[n1] * enumerated(n1, 300 - n1, p)).sum();
        for (allocation, size) in [("allocation.blocks = { sizes = [2] }", blocks), ("allocation.simple = {}", simple)]
        {
            let name = format!("statistical_binomial_test_has_its_enumerated_size/{p}/{allocation}");
            let text = BINARY.replace("ALLOCATION", allocation).replace("RISK", &p.to_string());
            let run = Run::new(&text, REPLICATES, &name);
            let design = run.go().design;
            let found = design.analyses[0].rejects.total.estimate;
            assert_calibrated(&name, found, size, share_mcse(size, REPLICATES, 0.0), defect);
        }
    }
}

/// Rows whose test is that of the randomisation as it was restricted: adjusted for the stratum's variable, or within its strata, or
/// on an endpoint that the stratum does not predict. The others gain from the stratification without knowing it: conservative.
const ACCOUNTS_FOR_STRATA: [&str; 7] = [
    "any-pts/adjusted",
    "moderate-or-severe-pts/adjusted",
    "villalta-change/adjusted",
    "primary/villalta-10-14",
    "primary/villalta-15",
    "primary/villalta-interaction",
    "primary/duration-interaction",
];

#[test]
fn statistical_defiance_rejects_no_more_than_it_should_under_the_null() {
    const REPLICATES: u64 = 20_000;
    let name = "statistical_defiance_rejects_no_more_than_it_should_under_the_null";
    let run = Run { variant: Some("null"), ..Run::new(DEFIANCE, REPLICATES, name) };
    let design = run.go().design;
    let alpha_mcse = share_mcse(0.05, REPLICATES, 0.0);
    for a in &design.analyses {
        let size = a.rejects.total.estimate;
        let what = format!("{} ({:.1} events)", a.name, a.events);
        if a.method == "difference-of-proportions" {
            // stratified blocks: at most the size enumerated, at arm sizes around those analysed
            let (half, p) = ((a.patients / 2.0).round() as usize, a.events / a.patients);
            let near = |n: usize| n - 3..=(n + 3).min(150);
            let most = near(half).flat_map(|n1| near(half).map(move |n0| enumerated(n1, n0, p))).fold(0.0, f64::max);
            assert_at_most(&what, size, most, share_mcse(most, REPLICATES, 0.0), 0.016);
        } else if a.events > 0.0 && a.events < 20.0 {
            assert_at_most(&what, size, 0.05, alpha_mcse, 0.016);
        } else if ACCOUNTS_FOR_STRATA.contains(&a.name.as_str()) {
            assert_within(&what, size, 0.05, 0.003, alpha_mcse, 0.016);
        } else {
            assert_at_most(&what, size, 0.053, alpha_mcse, 0.016);
        }
        // both tails alike: favour and against differ by chance alone
        let (favour, against) = (a.power.estimate, a.rejects.against.estimate);
        let mcse = ((favour + against) / REPLICATES as f64).sqrt();
        assert!((favour - against).abs() <= 5.0 * mcse, "{what}: {favour} in favour, {against} against");
    }
}

/// Exchangeable arms: with shared noise both potential outcomes are the same, and every true value is that of no effect.
#[test]
fn contract_true_values_under_the_null() {
    let name = "contract_true_values_under_the_null";
    let run = Run { variant: Some("null"), truth: true, ..Run::new(DEFIANCE, 20, name) };
    let design = run.go().design;
    let mut defined = 0;
    for a in &design.analyses {
        for target in [a.estimand.truth, a.estimand.limit].into_iter().flatten() {
            let none = if a.scale == "probability" { 0.5 } else { 0.0 };
            assert!((target.estimate - none).abs() < 1e-9, "{}: {}", a.name, target.estimate);
            defined += 1;
        }
    }
    assert!(defined > 30, "{defined}");
}
