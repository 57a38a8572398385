//! From a drift to patients or events, and from a bound to the effect that reaches it.
//!
//! With r patients of the experimental arm for one control, a share r/(1 + r)² =: v of n patients (or events) counts as information:
//! means I = v n/σ², log hazard ratio I = v d (Schoenfeld, Biometrika 1981;68:316), and θ = δ√I. For proportions n is that of the fixed
//! test with pooled variance under the null (Fleiss, Statistical Methods for Rates and Proportions, 2nd ed. 1981, eq. 3.14) times the
//! inflation factor.

use super::Boundary;
use crate::math::root;
use crate::math::special::normal_quantile;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Compared {
    /// Difference of two means, and their standard deviation.
    Means {
        /// Experimental − control at the alternative.
        difference: f64,
        /// Standard deviation in either arm.
        sd: f64,
    },
    /// Two proportions at the alternative.
    Proportions {
        /// In the experimental arm.
        experimental: f64,
        /// In the control arm.
        control: f64,
    },
    /// A hazard ratio at the alternative.
    Hazards {
        /// Experimental over control.
        ratio: f64,
    },
}

impl Compared {
    /// Patients (or events) of the fixed test, `ratio` experimental for one control.
    #[must_use]
    pub fn fixed(self, alpha: f64, sides: u8, beta: f64, ratio: f64) -> f64 {
        let (za, zb) = (normal_quantile(1.0 - alpha / f64::from(sides)), normal_quantile(1.0 - beta));
        let share = ratio / (1.0 + ratio).powi(2);
        match self {
            Compared::Means { difference, sd } => ((za + zb) * sd / difference).powi(2) / share,
            Compared::Hazards { ratio: hr } => ((za + zb) / hr.ln()).powi(2) / share,
            Compared::Proportions { experimental: e, control: c } => {
                let pooled = (ratio * e + c) / (1.0 + ratio);
                let null = (pooled * (1.0 - pooled) / share).sqrt();
                let other = (1.0 + ratio) * (e * (1.0 - e) / ratio + c * (1.0 - c));
                ((za * null + zb * other.sqrt()) / (e - c)).powi(2)
            }
        }
    }

    /// The estimate at which the statistic has the value `z` after `n` patients (or events), in the direction of the alternative:
    /// a difference, or a hazard ratio. NaN where no estimate reaches it.
    #[must_use]
    pub fn effect(self, z: f64, n: f64, ratio: f64) -> f64 {
        let share = ratio / (1.0 + ratio).powi(2);
        match self {
            Compared::Means { difference, sd } => (z * sd / (share * n).sqrt()).copysign(difference * z),
            Compared::Hazards { ratio: hr } => (hr.ln().signum() * z / (share * n).sqrt()).exp(),
            Compared::Proportions { experimental, control } => {
                // pooled z of a difference beside the planned control proportion
                let side = (experimental - control).signum();
                let room = if side > 0.0 { 1.0 - control } else { control };
                let of = |d: f64| {
                    let pooled = control + side * d * ratio / (1.0 + ratio);
                    d * (share * n / (pooled * (1.0 - pooled))).sqrt() - z
                };
                if z == 0.0 {
                    return 0.0;
                }
                let (low, high) = if z > 0.0 { (0.0, room) } else { (room - 1.0, 0.0) };
                side * root::zero(low + 1e-12, high - 1e-12, of)
            }
        }
    }

    /// Whether the alternative is an effect at all and can be.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(self) -> Result<(), String> {
        let refuse = |why: &str| Err(why.to_owned());
        let probability = |p: f64| p > 0.0 && p < 1.0;
        match self {
            Compared::Means { difference, sd }
                if !(difference != 0.0 && difference.is_finite() && sd > 0.0 && sd.is_finite()) =>
            {
                refuse("means: a difference other than 0 and a standard deviation above 0")
            }
            Compared::Proportions { experimental: e, control: c } if !(probability(e) && probability(c) && e != c) => {
                refuse("proportions: two different ones between 0 and 1")
            }
            Compared::Hazards { ratio } if !(ratio > 0.0 && ratio.is_finite() && ratio != 1.0) => {
                refuse("a hazard ratio: above 0 and not 1")
            }
            _ => Ok(()),
        }
    }
}

/// Patients (or events) that a boundary takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// Of the fixed test.
    pub fixed: f64,
    /// At each look.
    pub looks: Vec<f64>,
    /// Mean under no effect, half the effect, the effect.
    pub expected: [f64; 3],
}

impl Boundary {
    /// Patients (or events) at the looks, and how many it takes on average.
    #[must_use]
    pub fn sizes(&self, compared: Compared, alpha: f64, beta: f64, ratio: f64) -> Sizes {
        let fixed = compared.fixed(alpha, self.sides, beta, ratio);
        let most = fixed * self.inflation(alpha, beta);
        let expected = [0.0, 0.5, 1.0].map(|part| most * self.expected_information(part * self.drift));
        Sizes { fixed, looks: self.looks.iter().map(|t| t * most).collect(), expected }
    }
}
