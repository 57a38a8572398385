//! Form of `[data]`: how the columns of a file of real data stand for what the scenario names.

use super::optional;
use crate::scenario::form::{Form, Kind};

pub(super) static DATA: Form = Form {
    name: "data",
    summary: "How the columns of a data file stand for what the scenario names; read by `patency analyse` alone.",
    keys: &[
        optional(
            "file",
            Kind::Text,
            "The file, CSV or Parquet, as seen from the scenario's folder; `--data` goes before it.",
        ),
        optional("arm", Kind::Text, "Column of the arm; default `arm`."),
        optional(
            "arms",
            Kind::Named(&Kind::Text),
            "What stands in that column for an arm, by the arm's name; default: its name or its label.",
        ),
        optional(
            "patient",
            Kind::Text,
            "Column that identifies the patient, none twice; default `patient`, where there is one.",
        ),
        optional("site", Kind::Text, "Column of the site; default `site`, where there is one."),
        optional(
            "unit",
            Kind::Word(&["months", "days", "weeks", "years"]),
            "Unit of the times of endpoints, converted to months of 30.4375 days; default `months`: taken as they are.",
        ),
        optional(
            "columns",
            Kind::Named(&Kind::Text),
            "What the scenario calls NAME is the column of this header, or an expression over headers: `death_event = \"status == 2\"`.",
        ),
        optional(
            "labels",
            Kind::Named(&Kind::List(&Kind::Text)),
            "Categories of a text column in their order, coded 1, 2, …; default: in alphabetical order.",
        ),
        optional(
            "missing",
            Kind::List(&Kind::Text),
            "Spellings of a missing value; default: empty, `NA`, `NaN` and `.`.",
        ),
    ],
    example: r#"{ file = "trial.csv", arm = "trt", arms = { control = "0", treatment = "1" }, columns = { death_time = "days" } }"#,
};
