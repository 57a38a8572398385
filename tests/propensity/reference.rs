//! Against R, on real data.

use patency::analysis::{Rule, Scratch, Status};

use super::{Patients, RULE, Table, method, near};

/// Numerical derivatives of a refitted pipeline carry some ten digits.
const BY_DIFFERENCES: f64 = 2e-8;
const ROWS: usize = 69;
const AIPW: usize = 6;

fn compare(file: &str, rows: usize) {
    let table = Table::read(file);
    let mut scratch = Scratch::default();
    for row in 0..table.len() {
        let text = |name| table.text(name, row);
        let data = Patients::read(text("data"), table.number("unit", row), text("covariates"));
        let at = table.number("at", row);
        let mut written = String::from(text("options"));
        if file == "propensity" {
            written += &format!(" weights={} variance={}", text("weights"), text("variance"));
        }
        if !at.is_nan() && text("method") != "weighted-cox" {
            written += &format!(" at={at}");
        }
        let rule = Rule { treated: table.number("treated", row) as u8, ..RULE };
        let found = data.analyse_with(&*method(text("method"), &written), &rule, &mut scratch);
        let what = format!("{} {} unit {} treated {}: {found:?}", text("method"), written, text("unit"), rule.treated);
        assert_eq!(found.status, Status::Estimated, "{what}");
        let close = |found: f64, name: &str, relative: f64| {
            let expected = table.number(name, row);
            // a balance of 0 is one of rounding errors
            let error = (found - expected).abs() / expected.abs().max(1e-3);
            assert!(found == expected || error <= relative, "{name} {expected}, off by {error:e}: {what}");
        };
        close(found.estimate, "estimate", 1e-9);
        let numerical = text("variance") == "stacked";
        close(found.se, "se", if numerical { BY_DIFFERENCES } else { 1e-9 });
        if file == "propensity" {
            for (part, name) in ["ess1", "ess0", "smd0", "smd1", "overlap", "largest", "matched"].iter().enumerate() {
                close(found.parts[part], name, 1e-9);
            }
        }
        near(found.upper - found.estimate, 1.959963984540054 * found.se, 1e-12);
    }
    assert_eq!(table.len(), rows);
}

#[test]
fn reference_weighted_effects() {
    compare("propensity", ROWS);
}

#[test]
fn reference_aipw() {
    compare("aipw", AIPW);
}

#[test]
fn reference_aipw_variance_has_every_part() {
    // what the estimated models and the estimated censoring do to the standard error, in each data set: both are seen
    let table = Table::read("aipw");
    let off = |row: usize, name: &str| (table.number("se", row) / table.number(name, row) - 1.0).abs();
    let most = |name: &str| (0..table.len()).map(|row| off(row, name)).fold(0.0, f64::max);
    assert!(most("plain") > 1e-3 && most("uncensored") > 1e-3, "{} {}", most("plain"), most("uncensored"));
}
