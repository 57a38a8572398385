//! Figures of families of hypotheses in many worlds: a line a world and family.

use std::fmt::Write;

use super::table::{Table, count, percent, rounded};
use crate::result::Power;
use crate::result::multiplicity::OfFamily;

/// A row of a result that is of a family.
pub(super) struct Line<'a> {
    /// What tells the world from others, by column.
    pub(super) place: Vec<String>,
    pub(super) of: &'a OfFamily,
    pub(super) power: Option<&'a Power>,
    /// How it differs from the world that others are held against.
    pub(super) difference: Option<String>,
}

/// The families of all worlds, at most so many; `places` heads the columns of the places, `against` that of the differences of rejecting
/// any.
pub(super) fn render(out: &mut String, places: &[String], against: Option<&str>, lines: &[Line<'_>], most: usize) {
    if lines.is_empty() {
        return;
    }
    let mut hypotheses: Vec<(&str, &str)> = Vec::new();
    for h in lines.iter().filter_map(|l| l.of.hypothesis.as_ref()) {
        if !hypotheses.iter().any(|(analysis, _)| *analysis == h.analysis) {
            hypotheses.push((&h.analysis, &h.label));
        }
    }
    let errors = lines.iter().any(|l| l.of.familywise_error.is_some());
    let mut table = Table::default();
    let mut header = places.to_vec();
    header.push("family".to_owned());
    header.extend(hypotheses.iter().map(|(_, label)| (*label).to_owned()));
    header.extend(["any", "all", "rejections"].map(str::to_owned));
    header.extend(errors.then(|| "familywise error".to_owned()));
    header.extend(against.map(|against| format!("any {against}")));
    table.row(header);
    let world = |l: &Line<'_>| (l.place.clone(), l.of.family.clone());
    let groups = || lines.chunk_by(|a, b| world(a) == world(b));
    for group in groups().take(most) {
        let figure = |figure: &str| group.iter().find(|l| l.of.figure == figure);
        let share = |l: Option<&Line<'_>>| {
            l.and_then(|l| l.power).map_or_else(|| "–".to_owned(), |p| percent(p.estimate, p.mcse))
        };
        let mut cells = group[0].place.clone();
        cells.push(group[0].of.label.clone());
        for (analysis, _) in &hypotheses {
            let own = |l: &&Line<'_>| l.of.hypothesis.as_ref().is_some_and(|h| h.analysis == *analysis);
            cells.push(share(group.iter().find(own)));
        }
        cells.push(share(figure("any")));
        cells.push(share(figure("all")));
        let number = figure("rejections").and_then(|l| l.of.rejections);
        cells.push(number.map_or_else(|| "–".to_owned(), |f| rounded(f.estimate, f.mcse)));
        let error = figure("familywise-error").and_then(|l| l.of.familywise_error);
        cells.extend(errors.then(|| error.map_or_else(|| "–".to_owned(), |f| percent(f.estimate, f.mcse))));
        cells.extend(against.map(|_| figure("any").and_then(|l| l.difference.clone()).unwrap_or_default()));
        table.row(cells);
    }
    let _ = write!(
        out,
        "\nFamilies of hypotheses: rejected in favour, in %; mean number of rejections\n{}",
        table.render()
    );
    let more = groups().count().saturating_sub(most);
    if more > 0 {
        let _ = writeln!(out, "{} more families: --format csv, or --out FILE", count(more as u64));
    }
    if errors {
        out.push_str("Familywise error: at least one true null hypothesis rejected, in either direction; – where none is, or it is not known which.\n");
    }
}
