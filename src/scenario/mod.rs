//! The scenario: what will run. [`Scenario`] has every default filled in, every name resolved to an index, every
//! parameter folded into the expressions; nothing after it sees text.

pub mod diagnostic;
pub mod form;
pub mod language;
pub mod looks;
pub mod measure;
mod reader;
pub mod resolve;
pub mod schema;
mod text;
mod written;

pub use looks::{Amount, Counted, Futility, LookPlan, ReestimationPlan, Review, RulePlan, When};
pub use measure::{BinaryOf, Dated, Endpoint, Fate, Intercurrent, IntercurrentFate, Measure, TierOf, TierPlan};
pub use resolve::{
    Declaration, Declared, Entrance, Header, Mapping, Options, Place, declarations, entrance, mapping, read, variants,
};
pub use schema::schema;

/// A commented scenario in which every key of the language stands: the start of a new one.
pub const TEMPLATE: &str = include_str!("template.toml");

use crate::analysis::{Analysis, Scale};
use crate::distribution::Distribution;
use crate::expr::{ColumnId, Expr};
use crate::multiplicity::{Graph, Procedure};

/// A resolved scenario: one variant, one set of parameters.
#[derive(Debug)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// The variant's name; `base` is the file as written.
    pub variant: String,
    /// Named numbers with their sources.
    pub parameters: Vec<Parameter>,
    /// Patients to enrol.
    pub n: usize,
    /// Arms in order; codes of patients' arms are indices into it.
    pub arms: Vec<Arm>,
    /// Index of the control (reference) arm.
    pub control: usize,
    /// Population variables, then outcomes ([`ColumnId`] indexes this list).
    pub variables: Vec<Variable>,
    /// How many of `variables` are population variables.
    pub population: usize,
    /// Which of them came with a file of data: none in a scenario that is simulated.
    pub from_data: std::ops::Range<usize>,
    /// Correlations on the normal-score scale of candidates: pairs of population variables.
    pub correlations: Vec<Correlation>,
    /// Inclusion and exclusion criteria in protocol order.
    pub criteria: Vec<Criterion>,
    /// How patients arrive.
    pub enrolment: Enrolment,
    /// How patients get an arm.
    pub allocation: Allocation,
    /// Visits, in order of their planned time.
    pub visits: Vec<Visit>,
    /// Time from entry to loss to follow-up (months), where there is any.
    pub dropout: Option<Box<dyn Distribution>>,
    /// Outcomes that end a patient's life (times from entry).
    pub deaths: Vec<ColumnId>,
    /// When the data are cut.
    pub cut: Cut,
    /// What is measured.
    pub endpoints: Vec<Endpoint>,
    /// What is computed.
    pub analyses: Vec<AnalysisPlan>,
    /// Analyses that are tested together.
    pub multiplicity: Vec<FamilyPlan>,
    /// Interim looks, in the order in which they are held.
    pub looks: Vec<LookPlan>,
    /// What is done at them.
    pub rules: Vec<RulePlan>,
    /// Reviews of the sample size.
    pub reestimations: Vec<ReestimationPlan>,
    /// Analyses whose null hypothesis is declared to be true in this world, where that is declared.
    pub nulls: Option<Vec<usize>>,
    /// What patients, sites and events cost, where given.
    pub costs: Option<Costs>,
}

/// Prices, in one unit of money.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Of an enrolled patient.
    pub patient: f64,
    /// Of a site for each month from its opening to the end of the trial.
    pub site_month: f64,
    /// Of an event of the analysed endpoint.
    pub event: f64,
}

