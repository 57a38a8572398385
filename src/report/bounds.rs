//! A boundary as a statistician reads it.

use std::fmt::Write;

use super::table::{Table, percent};
use crate::result::bounds::BoundsResult;

/// The table of looks, and what the design takes.
#[must_use]
pub fn text(r: &BoundsResult) -> String {
    let sides = if r.sides == 2 { "two-sided" } else { "one-sided" };
    let mut out = format!(
        "Group-sequential test, {} look{}, {sides} {}, power {} %\nEfficacy: {}\n",
        r.looks.len(),
        if r.looks.len() == 1 { "" } else { "s" },
        r.alpha,
        trimmed(100.0 * r.power, 4),
        r.efficacy
    );
    if let Some(futility) = &r.futility {
        let _ = writeln!(out, "Futility: {futility}, {}", if r.binding { "binding" } else { "not binding" });
    }
    if let Some(s) = &r.sizes {
        let ratio = if s.ratio == 1.0 { String::new() } else { format!(", {} : 1", s.ratio) };
        let _ = writeln!(out, "Alternative: {}{ratio}", s.alternative);
    }
    let futility = r.futility.is_some();
    let mut header = vec!["look".to_owned(), "information".to_owned()];
    if let Some(s) = &r.sizes {
        header.push(s.unit.to_owned());
    }
    header.extend(["z", "p, one-sided"].map(str::to_owned));
    if r.sizes.is_some() {
        header.push("effect".to_owned());
    }
    if futility {
        header.push("futility z".to_owned());
        if r.sizes.is_some() {
            header.push("effect".to_owned());
        }
        header.push("cond. power %".to_owned());
    }
    header.extend(["cum. alpha", "cum. power %"].map(str::to_owned));
    if futility {
        header.push("stops, no effect %".to_owned());
    }
    let mut table = Table::default();
    table.row(header);
    let number = |x: Option<f64>, digits: usize| x.map_or_else(|| "–".to_owned(), |x| fixed(x, digits));
    for (k, look) in r.looks.iter().enumerate() {
        let mut row = vec![(k + 1).to_string(), fixed(look.information, 4)];
        if r.sizes.is_some() {
            row.push(number(look.size, 1));
        }
        row.extend([number(look.upper, 4), look.p.map_or_else(|| "–".to_owned(), small)]);
        if r.sizes.is_some() {
            row.push(number(look.effect, 4));
        }
        if futility {
            row.push(number(look.lower, 4));
            if r.sizes.is_some() {
                row.push(number(look.lower_effect, 4));
            }
            row.push(look.conditional_power.map_or_else(|| "–".to_owned(), |p| percent(p, None)));
        }
        row.extend([fixed(look.alpha, 5), fixed(100.0 * look.power, 2)]);
        if futility {
            row.push(fixed(100.0 * look.futility[0], 2));
        }
        table.row(row);
    }
    let _ = write!(out, "\n{}", table.render());
    let three = |x: [f64; 3], digits| x.map(|x| fixed(x, digits)).join(", ");
    let _ = writeln!(
        out,
        "\nInflation factor {}; mean information, as a multiple of the fixed test's: {} (no effect, half of it, the effect)",
        fixed(r.inflation, 5),
        three(r.expected_information, 4)
    );
    if let Some(s) = &r.sizes {
        let _ = writeln!(
            out,
            "Fixed test {} {}; at most {}; on average {} (no effect, half of it, the effect). Figures are not rounded up.",
            fixed(s.fixed, 1),
            s.unit,
            fixed(s.most, 1),
            three(s.expected, 1)
        );
    }
    if futility {
        let _ = writeln!(out, "Type I error where futility is obeyed: {}", fixed(r.type_1_error, 5));
    }
    out
}

fn fixed(x: f64, digits: usize) -> String {
    format!("{x:.digits$}").replace('-', "−")
}

fn trimmed(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A p-value with three digits that count.
fn small(p: f64) -> String {
    if p >= 1e-4 { fixed(p, 5) } else { format!("{p:.2e}").replace('-', "−") }
}
