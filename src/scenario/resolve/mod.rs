//! The scenario as written → what will run: names to indices, dates to months, parameters to numbers, defaults filled in,
//! and everything that cannot be meant refused, each with its place.

mod analyses;
mod arrival;
mod conduct;
mod data;
mod design;
mod endpoints;
mod entrance;
mod families;
mod looks;
mod names;
mod parameters;
mod population;
mod reestimation;
mod rules;
mod values;
mod variant;

use super::Scenario;
use super::diagnostic::{Code, Diagnostic, Report};
use super::form::Span;
use super::reader::{self, listed};
use super::written::{Formula, Located, Table};
pub use data::{Mapping, mapping};
pub use entrance::{Entrance, Place, entrance};
use names::Names;

/// What is asked of a scenario beside what is written in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The variant; none is `base`, the file as written.
    pub variant: Option<&'a str>,
    /// Values of parameters, in place of those of the file and the variant.
    pub set: &'a [(String, String)],
    /// Patients to enrol, in place of the file's.
    pub n: Option<usize>,
    /// Columns of a data file that stand in place of virtual patients.
    pub headers: Option<&'a [Header]>,
    /// Parameters that take another of the values that they declare, where `set` does not name them.
    pub declared: &'a [(String, Declared)],
}

/// A value that a parameter declares beside the one expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// `null`: where the treatment does nothing.
    Null,
    /// `range.pessimistic`.
    Pessimistic,
    /// `range.optimistic`.
    Optimistic,
}

/// What a parameter declares beside a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// Its values as text where it is an axis, else empty.
    pub axis: Vec<String>,
    /// Whether it has a `null`.
    pub null: bool,
    /// Whether it has a `range`.
    pub range: bool,
}

/// A column of a data file.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Lowest value and number of values up to the highest, where all are small whole numbers.
    pub levels: Option<(f64, u8)>,
}

/// The variant that is the file as written.
pub const BASE: &str = "base";

/// Reads a scenario.
///
/// # Errors
/// All mistakes of the first pass (syntax, shape, meaning) that finds any.
pub fn read(text: &str, options: &Options<'_>) -> Result<Scenario, Report> {
    let report = |mut diagnostics: Vec<Diagnostic>| {
        diagnostics.sort_by_key(|d| d.primary.as_ref().map(|(span, _)| span.start));
        Report { diagnostics }
    };
    let sized = options.n.is_some();
    let file = reader::read(text, sized).map_err(report)?;
    let mut resolver = Resolver::new();
    let scenario = resolver.scenario(file, options);
    match scenario {
        Some(scenario) if resolver.found.is_empty() => Ok(scenario),
        _ => Err(report(resolver.found)),
    }
}

/// The names of a scenario's variants: `base`, then those of the file in its order.
///
/// # Errors
/// Mistakes of syntax or shape.
pub fn variants(text: &str) -> Result<Vec<String>, Report> {
    let file = reader::read(text, true).map_err(|diagnostics| Report { diagnostics })?;
    let named = file.named("variant").iter().map(|(name, ..)| name.clone());
    Ok(std::iter::once(BASE.to_owned()).chain(named).collect())
}

/// What the parameters of a variant declare, in the order of the file.
///
/// # Errors
/// Mistakes of syntax or shape, or an unknown variant.
pub fn declarations(text: &str, variant: Option<&str>) -> Result<Vec<Declaration>, Report> {
    let file = reader::read(text, true).map_err(|diagnostics| Report { diagnostics })?;
    let mut resolver = Resolver::new();
    match resolver.with_variant(file, variant) {
        Some(file) => Ok(parameters::declarations(&file)),
        None => Err(Report { diagnostics: resolver.found }),
    }
}

/// Resolves area by area; goes on after a mistake so that all are found.
struct Resolver {
    found: Vec<Diagnostic>,
    names: Names,
    /// Calendar date of month 0.
    start: Option<jiff::civil::Date>,
    /// Names of the entries that the variant switches off.
    off: Vec<String>,
    /// Variables that come with the data: the name, and the expression where it is computed.
    data: Vec<(String, Span, Option<Formula>)>,
}

/// Days in a month.
const MONTH: f64 = 30.4375;

