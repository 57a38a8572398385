//! Interim looks in words, with their bounds as planned.

use std::fmt::Write;

use crate::math::special::normal_tail;
use crate::report::table::{Table, rounded};
use crate::scenario::Scenario;
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
        let [efficacy, futility] = rule.words.each_ref().map(|w| w.as_deref().unwrap_or("–"));
        let _ = writeln!(
            out,
            "Rule {}: {} · efficacy {efficacy} · futility {futility}{}",
            rule.name,
            s.analyses[rule.analysis].name,
            if rule.correlated { " · increments of its statistic may depend on each other" } else { "" }
        );
        let Some(boundary) = rule.monitor.as_ref().map(Monitor::planned) else { continue };
        let mut table = Table::new(["look", "information", "z", "p", "futility z"]);
        let names = rule.looks.iter().map(|&k| s.looks[k].name.as_str()).chain(["end"]);
        for (j, name) in names.enumerate() {
            let (upper, lower) = (boundary.upper[j], boundary.lower[j]);
            let futile = lower.is_finite() && boundary.sides == 1 && j + 1 < boundary.upper.len();
            table.row(vec![
                name.to_owned(),
                format!("{:.3}", rule.shares[j]),
                format!("{upper:.4}"),
                rounded(normal_tail(upper), Some(1e-5)),
                if futile { format!("{lower:.4}") } else { "–".to_owned() },
            ]);
        }
        out.push_str(&table.render());
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
