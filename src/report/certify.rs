//! A certificate in words, and the points behind it.

use std::fmt::Write;

use super::table::{Table, count, percent};
use crate::result::Parameter;
use crate::result::certify::{Axis, Cell, Certificate, Certified, Counted};

/// Points that a terminal shows: those with the largest bounds.
const MOST_POINTS: usize = 12;
/// Why there is no bound between the points of a box that reaches such an end.
const NO_NEIGHBOUR: &str = "a point at a probability of 0 or 1, or at a hazard of 0, has nothing close enough to it: leave \
                            out the step, or let the box end short of that";

/// The certificate for a terminal.
#[must_use]
pub fn text(c: &Certificate) -> String {
    let mut out = format!(
        "{}\nvariant {}, n = {}, {} replicates a point, seed {}, patency {}\n",
        c.title,
        c.variant,
        c.n,
        count(c.replicates),
        c.seed,
        c.version
    );
    nulls(&mut out, c);
    for a in &c.analyses {
        certified(&mut out, c, a);
    }
    let _ = writeln!(out, "\nBetween the points");
    for axis in &c.axes {
        let covered = if axis.proven {
            format!("covered, {} point{}", count(axis.points as u64), plural(axis.points))
        } else {
            format!(
                "GRID ONLY: nothing is proven between its {} point{}",
                count(axis.points as u64),
                plural(axis.points)
            )
        };
        let _ = writeln!(out, "  {}: {covered}; {}", axis.name, axis.argument);
    }
    let _ = writeln!(
        out,
        "Bounds are of the scenario's own model: what it leaves out they do not cover. At {} % confidence one certificate in {} may be wrong.",
        trimmed(100.0 * c.confidence),
        (1.0 / (1.0 - c.confidence)).round()
    );
    for a in c.analyses.iter().filter(|a| !nothing_to_bound(a)) {
        points(&mut out, c, a);
    }
    let t = &c.timing;
    let _ = writeln!(out, "\n{:.1} s on {} thread{}", t.seconds, t.threads, plural(t.threads));
    out
}

/// Which null values are in force, and which are not.
fn nulls(out: &mut String, c: &Certificate) {
    let side = |name: &str| c.axes.iter().any(|x| x.name == name);
    let [sides, set]: [Vec<&str>; 2] =
        [true, false].map(|is| c.null_overridden.iter().map(String::as_str).filter(|name| side(name) == is).collect());
    if !c.null.is_empty() {
        let shown = |p: &Parameter| format!("{} = {}", p.name, p.value.map_or_else(|| "–".to_owned(), trimmed));
        let nulls: Vec<String> = c.null.iter().map(shown).collect();
        let _ = writeln!(out, "Null values in force: {}", nulls.join(", "));
    } else if c.null_overridden.is_empty() {
        out.push_str("No parameter declares a null value: the world is taken as it is.\n");
    } else {
        out.push_str("No null value is in force: the world is taken as it is.\n");
    }
    for (names, why) in [(sides, "the box gives it others"), (set, "--set gives it another")] {
        for name in names {
            let _ = writeln!(out, "{name} declares a null value, but {why}.");
        }
    }
}

/// Whether a family has no null hypothesis that is true anywhere.
fn nothing_to_bound(a: &Certified) -> bool {
    a.family.as_ref().is_some_and(|f| f.hypotheses.is_empty())
}

