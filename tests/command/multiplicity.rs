//! Families of hypotheses: as `run` shows them, and as `analyse` decides them.

use super::{P1, Results, list, number, printed, text, word};

const TWO_DOSES: &str = "scenarios/yardstick/p7-two-doses.toml";

#[test]
fn run_says_what_each_procedure_is_worth() {
    let results = Results::of(&[TWO_DOSES, "--replicates", "200", "--n", "60", "--variant", "low-null"]);
    let json = results.json();
    let families = list(&json, "/designs/0/multiplicity");
    assert_eq!(families.len(), 6);
    for family in families {
        assert_eq!(list(family, "/hypotheses").len(), 4);
        let error = number(family, "/familywise_error/estimate");
        assert!((0.0..=0.1).contains(&error), "{}: {error}", word(family, "/name"));
        let nulls: Vec<&str> = list(family, "/hypotheses").iter().map(|h| word(h, "/null")).collect();
        assert_eq!(nulls.iter().filter(|n| **n == "true").count(), 2, "{nulls:?}");
        assert_eq!(family["positive_dependence"], word(family, "/procedure") == "hommel");
        for h in list(family, "/hypotheses") {
            assert!(
                number(h, "/power/estimate") <= number(h, "/alone/estimate"),
                "no procedure rejects more than its tests alone"
            );
        }
    }
    let shown = printed(&["run", TWO_DOSES, "--replicates", "20", "--n", "60", "--out", text(&results.path("again"))]);
    assert!(shown.contains("families of hypotheses"), "{shown}");
    assert!(shown.contains("false, by its true value"), "{shown}");
    assert!(shown.contains("positively dependent p-values: hommel"), "{shown}");
    let shown =
        printed(&["run", TWO_DOSES, "--replicates", "20", "--variant", "all", "--out", text(&results.path("all"))]);
    assert!(shown.contains("true null hypotheses"), "{shown}");
    let shown = printed(&["check", TWO_DOSES, "--trials", "2"]);
    assert!(shown.contains("Families of hypotheses"), "{shown}");
}

#[test]
fn a_scenario_without_families_has_none_in_its_result() {
    let json = Results::of(&[P1, "--replicates", "10"]).json();
    assert!(json["designs"][0].get("multiplicity").is_none());
}

#[test]
fn analyse_prints_adjusted_p_values_and_decisions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("trial.csv");
    let file = text(&file);
    printed(&["cohort", TWO_DOSES, "--view", "observed", "--out", file]);
    let json = printed(&["analyse", TWO_DOSES, "--data", file, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let families = list(&json, "/multiplicity");
    let sequence = families.iter().find(|f| word(f, "/name") == "sequence").expect("the family is there");
    let mut largest = 0.0_f64;
    for (h, row) in list(sequence, "/hypotheses").iter().zip(list(&json, "/analyses")) {
        assert_eq!(word(h, "/analysis"), word(row, "/name"));
        assert_eq!(h["p"], row["p_favour"]);
        largest = largest.max(number(h, "/p"));
        assert_eq!(number(h, "/adjusted"), largest);
        assert_eq!(word(h, "/decision"), if largest <= 0.025 { "favour" } else { "neither" });
    }
    let shown = printed(&["analyse", TWO_DOSES, "--data", file]);
    for words in ["sequence: fixed-sequence at 2.5 %, one-sided", "adjusted p", "rejected, in favour"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
}
