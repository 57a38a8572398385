//! The cases, one line each.

use super::Case;

/// A case and its data set, by the names of their files.
macro_rules! case {
    ($name:literal, $data:literal) => {
        Case {
            name: $name,
            scenario: include_str!(concat!("../../tests/reference/cases/", $name, ".toml")),
            figures: include_str!(concat!("../../tests/reference/cases/", $name, ".csv")),
            data_name: $data,
            data: include_str!(concat!("../../tests/reference/data/", $data, ".csv")),
        }
    };
}

/// All cases, in alphabetical order.
#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case!("adjusted-anorexia", "anorexia"),
    case!("adjusted-birthwt", "birthwt"),
    case!("adjusted-colon", "colon_tiers"),
    case!("adjusted-infert", "infert"),
    case!("adjusted-lung", "lung_scores"),
    case!("aipw-birthwt", "birthwt"),
    case!("aipw-colon", "colon"),
    case!("aipw-lalonde", "lalonde"),
    case!("aipw-rotterdam", "rotterdam"),
    case!("basic-anorexia", "anorexia"),
    case!("basic-birthwt", "birthwt"),
    case!("basic-colon", "colon_tiers"),
    case!("basic-housing", "housing"),
    case!("basic-infert", "infert"),
    case!("basic-pbc", "pbc"),
    case!("basic-toothgrowth", "toothgrowth"),
    case!("competing-mgus2", "mgus2"),
    case!("competing-rotterdam", "rotterdam"),
    case!("interval-bcos", "bcos"),
    case!("interval-lung-visits", "lung_visits"),
    case!("pairs-diabetic", "diabetic"),
    case!("pairs-infert", "infert_pairs"),
    case!("posterior-birthwt", "birthwt"),
    case!("posterior-lung", "lung"),
    case!("posterior-toothgrowth", "toothgrowth"),
    case!("posterior-veteran", "veteran"),
    case!("propensity-birthwt", "birthwt"),
    case!("propensity-lalonde", "lalonde"),
    case!("propensity-mgus2", "mgus2"),
    case!("propensity-rotterdam", "rotterdam"),
    case!("proportions-arthritis", "arthritis"),
    case!("proportions-birthwt", "birthwt"),
    case!("proportions-cholesterol", "pbc"),
    case!("proportions-pbc", "pbc"),
    case!("proportions-ucb", "ucb"),
    case!("proportions-zero", "arthritis"),
    case!("ranks-birthwt", "birthwt"),
    case!("ranks-colon", "colon_tiers"),
    case!("ranks-immer", "immer_pairs"),
    case!("ranks-sleep", "sleep_pairs"),
    case!("ranks-toothgrowth", "toothgrowth"),
    case!("survival-colon", "colon"),
    case!("survival-lung", "lung"),
    case!("survival-months", "lung"),
    case!("survival-veteran", "veteran"),
    case!("wins-colon", "colon_tiers"),
    case!("wins-housing", "housing"),
    case!("wins-veteran", "veteran"),
];
