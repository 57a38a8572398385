//! Planning formulas: the power that a statistician would have written down for the same assumptions, beside the simulated one.

pub mod lachin_foulkes;

use crate::analysis::Scale;
use crate::analysis::score::restricted::by_difference;
use crate::analysis::wald::t_critical_value;
use crate::distribution::Family;
use crate::estimand::{Sums, Target, value_of_sums};
use crate::expr::{ColumnId, Expr};
use crate::math::special::{normal_cdf, normal_quantile};
use crate::math::tail::noncentral_t_tail;
use crate::protocol::Protocol;
use crate::result::Planning;
use crate::scenario::{BinaryOf, Fate, Marginal, Measure, Per, Scenario};

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
    /// Σ p³ over categories, p their shares in both arms together, of an ordinal endpoint.
    pub cubes: Option<f64>,
    /// Variance of a weighted log hazard ratio times the number of events, where arms are chosen.
    pub weighted_variance: Option<f64>,
}

impl Given {
    /// That of a trial so many times as large, or as long.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        Self { patients: self.patients * factor, events: self.events * factor, se: self.se / factor.sqrt(), ..*self }
    }
}

/// What a scenario says of an effect without a simulation: its law is constant in each arm, and what is lost does not depend on it. Each by
/// arm, experimental before control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    /// Probabilities.
    Proportions([f64; 2]),
    /// Means and standard deviations of a normal score.
    Normal([[f64; 2]; 2]),
    /// Constant hazards.
    Hazards([f64; 2]),
}

impl Known {
    /// What is known of the analysis numbered `a`.
    #[must_use]
    pub fn of(scenario: &Scenario, a: usize) -> Option<Self> {
        let plan = &scenario.analyses[a];
        let measure = &scenario.endpoints[plan.endpoint].measure;
        let (column, family) = match (plan.method_name, measure) {
            (
                "difference-of-proportions" | "farrington-manning" | "miettinen-nurminen" | "logistic",
                Measure::Binary { of: BinaryOf::State { value, .. }, missing: Fate::Excluded, intercurrent, .. },
            ) if intercurrent.is_empty() && plan.covariates.is_empty() => (column(value)?, Some(Family::Probability)),
            ("t-test", Measure::Score { value, missing: Fate::Excluded, intercurrent, .. })
                if intercurrent.is_empty() =>
            {
                (column(value)?, None)
            }
            ("log-rank" | "cox", Measure::Time { events, competing, .. }) if competing.is_empty() => match events[..] {
                [event] => (event, Some(Family::Rate)),
                _ => return None,
            },
            _ => return None,
        };
        let variable = &scenario.variables[column.0 as usize];
        let population = |c: &ColumnId| (c.0 as usize) < scenario.population;
        let apart = |e: &Expr| e.columns().iter().all(population);
        let lost_apart = scenario.dropout.as_ref().is_none_or(|law| law.parameters().iter().all(|p| apart(&p.value)))
            && scenario.visits.iter().all(|v| apart(&v.missed))
            && scenario.deaths.iter().all(|d| *d == column);
        if population(&column) || variable.per != Per::Candidate || variable.marginal != Marginal::No || !lost_apart {
            return None;
        }
        let parameters = variable.law.parameters();
        let number = |k: usize, arm: usize| parameters[k].value.specialise_arm(u8::try_from(arm).ok()?).as_number();
        let by_arm = |k: usize| Some([number(k, plan.arms[0])?, number(k, plan.arms[1])?]);
        let names: Vec<&str> = parameters.iter().map(|p| p.name).collect();
        match (family, variable.law.family()) {
            (Some(Family::Probability), Some(Family::Probability)) => by_arm(0).map(Self::Proportions),
            (Some(Family::Rate), Some(Family::Rate)) => by_arm(0).map(Self::Hazards),
            (None, None) if names == ["mean", "sd"] => Some(Self::Normal([by_arm(0)?, by_arm(1)?])),
            _ => None,
        }
    }

    /// `given` with what is known in place of what was simulated; `k` is the experimental arm's share of the patients, `scale` that of the
    /// method.
    #[must_use]
    pub fn put_into(self, given: Given, k: f64, scale: Scale) -> Given {
        match self {
            Self::Proportions([e, c]) => {
                let sums = [e, 1.0, c, 1.0];
                let goal = if scale == Scale::LogRatio { Target::LogOdds } else { Target::Mean };
                Given { target: Some(value_of_sums(goal, &sums)), sums, ..given }
            }
            Self::Normal([[e, c], [sd_e, sd_c]]) => {
                let se = ((sd_e * sd_e / k + sd_c * sd_c / (1.0 - k)) / given.patients).sqrt();
                Given { target: Some(e - c), se, ..given }
            }
            Self::Hazards([e, c]) => Given { target: Some((e / c).ln()), ..given },
        }
    }
}

/// The column that an expression is, where it is one.
fn column(value: &Expr) -> Option<ColumnId> {
    match value {
        Expr::Column(column) => Some(*column),
        _ => None,
    }
}

