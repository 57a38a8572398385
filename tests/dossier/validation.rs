//! Covers: `docs/validation.md`, which follows every method from its requirement to the figures it was checked against.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use patency::analysis::FAMILY;
use patency::validation::{CASES, Case, Check};

use super::assert_current;
use super::evidence::{GRADES, Method, Test, files, shown, tests};

/// What a method may lack: (method, what, why). Each is printed.
const EXCEPTIONS: &[(&str, Lack, &str)] = &[];

/// Evidence that every method must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    ByHand,
    Case,
    DataSets,
    Source,
}

impl Lack {
    fn words(self) -> &'static str {
        match self {
            Lack::ByHand => "no by-hand test",
            Lack::Case => "no case",
            Lack::DataSets => "fewer than two data sets",
            Lack::Source => "no source",
        }
    }
}

const INTRODUCTION: &str = "\
Every method is claimed to compute, on a data set, the figures that its published definition gives. \
Each is checked by hand on data small enough to work out, by slow twins that follow the definition on small data full of ties, by contracts that hold on any \
data, and on real data against figures printed by other software. \
`patency validate` holds the installed program against those figures, which are inside it; `cargo test` runs all tests; the scripts that printed the figures stand \
beside them in [tests/reference/cases](../tests/reference/cases). \
This page is written by the test `dossier`, which fails where a method has no by-hand test, no source, no case, or cases of fewer than two data sets, and where \
the page is not current.
";

/// The least power of ten above a deviation, none below 1e-15: the same on every platform.
fn below(deviation: f64) -> String {
    let exponent = (-15..=300).find(|&e| deviation < 10_f64.powi(e));
    exponent.map_or_else(|| "none".to_owned(), |e| format!("< 1e{e}"))
}

/// A figure's tolerance as written in few digits.
fn tolerance(x: f64) -> String {
    format!("{x:e}")
}

/// One row of the page.
struct Row<'c> {
    key: &'static str,
    summary: &'static str,
    method: Method,
    tests: Vec<&'c Test>,
    checks: Vec<&'c Check>,
}

impl Row<'_> {
    fn cases(&self) -> Vec<&'static Case> {
        CASES.iter().filter(|c| self.checks.iter().any(|x| x.case == c.name)).collect()
    }

    fn data(&self) -> BTreeSet<&'static str> {
        self.cases().iter().map(|c| c.data_name).collect()
    }

    fn largest(&self) -> f64 {
        self.checks.iter().map(|c| c.deviation()).fold(0.0, f64::max)
    }

    fn lacks(&self) -> Vec<Lack> {
        let lacking = [
            (Lack::ByHand, !self.tests.iter().any(|t| t.name.starts_with("by_hand_"))),
            (Lack::Case, self.checks.is_empty()),
            (Lack::DataSets, self.data().len() < 2),
            (Lack::Source, self.method.sources.is_empty()),
        ];
        lacking.into_iter().filter(|(_, lacks)| *lacks).map(|(lack, _)| lack).collect()
    }

    fn overview(&self, out: &mut String) {
        let grade = |g: &str| self.tests.iter().filter(|t| t.name.starts_with(g)).count();
        let programs: BTreeSet<&str> = self.checks.iter().map(|c| c.by.as_str()).collect();
        let _ = writeln!(
            out,
            "| [`{0}`](#{0}) | {1} | {2} | {3} | {4} | {5} | {6} | {7} |",
            self.key,
            grade("by_hand_"),
            grade("twin_"),
            grade("contract_") + grade("statistical_"),
            self.data().len(),
            programs.len(),
            self.checks.len(),
            if self.checks.is_empty() { "none".to_owned() } else { below(self.largest()) },
        );
    }

    fn section(&self, out: &mut String) {
        let file = &self.method.file;
        let _ = writeln!(out, "### {}\n", self.key);
        let _ = writeln!(out, "- Requirement: {}", self.summary.trim_end_matches('.'));
        let _ = writeln!(out, "- Method: `{}` in [{file}](../{file})", self.key);
        for source in &self.method.sources {
            let _ = writeln!(out, "- Source: {source}");
        }
        for (prefix, title) in GRADES {
            let links: BTreeSet<String> = (self.tests.iter().filter(|t| t.name.starts_with(prefix)))
                .map(|t| format!("[{}](../{})", t.name.trim_start_matches(prefix).replace('_', " "), t.file))
                .collect();
            if !links.is_empty() {
                let _ = writeln!(out, "- {title}: {}", links.into_iter().collect::<Vec<_>>().join("; "));
            }
        }
        for (method, lack, why) in EXCEPTIONS.iter().filter(|e| e.0 == self.key) {
            let _ = writeln!(out, "- Exception: {method} has {}: {why}", lack.words());
        }
        let cases: Vec<String> = (self.cases().iter())
            .map(|c| {
                let at = "../tests/reference";
                let ask = format!("[{0}]({at}/cases/{0}.toml) ([figures]({at}/cases/{0}.csv)", c.name);
                format!("{ask}, [{0}]({at}/data/{0}.csv))", c.data_name)
            })
            .collect();
        if cases.is_empty() {
            out.push('\n');
            return;
        }
        let _ = writeln!(out, "- Cases: {}\n", cases.join("; "));
        out.push_str("| program | figures | tolerance | largest deviation |\n| --- | ---: | ---: | ---: |\n");
        let mut groups: BTreeMap<(&str, u64), (usize, f64)> = BTreeMap::new();
        for c in &self.checks {
            // positive numbers are in the order of their bits
            let group = groups.entry((&c.by, c.tolerance.to_bits())).or_default();
            *group = (group.0 + 1, group.1.max(c.deviation()));
        }
        for ((by, allowed), (count, largest)) in groups {
            let allowed = tolerance(f64::from_bits(allowed));
            let _ = writeln!(out, "| {by} | {count} | {allowed} | {} |", below(largest));
        }
        out.push('\n');
    }
}

