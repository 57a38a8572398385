//! Interim looks as tables.

use std::fmt::Write;

use super::table::{Table, count, figure, percent, rounded, with_error};
use crate::result::looks::{At, Monitoring, Rule, Spread};
use crate::result::{Design, Figure, RunResult};

fn share(f: Figure) -> String {
    percent(f.estimate, f.mcse)
}

/// A mean number of patients or events.
fn number(f: Option<Figure>) -> String {
    f.map_or_else(dash, |f| rounded(f.estimate, Some(f.mcse.unwrap_or(0.0).max(0.1))))
}

fn dash() -> String {
    "–".to_owned()
}

fn z(x: Option<f64>) -> String {
    x.map_or_else(dash, |z| format!("{z:.4}"))
}

/// A value on the natural scale of a rule's estimate.
fn natural(rule: &Rule, f: Option<Figure>) -> String {
    match f {
        Some(f) if rule.scale == "log-ratio" => {
            let ratio = f.estimate.exp();
            rounded(ratio, f.mcse.map(|e| e * ratio))
        }
        f => figure(f),
    }
}

/// Looks, rules, and what they save.
pub(super) fn write(out: &mut String, design: &Design) {
    let Some(monitoring) = &design.monitoring else { return };
    looks(out, monitoring);
    for rule in &monitoring.rules {
        boundary(out, rule);
    }
    reviews(out, monitoring);
    stops(out, monitoring);
    let governed = |name: &str| monitoring.rules.iter().any(|r| r.efficacy.is_some() && r.analysis == name);
    if design.analyses.iter().any(|a| !governed(&a.name)) {
        let _ = writeln!(
            out,
            "Analyses that no rule tests are made once, at their own level, on the data with which the trial ends."
        );
    }
}

fn reviews(out: &mut String, monitoring: &Monitoring) {
    if monitoring.reviews.is_empty() {
        return;
    }
    let mut table =
        Table::new(["reviews of the sample size", "look", "held %", "larger %", "at the cap %", "mean new size", "of"]);
    for r in &monitoring.reviews {
        table.row(vec![
            r.label.clone(),
            r.look.clone(),
            share(r.held),
            share(r.larger),
            share(r.most),
            number(r.size),
            r.counts.to_owned(),
        ]);
    }
    let _ = write!(out, "\n{}", table.render());
}

fn looks(out: &mut String, monitoring: &Monitoring) {
    let overrun = monitoring.looks.iter().any(|l| l.overrun.is_some());
    let missed = monitoring.looks.iter().any(|l| l.late.estimate > 0.0 || l.overtaken.estimate > 0.0);
    let mut header = vec!["looks".to_owned(), "held %".to_owned(), "month".to_owned(), "enrolled".to_owned()];
    if overrun {
        header.push("overrun".to_owned());
    }
    if missed {
        header.extend(["too late %".to_owned(), "overtaken %".to_owned()]);
    }
    header.push("trial stops %".to_owned());
    let mut table = Table::default();
    table.row(header);
    for l in &monitoring.looks {
        let mut cells = vec![l.label.clone(), share(l.held), figure(l.month), number(l.enrolled)];
        if overrun {
            cells.push(number(l.overrun));
        }
        if missed {
            cells.extend([share(l.late), share(l.overtaken)]);
        }
        cells.push(share(l.stops));
        table.row(cells);
    }
    let _ = write!(out, "\n{}", table.render());
    if missed {
        let _ = writeln!(
            out,
            "Too late: what the look waits for has not happened by the end of the trial. Overtaken: not after the look before it."
        );
    }
    if overrun {
        let _ = writeln!(out, "Overrun: patients who enter between the lock of the data and the decision.");
    }
}

