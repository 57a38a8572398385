//! Interval-censored survival.
#![allow(clippy::unwrap_used)]

use patency::analysis::{Analysis, Better, Covariates, Dataset, Estimate, FAMILY, Response, Rule, Scratch, Status};
use patency::scenario::form::{Value, Values};
use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::analysis_survival::near;

const RULE: Rule = Rule { alpha: 0.05, sides: 2, null: 0.0, better: Better::Higher, treated: 1 };

fn method(name: &str, at: f64) -> Box<dyn Analysis> {
    let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
    let entries = if name == "interval-log-rank" { Vec::new() } else { vec![("at", Value::Number(at), 0..0)] };
    (member.build)(&Values { entries, span: 0..0 }).unwrap()
}

#[derive(Clone, Debug, Default)]
struct Data {
    left: Vec<f64>,
    right: Vec<f64>,
    arm: Vec<u8>,
}

impl Data {
    fn of(patients: &[(f64, f64, u8)]) -> Self {
        Self {
            left: patients.iter().map(|p| p.0).collect(),
            right: patients.iter().map(|p| p.1).collect(),
            arm: patients.iter().map(|p| p.2).collect(),
        }
    }

    fn analyse_with(&self, method: &dyn Analysis, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let response = Response::Interval { left: &self.left, right: &self.right };
        method.analyse(
            &Dataset { arm: &self.arm, response, covariates: Covariates::default(), strata: Default::default() },
            rule,
            scratch,
        )
    }

    fn analyse(&self, method: &dyn Analysis) -> Estimate {
        self.analyse_with(method, &RULE, &mut Scratch::default())
    }
}

const INF: f64 = f64::INFINITY;

#[test]
fn by_hand_turnbull() {
    // control: (0, 2], (1, 3], (4, ∞): innermost (1, 2] and (4, ∞) hold 2/3 and 1/3.
    // experimental: exact 2 twice, (2, 5], (5, ∞): a day at 2, and (2, 5] since days end before intervals open; ½, ¼, ¼.
    let data = Data::of(&[
        (0.0, 2.0, 0),
        (1.0, 3.0, 0),
        (4.0, INF, 0),
        (2.0, 2.0, 1),
        (2.0, 2.0, 1),
        (2.0, 5.0, 1),
        (5.0, INF, 1),
    ]);
    let at = |t: f64| data.analyse(&*method("turnbull", t));
    let e = at(3.5);
    assert_eq!(e.status, Status::Estimated);
    near(e.parts[2], 1.0 / 3.0, 1e-12);
    near(e.parts[3], f64::sqrt(2.0 / 27.0), 1e-12);
    // half of (2, 5] has passed: ½ + ¼ · ½ gone; Var = Σ c² p / n − F² / n = (½ + 1/16 − 25/64) / 4
    near(e.parts[0], 3.0 / 8.0, 1e-12);
    near(e.parts[1], f64::sqrt((0.5 + 1.0 / 16.0 - 25.0 / 64.0) / 4.0), 1e-12);
    near(e.estimate, 1.0 / 24.0, 1e-10);
    assert_eq!((e.n, e.events), (7, 5));
    // on the day itself its mass is gone; just inside the innermost (1, 2] half of it
    near(at(2.0).parts[0], 0.5, 1e-12);
    near(at(1.5).parts[2], 2.0 / 3.0, 1e-12);
    assert_eq!(at(4.0).status, Status::Estimated);
    // beyond 4 nothing is known of the control arm
    assert_eq!(at(4.5).status, Status::TooFew);
    assert_eq!(at(0.5).status, Status::NoVariation);
}

#[test]
fn by_hand_interval_log_rank() {
    // pooled: (0, 1] holds ½, (1, ∞) ½; Λ = ½ at the first: scores of (0, 1]: (½·½ − 0)/½ = ½; of (1, ∞): −½
    let data = Data::of(&[(0.0, 1.0, 1), (1.0, INF, 1), (1.0, INF, 1), (0.0, 1.0, 0), (0.0, 1.0, 0), (1.0, INF, 0)]);
    let e = data.analyse(&*method("interval-log-rank", 0.0));
    near(e.parts[0], -0.5, 1e-12);
    near(e.parts[1], 9.0 / 30.0 * 6.0 / 4.0, 1e-12);
    near(e.z, 0.5 / f64::sqrt(0.45), 1e-12);
    assert!(e.estimate.is_nan() && e.status == Status::Estimated);
}

