//! `patency cohort`, `check` and `bench`: patients as data, designs as words.

use parquet::record::Field;

use super::written::rows;
use super::{DEFIANCE, P1, P2, P4, Results, Written, list, number, printed};

/// Lines of a CSV file as cells: a comma within quotation marks belongs to its cell, a doubled mark is a mark.
fn cells(csv: &str) -> Vec<Vec<String>> {
    let line = |line: &str| {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        let mut characters = line.chars().peekable();
        while let Some(c) = characters.next() {
            let cell = cells.last_mut().expect("there is always a cell");
            match c {
                '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cell.push(c),
            }
        }
        cells
    };
    csv.lines().map(line).collect()
}

#[test]
fn a_trial_is_the_beginning_of_a_larger_one() {
    for scenario in [P1, P2, P4, DEFIANCE] {
        let small = printed(&["cohort", scenario, "--n", "31"]);
        let large = printed(&["cohort", scenario, "--n", "60"]);
        assert_eq!((small.lines().count(), large.lines().count()), (32, 61), "{scenario}");
        assert!(large.starts_with(&small), "{scenario}");
        assert_ne!(small, printed(&["cohort", scenario, "--n", "31", "--replicate", "1"]), "{scenario}");
    }
}

#[test]
fn parquet_and_csv_hold_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for view in ["truth", "observed"] {
        let arguments = ["cohort", DEFIANCE, "--view", view];
        let csv = printed(&arguments);
        let [as_csv, as_parquet] = ["cohort.csv", "cohort.parquet"].map(|name| folder.path().join(name));
        for path in [&as_csv, &as_parquet] {
            assert_eq!(printed(&[&arguments[..], &["--out", super::text(path)]].concat()), "");
        }
        assert_eq!(std::fs::read_to_string(&as_csv).unwrap(), csv);
        let table = cells(&csv);
        let rows = rows(&as_parquet);
        assert_eq!(rows.len(), table.len() - 1);
        for (row, line) in rows.iter().zip(&table[1..]) {
            assert_eq!(row.len(), line.len());
            for (((name, field), cell), header) in row.iter().zip(line).zip(&table[0]) {
                assert_eq!(name, header);
                match field {
                    Field::Double(x) => assert_eq!(cell.parse::<f64>().ok(), Some(*x), "{name}"),
                    Field::Long(x) => assert_eq!(cell, &x.to_string(), "{name}"),
                    Field::Int(x) => assert_eq!(cell, &x.to_string(), "{name}"),
                    Field::Str(x) => assert_eq!(cell, x, "{name}"),
                    Field::Null => assert_eq!(cell, "", "{name}"),
                    other => panic!("{name} is {other:?}"),
                }
            }
        }
    }
}

#[test]
fn the_screened_are_those_of_the_funnel() {
    let table = cells(&printed(&["cohort", DEFIANCE, "--stage", "screened"]));
    let column = |name: &str| table[0].iter().position(|h| h == name).expect("the column is there");
    let (eligible, reason) = (column("eligible"), column("excluded_by"));
    let (kept, out): (Vec<_>, Vec<_>) = table[1..].iter().partition(|r| r[eligible] == "1");
    assert_eq!(kept.len(), 300);
    assert!(kept.iter().all(|r| r[reason].is_empty()) && out.iter().all(|r| !r[reason].is_empty()));
    // the same trial, counted by a run of one replicate
    let json = Results::of(&[DEFIANCE, "--replicates", "1"]).json();
    let screening = &json["designs"][0]["screening"];
    assert_eq!(number(screening, "/screened/estimate"), (table.len() - 1) as f64);
    for criterion in list(screening, "/criteria") {
        let excluded = out.iter().filter(|r| r[reason] == criterion["name"].as_str().unwrap()).count();
        assert_eq!(number(criterion, "/excluded"), excluded as f64, "{}", criterion["name"]);
    }
    // and the enrolled are the eligible, in order
    let enrolled = cells(&printed(&["cohort", DEFIANCE]));
    let candidate = enrolled[0].iter().position(|h| h == "candidate").expect("the column is there");
    let numbers: Vec<&String> = enrolled[1..].iter().map(|r| &r[candidate]).collect();
    assert_eq!(numbers, kept.iter().map(|r| &r[0]).collect::<Vec<_>>());
}

