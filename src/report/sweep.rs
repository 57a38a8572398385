//! A sweep as a table, as maps of two axes, in tornado order, and as a long table for CSV and Parquet.

use std::fmt::Write;

use super::data::{DataTable, Values};
use super::families::Line;
use super::table::{Table, count, percent, rounded, with_error};
use crate::result::Figure;
use crate::result::compare::Difference;
use crate::result::sweep::{Bar, Row, Sweep};

/// Rows that a terminal shows.
const MOST_ROWS: usize = 60;
/// Largest map that a terminal shows: rows, columns.
const LARGEST_MAP: [usize; 2] = [60, 24];
/// Most maps.
const MOST_MAPS: usize = 12;
/// Characters of a bar.
const BAR: usize = 40;

/// The sweep for a terminal.
#[must_use]
pub fn text(s: &Sweep) -> String {
    let partial = if s.partial { "  (ended early: cells are missing)" } else { "" };
    let mut out = format!(
        "{}\n{} replicates a cell on the same patients, seed {}, patency {}{partial}\n",
        s.title,
        count(s.replicates),
        s.seed,
        s.version
    );
    if s.null {
        out.push_str("Null values in force: rejections are type I errors, unless marked.\n");
    }
    cells(&mut out, s);
    families(&mut out, s);
    maps(&mut out, s);
    tornado(&mut out, s);
    let t = &s.timing;
    let _ = writeln!(out, "\n{:.1} s on {} thread{}", t.seconds, t.threads, if t.threads == 1 { "" } else { "s" });
    out
}

/// What a cell's colour would say: rejections in favour, or all of them under the null; of a family's error that itself.
fn rejecting(s: &Sweep, r: &Row) -> Option<Figure> {
    let power = r.power.as_ref().map(|p| Figure { estimate: p.estimate, mcse: p.mcse });
    let rejects = if s.null { r.rejects.as_ref().map(|r| r.total) } else { power };
    rejects.or(r.family.as_ref().and_then(|f| f.familywise_error))
}

/// The rows of analyses.
fn analyses(s: &Sweep) -> impl Iterator<Item = &Row> {
    s.rows.iter().filter(|r| r.family.is_none())
}

/// Whether the rows of analyses differ in something.
fn several(s: &Sweep, f: fn(&Row) -> String) -> bool {
    analyses(s).any(|r| f(r) != f(&s.rows[0]))
}

/// The families of every cell, a line each.
fn families(out: &mut String, s: &Sweep) {
    let stress = s.rows.iter().any(|r| !r.world.is_empty());
    let (variant, size) = (several(s, |r| r.variant.clone()), several(s, |r| r.n.to_string()));
    let mut places: Vec<String> = if stress { vec!["world".to_owned()] } else { s.parameters.clone() };
    places.extend(variant.then(|| "variant".to_owned()));
    places.extend(size.then(|| "n".to_owned()));
    let line = |r: &'_ Row| {
        let mut place: Vec<String> =
            if stress { vec![r.world.clone()] } else { r.values.iter().map(|x| trimmed(*x)).collect() };
        place.extend(variant.then(|| r.variant.clone()));
        place.extend(size.then(|| r.n.to_string()));
        place
    };
    let shown = s.rows.iter().filter(|r| !stress || !r.world.contains(' '));
    let lines: Vec<Line<'_>> = shown
        .filter_map(|r| {
            let difference = r.difference.as_ref().map(difference);
            Some(Line { place: line(r), of: r.family.as_ref()?, power: r.power.as_ref(), difference })
        })
        .collect();
    let against = (!s.null).then_some(if stress { "v expected, points" } else { "v first, points" });
    super::families::render(out, &places, against, &lines, MOST_ROWS);
}

/// After rejections under declared nulls that are no type I errors, or need not be.
const NO_NULL: &str = " ‡";
const UNTOLD: &str = " ?";

