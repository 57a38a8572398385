//! Forms of interim looks and of the rules that act at them.

use super::{LABEL, SOURCE, optional, required};
use crate::scenario::form::{Form, Key, Kind};

pub(super) static LOOK: Form = Form {
    name: "look",
    summary: "An interim look: the data are locked when what it waits for has happened, in the order of the file.",
    keys: &[
        required("name", Kind::Name, "Its name in results."),
        LABEL,
        SOURCE,
        optional("events", Kind::Table(&EVENTS), EVENTS.summary),
        optional("enrolled", Kind::Table(&ENROLLED), ENROLLED.summary),
        optional("complete", Kind::Table(&COMPLETE), COMPLETE.summary),
        optional("date", Kind::Date, "At a month since month 0, or a date."),
        optional("follow-up", Kind::Number, "Months after the entry of the last patient."),
        optional(
            "wait-for",
            Kind::Word(&["all", "any"]),
            "Where several of these are given: until all have happened (default), or the first.",
        ),
        optional("not-before", Kind::Date, "Not before this month, or date."),
        optional("not-after", Kind::Date, "At this month, or date, whatever has happened by then."),
        optional("gap", Kind::Number, "Months after the look before it, at least."),
        optional(
            "delay",
            Kind::Number,
            "Months from the lock of the data to the decision, during which the trial goes on; default 0.",
        ),
    ],
    example: r#"{ name = "interim", enrolled = { share = 0.5 } }"#,
};

/// What a look waits for: at least one of these.
pub(in crate::scenario) const OCCASIONS: [&str; 5] = ["events", "enrolled", "complete", "date", "follow-up"];

pub(super) static EVENTS: Form = Form {
    name: "events",
    summary: "At a number of events of a time-to-event endpoint.",
    keys: &[
        optional("count", Kind::Integer(1, 10_000_000), "Number of events."),
        optional("share", Kind::Number, "Share of the events that end the trial, in place of a number."),
        required("endpoint", Kind::Name, "A time-to-event endpoint."),
    ],
    example: r#"{ count = 190, endpoint = "os" }"#,
};

pub(super) static ENROLLED: Form = Form {
    name: "enrolled",
    summary: "When this many patients have been enrolled.",
    keys: &[
        optional("count", Kind::Integer(1, 10_000_000), "Number of patients."),
        optional("share", Kind::Number, "Share of the patients to enrol, in place of a number."),
    ],
    example: "{ share = 0.5 }",
};

pub(super) static COMPLETE: Form = Form {
    name: "complete",
    summary: "When an endpoint has come due in this many patients who were followed until then, or died before.",
    keys: &[
        optional("count", Kind::Integer(1, 10_000_000), "Number of patients."),
        optional("share", Kind::Number, "Share of the patients to enrol, in place of a number."),
        required("endpoint", Kind::Name, "An endpoint that is due at a visit, or asks what has happened by a month."),
    ],
    example: r#"{ share = 0.5, endpoint = "response" }"#,
};

pub(super) static RULE: Form = Form {
    name: "rule",
    summary: "What is done at looks with the statistic of an analysis: stop where it crosses a bound.",
    keys: &[
        required("name", Kind::Name, "Its name in results."),
        LABEL,
        SOURCE,
        required(
            "analysis",
            Kind::Name,
            "Whose statistic is looked at; its `alpha` and `sides` are those of the rule.",
        ),
        optional("looks", Kind::List(&Kind::Name), "The looks at which it acts; default: all."),
        optional("efficacy", Kind::Table(&EFFICACY), EFFICACY.summary),
        optional("futility", Kind::Table(&FUTILITY), FUTILITY.summary),
        optional(
            "shares",
            Kind::List(&Kind::Number),
            "Shares of the final information planned at its looks; default: from what the looks wait for.",
        ),
        optional(
            "spend-by",
            Kind::Word(&["planned", "observed"]),
            "Whether bounds are those of the planned shares (default), or made anew from the information that there is.",
        ),
        optional(
            "information",
            Kind::Word(&["events", "patients", "precision"]),
            "What counts as information: events (default of time-to-event endpoints), patients (default of others), or 1/SE² of the estimate.",
        ),
        optional(
            "planned",
            Kind::Number,
            "Information planned for the end; default: the events that end the trial, or its patients.",
        ),
        optional(
            "power",
            Kind::Number,
            "Power for which futility bounds are spent, and that `under = \"plan\"` means; default 0.9.",
        ),
        optional(
            "after-rejection",
            Kind::Word(&["stop", "go-on"]),
            "Whether the trial stops once the hypothesis is rejected (default), or goes on for the sake of other rules until all have rejected.",
        ),
    ],
    example: r#"{ name = "efficacy", analysis = "primary", efficacy = { spending = "obrien-fleming" } }"#,
};

