//! Families of hypotheses beside analyses: in sweeps, comparisons, certificates and the files of a run.

use patency::certify::{log_moment_of_flag, tilted};
use patency::scenario::{Options, Scenario};
use serde_json::Value;

use super::written::{field, real, rows, whole, words};
use super::{Results, Written, list, number, printed, refused, word};
use crate::engine::common::read;
use crate::engine::looks;

/// Two independent flags, each its own test: `p` governs the first alone.
const TWO: &str = r#"
title = "Two endpoints"

[trial]
n = 60
arms = [{ name = "control" }, { name = "treatment" }]
allocation.blocks = { sizes = [2] }

[parameters]
p = { value = 0.2, source = "registry" }
q = { value = 0.4, source = "registry" }
effect = { value = 0.25, null = 0, range = { pessimistic = 0.1, optimistic = 0.3 }, source = "assumed" }
more = { value = 0, source = "assumed" }

[[outcome]]
name = "one"
bernoulli = { probability = "p" }

[[outcome]]
name = "two"
bernoulli = { probability = "q - (effect + more) * treatment" }

[[endpoint]]
name = "one"
binary = { value = "one", better = "lower" }

[[endpoint]]
name = "two"
binary = { value = "two", better = "lower" }

[[analysis]]
name = "primary"
endpoint = "one"
difference-of-proportions = {}

[[analysis]]
name = "two"
endpoint = "two"
difference-of-proportions = {}

[[multiplicity]]
name = "both"
hypotheses = ["primary", "two"]
bonferroni = {}

[[multiplicity]]
name = "step"
hypotheses = ["two", "primary"]
holm = {}

[variant.declared]
nulls = ["primary"]

[variant.uncertain]
parameters = { more = { value = { normal = { mean = 0.1, sd = 0.03, min = 0, max = 0.2 } }, source = "assumed" } }
"#;

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(arguments)).expect("JSON")
}

fn named<'v>(rows: &'v [Value], analysis: &str) -> &'v Value {
    rows.iter().find(|r| word(r, "/analysis") == analysis).unwrap_or_else(|| panic!("no row {analysis}"))
}

/// Every figure of a family has the same value in `run`, `sweep` and `compare`, and in their CSV.
#[test]
fn contract_sweep_and_compare_say_what_run_says() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let cells = ["--over", "effect=0,0.25", "--replicates", "300", "--analysis", "all"];
    let swept = json(&[&["sweep", &path, "--format", "json"], &cells[..]].concat());
    let rows = list(&swept, "/rows");
    // two cells of two analyses, and of two families with two hypotheses, any, all, rejections and the error of one true null hypothesis
    assert_eq!(rows.len(), 2 * (2 + 2 * 6));
    let last = &rows[14..];
    let order: Vec<&str> = last[2..8].iter().map(|r| word(r, "/analysis")).collect();
    let of = |figure: &str| format!("family:both/{figure}");
    let figures = ["hypothesis:primary", "hypothesis:two", "any", "all", "rejections", "familywise-error"];
    assert_eq!(order, figures.map(of));
    let compared = json(&["compare", &path, "--replicates", "300", "--analysis", "all", "--format", "json"]);
    let compared = list(&compared, "/rows");
    assert_eq!(compared.len(), 14);
    let run = Results::of(&[&path, "--replicates", "300"]);
    let run = run.json();
    for family in list(&run, "/designs/0/multiplicity") {
        let same = |figure: &str, pointer: &str, expected: f64| {
            let name = format!("family:{}/{figure}", word(family, "/name"));
            assert_eq!(number(named(last, &name), pointer), expected, "{name} {pointer}");
            if !pointer.starts_with("/rejects") {
                assert_eq!(number(named(compared, &name), pointer), expected, "{name} {pointer}");
            }
        };
        for h in list(family, "/hypotheses") {
            let figure = format!("hypothesis:{}", word(h, "/analysis"));
            for part in ["estimate", "mcse"] {
                same(&figure, &format!("/power/{part}"), number(h, &format!("/power/{part}")));
            }
            let [favour, against] = ["/power/estimate", "/against/estimate"].map(|p| number(h, p));
            same(&figure, "/rejects/against/estimate", against);
            let total = ((favour + against) * 300.0).round() / 300.0;
            same(&figure, "/rejects/total/estimate", total);
            same(&figure, "/family/hypothesis/alone/estimate", number(h, "/alone/estimate"));
        }
        for (figure, at, from) in [
            ("any", "/power", "/any"),
            ("all", "/power", "/all"),
            ("rejections", "/family/rejections", "/rejections"),
            ("familywise-error", "/family/familywise_error", "/familywise_error"),
        ] {
            for part in ["/estimate", "/mcse"] {
                same(figure, &format!("{at}{part}"), number(family, &format!("{from}{part}")));
            }
        }
    }
}

