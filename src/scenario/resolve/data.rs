//! Real data in place of virtual patients: the columns of a file join the scenario's variables, and what a scenario of analyses alone
//! leaves out is filled in.

use std::collections::BTreeSet;

use super::Resolver;
use super::names::{Is, Sight};
use crate::distribution::derived::Derived;
use crate::distribution::{Arg, Distribution, Domain, Draw, Parameter};
use crate::expr::{ColumnId, Expr, is_identifier};
use crate::scenario::diagnostic::{Code, Diagnostic, Report};
use crate::scenario::reader;
use crate::scenario::written::{Formula, Item, Located, Table};
use crate::scenario::{Header, Marginal, Per, Variable};

/// Most columns: their numbers are of 16 bits.
const MOST_COLUMNS: usize = 60_000;

/// What `[data]` says of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// The file, as seen from the scenario's folder.
    pub file: Option<String>,
    /// Column of the arm.
    pub arm: Option<String>,
    /// What stands there for an arm: arm and value.
    pub arms: Vec<(String, String)>,
    /// Column that identifies the patient.
    pub patient: Option<String>,
    /// Column of the site.
    pub site: Option<String>,
    /// Months in the unit of times; none where they are months.
    pub unit: Option<f64>,
    /// Names of the scenario and the header or expression behind each.
    pub columns: Vec<(String, String)>,
    /// Categories of text columns in their order.
    pub labels: Vec<(String, Vec<String>)>,
    /// Spellings of a missing value.
    pub missing: Vec<String>,
}

/// What the scenario says of a data file.
///
/// # Errors
/// Mistakes of syntax or shape.
pub fn mapping(text: &str) -> Result<Mapping, Report> {
    let file = reader::read(text, true).map_err(|diagnostics| Report { diagnostics })?;
    let none = Table::default();
    let data = file.table("data").unwrap_or(&none);
    let text_at = |key: &str| data.text(key).map(str::to_owned);
    let named =
        |key: &str| data.named(key).iter().map(|(name, _, value)| (name.clone(), value.text().to_owned())).collect();
    let texts = |items: &[Located]| items.iter().map(|item| item.text().to_owned()).collect::<Vec<String>>();
    let missing = if data.has("missing") {
        texts(data.list("missing"))
    } else {
        ["", "NA", "NaN", "."].map(str::to_owned).into()
    };
    let labels = data.named("labels").iter().map(|(name, _, value)| match &value.item {
        Item::List(items) => (name.clone(), texts(items)),
        _ => (name.clone(), Vec::new()),
    });
    Ok(Mapping {
        file: text_at("file"),
        arm: text_at("arm"),
        arms: named("arms"),
        patient: text_at("patient"),
        site: text_at("site"),
        unit: match data.text("unit") {
            Some("days") => Some(1.0 / super::MONTH),
            Some("weeks") => Some(7.0 / super::MONTH),
            Some("years") => Some(12.0),
            _ => None,
        },
        columns: named("columns"),
        labels: labels.collect(),
        missing,
    })
}

/// A variable that comes with the data: nothing draws it.
#[derive(Debug)]
struct Measured {
    /// Lowest code and number of categories, where the values can be categories.
    levels: Option<(f64, u8)>,
}

impl Distribution for Measured {
    fn parameters(&self) -> Vec<Parameter> {
        // never drawn; what is computed has one
        vec![Parameter { name: "value", value: Expr::Number(0.0), domain: Domain::Real }]
    }

    fn draw(&self) -> Draw {
        match self.levels {
            Some((first, levels)) if (0.0..=200.0).contains(&first) => Draw::Code { first: first as u8, levels },
            _ => Draw::Derived,
        }
    }

