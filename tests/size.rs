//! Covers: sample sizes: the interval of `patency size` holds the true one as often as it says, and its answers to bad questions.

use std::sync::atomic::{AtomicBool, AtomicU64};

use patency::engine::RowRecord;
use patency::math::special::normal_quantile;
use patency::planning::{self, Given, Known};
use patency::protocol::{Protocol, Wanted};
use patency::scenario::Scenario;
use patency::size::grid;
use patency::size::ladder::{By, Effort, Halt, Ladder, Rung, Success};
use patency::size::{Axis, Cell, Ending, Guess, Search};

use crate::engine::common::{P1, P2, P4, seed, simulate, sized};

/// Exact power of the pooled z test at one-sided .025, P1's probabilities, n patients in two equal arms, by enumeration.
pub(crate) fn exact(n: usize) -> f64 {
    exact_at(n, 0.025)
}

/// The same at another tail probability.
pub(crate) fn exact_at(n: usize, tail: f64) -> f64 {
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
    let z = -normal_quantile(tail);
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
fn searched(sizes: &[f64], powers: &[f64], target: f64, within: f64, most: u64, state: &mut u64) -> (Search, Ending) {
    let guess = Guess { size: sizes[sizes.len() / 2], replicates: 0.0, tail: 0.025 };
    let mut search = Search::new(Axis::Size, sizes.to_vec(), target, 0.05, within, guess);
    let mut uniform = || {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let ended = search.run(most, |chosen, range, _| {
        let replicates = range.end - range.start;
        let cell = |&i: &usize| Cell {
            successes: (0..replicates).filter(|_| uniform() < powers[i]).count() as u64,
            replicates,
        };
        Ok::<_, ()>(chosen.iter().map(cell).collect())
    });
    (search, ended.expect("nothing fails"))
}

/// Repetitions in which the interval holds the true size, and the replicates that they took.
fn held(repetitions: u64, within: f64, target: f64, name: &str) -> (u64, u64) {
    let sizes: Vec<f64> = (0..60).map(|k| f64::from(240 + 4 * k)).collect();
    let powers: Vec<f64> = sizes.iter().map(|&n| exact(n as usize)).collect();
    let truth = powers.iter().rposition(|p| *p < target).map_or(0, |i| i + 1);
    let (mut held, mut replicates) = (0, 0);
    for k in 0..repetitions {
        let mut state = seed(name) ^ (k << 20);
        let (search, _) = searched(&sizes, &powers, target, within, 1_000_000, &mut state);
        let found = search.found();
        held += u64::from(found.below.is_none_or(|b| b < truth) && found.enough.is_none_or(|e| truth <= e));
        replicates += search.cells.iter().map(|c| c.replicates).max().unwrap_or(0);
    }
    (held, replicates / repetitions)
}

#[test]
fn statistical_intervals_hold_the_true_size() {
    // at least 95 % are promised; below 179 of 200 the chance is 1e-3 at 95 %
    let (held, replicates) = held(200, 0.06, 0.8, "statistical_intervals_hold_the_true_size");
    assert!(held >= 179, "{held} of 200");
    assert!(replicates < 20_000, "{replicates} replicates a search");
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
    let (search, ended) = searched(&sizes, &flat, 0.9, 0.02, 50_000, &mut 1);
    assert_eq!((search.found().below, search.found().enough), (Some(19), None));
    assert_eq!(ended, Ending::Settled);
    let enough = vec![0.99; 20];
    let (search, ended) = searched(&sizes, &enough, 0.9, 0.02, 50_000, &mut 2);
    assert_eq!((search.found().below, search.found().enough), (None, Some(0)));
    assert_eq!(ended, Ending::Settled);
}

#[test]
fn contract_what_the_replicates_do_not_settle_is_said() {
    // power of exactly the target from 200 on: never to be settled
    let sizes: Vec<f64> = (1..=20).map(|k| f64::from(k * 20)).collect();
    let powers: Vec<f64> = sizes.iter().map(|&n| 0.8_f64.min(n / 250.0)).collect();
    let (search, ended) = searched(&sizes, &powers, 0.8, 0.02, 20_000, &mut 3);
    assert_eq!(ended, Ending::UsedUp);
    assert_eq!(search.found().enough, None);
    assert!(search.found().below.is_some_and(|b| sizes[b] < 200.0), "{:?}", search.found());
    assert!(search.cells.iter().all(|c| c.replicates <= 20_000));
}

#[test]
fn contract_power_that_falls_again_is_not_taken_for_enough() {
    // enough at 100 and 120, too little at 140 and 160, enough from 180 on
    let sizes: Vec<f64> = (1..=15).map(|k| f64::from(k * 20)).collect();
    let power = |n: f64| if n < 100.0 || (140.0..=160.0).contains(&n) { 0.6 } else { 0.95 };
    let powers: Vec<f64> = sizes.iter().map(|&n| power(n)).collect();
    let (search, ended) = searched(&sizes, &powers, 0.8, 0.02, 50_000, &mut 4);
    let found = search.found();
    assert_eq!(ended, Ending::Settled);
    assert_eq!(found.below.map(|i| sizes[i]), Some(160.0));
    assert_eq!(found.enough.map(|i| sizes[i]), Some(180.0));
    let reversal = search.reversals().map(|r| r.map(|i| sizes[i]));
    assert!(reversal.is_some_and(|[more, less]| more < 130.0 && (140.0..=160.0).contains(&less)), "{reversal:?}");
}

#[test]
fn contract_a_falling_axis_is_searched_from_its_other_end() {
    // a hazard ratio: power falls with it
    let values: Vec<f64> = (0..=40).map(|k| 0.95 - 0.01 * f64::from(k)).collect();
    let powers: Vec<f64> = values.iter().map(|h| (1.6 * (0.95 - h) / 0.4).min(0.99)).collect();
    let guess = Guess { size: 0.7, replicates: 0.0, tail: 0.025 };
    let mut search = Search::new(Axis::Falling, values.clone(), 0.8, 0.05, 0.02, guess);
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

/// Replicates of a scenario at some sizes, on two threads.
fn climbed(scenario: &Scenario, by: By, sizes: &[u32], replicates: u64) -> (Vec<Rung>, Effort) {
    let ladder = Ladder::new(Protocol::compile(scenario, 5, Wanted::Analyses), by, Success::Analysis, 2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    ladder.climb(&pool, 0..replicates, sizes, &AtomicBool::new(false), &AtomicU64::new(0)).expect("no fault")
}

/// Rejections in favour of the first analysis in a run of its own.
fn rejections(scenario: &Scenario, replicates: u64) -> u64 {
    let protocol = Protocol::compile(scenario, 5, Wanted::Analyses);
    let plan = &scenario.analyses[0];
    let mut count = 0;
    let favours = |row: &RowRecord| row.estimate.p <= plan.alpha / f64::from(plan.sides);
    let see = |_: &_, rows: &[RowRecord]| count += u64::from(favours(&rows[0]));
    simulate(&protocol, 0..replicates, 2, false, &mut crate::engine::common::Each(see));
    count
}

#[test]
fn contract_ten_sizes_cost_the_patients_of_the_largest() {
    let sizes: Vec<u32> = (1..=10).map(|k| 40 * k).collect();
    for text in [P1, P2, P4] {
        let scenario = sized(text, 300);
        let (rungs, effort) = climbed(&scenario, By::Patients, &sizes, 100);
        let (alone, largest) = climbed(&scenario, By::Patients, &[400], 100);
        assert_eq!(alone[0].cell, rungs[9].cell);
        // the bar is 1.5
        assert_eq!(effort.patients, largest.patients);
        assert_eq!((effort.replicates, effort.analyses), (100, 1_000));
        // times are sorted once for all sizes
        assert!(effort.sorted <= largest.patients, "{}", effort.sorted);
        for (&n, rung) in sizes.iter().zip(&rungs) {
            assert_eq!(rung.cell.successes, rejections(&sized(text, n as usize), 100), "{n}");
            assert_eq!((rung.reached, rung.tested), (100, 100));
        }
    }
}

#[test]
fn contract_a_trial_is_cut_at_each_number_of_events() {
    let text = P2.replace("date = 48", "events = { count = COUNT, endpoint = \"survival\" }");
    let scenario = sized(&text.replace("COUNT", "100"), 200);
    let (rungs, effort) = climbed(&scenario, By::Events, &[20, 60, 100, 199], 100);
    for (count, rung) in [20, 60, 100].iter().zip(&rungs) {
        let own = sized(&text.replace("COUNT", &count.to_string()), 200);
        assert_eq!(rung.cell.successes, rejections(&own, 100), "{count}");
        assert_eq!(rung.reached, 100);
    }
    // one patient in twenty is lost: 199 of 200 never die before our eyes
    assert_eq!(rungs[3].reached, 0);
    assert_eq!((effort.patients, effort.analyses), (20_000, 400));
}

#[test]
fn contract_a_ladder_that_is_stopped_gives_nothing() {
    let scenario = sized(P1, 300);
    let ladder = Ladder::new(Protocol::compile(&scenario, 5, Wanted::Analyses), By::Patients, Success::Analysis, 1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("threads");
    assert_eq!(ladder.climb(&pool, 0..100, &[40, 80], &AtomicBool::new(true), &AtomicU64::new(0)), Err(Halt::Stopped));
}

#[test]
fn contract_a_guess_is_near_the_crossing() {
    // 80 % is first reached for good at 334
    let scenario = sized(P1, 60);
    let ladder = Ladder::new(Protocol::compile(&scenario, 5, Wanted::Analyses), By::Patients, Success::Analysis, 2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let found = grid::guess(0.8, 0.025, 0.05, 60.0, [2.0, 1e6], |n, replicates| {
        ladder
            .climb(&pool, 0..replicates, &[n as u32], &AtomicBool::new(false), &AtomicU64::new(0))
            .map(|(rungs, _)| rungs[0])
    })
    .expect("no fault");
    assert!((found.size - 334.0).abs() < 0.15 * 334.0, "{found:?}");
}

/// R 4.2.2: `power.prop.test(p1 = .02, p2 = .01, power = .8)`, 2318.165 an arm; `power.prop.test(p1 = .35, p2 = .5, power = .8)`, 169.3105;
/// `power.t.test(delta = 5, sd = 10, power = .8)`, 63.76576; Schoenfeld: 4 (z.975 + z.8)²/ln² .75 = 379.35 events.
#[test]
fn reference_planning_sizes_from_what_is_known() {
    let score = r#"
title = "A score"
[trial]
n = 100
arms = [{ name = "control" }, { name = "treatment" }]
[[outcome]]
name = "score"
normal = { mean = "if(treatment, 5, 0)", sd = 10 }
[[endpoint]]
name = "score"
score = { value = "score", better = "higher" }
[[analysis]]
name = "primary"
endpoint = "score"
t-test = { variance = "pooled" }
"#;
    let rare = P1.replace("0.50, 0.35", "0.02, 0.01");
    let margin = P1
        .replace("0.50, 0.35", "0.85, 0.85")
        .replace("difference-of-proportions = { test = \"pooled-z\" }", "farrington-manning = {}\nmargin = -0.1");
    let odds = P1.replace("difference-of-proportions = { test = \"pooled-z\" }", "logistic = {}");
    // the margin's by rpact's `getSampleSizeRates(thetaH0 = -0.1)`; the odds' by hand: 2 (z.025 + z.2)² Σ 1/(pq) / ln² OR
    let cases =
        [(P1, 338.621), (&rare, 4_636.33), (score, 127.5315), (P2, 379.35), (&margin, 413.8062), (&odds, 343.9167)];
    for (text, expected) in cases {
        let scenario = sized(text, 100);
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let known = Known::of(&scenario, 0).expect("constant in each arm");
        let none = Given {
            target: None,
            sums: [f64::NAN; 4],
            patients: 100.0,
            events: 100.0,
            se: f64::NAN,
            cubes: None,
            weighted_variance: None,
        };
        let given = known.put_into(none, planning::share(&scenario, 0), scenario.analyses[0].method.scale());
        let size = 100.0 * planning::multiple(&protocol, 0, &given, 0.8).expect("a size");
        assert!((size - expected).abs() < 1e-4 * expected, "{size} for {expected}");
        // a power not above the tail takes no effect; one against gets nowhere
        assert_eq!(planning::multiple(&protocol, 0, &given, 0.025), None);
        let null = protocol.analyses[0].rule.null;
        let against = Given { target: given.target.map(|t| 2.0 * null - t), ..given };
        assert_eq!(planning::multiple(&protocol, 0, &against, 0.8), None);
    }
}

#[test]
fn contract_what_depends_on_other_things_is_not_known() {
    let apart = |change: [&str; 2]| {
        let text = P2.replace(change[0], change[1]);
        assert_ne!(text, P2);
        Known::of(&sized(&text, 100), 0)
    };
    assert_eq!(
        apart(["0.75, 1)", "0.5, 1)"]).map(|k| matches!(k, Known::Hazards([e, c]) if (e / c - 0.5).abs() < 1e-12)),
        Some(true)
    );
    // a hazard that differs between patients, and a loss that the event brings
    let age = "[[variable]]\nname = \"age\"\nnormal = { mean = 50, sd = 9 }\n[[outcome]]";
    let varies = P2.replace("[[outcome]]", age).replace("0.75, 1)", "0.75, 1) * exp(age / 100)");
    assert_eq!(Known::of(&sized(&varies, 100), 0), None);
    assert_eq!(apart(["risk = 0.05, by = 12 }", "risk = \"if(death < 6, 0.5, 0.05)\", by = 12 }"]), None);
}
