//! Forms of the conduct: enrolment, sites, observation, visits, data cut.

use std::sync::LazyLock;

use super::{LABEL, NAMES, SOURCE, leak, members, optional, required};
use crate::distribution;
use crate::scenario::form::{Form, Key, Kind};

pub(super) static ENROLMENT: Form = Form {
    name: "enrolment",
    summary: "When patients arrive; absent and without sites: everyone at month 0.",
    keys: &[
        optional("start", Kind::Date, "Calendar date of month 0; dates elsewhere can be written as dates then."),
        optional(
            "rate-of",
            Kind::Word(&["enrolled", "screened"]),
            "Whether rates count enrolled patients (default) or screened candidates.",
        ),
        optional("planned-end", Kind::Date, "Planned end of the study [months, or a date]; needs `follow-up`."),
        optional(
            "follow-up",
            Kind::Number,
            "Months for which each patient should be followed: the report says how many are by the planned end.",
        ),
        optional("uniform", Kind::Table(&UNIFORM), UNIFORM.summary),
        optional("piecewise", Kind::Table(&PIECEWISE), PIECEWISE.summary),
        optional("ramp", Kind::Table(&RAMP), RAMP.summary),
        SOURCE,
    ],
    example: "{ uniform = { over = 24 } }",
};

pub(super) static UNIFORM: Form = Form {
    name: "uniform",
    summary: "Every patient enters at a time uniform over a period, whatever the size of the trial.",
    keys: &[required("over", Kind::Number, "Length of the period [months].")],
    example: "{ over = 24 }",
};

pub(super) static PIECEWISE: Form = Form {
    name: "piecewise",
    summary: "Patients arrive at rates that change at given months.",
    keys: &[
        required("rates", Kind::List(&Kind::Number), "Patients a month in each period; the last is above 0."),
        required("from", Kind::List(&Kind::Date), "When each period begins [months, or dates]; the first is 0."),
    ],
    example: "{ rates = [4, 9], from = [0, 6] }",
};

pub(super) static RAMP: Form = Form {
    name: "ramp",
    summary: "Patients arrive at a rate that rises in a straight line from 0 and then stays.",
    keys: &[
        required("rate", Kind::Number, "Patients a month once it has risen."),
        required("over", Kind::Number, "How long it rises [months]."),
    ],
    example: "{ rate = 12, over = 6 }",
};

pub(super) static SITE: Form = Form {
    name: "site",
    summary: "A site that enrols patients; with sites, arrivals are theirs together.",
    keys: &[
        required("name", Kind::Text, "Any text; also the address of its random numbers."),
        required("rate", Kind::Number, "Patients a month while it is open."),
        optional("opens", Kind::Date, "When it opens [months, or a date]; default 0."),
        optional("closes", Kind::Date, "When it closes [months, or a date]; default: it stays open."),
        optional("cap", Kind::Integer(1, 10_000_000), "Most patients it may enrol; default: any number."),
        optional("country", Kind::Text, "Where it is."),
        optional("city", Kind::Text, "Where it is."),
        optional("status", Kind::Text, "As in the trial's registration."),
        SOURCE,
    ],
    example: r#"{ name = "Basel", rate = 0.5 }"#,
};

pub(super) static OBSERVATION: LazyLock<Form> = LazyLock::new(|| Form {
    name: "observation",
    summary: "What the trial gets to see.",
    keys: leak(vec![
        optional("dropout", Kind::Table(&DROPOUT), DROPOUT.summary),
        optional("death", NAMES, "Outcomes [times from entry] after which nothing is seen."),
        SOURCE,
    ]),
    example: "{ dropout.exponential = { risk = 0.05, by = 12 } }",
});

pub(super) static DROPOUT: LazyLock<Form> = LazyLock::new(|| Form {
    name: "dropout",
    summary: "Time from entry to loss to follow-up, by its distribution; absent: no one is lost.",
    keys: leak(members(distribution::FAMILY).into_iter().filter(is_event_time).collect()),
    example: "{ exponential = { risk = 0.05, by = 12 } }",
});

/// Times to an event take a hazard ratio; a time can also be computed.
fn is_event_time(key: &Key) -> bool {
    match key.kind {
        Kind::Table(form) => form.keys.iter().any(|k| k.name == "hazard-ratio"),
        Kind::Short(_) => true,
        _ => false,
    }
}

pub(super) static VISIT: Form = Form {
    name: "visit",
    summary: "A planned visit.",
    keys: &[
        required("name", Kind::Name, "As used by endpoints."),
        LABEL,
        required("at", Kind::Number, "Planned time [months from entry]."),
        optional(
            "window",
            Kind::List(&Kind::Number),
            "Earliest and latest time [months from entry]; the visit is uniform between them. Default: at its time.",
        ),
        optional("missed", Kind::Expression, "Probability that a patient still in the study misses it; default 0."),
        SOURCE,
    ],
    example: r#"{ name = "month-6", at = 6, window = [5.5, 7] }"#,
};

pub(super) static CUT: Form = Form {
    name: "cut",
    summary: "When the data are locked: the earliest of what is given; absent: patients are followed without end.",
    keys: &[
        optional("horizon", Kind::Number, "Months from each patient's entry."),
        optional("date", Kind::Date, "Months since month 0, or a date."),
        optional("after-last-entry", Kind::Number, "Months after the last patient's entry."),
        optional("events", Kind::Table(&CUT_EVENTS), CUT_EVENTS.summary),
    ],
    example: "{ horizon = 12 }",
};

pub(super) static CUT_EVENTS: Form = Form {
    name: "events",
    summary: "At a number of events of a time-to-event endpoint.",
    keys: &[
        required("count", Kind::Integer(1, 10_000_000), "Number of events."),
        required("endpoint", Kind::Name, "A time-to-event endpoint."),
    ],
    example: r#"{ count = 380, endpoint = "os" }"#,
};

pub(super) static COST: Form = Form {
    name: "cost",
    summary: "Prices in one unit of money: `patency compare` then gives the cost of each design.",
    keys: &[
        optional("patient", Kind::Number, "Of an enrolled patient; default 0."),
        optional(
            "site-month",
            Kind::Number,
            "Of a site for each month from its opening to the end of the trial; default 0.",
        ),
        optional("event", Kind::Number, "Of an event of the analysed endpoint; default 0."),
    ],
    example: "{ patient = 12000, site-month = 1500 }",
};
