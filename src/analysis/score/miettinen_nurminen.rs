//! Miettinen and Nurminen's score test and interval.

use super::{ScoreTest, Weights};
use crate::analysis::Analysis;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `miettinen-nurminen`.
pub const FORM: Form = Form {
    name: "miettinen-nurminen",
    summary: "Difference or ratio of two proportions by Miettinen and Nurminen's score test and interval, stratified where strata are given",
    keys: &[
        Key {
            name: "scale",
            kind: Kind::Word(&["difference", "ratio"]),
            required: false,
            doc: "difference of proportions, experimental − control, or their ratio; default `difference`",
        },
        Key {
            name: "weights",
            kind: Kind::Word(&["mn", "mh"]),
            required: false,
            doc: "weights of strata: Miettinen and Nurminen's (`mn`) or Mantel and Haenszel's n₁n₀/n (`mh`); default `mn`",
        },
    ],
    example: "{ scale = \"difference\", weights = \"mn\" }",
};

/// The score test with the factor n/(n − 1), and strata weighted by 1/(r/n₁ + 1/n₀), where r = p̄₁(1 − p̄₁)/(p̄₀(1 − p̄₀)) for a
/// difference and (1 − p̄₁)/(φ(1 − p̄₀)) for a ratio φ, from the weighted means p̄ of the restricted proportions; the weights belong to each
/// value that is tested.
///
/// On the ratio scale arms without responders leave the estimate and one limit infinite; the test and the other limit stand.
///
/// `Source`: Miettinen, Nurminen (1985), Statistics in Medicine 4:213, equations 8–12, 17–19.
///
/// # Errors
/// None: any combination of keys is allowed.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(ScoreTest {
        unbiased: true,
        ratio: values.text("scale") == Some("ratio"),
        weights: if values.text("weights") == Some("mh") {
            Weights::MantelHaenszel
        } else {
            Weights::MiettinenNurminen
        },
        stratified: true,
    }))
}
