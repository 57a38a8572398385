//! Covers: powers known from enumeration (P1) or from other software and hand-written kernels (P2, P3, P4, P6); limits of P6 by integration.

use patency::summary::Moments;

use super::common::{P1, P2, P3, P4, P6, Run, assert_calibrated, assert_within, figure, row, share_mcse};

/// Share of replicates that reject in favour, at a one-sided tail.
fn power(run: &Run<'_>, tail: f64, mut also: impl FnMut(&patency::engine::RowRecord) + Send) -> f64 {
    let mut favour = 0u64;
    run.each(|_, rows| {
        favour += u64::from(rows[0].estimate.p <= tail);
        also(&rows[0]);
    });
    favour as f64 / run.replicates as f64
}

#[test]
fn statistical_p1_binary() {
    let run = Run::new(P1, 40_000, "statistical_p1_binary");
    let observed = power(&run, 0.025, |_| {});
    assert_calibrated("P1 power", observed, 0.7613, share_mcse(0.7613, run.replicates, 0.00005), 0.02);
}

#[test]
fn statistical_p2_log_rank() {
    let run = Run::new(P2, 20_000, "statistical_p2_log_rank");
    let mut events = Moments::default();
    let observed = power(&run, 0.025, |row| events.add(f64::from(row.estimate.events)));
    assert_calibrated("P2 power", observed, 0.7715, share_mcse(0.7715, run.replicates, 0.0004), 0.03);
    // 354.3 is printed to .1: rounding has a standard deviation of .1/√12
    let mcse = events.mcse().hypot(0.1 / 12f64.sqrt());
    assert_calibrated("P2 events", events.mean(), 354.3, mcse, 1.0);
}

#[test]
fn statistical_p3_max_combo() {
    let run = Run::new(P3, 6_000, "statistical_p3_max_combo");
    let mut favour = [0u64; 3];
    run.each(|_, rows| {
        for (favour, row) in favour.iter_mut().zip(rows) {
            *favour += u64::from(row.estimate.p <= 0.025);
        }
    });
    // (known power, its standard error): MaxCombo, log-rank, late effects; some 12,000 trials elsewhere
    for (k, (known, se)) in [(0.842, 0.0033), (0.7470, 0.0040), (0.8753, 0.0030)].into_iter().enumerate() {
        let observed = favour[k] as f64 / run.replicates as f64;
        assert_calibrated(&format!("P3 power, test {k}"), observed, known, share_mcse(known, run.replicates, se), 0.06);
    }
}

#[test]
fn statistical_p4_win_ratio() {
    let run = Run::new(P4, 20_000, "statistical_p4_win_ratio");
    let (mut win, mut loss) = (Moments::default(), Moments::default());
    let observed = power(&run, 0.025, |row| {
        win.add(row.estimate.parts[0]);
        loss.add(row.estimate.parts[1]);
    });
    // .5891 counts rejections of the two-sided test in favour; those against are rarer than 1e-6
    assert_calibrated("P4 power", observed, 0.5891, share_mcse(0.5891, run.replicates, 0.0005), 0.03);
    let rounding = 0.0001 / 12f64.sqrt();
    assert_calibrated("P4 P(win)", win.mean(), 0.4993, win.mcse().hypot(rounding), 0.003);
    assert_calibrated("P4 P(loss)", loss.mean(), 0.3563, loss.mcse().hypot(rounding), 0.003);
}