/// Bonferroni's and Holm's decisions by their definitions from the p-values of every trial: the files, the figures and the paired
/// differences follow.
#[test]
fn by_hand_families_from_the_trials() {
    const REPLICATES: usize = 400;
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let results = Results::of(&[&path, "--replicates", "400"]);
    let all = rows(&results.path("replicates.parquet"));
    let (mut bonferroni, mut holm, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    let mut errors = 0;
    let mut against = 0;
    for trial in all.chunks(2) {
        // the first row is of `primary`; two-sided p-values of a symmetric test
        let favour: Vec<f64> = trial.iter().map(|r| real(r, "p").expect("a p-value")).collect();
        let p: Vec<f64> = favour.iter().map(|p| 2.0 * p.min(1.0 - p)).collect();
        let rejected = [p[0] <= 0.025, p[1] <= 0.025];
        let least = p[0].min(p[1]);
        let step = [0, 1].map(|j| least <= 0.025 && (rejected[j] || p[j] <= 0.05));
        for (j, row) in trial.iter().enumerate() {
            let mut expected = [Vec::new(), Vec::new()];
            for (name, decided) in [("both", rejected[j]), ("step", step[j])] {
                if decided {
                    expected[usize::from(favour[j] > 0.5)].push(name);
                }
            }
            against += expected[1].len();
            let [for_it, against_it] = expected.map(|names| names.join(","));
            assert_eq!((words(row, "families_favour"), words(row, "families_against")), (&*for_it, &*against_it));
        }
        let in_favour = |of: [bool; 2]| [0, 1].map(|j| u8::from(of[j] && favour[j] < 0.5));
        bonferroni.push(in_favour(rejected));
        holm.push(in_favour(step));
        alone.push(u8::from(p[0] <= 0.05 && favour[0] < 0.5));
        // nothing is done to the first endpoint
        errors += usize::from(rejected[0]);
    }
    assert!(against > 0 && errors > 0, "some are rejected in error, on either side");
    let found = json(&["compare", &path, "--replicates", "400", "--analysis", "all", "--format", "json"]);
    let found = list(&found, "/rows");
    let share = |count: usize| count as f64 / REPLICATES as f64;
    let count = |of: &[[u8; 2]], fits: &dyn Fn(&[u8; 2]) -> bool| share(of.iter().filter(|x| fits(x)).count());
    for (name, of) in [("both", &bonferroni), ("step", &holm)] {
        let power = |figure: &str| number(named(found, &format!("family:{name}/{figure}")), "/power/estimate");
        assert_eq!(power("hypothesis:primary"), count(of, &|x| x[0] == 1));
        assert_eq!(power("hypothesis:two"), count(of, &|x| x[1] == 1));
        assert_eq!(power("any"), count(of, &|x| x[0] + x[1] > 0));
        assert_eq!(power("all"), count(of, &|x| x[0] + x[1] == 2));
        let row = named(found, &format!("family:{name}/rejections"));
        assert!(row["power"].is_null());
        let sum: u32 = of.iter().flatten().map(|&x| u32::from(x)).sum();
        assert_eq!(number(row, "/family/rejections/estimate"), f64::from(sum) / REPLICATES as f64);
    }
    let error = named(found, "family:both/familywise-error");
    assert_eq!(number(error, "/family/familywise_error/estimate"), share(errors));
    assert!(error["power"].is_null() && error["difference"].is_null());
    // differences by the pairs of trials: Holm from Bonferroni, Bonferroni from the test alone
    let paired = |row: &str, beside: &str, d: &[f64]| {
        let row = named(found, row);
        let mean = d.iter().sum::<f64>() / d.len() as f64;
        // with two pairs more, 1 and −1
        let n = d.len() as f64 + 2.0;
        let middle = d.iter().sum::<f64>() / n;
        let variance = (d.iter().map(|x| x * x).sum::<f64>() + 2.0) / n - middle * middle;
        assert_eq!(word(row, "/beside"), beside);
        assert!((number(row, "/difference/estimate") - mean).abs() < 1e-12, "{row}");
        assert!((number(row, "/difference/mcse") - (variance / n).sqrt()).abs() < 1e-12, "{row}");
        word(row, "/difference/verdict").to_owned()
    };
    let both = |f: &dyn Fn([u8; 2]) -> u8| -> Vec<f64> {
        bonferroni.iter().zip(&holm).map(|(b, h)| f64::from(f(*h)) - f64::from(f(*b))).collect()
    };
    paired("family:step/any", "family:both/any", &both(&|x| u8::from(x[0] + x[1] > 0)));
    paired("family:step/all", "family:both/all", &both(&|x| u8::from(x[0] + x[1] == 2)));
    let verdict = paired("family:step/rejections", "family:both/rejections", &both(&|x| x[0] + x[1]));
    assert!(["more rejections", "not beyond Monte Carlo error"].contains(&verdict.as_str()), "{verdict}");
    let costs: Vec<f64> = bonferroni.iter().zip(&alone).map(|(b, a)| f64::from(b[0]) - f64::from(*a)).collect();
    paired("family:both/hypothesis:primary", "primary", &costs);
    assert!(named(found, "family:both/any")["difference"].is_null());
    // a trial in which something is rejected, carried out again
    let decided = holm.iter().position(|x| x[1] == 1).expect("the second is rejected somewhere").to_string();
    let again = json(&["replay", &path, "--replicate", &decided, "--format", "json"]);
    let step = list(&again, "/multiplicity").iter().find(|f| word(f, "/name") == "step").expect("the family");
    assert_eq!(word(&list(step, "/hypotheses")[0], "/decision"), "favour");
}

/// Sizes that grow are held against each other, row by row; where one design has a family alone its rows stand beside its analyses.
#[test]
fn contract_differences_between_designs() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let asked = ["compare", &path, "--n", "60,100", "--replicates", "200", "--no-truth", "--analysis", "family:step"];
    let found = json(&[&asked[..], &["--format", "json"]].concat());
    let rows = list(&found, "/rows");
    // two analyses and hypotheses, any, all, rejections; the other family was not asked for, and without true values no error is known
    assert_eq!(rows.len(), 14);
    let (small, large) = rows.split_at(7);
    for (s, l) in small.iter().zip(large).filter(|(s, _)| !s["power"].is_null()) {
        assert!(l.get("beside").is_none(), "{l}");
        let d = number(l, "/power/estimate") - number(s, "/power/estimate");
        assert!((number(l, "/difference/estimate") - d).abs() < 1e-12, "{l}");
    }
    assert!(small.iter().all(|r| r["difference"].is_null()));
    let shown = printed(&asked);
    for part in ["Families of hypotheses", "n = 100 v n = 60", "step: any", "step: rejections"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    let csv = printed(&[&asked[..], &["--format", "csv"]].concat());
    let lines: Vec<Vec<&str>> = csv.lines().map(|l| l.split(',').collect()).collect();
    assert!(lines.iter().all(|l| l.len() == lines[0].len()), "{csv}");
    let column = |name: &str| lines[0].iter().position(|c| *c == name).unwrap_or_else(|| panic!("no {name}"));
    let line = lines.iter().find(|l| l[column("analysis")] == "family:step/rejections").expect("the row");
    assert_eq!(line[column("power")], "");
    assert_eq!(line[column("rejections")].parse::<f64>().ok(), Some(number(&small[6], "/family/rejections/estimate")));
    let alone = printed(&["compare", &path, "--replicates", "100", "--no-truth", "--analysis", "family:step"]);
    assert!(alone.contains("v primary"), "{alone}");
}

/// A cell of a family in the table, in the map, in the long table; the tornado has its powers.
#[test]
fn families_in_tables_maps_files_and_tornado() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let grid = ["sweep", &path, "--over", "p=0.1,0.2", "--over", "effect=0,0.25", "--replicates", "100"];
    let grid = [&grid[..], &["--analysis", "family:step"]].concat();
    let shown = printed(&grid);
    for part in ["Families of hypotheses", "familywise error", "any v first, points", "step: any: power in %, p down"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    assert!(shown.contains("step: familywise error: share of trials in %"), "{shown}");
    let out = format!("{}.parquet", file.out());
    let csv = printed(&[&grid[..], &["--format", "csv", "--out", &out]].concat());
    let found = rows(std::path::Path::new(&out));
    assert_eq!(found.len(), 4 * (2 + 6));
    assert_eq!(csv.lines().count(), 1 + found.len());
    assert!(csv.lines().next().is_some_and(|l| l.ends_with("familywise_error,familywise_error_mcse")), "{csv}");
    let error = found.iter().find(|r| words(r, "analysis") == "family:step/familywise-error").expect("the row");
    assert!(real(error, "power").is_none() && real(error, "familywise_error").is_some());
    assert_eq!(whole(error, "failures"), 0);
    assert!(real(error, "rejections").is_none());
    let analysis = found.iter().find(|r| words(r, "analysis") == "primary").expect("the row");
    assert!(real(analysis, "familywise_error").is_none() && real(analysis, "power").is_some());
    let stress = json(&["sweep", &path, "--stress", "--analysis", "all", "--replicates", "200", "--format", "json"]);
    let worlds = list(&stress, "/rows");
    let power = |world: &str| {
        let own = worlds.iter().find(|r| word(r, "/world") == world && word(r, "/analysis") == "family:both/any");
        number(own.expect("the world has a row"), "/power/estimate")
    };
    let bar = |name: &str| list(&stress, "/tornado").iter().find(|b| word(b, "/analysis") == name);
    let any = bar("family:both/any").expect("a bar");
    let span = power("effect optimistic") - power("effect pessimistic");
    assert!((number(any, "/span/estimate") - span).abs() < 1e-12 && span > 0.1, "{any}");
    assert!(bar("family:both/rejections").is_none() && bar("family:step/hypothesis:two").is_some());
}

/// `run --format csv`: families after the analyses of their design, all lines of one length.
#[test]
fn families_in_the_csv_of_a_run() {
    let file = Written::new("two.toml", TWO);
    let csv = printed(&["run", &file.path(), "--replicates", "100", "--format", "csv", "--out", &file.out()]);
    let lines: Vec<Vec<&str>> = csv.lines().map(|l| l.split(',').collect()).collect();
    assert!(lines.iter().all(|l| l.len() == lines[0].len()), "{csv}");
    assert_eq!(lines.len(), 1 + 2 + 12);
    let column = |name: &str| lines[0].iter().position(|c| *c == name).unwrap_or_else(|| panic!("no {name}"));
    let result = std::fs::read_to_string(std::path::Path::new(&file.out()).join("result.json")).expect("a result");
    let result: Value = serde_json::from_str(&result).expect("JSON");
    let line = |name: &str| lines.iter().find(|l| l[column("analysis")] == name).expect("the row");
    for (name, at, from) in [
        ("family:both/any", "power", "/designs/0/multiplicity/0/any/estimate"),
        ("family:both/hypothesis:two", "alone", "/designs/0/multiplicity/0/hypotheses/1/alone/estimate"),
        ("family:step/rejections", "rejections_mcse", "/designs/0/multiplicity/1/rejections/mcse"),
        ("family:step/familywise-error", "familywise_error", "/designs/0/multiplicity/1/familywise_error/estimate"),
    ] {
        assert_eq!(line(name)[column(at)].parse::<f64>().ok(), Some(number(&result, from)), "{name} {at}");
    }
    assert_eq!(line("family:both/hypothesis:primary")[column("null_hypothesis")], "true");
    assert_eq!(line("family:both/any")[column("method")], "bonferroni");
    assert_eq!(line("primary")[column("familywise_error")], "");
    // without families there is nothing to name
    let plain = Results::of(&[super::P1, "--replicates", "5"]);
    assert!(rows(&plain.path("replicates.parquet")).iter().all(|r| {
        let null = |name| matches!(field(r, name), parquet::record::Field::Null);
        null("families_favour") && null("families_against")
    }));
}

/// With a prior, coverage is that of a run: of each replicate's value given what it drew.
#[test]
fn contract_coverage_of_a_sweep_with_a_prior() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let asked = ["--variant", "uncertain", "--replicates", "300"];
    let over = ["--over", "q=0.5,0.45", "--analysis", "two", "--format", "json"];
    let swept = json(&[&["sweep", &path], &asked[..], &over].concat());
    let run = Results::of(&[&[path.as_str()], &asked[..], &["--set", "q=0.45"]].concat());
    let run = run.json();
    let own = &run["designs"][0]["analyses"][1]["estimate"]["coverage"]["limit"];
    assert_eq!(&swept["rows"][1]["coverage"], own);
    assert!(number(own, "/estimate") > 0.8);
}

