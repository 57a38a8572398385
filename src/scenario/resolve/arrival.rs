//! How patients arrive: calendar, accrual, sites.

use super::Resolver;
use crate::distribution::Domain;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::written::{Item, Table};
use crate::scenario::{Accrual, CalendarPlan, Enrolment, RateOf, Site};

impl Resolver {
    /// Calendar date of month 0.
    pub(super) fn start(&mut self, file: &Table) -> Option<jiff::civil::Date> {
        let start = file.table("enrolment")?.get("start")?;
        if let Item::Date(date) = start.item {
            return Some(date);
        }
        self.say(
            Diagnostic::new(Code::WrongType, start.span.clone(), "`start` is a number; it should be a date")
                .label("not a date")
                .help("start = \"2023-01-06\": the calendar date of month 0"),
        );
        None
    }

    pub(super) fn enrolment(&mut self, file: &Table, n: Option<usize>) -> Option<Enrolment> {
        let sites = file.tables("site");
        let empty = Table::default();
        let written = file.table("enrolment");
        let table = written.unwrap_or(&empty);
        let models: Vec<&str> = ["uniform", "piecewise", "ramp"].into_iter().filter(|key| table.has(key)).collect();
        let rate_of = if table.text("rate-of") == Some("screened") { RateOf::Screened } else { RateOf::Enrolled };
        let accrual = match (models.as_slice(), sites) {
            ([], []) if written.is_some() => {
                self.say(
                    Diagnostic::new(
                        Code::NoAccrual,
                        table.span.clone(),
                        "`enrolment` does not say how patients arrive",
                    )
                    .label("needs a model of arrival")
                    .help("uniform = { over = 24 }, or piecewise = { rates = [4, 9], from = [0, 6] }, or ramp = { rate = 12, over = 6 }, or [[site]] entries; without `[enrolment]` everyone enters at month 0"),
                );
                None
            }
            ([], []) => Some(Accrual::AtOnce),
            ([], sites) => self.sites(sites, n),
            (["uniform"], []) => {
                let table = table.table("uniform")?;
                self.number_in(table, "over", Domain::Positive)?.map(|over| Accrual::Uniform { over })
            }
            (["piecewise"], []) => self.piecewise(table.table("piecewise")?),
            (["ramp"], []) => {
                let table = table.table("ramp")?;
                let rate = self.number_in(table, "rate", Domain::Positive);
                let over = self.number_in(table, "over", Domain::Positive);
                rate?.zip(over?).map(|(rate, over)| Accrual::Ramp { rate, over })
            }
            ([first, rest @ ..], sites) => {
                let at = |key: &str| table.entry(key).map_or_else(|| table.span.clone(), |e| e.key_span.clone());
                let second = match (rest, sites) {
                    ([second, ..], _) => at(second),
                    ([], [site, ..]) => site.span.clone(),
                    ([], []) => table.span.clone(),
                };
                self.say(
                    Diagnostic::new(Code::SeveralAccruals, second, "enrolment has more than one model of arrival")
                        .label("a second one")
                        .and(at(first), "the first")
                        .help("keep one of `uniform`, `piecewise`, `ramp` and the [[site]] entries"),
                );
                None
            }
        };
        let plan = self.calendar_plan(table);
        Some(Enrolment { accrual: accrual?, rate_of, start: self.start.map(|date| date.to_string()), plan: plan? })
    }

    /// The planned end and the follow-up planned for each patient: both or neither.
    #[allow(clippy::option_option)]
    fn calendar_plan(&mut self, table: &Table) -> Option<Option<CalendarPlan>> {
        let end = self.date_at(table, "planned-end");
        let follow_up = self.number_in(table, "follow-up", Domain::Positive);
        match (end?, follow_up?) {
            (None, None) => Some(None),
            (Some(end), Some(follow_up)) => Some(Some(CalendarPlan { end, follow_up })),
            (end, _) => {
                let (given, wanted) =
                    if end.is_some() { ("planned-end", "follow-up") } else { ("follow-up", "planned-end") };
                self.say(
                    Diagnostic::new(
                        Code::MissingKey,
                        table.span_of(given),
                        format!("`{given}` is given without `{wanted}`"),
                    )
                    .label(format!("needs `{wanted}`"))
                    .help("as planned-end = \"2028-01-01\" and follow-up = 24"),
                );
                None
            }
        }
    }

