//! `patency run`: what it prints and what stands in `result.json`.

use serde_json::Value;

use super::{DEFIANCE, P1, P2, P4, Results, list, number, printed, text, word};

/// A result up to its times, which come last.
pub(super) fn before_timing(text: &str) -> &str {
    let at = text.find("\n  \"timing\": {").expect("there are times");
    let after = &text[at + 1..];
    // keys of the whole result are indented by two spaces
    let keys = after.lines().filter(|l| l.starts_with("  \"")).count();
    assert_eq!(keys, 1, "something follows the times");
    &text[..at]
}

#[test]
fn json_is_what_is_written() {
    for scenario in [P1, P2, P4, DEFIANCE] {
        let results = Results::of(&[scenario, "--replicates", "3"]);
        let out = printed(&["run", scenario, "--replicates", "3", "--format", "json", "--out", results.folder()]);
        assert_eq!(out.as_bytes(), results.bytes("result.json"), "{scenario}");
        assert_eq!(results.files(), ["replicates.parquet", "result.json", "sums.json", "trials.parquet"], "{scenario}");
    }
}

#[test]
fn text_says_what_where_and_how_sure() {
    for scenario in [P1, P2, P4, DEFIANCE] {
        let results = Results::of(&[scenario, "--replicates", "3"]);
        let out = printed(&["run", scenario, "--replicates", "3", "--seed", "7", "--out", results.folder()]);
        let json = results.json();
        assert!(out.starts_with(word(&json, "/title")), "{out}");
        assert!(out.contains("3 replicates") && out.contains("seed 7"), "{out}");
        for analysis in list(&json, "/designs/0/analyses") {
            assert!(out.contains(word(analysis, "/label")), "{out}");
        }
        assert!(out.ends_with(&format!("Results in {}\n", results.folder())), "{out}");
    }
}

