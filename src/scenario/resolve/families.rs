//! Analyses that are tested together, and which of their null hypotheses are true.

use super::Resolver;
use super::names::Sight;
use crate::distribution::Domain;
use crate::multiplicity::{self, HYPOTHESES, MOST};
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::Value;
use crate::scenario::written::{Located, Table};
use crate::scenario::{AnalysisPlan, FamilyPlan};

impl Resolver {
    /// The families; `analyses` is none where they could not be read.
    pub(super) fn multiplicity(&mut self, file: &Table, analyses: Option<&[AnalysisPlan]>) -> Option<Vec<FamilyPlan>> {
        let tables: Vec<&Table> = file.tables("multiplicity").iter().collect();
        self.unique(&tables, "multiplicity");
        let families: Vec<Option<FamilyPlan>> = tables.iter().map(|table| self.family(file, table, analyses)).collect();
        families.into_iter().collect()
    }

    fn family(&mut self, file: &Table, table: &Table, analyses: Option<&[AnalysisPlan]>) -> Option<FamilyPlan> {
        let name = table.text("name")?.to_owned();
        let hypotheses = self.hypotheses(file, table.list(HYPOTHESES));
        let count = table.list(HYPOTHESES).len();
        if !(1..=MOST).contains(&count) {
            self.say(
                Diagnostic::new(Code::WrongLength, table.span_of(HYPOTHESES), format!("{count} hypotheses"))
                    .label(format!("from 1 to {MOST}"))
                    .help("hypotheses = [\"primary\", \"second\"]: names of analyses"),
            );
            return None;
        }
        let procedure = self.procedure(table);
        let (hypotheses, analyses) = (hypotheses?, analyses?);
        let sides = self.sides(table, &hypotheses, analyses);
        let alpha = self.familywise(table, &hypotheses, analyses, sides);
        self.check_tests(table, &hypotheses, analyses);
        let (procedure_name, procedure) = procedure?;
        Some(FamilyPlan {
            label: table.text("label").unwrap_or(&name).to_owned(),
            name,
            procedure,
            procedure_name,
            hypotheses,
            alpha: alpha?,
            sides: sides?,
            graph: None,
            shown: true,
        })
    }

    /// The procedure, built with the names of the hypotheses beside its own keys.
    fn procedure(&mut self, table: &Table) -> Option<(&'static str, Box<dyn multiplicity::Procedure>)> {
        let (member, body) =
            multiplicity::FAMILY.iter().find_map(|m| table.table(m.form.name).map(|body| (m, body)))?;
        let mut values = self.values(body, member.form, &Sight::parameters())?;
        let names = table.list(HYPOTHESES).iter().map(|h| (Value::Text(h.text().to_owned()), h.span.clone()));
        values.entries.push((HYPOTHESES, Value::List(names.collect()), table.span_of(HYPOTHESES)));
        match (member.build)(&values) {
            Ok(built) => Some((member.form.name, built)),
            Err(complaint) => {
                self.complain(complaint, &values, body);
                None
            }
        }
    }

    /// Indices of the analyses of these names, each once.
    fn hypotheses(&mut self, file: &Table, names: &[Located]) -> Option<Vec<usize>> {
        let known: Vec<&str> = file.tables("analysis").iter().filter_map(|t| t.text("name")).collect();
        let mut found = Vec::with_capacity(names.len());
        let mut complete = true;
        for (i, name) in names.iter().enumerate() {
            let Some(place) = known.iter().position(|k| *k == name.text()) else {
                let diagnostic = self.unknown(Code::UnknownAnalysis, "analysis", name, &known);
                // a variant's names have been looked up before
                if !self.found.iter().any(|d| d.message == diagnostic.message && d.primary == diagnostic.primary) {
                    self.say(diagnostic);
                }
                complete = false;
                continue;
            };
            if let Some(first) = names[..i].iter().find(|n| n.text() == name.text()) {
                self.say(
                    Diagnostic::new(Code::DuplicateName, name.span.clone(), format!("`{}` stands twice", name.text()))
                        .label("again")
                        .and(first.span.clone(), "the first")
                        .help("a hypothesis is tested once"),
                );
                complete = false;
            }
            found.push(place);
        }
        complete.then_some(found)
    }

