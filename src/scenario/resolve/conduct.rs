//! How the trial is conducted: arms, size, enrolment, sites, allocation, visits, loss, data cut.

use super::endpoints::Resolved;
use super::names::{Columns, Is, Sight};
use super::{Options, Resolver};
use crate::distribution::{Distribution, Domain};
use crate::expr::ColumnId;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::Span;
use crate::scenario::written::{Item, Table};
use crate::scenario::{Accrual, Allocation, Arm, BinaryOf, CalendarPlan, Cut, Enrolment, Measure, RateOf, Site, Visit};

/// Most arms: their numbers must fit a byte.
const MOST_ARMS: usize = 100;

/// Largest trial.
const MOST_PATIENTS: usize = 10_000_000;

impl Resolver {
    /// Refuses a name that two entries of a kind have.
    pub(super) fn unique(&mut self, tables: &[&Table], what: &str) {
        let mut seen: std::collections::BTreeMap<&str, Span> = std::collections::BTreeMap::new();
        for table in tables {
            let (Some(name), span) = (table.text("name"), table.span_of("name")) else {
                continue;
            };
            if let Some(first) = seen.get(name) {
                self.say(
                    Diagnostic::new(Code::DuplicateName, span, format!("two {what} entries are called `{name}`"))
                        .label("again")
                        .and(first.clone(), "the first"),
                );
            } else {
                seen.insert(name, span);
            }
        }
    }

    pub(super) fn arms(&mut self, trial: &Table) -> Vec<Arm> {
        let tables = trial.tables("arms");
        let span = trial.span_of("arms");
        if tables.len() < 2 {
            self.say(
                Diagnostic::new(
                    Code::ArmsTooFew,
                    span,
                    format!("the trial has {} arm{}", tables.len(), plural(tables.len())),
                )
                .label("at least two")
                .help("arms = [{ name = \"control\" }, { name = \"treatment\" }]"),
            );
        } else if tables.len() > MOST_ARMS {
            self.say(Diagnostic::new(
                Code::WrongLength,
                span,
                format!("the trial has {} arms; at most {MOST_ARMS} can be", tables.len()),
            ));
        }
        tables
            .iter()
            .take(MOST_ARMS)
            .enumerate()
            .filter_map(|(i, table)| {
                let name = table.text("name")?.to_owned();
                self.declare(&name, &table.span_of("name"), Is::Arm(i as u8));
                Some(Arm {
                    label: table.text("label").unwrap_or(&name).to_owned(),
                    name,
                    ratio: table.integer("ratio").and_then(|r| u32::try_from(r).ok()).unwrap_or(1),
                })
            })
            .collect()
    }

    /// Index of the control arm.
    pub(super) fn control(&mut self, trial: &Table, arms: &[Arm]) -> Option<usize> {
        match trial.get("control") {
            None => Some(0),
            Some(name) => self.arm(name, arms),
        }
    }

    pub(super) fn arm(&mut self, name: &crate::scenario::written::Located, arms: &[Arm]) -> Option<usize> {
        let found = arms.iter().position(|arm| arm.name == name.text());
        if found.is_none() {
            let known: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
            let diagnostic = self.unknown(Code::UnknownArm, "arm", name, &known);
            self.say(diagnostic);
        }
        found
    }

    pub(super) fn size(&mut self, trial: &Table, options: &Options<'_>) -> Option<usize> {
        match options.n {
            None => trial.integer("n").and_then(|n| usize::try_from(n).ok()),
            Some(n) if (1..=MOST_PATIENTS).contains(&n) => Some(n),
            Some(n) => {
                self.say(
                    Diagnostic::without_place(Code::BadOption, format!("`--n {n}` is no size"))
                        .help(format!("from 1 to {MOST_PATIENTS} patients")),
                );
                None
            }
        }
    }

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