const SPENDING: [Key; 4] = [
    optional(
        "spending",
        Kind::Word(&["obrien-fleming", "pocock", "hwang-shih-decani", "kim-demets", "table"]),
        "The error is spent by a function: Lan and DeMets's of either kind, Hwang, Shih and DeCani's, Kim and DeMets's power, or a table.",
    ),
    optional("gamma", Kind::Number, "Of `hwang-shih-decani`: negative spends late."),
    optional("rho", Kind::Number, "Of `kim-demets`: the power, above 0."),
    optional(
        "spent",
        Kind::List(&Kind::Number),
        "Of `table`: shares of the error spent by each look and the end, which is 1.",
    ),
];

/// Ways to come by bounds for rejection, one of which is given.
pub(in crate::scenario) const EFFICACY_KINDS: [&str; 7] =
    ["spending", "wang-tsiatis", "haybittle-peto", "bonferroni", "z", "p", "probability"];

pub(super) static EFFICACY: Form = Form {
    name: "efficacy",
    summary: "Bounds for rejection; exactly one way to come by them.",
    keys: &[
        SPENDING[0],
        SPENDING[1],
        SPENDING[2],
        SPENDING[3],
        optional("wang-tsiatis", Kind::Number, "z = c t^(Δ − ½): 0 is O'Brien and Fleming's boundary, 0.5 Pocock's."),
        optional("haybittle-peto", Kind::Number, "This z at every look; what is left of the error at the end."),
        optional(
            "bonferroni",
            Kind::List(&Kind::Number),
            "Shares of the level at each look and the end, which together are 1: holds whatever the correlation.",
        ),
        optional("z", Kind::List(&Kind::Number), "Bounds at each look and the end."),
        optional("p", Kind::List(&Kind::Number), "One-sided p-values at each look and the end."),
        optional(
            "probability",
            Kind::List(&Kind::Number),
            "Posterior probabilities of a benefit at each look and the end, of an analysis that gives one.",
        ),
    ],
    example: r#"{ spending = "obrien-fleming" }"#,
};

/// Ways to come by bounds for futility, one of which is given.
pub(in crate::scenario) const FUTILITY_KINDS: [&str; 8] =
    ["spending", "z", "p", "effect", "conditional-power", "predictive-power", "probability", "predictive-probability"];

pub(super) static FUTILITY: Form = Form {
    name: "futility",
    summary: "When to stop without rejection; exactly one scale. Alone in a rule it is a gate: go on only where it is not crossed.",
    keys: &[
        SPENDING[0],
        SPENDING[1],
        SPENDING[2],
        SPENDING[3],
        optional("z", Kind::List(&Kind::Number), "Stop where the statistic is below, at each look."),
        optional("p", Kind::List(&Kind::Number), "Stop where the one-sided p-value is above, at each look."),
        optional(
            "effect",
            Kind::List(&Kind::Number),
            "Stop where the estimate is less favourable, at each look; on ratio scales ratios.",
        ),
        optional(
            "conditional-power",
            Kind::List(&Kind::Number),
            "Stop where the probability to reach the last bound, as it is without futility, is below, at each look.",
        ),
        optional(
            "under",
            Kind::Word(&["trend", "plan"]),
            "Effect for which conditional power is computed: that seen so far (default), or that of `power`.",
        ),
        optional(
            "predictive-power",
            Kind::List(&Kind::Number),
            "Stop where the probability of success, over what the data leave unknown, is below, at each look.",
        ),
        optional(
            "probability",
            Kind::List(&Kind::Number),
            "Stop where the posterior probability of a benefit is below, at each look, of an analysis that gives one.",
        ),
        optional(
            "predictive-probability",
            Kind::List(&Kind::Number),
            "Stop where the probability that the posterior probability reaches its bound at the end is below, at each look.",
        ),
        optional(
            "binding",
            Kind::Flag,
            "Whether it must be obeyed for the error to hold: bounds for rejection are then lower. Default: false.",
        ),
    ],
    example: "{ z = [0.0] }",
};