#[test]
fn a_family_that_is_not_there_is_named() {
    let file = Written::new("two.toml", TWO);
    let said = refused(&["sweep", &file.path(), "--over", "p=0.1,0.2", "--analysis", "family:stp"], 2);
    assert!(said.contains("no family of hypotheses `stp`") && said.contains("did you mean `family:step`?"), "{said}");
    let said = refused(&["compare", super::P1, "--analysis", "family:x"], 2);
    assert!(said.contains("it has none"), "{said}");
}

/// A family that rules test at looks stays, and rules still know it when another before it goes; a trial carried out again says what the
/// rules decided.
#[test]
fn contract_families_at_looks_keep_their_place() {
    let more = "\n[[analysis]]\nname = \"third\"\nendpoint = \"first\"\nwilcoxon = {}\nalpha = 0.025\nsides = 1\n";
    let before = "\n[[multiplicity]]\nname = \"apart\"\nhypotheses = [\"third\"]\nholm = {}\n\n[[multiplicity]]\nname = \"both\"";
    let text = looks::family("holm = {}", "effect", "0.15");
    let text = text.replacen("[trial]", "[parameters]\neffect = { value = 0.3, source = \"assumed\" }\n\n[trial]", 1);
    let text = text.replacen("\n[[multiplicity]]\nname = \"both\"", &format!("{more}{before}"), 1);
    let families = |names: &[&str]| -> (Vec<String>, Vec<Option<usize>>) {
        let mut scenario: Scenario = read(&text, &Options::default());
        scenario.keep_rows(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).expect("names that are there");
        let of = scenario.rules.iter().map(|r| r.family.map(|(f, _)| f)).collect();
        (scenario.multiplicity.iter().map(|f| f.name.clone()).collect(), of)
    };
    let both = |f: usize| vec![Some(f); 2];
    assert_eq!(families(&["all"]), (vec!["apart".to_owned(), "both".to_owned()], both(1)));
    assert_eq!(families(&["primary"]), (vec!["both".to_owned()], both(0)));
    assert_eq!(families(&["all", "family:both"]), (vec!["both".to_owned()], both(0)));
    assert_eq!(families(&["family:apart"]).1, both(1));
    let file = Written::new("looks.toml", &text);
    let path = file.path();
    // designs with and without the family before are the same trials
    let asked = |command: &[&str], analysis: &str| {
        let more = ["--replicates", "60", "--no-truth", "--format", "json", "--analysis", analysis];
        json(&[command, &more[..]].concat())
    };
    let compared = |analysis: &str| {
        named(list(&asked(&["compare", &path], analysis), "/rows"), "family:both/any")["power"].clone()
    };
    assert_eq!(compared("family:both"), compared("all"));
    // what is computed for the rules alone is not shown
    let names = |found: &Value| -> Vec<String> {
        list(found, "/rows").iter().map(|row| word(row, "/analysis").to_owned()).collect()
    };
    let grid = ["sweep", &path, "--over", "effect=0.2,0.3"];
    for (command, worlds) in [(&["compare", &path][..], 1), (&grid, 2)] {
        let one = asked(command, "third");
        assert_eq!(
            names(&one),
            [
                "third",
                "family:apart/hypothesis:third",
                "family:apart/any",
                "family:apart/all",
                "family:apart/rejections"
            ]
            .repeat(worlds)
        );
        assert_eq!(names(&asked(command, "primary")), vec!["primary"; worlds]);
        let all = asked(command, "all");
        let power = |found: &Value| named(list(found, "/rows"), "third")["power"].clone();
        assert_eq!(power(&one), power(&all));
        // a hypothesis that is tested at looks is not tested alone, and one that is not is
        let hypothesis = |name: &str| named(list(&all, "/rows"), name)["family"]["hypothesis"]["alone"].clone();
        assert!(hypothesis("family:both/hypothesis:primary").is_null());
        assert_eq!(hypothesis("family:apart/hypothesis:third")["estimate"], power(&all)["estimate"]);
    }
    let results = Results::of(&[&path, "--replicates", "60", "--no-truth"]);
    assert!(list(&results.json(), "/designs/0/multiplicity/1/hypotheses").iter().all(|h| h["alone"].is_null()));
    let all = rows(&results.path("replicates.parquet"));
    for replicate in [0, 1, 2, 3] {
        let again = json(&["replay", &path, "--replicate", &replicate.to_string(), "--format", "json"]);
        let family = list(&again, "/multiplicity").iter().find(|f| word(f, "/name") == "both").expect("the family");
        for h in list(family, "/hypotheses") {
            assert!(h["adjusted"].is_null());
            let own = |r: &&super::written::Row| {
                whole(r, "replicate") == replicate && words(r, "analysis") == word(h, "/analysis")
            };
            let row = all.iter().find(own).expect("the row");
            let favour = words(row, "families_favour").split(',').any(|name| name == "both");
            assert_eq!(word(h, "/decision") == "favour", favour, "{h}");
        }
    }
}

