//! Who the candidates are and what happens to them: variables, outcomes, correlations, criteria.

use super::Resolver;
use super::names::{Is, Sight};
use super::values::allowed;
use crate::distribution::{self, Distribution, Domain, Draw};
use crate::expr::{ColumnId, Expr};
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::Span;
use crate::scenario::written::Table;
use crate::scenario::{Arm, Correlation, Criterion, Enrolment, Holds, Marginal, Per, RateOf, Variable};

/// Most columns: their numbers must fit [`ColumnId`].
const MOST_COLUMNS: usize = 10_000;

/// Most correlated variables: their matrix is decomposed before every run.
const MOST_CORRELATED: usize = 500;

impl Resolver {
    /// Names of variables and outcomes, before anything reads them.
    pub(super) fn declare_columns(&mut self, file: &Table, joined: usize) {
        let variables = file.tables("variable");
        let outcomes = file.tables("outcome");
        if variables.len() + outcomes.len() > MOST_COLUMNS {
            self.say(Diagnostic::new(
                Code::WrongLength,
                file.span_of("outcome"),
                format!(
                    "there are {} variables and outcomes; at most {MOST_COLUMNS} can be",
                    variables.len() + outcomes.len()
                ),
            ));
            return;
        }
        let declare = |this: &mut Self, tables: &[Table], first: usize, is: fn(ColumnId) -> Is| {
            for (i, table) in tables.iter().enumerate() {
                if let Some(name) = table.text("name") {
                    this.declare(name, &table.span_of("name"), is(ColumnId((first + i) as u16)));
                }
            }
        };
        declare(self, variables, 0, Is::Variable);
        declare(self, outcomes, variables.len() + joined, Is::Outcome);
        self.declare_data(variables.len());
    }

    /// The population variables, those that could not be read as `None`.
    pub(super) fn variables(&mut self, file: &Table) -> Vec<Option<Variable>> {
        file.tables("variable")
            .iter()
            .enumerate()
            .map(|(i, table)| match table.text("per") {
                Some("site") => self.site_variable(table, file),
                _ => self.variable(table, &Sight::population(i), &[], None),
            })
            .collect()
    }

    /// The outcomes, those that could not be read as `None`.
    pub(super) fn outcomes(
        &mut self,
        file: &Table,
        population: usize,
        arms: &[Arm],
        control: Option<usize>,
    ) -> Vec<Option<Variable>> {
        file.tables("outcome")
            .iter()
            .enumerate()
            .map(|(i, table)| self.variable(table, &Sight::outcome(population + i), arms, control))
            .collect()
    }

    fn variable(&mut self, table: &Table, sight: &Sight, arms: &[Arm], control: Option<usize>) -> Option<Variable> {
        let name = table.text("name")?.to_owned();
        let law = self.law(table, sight, arms)?;
        let marginal = if arms.is_empty() {
            self.not_marginal(table)?;
            Marginal::No
        } else {
            self.marginal(table, law.as_ref(), control)?
        };
        Some(Variable {
            label: table.text("label").unwrap_or(&name).to_owned(),
            name,
            law,
            per: Per::Candidate,
            marginal,
        })
    }

    /// Whether the quoted figure of an outcome is that of the enrolled controls, who must then share it.
    fn marginal(&mut self, table: &Table, law: &dyn Distribution, control: Option<usize>) -> Option<Marginal> {
        let Some((at, true)) = written_marginal(table) else {
            return Some(Marginal::No);
        };
        if law.quoted(u8::try_from(control?).ok()?).is_some() {
            return Some(Marginal::Wanted);
        }
        self.say(
            Diagnostic::new(Code::Contradiction, at, "the quoted figure is not one figure of all controls")
                .label("needs one figure to solve for")
                .help("with `marginal` the figure quoted and its month are numbers, or expressions of parameters and arms; where a rate is quoted, half the patients must have the event some day"),
        );
        None
    }

