//! Covers: DEFIER. Its estimators are nearly unbiased and cover their limits where all confounders are measured, and only there; each
//! estimates its own effect; sizes where arms are exchangeable; published rates and contrasts where they were measured.

use patency::engine::{self, RowRecord, TrialRecord};
use patency::protocol::{Protocol, Wanted};
use patency::result::{Analysis, Design};
use patency::summary::Moments;
use patency::workspace::Workspace;

use super::common::{
    DEFIER, Each, Run, assert_at_most, assert_calibrated, assert_within, figure, share_mcse, simulate, with_rows,
};

/// Rows that adjust for all that drives the choice.
const ADJUSTED: [&str; 9] = [
    "primary/robust",
    "primary/stacked",
    "adjusted/cox",
    "att/cox",
    "ato/cox",
    "ate/incidence",
    "att/incidence",
    "ato/incidence",
    "aipw/incidence",
];
const NAIVE: [&str; 2] = ["naive/cox", "naive/incidence"];

fn run(variant: Option<&str>, rows: &[&str], more: &str, replicates: u64, name: &str) -> Design {
    let text = with_rows(DEFIER, rows, more);
    Run { variant, truth: true, ..Run::new(&text, replicates, name) }.go().design
}

fn all_rows() -> Vec<&'static str> {
    NAIVE.into_iter().chain(ADJUSTED).collect()
}

/// |bias against the limit| is at most the larger of 5 MCSE and a twentieth of the empirical standard error; that of the naive rows is
/// six tenths of it.
fn assert_unbiased(a: &Analysis) {
    let (bias, mcse) = figure(a.estimate.bias.limit);
    let spread = figure(a.estimate.empirical_se).0;
    let most = (5.0 * mcse).max(0.05 * spread);
    assert!(8.0 * mcse <= 0.3 * spread, "{}: a bias of .3 standard errors would not be seen", a.name);
    assert!(bias.abs() <= most, "{}: a bias of {bias} where {most} is allowed, MCSE {mcse}", a.name);
}

fn assert_biased(a: &Analysis) {
    let (bias, mcse) = figure(a.estimate.bias.limit);
    assert!(bias > 5.0 * mcse, "{}: a bias of {bias}, MCSE {mcse}", a.name);
}

#[test]
fn statistical_bias_and_coverage_as_written() {
    const REPLICATES: u64 = 1_500;
    let name = "statistical_bias_and_coverage_as_written";
    let design = run(None, &all_rows(), "", REPLICATES, name);
    for a in &design.analyses {
        // an outcome model of the doubly robust row may lack events among limb-threatened patients of an arm
        assert!(a.failures.total * 200 <= REPLICATES, "{}: {}", a.name, a.failures.total);
        if NAIVE.contains(&a.name.as_str()) {
            assert_biased(a);
            continue;
        }
        assert_unbiased(a);
        // 93.5 to 96.0 %
        let (coverage, _) = figure(a.estimate.coverage.limit);
        let mcse = share_mcse(0.9475, REPLICATES, 0.0);
        assert_within(&format!("{}, coverage", a.name), coverage, 0.9475, 0.0125, mcse, 0.06);
    }
}

