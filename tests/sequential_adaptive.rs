//! Covers: futility on other scales, sample-size re-estimation and Bayesian predictive probabilities against gsDesign, rpact, blindrecalc and
//! definitions enumerated or integrated in R; closed forms; the level of trials that grow where they are promising.

use patency::math::special::{normal_cdf, normal_quantile, normal_tail};
use patency::random::{Address, Sequence};
use patency::sequential::predictive::{Count, Normal, Proportions};
use patency::sequential::reestimation::{
    Held, PromisingZone, Seen, beyond, increment, inverse_normal, patients, proportions, variance_within,
};
use patency::sequential::{Compared, futility};

use crate::sequential::number;

const REFERENCE: &str = include_str!("reference/sequential-adaptive.csv");

fn zone(share: f64, last: f64, target: f64, cap: f64, zone: [f64; 2]) -> PromisingZone {
    PromisingZone { share, last, target, cap, zone }
}

fn counts(x: [f64; 2], n: [f64; 2]) -> [Count; 2] {
    [0, 1].map(|i| Count { events: x[i] as u32, n: n[i] as u32 })
}

fn close(own: f64, known: f64, tolerance: f64, place: &str) {
    assert!((own - known).abs() <= tolerance * known.abs().max(1.0), "{place}: {own}");
}

#[test]
fn reference_adaptive_figures_agree_with_r() {
    let mut seen = 0;
    for line in REFERENCE.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let parts: Vec<&str> = line.split(',').collect();
        let [what, arguments, value] = parts[..] else { panic!("{line}") };
        let arguments: Vec<f64> = arguments.split(' ').map(number).collect();
        let value = number(value);
        seen += 1;
        match (what, &arguments[..]) {
            ("conditional", &[t, u, z]) => close(futility::of_conditional_power(value, t, u), z, 1e-8, line),
            ("conditional-at", &[t, u, theta, z]) => {
                close(futility::of_conditional_power_at(value, t, u, theta), z, 1e-8, line);
            }
            ("predictive", &[t, u, z]) => close(futility::of_predictive_power(value, t, u), z, 1e-8, line),
            ("zone", &[t, u, target, cap, low, high, z]) => {
                close(zone(t, u, target, cap, [low, high]).information(z), value, 1e-9, line);
            }
            ("least", &[t, u, target, cap]) => close(zone(t, u, target, cap, [0.0, 1.0]).least(), value, 1e-9, line),
            ("inverse-normal", &[t, z, n, later, all]) => {
                let before = Seen { z, information: n };
                let second = increment(before, Seen { z: later, information: all });
                close(inverse_normal(z, second, t), value, 1e-11, line);
            }
            ("proportions", &[p, delta, ratio]) => {
                let compared = proportions(p, Held::Difference(delta), ratio).expect(line);
                close(compared.fixed(0.025, 1, 0.2, ratio), value, 1e-11, line);
            }
            ("posterior", &[x, y, n, m, a, b, margin]) => {
                let model = Proportions::new([[a, b]; 2], margin, 0.9).expect(line);
                close(model.posterior(counts([x, y], [n, m])), value, 1e-9, line);
            }
            ("probability", &[x, y, n, m, all, others, a, b, margin, bound]) => {
                let mut model = Proportions::new([[a, b]; 2], margin, bound).expect(line);
                let own = model.predictive(counts([x, y], [n, m]), [all as u32, others as u32]);
                close(own, value, 1e-11, line);
            }
            ("normal", &[mean, sd, estimate, se, margin, bound, more]) => {
                let posterior = Normal { mean, sd }.posterior(estimate, se);
                close(posterior.predictive(margin, bound, more), value, 1e-10, line);
            }
            ("normal-power", &[mean, sd, estimate, se, more, u]) => {
                let now = (se * se).recip();
                let posterior = Normal { mean, sd }.posterior(estimate, se);
                close(posterior.predictive_power(estimate, [now, now + more], u), value, 1e-10, line);
            }
            _ => panic!("{line}"),
        }
    }
    assert_eq!(seen, 311);
}

