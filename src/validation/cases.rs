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
    case!("pairs-diabetic", "diabetic"),
    case!("pairs-infert", "infert_pairs"),
    case!("posterior-birthwt", "birthwt"),
    case!("posterior-lung", "lung"),
    case!("posterior-toothgrowth", "toothgrowth"),
    case!("posterior-veteran", "veteran"),
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
