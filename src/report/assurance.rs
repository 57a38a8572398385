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
        let mut row = vec![place(region, &first.regions), percent(share, None)];
        for (assured, _) in &shown {
            row.push(
                assured.regions[k].power.map_or_else(|| "–".to_owned(), |power| percent(power.estimate, power.mcse)),
            );
        }
        table.row(row);
    }
    out.push_str(&table.render());
}

fn place(region: &Region, all: &[Region]) -> String {
    // regions of a parameter share their edges, which look alike on either side
    let width = |r: &Region| Some(r.to? - r.from?).filter(|width| *width > 0.0);
    let own = all.iter().filter(|r| r.parameter == region.parameter);
    let narrowest = own.filter_map(width).min_by(f64::total_cmp);
    let edge = region.from.or(region.to).unwrap_or(1.0).abs().max(1e-3);
    let number = |x: f64| rounded(x, Some(narrowest.map_or(0.01 * edge, |width| 0.1 * width)));
    let name = &region.parameter;
    match (region.from, region.to) {
        (Some(a), Some(b)) if a >= b => format!("{name} = {}", number(a)),
        (Some(a), Some(b)) => format!("{} ≤ {name} < {}", number(a), number(b)),
        (None, Some(b)) => format!("{name} < {}", number(b)),
        (Some(a), None) => format!("{name} ≥ {}", number(a)),
        (None, None) => name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_an_edge_looks_alike_on_either_side() {
        let places = |ends: &[(Option<f64>, Option<f64>)]| {
            let region = |&(from, to): &(Option<f64>, Option<f64>)| Region {
                parameter: "p".to_owned(),
                from,
                to,
                mean: None,
                replicates: 1,
                power: None,
            };
            let all: Vec<Region> = ends.iter().map(region).collect();
            all.iter().map(|r| place(r, &all)).collect::<Vec<_>>()
        };
        let [a, b, c] = [0.085_81, 0.1313, 0.15].map(Some);
        assert_eq!(
            places(&[(None, a), (a, b), (b, c), (c, None)]),
            ["p < 0.086", "0.086 ≤ p < 0.131", "0.131 ≤ p < 0.150", "p ≥ 0.150"]
        );
        assert_eq!(places(&[(None, a), (a, None)]), ["p < 0.0858", "p ≥ 0.0858"]);
        assert_eq!(places(&[(b, b), (c, c)]), ["p = 0.131", "p = 0.150"]);
    }
}
