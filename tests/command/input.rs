//! Bad input: one clear message, the right exit code, no panic, no hang.

use super::{DEFIANCE, P1, P2, P4, Results, Written, call, changed, list, number, patency, printed, refused};

/// Refuses a file whose content this is, by every command that reads a scenario; gives the message of `run`.
fn refused_file(content: impl AsRef<[u8]>, code: i32) -> String {
    let file = Written::new("bad.toml", content);
    for command in ["check", "cohort", "bench"] {
        refused(&[command, &file.path()], code);
    }
    let message = refused(&["run", &file.path(), "--out", &file.out()], code);
    assert!(message.contains("bad.toml"), "{message}");
    assert!(message.len() < 2000, "{} characters", message.len());
    assert!(!std::path::Path::new(&file.out()).exists(), "a folder was made for nothing");
    message
}

#[test]
fn a_file_that_is_not_there() {
    let message = refused(&["run", "scenarios/nosuch.toml"], 1);
    assert_eq!(message.lines().count(), 1);
    assert!(message.starts_with("error: cannot read scenarios/nosuch.toml: "), "{message}");
}

#[test]
fn a_folder_in_place_of_a_file() {
    let message = refused(&["run", "scenarios"], 1);
    assert_eq!(message.lines().count(), 1);
    assert!(message.starts_with("error: cannot read scenarios: "), "{message}");
}

#[test]
fn an_empty_file() {
    let message = refused_file("", 2);
    assert!(message.contains("has no `title`") && message.contains("has no `trial`"), "{message}");
}

#[test]
fn a_binary_file() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_patency")).unwrap();
    assert!(refused_file(&program[..100_000], 1).contains("not text in UTF-8"));
    refused_file([0; 1000], 2);
}

#[test]
fn text_that_is_not_utf_8() {
    let message = refused_file(b"title = \"caf\xe9\"\n", 1);
    assert!(message.contains("not text in UTF-8 (byte 13)"), "{message}");
}

#[test]
fn a_file_of_50_megabytes() {
    let message = refused_file(vec![b'#'; 50 << 20], 1);
    assert!(message.contains("larger than 16 MB"), "{message}");
}

#[test]
fn files_nested_deeply() {
    let deep = 200_000;
    refused_file(format!("a = {}", "[".repeat(deep)), 2);
    refused_file(format!("a = {}{}", "[".repeat(deep), "]".repeat(deep)), 2);
    refused_file(format!("a = {}", "{ a = ".repeat(deep)), 2);
    refused_file(format!("[{}b]", "a.".repeat(deep)), 2);
    refused_file(format!("{}b = 1", "a.".repeat(deep)), 2);
    for (open, close) in [("(", ")"), ("exp(", ")"), ("-", ""), ("not ", ""), ("1 + (", ")"), ("2 ^ ", "")] {
        let nested = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        refused_file(changed(P1, &[("if(treatment, 0.50, 0.35)", &nested)]), 2);
    }
}

#[test]
fn standard_input_as_a_scenario() {
    let out = tempfile::tempdir().unwrap();
    let arguments = ["run", "-", "--replicates", "20", "--format", "json", "--out", super::text(out.path())];
    let called = call(patency(&arguments).write_stdin(changed(P1, &[])));
    assert_eq!(called.code, Some(0), "{}", called.err);
    let json: serde_json::Value = serde_json::from_str(&called.out).unwrap();
    let file = Results::of(&[P1, "--replicates", "20"]).json();
    assert_eq!(json["designs"], file["designs"]);

    let called = call(patency(&arguments).write_stdin("title = 1"));
    assert_eq!(called.code, Some(2));
    assert!(called.err.contains("standard input:1:9"), "{}", called.err);
    assert_eq!(call(patency(&arguments).write_stdin("")).code, Some(2));
}

