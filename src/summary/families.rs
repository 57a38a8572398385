//! What families of hypotheses decide, counted while replicates are folded.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::moments::share;
use crate::analysis::{Decision, Status};
use crate::decision::{Scratch, Verdict, decide};
use crate::engine::RowRecord;
use crate::multiplicity::Dependence;
use crate::result::Figure;
use crate::result::multiplicity::{Family, Hypothesis, More, RejectedSet};
use crate::scenario::{FamilyPlan, Scenario};

/// Most sets of hypotheses that a result lists.
const MOST_SETS: usize = 32;

/// More than rounding does to a sum over patients.
pub(super) const ROUNDING: f64 = 1e-9;

/// Counts of whole numbers only, so that counts of parts of a run add up to those of the run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Families {
    /// By family: how often each verdict was reached.
    #[serde(with = "listed")]
    counts: Vec<BTreeMap<Verdict, u64>>,
    /// By family: the first of the same hypotheses where that is another, and differences from it.
    paired: Vec<Option<(usize, [Difference; 3])>>,
    /// Verdicts of the batch added last: of each replicate, one a family.
    #[serde(skip)]
    verdicts: Vec<Verdict>,
    #[serde(skip)]
    scratch: Scratch,
}

/// Sum, and sum of squares, of differences in whole numbers.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Difference {
    sum: i64,
    squares: u64,
}

impl Difference {
    fn add(&mut self, difference: i64) {
        self.sum += difference;
        self.squares += difference.unsigned_abs().pow(2);
    }

    fn figure(&self, replicates: u64) -> Figure {
        mean(self.sum as f64, self.squares as f64, replicates)
    }
}

/// Mean and its standard error from a sum and a sum of squares of whole numbers, which are exact.
fn mean(sum: f64, squares: f64, count: u64) -> Figure {
    let all = count.max(1) as f64;
    let mean = sum / all;
    let variance = (squares / all - mean * mean).max(0.0) * all / (all - 1.0);
    Figure { estimate: mean, mcse: (count > 1).then(|| (variance / all).sqrt()) }
}

/// Whether any are rejected in favour, whether all, how many.
fn rejected(verdict: &Verdict, whole: u64) -> [i64; 3] {
    [i64::from(verdict.favour != 0), i64::from(verdict.favour == whole), i64::from(verdict.favour.count_ones())]
}

/// The set of all hypotheses.
fn whole(plan: &FamilyPlan) -> u64 {
    plan.hypotheses.iter().enumerate().fold(0, |set, (j, _)| set | 1 << j)
}

/// What rules have decided, look by look, of a family whose hypotheses they test. None of these is tested alone.
fn decided(plan: &FamilyPlan, rows: &[RowRecord]) -> Verdict {
    let mut verdict = Verdict::default();
    for (j, &h) in plan.hypotheses.iter().enumerate() {
        let (row, bit) = (&rows[h], 1 << j);
        match row.decision {
            Some(Decision::Favour) => {
                verdict.rejected |= bit;
                verdict.favour |= bit;
            }
            Some(Decision::Against) => verdict.rejected |= bit,
            _ if row.estimate.status != Status::Estimated => verdict.missing |= bit,
            _ => {}
        }
    }
    verdict
}

/// What a family decides in one replicate: at the end, or look by look where rules test its hypotheses.
pub fn verdict(plan: &FamilyPlan, rows: &[RowRecord], scratch: &mut Scratch) -> Verdict {
    match &plan.graph {
        Some(_) => decided(plan, rows),
        None => decide(plan, |h| &rows[h].estimate, scratch),
    }
}

/// What is known of a null hypothesis in this world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Null {
    /// Whether it is true; none where that is not known.
    pub(super) holds: Option<bool>,
    /// How it is known.
    pub(super) by: Option<&'static str>,
    /// Whether it is declared and the true value says otherwise.
    pub(super) contradicted: bool,
}

