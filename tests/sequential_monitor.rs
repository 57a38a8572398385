//! Covers: bounds as trials go and estimates after stopping against rpact and gsDesign; looks skipped, late, early, without new information;
//! interpolated estimates and remembered bounds against their slow twins; the level of trials with looks at random times.

use std::collections::BTreeMap;

use patency::math::special::{normal_quantile, normal_tail};
use patency::random::{Address, Sequence};
use patency::sequential::boundary::Unsolvable;
use patency::sequential::{Efficacy, Futility, Information, Monitor, Plan, Spending, futility};

use crate::sequential::{number, plan};

const REFERENCE: &str = include_str!("reference/sequential-monitor.csv");

fn monitor(name: &str, information: Information) -> Monitor {
    Monitor::new(&plan(name), information).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Bounds of looks held at these shares, one after the other; the last is the final analysis.
fn bounds(monitor: &mut Monitor, shares: &[f64]) -> Vec<[f64; 2]> {
    monitor.begin();
    let mut found = Vec::new();
    for (k, &t) in shares.iter().enumerate() {
        found.push(monitor.bounds(k, t, k + 1 == shares.len(), None));
        monitor.go_on();
    }
    found
}

#[test]
fn reference_bounds_and_estimates_agree_with_rpact_and_gsdesign() {
    let mut counts = [0; 2];
    let mut known: BTreeMap<(&str, bool), Monitor> = BTreeMap::new();
    let mut worst = [(0.0, String::new()), (0.0, String::new())];
    for line in REFERENCE.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let parts: Vec<&str> = line.split(',').collect();
        let [design, case, quantity, value] = parts[..] else { panic!("{line}") };
        let values: Vec<f64> = case.split(' ').map(number).collect();
        let plan = plan(design);
        let (word, place) = quantity.split_at(quantity.len() - 1);
        let place = number(place) as usize - 1;
        let bound = word == "upper" || word == "lower";
        let information = if bound { Information::Observed } else { Information::Planned };
        let monitor = known.entry((design, bound)).or_insert_with(|| monitor(design, information));
        let own = if bound {
            bounds(monitor, &values)[place][usize::from(word == "upper")]
        } else {
            // values are those of Z at the looks; the last stops
            monitor.begin();
            for k in 0..values.len() {
                monitor.go_on();
                monitor.bounds(k, plan.looks[k], k + 1 == plan.looks.len(), None);
            }
            let z = values[values.len() - 1];
            match word {
                "p" => monitor.p_value(z),
                "median" => monitor.estimate(z, 0.025)[1],
                "limit" => monitor.estimate(z, 0.025)[2 * place],
                _ => panic!("{quantity}"),
            }
        };
        counts[usize::from(bound)] += 1;
        let off = (own - number(value)).abs();
        let worst = &mut worst[usize::from(bound)];
        // a NaN is the worst of all
        if off.is_nan() || off > worst.0 {
            *worst = (off, format!("{line}: {own}"));
        }
    }
    assert!(counts[0] > 150 && counts[1] > 150, "{counts:?}");
    let [estimates, bounds] = worst;
    assert!(estimates.0 < 1e-6, "{estimates:?}");
    assert!(bounds.0 < 1e-6, "{bounds:?}");
}

/// Trials of a plan: Z at each look by a walk with this drift, until a bound is crossed; where it stopped, and its Z.
fn trial(monitor: &mut Monitor, shares: &[f64], theta: f64, noise: &mut Sequence) -> (usize, f64, [f64; 2]) {
    monitor.begin();
    let (mut b, mut at) = (0.0, 0.0);
    for (k, &t) in shares.iter().enumerate() {
        b += theta * (t - at) + (t - at).sqrt() * normal_quantile(noise.uniform());
        at = t;
        let z = b / t.sqrt();
        let last = k + 1 == shares.len();
        let [lower, upper] = monitor.bounds(k, t, last, None);
        if z >= upper || z <= lower || last {
            return (k, z, [lower, upper]);
        }
        monitor.go_on();
    }
    unreachable!("the last look ends every trial")
}