    pub(super) fn allocation(&mut self, trial: &Table, file: &Table, arms: &[Arm]) -> Option<Allocation> {
        if let Some(table) = trial.table("allocation").and_then(|t| t.table("observational")) {
            return self.observational(table, file, arms);
        }
        let Some(table) = trial.table("allocation").and_then(|t| t.table("blocks")) else {
            return Some(Allocation::Simple);
        };
        let sum: u32 = arms.iter().map(|arm| arm.ratio).sum();
        let sizes = table.list("sizes");
        let mut complete = true;
        if sizes.is_empty() {
            complete = false;
            self.say(
                Diagnostic::new(Code::WrongLength, table.span_of("sizes"), "`sizes` is empty")
                    .label("at least one block size")
                    .help(format!("sizes = [{}, {}]", sum, 2 * sum)),
            );
        }
        let mut read = Vec::with_capacity(sizes.len());
        for located in sizes {
            let size = match located.item {
                Item::Integer(x) => u32::try_from(x).unwrap_or(0),
                _ => 0,
            };
            if sum == 0 || size % sum != 0 {
                complete = false;
                self.say(
                    Diagnostic::new(
                        Code::BlockSize,
                        located.span.clone(),
                        format!("a block of {size} cannot hold the arms in their ratios"),
                    )
                    .label(format!("not a multiple of {sum}"))
                    .and(trial.span_of("arms"), format!("ratios sum to {sum}"))
                    .help(format!("for example sizes = [{}, {}]", sum, 2 * sum)),
                );
            }
            if sum > 0 && size > 0 && size % sum == 0 && !listable(arms, size) {
                complete = false;
                self.say(
                    Diagnostic::new(
                        Code::BlockSize,
                        located.span.clone(),
                        format!("a block of {size} has too many arrangements to be listed"),
                    )
                    .label("too large")
                    .help("blocks of at most 20 patients in two arms, or 12 in three; allocation.simple = {} has none"),
                );
            }
            read.push(size);
        }
        let by_site = table.flag("by-site").unwrap_or(false);
        if by_site && file.tables("site").is_empty() {
            complete = false;
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of("by-site"),
                    "blocks are stratified by site, and the trial has no sites",
                )
                .label("which sites?")
                .help("add [[site]] entries, or leave `by-site` out"),
            );
        }
        let sight = Sight::baseline(file.tables("variable").len());
        let strata = self.exprs_at(table, "strata", &sight)?;
        complete.then_some(Allocation::Blocks { sizes: read, strata, by_site })
    }

    /// Probabilities of the arms, all but the last; constant ones are checked here, others in every trial.
    fn observational(&mut self, table: &Table, file: &Table, arms: &[Arm]) -> Option<Allocation> {
        let sight = Sight::baseline(file.tables("variable").len());
        let given = table.list("probabilities");
        if given.len() + 1 != arms.len() {
            self.say(
                Diagnostic::new(
                    Code::WrongLength,
                    table.span_of("probabilities"),
                    format!("{} probabilities for {} arms", given.len(), arms.len()),
                )
                .label(format!("{} are wanted", arms.len().saturating_sub(1)))
                .help("one for each arm but the last, which has the rest"),
            );
            return None;
        }
        let probabilities = self.exprs_at(table, "probabilities", &sight)?;
        for (p, located) in probabilities.iter().zip(given) {
            if let Some(x) = p.as_number() {
                self.in_domain(x, Domain::Probability, "probabilities", located)?;
            }
        }
        Some(Allocation::Observational { probabilities })
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

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Entries of the longest list of arrangements of a block that is worth keeping.
const MOST_ENTRIES: f64 = 4_194_304.0;

/// Whether the distinct arrangements of a block can be listed: size!/Π counts! of them, each of `size` entries.
fn listable(arms: &[Arm], size: u32) -> bool {
    let sum: u32 = arms.iter().map(|arm| arm.ratio).sum();
    let (mut arrangements, mut placed) = (1.0, 0.0);
    for arm in arms {
        for i in 1..=arm.ratio * (size / sum) {
            placed += 1.0;
            arrangements *= placed / f64::from(i);
        }
    }
    arrangements * f64::from(size) <= MOST_ENTRIES
}
