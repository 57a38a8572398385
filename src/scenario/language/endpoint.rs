//! Forms of what is measured: endpoints, tiers, fates.

use std::sync::LazyLock;

use super::{BETTER, LABEL, NAMES, SOURCE, leak, optional, required};
use crate::scenario::form::{Form, Key, Kind};

/// The kinds of endpoint.
pub(super) fn measures() -> Vec<Key> {
    [&BINARY, &ORDINAL, &SCORE, &TIME_TO_EVENT, &INTERVAL_CENSORED, &VISIT_DATED, &HIERARCHICAL]
        .map(|form| optional(form.name, Kind::Table(form), form.summary))
        .into()
}

pub(super) static ENDPOINT: LazyLock<Form> = LazyLock::new(|| {
    let mut keys = vec![required("name", Kind::Name, "As used by analyses."), LABEL, SOURCE];
    keys.extend(measures());
    Form {
        name: "endpoint",
        summary: "What is measured on a patient; exactly one kind.",
        keys: leak(keys),
        example: r#"{ name = "response", binary = { value = "response", better = "higher" } }"#,
    }
});

pub(super) const VISIT_KEY: Key =
    optional("visit", Kind::Name, "The visit at which it is measured; default: always known.");
pub(super) const INTERCURRENT_KEY: Key = optional(
    "intercurrent",
    Kind::Tables(&INTERCURRENT),
    "Events before the measurement that decide its value; the first that applies counts.",
);
pub(super) const MISSING_KEY: Key = optional(
    "missing",
    Kind::Word(&["excluded", "worst", "best"]),
    "Fate of patients in whom it is not known; default: excluded.",
);
pub(super) const EVENT_KEY: Key = required("event", NAMES, "An outcome, or several: the first of them counts.");

pub(super) static BINARY: Form = Form {
    name: "binary",
    summary: "A state at a visit, or whether an event has happened by a time.",
    keys: &[
        optional("value", Kind::Condition, "The state, a condition; either this or `event` and `by`."),
        VISIT_KEY,
        optional("event", NAMES, "An outcome, or several: the first of them counts."),
        optional("by", Kind::Number, "By when [months from entry]."),
        BETTER,
        MISSING_KEY,
        INTERCURRENT_KEY,
    ],
    example: r#"{ value = "response", better = "higher" }"#,
};

pub(super) static ORDINAL: Form = Form {
    name: "ordinal",
    summary: "An ordered category.",
    keys: &[
        required(
            "value",
            Kind::Expression,
            "What is measured; without `cuts` the name of an ordinal or categorical variable.",
        ),
        optional("cuts", Kind::List(&Kind::Number), "Lower limits of the second, third … category; ascending."),
        VISIT_KEY,
        BETTER,
        MISSING_KEY,
        INTERCURRENT_KEY,
    ],
    example: r#"{ value = "score", cuts = [5, 10, 15], better = "lower" }"#,
};

pub(super) const WORST_KEY: Key =
    optional("worst", Kind::Number, "Value of patients whose fate is the worst; required where a fate is `worst`.");

pub(super) static SCORE: Form = Form {
    name: "score",
    summary: "A score, or its change.",
    keys: &[
        required("value", Kind::Expression, "What is measured."),
        optional("change-from", Kind::Expression, "The baseline that is subtracted; default: none."),
        VISIT_KEY,
        BETTER,
        optional(
            "missing",
            Kind::Word(&["excluded", "worst"]),
            "Fate of patients in whom it is not known; default: excluded.",
        ),
        WORST_KEY,
        INTERCURRENT_KEY,
    ],
    example: r#"{ value = "score", better = "lower" }"#,
};

pub(super) static TIME_TO_EVENT: Form = Form {
    name: "time-to-event",
    summary: "Time from entry to the first of some events.",
    keys: &[
        EVENT_KEY,
        optional("competing", NAMES, "Outcomes after which the event cannot happen any more; default: none."),
        optional("by", Kind::Number, "Horizon [months from entry]: later events do not count; default: none."),
        BETTER,
    ],
    example: r#"{ event = "death", better = "higher" }"#,
};

const VISITS_KEY: Key = required("visits", Kind::List(&Kind::Name), "The visits that look for it.");
const REVEALED_KEY: Key =
    optional("revealed-by", NAMES, "Outcomes on whose day it is known whether it has happened; default: none.");

