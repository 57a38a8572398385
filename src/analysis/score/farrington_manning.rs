//! Farrington and Manning's score test and interval.

use super::{ScoreTest, Weights};
use crate::analysis::Analysis;
use crate::scenario::form::{Complaint, Form, Values};

/// `farrington-manning = {}`
pub const FORM: Form = Form {
    name: "farrington-manning",
    summary: "Difference of two proportions, experimental − control, by Farrington and Manning's score test and the interval that inverts it",
    keys: &[],
    example: "{}",
};

/// (p₁ − p₀ − δ) / √(p̃₁(1 − p̃₁)/n₁ + p̃₀(1 − p̃₀)/n₀), where p̃₁ − p̃₀ = δ have the greatest likelihood: the score test without the factor
/// n/(n − 1).
///
/// `Source`: Farrington, Manning (1990), Statistics in Medicine 9:1447, method 3; the interval is Mee's (1984), Biometrics 40:1175.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(ScoreTest { unbiased: false, ratio: false, weights: Weights::MantelHaenszel, stratified: false }))
}
