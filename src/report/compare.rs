//! Designs side by side, as a table and as CSV.

use std::fmt::Write;

use super::csv::quoted;
use super::families::{self, Line};
use super::table::{Table, count, percent, rounded, with_error};
use crate::result::Figure;
use crate::result::compare::{Comparison, Row};

/// The comparison as aligned tables.
#[must_use]
pub fn text(c: &Comparison) -> String {
    let partial = if c.partial { "  (ended early: partial)" } else { "" };
    let least = if c.rows.iter().any(|r| r.replicates > c.replicates) { "at least " } else { "" };
    let mut out = format!(
        "{least}{} replicates a design, seed {}, patency {}{partial}\n",
        count(c.replicates),
        c.seed,
        c.version
    );
    for accrual in &c.accrual {
        let _ = writeln!(out, "{accrual}");
    }
    let any = |f: fn(&Row) -> bool| c.rows.iter().any(f);
    let (bias, events, ties) = (any(|r| r.bias.is_some()), any(|r| r.events.is_some()), any(|r| r.ties.is_some()));
    let (enrolled, duration) = (any(|r| r.enrolment_months.is_some()), any(|r| r.duration.is_some()));
    let (months, cost) = (any(|r| r.patient_months.is_some()), any(|r| r.cost.is_some()));
    let looked = any(|r| r.patients.is_some());
    let mut table = Table::default();
    let mut header = vec!["design", "analysis", "power %", "95% interval"];
    let extra = [
        (bias, "bias"),
        (looked, "patients"),
        (events, "events"),
        (enrolled, "enrolled by month"),
        (duration, "complete by month"),
        (months, "patient-months"),
        (ties, "ties %"),
        (cost, "cost"),
    ];
    header.extend(extra.iter().filter(|(shown, _)| *shown).map(|(_, name)| *name));
    table.row(header.into_iter().map(str::to_owned).collect());
    let analyses = || c.rows.iter().filter(|r| r.family.is_none());
    for (r, power) in analyses().filter_map(|r| Some((r, r.power.as_ref()?))) {
        let e = power.mcse;
        let [low, high] = power.interval.map(|x| percent(x, e));
        let mut cells = vec![name(c, r), r.label.clone(), percent(power.estimate, e), format!("{low} to {high}")];
        let plain = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| count(x.round() as u64));
        let month = |f: Option<Figure>| f.map_or_else(|| "–".to_owned(), |f| rounded(f.estimate, Some(0.1)));
        let values = [
            with_error(r.bias),
            rounded(r.patients.map_or(r.n as f64, |f| f.estimate), Some(0.1)),
            plain(r.events),
            month(r.enrolment_months),
            month(r.duration),
            plain(r.patient_months),
            r.ties.map_or_else(|| "–".to_owned(), |t| percent(t, None)),
            r.cost.as_ref().map_or_else(
                || "–".to_owned(),
                |k| format!("{}{}", count(k.total.round() as u64), if k.efficient { " *" } else { "" }),
            ),
        ];
        cells.extend(extra.iter().zip(values).filter(|((shown, _), _)| *shown).map(|(_, value)| value));
        table.row(cells);
    }
    let _ = write!(out, "\n{}", table.render());
    if cost {
        out.push_str(
            "* no other design has more power for the same analysis at no higher cost, or as much at a lower one\n",
        );
    }
    for r in analyses().filter(|r| r.reached.estimate < 0.9995) {
        let _ = writeln!(
            out,
            "{}: {} % of trials reach {} patients.",
            name(c, r),
            percent(r.reached.estimate, r.reached.mcse),
            r.n
        );
    }
    for r in analyses().filter(|r| r.failures > 0) {
        let _ = writeln!(
            out,
            "{}, {}: {} replicates without an estimate count as not rejecting.",
            name(c, r),
            r.label,
            r.failures
        );
    }
    let lines: Vec<Line<'_>> = c
        .rows
        .iter()
        .filter_map(|r| {
            Some(Line { place: vec![name(c, r)], of: r.family.as_ref()?, power: r.power.as_ref(), difference: None })
        })
        .collect();
    families::render(&mut out, &["design".to_owned()], None, &lines, usize::MAX);
    let mut table =
        Table::new(["difference of power, in points", "analysis", "", "95% interval", "alike %", "verdict"]);
    for r in &c.rows {
        let Some(d) = &r.difference else { continue };
        // a number of rejections is one, a power is shown in points
        let scale = if r.family.as_ref().is_some_and(|f| f.rejections.is_some()) { 1.0 } else { 100.0 };
        let points = |x: f64| {
            let text = rounded(scale * x, d.mcse.map(|e| scale * e));
            if x > 0.0 { format!("+{text}") } else { text }
        };
        let [low, high] = d.interval.map(points);
        let shown = points(d.estimate);
        let beside = r.beside.as_ref().and_then(|b| c.rows.iter().find(|o| same_design(o, r) && o.analysis == *b));
        table.row(vec![
            match beside {
                Some(other) => format!("{}: v {}", name(c, r), other.label),
                None => format!("{} v {}", name(c, r), name(c, base(c, r))),
            },
            r.label.clone(),
            shown,
            format!("{low} to {high}"),
            percent(d.agreeing, Some(0.001)),
            d.verdict.to_owned(),
        ]);
    }
    if c.rows.iter().any(|r| r.difference.is_some()) {
        let _ = write!(out, "\n{}", table.render());
    }
    let t = &c.timing;
    let _ = writeln!(out, "\n{:.1} s on {} thread{}", t.seconds, t.threads, if t.threads == 1 { "" } else { "s" });
    out
}