pub(super) static INTERVAL_CENSORED: Form = Form {
    name: "interval-censored",
    summary: "Time from entry to an event that only visits can find: known to lie between two of them.",
    keys: &[EVENT_KEY, VISITS_KEY, REVEALED_KEY, BETTER],
    example: r#"{ event = "restenosis", visits = ["month-6", "month-12"], better = "higher" }"#,
};

pub(super) static VISIT_DATED: Form = Form {
    name: "visit-dated",
    summary: "The usual shortcut for such an event: a time to event, dated at the visit that found it.",
    keys: &[
        EVENT_KEY,
        VISITS_KEY,
        REVEALED_KEY,
        optional("by", Kind::Number, "Horizon [months from entry]: events found later do not count; default: none."),
        BETTER,
    ],
    example: r#"{ event = "restenosis", visits = ["month-6", "month-12"], by = 13, better = "higher" }"#,
};

pub(super) static HIERARCHICAL: Form = Form {
    name: "hierarchical",
    summary: "Patients are compared in pairs, tier by tier.",
    keys: &[required("tiers", Kind::Tables(&TIER), "The tiers, in order of importance.")],
    example: r#"{ tiers = [{ name = "death", time = { event = "death" }, observed = "always" }] }"#,
};

pub(super) const TIER_MEASURES: [&str; 4] = ["time", "occurrence", "category", "score"];

pub(super) static TIER: Form = Form {
    name: "tier",
    summary: "What is compared at one tier, and how it is observed.",
    keys: &[
        required("name", Kind::Name, "Its row in the table of decided pairs."),
        optional("time", Kind::Table(&TIER_TIME), TIER_TIME.summary),
        optional("occurrence", Kind::Table(&TIER_OCCURRENCE), TIER_OCCURRENCE.summary),
        optional("category", Kind::Table(&TIER_CATEGORY), TIER_CATEGORY.summary),
        optional("score", Kind::Table(&TIER_SCORE), TIER_SCORE.summary),
        required(
            "observed",
            Kind::Word(&["always", "at-visit"]),
            "Whether it is known as long as the patient is followed, or measured at a visit.",
        ),
        optional("visit", Kind::Name, "The visit, where observed at one."),
        optional(
            "missing",
            Kind::Word(&["tied", "excluded", "worst"]),
            "Fate of patients in whom it is not known: tied with everyone at this tier (default), left out of the endpoint, or worst.",
        ),
        INTERCURRENT_KEY,
    ],
    example: r#"{ name = "death", time = { event = "death", by = 12 }, observed = "always" }"#,
};

pub(super) static TIER_TIME: Form = Form {
    name: "time",
    summary: "Time to the first of some events: later is better.",
    keys: &[EVENT_KEY, optional("by", Kind::Number, "Horizon [months from entry]; default: none.")],
    example: r#"{ event = "death", by = 12 }"#,
};

pub(super) static TIER_OCCURRENCE: Form = Form {
    name: "occurrence",
    summary: "Whether the first of some events has been seen by a time: not having it is better.",
    keys: &[EVENT_KEY, required("by", Kind::Number, "By when [months from entry].")],
    example: r#"{ event = "failure", by = 6 }"#,
};

pub(super) static TIER_CATEGORY: Form = Form {
    name: "category",
    summary: "An ordered category.",
    keys: &[
        required(
            "value",
            Kind::Expression,
            "What is measured; without `cuts` the name of an ordinal or categorical variable.",
        ),
        optional("cuts", Kind::List(&Kind::Number), "Lower limits of the second, third … category; ascending."),
        BETTER,
    ],
    example: r#"{ value = "score", cuts = [5, 10, 15], better = "lower" }"#,
};

pub(super) static TIER_SCORE: Form = Form {
    name: "score",
    summary: "A score: a pair is decided where it differs by more than a threshold.",
    keys: &[
        required("value", Kind::Expression, "What is measured."),
        optional("threshold", Kind::Number, "Largest difference that is a tie; default 0."),
        BETTER,
        WORST_KEY,
    ],
    example: r#"{ value = "score", threshold = 2, better = "lower" }"#,
};

pub(super) static INTERCURRENT: Form = Form {
    name: "intercurrent",
    summary: "An event before the measurement, and what becomes of the value.",
    keys: &[
        required("event", Kind::Identifier, "The outcome: a time from entry."),
        required(
            "fate",
            Kind::Word(&["worst", "missing", "policy"]),
            "The unfavourable value, a missing value, or measured as if nothing had happened.",
        ),
    ],
    example: r#"{ event = "death", fate = "worst" }"#,
};
