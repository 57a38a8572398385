//! The table of what analyses gave on real data.

use std::fmt::Write;

use super::csv::quoted;
use super::table::Table;
use crate::result::answer::{Answer, Answers};

/// The answers as an aligned table with what was left out below it.
#[must_use]
pub fn text(answers: &Answers) -> String {
    let mut out = format!(
        "{}\n{}: {} row{}, patency {}\n",
        answers.title,
        answers.data,
        answers.rows,
        plural(answers.rows),
        answers.version
    );
    let _ = write!(out, "\n{}", table(&answers.analyses));
    out.push_str(&super::multiplicity::answers(&answers.multiplicity, p_value));
    if !answers.rules_not_applied.is_empty() {
        let _ = writeln!(
            out,
            "Interim rules are not applied ({}): p-values and intervals are those of a design without looks.",
            answers.rules_not_applied.join(", ")
        );
    }
    out.push_str(&left_out(answers));
    out.push_str(&parts(&answers.analyses));
    out
}

/// A row an analysis.
pub(super) fn table<'a>(analyses: impl IntoIterator<Item = &'a Answer> + Clone) -> String {
    let level = common(analyses.clone().into_iter().map(|a| a.level));
    let interval = level.map_or_else(|| "interval".to_owned(), |level| format!("{} CI", percent(level)));
    let mut table =
        Table::new(["analysis", "method", "estimate", "SE", &interval, "statistic", "p", "sides", "n", "events", ""]);
    for a in analyses {
        let ratio = a.scale == "log-ratio";
        // the decimals of the estimate serve for its limits
        let error = a.se.map(|se| if ratio { se * a.estimate.map_or(1.0, f64::exp) } else { se });
        let shown = |x: f64| significant(if ratio { x.exp() } else { x }, error);
        let end = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), shown);
        let limits = a.interval.map_or_else(
            || "–".to_owned(),
            |[low, high]| {
                let level = if level.is_none() { format!("{} ", percent(a.level)) } else { String::new() };
                format!("{level}{} to {}", end(low), end(high))
            },
        );
        table.row(vec![
            format!("{}{}", a.label, if ratio && a.estimate.is_some() { " (ratio)" } else { "" }),
            a.method.to_owned(),
            a.estimate.map_or_else(|| "–".to_owned(), shown),
            a.se.map_or_else(
                || "–".to_owned(),
                |se| format!("{}{}", significant(se, Some(se)), if ratio { " (log)" } else { "" }),
            ),
            limits,
            a.statistic.map_or_else(
                || "–".to_owned(),
                |z| match a.df {
                    Some(df) => format!("t = {}, df {}", fixed(z, 3), significant(df, Some(10.0))),
                    None => format!("z = {}", fixed(z, 3)),
                },
            ),
            planned(a).map_or_else(|| "–".to_owned(), p_value),
            a.sides.to_string(),
            a.patients.to_string(),
            a.events.to_string(),
            if a.status == "estimated" { String::new() } else { format!("not estimable: {}", a.status) },
        ]);
    }
    table.render()
}

/// The p-value of the test as planned.
fn planned(a: &Answer) -> Option<f64> {
    if a.sides == 1 { a.p_favour } else { a.p_two_sided }
}

fn left_out(answers: &Answers) -> String {
    let mut out = String::new();
    if answers.without_arm > 0 {
        let _ =
            writeln!(out, "{} row{} without an arm: in no analysis.", answers.without_arm, plural(answers.without_arm));
    }
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for a in &answers.analyses {
        let Some(l) = &a.left_out else { continue };
        let what = [
            (l.endpoint, "without the endpoint"),
            (l.baseline, "without a covariate, a stratum or what the subset asks"),
            (l.subset, "outside the subset"),
        ];
        let what: Vec<String> = what.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
        if what.is_empty() {
            continue;
        }
        let what = what.join(", ");
        match rows.iter_mut().find(|(text, _)| *text == what) {
            Some((_, names)) => names.push(&a.label),
            None => rows.push((what, vec![&a.label])),
        }
    }
    if rows.is_empty() {
        out.push_str("Nobody was left out.\n");
    }
    for (what, names) in rows {
        let _ = writeln!(out, "Left out: {what} ({}).", names.join(", "));
    }
    for a in &answers.analyses {
        if let Some(b) = &a.bootstrap {
            let _ = writeln!(
                out,
                "{}: standard error from {} resamples, {} of them without an estimate.",
                a.label, b.resamples, b.failed
            );
        }
    }
    out
}

