//! The test of Finkelstein and Schoenfeld.

use super::summary::scores;
use crate::analysis::r;
use crate::analysis::wald::score_test;
use crate::analysis::{
    Adjusts, Analysis, Better, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status,
};
use crate::scenario::form::{Complaint, Form, Values};

/// `finkelstein-schoenfeld = {}`
pub const FORM: Form = Form {
    name: "finkelstein-schoenfeld",
    summary: "Finkelstein–Schoenfeld test: every patient compared with every other, tier by tier, scores added over the experimental arm",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(FinkelsteinSchoenfeld))
}

/// z = U/√V: U = Σ uᵢ over experimental patients, uᵢ the patients (of both arms) whom patient i beats less those who beat patient i;
/// V = n₁n₀/(n(n − 1)) Σ uᵢ², the permutation variance. With strata patients are compared within them, and U and V are sums over strata.
/// A test without an estimate.
///
/// Source: Finkelstein, Schoenfeld (1999), Statistics in Medicine 18:1341, section 2.
#[derive(Debug)]
struct FinkelsteinSchoenfeld;

impl Analysis for FinkelsteinSchoenfeld {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Hierarchical]
    }

    fn scale(&self) -> Scale {
        Scale::Difference
    }

    fn estimates(&self) -> bool {
        false
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn orientation(&self, _: Better) -> f64 {
        1.0
    }

    fn parts(&self) -> &'static [&'static str] {
        &["score", "variance"]
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        r::code(
            &[],
            &[
                &call.tier_list(),
                if call.stratified { "stratum <- as.integer(d$stratum)" } else { "stratum <- rep(1, nrow(d))" },
                "U <- 0; V <- 0",
                "for (s in unique(stratum)) {",
                "  i <- which(stratum == s); u <- rowSums(compare(tiers, i, i)); n <- length(i); n1 <- sum(d$arm[i])",
                "  if (n1 == 0 || n1 == n) next",
                "  U <- U + sum(u[d$arm[i] == 1]); V <- V + n1 * (n - n1) / (n * (n - 1)) * sum(u^2)",
                "}",
                "tested(better * U / sqrt(V))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let n = data.arm.len();
        let Response::Hierarchical(comparison) = data.response else {
            return Estimate::failed(Status::NoVariation, n);
        };
        let treated: usize = data.arm.iter().map(|&a| usize::from(a)).sum();
        if treated == 0 || treated == n {
            return Estimate::failed(Status::EmptyArm, n);
        }
        let (score, variance) = scores(data, &comparison, scratch);
        // wins are wins whichever direction of the endpoint is better
        let mut answer = score_test(score, variance, &Rule { better: Better::Higher, ..*rule }, n, 0);
        answer.parts[..2].copy_from_slice(&[score, variance]);
        answer
    }
}
