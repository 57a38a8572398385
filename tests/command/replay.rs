//! `patency replay`: one trial of a run, exactly.

use serde_json::Value;

use super::written::{real, rows, whole, words};
use super::{DEFIANCE, P1, P2, P4, Results, Written, list, printed, refused};

const P6: &str = "scenarios/yardstick/p6-iptw-cox.toml";

fn value(x: Option<f64>) -> Value {
    x.map_or(Value::Null, Value::from)
}

#[test]
fn a_trial_is_that_of_the_run() {
    for (scenario, replicate) in [(P1, 7), (P2, 3), (P4, 9), (DEFIANCE, 5), (P6, 2)] {
        let results = Results::of(&[scenario, "--replicates", "10", "--seed", "5", "--n", "80"]);
        let number = replicate.to_string();
        let arguments = ["replay", scenario, "--seed", "5", "--n", "80", "--replicate", &number, "--format", "json"];
        let json: Value = serde_json::from_str(&printed(&arguments)).expect("JSON");
        let all = rows(&results.path("replicates.parquet"));
        let of: Vec<_> = all.iter().filter(|r| whole(r, "replicate") == replicate).collect();
        let analyses = list(&json, "/analyses");
        assert_eq!(of.len(), analyses.len(), "{scenario}");
        for (row, a) in of.iter().zip(analyses) {
            let name = words(row, "analysis");
            assert_eq!(a["name"], name);
            for (column, pointer) in [
                ("estimate", "/estimate"),
                ("se", "/se"),
                ("lower", "/interval/0"),
                ("upper", "/interval/1"),
                ("z", "/statistic"),
                ("p", "/p_favour"),
                ("true", "/true"),
                ("limit", "/limit"),
            ] {
                let found = a.pointer(pointer).cloned().unwrap_or(Value::Null);
                assert_eq!(found, value(real(row, column)), "{scenario}, {name}: {column}");
            }
            assert_eq!(a["rejects"], whole(row, "rejects"), "{name}");
            assert_eq!(a["status"], words(row, "status"), "{name}");
            assert_eq!(a["patients"], whole(row, "patients"), "{name}");
            assert_eq!(a["events"], whole(row, "events"), "{name}");
        }
        let trials = rows(&results.path("trials.parquet"));
        let trial = &trials[replicate as usize];
        for column in ["screened", "enrolled", "site_full"] {
            assert_eq!(json["trial"][column], whole(trial, column), "{scenario}: {column}");
        }
        for column in ["last_entry", "cut", "follow_up"] {
            assert_eq!(json["trial"][column], value(real(trial, column)), "{scenario}: {column}");
        }
        assert_eq!(list(&json, "/patients").len() as i64, whole(trial, "enrolled"));
        let excluded: f64 = list(&json, "/screening").iter().map(|c| super::number(c, "/excluded")).sum();
        assert_eq!(super::number(&json, "/trial/screened") - excluded, whole(trial, "enrolled") as f64, "{scenario}");
    }
}

#[test]
fn patients_are_those_of_the_cohort() {
    for view in ["observed", "truth"] {
        let arguments = [DEFIANCE, "--replicate", "31", "--view", view];
        let csv = printed(&[&["replay"][..], &arguments, &["--format", "csv"]].concat());
        assert_eq!(csv, printed(&[&["cohort"][..], &arguments].concat()));
        assert!(csv.lines().count() == 301 && csv.contains("anticoagulation"));
    }
}

#[test]
fn text_shows_some_patients_or_all() {
    let text = printed(&["replay", P2, "--replicate", "4711", "--n", "30"]);
    assert!(text.contains("replicate 4711, seed 1, variant base, n = 30"), "{text}");
    assert!(text.contains("20 of 30 patients; --all shows the others"), "{text}");
    assert!(text.contains("reject"), "{text}");
    let first = |text: &str| text.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit())).count();
    let all = printed(&["replay", P2, "--replicate", "4711", "--n", "30", "--all"]);
    assert!(!all.contains("--all") && first(&all) > first(&text), "{all}");
    for line in printed(&["replay", DEFIANCE, "--replicate", "4711"]).lines().filter(|l| l.starts_with("20 ")) {
        assert!(line.chars().count() <= 118, "{line}");
    }
}

#[test]
fn what_is_no_trial_is_refused() {
    assert!(refused(&["replay", P1, "--replicate", "1", "--n", "30,60"], 2).contains("one variant and one size"));
    assert!(refused(&["replay", P1], 2).contains("--replicate"));
    // the fault of a patient of this trial, as the run says it
    let bad = super::changed(P1, &[("\"if(treatment, 0.50, 0.35)\"", "\"if(treatment, 0.50, 1.35)\"")]);
    let file = Written::new("bad.toml", bad);
    let message = refused(&["replay", &file.path(), "--replicate", "3"], 2);
    assert!(message.contains("replicate 3") || message.contains("1.35"), "{message}");
}