#[test]
fn by_hand_stages_add_up_to_all_data() {
    // sums of 4 and 9 patients: 6 and 6 + 5 standard normal units
    let before = Seen { z: 3.0, information: 4.0 };
    let after = Seen { z: 11.0 / 3.0, information: 9.0 };
    let second = increment(before, after);
    assert!((second - 5.0 / 5.0_f64.sqrt()).abs() < 1e-14);
    // as planned: Z of all data
    assert!((inverse_normal(3.0, second, 4.0 / 9.0) - 11.0 / 3.0).abs() < 1e-14);
    assert!(increment(before, before).is_nan());
}

#[test]
fn by_hand_promising_zone() {
    let half = zone(0.5, 1.96, 0.9, 2.0, [0.36, 0.9]);
    for z in [0.3, 1.0, 1.4, 1.7] {
        // power of the planned size: that of the trend; B(1) is normal about z√t + z/√t (1 − t)
        let known = normal_tail((1.96 - z / 0.5_f64.sqrt()) / 0.5_f64.sqrt());
        assert!((half.conditional_power(z, 1.0) - known).abs() < 1e-14);
        // the bound for all data is the weighted test
        for n in [1.0, 1.3, 2.0, 5.0] {
            let second = (1.96 - 0.5_f64.sqrt() * z) / 0.5_f64.sqrt();
            let all = (z * 0.5_f64.sqrt() + second * (n - 0.5_f64).sqrt()) / n.sqrt();
            assert!((half.bound(z, n) - all).abs() < 1e-14);
        }
        assert!((half.bound(z, 1.0) - 1.96).abs() < 1e-15);
    }
    // outside the zone as planned; inside what gives the target, or the cap
    assert_eq!([-1.0, 0.2, 1.0, 2.5].map(|z| half.information(z)), [1.0; 4]);
    let capped = half.information(1.25);
    assert_eq!(capped, 2.0);
    assert!(half.conditional_power(1.25, capped) < 0.9);
    let reached = half.information(1.7);
    assert!(reached > 1.0 && reached < 2.0);
    assert!((half.conditional_power(1.7, reached) - 0.9).abs() < 1e-12);
    // where the cap binds: u√t (1 + s)/(√cap + s), s² = (cap − t)/(1 − t)
    let s = 3.0_f64.sqrt();
    let z = 1.96 * 0.5_f64.sqrt() * (1.0 + s) / (2.0_f64.sqrt() + s);
    assert!((half.least() - half.conditional_power(z, 1.0)).abs() < 1e-12);
    assert!((half.bound(z, 2.0) - 1.96).abs() < 1e-14);
    // no cap
    let open = zone(0.5, 1.96, 0.9, f64::INFINITY, [0.3, 0.9]);
    assert!(open.least() > 0.26 && open.least() < 0.28, "{}", open.least());
    assert!(zone(0.5, 1.96, 0.5, 2.0, [0.3, 0.5]).least().is_nan());
    assert!(zone(0.5, 1.96, 0.9, 1.0, [0.3, 0.9]).least().is_nan());
}

/// Level of the test of all data against the bound as planned: its conditional level over Z at the look.
fn level(zone: &PromisingZone) -> f64 {
    let step = 1e-3;
    let weigh = |z: f64| {
        let n = zone.information(z);
        let needed = (zone.last * n.sqrt() - z * zone.share.sqrt()) / (n - zone.share).sqrt();
        step * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt() * normal_tail(needed)
    };
    (-9_000..9_000).map(|i| weigh((f64::from(i) + 0.5) * step)).sum()
}

#[test]
fn by_hand_the_least_conditional_power_is_where_the_level_is_lowest() {
    for (share, target, cap) in [(0.5, 0.9, 3.0), (0.3, 0.8, 1.5), (0.7, 0.9, f64::INFINITY)] {
        let of = |low: f64| zone(share, normal_quantile(0.9), target, cap, [low, target]);
        let least = of(0.0).least();
        // more information below it adds to the level, less above it too
        let levels = [least - 0.05, least, least + 0.05].map(|low| level(&of(low)));
        assert!(levels[1] < levels[0] - 1e-5 && levels[1] < levels[2] - 1e-5, "{share} {cap}: {levels:?}");
        assert!(levels[1] < 0.1 && levels[2] < 0.1, "{levels:?}");
        // no trial grows: the plan
        assert!((level(&of(target)) - 0.1).abs() < 1e-7);
    }
    assert!(level(&zone(0.5, normal_quantile(0.9), 0.9, 3.0, [0.0, 0.9])) > 0.1);
}

