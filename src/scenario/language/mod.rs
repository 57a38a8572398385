//! The scenario language: the [`Form`] of every table, from the top of the file down. Tables whose entries name their kind
//! by a key (`weibull = { … }`, `log-rank = {}`) take those keys from the families.

mod conduct;
mod data;
mod design;
mod endpoint;
mod looks;
mod plan;

use std::sync::LazyLock;

use conduct::{COST, CUT, ENROLMENT, OBSERVATION, SITE, VISIT};
use data::DATA;
use design::{CORRELATION, EXCLUSION, INCLUSION, OUTCOME, QUANTITY, TRIAL, VARIABLE};
use endpoint::ENDPOINT;
pub(in crate::scenario) use looks::{EFFICACY_KINDS, FUTILITY_KINDS, OCCASIONS, REESTIMATION_KINDS};
use looks::{LOOK, REESTIMATION, RULE};
use plan::{ANALYSIS, MULTIPLICITY, VARIANT};

use super::diagnostic::Code;
use super::form::{Form, Key, Kind, Member};
use crate::{analysis, distribution, multiplicity};

/// A key that must be given.
const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, required: true, doc }
}

/// A key that may be left out.
const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, required: false, doc }
}

const LABEL: Key = optional("label", Kind::Text, "As shown in results; default: the name.");
const SOURCE: Key = optional("source", Kind::Text, "Where the figures come from: a reference, or `assumed`.");
const SUMMARY: Key = optional("summary", Kind::Text, "What it is about, in a few sentences.");
const NULLS: Key = optional(
    "nulls",
    Kind::List(&Kind::Name),
    "Analyses whose null hypothesis is true in this world, for the familywise error of [[multiplicity]]; default: judged by their true values. A variant has its own.",
);
const BETTER: Key = required("better", Kind::Word(&["higher", "lower"]), "Which direction is good for a patient.");
const NAMES: Kind = Kind::List(&Kind::Identifier);

/// Exactly one (or at most one) of some keys says of what kind an entry is.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The keys.
    pub(crate) keys: Vec<&'static str>,
    /// What an entry with none is said to lack, and its code; none where none need be given.
    pub(crate) none: Option<(&'static str, Code)>,
    /// What an entry with several is said to do, and its code.
    pub(crate) several: (&'static str, Code),
}

/// The choice that entries of a form make.
pub(crate) fn choice(form: &Form) -> Option<Choice> {
    let (keys, none, several) = match form.name {
        "variable" | "outcome" | "dropout" | "prior" => (
            distributions(form),
            Some(("has no distribution", Code::NoDistribution)),
            ("has two distributions", Code::SeveralDistributions),
        ),
        "analysis" => (
            names(analysis::FAMILY),
            Some(("has no method", Code::NoMethod)),
            ("has two methods", Code::SeveralMethods),
        ),
        "multiplicity" => (
            names(multiplicity::FAMILY),
            Some(("has no procedure", Code::NoMethod)),
            ("has two procedures", Code::SeveralMethods),
        ),
        "endpoint" => (
            endpoint::measures().iter().map(|k| k.name).collect(),
            Some(("does not say what it measures", Code::NoMeasure)),
            ("measures two things", Code::SeveralMeasures),
        ),
        "tier" => (
            endpoint::TIER_MEASURES.to_vec(),
            Some(("does not say what it compares", Code::NoMeasure)),
            ("compares two things", Code::SeveralMeasures),
        ),
        "inclusion" | "exclusion" => (
            vec!["when", "prevalence"],
            Some(("does not say when it holds", Code::NoRule)),
            ("says twice when it holds", Code::SeveralRules),
        ),
        "reestimation" => (
            looks::REESTIMATION_KINDS.to_vec(),
            Some(("does not say how the new size comes about", Code::NoRule)),
            ("says twice how the new size comes about", Code::SeveralRules),
        ),
        "efficacy" => (
            looks::EFFICACY_KINDS.to_vec(),
            Some(("does not say how bounds come about", Code::NoRule)),
            ("says twice how bounds come about", Code::SeveralRules),
        ),
        "futility" => (
            looks::FUTILITY_KINDS.to_vec(),
            Some(("does not say when to stop", Code::NoRule)),
            ("says twice when to stop", Code::SeveralRules),
        ),
        "allocation" => {
            (vec!["simple", "blocks", "observational"], None, ("has two methods", Code::SeveralAllocations))
        }
        _ => return None,
    };
    Some(Choice { keys, none, several })
}

/// The distributions that a form takes.
fn distributions(form: &Form) -> Vec<&'static str> {
    let all = names(distribution::FAMILY);
    let takes = |name: &&str| form.keys.iter().any(|k| k.name == *name);
    all.into_iter().filter(takes).collect()
}