fn same_design(a: &Row, b: &Row) -> bool {
    (&a.design, &a.variant, a.n) == (&b.design, &b.variant, b.n)
}

/// The row from which a difference is taken.
fn base<'c>(c: &'c Comparison, r: &Row) -> &'c Row {
    let same = c.rows.iter().find(|b| b.analysis == r.analysis && b.difference.is_none());
    same.unwrap_or(&c.rows[0])
}

fn name(c: &Comparison, r: &Row) -> String {
    let several = |f: fn(&Row) -> String| c.rows.iter().any(|o| f(o) != f(&c.rows[0]));
    let parts = [
        (several(|r| r.design.clone()), r.design.clone()),
        (several(|r| r.variant.clone()), r.variant.clone()),
        (several(|r| r.n.to_string()), format!("n = {}", r.n)),
    ];
    let shown: Vec<String> = parts.into_iter().filter(|(shown, _)| *shown).map(|(_, part)| part).collect();
    if shown.is_empty() { r.design.clone() } else { shown.join(", ") }
}

/// One line a design and analysis, and one a figure of a family; what does not exist is empty.
#[must_use]
pub fn csv(c: &Comparison) -> String {
    let mut out = String::from(
        "design,variant,n,analysis,replicates,power,power_mcse,power_lower,power_upper,bias,bias_mcse,failures,events,enrolment_months,reached,\
         duration,patient_months,ties,cost,efficient,difference,difference_mcse,difference_lower,difference_upper,patients,rejections,rejections_mcse,familywise_error,\
         familywise_error_mcse\n",
    );
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    for r in &c.rows {
        let (d, power) = (r.difference.as_ref(), r.power.as_ref());
        let rejections = r.family.as_ref().and_then(|f| f.rejections);
        let error = r.family.as_ref().and_then(|f| f.familywise_error);
        let cells = [
            quoted(&r.design),
            quoted(&r.variant),
            r.n.to_string(),
            quoted(&r.analysis),
            r.replicates.to_string(),
            number(power.map(|p| p.estimate)),
            number(power.and_then(|p| p.mcse)),
            number(power.map(|p| p.interval[0])),
            number(power.map(|p| p.interval[1])),
            number(r.bias.map(|f| f.estimate)),
            number(r.bias.and_then(|f| f.mcse)),
            r.failures.to_string(),
            number(r.events),
            number(r.enrolment_months.map(|f| f.estimate)),
            r.reached.estimate.to_string(),
            number(r.duration.map(|f| f.estimate)),
            number(r.patient_months),
            number(r.ties),
            number(r.cost.as_ref().map(|k| k.total)),
            r.cost.as_ref().map_or_else(String::new, |k| k.efficient.to_string()),
            number(d.map(|d| d.estimate)),
            number(d.and_then(|d| d.mcse)),
            number(d.map(|d| d.interval[0])),
            number(d.map(|d| d.interval[1])),
            number(r.patients.map(|f| f.estimate)),
            number(rejections.map(|f| f.estimate)),
            number(rejections.and_then(|f| f.mcse)),
            number(error.map(|f| f.estimate)),
            number(error.and_then(|f| f.mcse)),
        ];
        let _ = writeln!(out, "{}", cells.join(","));
    }
    out
}
