//! Whether tests reject as often as they should where the treatment does nothing.
//!
//! Tests of two proportions are held against their size by enumeration of both arms' counts, which no large-sample test has at its
//! level: the two-sided pooled z test of 150 against 150 at .05 rejects .0558 at p = .46 and .0015 at p = .003. Under stratified or
//! otherwise restricted randomisation it is the most that they may reject; where a prior gives each replicate a share of events of its own
//! the most is the largest size of any share. All other tests are held against their level: within 5 Monte
//! Carlo standard errors and .003 of it, or, where fewer than 20 events are expected, at most 5 above.

use statrs::function::gamma::ln_gamma;

use crate::analysis::{Dataset, Decision, Response, Scratch};
use crate::protocol::Protocol;
use crate::result::{Analysis, Design, Figure, TypeOne};
use crate::scenario::{Allocation, AnalysisPlan, Measure};

/// Tests of two proportions whose sizes are enumerated.
const BINOMIAL: [&str; 5] =
    ["difference-of-proportions", "ratio-of-proportions", "newcombe", "miettinen-nurminen", "farrington-manning"];
/// Allowance of large-sample tests beyond Monte Carlo error.
const LARGE_SAMPLE: f64 = 0.003;
/// Events below which a large-sample test may fall short of its level.
const RARE: f64 = 20.0;
/// Shares of events over which the largest size is looked for where a prior gives each replicate its own.
const SHARES: u32 = 200;
/// Monte Carlo standard errors from which a deviation is one.
const BEYOND: f64 = 5.0;

/// Adds the verdict to every analysis of a design whose parameters took their null values.
pub fn judge(protocol: &Protocol<'_>, design: &mut Design) {
    let mut scratch = Scratch::default();
    let replicates = design.replicates.max(1) as f64;
    let rows = &design.analyses;
    let verdicts: Vec<TypeOne> =
        (0..rows.len()).map(|a| verdict(protocol, a, rows, replicates, &mut scratch)).collect();
    for (row, verdict) in design.analyses.iter_mut().zip(verdicts) {
        row.type_one = Some(verdict);
    }
}

/// What true values say of a row's null hypothesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Null {
    /// It is true.
    Holds,
    /// Why it is not.
    Fails(String),
    /// No true value tells.
    Untold,
}

impl Null {
    /// `true`, `false` or `unknown`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Null::Holds => "true",
            Null::Fails(_) => "false",
            Null::Untold => "unknown",
        }
    }
}

/// How far the truth lies outside a row's null hypothesis, 0 within it: from the null value; where a test has one side, only in favour of the
/// experimental arm; of equivalence from the nearer margin. With the true value behind it, and the row that has it: where a test estimates
/// nothing, one that sees the same endpoint in the same patients.
#[must_use]
pub fn outside<'a>(protocol: &Protocol<'_>, a: usize, rows: &'a [Analysis]) -> Option<(Figure, Figure, &'a Analysis)> {
    let plans = &protocol.scenario.analyses;
    let own = &plans[a];
    let value = |row: &Analysis| row.estimand.limit.or(row.estimand.truth);
    let from = |b: usize, null: f64| {
        let value = value(&rows[b])?;
        let orientation = protocol.analyses[b].orientation;
        let distance = match (rows[a].equivalence, value.estimate - null) {
            (Some([low, high]), _) => {
                let x = value.estimate;
                if x <= low || x >= high { 0.0 } else { (low - x).max(x - high) }
            }
            (None, distance) if own.sides == 1 => orientation * (orientation * distance).max(0.0),
            (None, distance) => distance,
        };
        Some((Figure { estimate: distance, ..value }, value, &rows[b]))
    };
    if let Some(found) = from(a, rows[a].null) {
        return Some(found);
    }
    let alike = |b: &usize| {
        let other = &plans[*b];
        (other.endpoint, other.arms) == (own.endpoint, own.arms)
            && (&other.subset, &other.interaction) == (&own.subset, &own.interaction)
    };
    let told = (0..plans.len()).filter(alike).filter_map(|b| from(b, plans[b].method.scale().no_effect()));
    told.max_by(|x, y| x.0.estimate.abs().total_cmp(&y.0.estimate.abs()))
}

