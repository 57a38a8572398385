//! How a weighted row is written.

use crate::analysis::r;
use crate::estimand::Tilt;
use crate::scenario::diagnostic::Code;
use crate::scenario::form::{Complaint, Key, Kind, Values};

/// Key of every weighted method.
pub const WEIGHTS: Key = Key {
    name: "weights",
    kind: Kind::Word(&["ate", "att", "ato", "matched", "strata"]),
    required: false,
    doc: "Over whom the effect is averaged: everyone (`ate`, inverse probability), the treated (`att`), those who might have got either (`ato`, overlap weights), the treated for whom a match is found (`matched`), everyone by strata of the score (`strata`); default `ate`.",
};

/// Key of every weighted method.
pub const VARIANCE: Key = Key {
    name: "variance",
    kind: Kind::Word(&["robust", "stacked"]),
    required: false,
    doc: "Standard error: weights taken as fixed (`robust`; by pairs where matched), or with the estimation of the score (`stacked`; `ate`, `att` and `ato` only); default `robust`.",
};

/// Key of every weighted method.
pub const STABILISED: Key = Key {
    name: "stabilised",
    kind: Kind::Flag,
    required: false,
    doc: "Weights `ate` times the share of the patient's arm, so that arms weigh as many patients as they have; `false`: each arm weighs everyone. Only the Cox model can tell; default `true`.",
};

/// Key of every weighted method.
pub const TRIM: Key = Key {
    name: "trim",
    kind: Kind::Number,
    required: false,
    doc: "Patients whose fitted score lies outside [trim, 1 − trim] are dropped; the score is not fitted again; between 0 and 0.5, default: nobody.",
};

/// Key of every weighted method.
pub const TRUNCATE: Key = Key {
    name: "truncate",
    kind: Kind::Number,
    required: false,
    doc: "Weights above this quantile of their arm's are set to it; between 0.5 and 1, default: none.",
};

/// Key of every weighted method.
pub const STRATA: Key = Key {
    name: "strata",
    kind: Kind::Integer(2, 100),
    required: false,
    doc: "Number of strata between quantiles of the score, with weights = \"strata\"; default 5.",
};

/// Key of every weighted method.
pub const CALIPER: Key = Key {
    name: "caliper",
    kind: Kind::Number,
    required: false,
    doc: "Farthest match, in standard deviations of the logit of the score, with weights = \"matched\"; above 0, default 0.2.",
};

/// Whose effect the weights make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Inverse probability of the arm that a patient has.
    Everyone,
    /// 1 for the treated, the odds of treatment for others.
    Treated,
    /// Probability of the arm that a patient has not.
    Overlap,
    /// 1 for matched pairs.
    Matched,
    /// By strata of the score.
    Strata,
}

/// The choices of a weighted row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Weights.
    pub scheme: Scheme,
    /// Whether inverse probabilities are multiplied by the share of the arm.
    pub stabilised: bool,
    /// Whether the variance accounts for the estimated score.
    pub stacked: bool,
    /// Scores this near to 0 or 1 are dropped.
    pub trim: Option<f64>,
    /// Quantile at which weights are cut.
    pub truncate: Option<f64>,
    /// Number of strata.
    pub strata: usize,
    /// Farthest match in standard deviations of logit e.
    pub caliper: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scheme: Scheme::Everyone,
            stabilised: true,
            stacked: false,
            trim: None,
            truncate: None,
            strata: 5,
            caliper: 0.2,
        }
    }
}

