//! `patency cohort --with-r`: a trial handed to R, where every row of the analysis plan comes out the same.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{DEFIANCE, P1, P2, P4, Written, call, list, patency, printed, text};

const P3: &str = "scenarios/yardstick/p3-max-combo.toml";
const P6: &str = "scenarios/yardstick/p6-iptw-cox.toml";
const DEFIER: &str = "scenarios/defier.toml";

/// A plan with a row for each method and setting that has R code, with margins, strata, covariates, sites, subsets and interactions.
const MANY: &str = include_str!("with_r.toml");

fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

fn r_is_installed() -> bool {
    let found = Command::new("Rscript").arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        say("skipped: there is no Rscript");
    }
    found
}

/// The trial of a scenario with its script in a folder, and what was said of rows without code.
fn handed(scenario: &str, folder: &Path) -> String {
    let called = call(&mut patency(&["cohort", scenario, "--replicate", "7", "--with-r", text(folder)]));
    assert_eq!((called.code, called.out.as_str()), (Some(0), ""), "{scenario}: {}", called.err);
    called.err
}

fn answers(scenario: &str, folder: &Path) -> Value {
    let data = folder.join("trial.csv");
    let json = printed(&["analyse", scenario, "--data", text(&data), "--format", "json"]);
    serde_json::from_str(&json).expect("JSON")
}

fn name(row: &Value) -> &str {
    row["name"].as_str().expect("rows have names")
}

/// Rows without code, by name.
fn without(said: &str) -> Vec<&str> {
    said.strip_prefix("no R code for: ").map_or_else(Vec::new, |names| names.trim_end().split(", ").collect())
}

#[test]
fn contract_the_script_has_every_row_of_the_plan() {
    for scenario in [P1, P2, P3, P4, P6, DEFIANCE, DEFIER] {
        let folder = tempfile::tempdir().unwrap();
        let said = handed(scenario, folder.path());
        let script = std::fs::read_to_string(folder.path().join("trial.R")).unwrap();
        let answers = answers(scenario, folder.path());
        for row in list(&answers, "/analyses") {
            let computed = script.contains(&format!("\nrow(\"{}\", ", name(row)));
            assert!(script.contains(&format!("\n# {}: ", name(row))), "{scenario}: {} is not mentioned", name(row));
            assert_ne!(computed, without(&said).contains(&name(row)), "{scenario}: {}", name(row));
        }
    }
}

#[test]
fn contract_the_trial_is_the_one_that_cohort_writes() {
    let folder = tempfile::tempdir().unwrap();
    handed(DEFIANCE, folder.path());
    let data = std::fs::read_to_string(folder.path().join("trial.csv")).unwrap();
    assert_eq!(data, printed(&["cohort", DEFIANCE, "--replicate", "7", "--view", "observed"]));
    let both = ["cohort", P1, "--with-r", text(folder.path()), "--out", "x.csv"];
    assert_eq!(call(&mut patency(&both)).code, Some(2));
}

/// How far R's figure may be from ours, relative to the size of the figure or, where that is smaller, a second number: R sums in another
/// order, and the fits of both end within some 1e-10 of the maximum.
fn tolerance(method: &str, quantity: &str) -> (f64, f64) {
    match (method, quantity) {
        // pmvnorm integrates by simulation: of 200,000 points, to some 1e-6
        ("max-combo", "p") => (1e-5, 1.0),
        // cmprsk stops at its own criterion
        ("fine-gray", _) => (1e-7, 1e-3),
        (_, "p") => (1e-8, 0.0),
        _ => (1e-8, 1e-3),
    }
}

fn agrees(scenario: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = handed(scenario, folder.path());
    let output =
        Command::new("Rscript").arg("--vanilla").arg(folder.path().join("trial.R")).output().expect("R starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{scenario}: {err}");
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("analysis,quantity,value"));
    let mut found: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [row, quantity, value] = cells[..] else { panic!("{scenario}: {line}") };
        found.insert((row, quantity), value.parse().expect("a number"));
    }
    let mut wrong = Vec::new();
    let answers = answers(scenario, folder.path());
    for row in list(&answers, "/analyses") {
        let (name, method) = (name(row), row["method"].as_str().expect("rows have methods"));
        let lacks = err.lines().any(|l| l.starts_with(&format!("{name}: not computed, package")));
        if without(&said).contains(&name) || lacks {
            say(&format!("{scenario}: {name} is not compared"));
            continue;
        }
        if row["status"] != "estimated" {
            continue;
        }
        let mut compared = 0;
        for (quantity, ours) in [("estimate", "estimate"), ("se", "se"), ("z", "statistic"), ("p", "p_favour")] {
            let Some(&r) = found.get(&(name, quantity)) else { continue };
            compared += 1;
            let (relative, least) = tolerance(method, quantity);
            let close = row[ours].as_f64().is_some_and(|x| (x - r).abs() <= relative * r.abs().max(least));
            if !close {
                wrong.push(format!("{name} ({method}): {quantity} is {} here and {r} in R", row[ours]));
            }
        }
        if compared == 0 {
            wrong.push(format!("{name} ({method}): R gives nothing"));
        }
    }
    assert!(wrong.is_empty(), "{scenario}:\n{}\n{err}", wrong.join("\n"));
}

#[test]
fn reference_r_gives_the_same_for_the_yardsticks() {
    if r_is_installed() {
        for scenario in [P1, P2, P3, P4, P6] {
            agrees(scenario);
        }
    }
}

#[test]
fn reference_r_gives_the_same_for_a_trial_with_visits_and_tiers() {
    if r_is_installed() {
        agrees(DEFIANCE);
    }
}

#[test]
fn reference_r_gives_the_same_for_an_observational_study() {
    if r_is_installed() {
        agrees(DEFIER);
    }
}

#[test]
fn reference_r_gives_the_same_for_every_method_that_has_code() {
    if r_is_installed() {
        let written = Written::new("many.toml", MANY);
        agrees(&written.path());
    }
}
