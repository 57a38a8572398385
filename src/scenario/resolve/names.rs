//! Names that expressions read: what each stands for, and from where in a patient's history it can be seen.

use std::collections::BTreeMap;

use super::Resolver;
use super::parameters::words;
use crate::distribution::{Distribution, Draw};
use crate::expr::{ColumnId, ErrorKind, Expr, ExprError, Meaning, Scope, check, is_reserved, parse};
use crate::scenario::Variable;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::Span;
use crate::scenario::written::{Formula, Item, Located};

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Is {
    /// A parameter; `None` where its value could not be read.
    Parameter(Option<f64>),
    /// A parameter with a prior, or one that reads such a one: a column with one value a replicate; none where data stand in place of
    /// replicates.
    Prior(Option<ColumnId>),
    Variable(ColumnId),
    Outcome(ColumnId),
    Arm(u8),
}

impl Is {
    fn words(self) -> &'static str {
        match self {
            Is::Parameter(_) => "a parameter",
            Is::Prior(_) => "a parameter with a prior",
            Is::Variable(_) => "a population variable",
            Is::Outcome(_) => "an outcome",
            Is::Arm(_) => "an arm",
        }
    }
}

/// All names of a scenario.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: BTreeMap<String, (Is, Span)>,
    /// The parameters that each parameter reads.
    reads: BTreeMap<String, Vec<String>>,
}

impl Names {
    pub(super) fn set_parameter(&mut self, name: &str, value: Option<f64>) {
        if let Some((is @ Is::Parameter(_), _)) = self.all.get_mut(name) {
            *is = Is::Parameter(value);
        }
    }

    /// Whether the name stands for anything.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// The value of a parameter, where there is one of this name.
    pub(super) fn parameter(&self, name: &str) -> Option<Option<f64>> {
        match self.all.get(name)?.0 {
            Is::Parameter(value) => Some(value),
            _ => None,
        }
    }

    /// The column of a parameter with a prior, where there is one of this name: none where data stand in place of replicates.
    #[allow(clippy::option_option)]
    pub(super) fn prior(&self, name: &str) -> Option<Option<ColumnId>> {
        match self.all.get(name)?.0 {
            Is::Prior(column) => Some(column),
            _ => None,
        }
    }

    pub(super) fn set_reads(&mut self, name: &str, reads: Vec<String>) {
        self.reads.insert(name.to_owned(), reads);
    }

    /// The parameters behind an expression with their values, those that it reads itself first; empty for a plain number.
    pub(super) fn values_behind(&self, located: &Located) -> String {
        // More would hide the message.
        const MOST: usize = 6;
        let Item::Formula(formula) = &located.item else {
            return String::new();
        };
        let mut names: Vec<&str> = Vec::new();
        let mut shown: Vec<String> = Vec::new();
        let mut next: Vec<&str> = words(&formula.text).collect();
        while !next.is_empty() && shown.len() < MOST {
            let mut behind: Vec<&str> = Vec::new();
            for name in next {
                let Some(Some(value)) = self.parameter(name).filter(|_| !names.contains(&name)) else {
                    continue;
                };
                names.push(name);
                shown.push(format!("`{name}` = {value}"));
                behind.extend(self.reads.get(name).into_iter().flatten().map(String::as_str));
            }
            next = behind;
        }
        shown.truncate(MOST);
        if shown.is_empty() { String::new() } else { format!("with {}", shown.join(", ")) }
    }

    pub(super) fn parameters(&self) -> Vec<String> {
        self.of_kind(|is| matches!(is, Is::Parameter(_) | Is::Prior(_)))
    }

    pub(super) fn outcomes(&self) -> Vec<String> {
        self.of_kind(|is| matches!(is, Is::Outcome(_)))
    }

    fn of_kind(&self, fits: impl Fn(Is) -> bool) -> Vec<String> {
        let mut found: Vec<_> = self.all.iter().filter(|(_, (is, _))| fits(*is)).collect();
        found.sort_by_key(|(_, (_, span))| span.start);
        found.into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// The column of an outcome, and its law where it could be read.
    pub(super) fn outcome<'a>(
        &self,
        name: &str,
        columns: &Columns<'a>,
    ) -> Option<(ColumnId, Option<&'a dyn Distribution>)> {
        match self.all.get(name)?.0 {
            Is::Outcome(column) => Some((column, columns.law(column))),
            _ => None,
        }
    }
}

