//! What was certified of a type I error.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Figure, Parameter, Timing};

/// An upper confidence bound for the worst type I error over a box of parameters.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Certificate {
    /// The program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The scenario's title.
    pub title: String,
    /// The scenario file as it was read.
    pub scenario: String,
    /// Overrides given with `--set`.
    pub set: Vec<String>,
    /// The variant.
    pub variant: String,
    /// Patients to enrol.
    pub n: usize,
    /// Parameters at their null values; where there are none, the world is taken as it is.
    pub null: Vec<Parameter>,
    /// Parameters that declare a null value and do not take it, being sides of the box or set.
    pub null_overridden: Vec<String>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Replicates of each point.
    pub replicates: u64,
    /// Confidence of the bounds.
    pub confidence: f64,
    /// The box.
    pub axes: Vec<Axis>,
    /// Whether the bounds hold in the whole box; else at the points of the grid-only axes alone.
    pub proven: bool,
    /// One entry an analysis, and after these one a family of hypotheses.
    pub analyses: Vec<Certified>,
    /// Times: the only part that differs between two equal certificates.
    pub timing: Timing,
}

/// One side of the box.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Axis {
    /// The parameter.
    pub name: String,
    /// Its smallest value.
    pub from: f64,
    /// Its largest value.
    pub to: f64,
    /// Number of values tried.
    pub points: usize,
    /// Whether values between the points are covered.
    pub proven: bool,
    /// By which argument, or why not.
    pub argument: String,
}

/// One analysis, or the familywise error of a family of hypotheses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Certified {
    /// Its name; of a family `family:NAME/familywise-error`.
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// What is counted as an error, where it is a family's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Counted>,
    /// Total significance level.
    pub level: f64,
    /// Largest share of rejections observed at a point.
    pub observed: Figure,
    /// Values of the parameters there.
    pub at: Vec<f64>,
    /// Upper confidence bound for the worst of the points.
    pub points: f64,
    /// Upper confidence bound for the worst of the box (of the points of grid-only axes).
    pub bound: f64,
    /// The same where every cell's bound is to hold at once, by Bonferroni's inequality.
    pub simultaneous: f64,
    /// True effect minus the null value at the first point or the last, whichever is farther from 0, where it can be computed: not 0, and
    /// these are not all type I errors.
    pub effect: Option<Figure>,
    /// One entry a point.
    pub cells: Vec<Cell>,
}

/// Which rejections are errors of a family.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Counted {
    /// The family.
    pub family: String,
    /// The procedure's key, as `fixed-sequence`.
    pub procedure: &'static str,
    /// Hypotheses that are counted as true at some point.
    pub hypotheses: Vec<String>,
    /// Of these, the ones of which it is not known at some point: the bound is then of more than the error.
    pub unknown: Vec<String>,
    /// Hypotheses that are not counted at some point, being false there.
    pub left_out: Vec<String>,
    /// Whether the file or the variant declares which are true; else they are judged at each point by their true values.
    pub declared: bool,
    /// Whether the same are counted between the points: all, or those declared. Else the bounds are for the points alone.
    pub proven: bool,
}

/// One point and the tile around it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Cell {
    /// Values of the parameters.
    pub values: Vec<f64>,
    /// Replicates that reject, either way; of a family, a hypothesis that is counted.
    pub rejections: u64,
    /// Upper confidence bound at the point (Clopper and Pearson 1934).
    pub point: f64,
    /// Upper confidence bound in the whole tile.
    pub bound: f64,
}

/// The JSON schema of [`Certificate`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Certificate).to_value()
}