/// DES is better in occlusions only, and chosen for them: those like the balloon's patients have the fewest, those who might have got
/// either the most.
#[test]
fn statistical_effects_in_everyone_in_the_treated_and_in_the_overlap_differ() {
    const ROWS: [&str; 3] = ["ate/incidence", "att/incidence", "ato/incidence"];
    const REPLICATES: u64 = 1_500;
    let name = "statistical_effects_in_everyone_in_the_treated_and_in_the_overlap_differ";
    let text = with_rows(DEFIER, &ROWS, "");
    let run = Run { variant: Some("occlusions-only"), ..Run::new(&text, REPLICATES, name) };
    let scenario = run.scenario();
    let protocol = Protocol::compile(&scenario, run.seed, Wanted::Analyses);
    let mut truth = [[Moments::default(); 3]; 3];
    let mut error = [[Moments::default(); 3]; 3];
    let mut mean = [Moments::default(); 3];
    let see = |_: &TrialRecord, rows: &[RowRecord]| {
        for i in 0..3 {
            mean[i].add(rows[i].estimate.estimate);
            for j in 0..3 {
                truth[i][j].add(rows[i].target[0] - rows[j].target[0]);
                error[i][j].add(rows[i].estimate.estimate - rows[j].target[0]);
            }
        }
    };
    let ended = simulate(&protocol, 0..REPLICATES, 2, true, &mut Each(see));
    let pooled: Vec<f64> = (0..3)
        .map(|i| {
            let plan = &scenario.analyses[i];
            ended.tables.of(i, 0, 0).value(engine::target(plan), ended.tables.shares(&protocol, plan))
        })
        .collect();
    for i in 0..3 {
        for j in (0..3).filter(|&j| j != i) {
            let (difference, mcse) = (pooled[i] - pooled[j], truth[i][j].mcse());
            assert!(difference.abs() >= 10.0 * mcse, "{} and {}: {difference}, MCSE {mcse}", ROWS[i], ROWS[j]);
            // further from another's value than from its own
            let (own, other) = (error[i][i], error[i][j]);
            let what = format!("{} about {}", ROWS[i], ROWS[j]);
            assert!(own.mean().abs() < other.mean().abs(), "{what}: {} {}", own.mean(), other.mean());
            assert_calibrated(&what, other.mean(), difference, other.mcse(), 0.012);
        }
    }
    // ATO < ATE < ATT: the more occlusions, the better
    assert!(pooled[2] < pooled[0] && pooled[0] < pooled[1], "{pooled:?}");
    assert!(mean[2].mean() < mean[0].mean() && mean[0].mean() < mean[1].mean());
}

#[test]
fn statistical_what_nobody_measures_biases_every_estimator() {
    let name = "statistical_what_nobody_measures_biases_every_estimator";
    let design = run(Some("unmeasured"), &all_rows(), "", 800, name);
    design.analyses.iter().for_each(assert_biased);
}

#[test]
fn statistical_without_confounding_the_naive_rows_are_right() {
    let name = "statistical_without_confounding_the_naive_rows_are_right";
    let design = run(Some("no-confounding"), &NAIVE, "", 1_500, name);
    design.analyses.iter().for_each(assert_unbiased);
}

#[test]
fn statistical_sizes_where_arms_are_exchangeable() {
    const REPLICATES: u64 = 1_500;
    let name = "statistical_sizes_where_arms_are_exchangeable";
    let mut names = all_rows();
    names.extend(["death", "ate/kaplan-meier", "matched/cox", "death-30", "bleeding-30", "infarction-30"]);
    let design = run(Some("no-difference"), &names, "", REPLICATES, name);
    let mcse = share_mcse(0.05, REPLICATES, 0.0);
    for a in &design.analyses {
        let size = a.rejects.total.estimate;
        for target in [a.estimand.truth, a.estimand.limit].into_iter().flatten() {
            assert!(target.estimate.abs() < 1e-9, "{}: {}", a.name, target.estimate);
        }
        if NAIVE.contains(&a.name.as_str()) {
            // confounding alone: one in eleven
            assert!(size > 0.053 + 5.0 * mcse, "{}: {size}", a.name);
        } else if a.events < 20.0 {
            assert_at_most(&a.name, size, 0.05, mcse, 0.05);
        } else {
            assert_within(&a.name, size, 0.05, 0.003, mcse, 0.05);
        }
    }
}

#[test]
fn contract_poor_overlap_is_counted_and_never_a_wrong_number() {
    const REPLICATES: u64 = 300;
    let name = "contract_poor_overlap_is_counted_and_never_a_wrong_number";
    let run = Run { variant: Some("poor-overlap"), truth: true, ..Run::new(DEFIER, REPLICATES, name) };
    let design = run.go().design;
    let mut seen = vec![[0u64; 2]; design.analyses.len()];
    let tests: Vec<bool> =
        design.analyses.iter().map(|a| a.estimate.mean.is_none() && a.failures.total < REPLICATES).collect();
    Run { truth: false, ..run }.each(|_, rows| {
        for ((row, seen), test) in rows.iter().zip(&mut seen).zip(&tests) {
            let e = &row.estimate;
            let there = e.status == patency::analysis::Status::Estimated;
            seen[usize::from(there)] += 1;
            if there {
                assert!(e.z.is_finite() && (0.0..=1.0).contains(&e.p), "{e:?}");
                assert!(*test || [e.estimate, e.se, e.lower, e.upper].iter().all(|x| x.is_finite()), "{e:?}");
                assert!(*test || e.se > 0.0, "{e:?}");
            }
        }
    });
    let mut failed = 0;
    for (a, [failures, estimates]) in design.analyses.iter().zip(seen) {
        assert_eq!((a.failures.total, failures + estimates), (failures, REPLICATES), "{}", a.name);
        assert_eq!(a.failures.reasons.iter().map(|r| r.count).sum::<u64>(), failures, "{}", a.name);
        failed += failures;
        let e = &a.estimate;
        let figures =
            [e.mean, e.bias.truth, e.bias.limit, e.empirical_se, e.model_se, e.coverage.truth, e.coverage.limit];
        for f in figures.into_iter().chain([a.estimand.truth, a.estimand.limit]).flatten() {
            assert!(f.estimate.is_finite() && f.mcse.is_none_or(f64::is_finite), "{}: {f:?}", a.name);
        }
    }
    assert!(failed > 0, "the variant is meant to be hard");
}

