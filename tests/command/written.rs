//! The files of a run, read by another route: what `result.json` says follows naively from the rows of `replicates.parquet`.

use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::{DEFIANCE, P1, P2, P4, Results, list, number, word};

/// A row of a Parquet file by column name.
pub(super) type Row = Vec<(String, Field)>;

/// All rows of a Parquet file.
pub(super) fn rows(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).expect("the file is there")).expect("the file is Parquet");
    let rows = reader.get_row_iter(None).expect("rows can be read");
    rows.map(|row| row.expect("a row").into_columns()).collect()
}

pub(super) fn field<'r>(row: &'r Row, name: &str) -> &'r Field {
    &row.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no column {name}")).1
}

pub(super) fn real(row: &Row, name: &str) -> Option<f64> {
    match field(row, name) {
        Field::Double(x) => Some(*x),
        Field::Null => None,
        other => panic!("{name} is {other:?}"),
    }
}

pub(super) fn whole(row: &Row, name: &str) -> i64 {
    match field(row, name) {
        Field::Int(x) => i64::from(*x),
        Field::Long(x) => *x,
        other => panic!("{name} is {other:?}"),
    }
}

pub(super) fn words<'r>(row: &'r Row, name: &str) -> &'r str {
    match field(row, name) {
        Field::Str(x) => x,
        other => panic!("{name} is {other:?}"),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sd(values: &[f64]) -> f64 {
    let m = mean(values);
    (values.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)).sqrt()
}

/// R's default quantile (type 7) of sorted values.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let h = p * (sorted.len() - 1) as f64;
    let low = sorted[h as usize];
    let high = sorted.get(h as usize + 1).copied().unwrap_or(low);
    low + (h - h.floor()) * (high - low)
}

#[track_caller]
fn close(analysis: &Value, pointer: &str, wanted: f64) {
    let found = number(analysis, pointer);
    let tolerance = 1e-10 * wanted.abs().max(1e-3);
    assert!(
        (found - wanted).abs() <= tolerance,
        "{}: {pointer} is {found}, its rows say {wanted}",
        word(analysis, "/name")
    );
}

fn agrees(analysis: &Value, rows: &[&Row]) {
    let all = rows.len() as f64;
    let share = |sign: i64| rows.iter().filter(|r| whole(r, "rejects") == sign).count() as f64 / all;
    close(analysis, "/power/estimate", share(1));
    close(analysis, "/rejects/against/estimate", share(-1));
    close(analysis, "/rejects/total/estimate", share(1) + share(-1));
    close(analysis, "/power/mcse", (share(1) * (1.0 - share(1)) / all).sqrt());
    close(analysis, "/patients", mean(&rows.iter().map(|r| whole(r, "patients") as f64).collect::<Vec<_>>()));
    close(analysis, "/events", mean(&rows.iter().map(|r| whole(r, "events") as f64).collect::<Vec<_>>()));

    let tail = number(analysis, "/alpha") / number(analysis, "/sides");
    for row in rows {
        let status = words(row, "status");
        let [estimate, p] = ["estimate", "p"].map(|c| real(row, c));
        assert_eq!(estimate.is_none(), p.is_none(), "{status}");
        if let Some(p) = p {
            assert_eq!(whole(row, "rejects") == 1, p <= tail);
        }
    }
    let failed = rows.iter().filter(|r| real(r, "estimate").is_none()).count();
    close(analysis, "/failures/total", failed as f64);
    for reason in list(analysis, "/failures/reasons") {
        let such: Vec<&&Row> = rows.iter().filter(|r| words(r, "status") == word(reason, "/reason")).collect();
        assert_eq!(such.len() as f64, number(reason, "/count"));
        assert_eq!(whole(such[0], "replicate") as f64, number(reason, "/first"));
    }

    let estimated: Vec<&&Row> = rows.iter().filter(|r| real(r, "estimate").is_some()).collect();
    let column = |name| estimated.iter().filter_map(|r| real(r, name)).collect::<Vec<f64>>();
    let mut estimates = column("estimate");
    if estimates.is_empty() {
        assert!(analysis["estimate"]["mean"].is_null());
        return;
    }
    close(analysis, "/estimate/mean/estimate", mean(&estimates));
    close(analysis, "/estimate/mean/mcse", sd(&estimates) / (estimates.len() as f64).sqrt());
    close(analysis, "/estimate/empirical_se/estimate", sd(&estimates));
    let squares: Vec<f64> = column("se").iter().map(|x| x * x).collect();
    close(analysis, "/estimate/model_se/estimate", mean(&squares).sqrt());
    estimates.sort_by(f64::total_cmp);
    let quantiles = list(analysis, "/estimate/quantiles");
    assert_eq!(quantiles.len(), 9);
    for q in quantiles {
        assert_eq!(number(q, "/value"), quantile(&estimates, number(q, "/p")), "{q}");
    }
    for target in ["true", "limit"] {
        let Some(value) = analysis.pointer(&format!("/estimand/{target}/estimate")).and_then(Value::as_f64) else {
            continue;
        };
        close(analysis, &format!("/estimate/bias/{target}/estimate"), mean(&estimates) - value);
        let covers =
            |r: &Row| real(r, "lower").is_some_and(|l| l <= value) && real(r, "upper").is_some_and(|u| value <= u);
        let covered = estimated.iter().filter(|r| covers(r)).count() as f64 / estimates.len() as f64;
        close(analysis, &format!("/estimate/coverage/{target}/estimate"), covered);
    }
}

