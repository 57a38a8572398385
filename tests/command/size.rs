//! `patency size`: how many patients.

use super::{P1, Written, changed, list, number, printed, refused, word};

#[test]
fn the_size_of_p1_is_that_of_enumeration() {
    // 80 % is reached for good at 334 (by enumeration, sizes in steps of 2)
    let found = printed(&["size", P1, "--power", "0.8", "--within", "8%", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    let [below, enough] = [0, 1].map(|k| number(&found, &format!("/size/interval/{k}")));
    assert!(below < 334.0 && 334.0 <= enough, "{below} {enough}");
    assert!((enough - below) / (enough + below) <= 0.08, "{below} {enough}");
    assert!((number(&found, "/size/n") - 334.0).abs() < 0.08 * 334.0, "{found}");
    // Fleiss without correction: 170 an arm, by its normal approximation
    assert!((number(&found, "/planning/n") - 338.0).abs() < 12.0, "{found}");
    assert_eq!(word(&found, "/ended"), "settled");
    assert!(list(&found, "/curve").iter().all(|p| number(p, "/interval/0") <= number(p, "/power")));
}

#[test]
fn the_same_question_gets_the_same_answer_on_any_number_of_threads() {
    let ask = |threads: &str| {
        let found =
            printed(&["size", P1, "--power", "0.7", "--within", "10%", "--threads", threads, "--format", "json"]);
        let mut found: serde_json::Value = serde_json::from_str(&found).unwrap();
        found["timing"].take();
        found
    };
    assert_eq!(ask("1"), ask("3"));
}

#[test]
fn a_parameter_is_solved_for() {
    let scenario = changed(
        P1,
        &[
            ("[trial]", "[parameters]\np_treated = { value = 0.5, source = \"assumed\" }\n[trial]"),
            ("0.50", "p_treated"),
        ],
    );
    let scenario = Written::new("solve.toml", scenario);
    let shown = printed(&[
        "size",
        &scenario.path(),
        "--solve",
        "p_treated",
        "--min",
        "0.4",
        "--max",
        "0.6",
        "--step",
        "0.02",
        "--power",
        "0.8",
        "--within",
        "10%",
    ]);
    // .51 has a power of .81 at 150 an arm, .50 one of .76
    assert!(
        shown.contains("0.52 = p_treated for 80 % power") || shown.contains("0.5 = p_treated for 80 % power"),
        "{shown}"
    );
}

#[test]
fn bad_questions_get_answers() {
    assert!(refused(&["size", P1, "--power", "1"], 2).contains("no trial of a finite size has a power of 1"));
    assert!(refused(&["size", P1, "--analysis", "primay"], 2).contains("did you mean `primary`?"));
    assert!(refused(&["size", P1, "--min", "10", "--max", "5", "--power", "0.8"], 2).contains("make no grid"));
    assert!(refused(&["size", P1, "--within", "0"], 2).contains("share above 0"));
    let null = changed(P1, &[("0.50", "0.35")]);
    let null = Written::new("null.toml", null);
    let shown = printed(&["size", &null.path(), "--power", "0.8", "--min", "100", "--max", "300", "--step", "50"]);
    assert!(shown.contains("No value of the grid reaches 80 % power"), "{shown}");
}