#[test]
fn statistical_trials_that_grow_where_they_are_promising_keep_the_level() {
    let zone = zone(0.5, normal_quantile(0.9), 0.9, 3.0, [0.1, 0.9]);
    let mut noise = Sequence::new(&Address::new(1, "test", "promising", ""), 0);
    let trials = 40_000;
    let [mut weighted, mut naive, mut bound] = [0_u32; 3];
    for _ in 0..trials {
        let [z, second] = [0, 1].map(|_| normal_quantile(noise.uniform()));
        let n = zone.information(z);
        let all = (z * 0.5_f64.sqrt() + second * (n - 0.5).sqrt()) / n.sqrt();
        let before = Seen { z, information: 0.5 };
        let stage = increment(before, Seen { z: all, information: n });
        weighted += u32::from(inverse_normal(z, stage, 0.5) >= zone.last);
        bound += u32::from(all >= zone.bound(z, n));
        naive += u32::from(all >= zone.last);
    }
    let judge = |count: u32, p: f64| {
        let share = f64::from(count) / f64::from(trials);
        let mcse = (p * (1.0 - p) / f64::from(trials)).sqrt();
        assert!((share - p).abs() < 5.0 * mcse, "{share}, not {p}");
    };
    assert_eq!(weighted, bound);
    judge(weighted, 0.1);
    judge(naive, level(&zone));
}

#[test]
fn by_hand_blinded_review() {
    let of = |pooled, held, ratio| proportions(pooled, held, ratio);
    let Some(Compared::Proportions { experimental, control }) = of(0.4, Held::Ratio(0.5), 2.0) else { panic!() };
    assert!((control - 0.6).abs() < 1e-15 && (experimental - 0.3).abs() < 1e-15);
    assert!(((2.0 * experimental + control) / 3.0 - 0.4_f64).abs() < 1e-15);
    let Some(Compared::Proportions { experimental, control }) = of(0.4, Held::Difference(-0.3), 2.0) else { panic!() };
    assert!((control - 0.6).abs() < 1e-15 && (experimental - 0.3).abs() < 1e-15);
    // effects that the pooled proportion has no room for
    assert!(of(0.05, Held::Difference(0.3), 1.0).is_none());
    assert!(of(0.9, Held::Ratio(2.0), 1.0).is_none());
    assert!(of(f64::NAN, Held::Ratio(2.0), 1.0).is_none());

    // values of two arms, 2:1, whose means differ by exactly the planned difference
    let arms = [vec![1.0, 2.0, 6.0], vec![4.0, 5.0, 5.5, 6.5, 7.0, 8.0]];
    let difference = 3.0;
    let all: Vec<f64> = arms.iter().flatten().copied().collect();
    let squares = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        x.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
    };
    let (n, within) = (all.len() as f64, squares(&arms[0]) + squares(&arms[1]));
    let total = squares(&all) / (n - 1.0);
    // what is left is the pooled variance but for a degree of freedom
    let left = variance_within(total, n, difference, 2.0);
    assert!((left - within / (n - 1.0)).abs() < 1e-13, "{left}");
    assert_eq!(variance_within(total, n, 0.0, 1.0), total);
    assert_eq!(patients(88.0, 0.22), 400.0);
}