/// Rates of screened candidates with caps: who comes to a full site is shown as such, and counted as the run counts.
#[test]
fn candidates_of_full_sites_are_turned_away() {
    let file = Written::new(
        "caps.toml",
        r#"
title = "Caps"
trial = { n = 120, arms = [{ name = "control" }, { name = "treatment" }] }
inclusion = [{ name = "half", prevalence = 0.5 }, { name = "most", prevalence = 0.8 }]
enrolment.rate-of = "screened"
site = [{ name = "Small", rate = 20, cap = 15 }, { name = "Late", rate = 9, opens = 2, cap = 40 }, { name = "Large", rate = 5 }]
outcome = [{ name = "response", bernoulli = { probability = 0.5 } }]
endpoint = [{ name = "response", binary = { value = "response", better = "higher" } }]
analysis = [{ name = "primary", endpoint = "response", difference-of-proportions = {} }]
"#,
    );
    let file = file.path();
    let table = cells(&printed(&["cohort", &file, "--stage", "screened"]));
    let column = |name: &str| table[0].iter().position(|h| h == name).expect("the column is there");
    let [number_of, eligible, reason, site] = ["candidate", "eligible", "excluded_by", "site"].map(column);
    let mut enrolled = std::collections::BTreeMap::new();
    let mut full = 0;
    for row in &table[1..] {
        let so_far = enrolled.entry(row[site].clone()).or_insert(0);
        let cap = match row[site].as_str() {
            "Small" => 15,
            "Late" => 40,
            _ => usize::MAX,
        };
        if *so_far >= cap {
            assert_eq!((row[eligible].as_str(), row[reason].as_str()), ("", "site full"), "{row:?}");
            full += 1;
        } else {
            assert_ne!(row[reason], "site full", "{row:?}");
            *so_far += usize::from(row[eligible] == "1");
        }
    }
    assert!(full > 50, "{full}");
    assert_eq!((enrolled["Small"], enrolled["Late"], enrolled["Large"]), (15, 40, 65));
    let json = Results::of(&[&file, "--replicates", "1"]).json();
    let screening = &json["designs"][0]["screening"];
    assert_eq!(number(screening, "/site_full"), f64::from(full));
    assert_eq!(number(screening, "/screened/estimate"), (table.len() - 1) as f64 - f64::from(full));
    let kept: Vec<&String> = table[1..].iter().filter(|r| r[eligible] == "1").map(|r| &r[number_of]).collect();
    let patients = cells(&printed(&["cohort", &file]));
    let [candidate, place] =
        ["candidate", "site"].map(|n| patients[0].iter().position(|h| h == n).expect("the column is there"));
    assert_eq!(kept, patients[1..].iter().map(|r| &r[candidate]).collect::<Vec<_>>());
    let of = |row: &Vec<String>| (row[number_of].clone(), row[site].clone());
    let sites: Vec<_> = table[1..].iter().filter(|r| r[eligible] == "1").map(of).collect();
    assert_eq!(sites, patients[1..].iter().map(|r| (r[candidate].clone(), r[place].clone())).collect::<Vec<_>>());
}

#[test]
fn what_is_seen_does_not_outlast_follow_up() {
    let table = cells(&printed(&["cohort", P2, "--view", "observed"]));
    let column =
        |name: &str| table[0].iter().position(|h| h == name).unwrap_or_else(|| panic!("no {name}: {:?}", table[0]));
    let [entry, until, time, event] = ["entry", "followed_until", "survival_time", "survival_event"].map(column);
    let mut events = 0;
    for row in &table[1..] {
        let x = |c: usize| row[c].parse::<f64>().expect("a number");
        assert!(x(entry) + x(time) <= 48.0 + 1e-9, "seen after the cut");
        assert!(x(time) <= x(until) + 1e-9, "seen after being lost");
        events += usize::from(row[event] == "1");
    }
    assert!(events > 250 && events < 450, "{events} events; 354 are expected");
}

#[test]
fn all_scenarios_are_clean() {
    for scenario in [P1, P2, P4, DEFIANCE] {
        let out = printed(&["check", scenario, "--variant", "all", "--trials", "5"]);
        assert!(out.ends_with("No mistakes found.\n"), "{out}");
    }
    let out = printed(&["check", DEFIANCE, "--trials", "5", "--set", "loss_6=0.123"]);
    let line = out.lines().find(|l| l.trim_start().starts_with("loss_6 ")).expect("the parameter is shown");
    assert!(line.contains("0.123"), "{line}");
}

#[test]
fn bench_says_what_stages_cost() {
    let out = printed(&["bench", P2, "--seconds", "0.05", "--n", "20,40"]);
    for words in ["n = 20", "n = 40", "screening, enrolment, allocation", "analysis", "trials a second"] {
        assert!(out.contains(words), "{out}");
    }
}
