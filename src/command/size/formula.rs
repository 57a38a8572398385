//! What a planning formula says to the same question, and why it may say something else.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::question::{Asked, Of};
use super::{Failure, Protocol, Scenario, Success, Wanted, success};
use crate::engine::Tables;
use crate::planning::{self, Given, Known, lachin_foulkes};
use crate::result::size::{Formula, OtherFormula};
use crate::result::{Figure, Timing};
use crate::run::{self, Batch, Fold, Plan};
use crate::scenario::{Allocation, Per};
use crate::summary::Summary;

/// The pilot is one of this many patients at least and at most, and of this share of those that the search took.
const PATIENTS: ([f64; 2], f64) = ([100_000.0, 1_000_000.0], 0.1);
/// Its replicates, at least and at most.
const REPLICATES: [u64; 2] = [128, 65_536];
/// In so many parts, whose differences are its Monte Carlo error.
const PARTS: u64 = 16;

/// What the formula says: its answer, or why it has none.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) formula: Option<Formula>,
    pub(super) none: Option<&'static str>,
}

impl Planned {
    fn none(why: &'static str) -> Self {
        Self { formula: None, none: Some(why) }
    }
}

/// Folds replicates into a summary alone.
struct Fit<'p, 's>(&'p Protocol<'s>, Summary);

impl Fold for Fit<'_, '_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), crate::Error> {
        self.1.add(self.0, batch);
        Ok(())
    }
}

/// The formula's size for the power asked for, at what patients of a pilot give it; what is known of the effect exactly takes its place.
/// The scenario is that of the answer `n`, and is left without looks, reviews and what they decide: the formula knows none.
pub(super) fn formula(
    scenario: &mut Scenario,
    of: &Of,
    asked: &Asked<'_>,
    n: f64,
    searched: u64,
    timing: &mut Timing,
) -> Result<Planned, Failure> {
    if asked.stop.load(Ordering::Relaxed) {
        return Ok(Planned::default());
    }
    if success(scenario, asked.of.analysis.as_ref()) != Success::Analysis {
        return Ok(Planned::none("there is none for a family of hypotheses"));
    }
    let looks = !scenario.looks.is_empty();
    scenario.looks.clear();
    scenario.rules.clear();
    scenario.reestimations.clear();
    scenario.multiplicity.clear();
    let scenario = &*scenario;
    let protocol = Protocol::compile(scenario, asked.of.seed, Wanted::Analyses);
    let plan = &scenario.analyses[0];
    let counts_events = ["log-rank", "cox", "weighted-cox"].contains(&plan.method_name);
    if *of == Of::Events && !counts_events {
        return Ok(Planned::none("the formula of this test has no events"));
    }
    if *of == Of::Patients && counts_events && scenario.cut.events.is_some() {
        return Ok(Planned::none(
            "the trial ends at a number of events, which is what the formula gives (--solve events)",
        ));
    }
    let known = Known::of(scenario, 0);
    let size = scenario.n.max(1) as f64;
    let [least, most] = PATIENTS.0;
    let patients = (PATIENTS.1 * searched as f64).clamp(least, most);
    let replicates = ((patients / size) as u64).clamp(REPLICATES[0], REPLICATES[1]) / PARTS;
    // events at which a trial ends are no matter of chance
    let certain = match (of, scenario.cut.events) {
        (Of::Events, Some((count, endpoint))) if endpoint == plan.endpoint && scenario.arms.len() == 2 => {
            Some(f64::from(count)).filter(|_| plan.subset.is_none())
        }
        _ => None,
    };
    let share = planning::share(scenario, 0);
    let given = |summary: &Summary, tables: &Tables| {
        let simulated = summary.given(&protocol, tables, 0, summary.targets(&protocol, tables, 0));
        let simulated = Given { events: certain.unwrap_or(simulated.events), ..simulated };
        known.map_or(simulated, |known| known.put_into(simulated, share, scenario.analyses[0].method.scale()))
    };
    let mut all = (Summary::new(&protocol), Tables::new(&protocol));
    let mut parts = Vec::new();
    for k in 0..PARTS {
        let (summary, tables) = part(&protocol, asked, k * replicates..(k + 1) * replicates, known.is_none(), timing)?;
        if asked.stop.load(Ordering::Relaxed) {
            return Ok(Planned::default());
        }
        parts.push(given(&summary, &tables));
        all.0.absorb(&summary);
        all.1.add(&tables);
    }
    let given = given(&all.0, &all.1);
    let Some(planning) = planning::power(&protocol, 0, &given) else { return Ok(Planned::default()) };
    let Some(size) = planning::multiple(&protocol, 0, &given, asked.of.power).map(|m| m * n) else {
        let rule = &protocol.analyses[0].rule;
        return Ok(Planned::none(if asked.of.power <= rule.tail() {
            "a power that is not above the tail probability of the test takes no effect"
        } else {
            "the effect in its sense is not in favour, or too small"
        }));
    };
    let sizes = parts.iter().map(|g| planning::multiple(&protocol, 0, g, asked.of.power).map(|m| m * n));
    let powers = parts.iter().map(|g| planning::power(&protocol, 0, g).map(|p| p.power));
    let unit = of.unit(scenario);
    // what rounding adds to a whole multiple is no patient
    let whole = |size: f64| (size / unit * (1.0 - 1e-9)).ceil().max(1.0) * unit;
    let other = lachin_foulkes::patients(&protocol, 0, asked.of.power).filter(|_| *of == Of::Patients);
    let others = other.map(|size| OtherFormula { n: whole(size), size, formula: lachin_foulkes::NAME });
    // all patients of the arms compared, as far as arms have fixed sizes
    let [e, c] = plan.arms.map(|arm| f64::from(scenario.arms[arm].ratio));
    let arms = (e + c) / scenario.arms.iter().map(|a| f64::from(a.ratio)).sum::<f64>();
    let complete = given.patients >= (scenario.n as f64 * arms).floor() * (1.0 - 1e-9);
    Ok(Planned {
        formula: Some(Formula {
            n: whole(size),
            size: Figure { estimate: size, mcse: error(sizes) },
            formula: match known {
                // nothing of it is simulated
                Some(Known::Normal(_)) => plain(planning.formula),
                Some(Known::Hazards(_)) if certain.is_some() => plain(planning.formula),
                _ => planning.formula,
            },
            power: Figure { estimate: planning.power, mcse: error(powers) },
            others: others.into_iter().collect(),
            reasons: reasons(scenario, of, known, [looks, complete], planning.note),
        }),
        none: None,
    })
}