/// Whether a row's null hypothesis is true.
#[must_use]
pub fn null(protocol: &Protocol<'_>, a: usize, rows: &[Analysis]) -> Null {
    let Some((distance, value, of)) = outside(protocol, a, rows) else { return Null::Untold };
    let row = &rows[a];
    match row.equivalence {
        _ if is(&distance, 0.0) => Null::Holds,
        Some([low, high]) => Null::Fails(format!("the effect is {:.4}, within {low:.4} to {high:.4}", value.estimate)),
        None if of.name == row.name => {
            Null::Fails(format!("the effect is {:.4}, the null value {:.4}", value.estimate, row.null))
        }
        None => Null::Fails(format!("the effect of `{}` is {:.4}", of.name, value.estimate)),
    }
}

fn verdict(protocol: &Protocol<'_>, a: usize, rows: &[Analysis], replicates: f64, scratch: &mut Scratch) -> TypeOne {
    let row = &rows[a];
    let plan = &protocol.scenario.analyses[a];
    let level = if row.equivalence.is_some() { protocol.analyses[a].rule.tail() } else { row.alpha };
    let total = row.rejects.total.estimate;
    let error = |size: f64| BEYOND * (size * (1.0 - size) / replicates).sqrt();
    let found = |holds: Option<bool>, enumerated: Option<f64>, verdict: String| TypeOne {
        rejects: row.rejects.total,
        level,
        enumerated,
        holds,
        verdict,
    };
    let told = match null(protocol, a, rows) {
        Null::Fails(why) => return found(None, None, format!("no type I error: {why}")),
        Null::Holds => true,
        Null::Untold => false,
    };
    // sizes are enumerated where the arms' probabilities are one
    let value = row.estimand.limit.or(row.estimand.truth);
    let inside = row.equivalence.is_some() || value.is_some_and(|value| !is(&value, row.null));
    if let Some((size, exact)) = size(protocol, plan, a, row, scratch).filter(|_| !inside) {
        let words = match () {
            () if total > size + error(size) => "above its enumerated size",
            () if exact && total < size - error(size) => "below its enumerated size",
            () if exact => "as enumerated",
            () => "at most as enumerated",
        };
        let holds = total <= size + error(size) && (!exact || total >= size - error(size));
        return found(Some(holds), Some(size), words.to_owned());
    }
    let events = match protocol.scenario.endpoints[plan.endpoint].measure {
        Measure::Score { .. } | Measure::Ordinal { .. } | Measure::Hierarchical(_) => None,
        _ => Some(row.events),
    };
    if let Some(events) = events.filter(|e| *e < RARE) {
        let holds = total <= level + error(level);
        let words = if holds { "conservative" } else { "above its level" };
        return found(Some(holds), None, format!("{words}, {events:.1} events expected"));
    }
    let margin = error(level) + LARGE_SAMPLE;
    if !told && total > level + margin {
        return found(None, None, "above its level, or an effect: no true value says which".to_owned());
    }
    let words = match () {
        () if total > level + margin => "above its level",
        () if total < level - margin => "below its level: conservative",
        () => "at its level",
    };
    found(Some(total <= level + margin), None, words.to_owned())
}

/// Whether a true value is the null value, as far as Monte Carlo error lets one see.
fn is(value: &Figure, null: f64) -> bool {
    (value.estimate - null).abs() <= BEYOND * value.mcse.unwrap_or(0.0) + 1e-6
}