#[test]
fn csv_has_a_line_a_design_and_analysis() {
    for (scenario, more) in [(P1, "300,578"), (P4, "20,40,60"), (DEFIANCE, "300")] {
        let results = Results::of(&[scenario, "--replicates", "20", "--n", more]);
        let arguments =
            ["run", scenario, "--replicates", "20", "--n", more, "--format", "csv", "--out", results.folder()];
        let out = printed(&arguments);
        let mut lines = out.lines();
        let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
        let column = |name: &str| header.iter().position(|h| *h == name).unwrap_or_else(|| panic!("no column {name}"));
        let json = results.json();
        for design in list(&json, "/designs") {
            for analysis in list(design, "/analyses") {
                let line = lines.next().expect("a line an analysis");
                // names and words of these scenarios hold no comma
                let cells: Vec<&str> = line.split(',').collect();
                assert_eq!(cells.len(), header.len(), "{line}");
                assert_eq!(cells[column("variant")], word(design, "/variant"));
                assert_eq!(cells[column("n")], design["n"].to_string());
                assert_eq!(cells[column("analysis")], word(analysis, "/name"));
                for (name, pointer) in [
                    ("power", "/power/estimate"),
                    ("power_mcse", "/power/mcse"),
                    ("power_lower", "/power/interval/0"),
                    ("power_upper", "/power/interval/1"),
                    ("rejects_against", "/rejects/against/estimate"),
                    ("rejects_total", "/rejects/total/estimate"),
                    ("true", "/estimand/true/estimate"),
                    ("limit", "/estimand/limit/estimate"),
                    ("mean", "/estimate/mean/estimate"),
                    ("bias_limit", "/estimate/bias/limit/estimate"),
                    ("coverage_true", "/estimate/coverage/true/estimate"),
                    ("failures", "/failures/total"),
                ] {
                    let cell = cells[column(name)];
                    match analysis.pointer(pointer).and_then(Value::as_f64) {
                        Some(x) => assert_eq!(cell.parse::<f64>().ok(), Some(x), "{name} of {line}"),
                        None => assert_eq!(cell, "", "{name} of {line}"),
                    }
                }
            }
        }
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn names_that_other_programs_rely_on() {
    for (scenario, n) in [(P1, 300), (P2, 578), (P4, 300)] {
        let json = Results::of(&[scenario, "--replicates", "50", "--seed", "11"]).json();
        assert_eq!(json["replicates"], 50);
        assert_eq!(json["seed"], 11);
        assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(json["partial"], false);
        for figure in ["seconds", "patients_per_second", "trials_per_second"] {
            assert!(number(&json, &format!("/timing/{figure}")) > 0.0, "{figure}");
        }
        let design = &json["designs"][0];
        assert_eq!(design["n"], n);
        assert_eq!(design["variant"], "base");
        assert!(design["screening"].is_object() && design["enrolment"].is_object());
        let analysis = &design["analyses"][0];
        assert_eq!(analysis["name"], "primary");
        for figure in [
            "/rejects/against",
            "/rejects/total",
            "/estimand/true",
            "/estimand/limit",
            "/estimate/mean",
            "/estimate/bias/true",
            "/estimate/bias/limit",
            "/estimate/empirical_se",
            "/estimate/model_se",
            "/estimate/coverage/true",
            "/estimate/coverage/limit",
            "/power",
        ] {
            assert!(number(analysis, &format!("{figure}/estimate")).is_finite(), "{scenario}: {figure}");
            assert!(number(analysis, &format!("{figure}/mcse")) >= 0.0, "{scenario}: {figure}");
        }
        let [low, high] = [0, 1].map(|i| number(analysis, &format!("/power/interval/{i}")));
        let power = number(analysis, "/power/estimate");
        assert!(low < power && power < high, "{scenario}");
        assert_eq!(analysis["failures"]["total"], 0);
    }
}

#[test]
fn the_scenario_is_inside_the_result() {
    let results = Results::of(&[P4, "--replicates", "5", "--n", "40"]);
    let json = results.json();
    let again = super::Written::new("again.toml", word(&json, "/scenario"));
    let repeated = Results::of(&[&again.path(), "--replicates", "5", "--n", "40"]);
    assert_eq!(before_timing(&results.text()), before_timing(&repeated.text()));
}

#[test]
fn equal_runs_differ_in_their_times_only() {
    for (scenario, replicates) in [(P1, "1000"), (P2, "300"), (P4, "300"), (DEFIANCE, "130")] {
        let run = |threads| Results::of(&[scenario, "--replicates", replicates, "--threads", threads]);
        let (one, again, two) = (run("1"), run("1"), run("2"));
        for other in [&again, &two] {
            assert_eq!(before_timing(&one.text()), before_timing(&other.text()), "{scenario}");
            for rows in ["replicates.parquet", "trials.parquet"] {
                assert!(one.bytes(rows) == other.bytes(rows), "{scenario}: {rows}");
            }
        }
        let other_seed = Results::of(&[scenario, "--replicates", replicates, "--seed", "2"]);
        assert!(one.bytes("replicates.parquet") != other_seed.bytes("replicates.parquet"), "{scenario}");
    }
}

#[test]
fn results_of_an_earlier_run_are_replaced() {
    let results = Results::of(&[P1, "--replicates", "200"]);
    std::fs::create_dir(results.path("unfinished")).unwrap();
    for name in ["replicates-00000.parquet", "trials-00007.open", "sums-00000.json"] {
        std::fs::write(results.path("unfinished").join(name), "left by a run that was cut off").unwrap();
    }
    std::fs::write(results.path("notes.part-1.txt"), "not ours").unwrap();
    printed(&["run", P1, "--replicates", "70", "--out", results.folder()]);
    let fresh = Results::of(&[P1, "--replicates", "70"]);
    assert_eq!(before_timing(&results.text()), before_timing(&fresh.text()));
    assert_eq!(results.bytes("replicates.parquet"), fresh.bytes("replicates.parquet"));
    assert_eq!(
        results.files(),
        ["notes.part-1.txt", "replicates.parquet", "result.json", "sums.json", "trials.parquet"]
    );
}

#[test]
fn a_folder_is_made_beside_the_caller() {
    let here = tempfile::tempdir().unwrap();
    let called = |scenario: &str| {
        let mut command = super::patency(&["run", scenario, "--replicates", "3"]);
        let called = super::call(command.current_dir(here.path()).write_stdin(super::changed(P1, &[])));
        assert_eq!(called.code, Some(0), "{}", called.err);
    };
    called(&format!("{}/{P1}", env!("CARGO_MANIFEST_DIR")));
    called("-");
    assert_eq!(super::files(&here.path().join("output")), ["p1-binary", "standard-input"]);
}

#[test]
fn all_variants_have_an_entry_each() {
    let json = Results::of(&[DEFIANCE, "--variant", "all", "--replicates", "2"]).json();
    let variants: Vec<&str> = list(&json, "/designs").iter().map(|d| word(d, "/variant")).collect();
    let expected =
        ["base", "matched", "attract", "midway", "null", "matched-published", "measured-twice", "interim", "futility"];
    assert_eq!(variants, expected);
    // a variant alone gives the same rows as among all
    let alone = Results::of(&[DEFIANCE, "--variant", "null", "--replicates", "2"]).json();
    assert_eq!(alone["designs"][0], json["designs"][4]);
}

#[test]
fn sizes_have_an_entry_each() {
    let json = Results::of(&[P2, "--n", "300,578", "--replicates", "50"]).json();
    let sizes: Vec<u64> = list(&json, "/designs").iter().filter_map(|d| d["n"].as_u64()).collect();
    assert_eq!(sizes, [300, 578]);
    for (k, n) in sizes.iter().enumerate() {
        let alone = Results::of(&[P2, "--n", &n.to_string(), "--replicates", "50"]).json();
        assert_eq!(alone["designs"][0], json["designs"][k]);
    }
}

#[test]
fn set_overrides_a_parameter() {
    let value = |json: &Value, name: &str| {
        let parameters = list(json, "/designs/0/parameters");
        let found = parameters.iter().find(|p| p["name"] == name).expect("the parameter is listed");
        number(found, "/value")
    };
    let plain = Results::of(&[DEFIANCE, "--replicates", "2"]).json();
    let set =
        Results::of(&[DEFIANCE, "--replicates", "2", "--set", "loss_6=0.9", "--set", "villalta_sd = 2 * 3"]).json();
    assert_eq!(set["set"], serde_json::json!(["loss_6=0.9", "villalta_sd = 2 * 3"]));
    assert_eq!((value(&plain, "loss_6"), value(&set, "loss_6")), (0.08, 0.9));
    assert_eq!(value(&set, "villalta_sd"), 6.0);
    // what is derived from it follows: error_sd = villalta_sd · √(1 − reliability)
    assert!((value(&set, "error_sd") - 6.0 * 0.2f64.sqrt()).abs() < 1e-12);
    let seen = |json: &Value| {
        let analyses = list(json, "/designs/0/analyses");
        number(analyses.iter().find(|a| a["name"] == "any-pts").expect("the analysis is there"), "/patients")
    };
    // nine of ten are lost by month 6, in place of one of twelve
    assert!(seen(&set) < 0.4 * seen(&plain), "{} {}", seen(&set), seen(&plain));
}

#[test]
fn without_truth_there_is_no_bias() {
    let json = Results::of(&[P2, "--no-truth", "--replicates", "50"]).json();
    let with = Results::of(&[P2, "--replicates", "50"]).json();
    let [bare, full] = [&json, &with].map(|j| &j["designs"][0]["analyses"][0]);
    for pointer in ["/estimand/true", "/estimand/limit", "/estimate/bias/true", "/estimate/coverage/limit"] {
        assert!(bare.pointer(pointer).is_some_and(Value::is_null), "{pointer}");
    }
    assert_eq!(bare["power"], full["power"]);
    assert_eq!(bare["estimate"]["mean"], full["estimate"]["mean"]);
}

/// A site closes before all have come for whom a review asks.
#[test]
fn a_trial_that_a_review_made_larger_has_more_to_reach() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = folder.path().join("review.toml");
    let written = r#"
title = "A review"
trial = { n = 60, arms = [{ name = "control" }, { name = "drug" }] }
site = [{ name = "Bern", rate = 20, closes = CLOSES }]
outcome = [{ name = "y", normal = { mean = 0, sd = 2 } }]
visit = [{ name = "month-1", at = 1 }]
cut = { horizon = 1 }
endpoint = [{ name = "y", score = { value = "y", visit = "month-1", better = "higher" } }]
analysis = [{ name = "primary", endpoint = "y", t-test = {} }]
look = [{ name = "half", complete = { share = 0.5, endpoint = "y" } }]
reestimation = [{ name = "review", look = "half", analysis = "primary", most = 90, pooled-variance = { difference = 0.5 } }]
"#;
    for (closes, enough) in [("30", true), ("3.5", false)] {
        std::fs::write(&scenario, written.replace("CLOSES", closes)).expect("it is written");
        let out = folder.path().join(closes);
        let said = printed(&["run", text(&scenario), "--replicates", "8", "--out", text(&out)]);
        let (_, line) = said.split_once("\nEnrolment: ").expect("enrolment is described");
        let (share, rest) = line.split_once("% of trials reach ").expect("a share");
        assert!(rest.starts_with("60 patients, or as many more as a review asks for, or stop"), "{line}");
        assert_eq!(share.starts_with("100"), enough, "{line}");
        let json: Value =
            serde_json::from_str(&printed(&["replay", text(&scenario), "--replicate", "1", "--format", "json"]))
                .expect("JSON");
        let enrolled = number(&json, "/trial/enrolled");
        assert_eq!((json["trial"]["reached"] == true, enrolled == 90.0), (enough, enough), "{enrolled} enrolled");
        assert!(enrolled >= 60.0);
    }
}