#[test]
fn by_hand_sizes_against_a_margin() {
    let fixed = |compared: Compared, margin: f64, ratio: f64, alpha: f64, beta: f64| {
        beyond(compared, margin, ratio).fixed(alpha, 1, beta, ratio)
    };
    // Chow, Shao, Wang (2008), Sample Size Calculations in Clinical Research, example 4.2.4: 25 an arm against −.10, one-sided .05
    let chow = Compared::Proportions { experimental: 0.85, control: 0.65 };
    let an_arm = fixed(chow, -0.1, 1.0, 0.05, 0.2) / 2.0;
    assert_eq!(an_arm.ceil(), 25.0);
    let z = normal_quantile(0.95) + normal_quantile(0.8);
    assert!((an_arm - z * z * (0.85 * 0.15 + 0.65 * 0.35) / 0.09).abs() < 1e-11);
    // no difference, .85 in both arms and a margin of .1 at one-sided .025 with power .9: 268 an arm
    let none = Compared::Proportions { experimental: 0.85, control: 0.85 };
    assert_eq!((fixed(none, -0.1, 1.0, 0.025, 0.1) / 2.0).ceil(), 268.0);
    // 2 : 1
    let z = normal_quantile(0.975) + normal_quantile(0.9);
    let of = |e: f64, c: f64, d: f64| z * z * 3.0 * (e * (1.0 - e) / 2.0 + c * (1.0 - c)) / (d * d);
    let uneven = Compared::Proportions { experimental: 0.3, control: 0.2 };
    assert!((fixed(uneven, 0.15, 2.0, 0.025, 0.1) - of(0.3, 0.2, 0.05)).abs() < 1e-9);
    let means = Compared::Means { difference: 0.0, sd: 4.0 };
    assert!((fixed(means, -2.0, 1.0, 0.025, 0.1) - 4.0 * z * z * 4.0).abs() < 1e-9);
    let hazards = Compared::Hazards { ratio: 0.9 };
    let events = 4.0 * (z / (0.9_f64 / 1.3).ln()).powi(2);
    assert!((fixed(hazards, 1.3_f64.ln(), 1.0, 0.025, 0.1) - events).abs() < 1e-9);
    // without a margin nothing changes
    assert_eq!(beyond(chow, 0.0, 1.0), chow);
}

/// Sum over all pairs of futures, each with its posterior probability; beta-binomial probabilities as products.
fn naive(model: &Proportions, prior: [f64; 2], bound: f64, counts: [Count; 2], sizes: [u32; 2]) -> f64 {
    let futures = [0, 1].map(|arm| {
        let m = sizes[arm] - counts[arm].n;
        let (a, b) =
            (prior[0] + f64::from(counts[arm].events), prior[1] + f64::from(counts[arm].n - counts[arm].events));
        let rising = |x: f64, k: u32| (0..k).map(|i| x + f64::from(i)).product::<f64>();
        let choose = |k: u32| (0..k).map(|i| f64::from(m - i) / f64::from(i + 1)).product::<f64>();
        (0..=m).map(|y| choose(y) * rising(a, y) * rising(b, m - y) / rising(a + b, m)).collect::<Vec<f64>>()
    });
    let mut total = 0.0;
    for (i, p) in (0..).zip(&futures[0]) {
        for (j, q) in (0..).zip(&futures[1]) {
            let end = [i, j].into_iter().zip(counts).zip(sizes);
            let end: Vec<Count> = end.map(|((y, c), n)| Count { events: c.events + y, n }).collect();
            if model.posterior([end[0], end[1]]) >= bound {
                total += p * q;
            }
        }
    }
    total
}

#[test]
fn twin_predictive_probabilities_are_sums_over_all_futures() {
    for (prior, margin, bound, sizes) in
        [([1.0, 1.0], 0.0, 0.95, [14, 11]), ([0.3, 0.6], 0.1, 0.8, [9, 15]), ([2.0, 5.0], -0.2, 0.5, [12, 12])]
    {
        // successes found for one interim serve the others
        let mut model = Proportions::new([prior; 2], margin, bound).unwrap();
        for (x, n) in [([3, 1], [6, 5]), ([0, 4], [7, 4]), ([5, 0], [5, 3]), ([0, 0], [0, 0]), ([9, 2], [9, 11])] {
            let counts = [0, 1].map(|i| Count { events: x[i], n: n[i] });
            let (own, known) = (model.predictive(counts, sizes), naive(&model, prior, bound, counts, sizes));
            assert!((own - known).abs() < 1e-12, "{prior:?} {margin} {x:?} {n:?}: {own} {known}");
        }
        // the end itself: success or not
        let end = [Count { events: 8, n: sizes[0] }, Count { events: 2, n: sizes[1] }];
        assert_eq!(model.predictive(end, sizes), f64::from(model.posterior(end) >= bound));
        assert!(model.predictive(end, [sizes[0] - 1, sizes[1]]).is_nan());
        assert!(model.predictive([Count { events: 3, n: 2 }, Count::default()], sizes).is_nan());
        assert!(model.posterior([Count { events: 3, n: 2 }, Count::default()]).is_nan());
    }
    assert!(Proportions::new([[1.0, 0.0], [1.0, 1.0]], 0.0, 0.9).is_none());
    assert!(Proportions::new([[1.0, 1.0]; 2], 0.0, 1.0).is_none());
    assert!(Proportions::new([[1.0, 1.0]; 2], f64::NAN, 0.9).is_none());
}

