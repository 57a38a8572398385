//! Forms of the analysis plan and of variants.

use std::sync::LazyLock;

use super::conduct::{SITE, VISIT};
use super::design::{EXCLUSION, INCLUSION, OUTCOME, QUANTITY, VARIABLE};
use super::endpoint::ENDPOINT;
use super::looks::{LOOK, REESTIMATION, RULE};
use super::{LABEL, NAMES, NULLS, SOURCE, SUMMARY, entry_keys, leak, optional, required};
use crate::scenario::form::{Form, Kind};
use crate::{analysis, multiplicity};

pub(super) static ANALYSIS: LazyLock<Form> = LazyLock::new(|| Form {
    name: "analysis",
    summary: "A row of the analysis plan; exactly one method.",
    keys: entry_keys(
        required("name", Kind::Name, "Its name in results; the trial's primary analysis is `primary`."),
        vec![
            LABEL,
            SOURCE,
            required("endpoint", Kind::Name, "What is analysed."),
            optional("alpha", Kind::Number, "Significance level over all sides; default 0.05."),
            optional("sides", Kind::Integer(1, 2), "One- or two-sided; default 2, and 1 for equivalence."),
            optional(
                "margin",
                Kind::Number,
                "Null value of the estimate, for non-inferiority; on ratio scales a ratio. Default: no effect.",
            ),
            optional(
                "equivalence",
                Kind::List(&Kind::Number),
                "Lower and upper limit between which the arms are equivalent, in place of a margin; on ratio scales ratios. Both one-sided tests must reject, each at `alpha`; the interval has level 1 − 2 alpha.",
            ),
            optional(
                "subset",
                Kind::Condition,
                "Patients analysed, a condition over population variables; default: all.",
            ),
            optional(
                "covariates",
                Kind::List(&Kind::Expression),
                "Expressions over population variables that the method adjusts for, or names of lists in [covariates]; `site` is the site as a factor.",
            ),
            optional(
                "strata",
                Kind::List(&Kind::Expression),
                "Expressions over population variables whose combinations of values are the strata of a stratified method; `site` is the site.",
            ),
            optional(
                "interaction",
                Kind::Condition,
                "A condition over population variables: the row is the effect where it is true minus the effect where it is false.",
            ),
            optional(
                "relevant",
                Kind::Number,
                "The probability that the estimate is better than this is reported; on ratio scales a ratio.",
            ),
            optional("arms", NAMES, "Experimental arm and control; default: the only other arm against the control."),
            optional(
                "treated",
                Kind::Identifier,
                "The arm whose patients are the treated, where a method averages over these; default: the experimental arm.",
            ),
            optional("estimand", Kind::Table(&ESTIMAND), ESTIMAND.summary),
            optional("bootstrap", Kind::Table(&BOOTSTRAP), BOOTSTRAP.summary),
        ],
        analysis::FAMILY,
    ),
    example: r#"{ name = "primary", endpoint = "response", log-rank = {} }"#,
});

pub(super) static ESTIMAND: Form = Form {
    name: "estimand",
    summary: "The parameter that is the true value; default: computed from both potential outcomes.",
    keys: &[required("parameter", Kind::Identifier, "Name of a parameter; on ratio scales it holds a ratio.")],
    example: r#"{ parameter = "hr" }"#,
};

pub(super) static BOOTSTRAP: Form = Form {
    name: "bootstrap",
    summary: "Standard error from resamples of the trial's patients, with Wald's test and interval; default: the method's own.",
    keys: &[optional(
        "resamples",
        Kind::Integer(20, 100_000),
        "Resamples of the analysed patients with replacement; default 200.",
    )],
    example: "{ resamples = 200 }",
};

pub(super) static MULTIPLICITY: LazyLock<Form> = LazyLock::new(|| Form {
    name: "multiplicity",
    summary: "Analyses tested together at one familywise level; exactly one procedure. Several may stand side by side.",
    keys: entry_keys(
        required("name", Kind::Name, "Its name in results."),
        vec![
            LABEL,
            SOURCE,
            required(
                "hypotheses",
                Kind::List(&Kind::Name),
                "The analyses, at most 64, all one-sided or all two-sided; where the procedure goes by an order, in this one.",
            ),
            optional(
                "alpha",
                Kind::Number,
                "Familywise level over all sides; default: that of the analyses, where they have one.",
            ),
        ],
        multiplicity::FAMILY,
    ),
    example: r#"{ name = "family", hypotheses = ["primary", "second"], holm = {} }"#,
});

pub(super) static VARIANT: LazyLock<Form> = LazyLock::new(|| Form {
    name: "variant",
    summary: "What differs from the file as written.",
    keys: leak(vec![
        SUMMARY,
        NULLS,
        optional("parameters", Kind::Named(&QUANTITY), "Other values of parameters."),
        optional(
            "off",
            Kind::List(&Kind::Text),
            "Names of entries that are switched off; `exclusion.age` where several have the name.",
        ),
        optional("variable", Kind::Tables(&VARIABLE), "Replaces the variable of this name."),
        optional("inclusion", Kind::Tables(&INCLUSION), "Replaces the criterion of this name."),
        optional("exclusion", Kind::Tables(&EXCLUSION), "Replaces the criterion of this name."),
        optional("site", Kind::Tables(&SITE), "Replaces the site of this name."),
        optional("outcome", Kind::Tables(&OUTCOME), "Replaces the outcome of this name."),
        optional("visit", Kind::Tables(&VISIT), "Replaces the visit of this name."),
        optional("endpoint", Kind::Tables(&ENDPOINT), "Replaces the endpoint of this name."),
        optional("analysis", Kind::Tables(&ANALYSIS), "Replaces the analysis of this name."),
        optional("multiplicity", Kind::Tables(&MULTIPLICITY), "Replaces the procedure of this name."),
        optional("look", Kind::Tables(&LOOK), "Replaces the look of this name."),
        optional("rule", Kind::Tables(&RULE), "Replaces the rule of this name."),
        optional("reestimation", Kind::Tables(&REESTIMATION), "Replaces the review of this name."),
    ]),
    example: "{ parameters = { p_treated = 0.46 } }",
});