#[test]
fn by_hand_failures() {
    for name in ["turnbull", "interval-log-rank"] {
        let method = method(name, 2.0);
        let status = |patients: &[(f64, f64, u8)]| Data::of(patients).analyse(&*method).status;
        assert_eq!(status(&[]), Status::EmptyArm);
        assert_eq!(status(&[(0.0, 1.0, 1)]), Status::EmptyArm);
        assert_eq!(status(&[(0.0, 1.0, 1), (0.0, 1.0, 0)]), Status::NoVariation);
        for wrong in [(3.0, 1.0, 1), (f64::NAN, 1.0, 1), (0.0, f64::NAN, 1), (INF, INF, 1)] {
            assert_eq!(status(&[(0.0, 1.0, 0), (0.0, 1.0, 0), wrong]), Status::NotConverged);
        }
    }
}

/// Few patients, ends 0 … 6, many days.
fn tied() -> impl Strategy<Value = Data> {
    proptest::collection::vec((0_u8..6, 0_u8..5, 0_u8..2), 2..24).prop_map(|p| {
        let ends = |(l, w, a): (u8, u8, u8)| {
            let l = f64::from(l);
            (l, if w == 4 { INF } else { l + f64::from(w) }, a)
        };
        Data::of(&p.into_iter().map(ends).collect::<Vec<_>>())
    })
}

/// Masses by EM on the cells between all ends, for many rounds: (lower, upper, mass), days with equal ends.
fn slow(left: &[f64], right: &[f64]) -> f64 {
    // cells: day t at 2t, the open interval after it at 2t + 1; ends are whole numbers up to 10, then ∞
    let cells = 24;
    let holds = |i: usize, c: usize| {
        let (t, open) = ((c / 2) as f64, c % 2 == 1);
        if left[i] == right[i] {
            !open && t == left[i]
        } else if open {
            left[i] <= t && t < right[i]
        } else {
            left[i] < t && t <= right[i]
        }
    };
    let n = left.len();
    let mut p = vec![1.0 / cells as f64; cells];
    let likelihood =
        |p: &[f64]| (0..n).map(|i| (0..cells).filter(|&c| holds(i, c)).map(|c| p[c]).sum::<f64>().ln()).sum::<f64>();
    for _ in 0..2000 {
        let mut next = vec![0.0; cells];
        for i in 0..n {
            let d: f64 = (0..cells).filter(|&c| holds(i, c)).map(|c| p[c]).sum();
            for c in (0..cells).filter(|&c| holds(i, c)) {
                next[c] += p[c] / d / n as f64;
            }
        }
        p = next;
    }
    likelihood(&p)
}

/// One mass an arm has no variance, in any unit of time: what rounding leaves is not one.
#[test]
fn by_hand_one_mass_has_no_variance() {
    for scale in [1.0, 31.026_914_790_180_395, 0.1, 7.3] {
        let rows = [(1.0, 3.0, 1), (0.0, 3.0, 1), (0.0, 0.0, 0), (1.0, 3.0, 1)];
        let data = Data::of(&rows.map(|(l, w, a): (f64, f64, u8)| (scale * l, scale * w, a)));
        let e = data.analyse_with(&*method("turnbull", 2.5 * scale), &RULE, &mut Scratch::default());
        assert_eq!(e.status, Status::NoVariation, "{e:?}");
    }
}

