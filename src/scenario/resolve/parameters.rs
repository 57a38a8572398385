//! Parameters: numbers and expressions of each other, in any order.

mod order;

use std::collections::BTreeMap;

use super::names::{Is, Sight};
use super::{Declaration, Declared, Options, Resolver};
use crate::distribution::Distribution;
use crate::distribution::derived::Derived;
use crate::expr::{ColumnId, Expr, nearest};
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::Span;
use crate::scenario::reader::{listed, shortened};
use crate::scenario::written::{Formula, Item, Located, Table};
use crate::scenario::{Marginal, Parameter, Per, Variable};

/// A parameter before its value is known.
pub(super) struct Pending {
    name: String,
    span: Span,
    value: Given,
    source: String,
    /// Parameters that its expression reads.
    reads: Vec<usize>,
    /// Whether every replicate has its own value: a prior stands behind it.
    varies: bool,
}

/// Where a value comes from.
enum Given {
    Number(f64),
    /// In the file.
    Formula(Formula),
    /// On the command line.
    Option(String),
    /// Drawn by every replicate.
    Prior(Table),
    /// Several values, at this place.
    Axis(Vec<Located>, Span),
    /// Not readable, for a reason already reported.
    Nothing,
}

impl Resolver {
    /// The parameters in the order of the file, their names declared. Their values are missing until
    /// [`Resolver::parameters`], so that expressions can read them in any order.
    pub(super) fn declare_parameters(&mut self, file: &Table, options: &Options<'_>) -> Vec<Pending> {
        let mut pending: Vec<Pending> =
            file.named("parameters").iter().map(|(name, span, located)| self.pending(name, span, located)).collect();
        self.set(&mut pending, options);
        self.put_declared(&mut pending, file, options);
        let places: BTreeMap<String, usize> =
            pending.iter().enumerate().map(|(i, parameter)| (parameter.name.clone(), i)).collect();
        for parameter in &mut pending {
            let texts = match &parameter.value {
                Given::Formula(formula) => vec![formula.text.as_str()],
                Given::Option(text) => vec![text.as_str()],
                Given::Prior(table) => formulas(table),
                _ => continue,
            };
            let words = texts.into_iter().flat_map(words);
            let mut reads: Vec<usize> = words.filter_map(|word| places.get(word).copied()).collect();
            reads.sort_unstable();
            reads.dedup();
            parameter.reads = reads;
        }
        // whoever reads what varies varies
        while let Some(i) =
            (0..pending.len()).find(|&i| !pending[i].varies && pending[i].reads.iter().any(|&r| pending[r].varies))
        {
            pending[i].varies = true;
        }
        let mut columns = file.tables("variable").len()..;
        for parameter in &pending {
            let reads = parameter.reads.iter().map(|&i| pending[i].name.clone()).collect();
            self.names.set_reads(&parameter.name, reads);
            let is = match (parameter.varies, options.headers) {
                (false, _) => Is::Parameter(None),
                (true, None) => Is::Prior(columns.next().map(|c| ColumnId(c as u16))),
                (true, Some(_)) => Is::Prior(None),
            };
            self.declare(&parameter.name, &parameter.span, is);
        }
        pending
    }

    /// The parameters with their values, once all names are declared, and a column for each that varies.
    pub(super) fn parameters(&mut self, pending: Vec<Pending>) -> (Option<Vec<Parameter>>, Vec<Option<Variable>>) {
        let values = self.evaluate(&pending);
        let mut columns = Vec::new();
        let parameters = pending.into_iter().zip(values).map(|(parameter, value)| {
            let (value, prior) = match value {
                Some(Value::Number(x)) => (x, None),
                Some(Value::Drawn(variable, words)) => {
                    columns.push(Some(*variable));
                    (f64::NAN, Some(words))
                }
                None => {
                    columns.extend(parameter.varies.then_some(None));
                    return None;
                }
            };
            Some(Parameter { name: parameter.name, value, prior, source: parameter.source })
        });
        // every one is looked at, so that the columns are complete
        let parameters: Vec<Option<Parameter>> = parameters.collect();
        (parameters.into_iter().collect(), columns)
    }

