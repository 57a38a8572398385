//! How the trial is conducted after entry: visits, loss, death, data cut.

use super::Resolver;
use super::design::plural;
use super::endpoints::Resolved;
use super::names::{Columns, Sight};
use crate::distribution::{Distribution, Domain};
use crate::expr::ColumnId;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::written::Table;
use crate::scenario::{Arm, BinaryOf, Costs, Cut, Measure, Visit};

impl Resolver {
    /// Prices. `Some(None)` where none are given.
    #[allow(clippy::option_option)]
    pub(super) fn costs(&mut self, file: &Table) -> Option<Option<Costs>> {
        let Some(table) = file.table("cost") else { return Some(None) };
        let mut price = |key: &str| self.number_in(table, key, Domain::NonNegative).map(Option::unwrap_or_default);
        let (patient, site_month, event) = (price("patient"), price("site-month"), price("event"));
        Some(Some(Costs { patient: patient?, site_month: site_month?, event: event? }))
    }

    /// Visits by their planned time.
    pub(super) fn visits(&mut self, file: &Table) -> Option<Vec<Visit>> {
        let tables: Vec<&Table> = file.tables("visit").iter().collect();
        self.unique(&tables, "visit");
        let visits: Vec<Option<Visit>> = tables.iter().map(|table| self.visit(table)).collect();
        let mut visits: Vec<Visit> = visits.into_iter().collect::<Option<_>>()?;
        visits.sort_by(|a, b| a.at.total_cmp(&b.at));
        Some(visits)
    }

    fn visit(&mut self, table: &Table) -> Option<Visit> {
        let at = self.number_in(table, "at", Domain::NonNegative);
        let window = self.numbers_at(table, "window");
        let missed = self.expr_at(table, "missed", &Sight::everything());
        let (at, window) = (at??, window?);
        let window = match window.as_slice() {
            [] if !table.has("window") => (at, at),
            [(earliest, _), (latest, _)] => {
                if !(0.0 <= *earliest && *earliest <= at && at <= *latest) {
                    self.say(
                        Diagnostic::new(
                            Code::WindowOrder,
                            table.span_of("window"),
                            format!("the window from {earliest} to {latest} does not hold the planned time {at}"),
                        )
                        .label("earliest, latest")
                        .and(table.span_of("at"), "planned here"),
                    );
                    return None;
                }
                (*earliest, *latest)
            }
            other => {
                self.say(
                    Diagnostic::new(
                        Code::WrongLength,
                        table.span_of("window"),
                        format!("`window` has {} number{}", other.len(), plural(other.len())),
                    )
                    .label("earliest and latest month")
                    .help("window = [5.5, 7]"),
                );
                return None;
            }
        };
        let missed = missed?.unwrap_or(crate::expr::Expr::Number(0.0));
        self.probability(&missed, table, "missed")?;
        Some(Visit { name: table.text("name")?.to_owned(), at, window, missed })
    }

    /// `Some(None)` where no one is lost.
    #[allow(clippy::option_option)]
    pub(super) fn dropout(&mut self, file: &Table, arms: &[Arm]) -> Option<Option<Box<dyn Distribution>>> {
        let Some(table) = file.table("observation").and_then(|o| o.table("dropout")) else {
            return Some(None);
        };
        let law = self.law(table, &Sight::everything(), arms);
        self.not_marginal(table)?;
        law.map(Some)
    }

    pub(super) fn deaths(&mut self, file: &Table, columns: &Columns<'_>) -> Option<Vec<ColumnId>> {
        let observation = file.table("observation");
        let names = observation.map_or(&[][..], |o| o.list("death"));
        self.events(names, columns)
    }

    pub(super) fn cut(&mut self, file: &Table, n: Option<usize>, endpoints: &[Resolved]) -> Option<Cut> {
        let Some(table) = file.table("cut") else {
            return Some(Cut::default());
        };
        if table.entries.is_empty() {
            self.say(
                Diagnostic::new(
                    Code::MissingKey,
                    table.span.clone(),
                    "`cut` does not say when",
                )
                .label("needs a time")
                .help("horizon = 12, or date = 48, or after-last-entry = 12, or events = { count = 380, endpoint = \"os\" }"),
            );
            return None;
        }
        let horizon = self.number_in(table, "horizon", Domain::Positive);
        let date = self.date_at(table, "date");
        let after_last_entry = self.number_in(table, "after-last-entry", Domain::NonNegative);
        let events = match table.table("events") {
            None => Some(None),
            Some(events) => self.cut_events(events, n, endpoints).map(Some),
        };
        let date = date?;
        if date == Some(0.0) {
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    table.span_of("date"),
                    "the data are cut at month 0, when no one has been seen",
                )
                .label("allowed: above 0"),
            );
            return None;
        }
        Some(Cut { horizon: horizon?, date, after_last_entry: after_last_entry?, events: events? })
    }

    fn cut_events(&mut self, table: &Table, n: Option<usize>, endpoints: &[Resolved]) -> Option<(u32, usize)> {
        let count = table.integer("count").and_then(|c| u32::try_from(c).ok())?;
        if let Some(n) = n
            && count as usize > n
        {
            self.say(
                Diagnostic::new(
                    Code::Unreachable,
                    table.span_of("count"),
                    format!("{count} events cannot happen in {n} patients"),
                )
                .label(format!("allowed: 1 to {n}")),
            );
            return None;
        }
        let i = self.endpoint_named(table.get("endpoint")?, endpoints)?;
        if endpoints[i].kind != "time-to-event" {
            self.say(
                Diagnostic::new(
                    Code::NotAnEvent,
                    table.span_of("endpoint"),
                    format!("endpoint `{}` has no events to count", endpoints[i].name),
                )
                .label(format!("a {} endpoint", endpoints[i].kind))
                .help("the data can be cut at events of a time-to-event endpoint"),
            );
            return None;
        }
        Some((count, i))
    }

    /// Measurements that the cut leaves no one to have.
    pub(super) fn reachable(&mut self, file: &Table, cut: &Cut, visits: &[Visit], endpoints: &[Resolved]) {
        let Some(horizon) = cut.horizon else {
            return;
        };
        let horizon_span = file.table("cut").map_or(0..0, |table| table.span_of("horizon"));
        for table in file.tables("visit") {
            let Some(visit) = visits.iter().find(|v| Some(v.name.as_str()) == table.text("name")) else {
                continue;
            };
            if visit.window.0 > horizon {
                self.say(
                    Diagnostic::new(
                        Code::Unreachable,
                        table.span_of("at"),
                        format!("visit `{}` lies beyond the horizon of {horizon} months", visit.name),
                    )
                    .label("no one is seen then")
                    .and(horizon_span.clone(), "the data are cut here"),
                );
            }
        }
        for resolved in endpoints {
            if let Some(Measure::Binary { of: BinaryOf::Occurrence { by, .. }, .. }) =
                resolved.endpoint.as_ref().map(|e| &e.measure)
                && *by > horizon
            {
                self.say(
                        Diagnostic::new(
                            Code::Unreachable,
                            resolved.span.clone(),
                            format!(
                                "endpoint `{}` asks what has happened by month {by}, beyond the horizon of {horizon} months",
                                resolved.name
                            ),
                        )
                        .label("no one is known to be free of the event")
                        .and(horizon_span.clone(), "the data are cut here"),
                    );
            }
        }
    }
}