fn mark(s: &Sweep, r: &Row) -> &'static str {
    match r.null {
        Some("false") if s.null => NO_NULL,
        Some("unknown") if s.null => UNTOLD,
        _ => "",
    }
}

fn cells(out: &mut String, s: &Sweep) {
    let any = |f: fn(&Row) -> bool| analyses(s).any(f);
    let stress = any(|r| !r.world.is_empty());
    let (variant, size) = (several(s, |r| r.variant.clone()), several(s, |r| r.n.to_string()));
    let analysis = several(s, |r| r.label.clone());
    let columns = [
        (variant, "variant"),
        (size, "n"),
        (analysis, "analysis"),
        (true, if s.null { "type I error %" } else { "power %" }),
        (!s.null, "95% interval"),
        (!s.null, if stress { "v expected, points" } else { "v first, points" }),
        (any(|r| r.bias.is_some()), "bias"),
        (any(|r| r.coverage.is_some()), "cover %"),
        (any(|r| r.events.is_some()), "events"),
        (any(|r| r.enrolment_months.is_some()), "enrolled by month"),
        (any(|r| r.duration.is_some()), "complete by month"),
        (any(|r| r.ties.is_some()), "ties %"),
        (any(|r| r.failures > 0), "failed"),
    ];
    let mut header: Vec<String> = if stress { vec!["world".to_owned()] } else { s.parameters.clone() };
    header.extend(columns.iter().filter(|c| c.0).map(|c| c.1.to_owned()));
    let mut table = Table::default();
    table.row(header);
    let shown = |r: &&Row| !stress || !r.world.contains(' ');
    let judged = |r| Some((r, rejecting(s, r)?, r.power.as_ref()?));
    for (r, f, power) in analyses(s).filter(shown).take(MOST_ROWS).filter_map(judged) {
        let [low, high] = power.interval.map(|x| percent(x, power.mcse));
        let month = |f: Option<Figure>| f.map_or_else(|| "–".to_owned(), |f| rounded(f.estimate, Some(0.1)));
        let values = [
            r.variant.clone(),
            r.n.to_string(),
            r.label.clone(),
            percent(f.estimate, f.mcse) + mark(s, r),
            format!("{low} to {high}"),
            r.difference.as_ref().map_or_else(String::new, difference),
            with_error(r.bias),
            r.coverage.map_or_else(|| "–".to_owned(), |c| percent(c.estimate, c.mcse)),
            r.events.map_or_else(|| "–".to_owned(), |x| rounded(x, Some(0.1))),
            month(r.enrolment_months),
            month(r.duration),
            r.ties.map_or_else(|| "–".to_owned(), |t| percent(t, None)),
            count(r.failures),
        ];
        let mut line: Vec<String> =
            if stress { vec![r.world.clone()] } else { r.values.iter().map(|x| trimmed(*x)).collect() };
        line.extend(columns.iter().zip(values).filter(|(c, _)| c.0).map(|(_, v)| v));
        table.row(line);
    }
    let _ = write!(out, "\n{}", table.render());
    for (sign, words) in [
        (NO_NULL, "the true effect is not the null value: these rejections are no type I errors."),
        (UNTOLD, "no true value says whether the null hypothesis holds here."),
    ] {
        if analyses(s).filter(shown).any(|r| mark(s, r) == sign) {
            let _ = writeln!(out, "{} {words}", sign.trim());
        }
    }
    let rows = analyses(s).filter(shown).count();
    if rows > MOST_ROWS {
        let _ = writeln!(out, "{} more rows: --format csv, or --out FILE", count((rows - MOST_ROWS) as u64));
    }
    for r in analyses(s).filter(|r| r.reached.estimate < 0.9995).take(MOST_ROWS) {
        let _ = writeln!(
            out,
            "{}: {} % of trials reach {} patients.",
            place(s, r),
            percent(r.reached.estimate, r.reached.mcse),
            r.n
        );
    }
}

