//! Interim looks as `check`, `run`, `replay` and `analyse` show them.

use serde_json::Value;

use super::written::{real, rows};
use super::{Results, Written, call, list, number, patency, printed, text, word};
use crate::engine::looks::family;

const TRIAL: &str = r#"
title = "Looks"

[trial]
n = 200
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[enrolment]
uniform = { over = 24 }

[[outcome]]
name = "death"
exponential = { median = 12, hazard-ratio = "if(treatment, 0.6, 1)" }

[observation]
dropout.exponential = { risk = 0.05, by = 12 }

[cut]
date = 40
events = { count = 120, endpoint = "survival" }

[[endpoint]]
name = "survival"
time-to-event = { event = "death", better = "higher" }

[[analysis]]
name = "primary"
endpoint = "survival"
cox = {}
alpha = 0.025
sides = 1

[[look]]
name = "l1"
events = { count = 48, endpoint = "survival" }

[[look]]
name = "l2"
events = { count = 84, endpoint = "survival" }

[[rule]]
name = "bound"
analysis = "primary"
efficacy = { spending = "obrien-fleming" }

[variant.plain]
off = ["l1", "l2", "bound"]
"#;

const RULE: &str = "efficacy = { spending = \"obrien-fleming\" }";

/// The trial with parts of it replaced, each of which must be there.
fn trial(replacements: &[(&str, &str)]) -> Written {
    let mut text = TRIAL.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "no {from}");
        text = text.replacen(from, to, 1);
    }
    Written::new("looks.toml", text)
}

/// What `run` shows of it, and its result.
fn run(scenario: &Written, more: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = scenario.path();
    let shown = printed(&[&["run", &path, "--replicates", "120", "--out", text(folder.path())], more].concat());
    let json = std::fs::read_to_string(folder.path().join("result.json")).expect("result.json is there");
    (shown, serde_json::from_str(&json).expect("JSON"))
}

/// The line that begins so.
fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line {start} in {text}"))
}

/// The cells of a row of a table, which stand two spaces apart.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn months_count_the_cut_at_which_trials_end_without_their_events() {
    let (shown, json) = run(&trial(&[("date = 40", "date = 26")]), &["--no-truth"]);
    let of = |pointer: &str| number(&json, &format!("/designs/0/monitoring/{pointer}"));
    assert!(of("short/estimate") > 0.5 && of("endless/estimate") == 0.0, "{shown}");
    assert!(of("months/mean/estimate") > 20.0 && of("months/quantiles/4/value") == 26.0, "{shown}");
    assert!(shown.contains("are never reached: the trial ends at another cut, and months count that end."), "{shown}");
    // half of the patients are lost in a year, and no date ends what is left
    let lost = trial(&[("date = 40\n", ""), ("risk = 0.05", "risk = 0.5")]);
    let (shown, json) = run(&lost, &["--no-truth"]);
    let of = |pointer: &str| number(&json, &format!("/designs/0/monitoring/{pointer}"));
    assert!(of("short/estimate") > 0.1 && of("endless/estimate") == of("short/estimate"), "{shown}");
    assert!(shown.contains("are never reached: the trial is followed without end."), "{shown}");
    let pointer = |p: &str| json.pointer(p).expect("it is there").clone();
    assert!(pointer("/designs/0/monitoring/months").is_null() && pointer("/designs/0/enrolment/complete").is_null());
}

#[test]
fn level_spent_by_binding_futility_is_the_level() {
    let binding = format!("{RULE}\nfutility = {{ z = [0.3, 1.0], binding = true }}");
    let (shown, json) = run(&trial(&[(RULE, &binding)]), &["--no-truth"]);
    let spent = number(&json, "/designs/0/monitoring/rules/0/at/2/planned/alpha");
    assert!((spent - 0.025).abs() < 1e-9, "{spent}");
    assert!(cells(line(&shown, "end  ")).contains(&"0.0250"), "{shown}");
}