    /// The sides that all analyses of the family have.
    fn sides(&mut self, table: &Table, hypotheses: &[usize], analyses: &[AnalysisPlan]) -> Option<u8> {
        let sides = |i: usize| analyses.get(hypotheses[i]).map(|a| a.sides);
        let first = sides(0)?;
        let Some(other) = (1..hypotheses.len()).find(|&i| sides(i) != Some(first)) else {
            return Some(first);
        };
        let words = |i: usize| if sides(i) == Some(1) { "one-sided" } else { "two-sided" };
        let names = table.list(HYPOTHESES);
        self.say(
            Diagnostic::new(
                Code::Contradiction,
                names[other].span.clone(),
                format!("one-sided and two-sided tests share one level: `{}` is {}", names[other].text(), words(other)),
            )
            .label(words(other))
            .and(names[0].span.clone(), words(0))
            .help("give the analyses of a family the same `sides` (an equivalence test is one-sided)"),
        );
        None
    }

    /// The familywise level: the one written, or that which all analyses have.
    fn familywise(
        &mut self,
        table: &Table,
        hypotheses: &[usize],
        analyses: &[AnalysisPlan],
        sides: Option<u8>,
    ) -> Option<f64> {
        let alpha = |h: &usize| analyses.get(*h).map(|a| a.alpha);
        let common = alpha(hypotheses.first()?)?;
        let written = self.number_in(table, "alpha", Domain::OpenProbability)?;
        let Some(level) = written.or_else(|| hypotheses.iter().all(|h| alpha(h) == Some(common)).then_some(common))
        else {
            self.say(
                Diagnostic::new(
                    Code::MissingKey,
                    table.span_of(HYPOTHESES),
                    "the analyses have different levels, and the family does not say its own",
                )
                .label("needs `alpha`")
                .help("alpha = 0.05, over all sides"),
            );
            return None;
        };
        if sides == Some(1) && level >= 0.5 {
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    table.span_of("alpha"),
                    format!("`alpha` is {level} for one-sided tests"),
                )
                .label("allowed: below 0.5"),
            );
            return None;
        }
        Some(level)
    }

    /// Refuses rows without a p-value.
    fn check_tests(&mut self, table: &Table, hypotheses: &[usize], analyses: &[AnalysisPlan]) {
        for (name, &h) in table.list(HYPOTHESES).iter().zip(hypotheses) {
            let Some(plan) = analyses.get(h).filter(|a| !a.method.tests()) else { continue };
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    name.span.clone(),
                    format!("`{}` by `{}` gives a posterior probability and no p-value", plan.name, plan.method_name),
                )
                .label("has no p-value")
                .help("a familywise level is kept by tests: name analyses that are tests"),
            );
        }
    }

    /// Analyses whose null hypotheses are declared to be true. `Some(None)` where nothing is declared.
    #[allow(clippy::option_option)]
    pub(super) fn nulls(&mut self, file: &Table) -> Option<Option<Vec<usize>>> {
        if !file.has("nulls") {
            return Some(None);
        }
        self.hypotheses(file, file.list("nulls")).map(Some)
    }

    /// The names that a variant declares, as far as the file has them.
    pub(super) fn check_nulls(&mut self, file: &Table, variant: &Table) {
        let known: Vec<&str> = file.tables("analysis").iter().filter_map(|t| t.text("name")).collect();
        for name in variant.list("nulls") {
            if !known.contains(&name.text()) {
                let diagnostic = self.unknown(Code::UnknownAnalysis, "analysis", name, &known);
                self.say(diagnostic);
            }
        }
    }
}
