//! Interim looks in words, with their bounds as planned.

use std::fmt::Write;

use crate::analysis::Scale;
use crate::math::special::{normal_cdf, normal_quantile, normal_tail};
use crate::report::table::{Table, rounded};
use crate::scenario::{Counted, Futility, RulePlan, Scenario};
use crate::sequential::Monitor;

/// Interim looks, and what is done at them.
pub(super) fn describe(out: &mut String, s: &Scenario) {
    if s.looks.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nInterim looks");
    let mut table = Table::new(["look", "when"]);
    for look in &s.looks {
        table.row(vec![look.name.clone(), look.words(|e| &s.endpoints[e].name)]);
    }
    out.push_str(&table.render());
    for rule in &s.rules {
        let _ = writeln!(
            out,
            "Rule {}: {} · {}{}{}",
            rule.name,
            s.analyses[rule.analysis].name,
            words(rule),
            spent(rule),
            if rule.correlated { " · increments of its statistic may depend on each other" } else { "" }
        );
        out.push_str(&bounds(s, rule).render());
    }
    for r in &s.reestimations {
        let most = match () {
            () if r.extends_follow_up() => "may extend follow-up".to_owned(),
            () if r.adds_events() => format!("at most {} events", r.most),
            () => format!("at most {} patients", r.most),
        };
        let _ = writeln!(
            out,
            "Review {}: at {}, for {}, {most}",
            r.name, s.looks[r.look].name, s.analyses[r.analysis].name
        );
    }
}

/// What a rule decides by.
fn words(rule: &RulePlan) -> String {
    match rule.words.each_ref().map(|w| w.as_deref()) {
        [None, Some(gate)] => format!("gate by {gate}"),
        [efficacy, futility] => {
            format!("efficacy {} · futility {}", efficacy.unwrap_or("–"), futility.unwrap_or("–"))
        }
    }
}

/// By what the error is spent, where that is not the plan.
fn spent(rule: &RulePlan) -> String {
    if !rule.observed {
        return String::new();
    }
    let of = match rule.information {
        Counted::Events => format!("{} events", rule.planned),
        Counted::Patients => format!("{} patients", rule.planned),
        Counted::Precision => format!("1/SE² = {}", rule.planned),
    };
    format!(" · spent by observed information, of {of}")
}

/// The bounds of a rule as planned, a row a look.
fn bounds(s: &Scenario, rule: &RulePlan) -> Table {
    let boundary = rule.monitor.as_ref().map(Monitor::planned);
    let own = rule.futility.as_ref().and_then(|f| scale(f, rule));
    let z = !matches!(&rule.futility, None | Some(Futility::Effect(_) | Futility::Success(_)));
    let mut header = vec!["look"];
    if boundary.is_some() {
        header.extend(["information", "z", "p"]);
    }
    if z {
        header.push("futility z");
    }
    header.extend(own);
    let mut table = Table::default();
    table.row(header.into_iter().map(str::to_owned).collect());
    let ends = boundary.map(|_| "end");
    for (j, name) in rule.looks.iter().map(|&k| s.looks[k].name.as_str()).chain(ends).enumerate() {
        let mut cells = vec![name.to_owned()];
        if let Some(b) = boundary {
            cells.push(format!("{:.3}", rule.shares[j]));
            cells.extend([fixed(b.upper[j]), rounded(normal_tail(b.upper[j]), Some(1e-5))]);
        }
        let shown = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), fixed);
        let below = Some(j).filter(|&j| j < rule.looks.len()).and_then(|j| futile(s, rule, j));
        if z {
            cells.push(shown(below));
        }
        if own.is_some() {
            let value =
                rule.futility.as_ref().filter(|_| j < rule.looks.len()).and_then(|f| value(s, f, rule, j, below));
            cells.push(shown(value));
        }
        table.row(cells);
    }
    table
}

fn fixed(x: f64) -> String {
    format!("{x:.4}").replace('-', "−")
}

/// The bound for futility in z at the rule's look `j`, as planned; none where it is on another scale.
fn futile(s: &Scenario, rule: &RulePlan, j: usize) -> Option<f64> {
    let planned = rule.monitor.as_ref().map(Monitor::planned);
    if let Some(lower) = planned.filter(|b| b.sides == 1).map(|b| b.lower[j]).filter(|z| z.is_finite()) {
        return Some(lower);
    }
    let plan = &s.analyses[rule.analysis];
    let last = match planned {
        Some(b) => b.upper[b.upper.len() - 1],
        // a gate on conditional power is one for the analysis's own test
        None => -normal_quantile(plan.alpha / f64::from(plan.sides)),
    };
    rule.futility.as_ref()?.bound(j, rule.shares[j], last).filter(|z| z.is_finite())
}

/// The scale on which futility was written, where it is not z.
fn scale(futility: &Futility, rule: &RulePlan) -> Option<&'static str> {
    match futility {
        Futility::Bounds => None,
        Futility::Statistic(_) => match rule.words[1].as_deref() {
            Some("p") => Some("futility p"),
            Some("probability") => Some("futility probability"),
            _ => None,
        },
        Futility::Effect(_) => Some("futility effect"),
        Futility::Conditional { .. } => Some("conditional power"),
        Futility::Predictive(_) => Some("predictive power"),
        Futility::Success(_) => Some("predictive probability"),
    }
}

/// The bound on that scale.
fn value(s: &Scenario, futility: &Futility, rule: &RulePlan, j: usize, z: Option<f64>) -> Option<f64> {
    let ratio = s.analyses[rule.analysis].method.scale() == Scale::LogRatio;
    match futility {
        Futility::Bounds => None,
        Futility::Statistic(_) if rule.words[1].as_deref() == Some("p") => z.map(normal_tail),
        Futility::Statistic(_) => z.map(normal_cdf),
        Futility::Effect(_) => futility.effect(j).map(|x| if ratio { x.exp() } else { x }),
        Futility::Conditional { power, .. } | Futility::Predictive(power) => power.get(j).copied(),
        Futility::Success(_) => futility.probability(j),
    }
}