impl Scenario {
    /// Keeps the analyses of these names; of none, the primary ones (`primary` and its variances), or the first where none is; `all`
    /// keeps all. Those that rules test at looks remain as well, but are not shown.
    ///
    /// # Errors
    /// A name that no analysis has, in words.
    pub fn keep_analyses(&mut self, names: &[String]) -> Result<(), String> {
        if names.iter().any(|n| n == "all") {
            return Ok(());
        }
        let known: Vec<String> = self.analyses.iter().map(|a| a.name.clone()).collect();
        for name in names {
            if !known.contains(name) {
                let near = crate::expr::nearest(name, known.iter().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(format!(
                    "error: `{}` has no analysis `{name}`; there are {}{near}",
                    self.title,
                    reader::listed(&known)
                ));
            }
        }
        let primary = |name: &str| {
            name == "primary" || matches!(name.strip_prefix("primary/"), Some("robust" | "stacked" | "bootstrap"))
        };
        let any = known.iter().any(|n| primary(n));
        let first = known.first().cloned();
        let kept = |a: &AnalysisPlan| match names {
            [] if any => primary(&a.name),
            [] => Some(&a.name) == first.as_ref(),
            _ => names.contains(&a.name),
        };
        // those that can stop the trial remain, after those asked for, and are not shown
        let asked: Vec<bool> = self.analyses.iter().map(kept).collect();
        self.analyses.iter_mut().zip(&asked).for_each(|(a, asked)| a.shown &= asked);
        self.multiplicity.iter_mut().for_each(|f| f.shown &= f.hypotheses.iter().all(|&h| asked[h]));
        let governs =
            |a: usize| self.rules.iter().any(|r| r.analysis == a) || self.reestimations.iter().any(|r| r.analysis == a);
        let others = (0..asked.len()).filter(|&a| !asked[a] && governs(a));
        let order: Vec<usize> = (0..asked.len()).filter(|&a| asked[a]).chain(others).collect();
        let places: Vec<Option<usize>> = (0..asked.len()).map(|a| order.iter().position(|&kept| kept == a)).collect();
        let mut all: Vec<Option<AnalysisPlan>> = self.analyses.drain(..).map(Some).collect();
        self.analyses = order.iter().filter_map(|&a| all[a].take()).collect();
        let moved = |a: &mut usize| *a = places[*a].unwrap_or_default();
        self.rules.iter_mut().for_each(|r| moved(&mut r.analysis));
        self.reestimations.iter_mut().for_each(|r| moved(&mut r.analysis));
        // a family without some of its hypotheses is another one
        self.retain_families(|f| f.hypotheses.iter().all(|&h| places[h].is_some()));
        let move_all = |all: &mut Vec<usize>| *all = all.iter().filter_map(|&h| places[h]).collect();
        self.multiplicity.iter_mut().for_each(|f| move_all(&mut f.hypotheses));
        self.nulls.iter_mut().for_each(move_all);
        Ok(())
    }

    /// The same, where `family:NAME` keeps a family with the analyses of its hypotheses. Where families are named, only these remain beside
    /// those that rules test at looks, which are not shown.
    ///
    /// # Errors
    /// A name that no analysis or no family has, in words.
    pub fn keep_rows(&mut self, names: &[String]) -> Result<(), String> {
        let families: Vec<&str> = names.iter().filter_map(|n| n.strip_prefix("family:")).collect();
        let mut analyses: Vec<String> = names.iter().filter(|n| !n.starts_with("family:")).cloned().collect();
        for name in &families {
            let Some(family) = self.multiplicity.iter().find(|f| f.name == *name) else {
                let known: Vec<String> = self.multiplicity.iter().map(|f| f.name.clone()).collect();
                let near = crate::expr::nearest(name, known.iter().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `family:{near}`?"));
                let there = if known.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("there are {}", reader::listed(&known))
                };
                return Err(format!("error: `{}` has no family of hypotheses `{name}`; {there}{near}", self.title));
            };
            analyses.extend(family.hypotheses.iter().map(|&h| self.analyses[h].name.clone()));
        }
        let named: Vec<String> = families.into_iter().map(str::to_owned).collect();
        self.keep_analyses(&analyses)?;
        if !named.is_empty() {
            self.multiplicity.iter_mut().for_each(|f| f.shown &= named.contains(&f.name));
            self.retain_families(|f| f.graph.is_some() || named.contains(&f.name));
        }
        Ok(())
    }

    /// Keeps some families; rules know theirs by its place.
    fn retain_families(&mut self, keep: impl Fn(&FamilyPlan) -> bool) {
        let kept: Vec<bool> = self.multiplicity.iter().map(&keep).collect();
        self.multiplicity.retain(keep);
        for (f, _) in self.rules.iter_mut().filter_map(|r| r.family.as_mut()) {
            *f = kept[..*f].iter().filter(|kept| **kept).count();
        }
    }

    /// How a larger trial comes about.
    #[must_use]
    pub fn accrual_words(&self) -> &'static str {
        match self.enrolment.accrual {
            Accrual::AtOnce => "everyone enters at once",
            Accrual::Uniform { .. } => "a larger trial enrols faster in the same period",
            Accrual::Piecewise { .. } | Accrual::Ramp { .. } => "a larger trial enrols longer at the same rate",
            Accrual::Sites(_) => "a larger trial enrols longer at the same sites",
        }
    }

