//! The table that a statistician reads.

use std::fmt::Write;

use super::table::{Table, count, figure, percent, rounded, with_error};
use crate::result::{Analysis, Design, Figure, Precision, RunResult};

/// Most decimals that show by how much a figure misses another: what a number holds.
const MOST_DECIMALS: usize = 17;

/// The whole result.
#[must_use]
pub fn render(result: &RunResult) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", result.title);
    let replicates = result.designs.iter().map(|d| d.replicates).min().unwrap_or(0);
    let range = match result.first_replicate {
        0 => String::new(),
        first => format!(" ({first}..{})", first + replicates),
    };
    let partial = if result.partial { "  (ended early: partial)" } else { "" };
    let _ = writeln!(
        out,
        "{} replicates a design{range}, seed {}, patency {}{partial}\n",
        count(replicates),
        result.seed,
        result.version
    );
    if let [design] = &result.designs[..] {
        let _ = writeln!(out, "variant {} · n = {}", design.variant, design.n);
        one(&mut out, design);
        super::type_one::table(&mut out, design);
    } else {
        super::designs::across(&mut out, result);
        // a design of which there is nothing to say has no heading
        let mut of = |design: &Design, write: &dyn Fn(&mut String)| {
            let mut said = String::new();
            write(&mut said);
            if !said.is_empty() {
                let _ = write!(out, "\n{}{said}", name(result, design));
            }
        };
        for design in &result.designs {
            of(design, &|said| {
                enrolment(said, design);
                super::type_one::table(said, design);
            });
        }
        if let Some(first) = result.designs.first() {
            of(first, &|said| funnel(said, first));
        }
        let _ = writeln!(
            out,
            "\nBias, standard errors and coverage of a design: run it alone (--variant NAME), or see result.json."
        );
    }
    for design in &result.designs {
        if let Some(p) = &design.precision {
            let of = if result.designs.len() > 1 { format!("{}: ", name(result, design)) } else { String::new() };
            let _ = writeln!(out, "{of}{}", precision(p, design.replicates));
        }
    }
    let t = &result.timing;
    let _ = writeln!(
        out,
        "\n{} patients and {} trials a second and thread; {:.1} s in all on {} thread{}",
        count(t.patients_per_second as u64),
        count(t.trials_per_second as u64),
        t.seconds,
        t.threads,
        if t.threads == 1 { "" } else { "s" }
    );
    out
}

/// Why a design's replicates were enough, or not.
fn precision(p: &Precision, replicates: u64) -> String {
    let [low, high] = p.sequence.map(|x| percent(x, Some(p.asked)));
    let between = format!("any power from {low} to {high} %, the 95% confidence sequence of `{}`", p.analysis);
    if p.reached {
        format!("Stopped at {} replicates: Monte Carlo SE at most {} for {between}", count(replicates), p.asked)
    } else {
        format!(
            "{} replicates are not enough for a Monte Carlo SE of {}: it may be {} for {between}",
            count(replicates),
            p.asked,
            beyond(p.largest_se, p.asked)
        )
    }
}

/// A number larger than `asked`, with as many digits as it takes to show that.
fn beyond(x: f64, asked: f64) -> String {
    let shown = rounded(x, Some(0.1 * asked));
    let least = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let larger = |text: &String| text.parse::<f64>().is_ok_and(|shown| shown > asked);
    (least..=MOST_DECIMALS).map(|d| format!("{x:.d$}")).find(larger).unwrap_or(shown)
}

/// A design among others.
pub(super) fn name(result: &RunResult, design: &Design) -> String {
    if result.designs.iter().all(|d| d.n == design.n) {
        design.variant.clone()
    } else {
        format!("{} n={}", design.variant, design.n)
    }
}

pub(super) fn interval(a: &Analysis) -> String {
    let [low, high] = a.power.interval;
    format!("{} to {}", percent(low, a.power.mcse), percent(high, a.power.mcse))
}

/// A figure on its natural scale: ratios back-transformed.
pub(super) fn shown(a: &Analysis, f: Option<Figure>) -> String {
    match f {
        Some(f) if a.scale == "log-ratio" => {
            let ratio = f.estimate.exp();
            rounded(ratio, f.mcse.map(|e| e * ratio))
        }
        f => figure(f),
    }
}