#[test]
fn statistical_looks_at_random_times_keep_the_level_and_estimates_their_coverage() {
    // error and drift of a walk: the type I error in favour and uniform p-values, or the coverage of the limits and the estimate
    for (name, level, theta, trials) in [
        ("1/3 2/3 1|pocock|1|0.1|0.2|never|0", 0.1, 0.0, 3_000),
        ("1/3 2/3 1|hwang-shih-decani:-2|2|0.2|0.2|never|0", 0.1, 0.0, 3_000),
        ("1/3 2/3 1|obrien-fleming|1|0.1|0.2|kim-demets:1|1", 0.1, 0.0, 3_000),
        ("1/3 2/3 1|haybittle-peto:1.9|1|0.1|0.2|never|0", 0.1, 0.0, 3_000),
        ("1/3 2/3 1|obrien-fleming|1|0.1|0.2|kim-demets:1|1", 0.1, 1.5, 1_500),
    ] {
        let mut monitor = monitor(name, Information::Observed);
        let mut noise = Sequence::new(&Address::new(1, "test", name, ""), 0);
        let (mut rejected, mut below) = (0_u32, [0_u32; 3]);
        let levels = [0.9, 0.5, 0.1];
        for _ in 0..trials {
            let first = 0.2 + 0.3 * noise.uniform();
            let shares = [first, first + 0.05 + 0.3 * noise.uniform(), 0.9 + 0.3 * noise.uniform()];
            let (_, z, [_, upper]) = trial(&mut monitor, &shares, theta, &mut noise);
            rejected += u32::from(z >= upper);
            if theta == 0.0 {
                let p = monitor.p_value(z);
                for (count, level) in below.iter_mut().zip(levels) {
                    *count += u32::from(p <= level);
                }
            } else {
                for (count, value) in below.iter_mut().zip(monitor.estimate(z, 0.1)) {
                    *count += u32::from(value <= theta);
                }
            }
        }
        let judge = |what: &str, count: u32, p: f64| {
            let share = f64::from(count) / f64::from(trials);
            let mcse = (p * (1.0 - p) / f64::from(trials)).sqrt();
            assert!((share - p).abs() <= 5.0 * mcse, "{name} {theta} {what}: {share}, not {p}");
        };
        if theta == 0.0 {
            judge("rejected", rejected, level);
        }
        for (count, p) in below.into_iter().zip(levels) {
            judge("at most", count, p);
        }
    }
}

#[test]
fn twin_interpolated_estimates_are_those_found_directly() {
    let mut worst: f64 = 0.0;
    for name in [
        "0.5 1|obrien-fleming|1|0.025|0.1|hwang-shih-decani:-2|0",
        "0.3 0.35 0.9 1|pocock|1|0.025|0.1|z:0.1:0.4:-inf|1",
        "0.2 0.6 1|hwang-shih-decani:1|2|0.05|0.2|never|0",
    ] {
        let mut monitor = monitor(name, Information::Planned);
        let boundary = monitor.planned().clone();
        for k in 0..boundary.looks.len() {
            monitor.begin();
            for j in 0..=k {
                monitor.go_on();
                let found = monitor.bounds(j, boundary.looks[j], j + 1 == boundary.looks.len(), None);
                assert_eq!(found, [boundary.lower[j], boundary.upper[j]], "{name} look {j}");
            }
            // within the tables and beyond them
            for i in 0..30 {
                let z = -9.5 + 0.634 * f64::from(i);
                let found = monitor.estimate(z, 0.05);
                for (own, p) in found.into_iter().zip([0.05, 0.5, 0.95]) {
                    // the probability itself, by walks with the drift
                    let back = boundary.stagewise(k, z, own);
                    let slope = (boundary.stagewise(k, z, own + 1e-3) - boundary.stagewise(k, z, own - 1e-3)) / 2e-3;
                    let off = ((back - p) / slope).abs();
                    worst = if off.is_nan() { f64::INFINITY } else { worst.max(off) };
                    assert!(off < 1e-7, "{name} look {k} z {z}: {own} has {back}, not {p}: off by {off}");
                }
                assert!((monitor.p_value(z) - boundary.stagewise(k, z, 0.0)).abs() < 1e-11, "{name} {k} {z}");
            }
        }
    }
}