/// Enrolled patients, all with a balloon: restenosis 15.4 % by 6 and 29.5 % by 12 months; CD-TLR 9.2 % by 12 and 19 % by 24. As
/// treated: lesions .53 SD longer and 10 points more occlusions with DES, half of the patients with either.
#[test]
fn statistical_published_rates_and_contrasts_come_out() {
    const REPLICATES: u64 = 120;
    let name = "statistical_published_rates_and_contrasts_come_out";
    let run = Run::new(DEFIER, REPLICATES, name);
    let scenario = run.scenario();
    let protocol = Protocol::compile(&scenario, run.seed, Wanted::Everything);
    let column = |name: &str| scenario.variables.iter().position(|v| v.name == name).expect("a variable");
    let [restenosis, driven, length, occlusion] = ["restenosis", "cd_tlr", "length", "occlusion"].map(column);
    let mut work = Workspace::new(&protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    let mut rates = [Moments::default(); 4];
    let (mut contrast, mut points, mut share) = (Moments::default(), Moments::default(), Moments::default());
    for replicate in 0..REPLICATES {
        engine::enrol(&protocol, replicate, &mut work, &mut funnel).expect("no fault");
        let frame = work.cohort();
        let of = |c: usize, arm: u8| -> Vec<f64> {
            let rows = 0..frame.rows;
            rows.filter(|&i| frame.arm[i] == arm).map(|i| frame.value(patency::expr::ColumnId(c as u16), i)).collect()
        };
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let variance = |x: &[f64]| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>() / (x.len() - 1) as f64;
        let [dcb, des] = [0, 1].map(|arm| of(length, arm));
        contrast.add((mean(&des) - mean(&dcb)) / (0.5 * (variance(&des) + variance(&dcb))).sqrt());
        points.add(mean(&of(occlusion, 1)) - mean(&of(occlusion, 0)));
        share.add(des.len() as f64 / frame.rows as f64);
        engine::potential_outcomes(&protocol, replicate, 0, &mut work).expect("no fault");
        let frame = work.cohort();
        for (rate, (c, month)) in
            rates.iter_mut().zip([(restenosis, 6.0), (restenosis, 12.0), (driven, 12.0), (driven, 24.0)])
        {
            let by = (0..frame.rows).filter(|&i| frame.value(patency::expr::ColumnId(c as u16), i) <= month).count();
            rate.add(by as f64 / frame.rows as f64);
        }
    }
    // printed to a tenth of a point, CD-TLR at 24 months to one point; the scale is solved on pilot patients of its own
    for ((what, published, band), rate) in [
        ("restenosis by 6", 0.154, 0.002),
        ("restenosis by 12", 0.295, 0.002),
        ("CD-TLR by 12", 0.092, 0.002),
        ("CD-TLR by 24", 0.19, 0.005),
    ]
    .iter()
    .zip(&rates)
    {
        assert_within(what, rate.mean(), *published, *band, rate.mcse(), 0.02);
    }
    assert_within("length, SD", contrast.mean(), 0.53, 0.02, contrast.mcse(), 0.12);
    assert_within("occlusion, points", points.mean(), 0.10, 0.005, points.mcse(), 0.045);
    assert_within("share of DES", share.mean(), 0.5, 0.005, share.mcse(), 0.05);
}