/// Comments of the figures that say where a program is not followed or known less exactly: text to cases; rows not followed apart.
fn disagreements(checks: &[Check]) -> String {
    let mut notes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut rows = String::new();
    for case in CASES {
        for line in case.figures.lines().filter_map(|l| l.strip_prefix('#')).map(str::trim) {
            let known = ["not followed", "disagreement", "reason"].iter().any(|k| line.starts_with(k));
            let Some((head, rest)) = line.split_once(':').filter(|_| known) else { continue };
            let cells: Vec<&str> = rest.split(',').map(str::trim).collect();
            if let (true, [_, analysis, quantity, value, _, by]) = (rest.starts_with(','), &cells[..]) {
                let same = |c: &&Check| c.case == case.name && c.analysis == *analysis && c.quantity == *quantity;
                let followed: BTreeSet<String> =
                    (checks.iter().filter(same)).map(|c| format!("{:.9e} ({})", c.reference, c.by)).collect();
                let followed = followed.into_iter().collect::<Vec<_>>().join("; ");
                let value = value.parse::<f64>().map_or_else(|_| (*value).to_owned(), |v| format!("{v:.9e}"));
                let _ = writeln!(rows, "| {} | {analysis} | {quantity} | {value} ({by}) | {followed} |", case.name);
                continue;
            }
            let text = match head {
                "reason" => rest.trim().to_owned(),
                _ => format!("{head}: {}", rest.trim()),
            };
            let cases = notes.entry(text).or_default();
            if !cases.contains(&case.name) {
                cases.push(case.name);
            }
        }
    }
    let mut out = String::from(
        "## Where programs disagree or are known less exactly\n\nAs the files of figures say it: programs that are not followed, and reasons for tolerances \
         wider than a method's own precision.\n\n",
    );
    for (text, cases) in notes {
        let _ = writeln!(out, "- {text} ({})", cases.join(", "));
    }
    if !rows.is_empty() {
        out.push_str("\n| case | analysis | quantity | not followed | followed |\n| --- | --- | --- | --- | --- |\n");
        out.push_str(&rows);
    }
    out
}

/// The data sets, with what their first lines say.
fn data_sets() -> String {
    let mut out = String::from("\n## Data sets\n\n| data set | source | cases |\n| --- | --- | --- |\n");
    for path in files("tests/reference/data", "csv") {
        let text = std::fs::read_to_string(&path).expect("data are text");
        let source = text.lines().next().and_then(|l| l.strip_prefix('#')).unwrap_or_default().trim();
        assert!(!source.is_empty(), "{} does not say where it is from", shown(&path));
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let cases: Vec<&str> = CASES.iter().filter(|c| c.data_name == name).map(|c| c.name).collect();
        let cases = if cases.is_empty() { "tests alone".to_owned() } else { cases.join(", ") };
        let source = source.trim_start_matches("source:").trim().replace('|', "\\|");
        let _ = writeln!(out, "| [{name}](../{}) | {source} | {cases} |", shown(&path));
    }
    out
}

#[test]
fn contract_every_method_can_be_followed_from_requirement_to_figures() {
    let tests = tests();
    let checks: Vec<Check> =
        CASES.iter().flat_map(|c| c.run().unwrap_or_else(|why| panic!("{}: {why}", c.name))).collect();
    let mut lacking = Vec::new();
    let mut overview = String::from(
        "| method | by hand | twins | contracts | data sets | programs | figures | largest deviation |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut sections = String::new();
    for member in FAMILY {
        let key = member.form.name;
        let method = Method::find(key);
        let row = Row {
            key,
            summary: member.form.summary,
            tests: tests.iter().filter(|t| method.exercised(t)).collect(),
            checks: checks.iter().filter(|c| c.method == key).collect(),
            method,
        };
        let lacks = row.lacks();
        let excused: Vec<Lack> = EXCEPTIONS.iter().filter(|e| e.0 == key).map(|e| e.1).collect();
        lacking.extend(lacks.iter().filter(|l| !excused.contains(l)).map(|l| format!("{key} has {}", l.words())));
        lacking.extend(
            excused
                .iter()
                .filter(|l| !lacks.contains(l))
                .map(|l| format!("{key} is excused {} for nothing", l.words())),
        );
        row.overview(&mut overview);
        row.section(&mut sections);
    }
    let text = format!(
        "# Validation\n\n{INTRODUCTION}\n{} methods, {} cases on {} data sets, {} figures. The largest deviation |x − r|/|r| of a figure x from another program's r is \
         rounded up to a power of ten; a program called *naive* is the definition written out in the script; tolerances, and what limits the precision of other programs, stand in the sections.\n\n\
         {overview}\n## Methods\n\n{sections}{}{}",
        FAMILY.len(),
        CASES.len(),
        CASES.iter().map(|c| c.data_name).collect::<BTreeSet<_>>().len(),
        checks.len(),
        disagreements(&checks),
        data_sets(),
    );
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    assert_current("validation.md", &text);
}

#[test]
fn by_hand_powers_of_ten() {
    for (x, text) in
        [(0.0, "< 1e-15"), (9.9e-14, "< 1e-13"), (1e-13, "< 1e-12"), (0.2, "< 1e0"), (f64::INFINITY, "none")]
    {
        assert_eq!(below(x), text);
    }
}