    fn pending(&mut self, name: &str, span: &Span, located: &Located) -> Pending {
        let mut parameter = Pending {
            name: name.to_owned(),
            span: span.clone(),
            value: Given::Nothing,
            source: String::new(),
            reads: Vec::new(),
            varies: false,
        };
        let Item::Table(table) = &located.item else {
            return parameter;
        };
        parameter.value = match table.get("value").map(|v| &v.item) {
            Some(Item::Number(x)) => Given::Number(*x),
            Some(Item::Formula(formula)) => Given::Formula(formula.clone()),
            Some(Item::Table(prior)) => Given::Prior(prior.clone()),
            Some(Item::List(items)) => Given::Axis(items.clone(), table.span_of("value")),
            _ => Given::Nothing,
        };
        parameter.varies = matches!(parameter.value, Given::Prior(_));
        match table.text("source").map(str::trim) {
            Some(source) if !source.is_empty() => parameter.source = source.to_owned(),
            _ => self.say(
                Diagnostic::new(
                    Code::MissingSource,
                    table.get("source").map_or_else(|| span.clone(), |s| s.span.clone()),
                    format!("parameter `{name}` does not say where its value comes from"),
                )
                .label("needs a source")
                .help(format!(
                    "{name} = {{ value = …, source = \"assumed\" }}, or better a reference: author, year, table"
                )),
            ),
        }
        parameter
    }

    /// Values from the command line.
    fn set(&mut self, pending: &mut [Pending], options: &Options<'_>) {
        for (i, (name, value)) in options.set.iter().enumerate() {
            if options.set[..i].iter().any(|(before, _)| before == name) {
                self.say(Diagnostic::without_place(Code::BadOption, format!("`--set {name}=…` is given twice")));
                continue;
            }
            let Some(parameter) = pending.iter_mut().find(|p| p.name == *name) else {
                let known: Vec<&str> = pending.iter().map(|p| p.name.as_str()).collect();
                let mut help = if known.is_empty() {
                    "the scenario has no parameters".to_owned()
                } else {
                    format!("parameters are {}", listed(&known))
                };
                if let Some(near) = nearest(name, known.iter().copied()) {
                    help.push_str(&format!("; did you mean `{near}`?"));
                }
                self.say(
                    Diagnostic::without_place(
                        Code::UnknownParameter,
                        format!(
                            "`--set {}={}`: no parameter is called `{}`",
                            shortened(name),
                            shortened(value),
                            shortened(name)
                        ),
                    )
                    .help(help),
                );
                continue;
            };
            parameter.varies = false;
            parameter.source = format!("--set, in place of: {}", parameter.source);
            parameter.value = match value.trim().parse::<f64>() {
                Ok(x) if x.is_finite() => Given::Number(x),
                Ok(_) => {
                    self.say(Diagnostic::without_place(
                        Code::NotFinite,
                        format!("`--set {name}={}` is not a finite number", shortened(value)),
                    ));
                    Given::Nothing
                }
                Err(_) => Given::Option(value.clone()),
            };
        }
    }

    /// Values that parameters declare beside the one expected, where they are asked for and not overridden.
    fn put_declared(&mut self, pending: &mut [Pending], file: &Table, options: &Options<'_>) {
        for (name, which) in options.declared {
            let overridden = options.set.iter().any(|(set, _)| set == name);
            let (Some(parameter), Some(table)) =
                (pending.iter_mut().find(|p| p.name == *name && !overridden), declaring(file, name))
            else {
                continue;
            };
            let (value, words) = match which {
                Declared::Null => (table.get("null"), "null value"),
                Declared::Pessimistic => (table.table("range").and_then(|r| r.get("pessimistic")), "pessimistic value"),
                Declared::Optimistic => (table.table("range").and_then(|r| r.get("optimistic")), "optimistic value"),
            };
            parameter.value = match value.map(|v| &v.item) {
                Some(Item::Number(x)) => Given::Number(*x),
                Some(Item::Formula(formula)) => Given::Formula(formula.clone()),
                _ => continue,
            };
            parameter.varies = false;
            parameter.source = format!("{words}, in place of: {}", parameter.source);
        }
    }

