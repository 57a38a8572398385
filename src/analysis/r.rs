//! Methods in R: what a method needs to know to say how a statistician would compute its row there.
//!
//! A method gives the body of an R function of a data frame `d`, the null value `null` and `better`, +1 where a larger estimate favours the
//! experimental arm and else −1. It ends in a vector with names among estimate, se, z and p, NA where R has no such figure. The columns
//! of `d` are `arm` (1 experimental, 0 control), the response, covariates `x1` … and `stratum`; functions of [`PRELUDE`] stand ready.

use super::{Better, ResponseKind};

/// The beginning of every script: reading the data, printing a row, and functions that several methods share.
pub const PRELUDE: &str = include_str!("prelude.R");

/// One row of the analysis plan, as its R code sees it. The response's columns are `y` (binary, ordinal, score), `time`, `event` and, where
/// there are such events, `competing`; `left` and `right`; or those of [`Call::tiers`].
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Kind of the response.
    pub kind: ResponseKind,
    /// Direction of benefit of the endpoint.
    pub better: Better,
    /// Whether there is a column `competing`.
    pub competing: bool,
    /// Number of covariates.
    pub covariates: usize,
    /// Whether there is a column `stratum`.
    pub stratified: bool,
    /// The arm of the treated, 1 experimental or 0 control.
    pub treated: u8,
    /// Tiers of a hierarchical endpoint, each a function of two patients' rows: 1 where the first fares better, −1 where worse, 0 tied.
    pub tiers: &'a [String],
}

impl Call<'_> {
    /// `left ~ arm + x1 + x2 + strata(stratum)`
    #[must_use]
    pub fn formula(&self, left: &str) -> String {
        let strata = if self.stratified { " + strata(stratum)" } else { "" };
        format!("{left} ~ arm{}{strata}", self.also())
    }

    /// ` + x1 + x2`, empty without covariates.
    #[must_use]
    pub fn also(&self) -> String {
        (1..=self.covariates).map(|j| format!(" + x{j}")).collect()
    }

    /// The tiers as a list, for `pairs`; an ordinal response is one tier.
    #[must_use]
    pub fn tier_list(&self) -> String {
        if self.kind == ResponseKind::Hierarchical {
            format!("tiers <- list({})", self.tiers.join(",\n              "))
        } else {
            let sign = if self.better == Better::Higher { "" } else { "-" };
            format!("tiers <- list(by_value({sign}d$y))")
        }
    }

    /// The status column of a multi-state `survfit`: 0 censored, 1 the event, 2 a competing one.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.competing { "d$status <- d$event + 2 * d$competing" } else { "d$status <- d$event" }
    }
}

/// R code of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Packages without which it does not run.
    pub packages: &'static [&'static str],
    /// The body of the function.
    pub body: String,
}

/// Code from its lines.
#[must_use]
pub fn code(packages: &'static [&'static str], lines: &[&str]) -> Option<Code> {
    Some(Code { packages, body: lines.join("\n") })
}
