//! Several designs side by side.

use std::fmt::Write;

use super::table::{Table, percent, rounded};
use super::text::{biased, interval, is_primary, name, shown};
use crate::result::{Analysis, Design, Pairs, RunResult};

/// Rejections of every analysis over the designs, bias where clinicians chose the arms, and the primary analysis in detail.
pub(super) fn across(out: &mut String, result: &RunResult) {
    let _ = writeln!(out, "Rejections in favour of the experimental arm (%)");
    matrix(out, result, |a| percent(a.power.estimate, a.power.mcse));
    let against = |a: &Analysis| a.sides == 2 && a.rejects.against.estimate >= 0.1;
    if result.designs.iter().flat_map(|d| &d.analyses).any(against) {
        let _ = writeln!(out, "\nRejections against it (%)");
        matrix(out, result, |a| match a.sides {
            2 => percent(a.rejects.against.estimate, a.rejects.against.mcse),
            _ => "–".to_owned(),
        });
    }
    let weighted = |a: &Analysis| a.parts.iter().any(|p| p.name == "ess-experimental");
    if result.designs.iter().flat_map(|d| &d.analyses).any(weighted) {
        let _ = writeln!(out, "\nBias against the limit, in standard errors of the estimate");
        matrix(out, result, |a| match a.estimate.bias.limit.zip(a.estimate.empirical_se) {
            Some((bias, se)) => {
                let error = bias.mcse.map(|m| m / se.estimate);
                format!("{}{}", rounded(bias.estimate / se.estimate, error), if biased(a) { " †" } else { "" })
            }
            None => "–".to_owned(),
        });
        let _ = writeln!(out, "† beyond five Monte Carlo errors and a twentieth of the standard error");
    }
    primary(out, result);
    super::looks::across(out, result);
    super::multiplicity::across(out, result);
}

/// A figure of every analysis, an analysis a row and a design a column.
fn matrix(out: &mut String, result: &RunResult, cell: impl Fn(&Analysis) -> String) {
    let mut header = vec!["analysis".to_owned()];
    header.extend(result.designs.iter().map(|d| name(result, d)));
    let mut table = Table::default();
    table.row(header);
    let mut names: Vec<(&str, &str)> = Vec::new();
    for a in result.designs.iter().flat_map(|d| &d.analyses) {
        if !names.iter().any(|n| n.0 == a.name) {
            names.push((&a.name, &a.label));
        }
    }
    for (name, label) in names {
        let mut cells = vec![label.to_owned()];
        for d in &result.designs {
            let a = d.analyses.iter().find(|a| a.name == name);
            cells.push(a.map_or_else(|| "–".to_owned(), &cell));
        }
        table.row(cells);
    }
    out.push_str(&table.render());
}

/// The primary analysis of each design.
fn primary(out: &mut String, result: &RunResult) {
    let rows = |d: &Design| d.analyses.iter().filter(|a| is_primary(a)).cloned().collect::<Vec<_>>();
    if result.designs.iter().all(|d| rows(d).is_empty()) {
        return;
    }
    let pairs = result.designs.iter().flat_map(rows).any(|a| a.pairs.is_some());
    let _ = writeln!(out, "\nThe primary analysis");
    let mut table = Table::default();
    let mut header = vec!["design", "power %", "95% interval", "formula %", "true", "limit", "mean"];
    if pairs {
        header.extend(["wins %", "losses %", "ties %"]);
    }
    table.row(header.into_iter().map(str::to_owned).collect());
    for d in &result.designs {
        let rows = rows(d);
        for a in &rows {
            let design = name(result, d);
            let mut cells = vec![
                if rows.len() > 1 { format!("{design}, {}", a.name.trim_start_matches("primary/")) } else { design },
                percent(a.power.estimate, a.power.mcse),
                interval(a),
                a.planning.as_ref().map_or_else(|| "–".to_owned(), |p| percent(p.power, None)),
                shown(a, a.estimand.truth),
                shown(a, a.estimand.limit),
                shown(a, a.estimate.mean),
            ];
            if pairs {
                let part =
                    |f: fn(&Pairs) -> f64| a.pairs.as_ref().map_or_else(|| "–".to_owned(), |p| percent(f(p), None));
                cells.extend([part(|p| p.wins), part(|p| p.losses), part(|p| p.ties)]);
            }
            table.row(cells);
        }
    }
    out.push_str(&table.render());
    let formula = |d: &Design| d.analyses.iter().find(|a| is_primary(a)).and_then(|a| a.planning.clone());
    if let Some(p) = result.designs.iter().find_map(formula) {
        let at = if pairs { " and the probabilities of the pairs as seen" } else { " and the numbers as seen" };
        let _ = writeln!(out, "Formula: {}, at the limit{at}. {}.", p.formula, p.note);
    }
}
