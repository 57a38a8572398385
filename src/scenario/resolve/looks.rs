//! Interim looks and the rules that act at them.

use super::Resolver;
use super::design::plural;
use super::endpoints::Resolved;
use crate::distribution::Domain;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::language::OCCASIONS;
use crate::scenario::reader::listed;
use crate::scenario::written::{Located, Table};
use crate::scenario::{Amount, BinaryOf, Cut, LookPlan, Measure, TierOf, When};

impl Resolver {
    /// The looks in the order of the file.
    pub(super) fn looks(
        &mut self,
        file: &Table,
        n: Option<usize>,
        cut: Option<&Cut>,
        endpoints: &[Resolved],
    ) -> Option<Vec<LookPlan>> {
        let tables: Vec<&Table> = file.tables("look").iter().collect();
        self.unique(&tables, "look");
        if tables.len() > MOST {
            self.say(
                Diagnostic::new(Code::WrongLength, tables[MOST].span.clone(), format!("{} looks", tables.len()))
                    .label(format!("at most {MOST}")),
            );
            return None;
        }
        let looks: Vec<Option<LookPlan>> = tables.iter().map(|table| self.look(table, n, cut, endpoints)).collect();
        let looks: Vec<LookPlan> = looks.into_iter().collect::<Option<_>>()?;
        self.check_order(&tables, &looks);
        Some(looks)
    }