/// The experimental arm's share of the patients of an analysis, by the arms' ratio.
#[must_use]
pub fn share(scenario: &Scenario, a: usize) -> f64 {
    let [e, c] = scenario.analyses[a].arms.map(|k| f64::from(scenario.arms[k].ratio));
    e / (e + c)
}

/// How many times as large as the given one a trial is to which the formula gives a power: none where there is no formula, the effect is
/// not in favour, or power is not above the tail probability of the test, which takes no effect.
#[must_use]
pub fn multiple(protocol: &Protocol<'_>, a: usize, given: &Given, wanted: f64) -> Option<f64> {
    let row = &protocol.analyses[a];
    if row.orientation * (given.target? - row.rule.null) <= 0.0 || wanted <= row.rule.tail() {
        return None;
    }
    // too few degrees of freedom are no power
    let enough = |log: f64| power(protocol, a, &given.times(log.exp())).is_some_and(|p| p.power >= wanted);
    const FARTHEST: f64 = 25.0;
    let step = std::f64::consts::LN_2;
    let (mut below, mut above) = (-step, 0.0);
    while !enough(above) {
        (below, above) = (above, above + step);
        if above > FARTHEST {
            return None;
        }
    }
    while enough(below) {
        (below, above) = (below - step, below);
        if below < -FARTHEST {
            return None;
        }
    }
    for _ in 0..60 {
        let middle = 0.5 * (below + above);
        if enough(middle) { above = middle } else { below = middle }
    }
    Some(above.exp())
}

/// Why formulas for proportions may differ from their tests.
const DISCRETE: &str = "It takes the discrete test statistic for a normal one";
/// Why every formula differs from power over priors.
pub const AVERAGED: &str = "Power here is averaged over the priors; the formula takes the mean effect for known";

/// The formula's power of an analysis, where one exists for it: the probability of rejecting in favour, and not on the other side too, as
/// `pwr` counts with two sides.
///
/// Against a margin each test of two proportions has the variance that it takes itself: `difference-of-proportions` the unpooled one,
/// `farrington-manning` the restricted one, as gsDesign's `nBinomial` and rpact do.
#[must_use]
pub fn power(protocol: &Protocol<'_>, a: usize, given: &Given) -> Option<Planning> {
    let plan = &protocol.scenario.analyses[a];
    let row = &protocol.analyses[a];
    // formulas that allow for covariates
    let adjusts = ["weighted-cox", "ancova"].contains(&plan.method_name);
    if plan.interaction.is_some() || plan.equivalence.is_some() || !(plan.covariates.is_empty() || adjusts) {
        return None;
    }
    // what is adjusted or stratified otherwise has other variances
    let stratified = !plan.strata.is_empty() || plan.site_stratum || plan.site_factor;
    let whole = ["farrington-manning", "miettinen-nurminen", "logistic", "proportional-odds"];
    if stratified && whole.contains(&plan.method_name) {
        return None;
    }
    let target = given.target? - row.rule.null;
    let k = share(protocol.scenario, a);
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
            let null = if row.rule.null == 0.0 && plan.method.pools() { pooled } else { unpooled };
            let corrects = plan.method.corrects();
            // Yates's correction: half of 1/n₁ + 1/n₀
            let correction = if corrects { 0.5 / (k * (1.0 - k)) / n } else { 0.0 };
            (
                normal_cdf((effect - correction - z * null.sqrt()) / unpooled.sqrt()),
                if corrects {
                    "Fleiss 1981, normal approximation with continuity correction"
                } else {
                    "Fleiss 1981, normal approximation"
                },
                DISCRETE,
            )
        }
        "farrington-manning" | "miettinen-nurminen" if plan.method.scale() == Scale::Difference => {
            let (p1, p0) = (s1 / n1, s0 / n0);
            let sizes = [n * (1.0 - k), n * k];
            let [q0, q1] = by_difference([sizes[0] * p0, sizes[1] * p1], sizes, row.rule.null);
            let variance = |p1: f64, p0: f64| (p1 * (1.0 - p1) / k + p0 * (1.0 - p0) / (1.0 - k)) / n;
            let inflated = if plan.method_name == "miettinen-nurminen" { n / (n - 1.0) } else { 1.0 };
            (
                normal_cdf((effect - z * (inflated * variance(q1, q0)).sqrt()) / variance(p1, p0).sqrt()),
                "Farrington and Manning 1990, normal approximation",
                DISCRETE,
            )
        }
        "logistic" => {
            let (p1, p0) = (s1 / n1, s0 / n0);
            let variance = (1.0 / (k * p1 * (1.0 - p1)) + 1.0 / ((1.0 - k) * p0 * (1.0 - p0))) / n;
            (
                normal_cdf(effect / variance.sqrt() - z),
                "Woolf 1955, normal approximation of the log odds ratio",
                DISCRETE,
            )
        }
        "proportional-odds" => {
            let information = n * k * (1.0 - k) * (1.0 - given.cubes?) / 3.0;
            (
                normal_cdf(effect * information.sqrt() - z),
                "Whitehead 1993, at the simulated shares of the categories",
                "It holds for small effects with one odds ratio at every cut",
            )
        }
        "t-test" | "ancova" => {
            let df = n - 2.0 - plan.covariates.len() as f64;
            if df < 1.0 {
                return None;
            }
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