    /// Refuses `marginal` where no one is a control.
    pub(super) fn not_marginal(&mut self, table: &Table) -> Option<()> {
        let Some((at, true)) = written_marginal(table) else {
            return Some(());
        };
        self.say(
            Diagnostic::new(Code::Contradiction, at, "only the quoted figure of an outcome can be marginal")
                .label("not of an outcome")
                .help("leave `marginal` out: the quoted figure is that of a patient whose hazard ratio is 1"),
        );
        None
    }

    /// A variable that every patient of a site shares: its parameters are the same for all sites.
    fn site_variable(&mut self, table: &Table, file: &Table) -> Option<Variable> {
        let variable = self.variable(table, &Sight::parameters(), &[], None)?;
        if file.tables("site").is_empty() {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of("per"),
                    format!("`{}` has a value a site, and the trial has no sites", variable.name),
                )
                .label("which sites?")
                .help("add [[site]] entries, or leave `per` out"),
            );
            return None;
        }
        Some(Variable { per: Per::Site, ..variable })
    }

    /// With rates of enrolled patients the site is not known while candidates are screened.
    pub(super) fn site_after_screening(
        &mut self,
        file: &Table,
        criteria: &[Criterion],
        variables: &[Option<Variable>],
        enrolment: &Enrolment,
    ) {
        if enrolment.rate_of == RateOf::Screened {
            return;
        }
        let tables = file.tables("inclusion").iter().chain(file.tables("exclusion"));
        for (criterion, table) in criteria.iter().zip(tables) {
            let (key, Holds::When(e) | Holds::Prevalence(e)) = match &criterion.holds {
                holds @ Holds::When(_) => ("when", holds),
                holds @ Holds::Prevalence(_) => ("prevalence", holds),
            };
            let mut open: Vec<usize> = e.columns().iter().map(|c| usize::from(c.0)).collect();
            let mut seen = std::collections::BTreeSet::new();
            while let Some(c) = open.pop() {
                let Some(Some(variable)) = variables.get(c).filter(|_| seen.insert(c)) else { continue };
                if variable.per == Per::Site {
                    self.say(
                        Diagnostic::new(
                            Code::HiddenName,
                            table.span_of(key),
                            format!("`{}` depends on the site through `{}`", criterion.name, variable.name),
                        )
                        .label("the site is not known yet")
                        .help("rates are of enrolled patients: an arrival becomes the site's next eligible candidate. With [enrolment] rate-of = \"screened\" candidates have a site from the start"),
                    );
                    break;
                }
                for p in variable.law.parameters() {
                    open.extend(p.value.columns().iter().map(|c| usize::from(c.0)));
                }
            }
        }
    }

    /// The distribution of a table that names one by its key.
    pub(super) fn law(&mut self, table: &Table, sight: &Sight, arms: &[Arm]) -> Option<Box<dyn Distribution>> {
        let (_, body, law) = self.member(table, distribution::FAMILY, sight)?;
        let before = self.found.len();
        for parameter in law.parameters() {
            self.check_parameter(&parameter, body, arms);
        }
        (self.found.len() == before).then_some(law)
    }

    /// A parameter of a distribution that is constant, at least within an arm, is checked before anything runs.
    fn check_parameter(&mut self, parameter: &distribution::Parameter, body: &Table, arms: &[Arm]) {
        let mut by_arm: Vec<(Option<&str>, Expr)> = vec![(None, parameter.value.clone())];
        if parameter.value.reads_arm() {
            by_arm = arms
                .iter()
                .enumerate()
                .map(|(i, arm)| (Some(arm.name.as_str()), parameter.value.specialise_arm(i as u8)))
                .collect();
        }
        for (arm, value) in by_arm {
            let Some(x) = value.as_number() else {
                continue;
            };
            let (fits, words) = allowed(parameter.domain, x);
            if fits {
                continue;
            }
            let whose = arm.map_or_else(String::new, |arm| format!(" in arm `{arm}`"));
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    body.span_of(parameter.name),
                    format!("`{}` is {x}{whose}", parameter.name),
                )
                .label(format!("allowed: {words}"))
                .help(body.get(parameter.name).map_or_else(String::new, |at| self.names.values_behind(at))),
            );
            return;
        }
    }

    /// Criteria in protocol order: inclusions, then exclusions.
    pub(super) fn criteria(&mut self, file: &Table) -> Option<Vec<Criterion>> {
        let sight = Sight::population(file.tables("variable").len());
        let all: Vec<(&Table, bool)> = file
            .tables("inclusion")
            .iter()
            .map(|table| (table, true))
            .chain(file.tables("exclusion").iter().map(|table| (table, false)))
            .collect();
        let tables: Vec<&Table> = all.iter().map(|(table, _)| *table).collect();
        self.unique(&tables, "criterion");
        let criteria: Vec<Option<Criterion>> =
            all.into_iter().map(|(table, inclusion)| self.criterion(table, inclusion, &sight)).collect();
        criteria.into_iter().collect()
    }

    fn criterion(&mut self, table: &Table, inclusion: bool, sight: &Sight) -> Option<Criterion> {
        let name = table.text("name")?.to_owned();
        let holds = if let Some(when) = self.expr_at(table, "when", sight)? {
            Holds::When(when)
        } else {
            let prevalence = self.expr_at(table, "prevalence", sight)??;
            self.probability(&prevalence, table, "prevalence")?;
            Holds::Prevalence(prevalence)
        };
        Some(Criterion { label: table.text("label").unwrap_or(&name).to_owned(), name, inclusion, holds })
    }

    /// A constant expression for a probability must be one.
    pub(super) fn probability(&mut self, expr: &Expr, table: &Table, key: &str) -> Option<()> {
        match (expr.as_number(), table.get(key)) {
            (Some(x), Some(located)) => self.in_domain(x, Domain::Probability, key, located),
            _ => Some(()),
        }
    }

    /// Correlations, which some normal scores must be able to have together.
    pub(super) fn correlations(&mut self, file: &Table, variables: &[Option<Variable>]) -> Option<Vec<Correlation>> {
        let names: Vec<&str> = file.tables("variable").iter().filter_map(|t| t.text("name")).collect();
        let tables = file.tables("correlation");
        let found: Vec<Option<Correlation>> =
            tables.iter().map(|table| self.correlation(table, &names, variables)).collect();
        let correlations: Vec<Correlation> = found.into_iter().collect::<Option<_>>()?;
        let mut clean = true;
        for (i, correlation) in correlations.iter().enumerate() {
            let pair = sorted(correlation.between);
            let before = correlations[..i].iter().position(|c| sorted(c.between) == pair);
            if let Some(first) = before {
                clean = false;
                self.say(
                    Diagnostic::new(
                        Code::Contradiction,
                        tables[i].span_of("between"),
                        "the correlation of these two variables is given twice",
                    )
                    .label("again")
                    .and(tables[first].span_of("between"), "the first time"),
                );
            }
        }
        if clean {
            self.check_positive_definite(&correlations, tables, &names);
        }
        Some(correlations)
    }

    fn correlation(&mut self, table: &Table, names: &[&str], variables: &[Option<Variable>]) -> Option<Correlation> {
        let between = table.list("between");
        let value = self.number(table, "value");
        let [first, second] = between else {
            self.say(
                Diagnostic::new(
                    Code::WrongLength,
                    table.span_of("between"),
                    format!("`between` has {} names", between.len()),
                )
                .label("a correlation is between two")
                .help("between = [\"age\", \"bmi\"]"),
            );
            return None;
        };
        let mut columns = [ColumnId(0); 2];
        let mut complete = true;
        for (column, located) in columns.iter_mut().zip([first, second]) {
            let Some(i) = names.iter().position(|name| *name == located.text()) else {
                let diagnostic = self.unknown(Code::UnknownVariable, "population variable", located, names);
                self.say(diagnostic);
                complete = false;
                continue;
            };
            *column = ColumnId(i as u16);
            if variables.get(i).and_then(Option::as_ref).is_some_and(|v| v.per == Per::Site) {
                complete = false;
                self.say(
                    Diagnostic::new(
                        Code::NotInCopula,
                        located.span.clone(),
                        format!("`{}` has a value a site and cannot be correlated with what patients have", names[i]),
                    )
                    .label("per site")
                    .help("other variables can read it in their parameters instead"),
                );
            }
            let law = variables.get(i).and_then(Option::as_ref).map(|v| &v.law);
            if law.is_some_and(|law| matches!(law.draw(), Draw::Seeded | Draw::Derived)) {
                complete = false;
                self.say(
                    Diagnostic::new(
                        Code::NotInCopula,
                        located.span.clone(),
                        format!("`{}` cannot be correlated through normal scores", names[i]),
                    )
                    .label("has no quantile function")
                    .help("derived variables, and distributions drawn by rejection (gamma, beta, binomial, Poisson), can read other variables in their parameters instead"),
                );
            }
        }
        if complete && columns[0] == columns[1] {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    second.span.clone(),
                    format!("`{}` is correlated with itself", second.text()),
                )
                .label("the same variable"),
            );
            return None;
        }
        let value = value?;
        if !(-1.0..=1.0).contains(&value) {
            self.say(
                Diagnostic::new(Code::OutOfDomain, table.span_of("value"), format!("`value` is {value}"))
                    .label("allowed: from −1 to 1"),
            );
            return None;
        }
        complete.then_some(Correlation { between: columns, value })
    }

    /// Cholesky's decomposition finds the first variable that cannot be added to those before it.
    fn check_positive_definite(&mut self, correlations: &[Correlation], tables: &[Table], names: &[&str]) {
        let mut members: Vec<ColumnId> = correlations.iter().flat_map(|c| c.between).collect();
        members.sort_unstable();
        members.dedup();
        let n = members.len();
        if n > MOST_CORRELATED {
            self.say(Diagnostic::new(
                Code::WrongLength,
                tables[MOST_CORRELATED / 2].span_of("between"),
                format!("{n} variables are correlated; at most {MOST_CORRELATED} can be"),
            ));
            return;
        }
        let place = |column: ColumnId| members.binary_search(&column).unwrap_or(0);
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            matrix[i * n + i] = 1.0;
        }
        for correlation in correlations {
            let [a, b] = correlation.between.map(place);
            matrix[a * n + b] = correlation.value;
            matrix[b * n + a] = correlation.value;
        }
        let Some(failed) = not_positive_definite(&mut matrix, n) else {
            return;
        };
        let column = members[failed];
        let mut involved = correlations
            .iter()
            .zip(tables)
            .filter(|(c, _)| c.between.contains(&column) && c.between.iter().all(|b| *b <= column))
            .map(|(_, table)| table);
        let Some(last) = involved.next_back() else {
            return;
        };
        let mut diagnostic = Diagnostic::new(
            Code::NotPositiveDefinite,
            last.span_of("value"),
            format!(
                "no variables can have these correlations together: `{}` does not fit to those before it",
                names[usize::from(column.0)]
            ),
        )
        .label("too strong beside the others")
        .help("the correlation matrix must be positive definite; pairs that are not given have correlation 0");
        if let Some(other) = involved.next() {
            diagnostic = diagnostic.and(other.span_of("value"), "with this one");
        }
        self.say(diagnostic);
    }
}

/// Index of the first row at which Cholesky's decomposition of a symmetric matrix fails.
fn not_positive_definite(a: &mut [f64], n: usize) -> Option<usize> {
    // Below this share of a unit variance the conditional normal is a rounding error.
    const LEAST: f64 = 1e-10;
    for i in 0..n {
        for j in 0..=i {
            let mut sum = a[i * n + j];
            for k in 0..j {
                sum -= a[i * n + k] * a[j * n + k];
            }
            if i == j {
                if sum <= LEAST {
                    return Some(i);
                }
                a[i * n + i] = sum.sqrt();
            } else {
                a[i * n + j] = sum / a[j * n + j];
            }
        }
    }
    None
}

/// `marginal` of the distribution that a table names, and where it stands.
fn written_marginal(table: &Table) -> Option<(Span, bool)> {
    let body = distribution::FAMILY.iter().find_map(|member| table.table(member.form.name))?;
    body.flag("marginal").map(|marginal| (body.span_of("marginal"), marginal))
}

fn sorted([a, b]: [ColumnId; 2]) -> [ColumnId; 2] {
    if a <= b { [a, b] } else { [b, a] }
}
