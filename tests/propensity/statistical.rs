//! Simulated cohorts of yardstick P6: bias, standard errors and power of the weighted Cox model.

use patency::analysis::{Scratch, Status};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::{Patients, RULE, method};
use crate::engine::common::{assert_calibrated, assert_within, seed};

const REPLICATES: usize = 4000;

fn uniform(rng: &mut Xoshiro256PlusPlus) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// A cohort of 578: six covariates, treatment chosen by them, an exponential course with this log hazard ratio.
fn cohort(rng: &mut Xoshiro256PlusPlus, log_hazard_ratio: f64, data: &mut Patients) {
    data.arm.clear();
    data.time.clear();
    data.event.clear();
    data.x.resize(6, Vec::new());
    for x in &mut data.x {
        x.clear();
    }
    for _ in 0..578 {
        let mut x = [0.0; 6];
        for x in &mut x[..3] {
            let radius = (-2.0 * uniform(rng).ln()).sqrt();
            *x = radius * (2.0 * std::f64::consts::PI * uniform(rng)).cos();
        }
        for (x, p) in x[3..].iter_mut().zip([0.5, 0.5, 0.3]) {
            *x = f64::from(u8::from(uniform(rng) < p));
        }
        let sum = |c: [f64; 6]| x.iter().zip(c).map(|(x, c)| x * c).sum::<f64>();
        let logit = -0.2 + sum([0.4, -0.3, 0.2, 0.3, -0.2, 0.4]);
        let arm = u8::from(uniform(rng) < 1.0 / (1.0 + (-logit).exp()));
        let hazard = std::f64::consts::LN_2 / 20.0
            * (log_hazard_ratio * f64::from(arm) + sum([0.3, 0.2, -0.2, 0.2, 0.1, 0.3])).exp();
        let time = -uniform(rng).ln() / hazard;
        let lost = -uniform(rng).ln() / (-(0.95_f64.ln()) / 12.0);
        let cut = 48.0 - 24.0 * uniform(rng);
        data.arm.push(arm);
        data.time.push(time.min(lost).min(cut));
        data.event.push(u8::from(time <= lost.min(cut)));
        for (column, x) in data.x.iter_mut().zip(x) {
            column.push(x);
        }
    }
}

/// Mean and its standard error.
fn mean(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

struct Simulated {
    estimate: Vec<f64>,
    robust: Vec<f64>,
    stacked: Vec<f64>,
}

fn simulate(name: &str, log_hazard_ratio: f64) -> Simulated {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed(name));
    let mut scratch = Scratch::default();
    let mut data = Patients::default();
    let rows = ["robust", "stacked"].map(|v| method("weighted-cox", &format!("stabilised=false variance={v}")));
    let mut found = Simulated { estimate: vec![], robust: vec![], stacked: vec![] };
    for _ in 0..REPLICATES {
        cohort(&mut rng, log_hazard_ratio, &mut data);
        let [robust, stacked] = [0, 1].map(|k: usize| data.analyse_with(&*rows[k], &RULE, &mut scratch));
        assert_eq!((robust.status, stacked.status), (Status::Estimated, Status::Estimated));
        assert_eq!(robust.estimate, stacked.estimate);
        found.estimate.push(robust.estimate);
        found.robust.push(robust.se);
        found.stacked.push(stacked.se);
    }
    found
}

fn rejections(found: &Simulated, se: &[f64], side: f64) -> (f64, f64) {
    let critical = 1.959963984540054;
    let counted = found.estimate.iter().zip(se).filter(|(e, se)| side * **e / **se >= critical).count();
    let share = counted as f64 / REPLICATES as f64;
    (share, (share * (1.0 - share) / REPLICATES as f64).sqrt())
}

#[test]
fn statistical_yardstick_p6() {
    let found = simulate("statistical_yardstick_p6", 0.75_f64.ln());
    let (estimate, mcse) = mean(&found.estimate);
    // unadjusted the mean is off by more than this
    assert_calibrated("mean ln HR", estimate, -0.2622, mcse.hypot(0.0002), 0.02);
    let empirical = mcse * (REPLICATES as f64).sqrt();
    assert_calibrated("empirical SE", empirical, 0.1005, empirical / (2.0 * REPLICATES as f64).sqrt(), 0.01);
    // figures with four decimals; the two variances differ by 0.0069
    let (robust, mcse) = mean(&found.robust);
    assert_within("robust SE", robust, 0.1062, 0.00005, mcse, 0.0035);
    let (stacked, mcse) = mean(&found.stacked);
    assert_within("stacked SE", stacked, 0.0993, 0.00005, mcse, 0.0035);
    let (power, mcse) = rejections(&found, &found.robust, -1.0);
    assert_calibrated("power, robust", power, 0.7059, mcse.hypot(0.0006), 0.06);
    let (power, mcse) = rejections(&found, &found.stacked, -1.0);
    assert_within("power, stacked", power, 0.750, 0.0005, mcse, 0.06);
}

#[test]
fn statistical_no_effect() {
    let found = simulate("statistical_no_effect", 0.0);
    let (estimate, mcse) = mean(&found.estimate);
    assert_calibrated("mean ln HR", estimate, 0.0, mcse, 0.02);
    for side in [-1.0, 1.0] {
        let (size, mcse) = rejections(&found, &found.stacked, side);
        assert_within("one-sided size, stacked", size, 0.025, 0.003, mcse, 0.025);
    }
}