fn names<T: ?Sized>(family: &[Member<T>]) -> Vec<&'static str> {
    family.iter().map(|m| m.form.name).collect()
}

/// The whole file.
pub static SCENARIO: LazyLock<Form> = LazyLock::new(|| Form {
    name: "scenario",
    summary: "A trial: who is in it, what happens to them, what is seen of it, and how it is analysed.",
    keys: leak(vec![
        required("title", Kind::Text, "Name of the trial, in one line."),
        SUMMARY,
        NULLS,
        required("trial", Kind::Table(&TRIAL), TRIAL.summary),
        optional("parameters", Kind::Named(&QUANTITY), "Numbers that expressions read by name, each with its source."),
        optional("variable", Kind::Tables(&VARIABLE), VARIABLE.summary),
        optional("correlation", Kind::Tables(&CORRELATION), CORRELATION.summary),
        optional("inclusion", Kind::Tables(&INCLUSION), INCLUSION.summary),
        optional("exclusion", Kind::Tables(&EXCLUSION), EXCLUSION.summary),
        optional("data", Kind::Table(&DATA), DATA.summary),
        optional("enrolment", Kind::Table(&ENROLMENT), ENROLMENT.summary),
        optional("site", Kind::Tables(&SITE), SITE.summary),
        optional("outcome", Kind::Tables(&OUTCOME), OUTCOME.summary),
        optional("observation", Kind::Table(&OBSERVATION), OBSERVATION.summary),
        optional("visit", Kind::Tables(&VISIT), VISIT.summary),
        optional("cut", Kind::Table(&CUT), CUT.summary),
        optional("cost", Kind::Table(&COST), COST.summary),
        optional("endpoint", Kind::Tables(&ENDPOINT), ENDPOINT.summary),
        optional(
            "covariates",
            Kind::Named(&Kind::List(&Kind::Expression)),
            "Lists of covariates by name: analyses that adjust for them write the name.",
        ),
        optional("analysis", Kind::Tables(&ANALYSIS), ANALYSIS.summary),
        optional("multiplicity", Kind::Tables(&MULTIPLICITY), MULTIPLICITY.summary),
        optional("look", Kind::Tables(&LOOK), LOOK.summary),
        optional("rule", Kind::Tables(&RULE), RULE.summary),
        optional("reestimation", Kind::Tables(&REESTIMATION), REESTIMATION.summary),
        optional(
            "variant",
            Kind::Named(Box::leak(Box::new(Kind::Table(&VARIANT)))),
            "Other worlds or designs, by name; `base` is the file as written.",
        ),
    ]),
    example: "",
});

/// Kinds of entries that a variant can replace or switch off, in the order of the file.
pub(crate) const ENTRIES: [&str; 12] = [
    "variable",
    "inclusion",
    "exclusion",
    "site",
    "outcome",
    "visit",
    "endpoint",
    "analysis",
    "multiplicity",
    "look",
    "rule",
    "reestimation",
];

/// A key for each member of a family.
fn members<T: ?Sized>(family: &'static [Member<T>]) -> Vec<Key> {
    family
        .iter()
        .map(|m| {
            let kind = if m.form.name == "derived" { Kind::Short(m.form) } else { Kind::Table(m.form) };
            optional(m.form.name, kind, m.form.summary)
        })
        .collect()
}

/// A name, settings, and a key for each member of a family.
fn entry_keys<T: ?Sized>(name: Key, settings: Vec<Key>, family: &'static [Member<T>]) -> &'static [Key] {
    let mut keys = vec![name];
    keys.extend(settings);
    keys.extend(members(family));
    leak(keys)
}

/// Forms live as long as the program: each is made once.
fn leak(keys: Vec<Key>) -> &'static [Key] {
    Box::leak(keys.into_boxed_slice())
}
