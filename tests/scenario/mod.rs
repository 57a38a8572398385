//! Covers: the scenario reader. Good scenarios resolve to what they say; every kind of mistake has a file, a message and a
//! snapshot; nothing that can be typed makes it panic or hang.

#![allow(clippy::unwrap_used)]

mod bad;
mod declared;
mod fuzz;
mod good;
mod looks;
mod schema;
mod template;

use std::path::PathBuf;

use patency::scenario::diagnostic::Report;
use patency::scenario::{Options, Scenario, read};

/// The smallest scenario: a binary response.
const P1: &str = include_str!("../scenarios/good/p1.toml");

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name)
}

/// The scenarios of a folder: name and text, by name.
fn scenarios(name: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// Reads with the options that the first line may hold: `# options: --variant x --set a=1 --n 10`.
fn read_with_options(text: &str) -> Result<Scenario, Report> {
    let line = text.lines().next().unwrap_or_default();
    let words: Vec<&str> = line.strip_prefix("# options: ").unwrap_or_default().split_whitespace().collect();
    let mut variant = None;
    let mut n = None;
    let mut set = Vec::new();
    for pair in words.chunks(2) {
        match pair {
            ["--variant", name] => variant = Some(*name),
            ["--n", size] => n = Some(size.parse().unwrap()),
            ["--set", assignment] => {
                let (name, value) = assignment.split_once('=').unwrap();
                set.push((name.to_owned(), value.to_owned()));
            }
            other => panic!("unknown option {other:?}"),
        }
    }
    read(text, &Options { variant, set: &set, n, ..Options::default() })
}

/// The scenario, or a panic with the messages.
fn good(text: &str) -> Scenario {
    good_with(text, &Options::default())
}

fn good_with(text: &str, options: &Options<'_>) -> Scenario {
    read(text, options).unwrap_or_else(|report| panic!("{}", report.render(text, "scenario.toml", false)))
}

/// The codes of the mistakes of a scenario.
fn codes(text: &str) -> Vec<&'static str> {
    match read(text, &Options::default()) {
        Ok(_) => Vec::new(),
        Err(report) => report.codes().into_iter().map(|c| c.as_str()).collect(),
    }
}
