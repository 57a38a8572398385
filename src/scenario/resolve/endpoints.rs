//! What is measured: endpoints, tiers, the fate of patients in whom they are not known.

use super::Resolver;
use super::names::{Columns, Sight};
use crate::analysis::{Better, ResponseKind};
use crate::distribution::{Domain, Draw};
use crate::expr::{ColumnId, Expr, Function};
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::Span;
use crate::scenario::written::{Located, Table};
use crate::scenario::{
    BinaryOf, Dated, Endpoint, Fate, Intercurrent, IntercurrentFate, Measure, TierOf, TierPlan, Visit,
};

/// Most categories: their codes must fit a byte.
const MOST_LEVELS: usize = 200;

/// An endpoint that has a name; what it measures may not have been readable.
pub(super) struct Resolved {
    pub(super) name: String,
    pub(super) span: Span,
    /// Its key, as `time-to-event`.
    pub(super) kind: &'static str,
    pub(super) response: ResponseKind,
    pub(super) endpoint: Option<Endpoint>,
}

/// What measurements may refer to.
struct World<'a> {
    columns: &'a Columns<'a>,
    visits: &'a [Visit],
    /// All visits that are written, readable or not.
    visit_names: Vec<&'a str>,
}

/// An ordered category: the expression, its cuts, lowest code and number of levels.
type Categories = (Expr, Vec<f64>, (f64, u8));

impl Resolver {
    pub(super) fn endpoints(&mut self, file: &Table, columns: &Columns<'_>, visits: &[Visit]) -> Vec<Resolved> {
        let world = World {
            columns,
            visits,
            visit_names: file.tables("visit").iter().filter_map(|t| t.text("name")).collect(),
        };
        let tables: Vec<&Table> = file.tables("endpoint").iter().collect();
        self.unique(&tables, "endpoint");
        tables.iter().filter_map(|table| self.endpoint(table, &world)).collect()
    }

    fn endpoint(&mut self, table: &Table, world: &World<'_>) -> Option<Resolved> {
        let name = table.text("name")?.to_owned();
        let (kind, response) = [
            ("binary", ResponseKind::Binary),
            ("ordinal", ResponseKind::Ordinal),
            ("score", ResponseKind::Score),
            ("time-to-event", ResponseKind::Time),
            ("interval-censored", ResponseKind::Interval),
            ("visit-dated", ResponseKind::Time),
            ("hierarchical", ResponseKind::Hierarchical),
        ]
        .into_iter()
        .find(|(kind, _)| table.has(kind))?;
        let body = table.table(kind)?;
        let measure = match response {
            ResponseKind::Binary => self.binary(body, world),
            ResponseKind::Ordinal => self.ordinal(body, world),
            ResponseKind::Score => self.score(body, world),
            ResponseKind::Time if kind == "visit-dated" => {
                let by = self.by(body, false);
                by.and_then(|by| self.found_at_visits(body, world, Dated::AtVisit(by)))
            }
            ResponseKind::Time => self.time_to_event(body, world),
            ResponseKind::Hierarchical => self.hierarchical(body, world),
            ResponseKind::Interval => self.found_at_visits(body, world, Dated::Between),
        };
        let label = table.text("label").unwrap_or(&name).to_owned();
        Some(Resolved {
            span: table.span_of("name"),
            kind,
            response,
            endpoint: measure.map(|measure| Endpoint { name: name.clone(), label, measure }),
            name,
        })
    }

    /// Index of the endpoint that is named.
    pub(super) fn endpoint_named(&mut self, name: &Located, endpoints: &[Resolved]) -> Option<usize> {
        let found = endpoints.iter().position(|e| e.name == name.text());
        if found.is_none() {
            let known: Vec<&str> = endpoints.iter().map(|e| e.name.as_str()).collect();
            let diagnostic = self.unknown(Code::UnknownEndpoint, "endpoint", name, &known);
            self.say(diagnostic);
        }
        found
    }