    /// Mistakes in what parameters declare beside their values, also where it is not asked for.
    pub(super) fn check_declared(&mut self, file: &Table) {
        for (name, _, located) in file.named("parameters") {
            let Item::Table(table) = &located.item else {
                continue;
            };
            if let Some(Item::List(items)) = table.get("value").map(|v| &v.item) {
                if items.is_empty() {
                    self.say(
                        Diagnostic::new(Code::WrongLength, table.span_of("value"), format!("`{name}` has no value"))
                            .label("an axis without a point")
                            .help(format!("{name} = {{ value = [0.3, 0.4], source = \"assumed\" }}")),
                    );
                }
                for item in items {
                    self.declared_value(item, name);
                }
            }
            if let Some(null) = table.get("null") {
                self.declared_value(null, "null");
            }
            let Some(range) = table.table("range") else {
                continue;
            };
            let ends =
                ["pessimistic", "optimistic"].map(|key| range.get(key).and_then(|v| self.declared_value(v, key)));
            if let [Some(a), Some(b)] = ends
                && a.total_cmp(&b).is_eq()
            {
                self.say(
                    Diagnostic::new(Code::Contradiction, range.span.clone(), format!("both ends of `{name}` are {a}"))
                        .label("no range")
                        .help("leave `range` out where nothing else is possible"),
                );
            }
        }
    }

    fn declared_value(&mut self, located: &Located, key: &str) -> Option<f64> {
        let before = self.found.len();
        let value = match &located.item {
            Item::Number(x) => Some(*x),
            Item::Formula(formula) => self.constant(formula, key),
            _ => None,
        };
        // one that is in force has been reported where it was evaluated
        let known = |d: &Diagnostic| self.found[..before].iter().any(|k| (k.code, &k.primary) == (d.code, &d.primary));
        if self.found.get(before).is_some_and(known) {
            self.found.truncate(before);
        }
        value
    }

    fn parameter_value(&mut self, parameter: &Pending) -> Option<Value> {
        let sight = if parameter.varies { Sight::priors() } else { Sight::parameters() };
        let value = match &parameter.value {
            Given::Number(x) => return Some(Value::Number(*x)),
            Given::Axis(items, span) => {
                if !items.is_empty() {
                    let first = items.first().and_then(value_text).unwrap_or_default();
                    self.say(
                        Diagnostic::new(
                            Code::SeveralValues,
                            span.clone(),
                            format!("`{}` has {} values, and one world is wanted", parameter.name, items.len()),
                        )
                        .label("which one?")
                        .help(format!(
                            "one of them: `--set {}={first}`; every one of them: `patency sweep`",
                            parameter.name
                        )),
                    );
                }
                return None;
            }
            Given::Prior(table) => {
                let law = self.law(table, &Sight::parameters(), &[])?;
                let name = table.entries.first().map_or("", |e| e.key);
                let parts: Vec<String> =
                    law.parameters().iter().map(|p| format!("{} {}", p.name, number_text(&p.value))).collect();
                let words = format!("{name}, {}", parts.join(", "));
                return Some(Value::Drawn(Box::new(column(&parameter.name, law)), words));
            }
            Given::Formula(formula) => self.expression(formula, &parameter.name, &sight),
            Given::Option(text) => {
                let formula = Formula { text: text.clone(), span: 0..0, start: None };
                let before = self.found.len();
                let value = self.expression(&formula, &parameter.name, &sight);
                for diagnostic in &mut self.found[before..] {
                    diagnostic.primary = None;
                    diagnostic.secondary = None;
                    diagnostic.message =
                        format!("`--set {}={}`: {}", parameter.name, shortened(text), diagnostic.message);
                }
                value
            }
            Given::Nothing => None,
        }?;
        match value.as_number() {
            Some(x) if !parameter.varies => Some(Value::Number(x)),
            _ if parameter.varies => {
                let law = Box::new(Derived { value });
                Some(Value::Drawn(Box::new(column(&parameter.name, law)), "from parameters with a prior".to_owned()))
            }
            // it reads a parameter whose value is missing for a reason already reported
            _ => None,
        }
    }
}