/// Parts of methods, where any has some.
fn parts<'a>(analyses: impl IntoIterator<Item = &'a Answer> + Clone) -> String {
    let mut table = Table::new(["parts", "", ""]);
    for a in analyses.clone() {
        for (i, part) in a.parts.iter().enumerate() {
            let value = part.value.map_or_else(|| "–".to_owned(), |x| significant(x, None));
            table.row(vec![if i == 0 { a.label.clone() } else { String::new() }, part.name.clone(), value]);
        }
    }
    if analyses.into_iter().all(|a| a.parts.is_empty()) { String::new() } else { format!("\n{}", table.render()) }
}

/// One line an analysis; what does not exist is empty.
#[must_use]
pub fn csv(answers: &Answers) -> String {
    let mut out = String::from(
        "analysis,endpoint,method,scale,experimental,control,status,estimate,se,lower,upper,level,statistic,df,p_favour,p_against,p_two_sided,\
         decision,patients,events,without_endpoint,without_baseline,outside_subset\n",
    );
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    for a in &answers.analyses {
        let left_out = a.left_out.as_ref();
        let [lower, upper] = a.interval.unwrap_or_default();
        let cells = [
            quoted(&a.name),
            quoted(&a.endpoint),
            a.method.to_owned(),
            a.scale.to_owned(),
            a.arms[0].clone(),
            a.arms[1].clone(),
            quoted(a.status),
            number(a.estimate),
            number(a.se),
            number(lower),
            number(upper),
            a.level.to_string(),
            number(a.statistic),
            number(a.df),
            number(a.p_favour),
            number(a.p_against),
            number(a.p_two_sided),
            a.decision.unwrap_or_default().to_owned(),
            a.patients.to_string(),
            a.events.to_string(),
            left_out.map_or_else(String::new, |l| l.endpoint.to_string()),
            left_out.map_or_else(String::new, |l| l.baseline.to_string()),
            left_out.map_or_else(String::new, |l| l.subset.to_string()),
        ];
        let _ = writeln!(out, "{}", cells.join(","));
    }
    out
}

/// A p-value to three significant digits.
pub(super) fn p_value(p: f64) -> String {
    match p {
        p if p >= 0.0995 => format!("{p:.3}"),
        p if p >= 0.000_995 => format!("{p:.4}"),
        // smaller ones have no digits left in a double
        p if p >= 1e-300 => format!("{p:.2e}"),
        _ => "< 1e-300".to_owned(),
    }
}

/// A number to three digits of its error, or to four digits of its own.
pub(super) fn significant(x: f64, error: Option<f64>) -> String {
    let size = error.filter(|e| *e > 0.0).unwrap_or_else(|| x.abs() / 10.0);
    let decimals = if size > 0.0 { (2.0 - size.log10().floor()).clamp(0.0, 8.0) as usize } else { 0 };
    fixed(x, decimals)
}

/// A number with so many decimals; in powers of ten where it is huge.
fn fixed(x: f64, decimals: usize) -> String {
    let text = match x {
        _ if x.is_infinite() => if x > 0.0 { "∞" } else { "−∞" }.to_owned(),
        _ if x.abs() >= 1e9 => format!("{x:.3e}"),
        _ => format!("{x:.decimals$}"),
    };
    // what is rounded to 0 has no sign
    let zero = text.trim_start_matches('-').bytes().all(|c| c == b'0' || c == b'.');
    if zero { text.trim_start_matches('-').to_owned() } else { text.replace('-', "−") }
}

fn percent(level: f64) -> String {
    let text = format!("{:.2}", 100.0 * level);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn common(mut all: impl Iterator<Item = f64>) -> Option<f64> {
    let first = all.next()?;
    all.all(|x| x == first).then_some(first)
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
