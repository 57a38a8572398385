//! Rows of a test without an estimate: rejections are counted, everything of an estimate is missing.

use patency::scenario::{Options, read};

use super::common::{P2, Run};

#[test]
fn contract_rows_of_a_test_without_an_estimate() {
    let text = P2.replace("log-rank = {}", "gray = {}");
    let run = Run { truth: true, n: Some(80), ..Run::new(&text, 200, "no-estimate") };
    let design = run.go().design;
    let row = &design.analyses[0];
    assert!(row.estimate.mean.is_none() && row.estimate.empirical_se.is_none() && row.estimate.model_se.is_none());
    assert!(row.estimate.bias.truth.is_none() && row.estimate.bias.limit.is_none());
    assert!(row.estimate.coverage.truth.is_none() && row.estimate.coverage.limit.is_none());
    assert!(row.estimate.mse.is_none() && row.estimate.smallest_significant.is_none());
    assert!(row.estimate.quantiles.is_empty());
    assert!(row.estimand.truth.is_none() && row.estimand.limit.is_none());
    assert_eq!(row.failures.total, 0);
    let (mut favour, mut variance) = (0, 0.0);
    Run { truth: false, ..run }.each(|_, rows| {
        favour += u32::from(rows[0].estimate.p <= 0.025);
        variance += rows[0].estimate.parts[1] / 200.0;
    });
    assert!(favour > 0);
    assert!((row.power.estimate - f64::from(favour) / 200.0).abs() < 1e-12);
    assert_eq!((row.parts.len(), row.parts[1].name.as_str()), (2, "variance"));
    assert!((row.parts[1].mean - variance).abs() < 1e-9 * variance);
    let json = serde_json::to_value(row).expect("rows can be written");
    assert!(json["estimate"]["mean"].is_null());
}

#[test]
fn contract_nothing_may_be_asked_of_an_estimate_that_is_not_there() {
    for key in ["margin = 1.3", "relevant = 0.8", "interaction = \"1 > 0\""] {
        let text = P2.replace("log-rank = {}", &format!("gray = {{}}\n{key}"));
        let report = read(&text, &Options::default()).expect_err("a contradiction");
        assert!(report.codes().iter().any(|c| c.as_str() == "contradiction"), "{key}");
    }
}
