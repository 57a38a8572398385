//! `patency sweep` and `--null`: many worlds of one scenario.

use super::{P1, Results, Written, changed, list, number, printed, refused, word};

/// Two proportions, half a second's worth of everything that can be swept.
const TWO: &str = r#"
title = "Two proportions"

[trial]
n = 100
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[parameters]
p = { value = 0.5, range = { pessimistic = 0.55, optimistic = 0.3 }, source = "registry" }
reduction = { value = 0.2, null = 0, range = { pessimistic = 0.1, optimistic = 0.25 }, source = "assumed" }
missed = { value = 0.1, range = { pessimistic = 0.2, optimistic = 0.05 }, source = "assumed" }

[[visit]]
name = "m6"
at = 6
missed = "missed"

[[outcome]]
name = "event"
bernoulli = { probability = "if(treatment, p - reduction, p)" }

[[endpoint]]
name = "event"
binary = { value = "event", visit = "m6", better = "lower" }

[[analysis]]
name = "primary"
endpoint = "event"
difference-of-proportions = {}

[variant.listed]
parameters = { p = { value = [0.4, 0.5], source = "assumed" } }
"#;

fn swept(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&printed(&[&["sweep"], arguments, &["--format", "json"]].concat())).expect("JSON")
}

#[test]
fn a_cell_is_the_run_with_its_values_set() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let grid = ["--over", "p=0.4:0.5:0.1", "--over", "reduction=0.1, p / 4", "--n", "60,100", "--replicates", "200"];
    let found = swept(&[&[path.as_str()][..], &grid].concat());
    let rows = list(&found, "/rows");
    assert_eq!(rows.len(), 8);
    assert_eq!(list(&found, "/parameters").len(), 2);
    let last = &rows[7];
    assert_eq!((number(last, "/values/0"), number(last, "/values/1"), number(last, "/n")), (0.5, 0.125, 100.0));
    let run = Results::of(&[&path, "--set", "p=0.5", "--set", "reduction=p / 4", "--replicates", "200"]);
    let json = run.json();
    let analysis = json.pointer("/designs/0/analyses/0").unwrap();
    for (of_cell, of_run) in [
        ("/power/estimate", "/power/estimate"),
        ("/coverage/estimate", "/estimate/coverage/limit/estimate"),
        ("/bias/estimate", "/estimate/bias/limit/estimate"),
        ("/mean/mcse", "/estimate/mean/mcse"),
        ("/events", "/events"),
    ] {
        assert_eq!(number(last, of_cell), number(analysis, of_run), "{of_cell}");
    }
    // differences are from the first cell, and paired
    assert!(rows[0]["difference"].is_null());
    let expected = number(last, "/power/estimate") - number(&rows[0], "/power/estimate");
    assert!((number(last, "/difference/estimate") - expected).abs() < 1e-12);
    let apart = |r| number(r, "/power/mcse").powi(2);
    assert!(number(last, "/difference/mcse").powi(2) < apart(last) + apart(&rows[0]));
}

#[test]
fn tables_maps_and_files() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let grid = [&path, "--over", "p=0.4,0.5", "--over", "reduction=0.1:0.3:0.1", "--replicates", "64", "--no-truth"];
    let shown = printed(&[&["sweep"][..], &grid].concat());
    for part in ["power in %, p down, reduction across", "v first, points", "█ from 80 %"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    let out = format!("{}.parquet", file.out());
    let csv = printed(&[&["sweep"][..], &grid, &["--format", "csv", "--out", &out]].concat());
    assert_eq!(csv.lines().count(), 7, "{csv}");
    assert!(csv.starts_with("p,reduction,variant,n,analysis,replicates,power,"), "{csv}");
    let rows = super::written::rows(std::path::Path::new(&out));
    assert_eq!(rows.len(), 6);
    assert!(rows[0].iter().any(|(name, _)| name == "difference_lower"));
}

#[test]
fn a_list_in_the_file_is_an_axis() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let found = swept(&[&path, "--variant", "all", "--replicates", "16", "--no-truth"]);
    let values: Vec<f64> = list(&found, "/rows").iter().map(|r| number(r, "/values/0")).collect();
    assert_eq!(values, [0.5, 0.4, 0.5]);
    let several = refused(&["check", &path, "--variant", "listed"], 2);
    assert!(several.contains("several-values") && several.contains("--set p=0.4"), "{several}");
    printed(&["check", &path, "--variant", "listed", "--set", "p=0.4", "--trials", "1"]);
    let one = swept(&[
        &path,
        "--variant",
        "listed",
        "--over",
        "p=0.1,0.2,0.3",
        "--set",
        "reduction=0.05",
        "--replicates",
        "8",
    ]);
    assert_eq!(list(&one, "/rows").len(), 3);
}