    /// The outcomes that are named, each the time of an event.
    pub(super) fn events(&mut self, names: &[Located], columns: &Columns<'_>) -> Option<Vec<ColumnId>> {
        let found: Vec<Option<ColumnId>> = names.iter().map(|name| self.event(name, columns)).collect();
        let found: Vec<ColumnId> = found.into_iter().collect::<Option<_>>()?;
        for (i, event) in found.iter().enumerate() {
            if let Some(first) = found[..i].iter().position(|e| e == event) {
                self.say(
                    Diagnostic::new(
                        Code::DuplicateName,
                        names[i].span.clone(),
                        format!("`{}` stands twice in this list", names[i].text()),
                    )
                    .label("again")
                    .and(names[first].span.clone(), "the first time"),
                );
                return None;
            }
        }
        Some(found)
    }

    fn event(&mut self, name: &Located, columns: &Columns<'_>) -> Option<ColumnId> {
        let Some((column, law)) = self.names.outcome(name.text(), columns) else {
            let known = self.names.outcomes();
            let diagnostic = self.unknown(Code::UnknownEvent, "outcome", name, &known);
            self.say(diagnostic);
            return None;
        };
        if law.is_some_and(|law| !super::names::can_be_event(law)) {
            self.say(
                Diagnostic::new(
                    Code::NotAnEvent,
                    name.span.clone(),
                    format!("`{}` is not the time of an event", name.text()),
                )
                .label("not months from entry")
                .help("events are outcomes drawn from exponential, weibull and the like, or derived from such"),
            );
            return None;
        }
        Some(column)
    }

    /// At least one event.
    fn some_events(&mut self, table: &Table, world: &World<'_>) -> Option<Vec<ColumnId>> {
        let names = table.list("event");
        if names.is_empty() {
            self.say(
                Diagnostic::new(Code::WrongLength, table.span_of("event"), "`event` names no outcome")
                    .label("at least one")
                    .help("event = \"death\""),
            );
            return None;
        }
        self.events(names, world.columns)
    }

    /// `Some(None)` where no visit is named: the value is always known.
    #[allow(clippy::option_option)]
    fn visit_named(&mut self, table: &Table, world: &World<'_>) -> Option<Option<usize>> {
        let Some(name) = table.get("visit") else {
            return Some(None);
        };
        let found = world.visits.iter().position(|v| v.name == name.text());
        if found.is_none() && !world.visit_names.contains(&name.text()) {
            let diagnostic = self.unknown(Code::UnknownVisit, "visit", name, &world.visit_names);
            self.say(diagnostic);
        }
        found.map(Some)
    }

    fn intercurrent(&mut self, table: &Table, world: &World<'_>) -> Option<Vec<Intercurrent>> {
        let found: Vec<Option<Intercurrent>> = table
            .tables("intercurrent")
            .iter()
            .map(|table| {
                Some(Intercurrent {
                    event: self.event(table.get("event")?, world.columns)?,
                    fate: match table.text("fate")? {
                        "worst" => IntercurrentFate::Worst,
                        "missing" => IntercurrentFate::Missing,
                        _ => IntercurrentFate::Policy,
                    },
                })
            })
            .collect();
        let found: Vec<Intercurrent> = found.into_iter().collect::<Option<_>>()?;
        for (i, one) in found.iter().enumerate() {
            if let Some(first) = found[..i].iter().position(|e| e.event == one.event) {
                let tables = table.tables("intercurrent");
                self.say(
                    Diagnostic::new(Code::Contradiction, tables[i].span_of("event"), "this event has two fates")
                        .label("again")
                        .and(tables[first].span_of("event"), "the first time"),
                );
                return None;
            }
        }
        Some(found)
    }

    /// An event cannot come before a measurement that has no time.
    fn always_known(&mut self, table: &Table) -> Option<()> {
        let Some(entry) = table.entry("intercurrent").filter(|_| !table.has("visit")) else {
            return Some(());
        };
        self.say(
            Diagnostic::new(
                Code::Contradiction,
                entry.key_span.clone(),
                "`intercurrent` is given for a value that is always known",
            )
            .label("before which measurement?")
            .help("say at which visit it is measured, as visit = \"month-6\", or leave `intercurrent` out"),
        );
        None
    }