#[test]
fn twin_of_operating_characteristics() {
    for arguments in [
        &[P1, "--replicates", "700"][..],
        &[P1, "--replicates", "200", "--n", "6,7"],
        &[P2, "--replicates", "300", "--n", "40,578"],
        &[P4, "--replicates", "300", "--n", "300,12"],
        &[DEFIANCE, "--replicates", "90", "--variant", "null", "--n", "30,300"],
    ] {
        let results = Results::of(arguments);
        let json = results.json();
        let rows = rows(&results.path("replicates.parquet"));
        let mut seen = 0;
        for design in list(&json, "/designs") {
            let replicates = number(design, "/replicates") as usize;
            for analysis in list(design, "/analyses") {
                let own: Vec<&Row> = rows
                    .iter()
                    .filter(|r| {
                        words(r, "variant") == word(design, "/variant")
                            && whole(r, "n") == number(design, "/n") as i64
                            && words(r, "analysis") == word(analysis, "/name")
                    })
                    .collect();
                let numbers: Vec<i64> = own.iter().map(|r| whole(r, "replicate")).collect();
                assert_eq!(numbers, (0..replicates as i64).collect::<Vec<_>>(), "{arguments:?}");
                agrees(analysis, &own);
                seen += own.len();
            }
        }
        assert_eq!(seen, rows.len(), "{arguments:?}");
    }
}

#[test]
fn twin_of_screening_and_enrolment() {
    let results = Results::of(&[DEFIANCE, "--replicates", "70", "--n", "30,300"]);
    let json = results.json();
    let rows = rows(&results.path("trials.parquet"));
    assert_eq!(rows.len(), 140);
    for (design, rows) in list(&json, "/designs").iter().zip(rows.chunks(70)) {
        let column = |name| mean(&rows.iter().map(|r| whole(r, name) as f64).collect::<Vec<_>>());
        let dates: Vec<f64> = rows.iter().filter_map(|r| real(r, "last_entry")).collect();
        let near = |pointer: &str, wanted: f64| {
            let found = number(design, pointer);
            assert!((found - wanted).abs() <= 1e-10 * wanted.abs(), "{pointer}: {found} {wanted}");
        };
        near("/screening/screened/estimate", column("screened"));
        near("/screening/acceptance", column("enrolled") / column("screened"));
        near("/enrolment/enrolled/estimate", column("enrolled"));
        near("/enrolment/last_entry/estimate", mean(&dates));
        near("/enrolment/last_entry/mcse", sd(&dates) / 70f64.sqrt());
        // candidates are excluded, turned away by a full site, or enrolled
        let excluded: f64 = list(design, "/screening/criteria").iter().map(|c| number(c, "/excluded")).sum();
        near("/screening/screened/estimate", excluded + column("enrolled"));
    }
}