fn boundary(out: &mut String, rule: &Rule) {
    let tests = rule.efficacy.is_some();
    let stops = rule.futility.is_some();
    let observed = tests && rule.spends_by == "observed";
    let by_effect = rule.at.iter().any(|a| a.futility_effect.is_some());
    let by_probability = rule.at.iter().any(|a| a.futility_probability.is_some());
    let harm = rule.at.iter().any(|a| a.harm.estimate > 0.0);
    let seen = rule.at.iter().any(|a| a.information.is_some());
    let mut header: Vec<&str> = vec!["look", "information"];
    if seen {
        header.push("seen");
    }
    if tests {
        header.extend([
            if observed { "mean z" } else { "z" },
            "one-sided p",
            "α spent",
            "effect",
            "rejects %",
            "by now %",
        ]);
    }
    if harm {
        header.push("against %");
    }
    if stops {
        header.extend([
            match () {
                () if by_effect => "futility effect",
                () if by_probability => "futility probability",
                () => "futility z",
            },
            "futile %",
        ]);
    }
    header.extend(["patients", "events", "mean estimate, ended here", "bias v limit"]);
    let mut table = Table::default();
    table.row(header.iter().map(|s| (*s).to_owned()).collect());
    for a in &rule.at {
        let mut cells = vec![a.look.clone(), information(a)];
        if seen {
            cells.push(a.information.map_or_else(dash, |f| format!("{:.3}", f.estimate)));
        }
        if tests {
            let planned = a.planned.filter(|_| !observed);
            cells.push(planned.map_or_else(|| figure(a.z), |p| z(p.z)));
            cells.push(planned.and_then(|p| p.p).map_or_else(dash, |p| rounded(p, Some(1e-5))));
            cells.push(planned.map_or_else(dash, |p| rounded(p.alpha, Some(1e-5))));
            cells.extend([natural(rule, a.effect), share(a.efficacy), share(a.rejected)]);
        }
        if harm {
            cells.push(share(a.harm));
        }
        if stops {
            let bound = match (a.futility_effect, a.futility_probability) {
                (Some(effect), _) => format!("{:.4}", if rule.scale == "log-ratio" { effect.exp() } else { effect }),
                (None, Some(p)) => format!("{p:.4}"),
                (None, None) => figure(a.futility_z),
            };
            cells.extend([bound, if a.look == "end" { dash() } else { share(a.futility) }]);
        }
        let events = if a.events.is_some_and(|e| e.estimate > 0.0) { number(a.events) } else { dash() };
        cells.extend([number(a.patients), events, natural(rule, a.estimate), with_error(a.bias)]);
        table.row(cells);
    }
    let words: Vec<String> = [
        rule.efficacy.as_ref().map(|w| format!("efficacy by {w}")),
        rule.futility.as_ref().map(|w| match (tests, rule.binding) {
            (false, _) => format!("gate by {w}"),
            (true, true) => format!("binding futility by {w}"),
            (true, false) => format!("non-binding futility by {w}"),
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let spent = if observed { "; spent by the observed information" } else { "" };
    let _ =
        write!(out, "\n{} (analysis {}): {}{spent}\n{}", rule.label, rule.analysis, words.join(", "), table.render());
    if let Some(adjusted) = &rule.median_unbiased {
        let coverage = adjusted.coverage.limit.or(adjusted.coverage.truth);
        let below = adjusted.below.limit.or(adjusted.below.truth);
        let some = if adjusted.of.estimate < 0.9995 {
            format!(" (in {} % of trials)", share(adjusted.of))
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "Median-unbiased estimate{some}: mean {}{}{}",
            natural(rule, adjusted.mean),
            below.map_or_else(String::new, |b| format!(", below the limit in {} %", share(b))),
            coverage.map_or_else(String::new, |c| format!(", its interval covers it in {} %", share(c)))
        );
    }
    let failed: u64 = rule.at.iter().map(|a| a.failed).sum();
    if failed > 0 {
        let at = if failed == 1 { "look" } else { "looks" };
        let or = if tests { if failed == 1 { " or final analysis" } else { " and final analyses" } } else { "" };
        let _ = writeln!(
            out,
            "No answer at {} {at}{or} in all: nothing is stopped by {}.",
            count(failed),
            if failed == 1 { "it" } else { "them" }
        );
    }
    dependence(out, rule);
}

/// What to say where increments may depend on each other.
fn dependence(out: &mut String, rule: &Rule) {
    if !rule.dependent {
        return;
    }
    let shown: Vec<String> = rule
        .at
        .iter()
        .filter_map(|a| a.correlation.map(|c| format!("{}: {:.3} ({:.3})", a.look, c.estimate, c.expected)))
        .collect();
    let _ = writeln!(
        out,
        "! The increments of this statistic may depend on each other: bounds by spending need not keep the level. Its correlation with the end, \
         simulated (and as bounds suppose): {}.\n  Bounds that hold for any correlation: efficacy = {{ bonferroni = [0.2, 0.8] }}; \
         that hardly depend on it: {{ haybittle-peto = 3 }}",
        shown.join(", ")
    );
}

fn information(a: &At) -> String {
    // what the plan says, where the error is spent by what there is
    a.planned.map(|p| p.share).or(a.share.map(|s| s.estimate)).map_or_else(dash, |share| format!("{share:.3}"))
}

fn stops(out: &mut String, monitoring: &Monitoring) {
    let _ = writeln!(out, "\nThe trial stops before its end in {} %", share(monitoring.stops));
    let mut line = |what: &str, spread: &Option<Spread>, digits: usize| {
        let Some(s) = spread else { return };
        let at = |p: f64| s.quantiles.iter().find(|q| q.p == p).map_or_else(dash, |q| format!("{:.digits$}", q.value));
        let _ = writeln!(
            out,
            "  {what}: mean {}, median {}, 5 to 95 % from {} to {}",
            number(Some(s.mean)),
            at(0.5),
            at(0.05),
            at(0.95)
        );
    };
    line("patients", &monitoring.patients, 0);
    for rule in &monitoring.rules {
        line(&format!("events of {}", rule.analysis), &rule.events, 0);
    }
    line("months", &monitoring.months, 1);
    if monitoring.endless.estimate > 0.0 {
        let _ = writeln!(
            out,
            "  months: –, since in {} % nothing stops the trial and nothing ends follow-up",
            share(monitoring.endless)
        );
    }
    if let Some(spared) = monitoring.spared.filter(|s| s.estimate >= 0.05) {
        let _ = writeln!(out, "  patients spared: mean {}", number(Some(spared)));
    }
    if let Some(added) = monitoring.added.filter(|s| s.estimate >= 0.05) {
        let _ = writeln!(out, "  patients added: mean {}", number(Some(added)));
    }
    if let Some(short) = monitoring.short.filter(|s| s.estimate > 0.0) {
        let then = if monitoring.endless.estimate > 0.0 {
            "the trial is followed without end"
        } else {
            "the trial ends at another cut, and months count that end"
        };
        let _ = writeln!(out, "In {} % the events that end the trial are never reached: {then}.", share(short));
    }
}

/// Designs side by side: where any is looked at before its end.
pub(super) fn across(out: &mut String, result: &RunResult) {
    if result.designs.iter().all(|d| d.monitoring.is_none()) {
        return;
    }
    let mut table = Table::new(["looks", "stops %", "patients", "spared", "months"]);
    for design in &result.designs {
        let name = super::text::name(result, design);
        table.row(match &design.monitoring {
            Some(m) => vec![
                name,
                share(m.stops),
                number(m.patients.as_ref().map(|s| s.mean)),
                number(m.spared),
                number(m.months.as_ref().map(|s| s.mean)),
            ],
            None => {
                vec![name, dash(), number(Some(design.enrolment.enrolled)), dash(), number(design.enrolment.complete)]
            }
        });
    }
    let _ = write!(out, "\n{}", table.render());
}