impl Settings {
    /// From what was written.
    ///
    /// # Errors
    /// A number outside its domain, or keys that do not belong together.
    pub fn read(values: &Values) -> Result<Self, Complaint> {
        let scheme = match values.text("weights") {
            Some("att") => Scheme::Treated,
            Some("ato") => Scheme::Overlap,
            Some("matched") => Scheme::Matched,
            Some("strata") => Scheme::Strata,
            _ => Scheme::Everyone,
        };
        let written = values.text("weights").unwrap_or("ate");
        let stacked = values.text("variance") == Some("stacked");
        let defaults = Self::default();
        if stacked && matches!(scheme, Scheme::Matched | Scheme::Strata) {
            return Err(contradiction(
                "variance",
                format!("`{written}` weights are no smooth function of the score: there is no stacked variance"),
                "variance = \"robust\"",
            ));
        }
        let belong = [
            ("caliper", Scheme::Matched, "matched"),
            ("strata", Scheme::Strata, "strata"),
            ("stabilised", Scheme::Everyone, "ate"),
        ];
        for (key, only, word) in belong {
            if values.get(key).is_some() && scheme != only {
                return Err(contradiction(
                    key,
                    format!("`{key}` says nothing about `{written}` weights"),
                    &format!("weights = \"{word}\""),
                ));
            }
        }
        if values.get("truncate").is_some() && scheme == Scheme::Matched {
            return Err(contradiction("truncate", "weights of matched patients are all 1".into(), ""));
        }
        let within = |key: &'static str, low: f64, high: f64, help: &str| match values.number(key) {
            Some(x) if !(x > low && x < high) => Err(Complaint {
                code: Code::OutOfDomain,
                key: Some(key),
                message: if high.is_finite() {
                    format!("`{key}` is {x}; it must lie between {low} and {high}")
                } else {
                    format!("`{key}` is {x}; it must be a finite number above {low}")
                },
                help: help.into(),
            }),
            found => Ok(found),
        };
        Ok(Self {
            scheme,
            stabilised: values.flag("stabilised").unwrap_or(defaults.stabilised),
            stacked,
            trim: within("trim", 0.0, 0.5, "trim = 0.05")?,
            truncate: within("truncate", 0.5, 1.0, "truncate = 0.99")?,
            strata: values.integer("strata").map_or(defaults.strata, |s| s.clamp(2, 100) as usize),
            caliper: within("caliper", 0.0, f64::INFINITY, "caliper = 0.2")?.unwrap_or(defaults.caliper),
        })
    }

    /// R code that leaves the fitted score in `score`, weights in `w` and ∂ ln w along the score's predictor in `slope`; none for matched
    /// pairs.
    #[must_use]
    pub fn r(&self, call: &r::Call<'_>) -> Option<String> {
        let score = format!(
            "score <- glm(arm ~ 1{}, family = binomial, data = d, control = tight_glm); e <- fitted(score); arm <- d$arm",
            call.also()
        );
        let mut lines = vec![score];
        let mut line = |text: &str| lines.push(text.to_owned());
        match (self.scheme, call.treated) {
            (Scheme::Matched, _) => return None,
            (Scheme::Everyone, _) if self.stabilised => {
                line("w <- ifelse(arm == 1, mean(arm) / e, (1 - mean(arm)) / (1 - e)); slope <- e - arm");
            }
            (Scheme::Everyone, _) => line("w <- ifelse(arm == 1, 1 / e, 1 / (1 - e)); slope <- e - arm"),
            (Scheme::Treated, 0) => line("w <- ifelse(arm == 0, 1, (1 - e) / e); slope <- ifelse(arm == 0, 0, -1)"),
            (Scheme::Treated, _) => line("w <- ifelse(arm == 1, 1, e / (1 - e)); slope <- ifelse(arm == 1, 0, 1)"),
            (Scheme::Overlap, _) => line("w <- ifelse(arm == 1, 1 - e, e); slope <- ifelse(arm == 1, -e, 1 - e)"),
            (Scheme::Strata, _) => line("w <- rep(1, length(e)); slope <- 0 * e"),
        }
        if let Some(trim) = self.trim {
            line(&format!("out <- e < {trim} | 1 - e < {trim}; w[out] <- 0; slope[out] <- 0"));
        }
        if self.scheme == Scheme::Strata {
            let strata = self.strata;
            line("kept <- w > 0");
            line(&format!("k <- findInterval(e, quantile(e[kept], seq_len({strata} - 1) / {strata}))"));
            line("here <- function(which) ave(1 * (which & kept), k, FUN = sum)");
            line("own <- ifelse(arm == 1, here(arm == 1), here(arm == 0))");
            line("all <- ifelse(arm == 1, sum(arm == 1 & kept), sum(arm == 0 & kept))");
            line("w <- ifelse(kept, here(kept) * all / (own * sum(kept)), 0)");
        }
        if let Some(level) = self.truncate {
            line("for (a in 0:1) {");
            line(&format!("  cap <- quantile(w[w > 0 & arm == a], {level})"));
            line("  high <- arm == a & w > cap; w[high] <- cap; slope[high] <- 0");
            line("}");
        }
        Some(lines.join("\n"))
    }

    /// Whether the weights give both arms the same total: all but those of everyone that are multiplied by the share of the arm.
    #[must_use]
    pub fn levels_arms(&self) -> bool {
        match self.scheme {
            Scheme::Everyone => !self.stabilised,
            Scheme::Strata => false,
            Scheme::Treated | Scheme::Overlap | Scheme::Matched => true,
        }
    }

    /// Over whom the effect is averaged. Trimming leaves those of them who have a score between the limits.
    #[must_use]
    pub fn tilt(&self) -> Tilt {
        match self.scheme {
            Scheme::Everyone | Scheme::Strata => Tilt::Everyone,
            Scheme::Treated => Tilt::Treated,
            Scheme::Overlap => Tilt::Overlap,
            Scheme::Matched => Tilt::Matched,
        }
    }

    /// Names of the parts of a row.
    #[must_use]
    pub fn parts(&self) -> &'static [&'static str] {
        const NAMES: [&str; 7] = [
            "ess-experimental",
            "ess-control",
            "largest-smd-before",
            "largest-smd-after",
            "overlap",
            "largest-weight",
            "matched-share",
        ];
        if self.scheme == Scheme::Matched { &NAMES } else { &NAMES[..6] }
    }
}

fn contradiction(key: &'static str, message: String, help: &str) -> Complaint {
    Complaint { code: Code::Contradiction, key: Some(key), message, help: help.into() }
}

/// The time that a method compares arms at, from its key `at`.
///
/// # Errors
/// Not given, not finite, or not above 0.
pub fn read_at(values: &Values) -> Result<f64, Complaint> {
    match values.number("at") {
        Some(at) if at.is_finite() && at > 0.0 => Ok(at),
        found => Err(Complaint {
            code: Code::OutOfDomain,
            key: Some("at"),
            message: match found {
                Some(at) => format!("`at` is {at}; it must be a finite number of months above 0"),
                None => "`at` is missing; it must be a finite number of months above 0".into(),
            },
            help: "at = 24".into(),
        }),
    }
}

/// Key of methods that compare arms at a time.
pub const AT: Key = Key {
    name: "at",
    kind: Kind::Number,
    required: true,
    doc: "Months from entry at which the arms are compared; above 0.",
};