/// Whether there is no benefit beyond a null value, given the true one's distance from it in the direction of benefit; none where the true
/// value's Monte Carlo error leaves it open.
///
/// Where nothing depends on the arm, both potential outcomes are one and every replicate has the null value itself, without Monte Carlo
/// error. A null hypothesis on a margin has one, and cannot be told from a small effect: it must be declared.
pub(super) fn no_benefit(benefit: f64, mcse: f64, two_sided: bool) -> Option<bool> {
    if mcse.is_nan() {
        return None;
    }
    let beyond = ROUNDING.max(5.0 * mcse);
    match benefit {
        b if b.abs() <= ROUNDING && mcse <= ROUNDING => Some(true),
        b if b > beyond => Some(false),
        b if b < -beyond => Some(!two_sided),
        _ => None,
    }
}

impl Families {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let plans = &scenario.multiplicity;
        let same = |a: &FamilyPlan, b: &FamilyPlan| {
            (a.alpha, a.sides, a.hypotheses.len()) == (b.alpha, b.sides, b.hypotheses.len())
                && a.hypotheses.iter().all(|h| b.hypotheses.contains(h))
        };
        let first = |plan: &FamilyPlan| plans.iter().position(|p| same(p, plan));
        let pair = |(k, plan)| first(plan).filter(|&f| f != k).map(|f| (f, [Difference::default(); 3]));
        Self {
            counts: vec![BTreeMap::new(); plans.len()],
            paired: plans.iter().enumerate().map(pair).collect(),
            verdicts: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Forgets the verdicts of the batch before.
    pub(super) fn begin(&mut self) {
        self.verdicts.clear();
    }

    /// Adds the rows of one replicate.
    pub(super) fn add(&mut self, plans: &[FamilyPlan], rows: &[RowRecord]) {
        let first_of_replicate = self.verdicts.len();
        for (k, plan) in plans.iter().enumerate() {
            let verdict = verdict(plan, rows, &mut self.scratch);
            *self.counts[k].entry(verdict).or_default() += 1;
            self.verdicts.push(verdict);
            if let Some((first, differences)) = &mut self.paired[k] {
                let whole = whole(plan);
                let other = &self.verdicts[first_of_replicate + *first];
                let (own, other) = (rejected(&verdict, whole), rejected(other, whole));
                for (d, (own, other)) in differences.iter_mut().zip(own.into_iter().zip(other)) {
                    d.add(own - other);
                }
            }
        }
    }

    /// Verdicts of the batch added last: of each replicate, one a family.
    pub(super) fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// Whether another's counts are of as many families.
    pub(super) fn matches(&self, other: &Self) -> bool {
        let pairs = |f: &Self| f.paired.iter().map(|p| p.map(|(first, _)| first)).collect::<Vec<_>>();
        self.counts.len() == other.counts.len() && pairs(self) == pairs(other)
    }

    /// Adds the counts of other replicates.
    pub(super) fn absorb(&mut self, other: &Self) {
        // all fields by name: one that is added must be merged
        let Self { counts, paired, verdicts: _, scratch: _ } = other;
        for (own, counts) in self.counts.iter_mut().zip(counts) {
            for (verdict, count) in counts {
                *own.entry(*verdict).or_default() += count;
            }
        }
        for (own, pair) in self.paired.iter_mut().flatten().zip(paired.iter().flatten()) {
            for (d, other) in own.1.iter_mut().zip(pair.1) {
                d.sum += other.sum;
                d.squares += other.squares;
            }
        }
    }

    /// What the families are worth; `nulls` has an entry an analysis.
    pub(super) fn results(&self, scenario: &Scenario, nulls: &[Null], replicates: u64) -> Vec<Family> {
        let one = |(k, plan): (usize, &FamilyPlan)| Family {
            more: self.paired[k].map(|(first, differences)| {
                let [any, all, rejections] = differences.map(|d| d.figure(replicates));
                More { than: scenario.multiplicity[first].name.clone(), any, all, rejections }
            }),
            ..family(scenario, plan, &self.counts[k], nulls, replicates)
        };
        scenario.multiplicity.iter().enumerate().map(one).collect()
    }
}

fn family(
    scenario: &Scenario,
    plan: &FamilyPlan,
    counts: &BTreeMap<Verdict, u64>,
    nulls: &[Null],
    replicates: u64,
) -> Family {
    let count = |fits: &dyn Fn(&Verdict) -> bool| counts.iter().filter(|(v, _)| fits(v)).map(|(_, c)| c).sum::<u64>();
    let how_often = |fits: &dyn Fn(&Verdict) -> bool| share(count(fits), replicates.max(1));
    let whole = whole(plan);
    let hypotheses = plan.hypotheses.iter().enumerate().map(|(j, &h)| {
        let bit = 1 << j;
        let null = nulls[h];
        Hypothesis {
            analysis: scenario.analyses[h].name.clone(),
            label: scenario.analyses[h].label.clone(),
            power: how_often(&|v| v.favour & bit != 0),
            against: how_often(&|v| v.rejected & !v.favour & bit != 0),
            alone: plan.graph.is_none().then(|| how_often(&|v| v.alone & bit != 0)),
            null: match null.holds {
                Some(true) => "true",
                Some(false) => "false",
                None => "unknown",
            },
            null_by: null.by,
            null_contradicted: null.contradicted,
            missing: count(&|v| v.missing & bit != 0),
        }
    });
    let known: Option<Vec<bool>> = plan.hypotheses.iter().map(|&h| nulls[h].holds).collect();
    let set = |known: Vec<bool>| known.iter().enumerate().map(|(j, &holds)| u64::from(holds) << j).sum::<u64>();
    Family {
        name: plan.name.clone(),
        label: plan.label.clone(),
        procedure: plan.procedure_name,
        positive_dependence: plan.procedure.holds_for() == Dependence::Positive,
        alpha: plan.alpha,
        sides: plan.sides,
        hypotheses: hypotheses.collect(),
        any: how_often(&|v| v.favour != 0),
        all: how_often(&|v| v.favour == whole),
        rejections: rejections(counts, replicates),
        more: None,
        familywise_error: known
            .map(set)
            .filter(|nulls| *nulls != 0)
            .map(|nulls| how_often(&|v| v.rejected & nulls != 0)),
        sets: sets(scenario, plan, counts, replicates),
    }
}

/// Mean number of hypotheses rejected in favour.
fn rejections(counts: &BTreeMap<Verdict, u64>, replicates: u64) -> Figure {
    let sum =
        |power: u32| counts.iter().map(|(v, &c)| c as f64 * f64::from(v.favour.count_ones().pow(power))).sum::<f64>();
    mean(sum(1), sum(2), replicates)
}

/// How often each set is what is rejected in favour.
fn sets(scenario: &Scenario, plan: &FamilyPlan, counts: &BTreeMap<Verdict, u64>, replicates: u64) -> Vec<RejectedSet> {
    let mut sets: BTreeMap<u64, u64> = BTreeMap::new();
    for (v, c) in counts {
        *sets.entry(v.favour).or_default() += c;
    }
    let mut sets: Vec<(u64, u64)> = sets.into_iter().collect();
    sets.sort_by_key(|&(set, c)| (std::cmp::Reverse(c), set));
    sets.truncate(MOST_SETS);
    let analyses = |set: u64| {
        let members = plan.hypotheses.iter().enumerate().filter(|(j, _)| set >> j & 1 == 1);
        members.map(|(_, &h)| scenario.analyses[h].name.clone()).collect()
    };
    sets.iter().map(|&(set, c)| RejectedSet { analyses: analyses(set), share: share(c, replicates.max(1)) }).collect()
}

/// Counts as they are written down: each verdict with how often it was reached.
mod listed {
    use super::{BTreeMap, Deserialize, Deserializer, Serialize, Serializer, Verdict};

    type Counts = Vec<BTreeMap<Verdict, u64>>;

    pub(super) fn serialize<S: Serializer>(counts: &Counts, to: S) -> Result<S::Ok, S::Error> {
        counts.iter().map(|family| family.iter().collect()).collect::<Vec<Vec<(&Verdict, &u64)>>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Counts, D::Error> {
        let listed = Vec::<Vec<(Verdict, u64)>>::deserialize(from)?;
        Ok(listed.into_iter().map(|family| family.into_iter().collect()).collect())
    }
}
