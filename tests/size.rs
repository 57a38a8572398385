//! Covers: sample sizes: the interval of `patency size` holds the true one as often as it says, and its answers to bad questions.

use patency::math::special::normal_quantile;
use patency::size::{Axis, Search};

use crate::engine::common::seed;

/// Exact power of the pooled z test at one-sided .025, P1's probabilities, n patients in two equal arms, by enumeration.
fn exact(n: usize) -> f64 {
    let arm = n / 2;
    let binomial = |p: f64| {
        let mut out = vec![0.0_f64; arm + 1];
        let mut log = arm as f64 * (1.0 - p).ln();
        for (k, x) in out.iter_mut().enumerate() {
            *x = log.exp();
            log += ((arm - k) as f64 / (k + 1) as f64).ln() + (p / (1.0 - p)).ln();
        }
        out
    };
    let (treated, control) = (binomial(0.5), binomial(0.35));
    let z = -normal_quantile(0.025);
    let size = arm as f64;
    let mut power = 0.0;
    for (x, a) in treated.iter().enumerate() {
        for (y, b) in control.iter().enumerate() {
            let pooled = (x + y) as f64 / (2.0 * size);
            let error = (pooled * (1.0 - pooled) * 2.0 / size).sqrt();
            if error > 0.0 && (x as f64 - y as f64) / size / error >= z {
                power += a * b;
            }
        }
    }
    power
}

#[test]
fn by_hand_power_by_enumeration() {
    assert!((exact(300) - 0.7613).abs() < 5e-5);
    // not monotone: definitions of the sample size have to live with it
    assert!((exact(340) - 0.8093).abs() < 5e-5 && (exact(346) - 0.8068).abs() < 5e-5);
    assert!(exact(332) < 0.8 && exact(334) >= 0.8);
}

/// A search whose replicates are Bernoulli with the exact power: what the engine gives, at no cost.
fn searched(sizes: &[f64], powers: &[f64], target: f64, within: f64, most: u64, state: &mut u64) -> Search {
    let mut search = Search::new(Axis::Size, sizes.to_vec(), target, 0.05, sizes[sizes.len() / 2]);
    let mut uniform = || {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    while !search.settled(within) {
        let mut looked = false;
        for i in search.next(within) {
            let had = search.cells[i].replicates;
            let more = (had / 3).next_multiple_of(256).clamp(256, 16_384).min(most - had.min(most));
            let successes = (0..more).filter(|_| uniform() < powers[i]).count() as u64;
            search.add(i, successes, more);
            looked |= more > 0;
        }
        if !looked {
            break;
        }
    }
    search
}

/// Repetitions in which the interval holds the true size, and the replicates that they took.
fn held(repetitions: u64, within: f64, target: f64, name: &str) -> (u64, u64) {
    let sizes: Vec<f64> = (0..60).map(|k| f64::from(240 + 4 * k)).collect();
    let powers: Vec<f64> = sizes.iter().map(|&n| exact(n as usize)).collect();
    let truth = powers.iter().rposition(|p| *p < target).map_or(0, |i| i + 1);
    let (mut held, mut replicates) = (0, 0);
    for k in 0..repetitions {
        let mut state = seed(name) ^ (k << 20);
        let search = searched(&sizes, &powers, target, within, 100_000, &mut state);
        let found = search.found();
        held += u64::from(found.below.is_none_or(|b| b < truth) && found.enough.is_none_or(|e| truth <= e));
        replicates += search.cells.iter().map(|c| c.replicates).sum::<u64>();
    }
    (held, replicates / repetitions)
}

#[test]
fn statistical_intervals_hold_the_true_size() {
    // at least 95 % are promised; below 179 of 200 the chance is 1e-3 at 95 %
    let (held, replicates) = held(200, 0.06, 0.8, "statistical_intervals_hold_the_true_size");
    assert!(held >= 179, "{held} of 200");
    assert!(replicates < 200_000, "{replicates} replicates a search");
}

#[test]
fn statistical_narrow_intervals_hold_the_true_size() {
    for target in [0.8, 0.9] {
        let (held, replicates) = held(200, 0.02, target, "statistical_narrow_intervals_hold_the_true_size");
        assert!(held >= 179, "{held} of 200 at {target}, {replicates} replicates a search");
    }
}

#[test]
fn contract_power_that_never_gets_there_is_said() {
    let sizes: Vec<f64> = (1..=20).map(|k| f64::from(k * 20)).collect();
    let flat = vec![0.5; 20];
    let search = searched(&sizes, &flat, 0.9, 0.02, 50_000, &mut 1);
    assert_eq!((search.found().below, search.found().enough), (Some(19), None));
    assert!(search.settled(0.02));
    let enough = vec![0.99; 20];
    let search = searched(&sizes, &enough, 0.9, 0.02, 50_000, &mut 2);
    assert_eq!((search.found().below, search.found().enough), (None, Some(0)));
}

#[test]
fn contract_a_falling_axis_is_searched_from_its_other_end() {
    // a hazard ratio: power falls with it
    let values: Vec<f64> = (0..=40).map(|k| 0.95 - 0.01 * f64::from(k)).collect();
    let powers: Vec<f64> = values.iter().map(|h| (1.6 * (0.95 - h) / 0.4).min(0.99)).collect();
    let mut search = Search::new(Axis::Falling, values.clone(), 0.8, 0.05, 0.7);
    for (i, p) in powers.iter().enumerate() {
        search.add(i, (p * 20_000.0).round() as u64, 20_000);
    }
    let found = search.found();
    // exactly .8 at .75
    assert!(
        found.below.is_some_and(|i| values[i] > 0.75) && found.enough.is_some_and(|i| values[i] < 0.75),
        "{found:?}"
    );
    assert!((search.crossing() - 0.75).abs() < 0.01, "{}", search.crossing());
}