#[test]
fn stress_gives_the_worlds_and_the_tornado() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let found = swept(&[&path, "--stress", "--replicates", "300", "--no-truth"]);
    let rows = list(&found, "/rows");
    let worlds: Vec<&str> = rows.iter().map(|r| word(r, "/world")).collect();
    assert_eq!(worlds[..3], ["expected", "pessimistic", "optimistic"]);
    assert_eq!(worlds[3..5], ["p pessimistic", "p optimistic"]);
    let at = |world: &str| rows.iter().find(|r| word(r, "/world") == world).unwrap();
    assert_eq!(number(at("pessimistic"), "/values/1"), 0.1);
    assert_eq!(
        (number(at("missed optimistic"), "/values/1"), number(at("missed optimistic"), "/values/2")),
        (0.2, 0.05)
    );
    let bars = list(&found, "/tornado");
    let spans: Vec<f64> = bars.iter().map(|b| number(b, "/span/estimate").abs()).collect();
    assert_eq!(spans.len(), 3);
    assert!(spans.windows(2).all(|s| s[0] >= s[1]), "{spans:?}");
    assert_eq!(word(&bars[0], "/parameter"), "reduction");
    let power = |world: &str| number(at(world), "/power/estimate");
    assert!(
        (number(&bars[0], "/span/estimate") - (power("reduction optimistic") - power("reduction pessimistic"))).abs()
            < 1e-12
    );
    assert!(
        (number(&bars[0], "/pessimistic/estimate") - (power("reduction pessimistic") - power("expected"))).abs()
            < 1e-12
    );
    let shown = printed(&["sweep", &path, "--stress", "--replicates", "64", "--no-truth"]);
    assert!(shown.contains("v expected, points") && shown.contains("▒ from the pessimistic end"), "{shown}");
    // what is set is no longer uncertain
    let fixed = swept(&[&path, "--stress", "--set", "p=0.45", "--replicates", "16", "--no-truth"]);
    assert_eq!(list(&fixed, "/tornado").len(), 2);
}

#[test]
fn bad_questions_get_answers() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    for (arguments, words) in [
        (&["--over", "redction=0:0.1:0.1"][..], "did you mean `reduction`?"),
        (&["--over", "p=0.1:0.2"], "NAME=from:to:step"),
        (&["--over", "p=0.2:0.1:0.1"], "do not lead from"),
        (&["--over", "p=0.1,0.2", "--over", "p=0.3"], "given twice"),
        (&["--over", "p=0.1,0.2", "--set", "p=0.3"], "at once"),
        (&["--over", "p=0.1,0.3"], "in the cell p = 0.1, variant base"),
        (&["--over", "p=0.1,0.3"], "allowed: from 0 to 1"),
        (&[], "nothing to sweep"),
        (&["--over", "p=0.3,0.4", "--analysis", "primry"], "did you mean `primary`?"),
        (&["--over", "p=0.3:0.6:0.0003", "--over", "reduction=0:0.2:0.0002"], "10,020,010,000 trials: about"),
        (&["--over", "p=0.3:0.6:0.0003", "--over", "reduction=0:0.2:0.0002"], "--yes"),
        (&["--over", "p=0.3:0.4:1e-9"], "at most 1000000"),
    ] {
        let said = refused(&[&["sweep", &path][..], arguments].concat(), 2);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let said = refused(&["sweep", P1, "--stress"], 2);
    assert!(said.contains("declares how far"), "{said}");
    let said = refused(&["run", P1, "--sweep", "p=0:1:0.1"], 2);
    assert!(said.contains("patency sweep scenarios/yardstick/p1-binary.toml --over p=0:1:0.1"), "{said}");
    let said = refused(&["run", P1, "--null"], 2);
    assert!(said.contains("declares its null value"), "{said}");
}