#[test]
fn by_hand_beta_posteriors() {
    // flat priors, nobody seen: (1 − δ)²/2; one responder of one against none of one: triangles on (0, 1), P(p₁ > p₂) = 5/6
    let model = Proportions::new([[1.0, 1.0]; 2], 0.2, 0.5).unwrap();
    assert!((model.posterior([Count::default(); 2]) - 0.32).abs() < 1e-12);
    let model = Proportions::new([[1.0, 1.0]; 2], 0.0, 0.8).unwrap();
    let one = [Count { events: 1, n: 1 }, Count { events: 0, n: 1 }];
    assert!((model.posterior(one) - 5.0 / 6.0).abs() < 1e-12);
    // success only where the first responds and the second does not: a quarter
    let mut model = model;
    assert!((model.predictive([Count::default(); 2], [1, 1]) - 0.25).abs() < 1e-14);
    // after a responder of one: Beta(3, 1) or Beta(2, 2) at the end against Beta(1, 2) or Beta(2, 1); P = 9/10, 3/5, 7/10, 3/10
    let known = [([2, 0], 0.9), ([2, 1], 0.6), ([1, 0], 0.7), ([1, 1], 0.3)];
    for ([first, second], p) in known {
        let end = [Count { events: first, n: 2 }, Count { events: second, n: 1 }];
        assert!((model.posterior(end) - p).abs() < 1e-12, "{end:?}: {}", model.posterior(end));
    }
    let mut model = Proportions::new([[1.0, 1.0]; 2], 0.0, 0.85).unwrap();
    let seen = [Count { events: 1, n: 1 }, Count::default()];
    // another responder has 2/3, none in the other arm ½
    assert!((model.predictive(seen, [2, 1]) - 1.0 / 3.0).abs() < 1e-14);
}

#[test]
fn by_hand_normal_posteriors() {
    // equal weights: halfway, half the variance
    let posterior = Normal { mean: 0.0, sd: 2.0 }.posterior(1.0, 2.0);
    assert!((posterior.mean - 0.5).abs() < 1e-15 && (posterior.sd - 2.0_f64.sqrt()).abs() < 1e-15);
    assert!((posterior.above(0.5) - 0.5).abs() < 1e-15);
    // no prior: the estimate, and the predictive power of a test at information 1
    let flat = Normal { mean: 0.0, sd: f64::INFINITY };
    let t = 0.4_f64;
    let (z, u) = (1.3, 2.0);
    let posterior = flat.posterior(z / t.sqrt(), 1.0 / t.sqrt());
    assert!((posterior.mean - z / t.sqrt()).abs() < 1e-14 && (posterior.sd - 1.0 / t.sqrt()).abs() < 1e-14);
    let known = normal_cdf((z - u * t.sqrt()) / (1.0 - t).sqrt());
    assert!((posterior.predictive_power(z / t.sqrt(), [t, 1.0], u) - known).abs() < 1e-14);
    assert!((futility::of_predictive_power(known, t, u) - z).abs() < 1e-13);
    // of which the posterior probability of Φ(u) is the same success
    assert!((posterior.predictive(0.0, normal_cdf(u), 1.0 - t) - known).abs() < 1e-13);
    // nothing to come: certain
    assert_eq!(posterior.predictive(0.0, 0.9, 0.0), 1.0);
    assert_eq!(posterior.predictive(0.0, 0.99, 0.0), 0.0);
    assert_eq!([1.2, 1.4].map(|u| posterior.predictive_power(z / t.sqrt(), [t, t], u)), [1.0, 0.0]);
    // a prior that knows everything is not moved
    let sure = Normal { mean: 0.3, sd: 0.0 }.posterior(5.0, 0.1);
    assert!((sure.mean - 0.3).abs() < 1e-12 && sure.sd == 0.0, "{sure:?}");
}