#[test]
fn twin_remembered_bounds_are_those_solved_anew() {
    for name in [
        "1/3 2/3 1|pocock|2|0.05|0.2|never|0",
        "1/3 2/3 1|obrien-fleming|1|0.025|0.2|kim-demets:2|0",
        "1/3 2/3 1|haybittle-peto:3|1|0.025|0.2|z:0:0.5|1",
    ] {
        let mut kept = monitor(name, Information::Observed);
        let mut noise = Sequence::new(&Address::new(1, "test", "memo", ""), 0);
        for _ in 0..60 {
            // two choices a look: histories that agree with the one before for none, some and all of their looks
            let pick = |noise: &mut Sequence, a: f64, b: f64| if noise.uniform() < 0.5 { a } else { b };
            let shares = [pick(&mut noise, 0.3, 0.4), pick(&mut noise, 0.6, 0.75), pick(&mut noise, 1.0, 1.1)];
            let looks = 1 + (3.0 * noise.uniform()) as usize;
            let mut anew = monitor(name, Information::Observed);
            assert_eq!(bounds(&mut kept, &shares[..looks]), bounds(&mut anew, &shares[..looks]), "{name} {shares:?}");
            kept.begin();
            anew.begin();
            let z = 3.0 * noise.uniform();
            for (k, &t) in shares.iter().enumerate() {
                kept.bounds(k, t, false, None);
                anew.bounds(k, t, false, None);
                assert_eq!(kept.estimate(z, 0.025), anew.estimate(z, 0.025), "{name} {shares:?} {k}");
                assert_eq!(kept.p_value(z), anew.p_value(z));
                kept.go_on();
                anew.go_on();
            }
        }
    }
}

#[test]
fn contract_trials_after_the_first_allocate_nothing() {
    let name = "1/3 2/3 1|obrien-fleming|1|0.025|0.2|kim-demets:2|0";
    for information in [Information::Planned, Information::Observed] {
        let mut monitor = monitor(name, information);
        let mut trials = |shift: f64| {
            for shares in [[0.3, 0.65, 1.0], [0.4, 0.7, 1.1], [0.4, 0.7, 1.1]] {
                monitor.begin();
                for (k, t) in shares.into_iter().enumerate() {
                    monitor.bounds(k, t, k == 2, None);
                    let z = 2.0 + shift;
                    assert!(monitor.estimate(z, 0.025)[1] > 0.0 && monitor.p_value(z) < 0.1);
                    monitor.go_on();
                }
            }
        };
        trials(0.0);
        let allocations = allocation_counter::measure(|| (0..20).for_each(|i| trials(0.1 * f64::from(i))));
        assert_eq!(allocations.count_total, 0, "{information:?}");
    }
}

#[test]
fn by_hand_observed_information_as_planned_gives_the_plan() {
    for name in [
        "0.5 0.75 1|obrien-fleming|1|0.025|0.1|hwang-shih-decani:-2|0",
        "0.5 0.75 1|obrien-fleming|1|0.025|0.1|hwang-shih-decani:-2|1",
        "0.3 0.8 1|wang-tsiatis:0.2|2|0.05|0.1|never|0",
        "0.3 0.8 1|haybittle-peto:3|2|0.05|0.1|never|0",
        "0.3 0.8 1|haybittle-peto:3|1|0.025|0.1|z:0:0.5|1",
        "0.3 0.8 1|pocock|1|0.025|0.1|z:0:0.5|0",
    ] {
        let mut monitor = monitor(name, Information::Observed);
        let planned = monitor.planned().clone();
        for (k, [lower, upper]) in bounds(&mut monitor, &planned.looks).into_iter().enumerate() {
            assert!((upper - planned.upper[k]).abs() < 1e-9, "{name} {k}: {upper} {planned:?}");
            assert!(
                lower == planned.lower[k] || (lower - planned.lower[k]).abs() < 1e-7,
                "{name} {k}: {lower} {planned:?}"
            );
        }
    }
}

