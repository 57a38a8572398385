//! What priors make of power.

use schemars::JsonSchema;
use serde::Serialize;

use super::Figure;

/// Power where parameters are not known but have priors.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Assurance {
    /// The parameters that replicates drew.
    pub priors: Vec<Prior>,
    /// One entry an analysis.
    pub analyses: Vec<Assured>,
}

/// A parameter that replicates drew.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Prior {
    /// Its name.
    pub name: String,
    /// Mean of the draws.
    pub mean: Option<Figure>,
    /// Their standard deviation.
    pub sd: Option<f64>,
}

/// Power of an analysis over the priors.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Assured {
    /// The analysis.
    pub name: String,
    /// Assurance: power averaged over the priors.
    pub assurance: Figure,
    /// Power in regions of each parameter: tenths of its prior, or its values where they are few.
    pub regions: Vec<Region>,
    /// Distribution of power over the priors, by a probit regression of the decisions on the parameters' normal scores; `null` where it
    /// cannot be fitted.
    pub distribution: Option<PowerDistribution>,
}

/// Power where a parameter lies in a region.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Region {
    /// The parameter.
    pub parameter: String,
    /// Lower end (included); `null` where there is none.
    pub from: Option<f64>,
    /// Upper end (not included); `null` where there is none. Equal to `from` for a single value.
    pub to: Option<f64>,
    /// Mean of the draws in it.
    pub mean: Option<f64>,
    /// Replicates in it.
    pub replicates: u64,
    /// Power, given that the parameter lies there; `null` where no replicate did.
    pub power: Option<Figure>,
}

/// Distribution of power over the priors.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PowerDistribution {
    /// Quantiles of power.
    pub quantiles: Vec<PowerQuantile>,
    /// Prior probability that power is at least 80 %.
    pub at_least_80: f64,
    /// Its Monte Carlo standard error.
    pub at_least_80_mcse: Option<f64>,
    /// Prior probability that power is at least 90 %.
    pub at_least_90: f64,
    /// Its Monte Carlo standard error.
    pub at_least_90_mcse: Option<f64>,
    /// Replicates behind the fit.
    pub replicates: u64,
}

/// A quantile of power over the priors.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PowerQuantile {
    /// Probability.
    pub p: f64,
    /// Estimate.
    pub value: f64,
    /// Its Monte Carlo standard error, by a jackknife over groups of replicates.
    pub mcse: Option<f64>,
}
