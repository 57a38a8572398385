//! Fisher's exact test.

use crate::analysis::exact::{Observed, exact};
use crate::analysis::r;
use crate::analysis::table::Table;
use crate::analysis::{Analysis, Dataset, Estimate, ResponseKind, Rule, Scale, Scratch, Status};
use crate::math::discrete::Family;
use crate::scenario::form::{Complaint, Form, Values};

/// `fisher = {}`
pub const FORM: Form = Form {
    name: "fisher",
    summary: "Fisher's exact test, with the odds ratio of greatest conditional likelihood and its exact interval",
    keys: &[],
    example: "{}",
};

/// Given the margins of the 2 × 2 table, the responders of the experimental arm have a noncentral hypergeometric distribution whose
/// parameter is the odds ratio: the estimate is its logarithm of greatest conditional likelihood, the standard error 1/√(conditional
/// information), the limits are those at which a tail, observation included, is the level's.
///
/// One-sided p-values are the tails at the null value; the two-sided one is the probability of all tables that are no more likely than
/// the observed one (to 1e-7 relative). A table at the end of its range leaves the estimate, its standard error and one limit infinite;
/// the p-values and the other limit stand. There is no z.
///
/// `Source`: Fisher (1935), Journal of the Royal Statistical Society 98:39; Cornfield (1956), Third Berkeley Symposium 4:135; the figures
/// of R's `fisher.test`.
#[derive(Clone, Copy, Debug)]
struct Fisher;

/// Builds the method.
///
/// # Errors
/// None.
pub fn build(_: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Fisher))
}

impl Analysis for Fisher {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        Scale::LogRatio
    }

    fn parts(&self) -> &'static [&'static str] {
        &["control", "experimental"]
    }

    fn r(&self, _: &r::Call<'_>) -> Option<r::Code> {
        r::code(
            &[],
            &[
                "x <- table(factor(d$arm, 1:0), factor(d$y, 1:0))",
                "c(p = fisher.test(x, or = exp(null), alternative = if (better > 0) \"greater\" else \"less\")$p.value)",
            ],
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
        let [n0, n1] = table.n.map(f64::from);
        let [x0, x1] = table.events.map(f64::from);
        let family = Family::Hypergeometric { patients: [n1, n0], responders: x0 + x1 };
        let mut out = exact(&family, &Observed { x: x1, null: rule.null, mid_p: false }, rule).counted(n, events);
        out.parts[0] = x0 / n0;
        out.parts[1] = x1 / n1;
        out
    }
}