    /// The column of a data file that holds an endpoint (or a tier) of this name: the name, unless the scenario describes a variable or
    /// an outcome that has it.
    #[must_use]
    pub fn endpoint_column(&self, name: &str) -> String {
        let described = |(i, v): (usize, &Variable)| v.name == name && !self.from_data.contains(&i);
        if self.variables.iter().enumerate().any(described) { format!("{name}_endpoint") } else { name.to_owned() }
    }
}

/// A named number.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// As used in expressions.
    pub name: String,
    /// Its value in this variant; NaN where every replicate draws its own.
    pub value: f64,
    /// The prior in words, where there is one.
    pub prior: Option<String>,
    /// A reference, or `assumed`.
    pub source: String,
}

/// A treatment arm.
#[derive(Clone, Debug)]
pub struct Arm {
    /// As used in expressions: 1 for patients of the arm.
    pub name: String,
    /// As shown; the name where none was given.
    pub label: String,
    /// Relative share of patients.
    pub ratio: u32,
}

/// A named column: its distribution has parameters that are expressions over earlier columns (and arms, for outcomes).
#[derive(Debug)]
pub struct Variable {
    /// As used in expressions, and the label of its address.
    pub name: String,
    /// As shown; the name where none was given.
    pub label: String,
    /// How it is drawn.
    pub law: Box<dyn Distribution>,
    /// Who has a value of his own.
    pub per: Per,
    /// Whose figure the quoted one is.
    pub marginal: Marginal,
}

/// Who has a value of his own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// Every candidate.
    #[default]
    Candidate,
    /// Every site: its patients share it.
    Site,
    /// Every replicate: a parameter with a prior, or one that reads such a one.
    Replicate,
}

/// The parameter that is an analysis's true value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrueValue {
    /// On the scale of the estimate.
    Number(f64),
    /// Each replicate's own: a column, and the scale of the estimate for which it is written.
    Drawn(ColumnId, Scale),
}

/// Whose figure the quoted one of an event time is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Marginal {
    /// That of a patient whose hazard ratio is 1.
    #[default]
    No,
    /// That of the enrolled controls together; the scale is not solved yet (see [`crate::marginal::solve`]).
    Wanted,
    /// That of the enrolled controls together: `law` has all cumulative hazards multiplied by this factor.
    Solved(f64),
}

/// Correlation of the normal scores of two population variables.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// The two variables.
    pub between: [ColumnId; 2],
    /// From −1 to 1.
    pub value: f64,
}

/// An inclusion or exclusion criterion.
#[derive(Clone, Debug)]
pub struct Criterion {
    /// Its name in the funnel.
    pub name: String,
    /// The protocol's words.
    pub label: String,
    /// Inclusion: kept where it holds. Exclusion: dropped where it holds.
    pub inclusion: bool,
    /// When it holds.
    pub holds: Holds,
}

/// When a criterion holds.
#[derive(Clone, Debug)]
pub enum Holds {
    /// Where this is true.
    When(Expr),
    /// In this share of candidates, drawn at the criterion's own address (an investigator's judgement).
    Prevalence(Expr),
}

/// How patients arrive.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The model.
    pub accrual: Accrual,
    /// Whether its rates count enrolled patients or screened candidates.
    pub rate_of: RateOf,
    /// Calendar date of month 0 (`YYYY-MM-DD`), where given.
    pub start: Option<String>,
    /// What the calendar plans.
    pub plan: Option<CalendarPlan>,
}

/// What the calendar plans, and the report holds against what happens.
#[derive(Clone, Copy, Debug)]
pub struct CalendarPlan {
    /// Month of the planned end of the study.
    pub end: f64,
    /// Months for which each patient should be followed.
    pub follow_up: f64,
}

/// Whose arrivals the rates describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateOf {
    /// Arrival k is the place of the k-th eligible candidate.
    Enrolled,
    /// Arrival k is candidate k.
    Screened,
}

/// Arrival of patients in calendar time.
#[derive(Clone, Debug)]
pub enum Accrual {
    /// Everyone at month 0.
    AtOnce,
    /// Window-driven: each patient's entry is uniform over (0, `over`) months; index order is not calendar order.
    Uniform {
        /// Length of the period (months).
        over: f64,
    },
    /// Rate-driven: a Poisson process with rate `rates[i]` patients a month from month `from[i]` on.
    Piecewise {
        /// Patients a month.
        rates: Vec<f64>,
        /// Months at which each rate begins; the first is 0.
        from: Vec<f64>,
    },
    /// Rate-driven: a Poisson process whose rate rises linearly from 0 and then stays.
    Ramp {
        /// Patients a month once it has risen.
        rate: f64,
        /// Months over which it rises.
        over: f64,
    },
    /// Rate-driven: superposed Poisson processes of the sites.
    Sites(Vec<Site>),
}