    fn piecewise(&mut self, table: &Table) -> Option<Accrual> {
        let rates = self.numbers_at(table, "rates");
        let from = self.numbers_at(table, "from");
        let (rates, from) = (rates?, from?);
        if rates.len() != from.len() || rates.is_empty() {
            self.say(
                Diagnostic::new(
                    Code::WrongLength,
                    table.span_of("from"),
                    format!("{} rates have {} beginnings", rates.len(), from.len()),
                )
                .label("as many as rates")
                .and(table.span_of("rates"), "the rates")
                .help("rates = [4, 9], from = [0, 6]"),
            );
            return None;
        }
        self.ascending(&from, "from")?;
        if from[0].0 != 0.0 {
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    from[0].1.clone(),
                    format!("the first period begins at month {}", from[0].0),
                )
                .label("allowed: 0")
                .help("where no one arrives at first, begin with a rate of 0"),
            );
            return None;
        }
        for ((rate, _), located) in rates.iter().zip(table.list("rates")) {
            self.in_domain(*rate, Domain::NonNegative, "rates", located)?;
        }
        if let Some((rate, span)) = rates.last()
            && *rate == 0.0
        {
            self.say(
                Diagnostic::new(Code::Unreachable, span.clone(), "no one arrives in the last period, which has no end")
                    .label("allowed: above 0"),
            );
            return None;
        }
        Some(Accrual::Piecewise {
            rates: rates.into_iter().map(|(x, _)| x).collect(),
            from: from.into_iter().map(|(x, _)| x).collect(),
        })
    }

    fn sites(&mut self, tables: &[Table], n: Option<usize>) -> Option<Accrual> {
        let all: Vec<&Table> = tables.iter().collect();
        self.unique(&all, "site");
        let sites: Vec<Option<Site>> = tables.iter().map(|table| self.site(table)).collect();
        let sites: Vec<Site> = sites.into_iter().collect::<Option<_>>()?;
        if sites.len() > usize::from(u16::MAX) {
            self.say(Diagnostic::new(
                Code::WrongLength,
                tables[0].span.clone(),
                format!("there are {} sites; at most {} can be", sites.len(), u16::MAX),
            ));
            return None;
        }
        let most: Option<u64> = sites.iter().map(|site| site.cap.map(u64::from)).sum();
        if let (Some(most), Some(n)) = (most, n)
            && most < n as u64
        {
            self.say(
                Diagnostic::new(
                    Code::Unreachable,
                    tables[0].span_of("cap"),
                    format!("the sites may enrol {most} patients together, and the trial needs {n}"),
                )
                .label("every site has a cap")
                .help("raise a cap, or leave one out"),
            );
            return None;
        }
        Some(Accrual::Sites(sites))
    }

    fn site(&mut self, table: &Table) -> Option<Site> {
        let rate = self.number_in(table, "rate", Domain::Positive);
        let opens = self.date_at(table, "opens");
        let closes = self.date_at(table, "closes");
        let (opens, closes) = (opens?.unwrap_or(0.0), closes?.unwrap_or(f64::INFINITY));
        if closes <= opens {
            let mut diagnostic = Diagnostic::new(
                Code::SiteClosesBeforeOpening,
                table.span_of("closes"),
                format!(
                    "site `{}` closes at month {closes:.1} and opens at month {opens:.1}",
                    table.text("name").unwrap_or_default()
                ),
            )
            .label("not after it opens");
            if table.has("opens") {
                diagnostic = diagnostic.and(table.span_of("opens"), "opens here");
            }
            self.say(diagnostic);
            return None;
        }
        let name = table.text("name")?;
        if name.trim().is_empty() {
            self.say(
                Diagnostic::new(Code::BadName, table.span_of("name"), "a site has an empty name")
                    .help("the name is the address of the site's random numbers"),
            );
            return None;
        }
        Some(Site {
            name: name.to_owned(),
            rate: rate??,
            opens,
            closes,
            cap: table.integer("cap").and_then(|cap| u32::try_from(cap).ok()),
        })
    }
}