/// A difference of power in points with its Monte Carlo error.
fn difference(d: &Difference) -> String {
    let error = d.mcse.map(|e| 100.0 * e);
    let text = rounded(100.0 * d.estimate, error);
    let sign = if d.estimate > 0.0 { "+" } else { "" };
    match error {
        Some(e) if e > 0.0 => format!("{sign}{text} ± {}", rounded(e, error)),
        _ => format!("{sign}{text}"),
    }
}

/// The cell that a row belongs to.
fn place(s: &Sweep, r: &Row) -> String {
    let values = s.parameters.iter().zip(&r.values).map(|(name, x)| format!("{name} = {}", trimmed(*x)));
    let mut parts: Vec<String> = if r.world.is_empty() { values.collect() } else { vec![r.world.clone()] };
    parts.push(format!("{}, n = {}", r.variant, r.n));
    parts.join(", ")
}

/// A map for each pair of the two foremost axes, others fixed.
fn maps(out: &mut String, s: &Sweep) {
    if s.rows.iter().any(|r| !r.world.is_empty()) {
        return;
    }
    // axes: the parameters, then the size
    let coordinate = |r: &Row, axis: usize| r.values.get(axis).copied().unwrap_or(r.n as f64);
    let name = |axis: usize| s.parameters.get(axis).map_or("n", String::as_str);
    let distinct = |rows: &[&Row], axis: usize| {
        let mut values: Vec<f64> = rows.iter().map(|r| coordinate(r, axis)).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        values
    };
    // a map is of shares
    let all: Vec<&Row> = s.rows.iter().filter(|r| rejecting(s, r).is_some()).collect();
    let axes: Vec<usize> = (0..=s.parameters.len()).filter(|&axis| distinct(&all, axis).len() > 1).collect();
    let [down, across, fixed @ ..] = axes.as_slice() else {
        return;
    };
    let mut slices: Vec<(String, Vec<&Row>)> = Vec::new();
    for r in &all {
        let mut parts: Vec<String> =
            fixed.iter().map(|&a| format!("{} = {}", name(a), trimmed(coordinate(r, a)))).collect();
        parts.insert(0, r.label.clone());
        if s.rows.iter().any(|o| o.variant != r.variant) {
            parts.insert(1, r.variant.clone());
        }
        let title = parts.join(", ");
        match slices.iter_mut().find(|(t, _)| *t == title) {
            Some((_, rows)) => rows.push(r),
            None => slices.push((title, vec![r])),
        }
    }
    for (title, rows) in slices.iter().take(MOST_MAPS) {
        let (lines, columns) = (distinct(rows, *down), distinct(rows, *across));
        if lines.len() > LARGEST_MAP[0] || columns.len() > LARGEST_MAP[1] {
            let _ = writeln!(out, "\n{title}: too large a map for a terminal; --out FILE has every cell.");
            continue;
        }
        let error = rows.iter().any(|r| r.family.as_ref().is_some_and(|f| f.familywise_error.is_some()));
        let what = match s.null {
            _ if error => "share of trials",
            true => "type I error",
            false => "power",
        };
        let _ = writeln!(out, "\n{title}: {what} in %, {} down, {} across", name(*down), name(*across));
        let mut table: Vec<Vec<String>> = vec![vec![String::new()]];
        table[0].extend(columns.iter().map(|x| format!("{} ", trimmed(*x))));
        for y in &lines {
            let mut line = vec![trimmed(*y)];
            line.extend(columns.iter().map(|x| {
                let at = |r: &&&Row| {
                    coordinate(r, *down).total_cmp(y).is_eq() && coordinate(r, *across).total_cmp(x).is_eq()
                };
                let found = rows.iter().find(at).and_then(|r| Some((rejecting(s, r)?, mark(s, r).trim())));
                found.map_or_else(|| "– ".to_owned(), |(f, mark)| shaded(f, s.null || error, mark))
            }));
            table.push(line);
        }
        out.push_str(&aligned(&table));
    }
    if slices.len() > MOST_MAPS {
        let _ = writeln!(out, "\n{} more maps: --out FILE has every cell.", slices.len() - MOST_MAPS);
    } else if !s.null {
        let _ = writeln!(out, "░ from 20 %, ▒ from 40 %, ▓ from 60 %, █ from 80 %");
    }
}

