//! Planning formulas: the power that a statistician would have written down for the same assumptions, beside the simulated one.

use crate::estimand::Sums;
use crate::analysis::wald::t_critical_value;
use crate::math::special::{normal_cdf, normal_quantile};
use crate::math::tail::noncentral_t_tail;
use crate::protocol::Protocol;
use crate::result::Planning;

/// What a formula may use: the limit of the estimator (so that loss is in it), its sums of potential outcomes, mean numbers.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Limit of the estimator.
    pub target: Option<f64>,
    /// Pooled sums of the limit.
    pub sums: Sums,
    /// Mean patients analysed.
    pub patients: f64,
    /// Mean events.
    pub events: f64,
    /// Root of the mean squared standard error of the estimates.
    pub se: f64,
    /// Variance of a weighted log hazard ratio times the number of events, where arms are chosen.
    pub weighted_variance: Option<f64>,
}

/// The formula's power of an analysis, where one exists for it.
#[must_use]
pub fn power(protocol: &Protocol<'_>, a: usize, given: &Given) -> Option<Planning> {
    let plan = &protocol.scenario.analyses[a];
    let row = &protocol.analyses[a];
    // formulas that allow for covariates
    let adjusts = ["weighted-cox", "ancova"].contains(&plan.method_name);
    if plan.interaction.is_some() || plan.equivalence.is_some() || !(plan.covariates.is_empty() || adjusts) {
        return None;
    }
    let target = given.target? - row.rule.null;
    let [e, c] = plan.arms.map(|k| f64::from(protocol.scenario.arms[k].ratio));
    let k = e / (e + c);
    let z = -normal_quantile(row.rule.tail());
    let effect = row.orientation * target;
    let n = given.patients;
    let [s1, n1, s0, n0] = given.sums;
    let (power, formula, note) = match plan.method_name {
        "difference-of-proportions" => {
            let (p1, p0) = (s1 / n1, s0 / n0);
            let unpooled = (p1 * (1.0 - p1) / k + p0 * (1.0 - p0) / (1.0 - k)) / n;
            let p = k * p1 + (1.0 - k) * p0;
            let pooled = p * (1.0 - p) / (k * (1.0 - k)) / n;
            let null = if row.rule.null == 0.0 { pooled } else { unpooled };
            (
                normal_cdf((effect - z * null.sqrt()) / unpooled.sqrt()),
                "Fleiss 1981, normal approximation",
                "It takes the discrete test statistic for a normal one",
            )
        }
        "t-test" | "ancova" => {
            let df = n - 2.0 - plan.covariates.len() as f64;
            (
                noncentral_t_tail(t_critical_value(row.rule.tail(), df), df, effect / given.se),
                "two-sample t test, noncentral, at the simulated standard deviation",
                if plan.covariates.is_empty() {
                    "It holds for normal scores of one variance in arms of fixed size"
                } else {
                    "It holds for normal residuals of one variance, and covariates that arms share"
                },
            )
        }
        "log-rank" | "cox" => {
            let ncp = effect * (given.events * k * (1.0 - k)).sqrt();
            (
                normal_cdf(ncp - z),
                "Schoenfeld 1981, at the simulated mean number of events",
                "It holds for small effects and a fixed number of events",
            )
        }
        "weighted-cox" if plan.subset.is_none() => {
            let ncp = effect * (given.events / given.weighted_variance?).sqrt();
            (
                normal_cdf(ncp - z),
                "Schoenfeld 1981, with the variance of weights from the true score",
                "It holds for small effects, a fixed number of events that tell nothing of the score, and weights that are known and as they come: the stacked variance is smaller where the score also predicts events, trimming, truncation and strata have variances of their own",
            )
        }
        "win-ratio" => {
            let (win, loss) = (s1 / s0, n1 / s0);
            let tie = 1.0 - win - loss;
            let variance = 4.0 * (1.0 + tie) / (3.0 * k * (1.0 - k) * (1.0 - tie));
            (
                normal_cdf(effect / (variance / n).sqrt() - z),
                "Yu and Ganju 2022",
                "It takes the variance that a pair without effect and with these ties would have; the test estimates its own, which is smaller where ties come in blocks, from patients without a value",
            )
        }
        "wilcoxon" => {
            let ncp = effect * (12.0 * k * (1.0 - k) * n).sqrt();
            (normal_cdf(ncp - z), "Noether 1987", "It has no ties, and the variance under no effect")
        }
        _ => return None,
    };
    power.is_finite().then_some(Planning { formula, power, note })
}
