//! What a validation found.

use serde::Serialize;

/// Our figures beside those of other software.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Whether every figure lies within its tolerance.
    pub passed: bool,
    /// Cases that were run.
    pub cases: usize,
    /// Figure by figure.
    pub comparisons: Vec<Comparison>,
    /// Cases that could not be run, and why.
    pub broken: Vec<String>,
    /// Where and when: all that differs between two runs on one machine.
    pub run: Run,
}

/// Where and when.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Operating system and processor.
    pub platform: String,
    /// Date and time (UTC).
    pub date: String,
    /// Seconds that it took.
    pub seconds: f64,
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The case.
    pub case: &'static str,
    /// Its data set.
    pub data: &'static str,
    /// The analysis.
    pub analysis: String,
    /// Its method.
    pub method: &'static str,
    /// What is compared.
    pub quantity: String,
    /// The other program.
    pub by: String,
    /// Its figure.
    pub reference: f64,
    /// Ours; `null` where there is none.
    pub found: Option<f64>,
    /// Relative deviation, absolute where the reference is 0; `null` where there is no figure.
    pub deviation: Option<f64>,
    /// Largest deviation allowed.
    pub tolerance: f64,
    /// Whether it is within.
    pub holds: bool,
}