#[test]
fn by_hand_looks_skipped_repeated_late_and_without_information() {
    // planned: a look that is skipped loses its error, and the final analysis has the last bounds whenever it is
    let name = "0.25 0.5 0.75 1|pocock|2|0.05|0.2|never|0";
    let mut monitor = monitor(name, Information::Planned);
    let planned = monitor.planned().clone();
    monitor.begin();
    assert_eq!(monitor.bounds(1, 0.4, false, None), [-planned.upper[1], planned.upper[1]]);
    monitor.go_on();
    // the same look again is none
    assert_eq!(monitor.bounds(1, 0.6, false, None), [f64::NEG_INFINITY, f64::INFINITY]);
    monitor.go_on();
    assert_eq!(monitor.bounds(2, 0.9, true, None), [-planned.upper[3], planned.upper[3]]);
    // two looks at ½ and 1 with these bounds
    let two = plan("0.5 1|pocock|2|0.05|0.2|never|0");
    let two = Plan { efficacy: Efficacy::Given(vec![planned.upper[1], planned.upper[3]]), ..two };
    let two = two.solve().unwrap();
    let [low, middle, high] = monitor.estimate(1.3, 0.025);
    for (own, p) in [(low, 0.025), (middle, 0.5), (high, 0.975)] {
        assert!((own - two.drift_at(1, 1.3, p)).abs() < 1e-8, "{own}");
    }
    assert!((monitor.p_value(1.3) - two.stagewise(1, 1.3, 0.0)).abs() < 1e-12);
    // a two-sided estimate of −z is minus that of z
    let [minus_high, minus_middle, minus_low] = monitor.estimate(-1.3, 0.025);
    assert!((minus_low + low).abs() < 1e-8 && (minus_middle + middle).abs() < 1e-8 && (minus_high + high).abs() < 1e-8);

    // observed: one look at any share has all the error
    let mut monitor = crate::sequential_monitor::monitor(name, Information::Observed);
    let fixed = normal_quantile(0.975);
    for t in [0.3, 1.0, 1.7] {
        monitor.begin();
        let [lower, upper] = monitor.bounds(3, t, true, None);
        assert!((upper - fixed).abs() < 1e-10 && lower == -upper, "{t}: {lower} {upper}");
        // the drift is that at full information
        let estimate = monitor.estimate(2.2, 0.025);
        let known = [2.2 - fixed, 2.2, 2.2 + fixed].map(|x| x / t.sqrt());
        assert!(estimate.iter().zip(known).all(|(a, b)| (a - b).abs() < 1e-12), "{t}: {estimate:?}");
        assert!((monitor.p_value(2.2) - normal_tail(2.2)).abs() < 1e-15);
    }
    // more than is planned before the last look spends everything: nothing is left
    assert_eq!(bounds(&mut monitor, &[0.5, 1.01, 1.2])[2], [f64::NEG_INFINITY, f64::INFINITY]);
    // looks without new information leave the others as they are, and their ends are those of the look before
    let without = bounds(&mut monitor, &[0.4, 0.8, 1.0]);
    monitor.begin();
    assert_eq!(monitor.bounds(0, 0.0, false, None), [f64::NEG_INFINITY, f64::INFINITY]);
    assert!(monitor.estimate(1.0, 0.025).iter().all(|x| x.is_nan()) && monitor.p_value(1.0).is_nan());
    monitor.go_on();
    assert_eq!(monitor.bounds(0, 0.4, false, None), without[0]);
    let before = monitor.estimate(1.0, 0.025);
    monitor.go_on();
    for t in [0.4, 0.4 * (1.0 + 1e-7), 0.3, f64::NAN] {
        assert_eq!(monitor.bounds(1, t, false, None), [f64::NEG_INFINITY, f64::INFINITY]);
        assert_eq!(monitor.estimate(1.0, 0.025), before);
        monitor.go_on();
    }
    assert_eq!(monitor.bounds(2, 0.8, false, None), without[1]);
    monitor.go_on();
    assert_eq!(monitor.bounds(3, 1.0, true, None), without[2]);
    // Pocock's spending by hand: 0.025 ln(1 + (e − 1)t) by the first look
    let spent = 0.025 * (0.4 * (std::f64::consts::E - 1.0)).ln_1p();
    assert!((normal_tail(without[0][1]) - spent).abs() < 1e-14);
    // tables spend by the number of the look, whatever it saw: 1/5 by the first, 3/5 by the second where that is skipped or not
    let shares = Plan { efficacy: Efficacy::Spending(Spending::Table(vec![0.2, 0.6, 1.0, 1.0])), ..plan(name) };
    let mut monitor = Monitor::new(&shares, Information::Observed).unwrap();
    monitor.begin();
    assert!((normal_tail(monitor.bounds(0, 0.9, false, None)[1]) - 0.005).abs() < 1e-14);
    monitor.begin();
    assert!((normal_tail(monitor.bounds(1, 0.1, false, None)[1]) - 0.015).abs() < 1e-14);
    // Wang and Tsiatis: c t^(Δ − ½); given bounds as they are, the last at the final analysis
    let mut monitor =
        crate::sequential_monitor::monitor("0.5 1|wang-tsiatis:0|1|0.025|0.2|never|0", Information::Observed);
    let c = monitor.planned().upper[1];
    for (k, [_, upper]) in bounds(&mut monitor, &[0.36, 1.21]).into_iter().enumerate() {
        assert!((upper - c / [0.6, 1.1][k]).abs() < 1e-12);
    }
    let given = Plan { efficacy: Efficacy::Given(vec![3.0, 2.5, 2.2, 2.0]), ..plan(name) };
    let mut monitor = Monitor::new(&given, Information::Observed).unwrap();
    assert_eq!(bounds(&mut monitor, &[0.4, 0.7]), [[-3.0, 3.0], [-2.0, 2.0]]);
    // an effect far beyond all
    monitor.begin();
    for (k, t) in [0.25, 0.5].into_iter().enumerate() {
        monitor.go_on();
        monitor.bounds(k, t, false, None);
    }
    for z in [15.0, 40.0, -15.0] {
        let estimate = monitor.estimate(z, 0.025);
        assert!(estimate.iter().all(|x| x.is_finite()) && estimate.is_sorted(), "{z}: {estimate:?}");
    }
    assert!(matches!(
        Monitor::new(&Plan { alpha: 2.0, ..plan(name) }, Information::Planned),
        Err(Unsolvable::Probability(..))
    ));
}