    fn quantile(&self, _: &[f64], _: &[Arg<'_>], out: &mut [f64]) {
        out.fill(f64::NAN);
    }

    fn survival(&self, _: f64, _: &[f64]) -> f64 {
        f64::NAN
    }
}

impl Resolver {
    /// Headers and the names of `[data] columns` that are no columns of the scenario become variables after its own; their number. A
    /// header whose name something else has keeps to itself.
    pub(super) fn join(&mut self, file: &Table, headers: &[Header], unseen: &[String]) -> usize {
        let mapped = file.table("data").map_or(&[][..], |data| data.named("columns"));
        let columns = || file.tables("variable").iter().chain(file.tables("outcome"));
        let own = |name: &str| columns().any(|t| t.text("name") == Some(name)) || unseen.iter().any(|e| e == name);
        for header in headers {
            let name = &header.name;
            if is_identifier(name)
                && !(own(name) || self.names.has(name) || mapped.iter().any(|(mapped, ..)| mapped == name))
            {
                self.data.push((name.clone(), 0..0, None));
            }
        }
        for (name, span, value) in mapped {
            let text = value.text().to_owned();
            let plain = headers.iter().any(|h| h.name == text);
            if plain && own(name) {
                continue;
            }
            if self.names.has(name) {
                self.say(
                    Diagnostic::new(
                        Code::BadName,
                        span.clone(),
                        format!("`{name}` is the name of a parameter or an arm"),
                    )
                    .label("taken"),
                );
                continue;
            }
            let formula = Formula { text, span: value.span.clone(), start: Some(value.span.start + 1) };
            self.data.push((name.clone(), span.clone(), (!plain).then_some(formula)));
        }
        let own = file.tables("variable").len() + file.tables("outcome").len();
        if own + self.data.len() + unseen.len() > MOST_COLUMNS {
            self.say(Diagnostic::new(
                Code::WrongLength,
                file.span_of("data"),
                format!(
                    "headers, names under [data] and events are {}; at most {MOST_COLUMNS} can be",
                    self.data.len() + unseen.len()
                ),
            ));
            self.data.clear();
        }
        self.data.len()
    }

    /// Gives the variables of [`Resolver::join`] their names, those that expressions can use.
    pub(super) fn declare_data(&mut self, first: usize) {
        let data = std::mem::take(&mut self.data);
        for (i, (name, span, _)) in data.iter().enumerate() {
            if is_identifier(name) && !self.names.has(name) {
                self.declare(name, span, Is::Variable(ColumnId((first + i) as u16)));
            }
        }
        self.data = data;
    }

    /// The variables that come with the data.
    pub(super) fn measured(&mut self, file: &Table, headers: &[Header]) -> Vec<Option<Variable>> {
        let first = file.tables("variable").len();
        let mapped = file.table("data").map_or(&[][..], |data| data.named("columns"));
        let data = std::mem::take(&mut self.data);
        let variables = data.iter().enumerate().map(|(i, (name, _, formula))| {
            let law: Box<dyn Distribution> = match formula {
                Some(formula) => {
                    let value = self.expression(formula, name, &Sight::population(first + i))?;
                    Box::new(Derived { value })
                }
                None => {
                    let header = mapped.iter().find(|(n, ..)| n == name).map_or(name.as_str(), |(.., v)| v.text());
                    let levels = headers.iter().find(|h| h.name == header).and_then(|h| h.levels);
                    Box::new(Measured { levels })
                }
            };
            Some(Variable { label: name.clone(), name: name.clone(), law, per: Per::Candidate, marginal: Marginal::No })
        });
        let variables = variables.collect();
        self.data = data;
        variables
    }

    /// Events that endpoints name and nobody has described, each once.
    pub(super) fn events_of_data(file: &Table) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut tables: Vec<&Table> = file.tables("endpoint").iter().collect();
        while let Some(table) = tables.pop() {
            for key in ["event", "competing", "revealed-by"] {
                found.extend(table.list(key).iter().chain(table.get(key)).map(|name| name.text().to_owned()));
            }
            for entry in &table.entries {
                match &entry.value.item {
                    Item::Table(inner) => tables.push(inner),
                    Item::Tables(inner) => tables.extend(inner),
                    _ => {}
                }
            }
        }
        found.remove("");
        let described = |name: &String| file.tables("outcome").iter().any(|t| t.text("name") == Some(name));
        found.into_iter().filter(|name| !described(name)).collect()
    }

    /// Outcomes of which only the data know anything.
    pub(super) fn unseen(&mut self, events: &[String], before: usize) -> Vec<Option<Variable>> {
        let outcome = |name: &String| {
            let law = Box::new(Derived { value: Expr::Number(f64::INFINITY) });
            Some(Variable { label: name.clone(), name: name.clone(), law, per: Per::Candidate, marginal: Marginal::No })
        };
        for (i, name) in events.iter().enumerate() {
            if !self.names.has(name) {
                self.declare(name, &(0..0), Is::Outcome(ColumnId((before + i) as u16)));
            }
        }
        events.iter().map(outcome).collect()
    }
}
