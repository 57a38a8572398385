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
    case!("survival-colon", "colon"),
    case!("survival-lung", "lung"),
    case!("survival-months", "lung"),
    case!("survival-veteran", "veteran"),
];