/// A site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name, the label of its address.
    pub name: String,
    /// Patients a month while open.
    pub rate: f64,
    /// Month of activation.
    pub opens: f64,
    /// Month of closing; infinite where it stays open.
    pub closes: f64,
    /// Most patients it may enrol.
    pub cap: Option<u32>,
}

/// How patients get an arm.
#[derive(Clone, Debug)]
pub enum Allocation {
    /// Each patient independently, with the arms' ratios.
    Simple,
    /// Permuted blocks within strata.
    Blocks {
        /// Block sizes, each chosen with equal probability; multiples of the sum of ratios.
        sizes: Vec<u32>,
        /// Stratum of a patient: the combination of the values of these expressions.
        strata: Vec<Expr>,
        /// Whether the site is a stratum as well.
        by_site: bool,
    },
    /// A clinician chooses: each patient gets an arm with a probability that depends on the patient.
    Observational {
        /// Probability of each arm but the last, which has the rest.
        probabilities: Vec<Expr>,
    },
}

/// A planned visit.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Its name.
    pub name: String,
    /// Planned months from entry.
    pub at: f64,
    /// Earliest and latest months from entry; the visit is uniform between them.
    pub window: (f64, f64),
    /// Probability that a patient still in the study misses it.
    pub missed: Expr,
}

/// When the data are cut: the earliest of what is given. All `None`: patients are followed without end.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    /// Months from each patient's entry.
    pub horizon: Option<f64>,
    /// Month of the calendar.
    pub date: Option<f64>,
    /// Months after the last patient's entry.
    pub after_last_entry: Option<f64>,
    /// At the date of the d-th event of a time-to-event endpoint.
    pub events: Option<(u32, usize)>,
}

/// A row of the analysis plan.
#[derive(Debug)]
pub struct AnalysisPlan {
    /// Its name; the trial's primary analysis is `primary`.
    pub name: String,
    /// As shown.
    pub label: String,
    /// Index of the endpoint.
    pub endpoint: usize,
    /// The method.
    pub method: Box<dyn Analysis>,
    /// The method's key, as `log-rank`.
    pub method_name: &'static str,
    /// Arms compared: experimental, control.
    pub arms: [usize; 2],
    /// Total significance level.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Null value on the scale of the estimate: 0 (½ for Wilcoxon's probability), or the margin (ln of it on ratio scales).
    pub null: f64,
    /// Limits between which the arms are equivalent, on the scale of the estimate; then `sides` is 1 and `null` no effect.
    pub equivalence: Option<[f64; 2]>,
    /// 1 where *the treated* of an effect in the treated are the experimental arm, 0 where the control.
    pub treated: u8,
    /// Patients analysed: those in whom it is true.
    pub subset: Option<Expr>,
    /// Baseline covariates of adjusted methods.
    pub covariates: Vec<Expr>,
    /// Whether the site is a covariate as well: a factor with a level for each site that has patients in the data.
    pub site_factor: bool,
    /// Strata of stratified methods: the combinations of the values of these expressions.
    pub strata: Vec<Expr>,
    /// Whether the site is a stratum as well.
    pub site_stratum: bool,
    /// Where given, the row is the effect where true minus the effect where false.
    pub interaction: Option<Expr>,
    /// An estimate better than this is clinically relevant (on the scale of the estimate).
    pub relevant: Option<f64>,
    /// Scenario parameter that is the true value (on the scale of the estimate), where the scenario names one.
    pub estimand: Option<TrueValue>,
    /// Resamples of the bootstrap that gives the standard error, where it is not the method's own.
    pub bootstrap: Option<u32>,
    /// Whether results show it: else it is computed for the rules that need it.
    pub shown: bool,
}

/// Analyses that are tested together at one familywise level.
#[derive(Debug)]
pub struct FamilyPlan {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// The procedure.
    pub procedure: Box<dyn Procedure>,
    /// The procedure's key, as `fixed-sequence`.
    pub procedure_name: &'static str,
    /// Indices of the analyses, in the order of the family.
    pub hypotheses: Vec<usize>,
    /// Familywise level, in total over the sides.
    pub alpha: f64,
    /// Sides of its analyses' tests: 1 or 2.
    pub sides: u8,
    /// Where its hypotheses are tested at interim looks: the graph by which the level passes on from those rejected.
    pub graph: Option<Graph>,
    /// Whether results show it: else it is there for the rules that test its hypotheses.
    pub shown: bool,
}
