//! Covers: the direction of imports. Later stages use earlier ones, never the other way round.

use std::path::Path;

/// The layers, lowest first: a module may use those of its own line and of the lines before.
const LAYERS: &[&[&str]] = &[
    // numbers, and the world outside
    &["math"],
    &["sequential"],
    &["random"],
    &["calendar"],
    &["clock"],
    &["error"],
    // patients as columns, and expressions over them
    &["expr"],
    &["column"],
    // how entries of a scenario are written: what every family's members declare
    &["scenario::diagnostic"],
    &["scenario::form"],
    &["distribution"],
    &["endpoint::hierarchical"],
    // the pooled root of a proportional-odds model is both a true value and what the method finds
    &["estimand", "analysis"],
    &["multiplicity"],
    // what will run, and the same made ready to run
    &["scenario"],
    &["enrolment"],
    &["allocation"],
    &["protocol"],
    // stages after allocation
    &["observation"],
    &["endpoint"],
    &["selection"],
    &["monitoring"],
    &["workspace"],
    &["engine"],
    &["decision"],
    &["pilot"],
    &["marginal"],
    // many replicates, and what they are worth
    &["run"],
    &["result"],
    &["planning"],
    &["summary"],
    &["type_one"],
    &["store"],
    &["compare"],
    &["size"],
    &["sweep"],
    &["certify"],
    &["report"],
    &["data"],
    &["validation"],
    &["command"],
];

/// Imports that the layers would allow and the design does not: (of these, none of those).
const WALLS: &[(&[&str], &[&str])] = &[
    // a method sees a data set and knows nothing of how it was made
    (&["estimand", "analysis"], &["random", "distribution", "column", "expr"]),
    // a procedure sees p-values and knows nothing of where they come from
    (&["multiplicity"], &["random", "distribution", "column", "estimand", "analysis"]),
    // what is seen and measured does not depend on how it is analysed: the types of `analysis` only, none of its methods
    (&["observation", "endpoint", "endpoint::hierarchical"], &["analysis::", "allocation", "enrolment"]),
    // clocks decide nothing
    (
        &[
            "engine",
            "summary",
            "store",
            "protocol",
            "observation",
            "endpoint",
            "selection",
            "pilot",
            "marginal",
            "decision",
            "multiplicity",
        ],
        &["clock"],
    ),
    // renderers see results, not how they came about
    (&["report"], &["engine", "protocol", "scenario", "summary", "store", "run", "workspace"]),
];

/// The layer's name for a path such as `scenario::form::Member`: the longest that is listed.
fn listed(path: &str) -> Option<(usize, &'static str)> {
    let belongs = |name: &str| path == name || path.starts_with(&format!("{name}::"));
    let layers = LAYERS.iter().enumerate().flat_map(|(i, layer)| layer.iter().map(move |name| (i, *name)));
    layers.filter(|(_, name)| belongs(name)).max_by_key(|(_, name)| name.len())
}

/// Paths after `crate::` in code, with groups in braces taken apart: `{a, b::{c, d}}` is `a`, `b::c`, `b::d`.
fn paths(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        if whole {
            expand(&code[at + "crate::".len()..], "", &mut all);
        }
    }
    all
}

fn expand<'c>(mut rest: &'c str, prefix: &str, all: &mut Vec<String>) -> &'c str {
    let mut path = prefix.to_owned();
    loop {
        rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            rest = group;
            loop {
                rest = expand(rest, &path, all).trim_start();
                match rest.strip_prefix(',') {
                    Some(more) => rest = more,
                    None => return rest.strip_prefix('}').unwrap_or(rest),
                }
            }
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if end > 0 {
            path.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        match rest.strip_prefix("::") {
            Some(more) => {
                path.push_str("::");
                rest = more;
            }
            None => {
                let path = path.trim_end_matches("::self").trim_end_matches("::");
                if !path.is_empty() {
                    all.push(if path == "Error" { "error".to_owned() } else { path.to_owned() });
                }
                return rest;
            }
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_point_to_earlier_stages() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in files {
        let name = file.strip_prefix(&src).unwrap().with_extension("");
        let own: Vec<&str> = name.iter().filter_map(|s| s.to_str()).filter(|s| *s != "mod").collect();
        let own = own.join("::");
        if own == "lib" || own == "main" {
            continue;
        }
        let Some((place, me)) = listed(&own) else {
            wrong.push(format!("`{own}` has no layer"));
            continue;
        };
        let text = std::fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text.lines().map(|l| l.split("//").next().unwrap_or("")).collect();
        for path in paths(&code.join("\n")) {
            let Some((layer, other)) = listed(&path) else {
                wrong.push(format!("{own} uses `{path}`, which has no layer"));
                continue;
            };
            seen += 1;
            if layer > place {
                wrong.push(format!("{own} uses `{path}` of a later stage"));
            }
            for (of, not) in WALLS {
                let method = |n: &&str| {
                    // `analysis::` stands for what lies below the module, types at its root aside
                    n.strip_suffix("::").is_some_and(|m| {
                        other == m
                            && path.strip_prefix(m).and_then(|p| p.strip_prefix("::")).is_some_and(|p| p.contains("::"))
                    })
                };
                if of.contains(&me) && me != other && (not.contains(&other) || not.iter().any(method)) {
                    wrong.push(format!("{own} uses `{path}` through a wall"));
                }
            }
        }
    }
    assert!(seen > 150, "only {seen} imports were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn by_hand_paths_of_imports() {
    assert_eq!(paths("use crate::math;\nlet x = crate::math::special::gamma(1);"), ["math", "math::special::gamma"]);
    assert_eq!(paths("use crate::{analysis, Error};"), ["analysis", "error"]);
    assert_eq!(
        paths("use crate::scenario::{self, form::{Form, Key}, Cut};"),
        ["scenario", "scenario::form::Form", "scenario::form::Key", "scenario::Cut"]
    );
    assert_eq!(paths("use mycrate::a; $crate::b"), Vec::<String>::new());
    assert_eq!(listed("scenario::form::Key").map(|l| l.1), Some("scenario::form"));
    assert_eq!(listed("scenario::formal").map(|l| l.1), Some("scenario"));
}