    /// Whether a fate asks for the worst value.
    fn needs_worst(missing: Fate, intercurrent: &[Intercurrent]) -> bool {
        missing == Fate::Worst || intercurrent.iter().any(|i| i.fate == IntercurrentFate::Worst)
    }

    fn check_worst(
        &mut self,
        place: &Table,
        worst: Option<f64>,
        missing: Fate,
        intercurrent: &[Intercurrent],
    ) -> Option<()> {
        if worst.is_some() || !Self::needs_worst(missing, intercurrent) {
            return Some(());
        }
        let key = if missing == Fate::Worst { "missing" } else { "intercurrent" };
        self.say(
            Diagnostic::new(
                Code::MissingWorst,
                place.span_of(key),
                "a fate is `worst`, and the score does not say what its worst value is",
            )
            .label("worst is what?")
            .help("add the value, as worst = 33"),
        );
        None
    }

    /// Combinations of keys that leave open what is measured.
    fn contradiction(&mut self, table: &Table, key: &str, other: &str, help: &str) -> Option<()> {
        let (Some(first), Some(second)) = (table.entry(key), table.entry(other)) else {
            return Some(());
        };
        self.say(
            Diagnostic::new(
                Code::Contradiction,
                second.key_span.clone(),
                format!("`{other}` cannot stand beside `{key}`"),
            )
            .label("contradicts it")
            .and(first.key_span.clone(), "given here")
            .help(help),
        );
        None
    }

    fn binary(&mut self, table: &Table, world: &World<'_>) -> Option<Measure> {
        const HELP: &str =
            "a state: value = \"score >= 5\", visit = \"month-6\"; an event: event = \"bleeding\", by = 6";
        if !table.has("value") && !table.has("event") {
            self.say(
                Diagnostic::new(Code::Contradiction, table.span.clone(), "`binary` has neither `value` nor `event`")
                    .label("asks nothing")
                    .help(HELP),
            );
            return None;
        }
        self.contradiction(table, "value", "event", HELP)?;
        self.contradiction(table, "value", "by", HELP)?;
        self.contradiction(table, "event", "visit", HELP)?;
        let intercurrent = self.intercurrent(table, world);
        let of = if table.has("value") {
            let known = self.always_known(table);
            let visit = self.visit_named(table, world);
            let value = self.expr_at(table, "value", &Sight::everything())?;
            known?;
            BinaryOf::State { value: value?, visit: visit? }
        } else {
            let events = self.some_events(table, world);
            BinaryOf::Occurrence { by: self.by(table, true)?, events: events? }
        };
        Some(Measure::Binary {
            of,
            better: better(table),
            missing: fate(table, Fate::Excluded),
            intercurrent: intercurrent?,
        })
    }

    /// The horizon `by`; infinite where it may be and is left out.
    fn by(&mut self, table: &Table, required: bool) -> Option<f64> {
        match self.number_in(table, "by", Domain::Positive)? {
            Some(by) => Some(by),
            None if !required => Some(f64::INFINITY),
            None => {
                self.say(
                    Diagnostic::new(Code::MissingKey, table.span.clone(), "`event` is asked for without `by`")
                        .label("by when?")
                        .help("add the month, as by = 6"),
                );
                None
            }
        }
    }

    fn ordinal(&mut self, table: &Table, world: &World<'_>) -> Option<Measure> {
        let known = self.always_known(table);
        let visit = self.visit_named(table, world);
        let intercurrent = self.intercurrent(table, world);
        let (value, cuts, levels) = self.categories(table, world)?;
        known?;
        Some(Measure::Ordinal {
            value,
            cuts,
            levels,
            visit: visit?,
            better: better(table),
            missing: fate(table, Fate::Excluded),
            intercurrent: intercurrent?,
        })
    }