fn one(out: &mut String, design: &Design) {
    let mut table =
        Table::new(["rejections", "power %", "95% interval", "against %", "formula %", "patients", "events", "failed"]);
    for a in &design.analyses {
        let power = percent(a.power.estimate, a.power.mcse);
        table.row(vec![
            a.label.clone(),
            match biased(a) {
                true if looked_at(design, a) => format!("{power} ‡"),
                true => format!("{power} †"),
                false => power,
            },
            interval(a),
            if a.sides == 2 { percent(a.rejects.against.estimate, a.rejects.against.mcse) } else { "–".to_owned() },
            a.planning.as_ref().map_or_else(|| "–".to_owned(), |p| percent(p.power, None)),
            rounded(a.patients, Some(0.1)),
            if a.events > 0.0 { rounded(a.events, Some(0.1)) } else { "–".to_owned() },
            count(a.failures.total),
        ]);
    }
    out.push_str(&table.render());
    out.push('\n');
    let mut table =
        Table::new(["estimates", "true", "limit", "mean", "bias v limit", "emp. SE", "model SE", "cover %"]);
    for a in &design.analyses {
        let e = &a.estimate;
        table.row(vec![
            format!("{}{}", a.label, if a.scale == "log-ratio" && e.mean.is_some() { " (ratio)" } else { "" }),
            shown(a, a.estimand.truth),
            shown(a, a.estimand.limit),
            shown(a, e.mean),
            with_error(e.bias.limit),
            figure(e.empirical_se),
            figure(e.model_se),
            e.coverage.limit.or(e.coverage.truth).map_or_else(|| "–".to_owned(), |c| percent(c.estimate, c.mcse)),
        ]);
    }
    out.push_str(&table.render());
    let _ = writeln!(
        out,
        "Ratios are shown as ratios, their bias and SE on the log scale. Figures are rounded to their Monte Carlo error."
    );
    super::looks::write(out, design);
    super::multiplicity::one(out, design);
    weights(out, design);
    notes(out, design);
    super::assurance::write(out, design);
    funnel(out, design);
    enrolment(out, design);
}

/// What weighting did: effective sample sizes, balance, overlap.
fn weights(out: &mut String, design: &Design) {
    let part = |a: &Analysis, name: &str| a.parts.iter().find(|p| p.name == name).map(|p| p.mean);
    let rows: Vec<&Analysis> = design.analyses.iter().filter(|a| part(a, "ess-experimental").is_some()).collect();
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new([
        "weights (means)",
        "ESS exp.",
        "ESS control",
        "largest SMD before",
        "after",
        "overlap %",
        "largest weight %",
        "matched %",
    ]);
    for a in rows {
        let shown =
            |name: &str, digits: f64| part(a, name).map_or_else(|| "–".to_owned(), |x| rounded(x, Some(digits)));
        let share = |name: &str| part(a, name).map_or_else(|| "–".to_owned(), |x| percent(x, None));
        table.row(vec![
            a.label.clone(),
            shown("ess-experimental", 0.1),
            shown("ess-control", 0.1),
            shown("largest-smd-before", 0.001),
            shown("largest-smd-after", 0.001),
            share("overlap"),
            share("largest-weight"),
            share("matched-share"),
        ]);
    }
    let _ = write!(out, "\n{}", table.render());
    let _ = writeln!(
        out,
        "ESS: effective sample size; SMD: standardised mean difference of the covariates; largest weight: of its arm's total."
    );
}