/// Root of the marginal Cox score of P6, both arms of the same patients: by integration over the covariates' normal sum (SD √.17) and
/// eight cells, and over months to `end`, patients at risk with a chance of `seen`.
fn marginal_log_hazard_ratio(end: f64, seen: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 2_000;
    let mut hazards = Vec::new();
    for cell in 0..8 {
        let flag = |k: usize| f64::from(u8::from(cell >> k & 1 == 1));
        let p = 0.25 * if flag(2) > 0.0 { 0.3 } else { 0.7 };
        for k in 0..120 {
            let z = -6.0 + (f64::from(k) + 0.5) * 0.1;
            let weight = p * 0.1 * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let log = 0.17f64.sqrt() * z + 0.2 * flag(0) + 0.1 * flag(1) + 0.3 * flag(2);
            hazards.push((2f64.ln() / 20.0 * log.exp(), weight));
        }
    }
    // survival and density of both arms; steps widen with time, since months without an end go on for long
    let mut grid = Vec::new();
    for i in 0..STEPS {
        let t = end * ((i as f64 + 0.5) / STEPS as f64).powi(3);
        let width = end * 3.0 * ((i as f64 + 0.5) / STEPS as f64).powi(2) / STEPS as f64;
        let arm = |ratio: f64| {
            hazards.iter().fold([0.0, 0.0], |[s, f], (h, w)| {
                let alive = w * (-h * ratio * t).exp();
                [s + alive, f + h * ratio * alive]
            })
        };
        grid.push((seen(t) * width, arm(1.0), arm(0.75)));
    }
    let score = |beta: f64| {
        let ratio = beta.exp();
        grid.iter().map(|(w, [s0, f0], [s1, f1])| w * (f1 * s0 - ratio * s1 * f0) / (ratio * s1 + s0)).sum::<f64>()
    };
    let (mut low, mut high) = (-1.0, 0.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        (low, high) = if score(middle) > 0.0 { (middle, high) } else { (low, middle) };
    }
    0.5 * (low + high)
}

/// (uncensored, cut at 24 months, as observed)
fn p6_limits() -> [f64; 3] {
    let lost = -0.95f64.ln() / 12.0;
    [
        marginal_log_hazard_ratio(3_000.0, |_| 1.0),
        marginal_log_hazard_ratio(24.0, |_| 1.0),
        marginal_log_hazard_ratio(48.0, |t| (-lost * t).exp() * ((48.0 - t) / 24.0).min(1.0)),
    ]
}

/// Simulation elsewhere gave -.2478, -.2673 and -.2626.
#[test]
fn by_hand_limits_of_p6() {
    for (found, (integrated, simulated)) in
        p6_limits().iter().zip([(-0.24749, -0.2478), (-0.26671, -0.2673), (-0.26208, -0.2626)])
    {
        assert!((found - integrated).abs() < 0.00002, "{found} {integrated}");
        assert!((found - simulated).abs() < 0.0008, "{found} {simulated}");
    }
}

#[test]
fn statistical_p6_weighted_cox() {
    let run = Run { truth: true, ..Run::new(P6, 4_800, "statistical_p6_weighted_cox") };
    let design = run.go().design;
    let [truth, _, limit] = p6_limits();
    for (name, power, rounding, model) in
        [("primary/robust", 0.7059, 0.0006, 0.1062), ("primary/stacked", 0.750, 0.001, 0.0993)]
    {
        let a = row(&design, name);
        assert_eq!(a.failures.total, 0);
        let mcse = share_mcse(power, run.replicates, rounding);
        assert_calibrated(&format!("{name}, power"), a.power.estimate, power, mcse, 0.06);
        let (mean, mcse) = figure(a.estimate.mean);
        assert_calibrated(&format!("{name}, mean"), mean, -0.2622, mcse.hypot(0.0002), 0.02);
        let (found, mcse) = figure(a.estimate.empirical_se);
        assert_calibrated(&format!("{name}, empirical SE"), found, 0.1005, mcse.hypot(0.00003), 0.01);
        // figures with four decimals
        let (found, mcse) = figure(a.estimate.model_se);
        assert_within(&format!("{name}, model SE"), found, model, 0.0002, mcse, 0.0035);
        // stabilised weights leave each arm its share, .493 of treatment, instead of a half: 0.00004 at most
        let (found, mcse) = figure(a.estimand.truth);
        assert_within(&format!("{name}, true"), found, truth, 0.00005, mcse, 0.002);
        let (found, mcse) = figure(a.estimand.limit);
        assert_within(&format!("{name}, limit"), found, limit, 0.00005, mcse, 0.004);
        let (bias, mcse) = figure(a.estimate.bias.limit);
        assert_calibrated(&format!("{name}, bias"), bias, 0.0, mcse, 0.02);
    }
}