#[test]
fn by_hand_futility_on_other_scales() {
    let two = Plan { futility: Futility::Never, ..plan("0.4 1|pocock|1|0.025|0.1|never|0") }.solve().unwrap();
    let (t, last) = (0.4_f64, two.upper[1]);
    for c in [0.05, 0.2, 0.5, 0.9] {
        let z = futility::of_conditional_power(c, t, last);
        assert!((two.conditional_power(0, z, z / t.sqrt()) - c).abs() < 1e-12, "{c}");
        let z = futility::of_conditional_power_at(c, t, last, 2.5);
        assert!((two.conditional_power(0, z, 2.5) - c).abs() < 1e-12, "{c}");
        let z = futility::of_predictive_power(c, t, last);
        assert!((two.predictive_power(0, z) - c).abs() < 1e-12, "{c}");
        assert!((normal_tail(futility::of_p(c)) - c).abs() < 1e-14);
    }
    // a power of ½: where the trend, the drift or the prediction meets the bound
    assert!((futility::of_conditional_power(0.5, 0.25, 2.0) - 1.0).abs() < 1e-15);
    assert!((futility::of_conditional_power_at(0.5, 0.25, 2.0, 2.0) - 1.0).abs() < 1e-15);
    assert!((futility::of_predictive_power(0.5, 0.25, 2.0) - 1.0).abs() < 1e-15);
}

/// A bound for futility that is known at the look alone acts as one that the plan gives: those for rejection that follow are lowered where it
/// binds, and ends are put in order by it.
#[test]
fn twin_stops_known_at_the_look_are_those_of_a_plan() {
    for (binding, sides) in [(true, 1), (false, 1), (false, 2)] {
        let stops = [0.3, 0.9];
        let plan = |futility: Futility| Plan {
            looks: vec![0.4, 0.7, 1.0],
            alpha: 0.025 * f64::from(sides),
            sides,
            beta: 0.1,
            efficacy: Efficacy::Spending(Spending::OBrienFleming),
            futility,
            binding,
        };
        // another plan's shares and stops, and none of the right ones
        let given = if sides == 1 { Futility::Given(vec![-1.0, 0.5]) } else { Futility::Never };
        let mut free = Monitor::new(&plan(given), Information::Observed).unwrap();
        let right = if sides == 1 { Futility::Given(stops.to_vec()) } else { Futility::Never };
        let mut planned = Monitor::new(&plan(right), Information::Planned).unwrap();
        free.begin();
        planned.begin();
        for (k, t) in [0.4, 0.7, 1.0].into_iter().enumerate() {
            let stop = stops.get(k).copied();
            let [a, b] = [free.bounds(k, t, k == 2, stop), planned.bounds(k, t, k == 2, None)];
            assert!((a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6, "{binding} {sides} {k}: {a:?} {b:?}");
            if sides == 1 {
                for (x, y) in free.estimate(1.7, 0.025).into_iter().zip(planned.estimate(1.7, 0.025)) {
                    assert!((x - y).abs() < 1e-5, "{binding} {k}: {x} {y}");
                }
            }
            free.go_on();
            planned.go_on();
        }
    }
}