    fn look(&mut self, table: &Table, n: Option<usize>, cut: Option<&Cut>, endpoints: &[Resolved]) -> Option<LookPlan> {
        let name = table.text("name")?.to_owned();
        if name == END {
            self.say(
                Diagnostic::new(Code::BadName, table.span_of("name"), format!("a look cannot be called `{END}`"))
                    .label("the end of the trial")
                    .help("results call the final analysis so; the end is a look of its own and not listed"),
            );
            return None;
        }
        if !OCCASIONS.iter().any(|key| table.has(key)) {
            self.say(
                Diagnostic::new(Code::NoRule, table.span.clone(), format!("look `{name}` does not say when"))
                    .label("needs an occasion")
                    .help(format!("one or more of {}", listed(&OCCASIONS))),
            );
            return None;
        }
        let mut when = Vec::new();
        let mut fine = true;
        let mut add = |found: Option<When>| match found {
            Some(found) => when.push(found),
            None => fine = false,
        };
        if let Some(events) = table.table("events") {
            add(self.look_events(events, n, cut, endpoints));
        }
        if let Some(enrolled) = table.table("enrolled") {
            add(self.amount(enrolled, n).map(When::Enrolled));
        }
        if let Some(complete) = table.table("complete") {
            let endpoint = self.look_complete(complete, endpoints);
            let amount = self.amount(complete, n);
            add(endpoint.zip(amount).map(|(endpoint, amount)| When::Complete { amount, endpoint }));
        }
        if table.has("date") {
            add(self.look_date(table, cut).map(When::Date));
        }
        if table.has("follow-up") {
            add(self.number_in(table, "follow-up", Domain::NonNegative).flatten().map(When::FollowUp));
        }
        let mut months = |key: &str| self.number_in(table, key, Domain::NonNegative).map(Option::unwrap_or_default);
        let (gap, delay) = (months("gap"), months("delay"));
        let (not_before, not_after) = (self.date_at(table, "not-before"), self.date_at(table, "not-after"));
        let (not_before, not_after) = (not_before?.unwrap_or(0.0), not_after?.unwrap_or(f64::INFINITY));
        if not_after <= not_before {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of("not-after"),
                    format!("`not-after` is month {not_after}, not after `not-before`, month {not_before}"),
                )
                .label("no month is left")
                .and(table.span_of("not-before"), "not before"),
            );
            return None;
        }
        fine.then_some(())?;
        Some(LookPlan {
            label: table.text("label").unwrap_or(&name).to_owned(),
            name,
            when,
            any: table.text("wait-for") == Some("any"),
            not_before,
            not_after,
            gap: gap?,
            delay: delay?,
        })
    }

    fn look_date(&mut self, table: &Table, cut: Option<&Cut>) -> Option<f64> {
        let date = self.date_at(table, "date")??;
        if date == 0.0 {
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    table.span_of("date"),
                    "a look at month 0, when no one has been seen",
                )
                .label("allowed: above 0"),
            );
            return None;
        }
        if let Some(end) = cut.and_then(|c| c.date).filter(|&end| end <= date) {
            self.say(
                Diagnostic::new(
                    Code::Unreachable,
                    table.span_of("date"),
                    format!("the look is at month {date}, and the trial ends at month {end}"),
                )
                .label("never held"),
            );
            return None;
        }
        Some(date)
    }

    /// A share of a whole: between 0 and 1, 1 where all may be waited for.
    fn share(&mut self, table: &Table, all: bool) -> Option<f64> {
        let share = self.number(table, "share")?;
        if share > 0.0 && (share < 1.0 || all && share == 1.0) {
            return Some(share);
        }
        self.say(
            Diagnostic::new(Code::OutOfDomain, table.span_of("share"), format!("`share` is {share}")).label(if all {
                "allowed: above 0, at most 1"
            } else {
                "allowed: between 0 and 1"
            }),
        );
        None
    }

    /// Either a number or a share.
    fn either(&mut self, table: &Table) -> Option<()> {
        if table.has("count") != table.has("share") {
            return Some(());
        }
        let both = table.has("count");
        self.say(
            Diagnostic::new(
                if both { Code::Contradiction } else { Code::MissingKey },
                if both { table.span_of("share") } else { table.span.clone() },
                if both { "both `count` and `share` are given" } else { "neither `count` nor `share` is given" },
            )
            .label("how many?")
            .help("count = 150, or share = 0.5"),
        );
        None
    }

    fn amount(&mut self, table: &Table, n: Option<usize>) -> Option<Amount> {
        self.either(table)?;
        if table.has("share") {
            return self.share(table, true).map(Amount::Share);
        }
        let count = table.integer("count").and_then(|c| u32::try_from(c).ok())?;
        if let Some(n) = n.filter(|&n| n < count as usize) {
            self.say(
                Diagnostic::new(
                    Code::Unreachable,
                    table.span_of("count"),
                    format!("the look waits for {count} patients of a trial of {n}"),
                )
                .label(format!("allowed: 1 to {n}")),
            );
            return None;
        }
        Some(Amount::Count(count))
    }

    fn look_events(
        &mut self,
        table: &Table,
        n: Option<usize>,
        cut: Option<&Cut>,
        endpoints: &[Resolved],
    ) -> Option<When> {
        self.either(table)?;
        let endpoint = self.endpoint_named(table.get("endpoint")?, endpoints)?;
        if endpoints[endpoint].kind != "time-to-event" {
            self.say(
                Diagnostic::new(
                    Code::NotAnEvent,
                    table.span_of("endpoint"),
                    format!("endpoint `{}` has no events to count", endpoints[endpoint].name),
                )
                .label(format!("a {} endpoint", endpoints[endpoint].kind))
                .help("a look can wait for events of a time-to-event endpoint"),
            );
            return None;
        }
        let last = cut.and_then(|c| c.events).filter(|&(_, e)| e == endpoint).map(|(count, _)| count);
        let count = if table.has("share") {
            let share = self.share(table, false)?;
            let Some(last) = last else {
                self.say(
                    Diagnostic::new(
                        Code::MissingKey,
                        table.span_of("share"),
                        "a share of the events is asked for, and the trial does not end at a number of them",
                    )
                    .label("of how many?")
                    .help("count = 190, or end the trial at a number: `[cut]` with `events = { count = 380, endpoint = … }`"),
                );
                return None;
            };
            ((share * f64::from(last) - 1e-9).ceil() as u32).max(1)
        } else {
            table.integer("count").and_then(|c| u32::try_from(c).ok())?
        };
        let most = last.map(|l| (l.saturating_sub(1), "the trial ends at", l));
        let most = most.or(n.map(|n| (u32::try_from(n).unwrap_or(u32::MAX), "patients are", n as u32)));
        if let Some((most, why, number)) = most.filter(|m| count > m.0) {
            self.say(
                Diagnostic::new(
                    Code::Unreachable,
                    table.span_of(if table.has("share") { "share" } else { "count" }),
                    format!("the look waits for {count} events, and {why} {number}"),
                )
                .label(format!("allowed: 1 to {most}")),
            );
            return None;
        }
        Some(When::Events { count, endpoint })
    }

    /// An endpoint that comes due.
    fn look_complete(&mut self, table: &Table, endpoints: &[Resolved]) -> Option<usize> {
        let i = self.endpoint_named(table.get("endpoint")?, endpoints)?;
        if endpoints[i].endpoint.as_ref().is_none_or(|e| falls_due(&e.measure)) {
            return Some(i);
        }
        self.say(
            Diagnostic::new(
                Code::Contradiction,
                table.span_of("endpoint"),
                format!("endpoint `{}` is never due: it is known from the start, or as far as patients are followed", endpoints[i].name),
            )
            .label("of no visit or month")
            .help("name an endpoint that is measured at a visit or asks what has happened by a month; or wait for `events`, `enrolled` or `follow-up`"),
        );
        None
    }

    /// Looks that wait for more of the same each.
    fn check_order(&mut self, tables: &[&Table], looks: &[LookPlan]) {
        for (k, pair) in looks.windows(2).enumerate() {
            let ([first], [second]) = (pair[0].when.as_slice(), pair[1].when.as_slice()) else { continue };
            let numbers = match (first, second) {
                (When::Events { count: a, endpoint: e }, When::Events { count: b, endpoint: f }) if e == f => {
                    Some((f64::from(*a), f64::from(*b), "events"))
                }
                (When::Enrolled(Amount::Count(a)), When::Enrolled(Amount::Count(b))) => {
                    Some((f64::from(*a), f64::from(*b), "enrolled"))
                }
                (When::Enrolled(Amount::Share(a)), When::Enrolled(Amount::Share(b))) => Some((*a, *b, "enrolled")),
                (
                    When::Complete { amount: Amount::Count(a), endpoint: e },
                    When::Complete { amount: Amount::Count(b), endpoint: f },
                ) if e == f => Some((f64::from(*a), f64::from(*b), "complete")),
                (
                    When::Complete { amount: Amount::Share(a), endpoint: e },
                    When::Complete { amount: Amount::Share(b), endpoint: f },
                ) if e == f => Some((*a, *b, "complete")),
                (When::Date(a), When::Date(b)) => Some((*a, *b, "date")),
                (When::FollowUp(a), When::FollowUp(b)) => Some((*a, *b, "follow-up")),
                _ => None,
            };
            if let Some((a, b, key)) = numbers.filter(|(a, b, _)| a >= b) {
                let (one, other) = (&looks[k].name, &looks[k + 1].name);
                self.say(
                    Diagnostic::new(
                        Code::NotAscending,
                        tables[k + 1].span_of(key),
                        format!("look `{other}` waits for {b}, look `{one}` before it for {a}"),
                    )
                    .label(format!("not above {a}"))
                    .and(tables[k].span_of(key), "the look before")
                    .help("looks are held in the order of the file"),
                );
            }
        }
    }

    /// The index of the analysis of a name.
    pub(super) fn analysis_named(&mut self, file: &Table, name: &Located) -> Option<usize> {
        let known: Vec<&str> = file.tables("analysis").iter().filter_map(|t| t.text("name")).collect();
        let found = known.iter().position(|k| *k == name.text());
        if found.is_none() {
            let diagnostic = self.unknown(Code::UnknownAnalysis, "analysis", name, &known);
            self.say(diagnostic);
        }
        found
    }

    /// Indices of the looks of these names, ascending; all where none is named.
    pub(super) fn looks_named(&mut self, names: &[Located], looks: &[LookPlan], all: bool) -> Option<Vec<usize>> {
        if all {
            return Some((0..looks.len()).collect());
        }
        let known: Vec<&str> = looks.iter().map(|l| l.name.as_str()).collect();
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            match known.iter().position(|k| *k == name.text()) {
                Some(i) => found.push(i),
                None => {
                    let diagnostic = self.unknown(Code::UnknownLook, "look", name, &known);
                    self.say(diagnostic);
                }
            }
        }
        (found.len() == names.len()).then_some(())?;
        if let Some(k) = (1..found.len()).find(|&k| found[k] <= found[k - 1]) {
            self.say(
                Diagnostic::new(
                    Code::NotAscending,
                    names[k].span.clone(),
                    format!("look `{}` does not come after `{}`", names[k].text(), names[k - 1].text()),
                )
                .label("out of order")
                .help("name each look once, in the order of the file"),
            );
            return None;
        }
        Some(found)
    }

    /// As many numbers as there are places for them.
    pub(super) fn one_each(&mut self, table: &Table, key: &str, places: usize, of: &str) -> Option<Vec<f64>> {
        let numbers = self.numbers_at(table, key)?;
        if numbers.len() != places {
            self.say(
                Diagnostic::new(
                    Code::WrongLength,
                    table.span_of(key),
                    format!("`{key}` has {} number{}", numbers.len(), plural(numbers.len())),
                )
                .label(format!("wanted: {places}"))
                .help(format!("one each for {of}")),
            );
            return None;
        }
        Some(numbers.into_iter().map(|(x, _)| x).collect())
    }
}

/// What results call the final analysis.
const END: &str = "end";
/// Most looks.
const MOST: usize = 50;

/// Whether a measure is known from some month after entry on, rather than as far as patients are followed.
pub(super) fn falls_due(measure: &Measure) -> bool {
    match measure {
        Measure::Binary { of: BinaryOf::State { visit, .. }, .. }
        | Measure::Ordinal { visit, .. }
        | Measure::Score { visit, .. } => visit.is_some(),
        Measure::Binary { of: BinaryOf::Occurrence { .. }, .. } => true,
        Measure::Time { .. } | Measure::Visits { .. } => false,
        Measure::Hierarchical(tiers) => {
            tiers.iter().any(|t| t.visit.is_some() || matches!(t.of, TierOf::Occurrence { .. }))
        }
    }
}