/// P(|z| ≥ `critical`) of the pooled z test with 30 patients an arm whose events have probability `p`: all tables.
fn size(p: f64, critical: f64) -> f64 {
    const N: usize = 30;
    let choose = |x: usize| (1..=x).map(|k| ((N + 1 - k) as f64 / k as f64).ln()).sum::<f64>();
    let each: Vec<f64> =
        (0..=N).map(|x| (choose(x) + x as f64 * p.ln() + (N - x) as f64 * (1.0 - p).ln()).exp()).collect();
    let mut size = 0.0;
    for x in 0..=N {
        for y in 0..=N {
            let pooled = (x + y) as f64 / (2 * N) as f64;
            let se = (pooled * (1.0 - pooled) * 2.0 / N as f64).sqrt();
            if se > 0.0 && (x as f64 - y as f64).abs() / N as f64 / se >= critical {
                size += each[x] * each[y];
            }
        }
    }
    size
}

/// Φ⁻¹(1 − .025/2).
const HALVED: f64 = 2.241_402_727_604_947;

/// The familywise error of Bonferroni's test of two independent pairs of proportions: 1 − (1 − size)(1 − size), at half the level each.
fn enumerated(p: f64) -> f64 {
    1.0 - (1.0 - size(p, HALVED)) * (1.0 - size(0.4, HALVED))
}

