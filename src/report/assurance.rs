//! Power over priors, in words and tables.

use std::fmt::Write;

use super::table::{Table, percent, rounded, with_error};
use super::text::is_primary;
use crate::result::{Assured, Design, Region};

/// Assurance, the distribution of power, and power by region of each parameter.
pub(super) fn write(out: &mut String, design: &Design) {
    let Some(assurance) = &design.assurance else { return };
    let _ = writeln!(
        out,
        "\nParameters with a prior: every replicate draws its own. Power above is assurance: the mean over the priors.\n\
         Bias and coverage are against each replicate's own true value."
    );
    for prior in &assurance.priors {
        let words = design.parameters.iter().find(|p| p.name == prior.name).and_then(|p| p.prior.as_deref());
        let _ = writeln!(
            out,
            "· {}: {} (drawn: mean {}, SD {})",
            prior.name,
            words.unwrap_or_default(),
            with_error(prior.mean),
            prior.sd.map_or_else(|| "–".to_owned(), |sd| rounded(sd, prior.mean.and_then(|m| m.mcse))),
        );
    }
    let mut table = Table::new([
        "power over the priors",
        "assurance %",
        "5% below",
        "median",
        "5% above",
        "P(≥ 80%) %",
        "P(≥ 90%) %",
    ]);
    for (assured, analysis) in assurance.analyses.iter().zip(&design.analyses) {
        let mut row = vec![analysis.label.clone(), percent(assured.assurance.estimate, assured.assurance.mcse)];
        match &assured.distribution {
            Some(d) => {
                let with = |x: f64, error: Option<f64>| {
                    error.map_or_else(|| "–".to_owned(), |e| format!("{} ± {}", percent(x, error), percent(e, error)))
                };
                let quantile = |p: f64| d.quantiles.iter().find(|q| q.p == p);
                let quantiles = [0.05, 0.5, 0.95].map(quantile);
                row.extend(quantiles.map(|q| q.map_or_else(String::new, |q| with(q.value, q.mcse))));
                row.extend([with(d.at_least_80, d.at_least_80_mcse), with(d.at_least_90, d.at_least_90_mcse)]);
            }
            None => row.extend(std::iter::repeat_n("–".to_owned(), 5)),
        }
        table.row(row);
    }
    out.push_str(&table.render());
    let primary: Vec<(&Assured, &str)> = assurance
        .analyses
        .iter()
        .zip(&design.analyses)
        .filter(|(_, a)| is_primary(a))
        .map(|(assured, a)| (assured, a.label.as_str()))
        .collect();
    let shown = if primary.is_empty() {
        assurance.analyses.iter().zip(design.analyses.iter().map(|a| a.label.as_str())).take(1).collect()
    } else {
        primary
    };
    let Some((first, _)) = shown.first() else { return };
    let mut header = vec!["given that".to_owned(), "share %".to_owned()];
    header.extend(shown.iter().map(|(_, label)| format!("{label}: power %")));
    let mut table = Table::default();
    table.row(header);
    for (k, region) in first.regions.iter().enumerate() {
        let share = region.replicates as f64 / design.replicates.max(1) as f64;
        let mut row = vec![place(region), percent(share, None)];
        for (assured, _) in &shown {
            row.push(
                assured.regions[k].power.map_or_else(|| "–".to_owned(), |power| percent(power.estimate, power.mcse)),
            );
        }
        table.row(row);
    }
    out.push_str(&table.render());
}

fn place(region: &Region) -> String {
    let digits = match (region.from, region.to) {
        (Some(a), Some(b)) if a < b => 0.1 * (b - a),
        _ => 0.01 * region.from.or(region.to).unwrap_or(1.0).abs().max(1e-3),
    };
    let number = |x: f64| rounded(x, Some(digits));
    let name = &region.parameter;
    match (region.from, region.to) {
        (Some(a), Some(b)) if a >= b => format!("{name} = {}", number(a)),
        (Some(a), Some(b)) => format!("{} ≤ {name} < {}", number(a), number(b)),
        (None, Some(b)) => format!("{name} < {}", number(b)),
        (Some(a), None) => format!("{name} ≥ {}", number(a)),
        (None, None) => name.clone(),
    }
}