/// Ways to come by a new size, one of which is given.
pub(in crate::scenario) const REESTIMATION_KINDS: [&str; 5] =
    ["pooled-rate", "pooled-variance", "pooled-events", "follow-up", "promising-zone"];

pub(super) static REESTIMATION: Form = Form {
    name: "reestimation",
    summary: "A review of the sample size, or of follow-up, at a look: the trial may become larger or longer, never the reverse. Exactly one way.",
    keys: &[
        required("name", Kind::Name, "Its name in results."),
        LABEL,
        SOURCE,
        required("look", Kind::Name, "The look at which it is done."),
        required("analysis", Kind::Name, "The analysis for which the trial is sized: its endpoint, level and sides."),
        optional(
            "most",
            Kind::Integer(1, 10_000_000),
            "Most patients; of an event-driven trial in its promising zone, most events. Needed but for `follow-up`.",
        ),
        optional("power", Kind::Number, "Power wanted; default 0.9."),
        optional("pooled-rate", Kind::Table(&POOLED_RATE), POOLED_RATE.summary),
        optional("pooled-variance", Kind::Table(&POOLED_VARIANCE), POOLED_VARIANCE.summary),
        optional("pooled-events", Kind::Table(&POOLED_EVENTS), POOLED_EVENTS.summary),
        optional("follow-up", Kind::Table(&FOLLOW_UP), FOLLOW_UP.summary),
        optional("promising-zone", Kind::Table(&PROMISING_ZONE), PROMISING_ZONE.summary),
    ],
    example: r#"{ name = "review", look = "interim", analysis = "primary", most = 500, pooled-rate = { difference = 0.15 } }"#,
};

pub(super) static POOLED_RATE: Form = Form {
    name: "pooled-rate",
    summary: "Blinded: by the responders of both arms together, the planned effect held (Gould 1992).",
    keys: &[
        optional("difference", Kind::Number, "Planned difference of proportions, experimental − control."),
        optional("ratio", Kind::Number, "Planned ratio of proportions, in place of a difference."),
    ],
    example: "{ difference = 0.15 }",
};

pub(super) static POOLED_VARIANCE: Form = Form {
    name: "pooled-variance",
    summary: "Blinded: by the variance of both arms together, the planned difference held (Kieser and Friede 2003).",
    keys: &[required("difference", Kind::Number, "Planned difference of means, experimental − control.")],
    example: "{ difference = 5 }",
};

pub(super) static POOLED_EVENTS: Form = Form {
    name: "pooled-events",
    summary: "Blinded: by the event rate of both arms together, so that as many events are expected.",
    keys: &[
        required("events", Kind::Integer(1, 10_000_000), "Events wanted."),
        required("by", Kind::Number, "Months from entry by which they are to occur."),
    ],
    example: "{ events = 120, by = 24 }",
};

pub(super) static FOLLOW_UP: Form = Form {
    name: "follow-up",
    summary: "Blinded: where both arms together have had fewer events, everyone is followed longer; no patients are added.",
    keys: &[
        required("fewer-than", Kind::Integer(1, 10_000_000), "Events by the look below which follow-up is extended."),
        required("months", Kind::Number, "By how many months every cut of the data is later."),
    ],
    example: "{ fewer-than = 60, months = 6 }",
};

pub(super) static PROMISING_ZONE: Form = Form {
    name: "promising-zone",
    summary: "Unblinded: where conditional power under the trend is promising, as much more as gives the power wanted (Mehta and Pocock 2011); the test combines both stages with the planned weights (Cui, Hung and Wang 1999).",
    keys: &[
        required("from", Kind::Number, "Least conditional power that is promising."),
        optional("to", Kind::Number, "Conditional power that is good enough; default: the power wanted."),
    ],
    example: "{ from = 0.3 }",
};
