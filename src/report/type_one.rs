//! Type I errors as a table.

use std::fmt::Write;

use super::table::{Table, percent};
use crate::result::Design;

/// Rejections of every analysis where the treatment does nothing, and what is to be said about them.
pub(super) fn table(out: &mut String, design: &Design) {
    if design.analyses.iter().all(|a| a.type_one.is_none()) {
        return;
    }
    let mut table =
        Table::new(["type I error", "in favour %", "against %", "total %", "± MCSE", "level %", "size %", "verdict"]);
    for a in &design.analyses {
        let Some(t) = &a.type_one else { continue };
        let e = t.rejects.mcse;
        table.row(vec![
            a.label.clone(),
            percent(a.power.estimate, e),
            if a.sides == 2 { percent(a.rejects.against.estimate, e) } else { "–".to_owned() },
            percent(t.rejects.estimate, e),
            e.map_or_else(|| "–".to_owned(), |e| percent(e, Some(e))),
            percent(t.level, Some(0.001)),
            t.enumerated.map_or_else(|| "–".to_owned(), |s| percent(s, Some(0.0001))),
            if t.holds == Some(false) { format!("! {}", t.verdict) } else { t.verdict.clone() },
        ]);
    }
    let _ = write!(out, "\nNull values in force\n{}", table.render());
    let _ = writeln!(out, "Size: of tests of two proportions, by enumeration. Beyond: 5 Monte Carlo standard errors.");
}
