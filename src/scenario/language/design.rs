//! Forms of the design: arms, allocation, parameters, population, criteria, outcomes.

use std::sync::LazyLock;

use super::{LABEL, NAMES, SOURCE, entry_keys, leak, members, optional, required};
use crate::distribution;
use crate::scenario::form::{Form, Key, Kind};

pub(super) static TRIAL: Form = Form {
    name: "trial",
    summary: "Size, arms and allocation.",
    keys: &[
        required("n", Kind::Integer(1, 10_000_000), "Patients to enrol."),
        required("arms", Kind::Tables(&ARM), "The arms; at least two."),
        optional("control", Kind::Identifier, "Name of the control (reference) arm; default: the first."),
        optional("allocation", Kind::Table(&ALLOCATION), ALLOCATION.summary),
    ],
    example: r#"{ n = 300, arms = [{ name = "control" }, { name = "treatment" }] }"#,
};

pub(super) static ARM: Form = Form {
    name: "arms",
    summary: "An arm; in expressions its name is 1 for its patients and 0 for others.",
    keys: &[
        required("name", Kind::Identifier, "As used in expressions."),
        LABEL,
        optional("ratio", Kind::Integer(1, 1000), "Its share of patients relative to the other arms; default 1."),
    ],
    example: r#"{ name = "treatment", ratio = 2 }"#,
};

pub(super) static ALLOCATION: Form = Form {
    name: "allocation",
    summary: "How patients get an arm; default: simple.",
    keys: &[
        optional("simple", Kind::Table(&SIMPLE), SIMPLE.summary),
        optional("blocks", Kind::Table(&BLOCKS), BLOCKS.summary),
        optional("observational", Kind::Table(&OBSERVATIONAL), OBSERVATIONAL.summary),
    ],
    example: "{ blocks = { sizes = [2, 4] } }",
};

pub(super) static SIMPLE: Form =
    Form { name: "simple", summary: "Each patient independently, with the arms' ratios.", keys: &[], example: "{}" };

pub(super) static BLOCKS: Form = Form {
    name: "blocks",
    summary: "Permuted blocks, within strata where given.",
    keys: &[
        required(
            "sizes",
            Kind::List(&Kind::Integer(1, 1000)),
            "Block sizes, each as likely as the others; multiples of the sum of the arms' ratios.",
        ),
        optional(
            "strata",
            Kind::List(&Kind::Expression),
            "Expressions over population variables; a stratum is a combination of their values. Default: none.",
        ),
        optional("by-site", Kind::Flag, "Whether the site is a stratum as well; default false."),
    ],
    example: r#"{ sizes = [2, 4], strata = ["age >= 65"] }"#,
};

pub(super) static OBSERVATIONAL: Form = Form {
    name: "observational",
    summary: "A clinician chooses: each patient gets an arm with a probability that depends on the patient.",
    keys: &[required(
        "probabilities",
        Kind::List(&Kind::Expression),
        "Probability of each arm in their order, expressions over population variables; the last arm has the rest.",
    )],
    example: r#"{ probabilities = ["expit(0.4 * (age - 65) / 10)"] }"#,
};

/// A parameter, or only its value.
pub(super) static QUANTITY: LazyLock<Kind> = LazyLock::new(|| Kind::Short(&PARAMETER));

pub(super) static RANGE: Form = Form {
    name: "range",
    summary: "The ends of what is held possible, named by what they mean for the trial.",
    keys: &[
        required("pessimistic", Kind::Number, "The end at which the trial fares worse."),
        required("optimistic", Kind::Number, "The end at which it fares better."),
    ],
    example: "{ pessimistic = 0.9, optimistic = 0.7 }",
};

/// Distributions of a parameter that is not known; what is derived needs none.
pub(super) static PRIOR: LazyLock<Form> = LazyLock::new(|| Form {
    name: "prior",
    summary: "A parameter that is not known: every replicate draws its value.",
    keys: leak(members(distribution::FAMILY).into_iter().filter(|key| key.name != "derived").collect()),
    example: "{ normal = { mean = -8, sd = 2 } }",
});

pub(super) static PARAMETER: LazyLock<Form> = LazyLock::new(|| Form {
    name: "parameters",
    summary: "A named number.",
    keys: leak(vec![
        required(
            "value",
            Kind::Quantity(&PRIOR),
            "A number, an expression of other parameters, or a prior distribution from which every replicate draws its own value; several numbers in square brackets are an axis of `patency sweep`.",
        ),
        optional("source", Kind::Text, "A reference, or `assumed`; required outside variants."),
        optional("null", Kind::Number, "Its value where the treatment does nothing, which `--null` puts in its place."),
        optional("range", Kind::Table(&RANGE), "How far it may lie from the value expected: `patency sweep --stress`."),
    ]),
    example: r#"{ value = 0.46, source = "assumed" }"#,
});

pub(super) static VARIABLE: LazyLock<Form> = LazyLock::new(|| Form {
    name: "variable",
    summary: "A population variable: known of every candidate, before the arm.",
    keys: entry_keys(
        required("name", Kind::Identifier, "As used in expressions; also the address of its random numbers."),
        vec![
            LABEL,
            SOURCE,
            optional(
                "per",
                Kind::Word(&["candidate", "site"]),
                "Whether each candidate has a value of his own (default), or each site one for all its patients.",
            ),
        ],
        distribution::FAMILY,
    ),
    example: r#"{ name = "age", normal = { mean = 53, sd = 14 } }"#,
});

pub(super) static OUTCOME: LazyLock<Form> = LazyLock::new(|| Form {
    name: "outcome",
    summary: "What truly happens to a patient; may read arms, population variables and earlier outcomes.",
    keys: entry_keys(
        required("name", Kind::Identifier, "As used in expressions; also the address of its random numbers."),
        vec![LABEL, SOURCE],
        distribution::FAMILY,
    ),
    example: r#"{ name = "response", bernoulli = { probability = 0.4 } }"#,
});

pub(super) static CORRELATION: Form = Form {
    name: "correlation",
    summary: "Correlation of two population variables, on the normal-score scale of candidates.",
    keys: &[
        required("between", NAMES, "Two population variables."),
        required("value", Kind::Number, "From −1 to 1."),
        SOURCE,
    ],
    example: r#"{ between = ["age", "bmi"], value = -0.2 }"#,
};

pub(super) static INCLUSION: Form = Form {
    name: "inclusion",
    summary: "A criterion that enrolled patients meet; all inclusions are asked before all exclusions.",
    keys: CRITERION,
    example: r#"{ name = "age", when = "age >= 18" }"#,
};

pub(super) static EXCLUSION: Form = Form {
    name: "exclusion",
    summary: "A criterion that keeps a candidate out.",
    keys: CRITERION,
    example: r#"{ name = "bilateral", prevalence = 0.05 }"#,
};

pub(super) const CRITERION: &[Key] = &[
    required("name", Kind::Name, "Its row in the screening funnel."),
    optional("label", Kind::Text, "The protocol's words; default: the name."),
    optional("when", Kind::Condition, "When it holds, a condition over population variables."),
    optional(
        "prevalence",
        Kind::Expression,
        "In what share of candidates it holds, where no variable says: a probability.",
    ),
    SOURCE,
];