/// A share in per cent, and a shade or a mark beside it.
fn shaded(f: Figure, plain: bool, mark: &str) -> String {
    let text = rounded(100.0 * f.estimate, f.mcse.map(|e| (100.0 * e).max(0.01)).filter(|e| *e < 0.5).or(Some(1.0)));
    let shade = [' ', '░', '▒', '▓', '█', '█'];
    // by the figure as shown, so that 40 has the shade of 40
    let step = if plain { 0 } else { ((100.0 * f.estimate).round() / 20.0).floor().clamp(0.0, 5.0) as usize };
    if mark.is_empty() { format!("{text}{}", shade[step]) } else { format!("{text}{mark}") }
}

/// Cells aligned to the right.
fn aligned(table: &[Vec<String>]) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| table.iter().filter_map(|r| r.get(c)).map(|x| x.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in table {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(x, w)| format!("{}{x}", " ".repeat(w - x.chars().count()))).collect();
        let _ = writeln!(out, "{}", cells.join("  ").trim_end());
    }
    out
}

fn tornado(out: &mut String, s: &Sweep) {
    let mut rest: &[Bar] = &s.tornado;
    while let Some(first) = rest.first() {
        let alike = |b: &&Bar| b.variant == first.variant && b.n == first.n && b.analysis == first.analysis;
        let group = &rest[..rest.iter().take_while(alike).count()];
        rest = &rest[group.len()..];
        let expected = first.power[1];
        let _ = writeln!(
            out,
            "\n{}, {}, n = {}: one parameter at a time from its pessimistic to its optimistic end, the others as expected (power {} %)",
            first.label,
            first.variant,
            first.n,
            percent(expected, None)
        );
        let powers = || group.iter().flat_map(|b| b.power);
        let (low, high) = (powers().fold(1.0, f64::min), powers().fold(0.0, f64::max));
        let mut table = Table::new(["parameter", "from", "to", "power %", "span, points", "95% interval", ""]);
        for b in group {
            let e = b.span.mcse;
            let points = |x: f64| rounded(100.0 * x, e.map(|e| 100.0 * e));
            let [a, z] = b.span.interval.map(points);
            table.row(vec![
                b.parameter.clone(),
                trimmed(b.values[0]),
                trimmed(b.values[2]),
                format!("{} to {}", percent(b.power[0], None), percent(b.power[2], None)),
                points(b.span.estimate),
                format!("{a} to {z}"),
                strip(b.power, low, high),
            ]);
        }
        out.push_str(&table.render());
        let quiet = |b: &&Bar| b.span.verdict == "not beyond Monte Carlo error";
        let names: Vec<&str> = group.iter().filter(quiet).map(|b| b.parameter.as_str()).collect();
        if !names.is_empty() {
            let _ = writeln!(out, "Not beyond Monte Carlo error: {}.", names.join(", "));
        }
    }
    if !s.tornado.is_empty() {
        let _ = writeln!(out, "▒ from the pessimistic end to what is expected (│), █ from there to the optimistic end");
    }
}

/// A bar between powers `low` and `high`.
fn strip([pessimistic, expected, optimistic]: [f64; 3], low: f64, high: f64) -> String {
    if high - low < 1e-12 {
        return "│".to_owned();
    }
    let at = |x: f64| ((x - low) / (high - low) * BAR as f64).round() as usize;
    let [p, e, o] = [pessimistic, expected, optimistic].map(at);
    let cell = |i: usize| match i {
        _ if i == e => '│',
        _ if (e.min(o)..=e.max(o)).contains(&i) => '█',
        _ if (p.min(e)..=p.max(e)).contains(&i) => '▒',
        _ => ' ',
    };
    let text: String = (0..=BAR).map(cell).collect();
    text.trim_end().to_owned()
}

