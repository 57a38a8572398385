//! Ratio of two proportions.

use crate::analysis::r;
use crate::analysis::table::Table;
use crate::analysis::wald::wald;
use crate::analysis::{Analysis, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Values};

/// `ratio-of-proportions = {}`
pub const FORM: Form = Form {
    name: "ratio-of-proportions",
    summary: "Ratio of two proportions (risk ratio), experimental / control, with the Wald test and interval of its logarithm.",
    keys: &[],
    example: "{}",
};

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(RatioOfProportions))
}

/// ln(p₁/p₀) with standard error √(1/x₁ − 1/n₁ + 1/x₀ − 1/n₀) for x responders among n.
///
/// No responder in one arm is [`Status::Separation`]; none at all, or nobody without response, [`Status::NoVariation`].
///
/// Source: Katz, Baptista, Azen and Pike, Biometrics 34 (1978) 469, method C.
#[derive(Clone, Copy, Debug)]
pub struct RatioOfProportions;

impl Analysis for RatioOfProportions {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn parts(&self) -> &'static [&'static str] {
        &["control", "experimental"]
    }

    fn target(&self) -> Target {
        Target::LogRisk
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        r::code(
            &[],
            &["t <- binomial_table(d)", "wald(log(t$p[2] / t$p[1]), sqrt(sum((1 - t$p) / t$x)), null, better)"],
        )
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, _: &mut Scratch) -> Estimate {
        let Some(table) = Table::of(data) else {
            return Estimate::failed(Status::NoVariation, data.arm.len());
        };
        if table.lacks_an_arm() {
            return table.failed(Status::EmptyArm);
        }
        let (n, events) = (table.patients(), table.responses());
        if table.is_constant() {
            return table.failed(Status::NoVariation);
        }
        if table.events[0] == 0 || table.events[1] == 0 {
            return table.failed(Status::Separation);
        }
        let [n0, n1] = table.n.map(f64::from);
        let [x0, x1] = table.events.map(f64::from);
        let variance = (n1 - x1) / (x1 * n1) + (n0 - x0) / (x0 * n0);
        let mut out = wald((x1 * n0 / (x0 * n1)).ln(), variance.sqrt(), rule, n, events);
        out.parts[0] = x0 / n0;
        out.parts[1] = x1 / n1;
        out
    }
}