/// A test that estimates nothing is held against the true values of the rows beside it, and without any nothing is claimed of it.
#[test]
fn nulls_of_tests_without_an_estimate() {
    let (before, own) = TWO.split_once("[[analysis]]").unwrap();
    let own = own.split("[variant").next().unwrap();
    let exact =
        own.replace("difference-of-proportions = {}", "fisher = {}").replace("name = \"primary\"", "name = \"exact\"");
    let both = Written::new("both.toml", format!("{TWO}\n[[analysis]]{exact}"));
    let alone = Written::new("alone.toml", format!("{before}[[analysis]]{exact}"));
    let verdict = |path: &str, a: usize| {
        let json = Results::of(&[path, "--null", "--set", "reduction=0.4", "--replicates", "400", "--n", "200"]).json();
        let found = json.pointer(&format!("/designs/0/analyses/{a}/type_one")).unwrap().clone();
        (word(&found, "/verdict").to_owned(), found["holds"].clone())
    };
    let (words, holds) = verdict(&both.path(), 1);
    assert!(words.starts_with("no type I error: the effect of `primary` is ") && holds.is_null(), "{words}");
    let (words, holds) = verdict(&alone.path(), 0);
    assert!(words == "above its level, or an effect: no true value says which" && holds.is_null(), "{words}");
    let nulls = |path: &str| {
        let words = ["sweep", path, "--null", "--over", "reduction=0.3,0.4", "--replicates", "64", "--analysis", "all"];
        let shown = printed(&words);
        let json = printed(&[&words[..], &["--format", "json"]].concat());
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        (shown, list(&json, "/rows").iter().map(|r| word(r, "/null").to_owned()).collect::<Vec<_>>())
    };
    let (shown, words) = nulls(&both.path());
    assert_eq!(words, ["false"; 4], "{shown}");
    assert!(shown.contains("‡ the true effect is not the null value"), "{shown}");
    let (shown, words) = nulls(&alone.path());
    assert_eq!(words, ["unknown"; 2], "{shown}");
    assert!(shown.contains("? no true value says"), "{shown}");
    // maps have the marks too
    for (file, mark) in [(&both, '‡'), (&alone, '?')] {
        let grid = ["--over", "reduction=0,0.4", "--over", "p=0.45,0.5", "--replicates", "16"];
        let shown = printed(&[&["sweep", &file.path(), "--null"][..], &grid].concat());
        let (_, map) = shown.split_once(": type I error in %, reduction down, p across\n").expect("a map");
        let marked: Vec<bool> = map.lines().skip(1).take(2).map(|l| l.matches(mark).count() == 2).collect();
        assert_eq!(marked, [mark == '?', true], "{shown}");
    }
}

#[test]
fn type_one_errors_have_a_verdict() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let results = Results::of(&[&path, "--null", "--set", "missed=0", "--replicates", "3000", "--n", "60"]);
    let json = results.json();
    assert_eq!(json["null"], serde_json::Value::Bool(true));
    let found = json.pointer("/designs/0/analyses/0/type_one").unwrap();
    // by hand: 30 against 30 at p = .5, pooled z at .05 two-sided, over all tables by R's dbinom: .0519423
    let share = number(&json, "/designs/0/analyses/0/events") / 60.0;
    assert!((share - 0.5).abs() < 0.01);
    assert!((number(found, "/enumerated") - 0.0519).abs() < 0.0008, "{found}");
    assert_eq!(word(found, "/verdict"), "as enumerated");
    assert_eq!(found["holds"], serde_json::Value::Bool(true));
    let source = json.pointer("/designs/0/parameters/1/source").unwrap();
    assert_eq!(source, "null value, in place of: assumed");
    // where the effect is not that of the null the rejections are no errors
    let results = Results::of(&[&path, "--null", "--set", "reduction=0.2", "--replicates", "100"]);
    let json = results.json();
    assert!(word(&json, "/designs/0/analyses/0/type_one/verdict").starts_with("no type I error"));
    // a test that rejects too often is called that
    let loud = Written::new(
        "loud.toml",
        TWO.replace("difference-of-proportions = {}", "difference-of-proportions = {}\nalpha = 0.2"),
    );
    let shown = printed(&["run", &loud.path(), "--null", "--replicates", "500", "--out", &loud.out()]);
    assert!(shown.contains("Null values in force") && shown.contains("at most as enumerated"), "{shown}");
}

#[test]
fn the_scenarios_declare_their_nulls() {
    for (scenario, variant) in [("scenarios/defiance.toml", "null"), ("scenarios/defier.toml", "no-difference")] {
        let _ = changed(scenario, &[("effects = { value = 1, null = 0", "")]);
        let shown = printed(&["check", scenario, "--null", "--trials", "2"]);
        assert!(shown.contains("null value, in place of"), "{scenario} {variant}");
    }
}