    fn categories(&mut self, table: &Table, world: &World<'_>) -> Option<Categories> {
        let value = self.expr_at(table, "value", &Sight::everything())??;
        let cuts = self.numbers_at(table, "cuts")?;
        self.ascending(&cuts, "cuts")?;
        if cuts.len() >= MOST_LEVELS {
            self.say(Diagnostic::new(
                Code::WrongLength,
                table.span_of("cuts"),
                format!("{} cuts make too many categories; at most {MOST_LEVELS} can be", cuts.len()),
            ));
            return None;
        }
        if !cuts.is_empty() {
            let levels = (0.0, cuts.len() as u8 + 1);
            return Some((value, cuts.into_iter().map(|(x, _)| x).collect(), levels));
        }
        let draw = match value {
            // A variable that could not be read has been reported.
            Expr::Column(column) => Some(world.columns.law(column)?.draw()),
            _ => None,
        };
        match draw {
            Some(Draw::Code { first, levels }) => Some((value, Vec::new(), (f64::from(first), levels))),
            _ => {
                self.say(
                    Diagnostic::new(Code::NotACategory, table.span_of("value"), "the value is not a category")
                        .label("into which categories?")
                        .help(
                            "add their lower limits, as cuts = [5, 10, 15], or name an ordinal or categorical variable",
                        ),
                );
                None
            }
        }
    }

    fn score(&mut self, table: &Table, world: &World<'_>) -> Option<Measure> {
        let known = self.always_known(table);
        let visit = self.visit_named(table, world);
        let intercurrent = self.intercurrent(table, world);
        let value = self.expr_at(table, "value", &Sight::everything());
        let baseline = self.expr_at(table, "change-from", &Sight::everything());
        let worst = self.number_in(table, "worst", Domain::Real)?;
        let (value, intercurrent) = (value??, intercurrent?);
        let missing = fate(table, Fate::Excluded);
        self.check_worst(table, worst, missing, &intercurrent)?;
        known?;
        Some(Measure::Score {
            value: match baseline? {
                Some(baseline) => Expr::Call(Function::Subtract, vec![value, baseline]),
                None => value,
            },
            visit: visit?,
            better: better(table),
            worst,
            missing,
            intercurrent,
        })
    }

