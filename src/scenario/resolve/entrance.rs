//! Where a parameter enters a scenario, and whether what stands there rises or falls with it throughout: what may be said of values
//! between those that were tried.

use std::collections::BTreeMap;

use super::parameters::{in_force, words};
use super::{Options, Resolver};
use crate::expr::Function;
use crate::expr::parse::{Node, Tree, parse};
use crate::scenario::diagnostic::Report;
use crate::scenario::reader;
use crate::scenario::written::{Item, Table};

/// A key at which an expression reads the parameter, itself or through others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The law of an outcome.
    Outcome(String),
    /// The law of the time to loss.
    Dropout,
    /// The probability that a visit is missed.
    Missed(String),
    /// Another entry, in words.
    Elsewhere(String),
}

/// How a parameter enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// Every expression that reads it.
    pub places: Vec<Place>,
    /// Whether each of them rises throughout or falls throughout with it, everything else being as it is.
    pub monotone: bool,
    /// Outcomes whose names stand in expressions: what is drawn for them is seen in full.
    pub read: Vec<String>,
}

/// How a parameter enters a scenario as resolved with these options.
///
/// # Errors
/// Mistakes of syntax or shape, or an unknown variant.
pub fn entrance(text: &str, options: &Options<'_>, name: &str) -> Result<Entrance, Report> {
    let file = reader::read(text, true).map_err(|diagnostics| Report { diagnostics })?;
    let mut resolver = Resolver::new();
    let Some(file) = resolver.with_variant(file, options.variant) else {
        return Err(Report { diagnostics: resolver.found });
    };
    let formulas = in_force(&file, options);
    let shapes = shapes(&formulas, name);
    let mut found = Entrance { places: Vec::new(), monotone: true, read: Vec::new() };
    let outcomes: Vec<&str> = file.tables("outcome").iter().filter_map(|t| t.text("name")).collect();
    for entry in file.entries.iter().filter(|e| !matches!(e.key, "parameters" | "variant" | "data")) {
        each_formula(&entry.value.item, entry.key, None, &mut |formula, entry_name, key| {
            found.read.extend(words(formula).filter(|w| outcomes.contains(w)).map(str::to_owned));
            if !words(formula).any(|word| shapes.contains_key(word)) {
                return;
            }
            found.monotone &= parse(formula).is_ok_and(|tree| shape(&tree, &shapes) != Shape::Other);
            found.places.push(match (entry.key, entry_name, key) {
                ("outcome", Some(name), _) => Place::Outcome(name.to_owned()),
                ("visit", Some(name), "missed") => Place::Missed(name.to_owned()),
                ("observation", ..) => Place::Dropout,
                (kind, Some(name), _) => Place::Elsewhere(format!("{kind} `{name}`")),
                (kind, None, key) => Place::Elsewhere(format!("`{key}` of [{kind}]")),
            });
        });
    }
    Ok(found)
}

/// Every expression below an item, with the name of its entry and its key.
fn each_formula<'f>(
    item: &'f Item,
    key: &'f str,
    name: Option<&'f str>,
    see: &mut dyn FnMut(&'f str, Option<&'f str>, &'f str),
) {
    let mut of_table = |table: &'f Table, name: Option<&'f str>| {
        let name = name.or_else(|| table.text("name"));
        for entry in &table.entries {
            each_formula(&entry.value.item, entry.key, name, see);
        }
    };
    match item {
        Item::Table(table) => of_table(table, name),
        Item::Tables(tables) => tables.iter().for_each(|table| of_table(table, name)),
        Item::Formula(formula) => see(&formula.text, name, key),
        Item::List(items) => items.iter().for_each(|i| each_formula(&i.item, key, name, see)),
        Item::Named(all) => all.iter().for_each(|(_, _, i)| each_formula(&i.item, key, name, see)),
        Item::Text(_) | Item::Flag(_) | Item::Integer(_) | Item::Number(_) | Item::Date(_) => {}
    }
}

/// How a value depends on the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Not at all.
    Constant,
    /// It never falls.
    Up,
    /// It never rises.
    Down,
    /// One of these, and which of them is not known.
    Either,
    /// Anything else.
    Other,
}

impl Shape {
    fn turned(self) -> Self {
        match self {
            Shape::Up => Shape::Down,
            Shape::Down => Shape::Up,
            other => other,
        }
    }

