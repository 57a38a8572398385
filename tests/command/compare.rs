//! `patency compare`: designs side by side.

use parquet::record::Field;

use super::{DEFIANCE, P1, P2, P4, Results, Written, changed, list, number, printed, refused, word};

/// Whether each replicate of an analysis rejects in favour.
fn favours(results: &Results, analysis: &str) -> Vec<f64> {
    let rows = super::written::rows(&results.path("replicates.parquet"));
    let field = |row: &super::written::Row, name: &str| {
        row.iter().find(|(n, _)| n == name).map(|(_, f)| f.clone()).expect("the column is there")
    };
    let own = rows.iter().filter(|row| matches!(field(row, "analysis"), Field::Str(name) if name == analysis));
    own.map(|row| f64::from(u8::from(matches!(field(row, "rejects"), Field::Int(1))))).collect()
}

#[test]
fn differences_are_those_of_the_replicates() {
    let compared = printed(&["compare", P1, "--n", "100,300", "--replicates", "400", "--format", "json"]);
    let compared: serde_json::Value = serde_json::from_str(&compared).unwrap();
    let runs = ["100", "300"].map(|n| Results::of(&[P1, "--n", n, "--replicates", "400", "--no-truth"]));
    let [small, large] = [&runs[0], &runs[1]].map(|r| favours(r, "primary"));
    let d: Vec<f64> = large.iter().zip(&small).map(|(l, s)| l - s).collect();
    let mean = d.iter().sum::<f64>() / 400.0;
    // with two pairs more, 1 and −1 (Bonett and Price 2012)
    let middle = d.iter().sum::<f64>() / 402.0;
    let variance = (d.iter().map(|x| (x - middle).powi(2)).sum::<f64>() + 2.0 + 2.0 * middle * middle) / 402.0;
    let error = (variance / 402.0).sqrt();
    let [first, second] = list(&compared, "/rows") else { panic!("two rows") };
    assert!(first["difference"].is_null());
    assert!((number(second, "/difference/estimate") - mean).abs() < 1e-12);
    assert!((number(second, "/difference/mcse") - error).abs() < 1e-12);
    for (k, end) in [-1.959_963_984_540_054, 1.959_963_984_540_054].into_iter().enumerate() {
        assert!((number(second, &format!("/difference/interval/{k}")) - (middle + end * error)).abs() < 1e-12);
    }
    let alike = d.iter().filter(|x| **x == 0.0).count() as f64 / 400.0;
    assert_eq!(number(second, "/difference/agreeing"), alike);
    assert_eq!(word(second, "/difference/verdict"), "more power");
    assert_eq!(number(first, "/power/estimate"), small.iter().sum::<f64>() / 400.0);
}

#[test]
fn the_same_design_twice_does_not_differ() {
    let again = Written::new("again.toml", changed(P2, &[]));
    let compared = printed(&["compare", P2, &again.path(), "--n", "120", "--replicates", "100", "--format", "json"]);
    let compared: serde_json::Value = serde_json::from_str(&compared).unwrap();
    let second = &list(&compared, "/rows")[1];
    assert_eq!((number(second, "/difference/estimate"), number(second, "/difference/agreeing")), (0.0, 1.0));
    assert_eq!(word(second, "/difference/verdict"), "not beyond Monte Carlo error");
    // 100 pairs that agree do not show that all would: √(2/102²)
    assert!((number(second, "/difference/mcse") - 2.0_f64.sqrt() / 102.0).abs() < 1e-12);
    // entry is uniform over 24 months and the data are cut at 48
    assert_eq!(number(second, "/duration/estimate"), 48.0);
    assert!((number(second, "/enrolment_months/estimate") - 24.0).abs() < 1.0);
    assert_eq!(
        compared.pointer("/accrual/0").and_then(|x| x.as_str()),
        Some("p2-log-rank: a larger trial enrols faster in the same period")
    );
}

#[test]
fn every_combination_is_a_row_and_the_table_names_what_differs() {
    let shown = printed(&[
        "compare",
        DEFIANCE,
        "--variant",
        "base,null",
        "--n",
        "60,90",
        "--analysis",
        "primary,any-pts",
        "--replicates",
        "64",
        "--no-truth",
    ]);
    for part in ["base, n = 60", "null, n = 90", "ties %", "verdict"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    let csv = printed(&[
        "compare",
        DEFIANCE,
        "--variant",
        "base,null",
        "--n",
        "60,90",
        "--analysis",
        "primary,any-pts",
        "--replicates",
        "64",
        "--no-truth",
        "--format",
        "csv",
    ]);
    assert_eq!(csv.lines().count(), 9, "{csv}");
    assert!(refused(&["compare", DEFIANCE, "--analysis", "primry"], 2).contains("did you mean `primary`?"));
    assert!(refused(&["compare", DEFIANCE, "--variant", "nul"], 2).contains("null"));
}

#[test]
fn prices_give_costs_and_the_frontier() {
    let priced = changed(P4, &[("[trial]", "[cost]\npatient = 1000\n[trial]")]);
    let scenario = Written::new("priced.toml", priced);
    let compared = printed(&["compare", &scenario.path(), "--n", "40,200", "--replicates", "200", "--format", "json"]);
    let compared: serde_json::Value = serde_json::from_str(&compared).unwrap();
    let rows = list(&compared, "/rows");
    assert_eq!([0, 1].map(|k| number(&rows[k], "/cost/total")), [40_000.0, 200_000.0]);
    // more power for more money: neither beats the other
    assert!(rows.iter().all(|r| r["cost"]["efficient"] == true), "{compared}");
    let shown = printed(&["compare", &scenario.path(), "--n", "40,200", "--replicates", "20", "--no-truth"]);
    assert!(shown.contains("\n* no other design has more power for the same analysis at no higher cost,"), "{shown}");
}