/// The size of a test of two proportions at the pooled share of events; with whether it is that of the trial's own arm sizes, else the
/// largest of sizes near those analysed.
fn size(
    protocol: &Protocol<'_>,
    plan: &AnalysisPlan,
    a: usize,
    row: &Analysis,
    scratch: &mut Scratch,
) -> Option<(f64, bool)> {
    let s = protocol.scenario;
    let plain = BINOMIAL.contains(&plan.method_name)
        && s.arms.len() == 2
        && matches!(s.endpoints[plan.endpoint].measure, Measure::Binary { .. })
        && plan.interaction.is_none()
        && plan.covariates.is_empty()
        && plan.strata.is_empty()
        && !(plan.site_factor || plan.site_stratum)
        && plan.bootstrap.is_none()
        && !s.rules.iter().any(|r| r.analysis == a && r.monitor.is_some())
        && row.null == 0.0;
    if !plain || row.patients < 4.0 {
        return None;
    }
    let p = row.events / row.patients;
    let ratios = plan.arms.map(|arm| f64::from(s.arms[arm].ratio));
    let share = ratios[0] / (ratios[0] + ratios[1]);
    let tail = protocol.analyses[a].rule.tail();
    let mut of = |sizes: [usize; 2], p: f64| {
        let rejects = |x: usize, y: usize, data: &mut Counts| {
            let e = plan.method.analyse(&data.dataset(x, y), &protocol.analyses[a].rule, scratch);
            e.decision(tail, plan.sides == 2) != Decision::Neither
        };
        enumerated(sizes, p, rejects)
    };
    let everyone = (row.patients - s.n as f64).abs() < 1e-9 && plan.subset.is_none();
    let first = (s.n as f64 * share).round() as usize;
    if !protocol.priors.is_empty() {
        // each replicate has a share of events of its own: an average is at most the largest size of all shares
        let n = row.patients.round() as usize;
        let first = (row.patients * share).round() as usize;
        let sizes = [first, n - first.min(n)];
        return Some(((1..SHARES).map(|k| of(sizes, f64::from(k) / f64::from(SHARES))).fold(0.0, f64::max), false));
    }
    let mut of = |sizes| of(sizes, p);
    match &s.allocation {
        Allocation::Simple if everyone => {
            let weights = near_mean(s.n, share, 4.5);
            let total: f64 = weights.iter().map(|w| w.1).sum();
            Some((weights.into_iter().map(|(n1, w)| w / total * of([n1, s.n - n1])).sum(), true))
        }
        Allocation::Blocks { sizes, strata, by_site }
            if everyone
                && strata.is_empty()
                && !by_site
                && sizes.iter().all(|b| s.n.is_multiple_of(*b as usize))
                && sizes.len() == 1 =>
        {
            Some((of([first, s.n - first]), true))
        }
        _ => {
            let near = |mean: f64| {
                let mean = mean.round() as usize;
                mean.saturating_sub(2).max(1)..=mean + 2
            };
            let most = near(row.patients * share)
                .flat_map(|n1| near(row.patients * (1.0 - share)).map(move |n0| [n1, n0]))
                .map(&mut of)
                .fold(0.0, f64::max);
            Some((most, false))
        }
    }
}

/// A trial of two arms by its counts of events.
#[derive(Debug)]
pub struct Counts {
    arm: Vec<u8>,
    event: Vec<u8>,
    sizes: [usize; 2],
}

impl Counts {
    /// Without events.
    #[must_use]
    pub fn new(sizes: [usize; 2]) -> Self {
        let arm = (0..sizes[0] + sizes[1]).map(|i| u8::from(i < sizes[0])).collect();
        Self { arm, event: vec![0; sizes[0] + sizes[1]], sizes }
    }

    /// With `x` events in the experimental arm and `y` in the control arm.
    pub fn dataset(&mut self, x: usize, y: usize) -> Dataset<'_> {
        let (first, second) = self.event.split_at_mut(self.sizes[0]);
        first.iter_mut().enumerate().for_each(|(i, e)| *e = u8::from(i < x));
        second.iter_mut().enumerate().for_each(|(i, e)| *e = u8::from(i < y));
        Dataset {
            arm: &self.arm,
            response: Response::Binary(&self.event),
            covariates: crate::analysis::Covariates::default(),
            strata: crate::analysis::Strata::default(),
        }
    }
}

/// P(rejects) where events of both arms have probability p: over all counts within 7 standard deviations of their means.
pub fn enumerated(sizes: [usize; 2], p: f64, mut rejects: impl FnMut(usize, usize, &mut Counts) -> bool) -> f64 {
    let [first, second] = sizes.map(|n| near_mean(n, p, 7.0));
    let mut data = Counts::new(sizes);
    let mut size = 0.0;
    for &(x, px) in &first {
        for &(y, py) in &second {
            if rejects(x, y, &mut data) {
                size += px * py;
            }
        }
    }
    size
}

/// Counts of a binomial distribution within some standard deviations of its mean, each with its probability.
fn near_mean(n: usize, p: f64, deviations: f64) -> Vec<(usize, f64)> {
    let (mean, reach) = (n as f64 * p, deviations * (n as f64 * p * (1.0 - p)).sqrt() + deviations);
    let (low, high) = ((mean - reach).max(0.0) as usize, ((mean + reach) as usize).min(n));
    let log = |k: usize| ln_gamma(k as f64 + 1.0);
    let times = |k: usize, x: f64| if k == 0 { 0.0 } else { k as f64 * x.ln() };
    let probability = |x: usize| (log(n) - log(x) - log(n - x) + times(x, p) + times(n - x, 1.0 - p)).exp();
    (low..=high).map(|x| (x, probability(x))).collect()
}
