//! Members that reject: samples against distribution functions of `statrs`. Thresholds are passed with probability 1e-6.

use super::{build, parameters};
use patency::distribution::{Distribution, Draw};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statrs::distribution::{ChiSquared, ContinuousCDF, Discrete, DiscreteCDF};

fn sample(law: &dyn Distribution, n: usize, seed: u64) -> Vec<f64> {
    assert_eq!(law.draw(), Draw::Seeded);
    let p = parameters(law, 0);
    let mut words = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| law.sample(words.next_u64(), &p)).collect()
}

#[test]
fn statistical_gamma() {
    const N: usize = 100_000;
    for (seed, (shape, rate)) in (1..).zip([(0.3, 1.0), (1.0, 0.2), (2.5, 3.0), (40.0, 0.1)]) {
        let law = build("gamma", &format!("{{ shape = {shape}, rate = {rate} }}"));
        let mut x = sample(law.as_ref(), N, seed);
        x.sort_by(f64::total_cmp);
        let oracle = statrs::distribution::Gamma::new(shape, rate).unwrap();
        let n = N as f64;
        let d = x.iter().enumerate().fold(0.0_f64, |d, (i, x)| {
            let f = oracle.cdf(*x);
            d.max(f - i as f64 / n).max((i + 1) as f64 / n - f)
        });
        // P(√n D > 2.69) = 2 exp(−2 · 2.69²)
        assert!(d * n.sqrt() < 2.69, "shape {shape}: √n D = {}", d * n.sqrt());
    }
}

#[test]
fn statistical_poisson() {
    const N: usize = 100_000;
    for (seed, mean) in (1..).zip([0.05, 2.5, 11.9, 12.1, 60.0]) {
        let law = build("poisson", &format!("{{ mean = {mean} }}"));
        let x = sample(law.as_ref(), N, seed);
        let oracle = statrs::distribution::Poisson::new(mean).unwrap();
        let n = N as f64;
        // A bin for each count of which at least 20 are expected, and the two ends.
        let expected = |k: u64| n * oracle.pmf(k);
        let low = (0..).find(|k| expected(*k) >= 20.0).unwrap();
        let high = (low..).take_while(|k| expected(*k) >= 20.0).last().unwrap();
        let mut chi_square = 0.0;
        let mut bin = |observed: usize, expected: f64| {
            if expected > 0.0 {
                chi_square += (observed as f64 - expected).powi(2) / expected;
            }
        };
        for k in low..=high {
            bin(x.iter().filter(|x| **x == k as f64).count(), expected(k));
        }
        let below = if low == 0 { 0.0 } else { n * oracle.cdf(low - 1) };
        bin(x.iter().filter(|x| **x < low as f64).count(), below);
        bin(x.iter().filter(|x| **x > high as f64).count(), n * oracle.sf(high));
        let df = (high - low + 1) as f64 + if low > 0 { 1.0 } else { 0.0 };
        let threshold = ChiSquared::new(df).unwrap().inverse_cdf(1.0 - 1e-6);
        assert!(chi_square < threshold, "mean {mean}: χ² = {chi_square}, {df} df");
    }
}

#[test]
fn by_hand_a_poisson_mean_of_zero() {
    let law = build("poisson", "{ mean = 0 }");
    assert!(sample(law.as_ref(), 10, 1).iter().all(|x| *x == 0.0));
    assert_eq!([law.survival(-1.0, &[0.0]), law.survival(0.0, &[0.0])], [1.0, 0.0]);
}

#[test]
fn statistical_beta() {
    const N: usize = 100_000;
    for (seed, (alpha, beta)) in (1..).zip([(0.3, 0.6), (1.0, 1.0), (2.0, 5.0), (60.0, 40.0)]) {
        let law = build("beta", &format!("{{ alpha = {alpha}, beta = {beta} }}"));
        let mut x = sample(law.as_ref(), N, seed);
        x.sort_by(f64::total_cmp);
        let oracle = statrs::distribution::Beta::new(alpha, beta).unwrap();
        let n = N as f64;
        let d = x.iter().enumerate().fold(0.0_f64, |d, (i, x)| {
            let f = oracle.cdf(*x);
            d.max(f - i as f64 / n).max((i + 1) as f64 / n - f)
        });
        assert!(d * n.sqrt() < 2.69, "shapes {alpha}, {beta}: √n D = {}", d * n.sqrt());
    }
}

#[test]
fn statistical_binomial() {
    const N: usize = 100_000;
    for (seed, (trials, p)) in (1..).zip([(1, 0.4), (10, 0.3), (40, 0.9), (300, 0.2)]) {
        let law = build("binomial", &format!("{{ trials = {trials}, probability = {p} }}"));
        let x = sample(law.as_ref(), N, seed);
        let oracle = statrs::distribution::Binomial::new(p, trials).unwrap();
        let expected = |k: u64| N as f64 * oracle.pmf(k);
        // counts of which at least 20 are expected, and all others together
        let (mut chi_square, mut bins, mut rest) = (0.0, 0.0, [N as f64; 2]);
        for k in (0..=trials).filter(|k| expected(*k) >= 20.0) {
            let observed = x.iter().filter(|x| **x == k as f64).count() as f64;
            chi_square += (observed - expected(k)).powi(2) / expected(k);
            bins += 1.0;
            rest = [rest[0] - observed, rest[1] - expected(k)];
        }
        if rest[1] >= 5.0 {
            chi_square += (rest[0] - rest[1]).powi(2) / rest[1];
            bins += 1.0;
        }
        let threshold = ChiSquared::new(bins - 1.0).unwrap().inverse_cdf(1.0 - 1e-6);
        assert!(chi_square < threshold, "{trials} trials at {p}: χ² = {chi_square}, {bins} bins");
    }
}

#[test]
fn by_hand_the_edges_of_binomial_and_beta() {
    let never = build("binomial", "{ trials = 0, probability = 0.5 }");
    assert!(sample(never.as_ref(), 10, 1).iter().all(|x| *x == 0.0));
    let all = build("binomial", "{ trials = 1e9, probability = 1 }");
    assert!(sample(all.as_ref(), 10, 1).iter().all(|x| *x == 1e9));
    let large = build("binomial", "{ trials = 1e9, probability = 0.5 }");
    assert!(sample(large.as_ref(), 1000, 1).iter().all(|x| (x - 5e8).abs() < 1e5));
    for shapes in ["alpha = 1e-3, beta = 1e-3", "alpha = 1e-300, beta = 1e-300", "alpha = 1e200, beta = 1e200"] {
        let law = build("beta", &format!("{{ {shapes} }}"));
        assert!(sample(law.as_ref(), 1000, 1).iter().all(|x| (0.0..=1.0).contains(x)), "{shapes}");
    }
}