/// That any hypothesis is rejected is an event of the same data: the tilt bound holds for it.
#[test]
fn twin_the_tilt_bound_holds_for_exact_familywise_errors() {
    let mut tightest = f64::INFINITY;
    for p in [0.05, 0.1, 0.2, 0.3, 0.5] {
        let here = enumerated(p);
        for step in [-0.04, -0.01, -0.001, 0.001, 0.01, 0.04] {
            let (other, there) = (p + step, enumerated(p + step));
            let bound = tilted(here, |q| 60.0 * log_moment_of_flag(p, other, q));
            assert!(bound >= there, "from {p} to {other}: {bound} < {there}");
            tightest = tightest.min(bound / there);
        }
    }
    assert!(tightest < 1.1, "{tightest}");
}

/// What is counted at a point is the enumerated familywise error, and the bound lies above the worst of the box.
#[test]
fn statistical_certified_familywise_error_of_two_independent_tests() {
    let file = Written::new("two.toml", TWO);
    let asked =
        ["certify", &file.path(), "--over", "p=0.1:0.3:0.1", "--replicates", "9000", "--analysis", "family:both"];
    let found = json(&[&asked[..], &["--format", "json"]].concat());
    let family = named(list(&found, "/analyses"), "family:both/familywise-error");
    assert_eq!(number(family, "/level"), 0.05);
    assert_eq!(family["family"]["hypotheses"], serde_json::json!(["primary", "two"]));
    assert_eq!((&family["family"]["proven"], &family["family"]["declared"]), (&true.into(), &false.into()));
    for cell in list(family, "/cells") {
        let (observed, expected) = (number(cell, "/rejections") / 9000.0, enumerated(number(cell, "/values/0")));
        let mcse = (expected * (1.0 - expected) / 9000.0).sqrt();
        // the error of one hypothesis alone would lie 8 Monte Carlo errors lower
        assert!(expected - size(0.4, HALVED).max(size(number(cell, "/values/0"), HALVED)) >= 8.0 * mcse);
        assert!((observed - expected).abs() <= 5.0 * mcse, "{cell}: {observed} {expected}");
        assert!(number(cell, "/bound") >= number(cell, "/point") && number(cell, "/point") > observed);
    }
    let worst = (0..=40).map(|k| enumerated(0.1 + 0.005 * f64::from(k))).fold(0.0, f64::max);
    assert!(number(family, "/bound") >= worst && number(family, "/simultaneous") >= number(family, "/bound"));
    let few = asked.map(|word| if word == "9000" { "200" } else { word });
    let shown = printed(&few);
    for part in ["both: familywise error at most", "for all p from 0.1 to 0.3", "any of primary, two rejected"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
}

/// Where some null hypotheses are false, errors are those of the others: for the points alone, unless it is declared which are true.
#[test]
fn contract_errors_under_partial_configurations() {
    let file = Written::new("two.toml", TWO);
    let path = file.path();
    let ask = |more: &[&str]| {
        let asked = ["certify", &path, "--over", "p=0.1:0.3:0.1", "--replicates", "400", "--analysis", "family:both"];
        [&asked[..], more].concat().into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let certified = |more: &[&str]| {
        let asked = ask(more);
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let found = json(&[&asked[..], &["--format", "json"]].concat());
        (named(list(&found, "/analyses"), "family:both/familywise-error").clone(), printed(&asked))
    };
    let (judged, shown) = certified(&["--set", "effect=0.25"]);
    assert_eq!(judged["family"]["hypotheses"], serde_json::json!(["primary"]));
    assert_eq!(judged["family"]["left_out"], serde_json::json!(["two"]));
    assert_eq!(judged["family"]["proven"], Value::Bool(false));
    assert_eq!(number(&judged, "/bound"), number(&judged, "/points"));
    assert!(shown.contains("GRID ONLY: two is false") && shown.contains("at the 3 points of p"), "{shown}");
    let (declared, shown) = certified(&["--set", "effect=0.25", "--variant", "declared"]);
    assert_eq!(declared["family"]["proven"], Value::Bool(true));
    assert!(number(&declared, "/bound") > number(&declared, "/points"));
    assert!(shown.contains("true as declared") && !shown.contains("GRID ONLY"), "{shown}");
    // the same trials, the same errors
    for (a, b) in list(&judged, "/cells").iter().zip(list(&declared, "/cells")) {
        assert_eq!(a["rejections"], b["rejections"]);
    }
    // run counts the same errors in the same trials
    let run = Results::of(&[&path, "--set", "p=0.2", "--replicates", "400"]).json();
    let error = number(&run, "/designs/0/multiplicity/0/familywise_error/estimate");
    assert_eq!(number(&list(&judged, "/cells")[1], "/rejections"), (error * 400.0).round());
    // a prior leaves it open whether the second is true: it is counted
    let (open, shown) = certified(&["--variant", "uncertain", "--set", "q=0.5"]);
    assert_eq!(open["family"]["unknown"], serde_json::json!(["two"]));
    assert_eq!(open["family"]["proven"], Value::Bool(true));
    assert!(shown.contains("whether two is true is not known"), "{shown}");
}