    fn time_to_event(&mut self, table: &Table, world: &World<'_>) -> Option<Measure> {
        let events = self.some_events(table, world);
        let competing = self.events(table.list("competing"), world.columns);
        let by = self.by(table, false);
        let (events, competing) = (events?, competing?);
        if let Some(both) = competing.iter().position(|c| events.contains(c)) {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.list("competing")[both].span.clone(),
                    format!("`{}` competes with itself", table.list("competing")[both].text()),
                )
                .label("also the event")
                .and(table.span_of("event"), "the event"),
            );
            return None;
        }
        Some(Measure::Time { by: by?, events, competing, better: better(table) })
    }

    /// An event that visits look for.
    fn found_at_visits(&mut self, table: &Table, world: &World<'_>, dated: Dated) -> Option<Measure> {
        let events = self.some_events(table, world);
        let revealed_by = self.events(table.list("revealed-by"), world.columns);
        let mut visits = Vec::new();
        let mut complete = true;
        for name in table.list("visits") {
            match world.visits.iter().position(|v| v.name == name.text()) {
                Some(v) => visits.push(v),
                None => {
                    complete = false;
                    if !world.visit_names.contains(&name.text()) {
                        let diagnostic = self.unknown(Code::UnknownVisit, "visit", name, &world.visit_names);
                        self.say(diagnostic);
                    }
                }
            }
        }
        if table.list("visits").is_empty() {
            complete = false;
            self.say(
                Diagnostic::new(Code::WrongLength, table.span_of("visits"), "`visits` names none")
                    .label("at least one")
                    .help("visits = [\"month-6\", \"month-12\"]"),
            );
        }
        visits.sort_unstable_by(|&a, &b| world.visits[a].at.total_cmp(&world.visits[b].at).then(a.cmp(&b)));
        visits.dedup();
        let (events, revealed_by) = (events?, revealed_by?);
        complete.then_some(Measure::Visits { events, visits, revealed_by, dated, better: better(table) })
    }

    fn hierarchical(&mut self, table: &Table, world: &World<'_>) -> Option<Measure> {
        let tables: Vec<&Table> = table.tables("tiers").iter().collect();
        if tables.is_empty() {
            self.say(
                Diagnostic::new(Code::WrongLength, table.span_of("tiers"), "`tiers` is empty").label("at least one"),
            );
            return None;
        }
        self.unique(&tables, "tier");
        let tiers: Vec<Option<TierPlan>> = tables.iter().map(|table| self.tier(table, world)).collect();
        Some(Measure::Hierarchical(tiers.into_iter().collect::<Option<_>>()?))
    }

    fn tier(&mut self, table: &Table, world: &World<'_>) -> Option<TierPlan> {
        let at_visit = table.text("observed") == Some("at-visit");
        self.check_observed(table, at_visit)?;
        let visit = self.visit_named(table, world);
        let intercurrent = self.intercurrent(table, world);
        let missing = fate(table, Fate::Tied);
        let of = if let Some(body) = table.table("time") {
            let events = self.some_events(body, world);
            TierOf::Time { by: self.by(body, false)?, events: events? }
        } else if let Some(body) = table.table("occurrence") {
            let events = self.some_events(body, world);
            TierOf::Occurrence { by: self.by(body, true)?, events: events? }
        } else if let Some(body) = table.table("category") {
            let (value, cuts, levels) = self.categories(body, world)?;
            TierOf::Category { value, cuts, levels, better: better(body) }
        } else {
            let body = table.table("score")?;
            let value = self.expr_at(body, "value", &Sight::everything());
            let threshold = self.number_in(body, "threshold", Domain::NonNegative);
            let worst = self.number_in(body, "worst", Domain::Real)?;
            self.check_worst(table, worst, missing, intercurrent.as_deref()?)?;
            TierOf::Score { value: value??, threshold: threshold?.unwrap_or(0.0), better: better(body), worst }
        };
        Some(TierPlan { name: table.text("name")?.to_owned(), of, visit: visit?, missing, intercurrent: intercurrent? })
    }

    /// How a tier is observed fits what it compares.
    fn check_observed(&mut self, table: &Table, at_visit: bool) -> Option<()> {
        let event = ["time", "occurrence"].into_iter().find(|key| table.has(key));
        let (key, message, help) = match (at_visit, event) {
            (true, Some(event)) => (
                "observed",
                format!("`{event}` is observed as long as the patient is followed, not at a visit"),
                "observed = \"always\"",
            ),
            (true, None) if !table.has("visit") => {
                ("observed", "the tier is observed at a visit and does not name it".to_owned(), "visit = \"month-6\"")
            }
            (false, _) if table.has("visit") => (
                "visit",
                "the tier names a visit and is always observed".to_owned(),
                "observed = \"at-visit\", or leave `visit` out",
            ),
            (false, _) if table.has("intercurrent") => (
                "observed",
                "`intercurrent` is given for a tier that is always observed".to_owned(),
                "observed = \"at-visit\", or leave `intercurrent` out",
            ),
            _ => return Some(()),
        };
        self.say(Diagnostic::new(Code::Contradiction, table.span_of(key), message).help(help));
        None
    }
}

fn better(table: &Table) -> Better {
    if table.text("better") == Some("lower") { Better::Lower } else { Better::Higher }
}

fn fate(table: &Table, default: Fate) -> Fate {
    match table.text("missing") {
        Some("excluded") => Fate::Excluded,
        Some("worst") => Fate::Worst,
        Some("best") => Fate::Best,
        Some("tied") => Fate::Tied,
        _ => default,
    }
}