    /// Of a sum, or of anything else that rises with both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Shape::Constant, x) | (x, Shape::Constant) => x,
            (a, b) if a == b && a != Shape::Either => a,
            _ => Shape::Other,
        }
    }

    /// Of one of the two, always the same.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Shape::Other, _) | (_, Shape::Other) => Shape::Other,
            (Shape::Constant, x) | (x, Shape::Constant) => x,
            (a, b) if a == b => a,
            _ => Shape::Either,
        }
    }

    /// Times a factor that does not depend on the parameter.
    fn times(self, factor: Option<f64>) -> Self {
        match (self, factor) {
            (Shape::Up | Shape::Down, None) => Shape::Either,
            (x, Some(f)) if f < 0.0 => x.turned(),
            (x, _) => x,
        }
    }
}

/// The parameters that depend on one, itself among them; `formulas` are those of parameters that are expressions.
fn shapes(formulas: &[(String, Option<String>)], name: &str) -> BTreeMap<String, Shape> {
    let mut known = BTreeMap::from([(name.to_owned(), Shape::Up)]);
    // each pass reaches the next readers; there are no more than parameters
    for _ in 0..formulas.len() {
        let before = known.len();
        for (reader, formula) in formulas {
            let Some(formula) = formula.as_deref().filter(|_| !known.contains_key(reader)) else {
                continue;
            };
            let read = |word: &str| known.contains_key(word);
            let waits = formulas.iter().any(|(n, f)| {
                // a reader whose own readings are not all known yet
                words(formula).any(|w| w == n) && !read(n) && f.as_deref().is_some_and(|f| words(f).any(read))
            });
            if words(formula).any(read) && !waits {
                let shape = parse(formula).map_or(Shape::Other, |tree| shape(&tree, &known));
                known.insert(reader.clone(), shape);
            }
        }
        if known.len() == before {
            break;
        }
    }
    known
}

fn shape(tree: &Tree, known: &BTreeMap<String, Shape>) -> Shape {
    let (function, arguments) = match &tree.node {
        Node::Number(_) => return Shape::Constant,
        Node::Name(name) => return known.get(name).copied().unwrap_or(Shape::Constant),
        Node::Call(function, arguments) => (*function, arguments),
    };
    let parts: Vec<Shape> = arguments.iter().map(|a| shape(a, known)).collect();
    if parts.iter().all(|s| *s == Shape::Constant) {
        return Shape::Constant;
    }
    if parts.contains(&Shape::Other) {
        return Shape::Other;
    }
    let number = |i: usize| match arguments.get(i).map(|a| &a.node) {
        Some(Node::Number(x)) => Some(*x),
        _ => None,
    };
    match (function, parts.as_slice()) {
        (Function::Negate, [a]) => a.turned(),
        (Function::Add, _) | (Function::Min | Function::Max | Function::Clamp, _) => {
            parts.iter().fold(Shape::Constant, |sum, s| sum.and(*s))
        }
        (Function::Subtract, [a, b]) => a.and(b.turned()),
        (Function::Multiply, [a, Shape::Constant]) => a.times(number(1)),
        (Function::Multiply, [Shape::Constant, b]) => b.times(number(0)),
        (Function::Divide, [a, Shape::Constant]) => a.times(number(1)),
        // of a number that is no whole one the base is not negative
        (Function::Power, [a, Shape::Constant]) => match number(1) {
            Some(k) if k.fract() != 0.0 => a.times(Some(k)),
            Some(k) if k > 0.0 && k % 2.0 == 1.0 => *a,
            _ => Shape::Other,
        },
        (Function::If, [Shape::Constant, a, b]) => a.or(*b),
        (
            Function::Exp
            | Function::Log
            | Function::Sqrt
            | Function::Expit
            | Function::Logit
            | Function::Round
            | Function::Floor,
            [a],
        ) => *a,
        _ => Shape::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(text: &str) -> Shape {
        shape(&parse(text).unwrap(), &BTreeMap::from([("p".to_owned(), Shape::Up)]))
    }

    #[test]
    fn by_hand_shapes() {
        for (text, expected) in [
            ("3 * x", Shape::Constant),
            ("p", Shape::Up),
            ("if(arm, p, p)", Shape::Up),
            ("if(arm, p, 0.4)", Shape::Up),
            ("if(arm, p, -p)", Shape::Either),
            ("if(arm, p, -p) + 1", Shape::Either),
            ("if(arm, p, -p) + p", Shape::Other),
            ("1 - (1 - p) ^ 0.5", Shape::Up),
            ("-log(1 - p) / 12", Shape::Up),
            ("x * p", Shape::Either),
            // a sign before a number is a call, whose value is not looked at
            ("p * -2", Shape::Either),
            ("p ^ 2", Shape::Other),
            ("p * (1 - p)", Shape::Other),
            ("if(p > 0.5, 1, 0)", Shape::Other),
            ("min(p, 0.5) + expit(p)", Shape::Up),
            ("1 / p", Shape::Other),
        ] {
            assert_eq!(shape_of(text), expected, "{text}");
        }
    }
}
