//! Covers: powers known from enumeration (P1) or from other software and hand-written kernels (P2, P4).

use patency::summary::Moments;

use super::common::{P1, P2, P4, Run, assert_calibrated, share_mcse};

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