#[test]
fn bounds_by_effect_are_shown() {
    let scenario = trial(&[(RULE, &format!("{RULE}\nfutility = {{ effect = [1.25, 0.95] }}"))]);
    let checked = printed(&["check", &scenario.path()]);
    assert!(checked.contains("futility effect"), "{checked}");
    assert_eq!(cells(line(&checked, "l1    ")).len(), 2, "{checked}");
    let row = checked.lines().find(|l| l.starts_with("l2  ") && l.contains("0.700")).expect("a row of the boundary");
    assert_eq!(cells(row), ["l2", "0.700", "2.4445", "0.0073", "0.9500"], "{checked}");
    let (shown, json) = run(&scenario, &["--no-truth"]);
    assert!(shown.contains("futility effect") && !shown.contains("futility z"), "{shown}");
    let at = |k: usize| number(&json, &format!("/designs/0/monitoring/rules/0/at/{k}/futility_effect"));
    assert!((at(0) - 1.25_f64.ln()).abs() < 1e-12 && (at(1) - 0.95_f64.ln()).abs() < 1e-12);
    assert!(json.pointer("/designs/0/monitoring/rules/0/at/2/futility_effect").is_none(), "none at the end");
    let replayed = printed(&["replay", &scenario.path(), "--replicate", "3"]);
    assert!(replayed.contains("effect 1.250"), "{replayed}");
}

#[test]
fn gates_are_shown_and_speak_of_looks_alone() {
    // at this date there are too few patients to estimate anything
    let early = "[[look]]\nname = \"early\"\ndate = 0.2\ndelay = 1\n\n[[look]]\nname = \"l1\"";
    let text = trial(&[
        ("[[look]]\nname = \"l1\"", early),
        (RULE, "futility = { p = [0.9, 0.5, 0.4] }"),
        (", \"l2\", \"bound\"]", ", \"l2\", \"early\", \"bound\"]"),
    ]);
    let checked = printed(&["check", &text.path()]);
    assert!(checked.contains("Rule bound: primary · gate by p\n"), "{checked}");
    assert!(checked.contains("; decision 1 month later"), "{checked}");
    assert!(checked.lines().any(|l| cells(l) == ["early", "−1.2816", "0.9000"]), "{checked}");
    let (shown, json) = run(&text, &["--no-truth"]);
    assert_eq!(number(&json, "/designs/0/monitoring/rules/0/at/0/failed"), 120.0, "{shown}");
    assert!(shown.contains("No answer at 120 looks in all: nothing is stopped by them."), "{shown}");
}

#[test]
fn observed_information_is_shown_beside_that_planned() {
    let scenario = trial(&[("date = 40", "date = 26"), (RULE, &format!("{RULE}\nspend-by = \"observed\""))]);
    let checked = printed(&["check", &scenario.path()]);
    assert!(checked.contains("· spent by observed information, of 120 events\n"), "{checked}");
    let (shown, json) = run(&scenario, &["--no-truth"]);
    assert!(shown.contains("look  information   seen  mean z"), "{shown}");
    let seen = number(&json, "/designs/0/monitoring/rules/0/at/2/information/estimate");
    assert!(seen < 0.99, "{seen}");
    assert_eq!(cells(line(&shown, "end  "))[1..3], ["1.000", &format!("{seen:.3}")], "{shown}");
}

#[test]
fn a_design_without_looks_has_its_months_beside_the_others() {
    let scenario = trial(&[]);
    let (shown, json) = run(&scenario, &["--no-truth", "--variant", "all"]);
    assert!(shown.contains("The primary analysis"), "{shown}");
    let found = number(&json, "/designs/1/enrolment/complete/estimate");
    let row = shown.lines().map(cells).find(|row| row.len() == 5 && row[0] == "plain").expect("a row of looks");
    assert_eq!((row[1], row[3]), ("–", "–"), "{shown}");
    let months: f64 = row[4].parse().expect("months");
    assert!((months - found).abs() <= 0.5 && found > 24.0, "{shown}");
    let path = scenario.path();
    let compared = printed(&[
        "compare",
        &path,
        "--variant",
        "base,plain",
        "--replicates",
        "120",
        "--no-truth",
        "--format",
        "json",
    ]);
    let compared: Value = serde_json::from_str(&compared).expect("JSON");
    for (k, row) in list(&compared, "/rows").iter().enumerate() {
        let complete = number(&json, &format!("/designs/{k}/enrolment/complete/estimate"));
        assert_eq!(number(row, "/duration/estimate"), complete);
    }
    let other = trial(&[("name = \"primary\"", "name = \"main\""), ("analysis = \"primary\"", "analysis = \"main\"")]);
    let (shown, _) = run(&other, &["--no-truth", "--variant", "all"]);
    assert!(!shown.contains("The primary analysis") && shown.contains("looks  stops %"), "{shown}");
}