/// Laws of the columns, those that could be read.
pub(super) struct Columns<'a> {
    laws: Vec<Option<&'a dyn Distribution>>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(variables: &'a [Option<Variable>], outcomes: &'a [Option<Variable>]) -> Self {
        Self { laws: variables.iter().chain(outcomes).map(|v| v.as_ref().map(|v| v.law.as_ref())).collect() }
    }

    pub(super) fn law(&self, column: ColumnId) -> Option<&'a dyn Distribution> {
        self.laws.get(usize::from(column.0)).copied().flatten()
    }
}

/// Whether a value can be the time of an event: one by nature, or one computed.
pub(super) fn can_be_event(law: &dyn Distribution) -> bool {
    law.is_event_time() || law.draw() == Draw::Derived
}

/// What an expression can see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// Columns before this one.
    columns: usize,
    arms: bool,
    /// Whose expression it is.
    whose: Whose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// A number that is the same for every patient.
    Scenario,
    /// A parameter that reads parameters with a prior.
    Replicate,
    /// A population variable or a criterion.
    Candidate,
    /// A stratum, subset or covariate.
    Baseline,
    /// An outcome.
    Outcome,
    /// What is seen and measured.
    Observer,
}

impl Sight {
    /// Parameters only.
    pub(super) fn parameters() -> Self {
        Self { columns: 0, arms: false, whose: Whose::Scenario }
    }

    /// Parameters, those with a prior as well.
    pub(super) fn priors() -> Self {
        Self { columns: 0, arms: false, whose: Whose::Replicate }
    }

    /// Parameters and population variables before the `columns`-th.
    pub(super) fn population(columns: usize) -> Self {
        Self { columns, arms: false, whose: Whose::Candidate }
    }

    /// Parameters and all `columns` population variables, where the analysis plan asks what is known at entry.
    pub(super) fn baseline(columns: usize) -> Self {
        Self { columns, arms: false, whose: Whose::Baseline }
    }

    /// All but later outcomes.
    pub(super) fn outcome(columns: usize) -> Self {
        Self { columns, arms: true, whose: Whose::Outcome }
    }

    /// Everything.
    pub(super) fn everything() -> Self {
        Self { columns: usize::MAX, arms: true, whose: Whose::Observer }
    }

    /// Why something that exists cannot be read, or `None` where it can.
    fn hides(&self, is: Is) -> Option<&'static str> {
        match (is, self.whose) {
            (Is::Parameter(_), _) => None,
            (Is::Prior(_), Whose::Scenario) => Some(
                "this number is the same in every replicate, and the parameter has a prior; `--set` gives it one value",
            ),
            (Is::Prior(None), _) => Some("the data were not drawn from a prior; `--set` gives the parameter one value"),
            (Is::Prior(Some(_)), _) => None,
            (Is::Arm(_), _) if self.arms => None,
            (Is::Variable(column) | Is::Outcome(column), _) if usize::from(column.0) < self.columns => None,
            (_, Whose::Scenario | Whose::Replicate) => {
                Some("this number is the same for every patient and can read parameters only")
            }
            (Is::Arm(_), Whose::Candidate) => {
                Some("candidates have no arm yet; what depends on the arm is an [[outcome]]")
            }
            (Is::Outcome(_), Whose::Candidate) => {
                Some("candidates are described before anything happens to them; this is an outcome")
            }
            (Is::Arm(_), _) => Some("only what is known at entry, before the arm, can be used here"),
            (Is::Outcome(_), Whose::Baseline) => {
                Some("only what is known at entry can be used here, and this is an outcome")
            }
            _ => Some("variables can read only those above them in the file"),
        }
    }
}

/// The names and what can be seen of them.
struct View<'a> {
    names: &'a Names,
    sight: &'a Sight,
}

/// Stands for a parameter without a value, whose mistake has been reported.
const BROKEN: ColumnId = ColumnId(u16::MAX);

