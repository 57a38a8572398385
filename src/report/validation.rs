//! Validation as a table on a terminal, and as a report for the file.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::table::Table;
use crate::result::validation::{Comparison, Report};

/// Figures of one method in one case against one program.
struct Line<'r> {
    figures: usize,
    worst: Option<&'r Comparison>,
    failed: usize,
}

/// Method, case and program, each with its figures.
fn lines(report: &Report) -> BTreeMap<(&str, &str, &str), Line<'_>> {
    let mut lines: BTreeMap<(&str, &str, &str), Line<'_>> = BTreeMap::new();
    for c in &report.comparisons {
        let line = lines.entry((c.method, c.case, &c.by)).or_insert(Line { figures: 0, worst: None, failed: 0 });
        line.figures += 1;
        line.failed += usize::from(!c.holds);
        // the one nearest to its tolerance, or furthest beyond it
        let strain = |c: &Comparison| c.deviation.map_or(f64::INFINITY, |d| d / c.tolerance.max(f64::MIN_POSITIVE));
        if line.worst.is_none_or(|w| strain(c) > strain(w)) {
            line.worst = Some(c);
        }
    }
    lines
}

fn cells(report: &Report) -> Vec<[String; 7]> {
    let cell = |((method, case, by), line): (&(&str, &str, &str), &Line<'_>)| {
        let deviation = line.worst.and_then(|w| w.deviation).map_or_else(|| "no figure".to_owned(), small);
        let allowed = line.worst.map_or_else(String::new, |w| small(w.tolerance));
        let result = if line.failed == 0 { "pass".to_owned() } else { format!("FAIL ({})", line.failed) };
        [
            (*method).to_owned(),
            (*case).to_owned(),
            (*by).to_owned(),
            line.figures.to_string(),
            deviation,
            allowed,
            result,
        ]
    };
    lines(report).iter().map(cell).collect()
}

const HEADER: [&str; 7] = ["method", "case", "against", "figures", "deviation", "allowed", "result"];

fn verdict(report: &Report) -> String {
    let failed = report.comparisons.iter().filter(|c| !c.holds).count();
    let n = report.comparisons.len();
    let what = format!("{n} figures of {} cases", report.cases);
    match (report.passed, report.broken.len()) {
        (true, _) => format!("Passed: {what}, every one within its tolerance."),
        (false, 0) => format!("FAILED: {failed} of {what} beyond their tolerance."),
        (false, k) => format!("FAILED: {failed} of {what} beyond their tolerance; {k} cases could not be run."),
    }
}

fn heading(report: &Report) -> String {
    format!(
        "{} {} on {}, {}, {:.1} s",
        report.program, report.version, report.run.platform, report.run.date, report.run.seconds
    )
}

/// For a terminal.
#[must_use]
pub fn text(report: &Report, all: bool) -> String {
    let mut out = format!("{}\n\n", heading(report));
    let mut table = Table::new(HEADER);
    cells(report).into_iter().for_each(|row| table.row(row.into()));
    out.push_str(&table.render());
    let shown: Vec<&Comparison> = report.comparisons.iter().filter(|c| all || !c.holds).collect();
    if !shown.is_empty() {
        let mut table =
            Table::new(["case", "analysis", "quantity", "against", "its figure", "ours", "deviation", "allowed"]);
        for c in shown {
            table.row(vec![
                c.case.to_owned(),
                c.analysis.clone(),
                c.quantity.clone(),
                c.by.clone(),
                format!("{:e}", c.reference),
                c.found.map_or_else(|| "–".to_owned(), |x| format!("{x:e}")),
                c.deviation.map_or_else(|| "–".to_owned(), small),
                small(c.tolerance),
            ]);
        }
        let _ = write!(out, "\n{}", table.render());
    }
    for why in &report.broken {
        let _ = writeln!(out, "\n{why}");
    }
    let _ = writeln!(out, "\n{}", verdict(report));
    out
}

/// As Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = format!("# Validation report\n\n{}\n\n**{}**\n\n", heading(report), verdict(report));
    let _ = writeln!(out, "| {} |\n|{}", HEADER.join(" | "), " --- |".repeat(HEADER.len()));
    for row in cells(report) {
        let _ = writeln!(out, "| {} |", row.map(|c| c.replace('|', "\\|")).join(" | "));
    }
    for why in &report.broken {
        let _ = writeln!(out, "\n```\n{why}\n```");
    }
    out.push_str(
        "\nDeviations are relative, absolute where the other program's figure is 0; of several figures the one nearest to its tolerance is shown.\n",
    );
    out
}

/// As a page of HTML.
#[must_use]
pub fn html(report: &Report) -> String {
    let escaped = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let row = |tag: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|c| format!("<{tag}>{}</{tag}>", escaped(c))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut body = row("th", &HEADER.map(str::to_owned));
    cells(report).iter().for_each(|cells| body.push_str(&row("td", cells)));
    let broken: String = report.broken.iter().map(|why| format!("<pre>{}</pre>\n", escaped(why))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Validation report</title>\n\
         <style>body{{font:15px/1.5 sans-serif;margin:2em}}table{{border-collapse:collapse}}th,td{{padding:.2em .8em;border-bottom:1px solid #ccc;text-align:left}}</style>\n\
         <h1>Validation report</h1>\n<p>{}</p>\n<p><strong>{}</strong></p>\n<table>\n{body}</table>\n{broken}</html>\n",
        escaped(&heading(report)),
        escaped(&verdict(report)),
    )
}

/// A deviation to two digits.
fn small(x: f64) -> String {
    if x == 0.0 { "0".to_owned() } else { format!("{x:.1e}") }
}
