//! What a method answers, and what its test decides.

use super::wald;

/// Why a method gave no estimate: reported and counted, never dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
#[non_exhaustive]
pub enum Status {
    /// An estimate was obtained.
    Estimated = 0,
    /// An arm has no patients.
    EmptyArm = 1,
    /// No events, or no variation in the response: nothing can be compared.
    NoVariation = 2,
    /// The fit did not converge.
    NotConverged = 3,
    /// A coefficient runs to infinity (separation, or events in one arm only).
    Separation = 4,
    /// The design or information matrix is singular.
    Singular = 5,
    /// Fewer patients than the method needs.
    TooFew = 6,
    /// A coefficient of the propensity score runs to infinity: covariates tell the arms apart.
    ScoreSeparation = 7,
    /// The weights explode or no patients are left: the arms do not overlap.
    NoOverlap = 8,
    /// More than a tenth of a bootstrap's resamples have no estimate.
    Resampling = 9,
}

impl Status {
    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Status::Estimated => "estimated",
            Status::EmptyArm => "an arm has no patients",
            Status::NoVariation => "no events or no variation",
            Status::NotConverged => "the fit did not converge",
            Status::Separation => "a coefficient runs to infinity",
            Status::Singular => "the design is singular",
            Status::TooFew => "too few patients",
            Status::ScoreSeparation => "the propensity score separates the arms",
            Status::NoOverlap => "the arms do not overlap",
            Status::Resampling => "more than a tenth of the resamples have no estimate",
        }
    }
}

/// One method's answer on one data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Experimental − control, or ln(experimental/control). NaN where there is none.
    pub estimate: f64,
    /// Its standard error (model-based).
    pub se: f64,
    /// Lower confidence limit at level 1 − 2·tail.
    pub lower: f64,
    /// Upper confidence limit.
    pub upper: f64,
    /// Test statistic on the standard normal scale where the method has one (t statistics stay t), oriented by `better`; NaN where it
    /// has none (exact tests, posterior probabilities).
    pub z: f64,
    /// One-sided p-value in favour of the experimental arm.
    pub p: f64,
    /// Degrees of freedom of a t statistic; infinite where z is normal.
    pub df: f64,
    /// The one-sided p-value against the experimental arm and the two-sided one, where they do not follow from `p` by the symmetry of
    /// z: exact tests, tests whose statistic has a direction of its own.
    pub others: Option<[f64; 2]>,
    /// Patients used.
    pub n: u32,
    /// Events used (responders, deaths; patients above the lowest category for ordinal endpoints; 0 where meaningless).
    pub events: u32,
    /// Method-specific parts, in the order of [`super::Analysis::parts`]; 0 beyond them.
    pub parts: [f64; 8],
    /// Whether an estimate was obtained.
    pub status: Status,
}

impl Estimate {
    /// A data set on which the method has no answer.
    #[must_use]
    pub const fn failed(status: Status, n: usize) -> Self {
        Self {
            estimate: f64::NAN,
            se: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
            z: f64::NAN,
            p: f64::NAN,
            df: f64::INFINITY,
            others: None,
            n: n as u32,
            events: 0,
            parts: [0.0; 8],
            status,
        }
    }
}

/// What a test decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The null hypothesis is rejected in favour of the experimental arm.
    Favour,
    /// It is rejected against the experimental arm.
    Against,
    /// It is not rejected.
    Neither,
}

impl Estimate {
    /// The one-sided p-value against the experimental arm.
    #[must_use]
    pub fn p_against(&self) -> f64 {
        match self.others {
            Some([against, _]) => against,
            // the complement would round a small one away
            None if self.p > 0.5 && self.z.is_finite() => wald::upper_tail(-self.z, self.df),
            None => 1.0 - self.p,
        }
    }

    /// The two-sided p-value: twice the smaller of the one-sided ones unless the method has its own.
    #[must_use]
    pub fn p_two_sided(&self) -> f64 {
        match self.others {
            Some([_, both]) => both,
            None => (2.0 * self.p.min(self.p_against())).min(1.0),
        }
    }

    /// What the test decides at this level in each tail.
    #[must_use]
    pub fn decision(&self, tail: f64, two_sided: bool) -> Decision {
        if self.status != Status::Estimated {
            return Decision::Neither;
        }
        match self.others {
            Some([against, both]) if two_sided => match both <= 2.0 * tail {
                true if self.p <= against => Decision::Favour,
                true => Decision::Against,
                false => Decision::Neither,
            },
            _ if self.p <= tail => Decision::Favour,
            _ if two_sided && 1.0 - self.p <= tail => Decision::Against,
            _ => Decision::Neither,
        }
    }
}