/// A formula's name without what it is computed at.
fn plain(formula: &'static str) -> &'static str {
    formula.split(", at the simulated").next().unwrap_or(formula)
}

/// Replicates of the pilot, with true values where they are wanted.
fn part(
    protocol: &Protocol<'_>,
    asked: &Asked<'_>,
    replicates: Range<u64>,
    truth: bool,
    timing: &mut Timing,
) -> Result<(Summary, Tables), Failure> {
    let plan =
        Plan { replicates, truth, truth_replicates: 0, pool: asked.pool, stop: asked.stop, done: &AtomicU64::new(0) };
    let mut fit = Fit(protocol, Summary::new(protocol));
    let ended = run::run(protocol, &plan, &mut fit)?;
    timing.truth_seconds += ended.truth + ended.simulating;
    Ok((fit.1, ended.tables))
}

/// Monte Carlo error of what all parts together give: the standard deviation of the parts over the root of their number.
fn error(parts: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = parts.collect::<Option<_>>()?;
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    // what is known exactly differs by rounding
    Some((variance / count).sqrt()).map(|e| if e < 1e-9 * mean.abs() { 0.0 } else { e }).filter(|e| e.is_finite())
}

/// Why the formula's answer may differ from the simulated one: what it leaves out of this scenario, the greatest first.
fn reasons(
    scenario: &Scenario,
    of: &Of,
    known: Option<Known>,
    [looks, complete]: [bool; 2],
    note: &str,
) -> Vec<String> {
    let plan = &scenario.analyses[0];
    let mut reasons: Vec<String> = Vec::new();
    let mut say = |words: &str| reasons.push(words.to_owned());
    let per = |per: Per| scenario.variables.iter().any(|v| v.per == per && !v.law.parameters().is_empty());
    if looks {
        say("The formula is of the trial without interim looks and reviews");
    }
    if per(Per::Replicate) {
        say(planning::AVERAGED);
    }
    if per(Per::Site) {
        say("Patients of a site share what varies by site; the formula takes all patients for independent");
    }
    if let Allocation::Blocks { strata, by_site, .. } = &scenario.allocation {
        let adjusted = !plan.covariates.is_empty() || !plan.strata.is_empty() || plan.site_factor;
        if (!strata.is_empty() || *by_site) && !adjusted {
            say(
                "Arms are balanced within strata that the analysis does not adjust for: where those are prognostic, estimates vary less than formula and test take them to",
            );
        }
    }
    let proportions = ["difference-of-proportions", "farrington-manning", "miettinen-nurminen", "logistic"]
        .contains(&plan.method_name);
    let t_test = plan.method_name == "t-test";
    let fixed = matches!(scenario.allocation, Allocation::Blocks { .. }) && complete;
    let normal = matches!(known, Some(Known::Normal([_, [e, c]])) if e == c);
    if *of == Of::Events && matches!(known, Some(Known::Hazards(_))) {
        say("It holds for small effects, and arms whose patients at risk keep their ratio");
    } else if !(t_test && normal && fixed) {
        say(note);
    }
    if t_test && !plan.method.pools() {
        say("Welch's test has fewer degrees of freedom than the formula's");
    }
    if !complete && (proportions || t_test || plan.method_name == "ancova") {
        say("It takes the mean number of patients with a value for that of every trial");
    } else if complete && proportions && !fixed {
        say("It takes arms of chance sizes for fixed ones");
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::error;

    #[test]
    fn by_hand_error_of_parts() {
        // 1, 2, 3: standard deviation 1 over √3
        assert!(error([1.0, 2.0, 3.0].map(Some).into_iter()).is_some_and(|e| (e - 1.0 / 3.0_f64.sqrt()).abs() < 1e-12));
        assert_eq!(error([338.6, 338.6].map(Some).into_iter()), Some(0.0));
        assert_eq!(error([Some(1.0), None].into_iter()), None);
    }
}