#[test]
fn arguments_that_make_no_sense() {
    for (arguments, wanted) in [
        (&["--replicates", "0"][..], "at least one replicate"),
        (&["--replicates", "many"], "invalid value 'many'"),
        (&["--replicates", "-5"], "-5"),
        (&["--threads", "0"], "0 is not in 1..="),
        (&["--threads", "100000"], "100000 is not in 1..="),
        (&["--n", "0"], "0 is not in 1..="),
        (&["--n", "300,"], "invalid value ''"),
        (&["--n", "99999999999"], "99999999999"),
        (&["--seed", "1.5"], "invalid value '1.5'"),
        (&["--format", "xml"], "[possible values: text, json, csv]"),
        (&["--form", "csv"], "'--format'"),
        (&["--variant", "nosuch"], "no variant is called `nosuch`"),
        (&["--variant", "bas"], "did you mean `base`?"),
        (&["--set", "nosuch=1"], "no parameter is called `nosuch`"),
    ] {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("out");
        let message = refused(&[&["run", P1, "--out", super::text(&folder)], arguments].concat(), 2);
        assert!(message.contains(wanted), "{arguments:?}: {message}");
        assert!(!folder.exists(), "{arguments:?}: a folder was made for nothing");
    }
    for (arguments, wanted) in [
        (&["--variant", "nul"][..], "did you mean `null`?"),
        (&["--set", "site_rat=1"], "did you mean `site_rate`?"),
        (&["--set", "loss_6=abc"], "nothing is called `abc`"),
        (&["--set", "loss_6=nan"], "not a finite number"),
        (&["--set", "loss_6=inf"], "not a finite number"),
        (&["--set", "loss_6=1/0"], "`loss_6` is inf"),
        (&["--set", "loss_6=loss_6"], "loss_6"),
        (&["--set", "loss_6=(1"], "loss_6"),
        (&["--set", "loss_6"], "loss_6"),
        (&["--set", "=1"], "--set"),
        (&["--set", "loss_6=1.5"], "it must be from 0 to 1"),
        (&["--set", "villalta_sd=-1"], "it must be greater than 0"),
    ] {
        let message = refused(&[&["run", DEFIANCE], arguments].concat(), 2);
        assert!(message.contains(wanted), "{arguments:?}: {message}");
    }
    refused(&["cohort", DEFIANCE, "--variant", "all"], 2);
}

#[test]
fn a_criterion_that_excludes_everyone() {
    let age = "[[variable]]\nname = \"age\"\nuniform = { min = 0, max = 10 }\n\n";
    let young = "[[inclusion]]\nname = \"young\"\nwhen = \"age < 9\"\n\n";
    let elderly = "[[inclusion]]\nname = \"elderly\"\nwhen = \"age > 20\"\n\n";
    let text = changed(P1, &[("[[outcome]]", &format!("{age}{young}{elderly}[[outcome]]"))]);
    let file = Written::new("nobody.toml", text);
    let message = refused(&["run", &file.path(), "--replicates", "1000000000", "--out", &file.out()], 2);
    assert!(message.contains("`elderly` excludes the last of them"), "{message}");
    assert!(message.contains("`young` excludes"), "{message}");
    for command in ["check", "cohort", "bench"] {
        refused(&[command, &file.path()], 2);
    }
}

#[test]
fn arms_without_patients_are_counted_as_failures() {
    for scenario in [P1, P2, P4] {
        let json = Results::of(&[scenario, "--n", "1", "--replicates", "30"]).json();
        let analysis = &json["designs"][0]["analyses"][0];
        assert_eq!(analysis["failures"]["total"], 30);
        assert_eq!(analysis["failures"]["reasons"][0]["reason"], "an arm has no patients");
        assert_eq!(number(analysis, "/power/estimate"), 0.0);
        for nothing in ["mean", "empirical_se", "model_se"] {
            assert!(analysis["estimate"][nothing].is_null(), "{scenario}: {nothing}");
        }
    }
    let text = printed(&[
        "run",
        P1,
        "--n",
        "1",
        "--replicates",
        "30",
        "--out",
        super::text(tempfile::tempdir().unwrap().path()),
    ]);
    assert!(text.contains("an arm has no patients"), "{text}");
    // every method of the plan, on one to five patients
    let json = Results::of(&[DEFIANCE, "--n", "1,2,3,4,5", "--replicates", "20"]).json();
    for design in list(&json, "/designs") {
        for analysis in list(design, "/analyses") {
            let failed = number(analysis, "/failures/total");
            let reasons: f64 = list(analysis, "/failures/reasons").iter().map(|r| number(r, "/count")).sum();
            assert_eq!(failed, reasons);
            assert_eq!(analysis["estimate"]["mean"].is_null(), failed == 20.0);
        }
    }
}

