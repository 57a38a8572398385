//! Values at keys: numbers, dates, expressions, members of families, each checked against its domain.

use super::names::Sight;
use super::{MONTH, Resolver};
use crate::distribution::Domain;
use crate::expr::Expr;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::{Complaint, Form, Kind, Member, Span, Value, Values};
use crate::scenario::written::{Formula, Item, Located, Table};

impl Resolver {
    /// The values of a table, its expressions checked against what they can see.
    pub(super) fn values(&mut self, table: &Table, form: &'static Form, sight: &Sight) -> Option<Values> {
        let mut entries = Vec::with_capacity(table.entries.len());
        let mut complete = true;
        for entry in &table.entries {
            let Some(key) = form.keys.iter().find(|k| k.name == entry.key) else {
                continue;
            };
            match self.value(&entry.value, entry.key, &key.kind, sight) {
                Some(value) => entries.push((key.name, value, entry.value.span.clone())),
                None => complete = false,
            }
        }
        complete.then(|| Values { entries, span: table.span.clone() })
    }

    pub(super) fn value(&mut self, located: &Located, key: &str, kind: &'static Kind, sight: &Sight) -> Option<Value> {
        Some(match (&located.item, kind) {
            (Item::Text(x), _) => Value::Text(x.clone()),
            (Item::Flag(x), _) => Value::Flag(*x),
            (Item::Integer(x), _) => Value::Integer(*x),
            (Item::Number(x), _) => Value::Number(*x),
            (Item::Date(date), _) => Value::Number(self.months(*date, &located.span)?),
            (Item::Formula(formula), Kind::Number) => Value::Number(self.constant(formula, key)?),
            (Item::Formula(formula), _) => Value::Expr(self.expression(formula, key, sight)?),
            (Item::List(items), Kind::List(kind)) => {
                let values: Vec<_> =
                    items.iter().map(|item| Some((self.value(item, key, kind, sight)?, item.span.clone()))).collect();
                Value::List(values.into_iter().collect::<Option<_>>()?)
            }
            (Item::Table(table), Kind::Table(form) | Kind::Short(form)) => {
                Value::Table(self.values(table, form, sight)?)
            }
            (Item::Tables(tables), Kind::Tables(form)) => {
                let values: Vec<_> = tables.iter().map(|table| self.values(table, form, sight)).collect();
                Value::Tables(values.into_iter().collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// A number that is the same for every patient.
    pub(super) fn constant(&mut self, formula: &Formula, key: &str) -> Option<f64> {
        match self.expression(formula, key, &Sight::parameters())? {
            Expr::Number(x) => Some(x),
            // It reads a parameter whose value is missing for a reason already reported.
            _ => None,
        }
    }

    /// The number at a key, where given and readable.
    pub(super) fn number(&mut self, table: &Table, key: &str) -> Option<f64> {
        match &table.get(key)?.item {
            Item::Number(x) => Some(*x),
            Item::Formula(formula) => self.constant(formula, key),
            _ => None,
        }
    }

    /// The number at a key, which must lie in a domain. `Some(None)` where the key was not given.
    #[allow(clippy::option_option)]
    pub(super) fn number_in(&mut self, table: &Table, key: &str, domain: Domain) -> Option<Option<f64>> {
        if !table.has(key) {
            return Some(None);
        }
        let x = self.number(table, key)?;
        self.in_domain(x, domain, key, table.get(key)?)?;
        Some(Some(x))
    }

    pub(super) fn in_domain(&mut self, x: f64, domain: Domain, key: &str, located: &Located) -> Option<()> {
        let (fits, words) = allowed(domain, x);
        if fits {
            return Some(());
        }
        self.say(
            Diagnostic::new(Code::OutOfDomain, located.span.clone(), format!("`{key}` is {x}"))
                .label(format!("allowed: {words}"))
                .help(self.names.values_behind(located)),
        );
        None
    }

    /// An expression at a key. `Some(None)` where the key was not given.
    #[allow(clippy::option_option)]
    pub(super) fn expr_at(&mut self, table: &Table, key: &str, sight: &Sight) -> Option<Option<Expr>> {
        let Some(located) = table.get(key) else {
            return Some(None);
        };
        match &located.item {
            Item::Number(x) => Some(Some(Expr::Number(*x))),
            Item::Formula(formula) => self.expression(formula, key, sight).map(Some),
            _ => None,
        }
    }

    /// Expressions of a list, empty where not given.
    pub(super) fn exprs_at(&mut self, table: &Table, key: &str, sight: &Sight) -> Option<Vec<Expr>> {
        let found: Vec<Option<Expr>> = table
            .list(key)
            .iter()
            .map(|located| match &located.item {
                Item::Number(x) => Some(Expr::Number(*x)),
                Item::Formula(formula) => self.expression(formula, key, sight),
                _ => None,
            })
            .collect();
        found.into_iter().collect()
    }

    /// Numbers of a list with their places, empty where not given. Dates become months.
    pub(super) fn numbers_at(&mut self, table: &Table, key: &str) -> Option<Vec<(f64, Span)>> {
        let found: Vec<Option<(f64, Span)>> = table
            .list(key)
            .iter()
            .map(|located| {
                let x = match &located.item {
                    Item::Number(x) => Some(*x),
                    Item::Formula(formula) => self.constant(formula, key),
                    Item::Date(date) => self.months(*date, &located.span),
                    _ => None,
                }?;
                Some((x, located.span.clone()))
            })
            .collect();
        found.into_iter().collect()
    }

    /// Months since month 0 at a key that takes dates. `Some(None)` where the key was not given.
    #[allow(clippy::option_option)]
    pub(super) fn date_at(&mut self, table: &Table, key: &str) -> Option<Option<f64>> {
        let Some(located) = table.get(key) else {
            return Some(None);
        };
        let months = match &located.item {
            Item::Number(x) => *x,
            Item::Date(date) => self.months(*date, &located.span)?,
            _ => return None,
        };
        if months < 0.0 {
            self.say(
                Diagnostic::new(Code::OutOfDomain, located.span.clone(), format!("`{key}` lies before month 0"))
                    .label(format!("{months:.2} months"))
                    .help("month 0 is `start` of `[enrolment]`, when the first site can open"),
            );
            return None;
        }
        Some(Some(months))
    }

    pub(super) fn months(&mut self, date: jiff::civil::Date, span: &Span) -> Option<f64> {
        let Some(start) = self.start else {
            self.say(
                Diagnostic::new(Code::MissingStart, span.clone(), "a date is written, but not the date of month 0")
                    .label("how many months is this?")
                    .help(format!("write months, or give month 0 its date: `start = \"{date}\"` under `[enrolment]`")),
            );
            return None;
        };
        let days = start.until(date).ok()?.get_days();
        Some(f64::from(days) / MONTH)
    }

    /// The member of a family that a table names by its key, built from the values there.
    pub(super) fn member<'t, T: ?Sized>(
        &mut self,
        table: &'t Table,
        family: &'static [Member<T>],
        sight: &Sight,
    ) -> Option<(&'static Member<T>, &'t Table, Box<T>)> {
        let (member, body) = family.iter().find_map(|m| table.table(m.form.name).map(|body| (m, body)))?;
        let values = self.values(body, member.form, sight)?;
        match (member.build)(&values) {
            Ok(built) => Some((member, body, built)),
            Err(complaint) => {
                self.complain(complaint, &values, body);
                None
            }
        }
    }

    pub(super) fn complain(&mut self, complaint: Complaint, values: &Values, body: &Table) {
        let Complaint { code, key, message, mut help } = complaint;
        let span = key.map_or_else(|| values.span.clone(), |key| values.span(key));
        if help.is_empty()
            && let Some(located) = key.and_then(|key| body.get(key))
        {
            help = self.names.values_behind(located);
        }
        self.say(Diagnostic::new(code, span, message).help(help));
    }

    /// Ascending numbers.
    pub(super) fn ascending(&mut self, numbers: &[(f64, Span)], key: &str) -> Option<()> {
        for pair in numbers.windows(2) {
            let [(a, first), (b, second)] = pair else {
                continue;
            };
            if b <= a {
                self.say(
                    Diagnostic::new(
                        Code::NotAscending,
                        second.clone(),
                        format!("`{key}` does not ascend: {b} follows {a}"),
                    )
                    .label(format!("not above {a}"))
                    .and(first.clone(), "the one before"),
                );
                return None;
            }
        }
        Some(())
    }
}

/// Whether a number lies in a domain, and the domain in words.
pub(super) fn allowed(domain: Domain, x: f64) -> (bool, &'static str) {
    let (fits, words) = match domain {
        Domain::Real => (true, "any finite number"),
        Domain::Positive => (x > 0.0, "above 0"),
        Domain::NonNegative => (x >= 0.0, "0 or more"),
        Domain::Probability => ((0.0..=1.0).contains(&x), "from 0 to 1"),
        Domain::OpenProbability => (x > 0.0 && x < 1.0, "between 0 and 1"),
        Domain::Count => (crate::distribution::is_count(x), "a whole number from 0 to 1,000,000,000"),
    };
    (fits && x.is_finite(), words)
}
