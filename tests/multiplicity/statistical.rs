//! The familywise error in simulated p-values of correlated normal estimates, under every configuration of true null hypotheses.

use patency::math::special::normal_tail;
use patency::multiplicity::{Procedure, Scratch};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::Written;
use crate::engine::common::{assert_at_most, assert_calibrated, seed, share_mcse};

const ALPHA: f64 = 0.05;

fn normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    let uniform = |rng: &mut Xoshiro256PlusPlus| ((rng.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
    (-2.0 * uniform(rng).ln()).sqrt() * (2.0 * std::f64::consts::PI * uniform(rng)).cos()
}

/// One-sided p-values of estimates with correlation `rho`; null hypotheses outside the set `nulls` are false, with z about 2.
fn p_values(rng: &mut Xoshiro256PlusPlus, rho: f64, nulls: u32, p: &mut [f64]) {
    let shared = normal(rng);
    for (j, p) in p.iter_mut().enumerate() {
        let z = rho.sqrt() * shared + (1.0 - rho).sqrt() * normal(rng);
        *p = normal_tail(z + if nulls >> j & 1 == 1 { 0.0 } else { 2.0 });
    }
}

fn procedures() -> Vec<(&'static str, Box<dyn Procedure>)> {
    let four = || Written::of(4);
    let successive =
        [[0.0, 0.5, 0.5, 0.0], [0.5, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]].map(|r| r.to_vec());
    let families = [vec![0, 1], vec![2, 3]];
    [
        ("bonferroni", four()),
        ("holm", four()),
        ("holm", four().weights(&[0.4, 0.3, 0.2, 0.1])),
        ("hochberg", four()),
        ("hommel", four()),
        ("fixed-sequence", four()),
        ("fallback", four().weights(&[0.4, 0.3, 0.2, 0.1])),
        ("graph", four().weights(&[0.5, 0.5, 0.0, 0.0]).transitions(&successive)),
        ("gatekeeping", four().gate("serial", &families)),
        ("gatekeeping", four().gate("parallel", &families)),
    ]
    .map(|(name, written)| (name, written.build(name).unwrap()))
    .into()
}

/// Shares of replicates in which each procedure, and last the tests alone, reject a true null hypothesis.
fn errors(rho: f64, nulls: u32, replicates: u64, rng: &mut Xoshiro256PlusPlus) -> Vec<(&'static str, f64)> {
    let procedures = procedures();
    let (mut scratch, mut p, mut adjusted) = (Scratch::default(), [0.0; 4], [0.0; 4]);
    let mut errs = vec![0_u64; procedures.len() + 1];
    let wrong = |p: &[f64; 4]| u64::from((0..4).any(|j| nulls >> j & 1 == 1 && p[j] <= ALPHA));
    for _ in 0..replicates {
        p_values(rng, rho, nulls, &mut p);
        for (k, (_, procedure)) in procedures.iter().enumerate() {
            procedure.adjust(&p, &mut scratch, &mut adjusted);
            errs[k] += wrong(&adjusted);
        }
        errs[procedures.len()] += wrong(&p);
    }
    let names = procedures.iter().map(|(name, _)| *name).chain(["alone"]);
    names.zip(errs.iter().map(|&e| e as f64 / replicates as f64)).collect()
}

/// All 15 configurations of four hypotheses, uncorrelated and correlated .5; the tests alone err more often wherever two null hypotheses
/// or more are true, so that the simulation would show a procedure that does not control.
fn every_configuration(name: &str, replicates: u64, defect: f64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed(name));
    let mcse = share_mcse(ALPHA, replicates, 0.0);
    for rho in [0.0, 0.5] {
        for nulls in 1_u32..16 {
            let errors = errors(rho, nulls, replicates, &mut rng);
            for (procedure, error) in &errors[..errors.len() - 1] {
                assert_at_most(&format!("{procedure}, nulls {nulls:04b}, ρ {rho}"), *error, ALPHA, mcse, defect);
            }
            let alone = errors[errors.len() - 1].1;
            assert!(nulls.count_ones() < 2 || alone > ALPHA + defect, "{nulls:04b}: {alone}");
        }
    }
}

#[test]
fn statistical_familywise_error_under_every_configuration() {
    every_configuration("statistical_familywise_error_under_every_configuration", 8_000, 0.02);
}

#[test]
#[ignore = "3 million families of p-values"]
fn statistical_familywise_error_under_every_configuration_sharply() {
    every_configuration("statistical_familywise_error_under_every_configuration_sharply", 100_000, 0.006);
}

/// Where all four null hypotheses are true and the p-values independent, the error is known: of the shares w of the level that are there
/// before anything is rejected 1 − Π(1 − wα), of a sequence α. Simes' test has α exactly; Hommel rejects nothing in some of what it
/// rejects, Hochberg in more.
#[test]
fn statistical_familywise_error_where_it_is_known() {
    const REPLICATES: u64 = 60_000;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed("statistical_familywise_error_where_it_is_known"));
    let errors = errors(0.0, 0b1111, REPLICATES, &mut rng);
    let of = |shares: &[f64]| 1.0 - shares.iter().map(|w| 1.0 - w * ALPHA).product::<f64>();
    let (equal, falling, halves) = (of(&[0.25; 4]), of(&[0.4, 0.3, 0.2, 0.1]), of(&[0.5; 2]));
    let expected = [equal, equal, falling, -1.0, -1.0, ALPHA, falling, halves, halves, halves, of(&[1.0; 4])];
    assert_eq!(errors.len(), expected.len());
    for ((name, error), expected) in errors.into_iter().zip(expected) {
        if expected > 0.0 {
            assert_calibrated(name, error, expected, share_mcse(expected, REPLICATES, 0.0), expected / 4.0);
        }
    }
}