/// The sentence that counts.
fn certified(out: &mut String, c: &Certificate, a: &Certified) {
    let fine = Some(0.0001);
    if nothing_to_bound(a) {
        let _ = writeln!(out, "\n{}: none can be made, no null hypothesis of the family is true", a.label);
        return;
    }
    let proven = |axis: &&Axis| axis.proven && a.family.as_ref().is_none_or(|f| f.proven);
    let range = |axis: &Axis| format!("{} from {} to {}", axis.name, trimmed(axis.from), trimmed(axis.to));
    let all: Vec<String> = c.axes.iter().filter(proven).map(range).collect();
    let some: Vec<String> = c
        .axes
        .iter()
        .filter(|x| !proven(x))
        .map(|x| format!("the {} point{} of {}", count(x.points as u64), plural(x.points), x.name))
        .collect();
    let whole = |parts: Vec<String>| parts.join(" and ");
    let claim = match (all.is_empty(), some.is_empty()) {
        (_, true) => format!("for all {}", whole(all)),
        (true, false) => format!("at {}, and at no other values", whole(some)),
        (false, false) => format!("for all {} at {}", whole(all), whole(some)),
    };
    let _ = writeln!(
        out,
        "\n{} at most {} % {claim} ({} % confidence; level {} %)",
        if a.family.is_some() { a.label.clone() } else { format!("{}: type I error", a.label) },
        percent(a.bound, fine),
        trimmed(100.0 * c.confidence),
        trimmed(100.0 * a.level)
    );
    if let Some(f) = &a.family {
        errors(out, f);
    }
    let at: Vec<String> = c.axes.iter().zip(&a.at).map(|(x, v)| format!("{} = {}", x.name, trimmed(*v))).collect();
    let _ = writeln!(
        out,
        "  at the points alone at most {} %; observed at most {} ± {} %, at {}; all bounds at once {} %",
        percent(a.points, fine),
        percent(a.observed.estimate, fine),
        percent(a.observed.mcse.unwrap_or(0.0), fine),
        at.join(", "),
        percent(a.simultaneous, fine)
    );
    if a.bound >= 1.0 && a.points < 1.0 {
        let _ = writeln!(out, "  Nothing is bounded between the points: {NO_NEIGHBOUR}.");
    } else if a.bound > a.points + 0.5 * a.level {
        let _ = writeln!(
            out,
            "  Most of it is the space between the points: without a step (--over NAME=from:to) they are as close as the proof needs."
        );
    }
    if let Some(e) = a.effect.filter(|e| e.estimate.abs() > 5.0 * e.mcse.unwrap_or(0.0) + 1e-6) {
        let _ = writeln!(
            out,
            "  NOT A NULL WORLD: the true effect lies {:.4} outside the null hypothesis; these rejections are not all errors.",
            e.estimate
        );
    }
    if a.effect.is_none() && a.family.is_none() {
        out.push_str(
            "  Without a true value of its own nothing shows that its null hypothesis holds in the box: see to that.\n",
        );
    }
}

/// Which rejections are errors.
fn errors(out: &mut String, f: &Counted) {
    let by = if f.declared { "as declared" } else { "by their true values" };
    let _ = writeln!(out, "  errors: any of {} rejected, true {by}", f.hypotheses.join(", "));
    if !f.unknown.is_empty() {
        let _ = writeln!(
            out,
            "  whether {} is true is not known: counted as if it were, so that the bound may be of more than errors",
            f.unknown.join(", ")
        );
    }
    if !f.proven {
        let _ = writeln!(
            out,
            "  GRID ONLY: {} is false at points of the grid, and nothing is proven between them; nulls = [\"…\"] declares which are true",
            f.left_out.join(", ")
        );
    }
}

fn points(out: &mut String, c: &Certificate, a: &Certified) {
    let mut table = Table::default();
    let mut header: Vec<String> = c.axes.iter().map(|x| x.name.clone()).collect();
    header.extend(["rejects %", "bound at the point %", "bound around it %"].map(str::to_owned));
    table.row(header);
    let mut order: Vec<&Cell> = a.cells.iter().collect();
    order.sort_by(|x, y| y.bound.total_cmp(&x.bound));
    for cell in order.iter().take(MOST_POINTS) {
        let mut row: Vec<String> = cell.values.iter().map(|v| trimmed(*v)).collect();
        row.push(percent(cell.rejections as f64 / c.replicates as f64, Some(0.0001)));
        row.push(percent(cell.point, Some(0.0001)));
        row.push(percent(cell.bound, Some(0.0001)));
        table.row(row);
    }
    let most = if a.cells.len() > MOST_POINTS {
        format!(", the worst {MOST_POINTS} of {}", count(a.cells.len() as u64))
    } else {
        String::new()
    };
    let _ = write!(out, "\n{}{most}: each bound holds by itself\n{}", a.label, table.render());
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn trimmed(x: f64) -> String {
    let text = format!("{x:.6}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}