impl Resolver {
    fn new() -> Self {
        Self { found: Vec::new(), names: Names::default(), start: None, off: Vec::new(), data: Vec::new() }
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    fn scenario(&mut self, written: Table, options: &Options<'_>) -> Option<Scenario> {
        self.check_variants(&written);
        let file = self.with_variant(written, options.variant)?;
        let pending = self.declare_parameters(&file, options);
        let trial = file.table("trial")?;
        let arms = self.arms(trial);
        let control = self.control(trial, &arms);
        let unseen = options.headers.map_or_else(Vec::new, |_| Self::events_of_data(&file));
        let joined = options.headers.map_or(0, |headers| self.join(&file, headers, &unseen));
        let varying = if options.headers.is_some() { 0 } else { parameters::varying(&pending) };
        self.declare_columns(&file, joined + varying);
        let (parameters, drawn) = self.parameters(pending);
        self.check_declared(&file);
        let n = self.size(trial, options);

        self.start = self.start(&file);
        let mut variables = self.variables(&file);
        if let Some(headers) = options.headers {
            variables.extend(self.measured(&file, headers));
        }
        let correlations = self.correlations(&file, &variables);
        if options.headers.is_none() {
            variables.extend(drawn);
        }
        let criteria = self.criteria(&file);
        let mut outcomes = self.outcomes(&file, variables.len(), &arms, control);
        outcomes.extend(self.unseen(&unseen, variables.len() + outcomes.len()));
        if options.headers.is_some() {
            // nothing is drawn, so nothing has a scale to be solved
            variables.iter_mut().chain(&mut outcomes).flatten().for_each(|v| v.marginal = super::Marginal::No);
        }
        let columns = names::Columns::new(&variables, &outcomes);
        let enrolment = self.enrolment(&file, n);
        if let (Some(criteria), Some(enrolment)) = (&criteria, &enrolment) {
            self.site_after_screening(&file, criteria, &variables, enrolment);
        }
        let allocation = self.allocation(trial, &file, &arms);
        let visits = self.visits(&file);
        let dropout = self.dropout(&file, &arms);
        let deaths = self.deaths(&file, &columns);
        let endpoints = self.endpoints(&file, &columns, visits.as_deref().unwrap_or_default());
        let cut = self.cut(&file, n, &endpoints);
        if let (Some(cut), Some(visits)) = (&cut, &visits) {
            self.reachable(&file, cut, visits, &endpoints);
        }
        let analyses = self.analyses(&file, &arms, control, &endpoints);
        let mut multiplicity = self.multiplicity(&file, analyses.as_deref());
        let looks = self.looks(&file, n, cut.as_ref(), &endpoints);
        let mut rules = match (&looks, &analyses, &cut) {
            (Some(looks), Some(analyses), Some(cut)) => {
                let times: Vec<bool> = endpoints.iter().map(|e| e.kind == "time-to-event").collect();
                let due: Vec<bool> = endpoints
                    .iter()
                    .map(|e| e.endpoint.as_ref().is_some_and(|e| looks::falls_due(&e.measure)))
                    .collect();
                let chosen = matches!(allocation, Some(super::Allocation::Observational { .. }));
                let arms = (arms.as_slice(), chosen);
                self.rules(&file, &rules::Trial { n, arms, cut, looks, analyses, times: &times, due: &due })
            }
            _ => None,
        };
        if let (Some(rules), Some(families)) = (&mut rules, &mut multiplicity) {
            self.families_at_looks(&file, rules, families);
        }
        let reestimations = match (&looks, &analyses, &rules, &cut, &enrolment) {
            (Some(looks), Some(analyses), Some(rules), Some(cut), Some(enrolment)) => {
                let all = reestimation::Trial { n, cut, looks, analyses, rules, enrolment, endpoints: &endpoints };
                self.reestimations(&file, &all)
            }
            _ => None,
        };
        // where effects take their null values, other null hypotheses are true than in the world as written
        let moved = options.declared.iter().any(|(_, d)| *d == Declared::Null);
        let nulls = self.nulls(&file).map(|declared| declared.filter(|_| !moved));
        let costs = self.costs(&file);

        let population = variables.len();
        let variables = variables.into_iter().chain(outcomes).collect::<Option<_>>();
        Some(Scenario {
            title: file.text("title")?.to_owned(),
            variant: options.variant.unwrap_or(BASE).to_owned(),
            parameters: parameters?,
            n: n?,
            arms,
            control: control?,
            variables: variables?,
            from_data: file.tables("variable").len()..file.tables("variable").len() + self.data.len(),
            population,
            correlations: correlations?,
            criteria: criteria?,
            enrolment: enrolment?,
            allocation: allocation?,
            visits: visits?,
            dropout: dropout?,
            deaths: deaths?,
            cut: cut?,
            endpoints: endpoints.into_iter().map(|e| e.endpoint).collect::<Option<_>>()?,
            analyses: analyses?,
            multiplicity: multiplicity?,
            looks: looks?,
            rules: rules?,
            reestimations: reestimations?,
            nulls: nulls?,
            costs: costs?,
        })
    }

    /// Number of population variables.
    fn population(&self, file: &Table) -> usize {
        file.tables("variable").len() + self.data.len()
    }

    /// What to do about a name that the variant switches off.
    fn switched_off(&self, name: &str) -> Option<String> {
        self.off.iter().any(|off| off == name).then(|| {
            format!("the variant switches `{name}` off: it must switch off or replace what refers to it as well")
        })
    }

    /// A reference that nothing has.
    fn unknown<S: AsRef<str>>(&self, code: Code, what: &str, name: &Located, known: &[S]) -> Diagnostic {
        let text = name.text();
        let mut help = match known {
            [] => format!("the scenario has no {}", plural(what)),
            [one] => format!("the only {what} is `{}`", one.as_ref()),
            _ => format!("{} are {}", plural(what), listed(known)),
        };
        if let Some(near) = crate::expr::nearest(text, known.iter().map(AsRef::as_ref)) {
            help.push_str(&format!("; did you mean `{near}`?"));
        }
        if let Some(off) = self.switched_off(text) {
            help = off;
        }
        Diagnostic::new(code, name.span.clone(), format!("no {what} is called `{}`", reader::shortened(text)))
            .label(format!("not {} {what}", article(what)))
            .help(help)
    }
}

/// A kind of entry in the plural.
fn plural(word: &str) -> String {
    word.strip_suffix("is").map_or_else(|| format!("{word}s"), |stem| format!("{stem}es"))
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