impl Scope for View<'_> {
    fn look_up(&self, name: &str) -> Meaning {
        let Some((is, _)) = self.names.all.get(name) else {
            return Meaning::Unknown;
        };
        if let Some(why) = self.sight.hides(*is) {
            return Meaning::Hidden(why.to_owned());
        }
        match *is {
            Is::Parameter(Some(value)) => Meaning::Number(value),
            Is::Parameter(None) => Meaning::Column(BROKEN),
            Is::Variable(column) | Is::Outcome(column) | Is::Prior(Some(column)) => Meaning::Column(column),
            Is::Prior(None) => Meaning::Unknown,
            Is::Arm(arm) => Meaning::Arm(arm),
        }
    }

    fn known(&self) -> Vec<String> {
        self.names.of_kind(|is| self.sight.hides(is).is_none())
    }
}

impl Resolver {
    /// Gives a name its meaning, once.
    pub(super) fn declare(&mut self, name: &str, span: &Span, is: Is) {
        if is_reserved(name) {
            self.say(
                Diagnostic::new(Code::BadName, span.clone(), format!("`{name}` is a word of the expression language"))
                    .label("taken")
                    .help(format!("another name, as `{name}_`")),
            );
        }
        if let Some((other, first)) = self.names.all.get(name) {
            let message = format!("`{name}` is already the name of {}", other.words());
            let label = other.words();
            let first = first.clone();
            self.say(
                Diagnostic::new(Code::DuplicateName, span.clone(), message)
                    .label(format!("also {}", is.words()))
                    .and(first, label)
                    .help(
                        "parameters, variables, outcomes and arms share one space of names: expressions read them all",
                    ),
            );
            return;
        }
        self.names.all.insert(name.to_owned(), (is, span.clone()));
    }

    /// An expression, checked against what it can see. Every constant in it is finite.
    pub(super) fn expression(&mut self, formula: &Formula, key: &str, sight: &Sight) -> Option<Expr> {
        if formula.text.trim().is_empty() {
            self.say(
                Diagnostic::new(Code::BadExpression, formula.span.clone(), format!("`{key}` is empty"))
                    .label("an expression is wanted"),
            );
            return None;
        }
        let view = View { names: &self.names, sight };
        let result = parse(&formula.text).and_then(|tree| check(&tree, &view));
        match result {
            Ok(expr) => {
                if reads_broken(&expr) {
                    return (sight.whose != Whose::Scenario).then_some(expr);
                }
                if let Some(x) = not_finite(&expr) {
                    self.say(
                        Diagnostic::new(
                            Code::NotFinite,
                            formula.span.clone(),
                            format!("a constant part of `{key}` is {x}"),
                        )
                        .label("divided by 0, or too large to hold"),
                    );
                    return None;
                }
                Some(expr)
            }
            Err(errors) => {
                for error in errors {
                    self.say_expression(formula, &error);
                }
                None
            }
        }
    }

    fn say_expression(&mut self, formula: &Formula, error: &ExprError) {
        let code = match error.kind {
            ErrorKind::UnknownFunction => Code::UnknownFunction,
            ErrorKind::WrongArity => Code::WrongArity,
            ErrorKind::UnknownName => Code::UnknownName,
            ErrorKind::HiddenName => Code::HiddenName,
            ErrorKind::NotANumber => Code::NotFinite,
            _ => Code::BadExpression,
        };
        let mut diagnostic = Diagnostic::new(code, formula.place(&error.range), error.message.clone());
        if let Some(help) = &error.help {
            diagnostic = diagnostic.help(help.clone());
        }
        let name = formula.text.get(error.range.clone()).unwrap_or_default();
        if let Some(help) = self.switched_off(name) {
            diagnostic = diagnostic.help(help);
        }
        if code == Code::HiddenName
            && let Some((is, span)) = self.names.all.get(name)
        {
            diagnostic = diagnostic.and(span.clone(), is.words());
        }
        self.say(diagnostic);
    }
}

fn reads_broken(expr: &Expr) -> bool {
    match expr {
        Expr::Column(column) => *column == BROKEN,
        Expr::Call(_, arguments) => arguments.iter().any(reads_broken),
        _ => false,
    }
}

/// A constant that no result can follow from.
fn not_finite(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Number(x) if !x.is_finite() => Some(*x),
        Expr::Call(_, arguments) => arguments.iter().find_map(not_finite),
        _ => None,
    }
}
