//! The Cochran–Mantel–Haenszel test.

use crate::analysis::r;
use crate::analysis::table::{count_strata, tables};
use crate::analysis::wald::score_test;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `cmh`.
pub const FORM: Form = Form {
    name: "cmh",
    summary: "Cochran–Mantel–Haenszel test of a binary endpoint in strata: a test without an estimate",
    keys: &[Key {
        name: "continuity",
        kind: Kind::Flag,
        required: false,
        doc: "continuity correction of ½, default false",
    }],
    example: "{ continuity = false }",
};

/// z = Σ(a − E) / √ΣV, where among n patients of a stratum a responders are of the experimental arm, E = n₁m/n of m responders, and
/// V = n₁n₀m(n − m)/(n²(n − 1)). z² is the χ² on one degree of freedom.
///
/// With `continuity`, ½ is taken off |Σ(a − E)| where that is at least ½, as R does.
///
/// `Source`: Mantel, Haenszel (1959), JNCI 22:719; Cochran (1954), Biometrics 10:417; the figures of R's `mantelhaen.test`.
#[derive(Clone, Copy, Debug)]
struct Cmh {
    continuity: bool,
}

/// Builds the method from its keys.
///
/// # Errors
/// None.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Cmh { continuity: values.flag("continuity").unwrap_or(false) }))
}

impl Analysis for Cmh {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn estimates(&self) -> bool {
        false
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn parts(&self) -> &'static [&'static str] {
        &["observed", "expected", "variance"]
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let correction =
            if self.continuity { "correction <- if (abs(score) >= 0.5) 0.5 else 0" } else { "correction <- 0" };
        r::code(
            &[],
            &[
                if call.stratified { "stratum <- d$stratum" } else { "stratum <- rep(1, nrow(d))" },
                "n <- as.numeric(tapply(d$y, stratum, length)); n1 <- as.numeric(tapply(d$arm, stratum, sum))",
                "m <- as.numeric(tapply(d$y, stratum, sum)); a <- as.numeric(tapply(d$y * d$arm, stratum, sum))",
                "score <- sum(a - n1 * m / n)",
                "variance <- sum(ifelse(n > 1, n1 * (n - n1) * m * (n - m) / (n^2 * pmax(n - 1, 1)), 0))",
                correction,
                "tested(better * sign(score) * (abs(score) - correction) / sqrt(variance))",
            ],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        count_strata(data, y, &mut scratch.counts);
        let events: u32 = tables(&scratch.counts).map(|t| t.events[0] + t.events[1]).sum();
        let informative = tables(&scratch.counts).filter(|t| t.n[0] > 0 && t.n[1] > 0);
        if informative.clone().next().is_none() {
            return Estimate::failed(Status::EmptyArm, rows).counted(rows, events as usize);
        }
        let [mut observed, mut expected, mut variance] = [0.0; 3];
        for table in informative {
            let ([n0, n1], [c, a]) = (table.n.map(f64::from), table.events.map(f64::from));
            let (n, m) = (n0 + n1, a + c);
            observed += a;
            expected += n1 * m / n;
            variance += n1 * n0 * m * (n - m) / (n * n * (n - 1.0));
        }
        let score: f64 = observed - expected;
        // sums of thirds that make a half do so up to rounding
        let most = if self.continuity && score.abs() >= 0.5 - 1e-9 { score.abs().min(0.5) } else { 0.0 };
        let corrected = (score.abs() - most).copysign(score);
        let mut out = score_test(corrected, variance, rule, rows, events as usize);
        out.parts[..3].copy_from_slice(&[observed, expected, variance]);
        out
    }
}