/// An arm in which all mass lies before the time has survival and variance 0, not what rounding leaves of them.
#[test]
fn by_hand_an_arm_that_is_gone() {
    let experimental =
        [(1.0, 1.0), (1.0, INF), (3.0, 3.0), (1.0, 1.0), (4.0, 4.0), (5.0, 5.0), (6.0, 6.0), (1.0, INF), (1.0, INF)];
    let control = [(7.0, INF, 0), (1.0, 1.0, 0)];
    let rows: Vec<_> = experimental.iter().map(|&(l, r)| (l, r, 1)).chain(control).collect();
    let e = Data::of(&rows).analyse(&*method("turnbull", 6.0));
    assert_eq!((e.status, &e.parts[..2]), (Status::Estimated, &[0.0, 0.0][..]));
    near(e.estimate, -0.5, 1e-12);
    near(e.se, 0.125_f64.sqrt(), 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The masses found have at least the likelihood that EM reaches, and satisfy the conditions of a maximum.
    #[test]
    fn twin_npmle(data in tied()) {
        let mut npmle = patency::analysis::npmle::Npmle::default();
        npmle.left.clone_from(&data.left);
        npmle.right.clone_from(&data.right);
        prop_assert_eq!(npmle.fit(1e-10), Ok(()));
        let n = data.left.len();
        let within = |i: usize| npmle.first[i] as usize..npmle.end[i] as usize;
        let d: Vec<f64> = (0..n).map(|i| npmle.mass[within(i)].iter().sum()).collect();
        let likelihood: f64 = d.iter().map(|d| d.ln()).sum();
        let em = slow(&data.left, &data.right);
        prop_assert!(likelihood >= em - 1e-9 && likelihood - em < 0.05, "{likelihood} {em}");
        for j in 0..npmle.mass.len() {
            let slope: f64 = (0..n).filter(|&i| within(i).contains(&j)).map(|i| 1.0 / d[i]).sum::<f64>() / n as f64;
            prop_assert!(slope <= 1.0 + 1e-9 && (npmle.mass[j] < 1e-9 || (slope - 1.0).abs() < 1e-8), "{slope}");
        }
        prop_assert!((npmle.mass.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    /// Exact and right-censored times alone: Kaplan–Meier with Greenwood's variance, and the log-rank test's O − E.
    #[test]
    fn twin_right_censored(patients in proptest::collection::vec((1_u8..8, 0_u8..2, 0_u8..2), 2..40), at in 1_u8..8) {
        let time: Vec<f64> = patients.iter().map(|p| f64::from(p.0)).collect();
        let event: Vec<u8> = patients.iter().map(|p| p.1).collect();
        let arm: Vec<u8> = patients.iter().map(|p| p.2).collect();
        let right = time.iter().zip(&event).map(|(t, e)| if *e == 1 { *t } else { INF }).collect();
        let data = Data { left: time.clone(), right, arm: arm.clone() };
        let response = Response::Time { time: &time, event: &event, competing: &[] };
        let exact = Dataset { arm: &arm, response, covariates: Covariates::default(), strata: Default::default() };
        let run = |name: &str| {
            let member = FAMILY.iter().find(|m| m.form.name == name).unwrap();
            let entries = if name == "log-rank" { Vec::new() } else { vec![("at", Value::Number(f64::from(at)), 0..0)] };
            (member.build)(&Values { entries, span: 0..0 }).unwrap().analyse(&exact, &RULE, &mut Scratch::default())
        };
        let (e, k) = (data.analyse(&*method("turnbull", f64::from(at))), run("kaplan-meier"));
        if e.status == Status::Estimated && k.status == Status::Estimated {
            for part in 0..4 {
                prop_assert!((e.parts[part] - k.parts[part]).abs() < 1e-9, "{e:?} {k:?}");
            }
        }
        let (e, l) = (data.analyse(&*method("interval-log-rank", 0.0)), run("log-rank"));
        if e.status == Status::Estimated {
            prop_assert!((e.parts[0] - (l.parts[0] - l.parts[1])).abs() < 1e-9, "{e:?} {l:?}");
        }
    }

    #[test]
    fn contract_interval_methods(data in tied(), turn in 0_usize..24, scale in 0.1_f64..40.0) {
        let n = data.left.len();
        let rows: Vec<usize> = (0..n).map(|i| (i + turn) % n).rev().collect();
        let other = Data {
            left: rows.iter().map(|&i| scale * data.left[i]).collect(),
            right: rows.iter().map(|&i| scale * data.right[i]).collect(),
            arm: rows.iter().map(|&i| 1 - data.arm[i]).collect(),
        };
        let mut scratch = Scratch::default();
        for name in ["turnbull", "interval-log-rank"] {
            let e = data.analyse_with(&*method(name, 2.5), &RULE, &mut scratch);
            let f = other.analyse_with(&*method(name, 2.5 * scale), &RULE, &mut scratch);
            // whether masses can be told apart may hang on rounding
            prop_assert!(e.status == f.status || [e.status, f.status].contains(&Status::Singular), "{e:?} {f:?}");
            prop_assert!(e.status != Status::NotConverged);
            if e.status == Status::Estimated && f.status == Status::Estimated {
                prop_assert!((e.z + f.z).abs() < 1e-6, "{e:?} {f:?}");
                prop_assert!(name != "turnbull" || (e.estimate + f.estimate).abs() < 1e-8);
                prop_assert_eq!(e.estimate.is_nan(), name != "turnbull");
            }
        }
    }
}

/// Visits at 1, 3, 6, 12, 24 months, each uniform in a window of a sixth of its month to either side, one in ten missed; loss at rate
/// .01 a month; event at the arm's rate. The latest visit is after 24 for half of the patients.
fn trial(rng: &mut Xoshiro256PlusPlus, size: usize, rate: [f64; 2], data: &mut Data) {
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    *data = Data::default();
    for i in 0..size {
        let arm = i % 2;
        let event = -(1.0 - uniform()).ln() / rate[arm];
        let lost = -(1.0 - uniform()).ln() / 0.01;
        let (mut left, mut right) = (0.0, INF);
        for planned in [1.0, 3.0, 6.0, 12.0, 24.0] {
            let visit = planned * (1.0 + (uniform() - 0.5) / 3.0);
            if uniform() < 0.1 || visit > lost || right < INF {
                continue;
            }
            if event <= visit { right = visit } else { left = visit }
        }
        data.left.push(left);
        data.right.push(right);
        data.arm.push(arm as u8);
    }
}

#[test]
fn statistical_null_of_interval_log_rank() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20261122);
    let log_rank = method("interval-log-rank", 0.0);
    let (mut scratch, mut data, mut rejects) = (Scratch::default(), Data::default(), 0);
    const TRIALS: u32 = 4000;
    for _ in 0..TRIALS {
        trial(&mut rng, 100, [0.03, 0.03], &mut data);
        let e = data.analyse_with(&*log_rank, &RULE, &mut scratch);
        assert_eq!(e.status, Status::Estimated);
        rejects += u32::from(e.p <= 0.025 || e.p >= 0.975);
    }
    let (rate, mcse) = (f64::from(rejects) / f64::from(TRIALS), (0.05_f64 * 0.95 / f64::from(TRIALS)).sqrt());
    assert!(0.03 >= 8.0 * mcse);
    assert!((rate - 0.05).abs() <= 5.0 * mcse + 0.003, "{rate}");
}

/// Coverage at a planned visit: visits on days all different, so that the standard error is an approximation, which must not be too
/// small.
#[test]
fn statistical_coverage_of_turnbull() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20261123);
    let turnbull = method("turnbull", 24.0);
    let truth = f64::exp(-0.02 * 24.0) - f64::exp(-0.03 * 24.0);
    let (mut scratch, mut data, mut covered, mut estimated) = (Scratch::default(), Data::default(), 0, 0);
    for _ in 0..1500 {
        trial(&mut rng, 200, [0.03, 0.02], &mut data);
        let e = data.analyse_with(&*turnbull, &RULE, &mut scratch);
        estimated += u32::from(e.status == Status::Estimated);
        covered += u32::from(e.lower <= truth && truth <= e.upper);
    }
    assert!(estimated >= 1490, "{estimated}");
    let coverage = f64::from(covered) / f64::from(estimated);
    let mcse = (0.95 * 0.05 / f64::from(estimated)).sqrt();
    // the smallest defect worth catching: .05 below the level
    assert!(0.05 >= 8.0 * mcse && coverage >= 0.95 - 5.0 * mcse, "{coverage}");
}

/// A reused memory gives the same, and allocates nothing.
#[test]
fn contract_interval_methods_reuse_memory() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let (mut scratch, mut data) = (Scratch::default(), Data::default());
    let methods = [method("turnbull", 12.0), method("interval-log-rank", 0.0)];
    trial(&mut rng, 200, [0.03, 0.02], &mut data);
    let fresh = methods.each_ref().map(|m| data.analyse(&**m));
    for (m, fresh) in methods.iter().zip(fresh) {
        let first = data.analyse_with(&**m, &RULE, &mut scratch);
        assert_eq!(format!("{first:?}"), format!("{fresh:?}"));
        let allocated = allocation_counter::measure(|| {
            let again = data.analyse_with(&**m, &RULE, &mut scratch);
            assert_eq!(again.z.to_bits(), fresh.z.to_bits());
        });
        assert_eq!(allocated.count_total, 0, "{m:?}");
    }
}