fn trimmed(x: f64) -> String {
    if !x.is_finite() {
        return "drawn".to_owned();
    }
    let text = format!("{x:.6}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}

/// The long table: a row a cell and analysis, and one a figure of a family; a column a parameter and a figure.
#[must_use]
pub fn table(s: &Sweep) -> DataTable {
    let mut table = DataTable::default();
    let rows = &s.rows;
    let text = |f: &dyn Fn(&Row) -> String| Values::Text(rows.iter().map(|r| Some(f(r))).collect());
    let real = |f: &dyn Fn(&Row) -> Option<f64>| Values::Real(rows.iter().map(f).collect());
    let figure = |f: &dyn Fn(&Row) -> Option<Figure>| {
        [real(&|r| f(r).map(|x| x.estimate)), real(&|r| f(r).and_then(|x| x.mcse))]
    };
    if rows.iter().any(|r| !r.world.is_empty()) {
        table.push("world", text(&|r| r.world.clone()));
    }
    for (k, name) in s.parameters.iter().enumerate() {
        table.push(name.clone(), real(&|r| r.values.get(k).copied().filter(|x| x.is_finite())));
    }
    table.push("variant", text(&|r| r.variant.clone()));
    table.push("n", Values::Integer(rows.iter().map(|r| Some(r.n as i64)).collect()));
    table.push("analysis", text(&|r| r.analysis.clone()));
    table.push("replicates", Values::Integer(rows.iter().map(|_| Some(s.replicates as i64)).collect()));
    table.push("power", real(&|r| r.power.as_ref().map(|p| p.estimate)));
    table.push("power_mcse", real(&|r| r.power.as_ref().and_then(|p| p.mcse)));
    table.push("power_lower", real(&|r| r.power.as_ref().map(|p| p.interval[0])));
    table.push("power_upper", real(&|r| r.power.as_ref().map(|p| p.interval[1])));
    table.push("rejects_against", real(&|r| r.rejects.as_ref().map(|r| r.against.estimate)));
    table.push("rejects_total", real(&|r| r.rejects.as_ref().map(|r| r.total.estimate)));
    table.push("rejects_total_mcse", real(&|r| r.rejects.as_ref().and_then(|r| r.total.mcse)));
    for (name, f) in [
        ("mean", (|r: &Row| r.mean) as fn(&Row) -> Option<Figure>),
        ("bias", |r| r.bias),
        ("coverage", |r| r.coverage),
        ("enrolment_months", |r| r.enrolment_months),
        ("duration", |r| r.duration),
    ] {
        let [estimate, mcse] = figure(&f);
        table.push(name, estimate);
        table.push(format!("{name}_mcse"), mcse);
    }
    table.push("events", real(&|r| r.events));
    table.push("patient_months", real(&|r| r.patient_months));
    table.push("ties", real(&|r| r.ties));
    table.push("reached", real(&|r| Some(r.reached.estimate)));
    table.push("failures", Values::Integer(rows.iter().map(|r| Some(r.failures as i64)).collect()));
    table.push("difference", real(&|r| r.difference.as_ref().map(|d| d.estimate)));
    table.push("difference_mcse", real(&|r| r.difference.as_ref().and_then(|d| d.mcse)));
    table.push("difference_lower", real(&|r| r.difference.as_ref().map(|d| d.interval[0])));
    table.push("difference_upper", real(&|r| r.difference.as_ref().map(|d| d.interval[1])));
    for (name, f) in [
        ("rejections", (|r: &Row| r.family.as_ref()?.rejections) as fn(&Row) -> Option<Figure>),
        ("familywise_error", |r| r.family.as_ref()?.familywise_error),
    ] {
        let [estimate, mcse] = figure(&f);
        table.push(name, estimate);
        table.push(format!("{name}_mcse"), mcse);
    }
    table
}