/// In words, which estimators of a design are biased, by how much, and what they leave out.
fn verdict(out: &mut String, design: &Design) {
    let judged: Vec<&Analysis> = design.analyses.iter().filter(|a| a.estimate.bias.limit.is_some()).collect();
    let wrong: Vec<&Analysis> = judged.iter().copied().filter(|a| biased(a)).collect();
    if judged.is_empty() || !design.analyses.iter().any(|a| a.parts.iter().any(|p| p.name == "ess-experimental")) {
        return;
    }
    let _ = writeln!(
        out,
        "· In words: {} of {} estimators are biased beyond Monte Carlo error and beyond a twentieth of their own error{}",
        wrong.len(),
        judged.len(),
        if wrong.is_empty() { "." } else { ":" }
    );
    for a in &wrong {
        let (Some(bias), Some(se), Some(limit)) = (a.estimate.bias.limit, a.estimate.empirical_se, a.estimand.limit)
        else {
            continue;
        };
        let size = rounded((bias.estimate / se.estimate).abs(), Some(0.01));
        let toward = match a.scale {
            "log-ratio" => format!(
                "finds a ratio of {} for {}",
                shown(a, a.estimate.mean),
                rounded(limit.estimate.exp(), Some(0.001))
            ),
            _ => format!("finds {} for {}", shown(a, a.estimate.mean), shown(a, a.estimand.limit)),
        };
        let _ = writeln!(out, "    {} {toward}: off by {size} of its standard error", a.label);
    }
    let mut left: Vec<&str> = design.analyses.iter().flat_map(|a| &a.left_out).map(String::as_str).collect();
    left.sort_unstable();
    left.dedup();
    for name in left {
        let without = |a: &&&Analysis| a.left_out.iter().any(|l| l == name);
        let (rows, of_them) = (judged.iter().filter(without).count(), wrong.iter().filter(without).count());
        let _ = writeln!(
            out,
            "    The choice of the arm depends on `{name}`, which the covariates of {rows} adjusted row{} leave out; {of_them} of them {} biased.",
            if rows == 1 { "" } else { "s" },
            if of_them == 1 { "is" } else { "are" }
        );
    }
}

/// Whether an estimator is biased against its limit beyond Monte Carlo error and beyond a twentieth of its own error.
pub(super) fn biased(a: &Analysis) -> bool {
    let beyond = |b: Figure, s: Figure| b.mcse.is_some_and(|m| b.estimate.abs() > (5.0 * m).max(0.05 * s.estimate));
    a.estimate.bias.limit.zip(a.estimate.empirical_se).is_some_and(|(b, s)| beyond(b, s))
}

/// Whether rules decide on an analysis at looks: its estimates are then selected.
fn looked_at(design: &Design, a: &Analysis) -> bool {
    design.monitoring.as_ref().is_some_and(|m| m.rules.iter().any(|rule| rule.analysis == a.name))
}

/// Whether a row is the trial's primary analysis, whatever its variance.
pub(super) fn is_primary(a: &Analysis) -> bool {
    let variance = matches!(a.name.strip_prefix("primary/"), Some("robust" | "stacked" | "bootstrap"));
    a.name == "primary" || variance
}

/// What the tables cannot hold, in words.
fn notes(out: &mut String, design: &Design) {
    if design.analyses.iter().any(|a| biased(a) && !looked_at(design, a)) {
        let _ = writeln!(out, "† biased against its limit: rejections, not power");
    }
    if design.analyses.iter().any(|a| biased(a) && looked_at(design, a)) {
        let _ = writeln!(
            out,
            "‡ biased against its limit, as estimates are where a trial may stop for them; its rules keep the level"
        );
    }
    for a in design.analyses.iter().filter(|a| a.hypothesis != "superiority") {
        let _ = writeln!(out, "· {}: {}", a.label, a.hypothesis);
    }
    verdict(out, design);
    for a in &design.analyses {
        for f in &a.failures.reasons {
            let _ = writeln!(
                out,
                "· {}: no estimate in {} trial{}, {} (first: replicate {})",
                a.label,
                count(f.count),
                if f.count == 1 { "" } else { "s" },
                f.reason,
                f.first
            );
        }
        if let Some((beats, value)) = a.estimate.beats_relevant.zip(a.estimate.relevant) {
            let value = if a.scale == "log-ratio" { value.exp() } else { value };
            let share = percent(beats.estimate, beats.mcse);
            let _ = writeln!(out, "· {}: the estimate beats {value:.3} in {share}% of trials", a.label);
        }
    }
    let rare: Vec<&str> =
        design.analyses.iter().filter(|a| a.events > 0.0 && a.events < 20.0).map(|a| a.label.as_str()).collect();
    if !rare.is_empty() {
        let _ = writeln!(out, "· fewer than 20 events expected, conservative: {}", rare.join(", "));
    }
    let Some(a) = design.analyses.iter().find(|a| is_primary(a)) else { return };
    let e = &a.estimate;
    let scale = |x: f64| if a.scale == "log-ratio" { x.exp() } else { x };
    if let Some(s) = e.smallest_significant {
        let _ = writeln!(out, "· {}: the smallest observed effect that was significant is {:.3}", a.label, scale(s));
    }
    let quantile = |p: f64| e.quantiles.iter().find(|q| q.p == p).map(|q| scale(q.value));
    if let (Some(low), Some(median), Some(high)) = (quantile(0.05), quantile(0.5), quantile(0.95)) {
        let _ =
            writeln!(out, "· {}: estimates have median {median:.3}, 5% below {low:.3}, 5% above {high:.3}", a.label);
    }
    if let Some(p) = &a.planning {
        let _ = writeln!(out, "· {}: formula of {}: {}", a.label, p.formula, p.note);
    }
    if let Some(p) = &a.pairs {
        let decided: Vec<String> = p.decided.iter().map(|d| format!("{} {}%", d.name, percent(d.mean, None))).collect();
        let _ = writeln!(
            out,
            "· {}: pairs won {}%, lost {}%, tied {}%; decided at {}",
            a.label,
            percent(p.wins, None),
            percent(p.losses, None),
            percent(p.ties, None),
            decided.join(", ")
        );
    }
}