#[test]
fn a_stopped_trial_is_replayed_with_its_median_unbiased_estimate() {
    let scenario = trial(&[]);
    let path = scenario.path();
    let results = Results::of(&[&path, "--replicates", "12", "--no-truth"]);
    let all = rows(&results.path("replicates.parquet"));
    let mut stopped = None;
    for (k, row) in all.iter().enumerate() {
        let json = printed(&["replay", &path, "--replicate", &k.to_string(), "--format", "json"]);
        let json: Value = serde_json::from_str(&json).expect("JSON");
        for (pointer, column) in
            [("interval/0", "adjusted_lower"), ("estimate", "adjusted"), ("interval/1", "adjusted_upper")]
        {
            let found = json.pointer(&format!("/analyses/0/median_unbiased/{pointer}")).and_then(Value::as_f64);
            assert_eq!(found, real(row, column), "replicate {k}: {column}");
        }
        if json.pointer("/trial/stopped").is_some() {
            stopped = Some((k, word(&json, "/trial/stopped").to_owned(), real(row, "adjusted")));
        }
    }
    let (k, look, adjusted) = stopped.expect("one of twelve trials stops");
    let shown = printed(&["replay", &path, "--replicate", &k.to_string()]);
    assert!(shown.contains(&format!(" enrolled (stopped at {look});")), "{shown}");
    assert!(shown.contains("median-unbiased") && !shown.contains("fewer than planned"), "{shown}");
    let ratio = adjusted.expect("an estimate").exp();
    assert!(shown.contains(&format!("{ratio:.4}")) || shown.contains(&format!("{ratio:.3}")), "{ratio}: {shown}");
    let plain = printed(&["replay", &path, "--variant", "plain", "--replicate", "0"]);
    assert!(!plain.contains("median-unbiased"), "{plain}");
}

#[test]
fn rules_that_data_are_not_held_against_are_named() {
    let scenario = trial(&[]);
    let (path, folder) = (scenario.path(), tempfile::tempdir().expect("a temporary folder"));
    let data = folder.path().join("trial.csv");
    printed(&["cohort", &path, "--view", "observed", "--out", text(&data)]);
    let shown = printed(&["analyse", &path, "--data", text(&data)]);
    let note = "Interim rules are not applied (bound): p-values and intervals are those of a design without looks.";
    assert!(shown.contains(note), "{shown}");
    let called = call(&mut patency(&["analyse", &path, "--data", text(&data), "--variant", "plain"]));
    assert!(called.code == Some(0) && !called.out.contains("Interim rules"), "{}{}", called.out, called.err);
}

/// Trials that stop have an end, those that go on have none: what is known of the former alone is said of neither.
#[test]
fn without_a_cut_nothing_is_said_of_months_that_have_no_end() {
    let stopping = family("holm = {}", "0.5", "0.5").replace("after-rejection = \"go-on\"\n", "");
    let (with, without) = (stopping.clone(), stopping.replacen("[cut]\nhorizon = 3\n", "", 1));
    assert_ne!(with, without);
    let of = |text: String| {
        let file = Written::new("ends.toml", text);
        let (shown, json) = run(&file, &["--no-truth"]);
        let compared = printed(&["compare", &file.path(), "--replicates", "120", "--no-truth", "--format", "json"]);
        let compared: Value = serde_json::from_str(&compared).expect("JSON");
        (shown, json["designs"][0].clone(), list(&compared, "/rows")[0].clone())
    };
    let (shown, design, row) = of(without);
    let stops = number(&design, "/monitoring/stops/estimate");
    assert!(stops > 0.2 && stops < 1.0, "{stops}");
    assert!((number(&design, "/monitoring/endless/estimate") + stops - 1.0).abs() < 1e-12);
    for pointer in ["/monitoring/months", "/enrolment/cut", "/enrolment/complete", "/enrolment/follow_up"] {
        assert!(design.pointer(pointer).is_some_and(Value::is_null), "{pointer}: {design}");
    }
    assert!(row["duration"].is_null() && row["patient_months"].is_null(), "{row}");
    assert!(shown.contains("  months: –, since in "), "{shown}");
    // the same trials, of which each has an end
    let (shown, design, row) = of(with);
    assert_eq!(number(&design, "/monitoring/stops/estimate"), stops);
    let complete = number(&design, "/enrolment/complete/estimate");
    assert_eq!(complete, number(&design, "/monitoring/months/mean/estimate"));
    assert!(complete > 15.0 && number(&row, "/duration/estimate") == complete, "{row}");
    // patients and their months go together: a product of means would be another figure
    let (months, patients) = (number(&row, "/patient_months"), number(&row, "/patients/estimate"));
    assert!(months > 0.0 && months <= 3.0 * patients, "{row}");
    assert!(!shown.contains("months: –"), "{shown}");
}