/// What the parameters of a file declare beside a value.
pub(super) fn declarations(file: &Table) -> Vec<Declaration> {
    let of = |(name, _, located): &(String, Span, Located)| {
        let table = match &located.item {
            Item::Table(table) => Some(table),
            _ => None,
        };
        let has = |key: &str| table.is_some_and(|t| t.has(key));
        Declaration {
            name: name.clone(),
            axis: table.map_or_else(Vec::new, |t| t.list("value").iter().filter_map(value_text).collect()),
            null: has("null"),
            range: has("range"),
        }
    };
    file.named("parameters").iter().map(of).collect()
}

/// Each parameter with its expression, where it is one, as the options have it.
pub(super) fn in_force(file: &Table, options: &Options<'_>) -> Vec<(String, Option<String>)> {
    let expression = |located: Option<&Located>| match located.map(|l| &l.item) {
        Some(Item::Formula(formula)) => Some(formula.text.clone()),
        // what stands in a prior is no expression of anything else
        Some(Item::Table(prior)) => Some(formulas(prior).join(" ; ")),
        _ => None,
    };
    let of = |(name, _, located): &(String, Span, Located)| {
        let Item::Table(table) = &located.item else {
            return (name.clone(), None);
        };
        let set = options.set.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone());
        let declared = options.declared.iter().rev().find(|(declared, _)| declared == name).map(|(_, which)| which);
        let written = match declared {
            Some(Declared::Null) => table.get("null"),
            Some(Declared::Pessimistic) => table.table("range").and_then(|r| r.get("pessimistic")),
            Some(Declared::Optimistic) => table.table("range").and_then(|r| r.get("optimistic")),
            None => table.get("value"),
        };
        (name.clone(), set.or_else(|| expression(written)))
    };
    file.named("parameters").iter().map(of).collect()
}

/// The table of a parameter.
fn declaring<'t>(file: &'t Table, name: &str) -> Option<&'t Table> {
    match &file.named("parameters").iter().find(|(known, ..)| known == name)?.2.item {
        Item::Table(table) => Some(table),
        _ => None,
    }
}

/// A number or an expression as it would be written.
fn value_text(located: &Located) -> Option<String> {
    match &located.item {
        Item::Number(x) => Some(x.to_string()),
        Item::Formula(formula) => Some(formula.text.clone()),
        _ => None,
    }
}

/// How many parameters vary.
pub(super) fn varying(pending: &[Pending]) -> usize {
    pending.iter().filter(|p| p.varies).count()
}

/// A value once it is known.
enum Value {
    Number(f64),
    /// One value a replicate, and the prior in words.
    Drawn(Box<Variable>, String),
}

/// The column of a parameter that varies.
fn column(name: &str, law: Box<dyn Distribution>) -> Variable {
    Variable { name: name.to_owned(), label: name.to_owned(), law, per: Per::Replicate, marginal: Marginal::No }
}

fn number_text(e: &Expr) -> String {
    e.as_number().map_or_else(String::new, |x| x.to_string())
}

/// The expressions of a table.
fn formulas(table: &Table) -> Vec<&str> {
    let mut found = Vec::new();
    let mut open: Vec<&Located> = table.entries.iter().map(|e| &e.value).collect();
    while let Some(located) = open.pop() {
        match &located.item {
            Item::Formula(formula) => found.push(formula.text.as_str()),
            Item::Table(table) => open.extend(table.entries.iter().map(|e| &e.value)),
            Item::List(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// The words of an expression; digits at the start make a number.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
        .filter(|word| !word.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}