/// A label cut to what a table can hold.
pub(super) fn short(label: &str) -> String {
    const MOST: usize = 72;
    if label.chars().count() <= MOST { label.to_owned() } else { label.chars().take(MOST - 1).chain(['…']).collect() }
}

fn funnel(out: &mut String, design: &Design) {
    let s = &design.screening;
    if s.criteria.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nScreening (mean a trial)");
    let mut table = Table::new(["", "candidates", "% of those asked"]);
    table.row(vec!["screened".to_owned(), rounded(s.screened.estimate, Some(0.1)), String::new()]);
    for c in &s.criteria {
        let sign = if c.kind == "inclusion" { "not" } else { "out" };
        table.row(vec![
            format!("  {sign}: {}", short(&c.label)),
            format!("−{}", rounded(c.excluded, Some(0.1))),
            percent(c.share, None),
        ]);
    }
    if s.site_full > 0.0 {
        table.row(vec!["  (site full, not screened)".to_owned(), rounded(s.site_full, Some(0.1)), String::new()]);
    }
    table.row(vec![
        "enrolled".to_owned(),
        rounded(design.enrolment.enrolled.estimate, Some(0.1)),
        format!("{} of screened", percent(s.acceptance, None)),
    ]);
    out.push_str(&table.render());
}

fn enrolment(out: &mut String, design: &Design) {
    let e = &design.enrolment;
    let Some(last) = e.last_entry else { return };
    let date = e.last_entry_date.as_ref().map_or(String::new(), |d| format!(" ({d})"));
    let reviewed = design.monitoring.as_ref().is_some_and(|m| !m.reviews.is_empty());
    let _ = writeln!(
        out,
        "\nEnrolment: {}% of trials reach {} patients{}{}; last patient in at month {}{date}",
        percent(e.reached.estimate, e.reached.mcse),
        design.n,
        if reviewed { ", or as many more as a review asks for," } else { "" },
        if design.monitoring.is_some() { " or stop at a look before" } else { "" },
        figure(Some(last)),
    );
    if let Some(c) = &e.calendar {
        let on = |date: &Option<String>| date.as_ref().map_or(String::new(), |d| format!(" ({d})"));
        let share = c.followed.map_or_else(|| "–".to_owned(), |f| percent(f.estimate, f.mcse));
        let _ = writeln!(
            out,
            "Calendar: at the planned end, month {}{}, {share}% of the patients have been followed for {} months; all have at month {}{}",
            rounded(c.planned_end, Some(0.1)),
            on(&c.planned_end_date),
            c.follow_up,
            figure(c.all_followed),
            on(&c.all_followed_date),
        );
    }
    if let Some(cut) = e.cut.filter(|_| design.monitoring.is_none()) {
        let _ = writeln!(out, "Data cut at month {}", figure(Some(cut)));
    }
    if let Some(f) = e.follow_up {
        let _ = writeln!(out, "Mean follow-up {} months", figure(Some(f)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_a_figure_that_is_too_large_looks_larger() {
        for (x, asked, shown) in [
            (0.0203, 0.02, "0.020 3"),
            (0.020_004, 0.02, "0.020 004"),
            (0.0219, 0.02, "0.022"),
            (0.013, 0.0001, "0.013 0"),
            (0.000_052, 0.000_05, "0.000 1"),
            (0.3, 0.02, "0.300"),
        ] {
            assert_eq!(beyond(x, asked), shown.replace(' ', ""), "{x}");
        }
    }
}