#[test]
fn endpoints_without_events_are_counted_as_failures() {
    let binary = changed(P1, &[("if(treatment, 0.50, 0.35)", "0")]);
    let times = changed(P2, &[("median = 20", "rate = 0.000000000001")]);
    for text in [binary, times] {
        let file = Written::new("nothing-happens.toml", text);
        let json = Results::of(&[&file.path(), "--replicates", "30"]).json();
        let analysis = &json["designs"][0]["analyses"][0];
        assert_eq!(number(analysis, "/failures/total"), 30.0);
        assert_eq!(number(analysis, "/events"), 0.0);
        assert_eq!(number(analysis, "/rejects/total/estimate"), 0.0);
        let text = printed(&["run", &file.path(), "--replicates", "30", "--out", &file.out()]);
        assert!(text.contains("no estimate in 30 trials"), "{text}");
    }
}

/// A probability that exceeds 1 in one patient of about 140: seldom in the pilot's two patients, soon in the run.
const SELDOM: [(&str, &str); 2] = [
    ("[[outcome]]", "[[variable]]\nname = \"age\"\nuniform = { min = 0, max = 0.705 }\n\n[[outcome]]"),
    ("if(treatment, 0.50, 0.35)", "0.3 + age"),
];

#[test]
fn a_probability_above_1_in_some_patients() {
    let file = Written::new("seldom.toml", changed(P1, &SELDOM));
    // with 300 patients the pilot sees it
    let message = refused(&["run", &file.path(), "--out", &file.out()], 2);
    assert!(message.contains("probability of `response` is 1.0"), "{message}");
    assert!(message.contains("it must be from 0 to 1"), "{message}");

    // with 2 it shows while running; what was computed before is kept
    let called = call(&mut patency(&["run", &file.path(), "--n", "2", "--out", &file.out(), "--format", "json"]));
    assert_eq!(called.code, Some(2), "{}", called.err);
    assert!(
        called.err.contains("in replicate ") && called.err.contains("probability of `response` is 1.0"),
        "{}",
        called.err
    );
    let json: serde_json::Value = serde_json::from_str(&called.out).unwrap();
    assert_eq!(json["partial"], true);
    let replicate = called.err.split("in replicate ").nth(1).and_then(|s| s.split(',').next()).unwrap();
    assert_eq!(json["designs"][0]["replicates"].to_string(), replicate);
    let rows = super::written::rows(&std::path::Path::new(&file.out()).join("replicates.parquet"));
    assert_eq!(rows.len().to_string(), replicate);
    // commands that carry out trials of their own say the same
    for command in [&["check", "--trials", "1000"][..], &["bench", "--seconds", "0.01"]] {
        let message = refused(&[command, &[&file.path(), "--n", "2"]].concat(), 2);
        assert!(message.contains(&format!("in replicate {replicate}, probability of `response` is 1.0")), "{message}");
    }
    // and the same patient can be looked at
    let message = refused(&["cohort", &file.path(), "--n", "2", "--replicate", replicate], 2);
    assert!(message.contains("probability of `response` is 1.0"), "{message}");
}

/// A quoted figure that is the enrolled controls' is solved by every command; what no scale gives is a mistake of the scenario.
#[test]
fn quoted_figures_of_the_enrolled_controls() {
    let text = |risk: &str, ratio: &str| {
        let frailty =
            "[[variable]]\nname = \"frailty\"\nnormal = { mean = 0, sd = 1 }\n\n[[outcome]]\nname = \"response\"\n";
        let law = format!("exponential = {{ risk = {risk}, by = 12, hazard-ratio = \"{ratio}\", marginal = true }}");
        changed(
            P1,
            &[
                ("[[outcome]]\nname = \"response\"\n", frailty),
                ("bernoulli = { probability = \"if(treatment, 0.50, 0.35)\" }", law.as_str()),
                ("value = \"response\"", "event = \"response\", by = 12"),
            ],
        )
    };
    let file = Written::new("marginal.toml", text("0.3", "exp(2 * frailty)"));
    let shown = printed(&["check", &file.path()]);
    let line = shown.lines().find(|l| l.starts_with("response, of the controls")).expect("a line of quoted figures");
    let cells: Vec<f64> = line.split_whitespace().filter_map(|cell| cell.parse().ok()).collect();
    let [month, written, at_one, controls] = cells[..] else { panic!("{line}") };
    assert_eq!((month, written), (12.0, 30.0));
    // 32,768 patients whose risks vary by at most √(.3 · .7), and as many who solved the scale: an MCSE of at most 0.36%
    assert!(at_one < 25.0 && (controls - 30.0).abs() < 5.0 * 0.36, "{line}");
    assert!(refused_file(text("0.9", "frailty > 0"), 2).contains("cannot be solved"));
}
