//! Families of hypotheses: what each procedure rejects, and how often it errs.

use std::fmt::Write;

use super::table::{Table, count, percent, rounded, with_error};
use super::text::name;
use crate::result::multiplicity::{Family, FamilyAnswer, Hypothesis};
use crate::result::{Design, Figure, RunResult};

fn share(f: Figure) -> String {
    percent(f.estimate, f.mcse)
}

fn familywise(f: &Family) -> String {
    f.familywise_error.map_or_else(|| "–".to_owned(), share)
}

/// A procedure's level: `5 %, two-sided`.
fn level(alpha: f64, sides: u8) -> String {
    let text = format!("{:.4}", 100.0 * alpha);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %, {}", if sides == 2 { "two-sided" } else { "one-sided" })
}

/// The families of one design.
pub(super) fn one(out: &mut String, design: &Design) {
    let Some(first) = design.multiplicity.first() else { return };
    let paired = design.multiplicity.iter().any(|f| f.more.is_some());
    let mut header = vec!["families of hypotheses", "procedure", "level", "any %", "all %", "rejections"];
    header.extend(paired.then_some("more than the first"));
    header.push("familywise error %");
    let mut table = Table::default();
    table.row(header.into_iter().map(str::to_owned).collect());
    for f in &design.multiplicity {
        let mut cells = vec![
            f.label.clone(),
            f.procedure.to_owned(),
            level(f.alpha, f.sides),
            share(f.any),
            share(f.all),
            rounded(f.rejections.estimate, f.rejections.mcse),
        ];
        cells.extend(paired.then(|| with_error(f.more.as_ref().map(|m| m.rejections))));
        cells.push(familywise(f));
        table.row(cells);
    }
    let _ = write!(out, "\n{}", table.render());
    // what a test finds alone depends on the level
    let alike = design.multiplicity.iter().all(|f| (f.alpha, f.sides) == (first.alpha, first.sides));
    let mut header = vec!["power % of a hypothesis".to_owned()];
    header.extend(alike.then(|| "alone".to_owned()));
    header.extend(design.multiplicity.iter().map(|f| f.label.clone()));
    header.push("null hypothesis".to_owned());
    let mut table = Table::default();
    table.row(header);
    for h in hypotheses(design) {
        let mut cells = vec![h.label.clone()];
        cells.extend(alike.then(|| alone(design, &h.analysis).map_or_else(|| "–".to_owned(), share)));
        for f in &design.multiplicity {
            let own = f.hypotheses.iter().find(|x| x.analysis == h.analysis);
            cells.push(own.map_or_else(|| "–".to_owned(), |x| share(x.power)));
        }
        cells.push(null(h));
        table.row(cells);
    }
    let _ = write!(out, "\n{}", table.render());
    notes(out, design);
}

/// Every hypothesis once.
fn hypotheses(design: &Design) -> Vec<&Hypothesis> {
    let mut all: Vec<&Hypothesis> = Vec::new();
    for h in design.multiplicity.iter().flat_map(|f| &f.hypotheses) {
        if !all.iter().any(|x| x.analysis == h.analysis) {
            all.push(h);
        }
    }
    all
}

/// How often a hypothesis is rejected in favour alone: by any family of the same level that tests it so.
fn alone(design: &Design, analysis: &str) -> Option<Figure> {
    let all = design.multiplicity.iter().flat_map(|f| &f.hypotheses);
    all.filter(|h| h.analysis == analysis).find_map(|h| h.alone)
}

fn null(h: &Hypothesis) -> String {
    let mark = if h.null_contradicted { " ‡" } else { "" };
    match h.null_by {
        Some("declared") => format!("{}, declared{mark}", h.null),
        Some(by) => format!("{}, by its {by}", h.null),
        None => h.null.to_owned(),
    }
}

/// What the tables cannot hold.
fn notes(out: &mut String, design: &Design) {
    let families = &design.multiplicity;
    let hypotheses = hypotheses(design);
    if families.iter().any(|f| f.familywise_error.is_some()) {
        let _ = writeln!(out, "Familywise error: at least one true null hypothesis rejected, in either direction.");
    }
    let unknown: Vec<&str> = hypotheses.iter().filter(|h| h.null == "unknown").map(|h| h.analysis.as_str()).collect();
    if !unknown.is_empty() {
        let _ = writeln!(
            out,
            "· true values do not tell whether the null hypotheses of {} are true: nulls = [\"…\"] of the file or the variant declares which are",
            unknown.join(", ")
        );
    }
    if hypotheses.iter().any(|h| h.null_contradicted) {
        let _ = writeln!(out, "‡ the true value says otherwise");
    }
    let limited: Vec<&str> = families.iter().filter(|f| f.positive_dependence).map(|f| f.label.as_str()).collect();
    if !limited.is_empty() {
        let _ = writeln!(
            out,
            "· keep their level for independent or positively dependent p-values: {}",
            limited.join(", ")
        );
    }
    for h in hypotheses.iter().filter(|h| h.missing > 0) {
        let _ = writeln!(
            out,
            "· {}: no p-value in {} trial{}, in which it is not rejected",
            h.label,
            count(h.missing),
            if h.missing == 1 { "" } else { "s" }
        );
    }
}

/// The families of several designs.
pub(super) fn across(out: &mut String, result: &RunResult) {
    if result.designs.iter().all(|d| d.multiplicity.is_empty()) {
        return;
    }
    let _ = writeln!(out, "\nFamilies of hypotheses");
    let mut table =
        Table::new(["design", "family", "any %", "all %", "rejections", "familywise error %", "true null hypotheses"]);
    for d in &result.designs {
        for f in &d.multiplicity {
            let of = |null: &str| {
                let names = f.hypotheses.iter().filter(|h| h.null == null).map(|h| h.analysis.as_str());
                names.collect::<Vec<_>>().join(", ")
            };
            let nulls = match (of("true"), of("unknown")) {
                (known, unknown) if unknown.is_empty() => {
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known
                    }
                }
                (_, unknown) => format!("not known of {unknown}"),
            };
            table.row(vec![
                name(result, d),
                f.label.clone(),
                share(f.any),
                share(f.all),
                rounded(f.rejections.estimate, f.rejections.mcse),
                familywise(f),
                nulls,
            ]);
        }
    }
    out.push_str(&table.render());
}

/// What families decide on real data; `p_value` shows one.
pub(super) fn answers(families: &[FamilyAnswer], p_value: impl Fn(f64) -> String) -> String {
    let mut out = String::new();
    for f in families {
        let mut table = Table::new(["hypothesis", "p", "adjusted p", "decision"]);
        for h in &f.hypotheses {
            let p = |p: Option<f64>| p.map_or_else(|| "–".to_owned(), &p_value);
            let decision = match h.decision {
                Some("neither") => "not rejected",
                Some("favour") => "rejected, in favour",
                Some("against") => "rejected, against",
                _ => "no p-value",
            };
            table.row(vec![h.label.clone(), p(h.p), p(h.adjusted), decision.to_owned()]);
        }
        let _ = write!(out, "\n{}: {} at {}\n{}", f.label, f.procedure, level(f.alpha, f.sides), table.render());
    }
    out
}
