//! From the rows of replicates to operating characteristics, each with its Monte Carlo standard error.
//!
//! Source: Morris TP, White IR, Crowther MJ. Using simulation studies to evaluate statistical methods. Statistics in Medicine
//! 2019;38:2074–2102, table 6. Rows are folded in replicate order; failures count as not rejecting and are reported.
//!
//! Bias is the mean ē of R estimates minus a true value T pooled over the same R replicates and N truth-only ones, each with its own
//! target τ: T = w τ̄ + (1 − w) τ̄′, w = R/(R + N). So Var(ē − T) = Var(e − wτ)/R + (1 − w)² Var(τ)/N; with
//! Var(e − wτ) = (1 − w) Var(e) + w Var(e − τ) − w(1 − w) Var(τ) and N = R(1 − w)/w the terms in Var(τ) cancel:
//! **Var(ē − T) = ((1 − w) Var(e) + w Var(e − τ))/R**. Without truth-only replicates it is that of the pairs, with very many that of the
//! estimates.

mod accumulator;
mod assurance;
mod describe;
mod families;
mod given;
mod looks;
mod moments;
mod row;

use serde::{Deserialize, Serialize};

use crate::analysis::Decision;
use crate::decision::Verdict;
use crate::engine::{RowRecord, Tables, target};
use crate::estimand;
use crate::protocol::Protocol;
use crate::random::Replicate;
use crate::result::{self, Design, Figure};
use crate::run::Batch;
use crate::scenario::{CalendarPlan, Per, Scenario, TrueValue};
use accumulator::Accumulator;
use assurance::Assurance;
pub use families::verdict;
use families::{Families, Null};
pub use given::{covered_given, try_covered_given};
use looks::Looks;
pub use moments::Moments;
use moments::{finite, share};

/// Folds batches into what a design is worth. Counts are whole numbers and sums exact: parts of a run, each folded and then absorbed in
/// the order of their replicates, give what one fold of all would.
#[derive(Debug, Serialize, Deserialize)]
pub struct Summary {
    rows: Vec<Accumulator>,
    #[serde(skip)]
    rules: Vec<(f64, bool, f64, Option<f64>, f64)>,
    families: Families,
    replicates: u64,
    truth_replicates: u64,
    screened: Moments,
    enrolled: Moments,
    reached: u64,
    last_entry: Moments,
    /// Of the trials that have one.
    cut: Moments,
    /// Months until the data are complete, of the trials whose end is known.
    complete: Moments,
    follow_up: Moments,
    /// Trials whose follow-up nothing limits.
    unlimited: u64,
    /// Months under observation over all patients, of the others.
    patient_months: Moments,
    in_time: Moments,
    site_full: u64,
    excluded: Vec<u64>,
    #[serde(skip)]
    n: usize,
    /// Whether replicates differ in their parameters: each is then held against its own true value.
    #[serde(skip)]
    varies: bool,
    assurance: Option<Assurance>,
    /// Patients who would be enrolled if no trial stopped before its end.
    recruited: Moments,
    looks: Option<Looks>,
}

impl Summary {
    /// An empty summary of a protocol.
    #[must_use]
    pub fn new(protocol: &Protocol<'_>) -> Self {
        let plans = protocol.scenario.analyses.iter().zip(&protocol.analyses);
        Self {
            rows: vec![Accumulator::default(); protocol.scenario.analyses.len()],
            rules: plans
                .map(|(a, r)| {
                    let null = if a.interaction.is_some() { 0.0 } else { r.rule.null };
                    (r.rule.tail(), a.sides == 2, null, a.relevant, r.orientation)
                })
                .collect(),
            families: Families::new(protocol.scenario),
            replicates: 0,
            truth_replicates: 0,
            screened: Moments::default(),
            enrolled: Moments::default(),
            reached: 0,
            last_entry: Moments::default(),
            cut: Moments::default(),
            complete: Moments::default(),
            follow_up: Moments::default(),
            unlimited: 0,
            patient_months: Moments::default(),
            in_time: Moments::default(),
            site_full: 0,
            excluded: vec![0; protocol.scenario.criteria.len()],
            n: protocol.scenario.n,
            varies: protocol.scenario.variables.iter().any(|v| v.per == Per::Replicate),
            recruited: Moments::default(),
            looks: Looks::new(protocol.scenario),
            assurance: (!protocol.priors.is_empty()).then(|| Assurance::new(protocol)),
        }
    }

    /// Replicates folded so far.
    #[must_use]
    pub fn replicates(&self) -> u64 {
        self.replicates
    }

    /// Replicates that rejected in favour in analysis `a`.
    #[must_use]
    pub fn favour(&self, a: usize) -> u64 {
        self.rows[a].favour
    }

    /// Mean number of patients enrolled.
    #[must_use]
    pub fn patients(&self) -> f64 {
        self.enrolled.mean()
    }

    /// Mean months under observation over all patients; none where some trials have no known end of follow-up.
    #[must_use]
    pub fn patient_months(&self) -> Option<f64> {
        self.patient_months.figure_of_all(self.replicates).map(|f| f.estimate)
    }

    /// Adds a batch.
    pub fn add(&mut self, protocol: &Protocol<'_>, batch: &Batch) {
        self.families.begin();
        for (k, trial) in batch.trials.iter().enumerate() {
            if let Some(looks) = &mut self.looks {
                looks.add(protocol, batch, k, self.n);
            }
            self.recruited.add(f64::from(trial.recruited));
            self.screened.add(f64::from(trial.screened));
            self.enrolled.add(f64::from(trial.enrolled));
            self.reached += u64::from(trial.enrolled >= trial.planned || trial.stop.is_some());
            self.last_entry.add(trial.last_entry);
            if trial.cut.is_finite() {
                self.cut.add(trial.cut);
            }
            let complete = if self.looks.is_none() && trial.cut.is_finite() { trial.cut } else { trial.end };
            if complete.is_finite() {
                self.complete.add(complete);
            }
            self.unlimited += u64::from(trial.follow_up == f64::INFINITY);
            // without patients there is no mean
            if trial.follow_up.is_finite() {
                self.follow_up.add(trial.follow_up);
                self.patient_months.add(trial.follow_up * f64::from(trial.enrolled));
            } else if trial.enrolled == 0 {
                self.patient_months.add(0.0);
            }
            self.site_full += u64::from(trial.site_full);
            if trial.enrolled > 0 {
                self.in_time.add(f64::from(trial.in_time) / f64::from(trial.enrolled));
            }
        }
        if !self.excluded.is_empty() {
            for counts in batch.funnel.chunks_exact(self.excluded.len()) {
                for (e, &c) in self.excluded.iter_mut().zip(counts) {
                    *e += u64::from(c);
                }
            }
        }
        if !self.rows.is_empty() {
            for (k, rows) in batch.rows.chunks_exact(self.rows.len()).enumerate() {
                for ((accumulator, row), rule) in self.rows.iter_mut().zip(rows).zip(&self.rules) {
                    accumulator.add(row, rule, batch.first + k as u64);
                }
                self.families.add(&protocol.scenario.multiplicity, rows);
                if let Some(assurance) = &mut self.assurance {
                    let favour = rows
                        .iter()
                        .zip(&self.rules)
                        .map(|(row, rule)| row.decision(rule.0, rule.1) == Decision::Favour);
                    assurance.add(&batch.drawn[k * assurance.priors()..][..assurance.priors()], favour);
                }
            }
        }
        self.replicates += batch.trials.len() as u64;
    }

    /// What the families of hypotheses decided in the batch added last: of each replicate, one verdict a family.
    #[must_use]
    pub fn verdicts(&self) -> &[Verdict] {
        self.families.verdicts()
    }

    /// Adds the targets of a batch of truth-only replicates.
    pub fn add_truth(&mut self, batch: &Batch) {
        if !self.rows.is_empty() {
            for rows in batch.rows.chunks_exact(self.rows.len()) {
                for (accumulator, row) in self.rows.iter_mut().zip(rows) {
                    accumulator.add_target(row);
                    for seen in 0..2 {
                        accumulator.extra[seen] += u64::from(row.target[seen].is_finite());
                    }
                }
            }
        }
        self.truth_replicates += batch.trials.len() as u64;
    }

    /// Adds what later replicates of the same design gave; false, and nothing added, where it is of another one.
    pub fn absorb(&mut self, later: &Self) -> bool {
        // all fields by name: one that is added must be merged
        let Self {
            rows,
            rules: _,
            families,
            replicates,
            truth_replicates,
            screened,
            enrolled,
            reached,
            last_entry,
            cut,
            complete,
            follow_up,
            unlimited,
            patient_months,
            in_time,
            site_full,
            excluded,
            n: _,
            varies: _,
            assurance,
            recruited,
            looks,
        } = later;
        let same = rows.len() == self.rows.len()
            && excluded.len() == self.excluded.len()
            && families.matches(&self.families)
            && match (assurance, &self.assurance) {
                (Some(later), Some(own)) => later.matches(own),
                (None, None) => true,
                _ => false,
            }
            && match (looks, &self.looks) {
                (Some(later), Some(own)) => later.matches(own),
                (None, None) => true,
                _ => false,
            };
        if !same {
            return false;
        }
        if let (Some(own), Some(later)) = (&mut self.looks, looks) {
            own.absorb(later);
        }
        self.recruited.absorb(recruited);
        self.families.absorb(families);
        if let (Some(own), Some(later)) = (&mut self.assurance, assurance) {
            own.absorb(later);
        }
        for (a, b) in self.rows.iter_mut().zip(rows) {
            a.absorb(b);
        }
        self.replicates += replicates;
        self.truth_replicates += truth_replicates;
        self.screened.absorb(screened);
        self.enrolled.absorb(enrolled);
        self.reached += reached;
        self.last_entry.absorb(last_entry);
        self.cut.absorb(cut);
        self.complete.absorb(complete);
        self.follow_up.absorb(follow_up);
        self.unlimited += unlimited;
        self.patient_months.absorb(patient_months);
        self.in_time.absorb(in_time);
        self.site_full += site_full;
        for (a, b) in self.excluded.iter_mut().zip(excluded) {
            *a += b;
        }
        true
    }

    /// Truth-only replicates folded so far.
    #[must_use]
    pub fn truth_replicates(&self) -> u64 {
        self.truth_replicates
    }

    /// What the true value of a replicate may depend on: the terms of a regression on the parameters that it drew. None where replicates do
    /// not differ.
    #[must_use]
    pub fn terms<'a>(&'a self, protocol: &'a Protocol<'_>) -> Option<impl Fn(Replicate) -> Vec<f64> + 'a> {
        let assurance = self.assurance.as_ref()?;
        Some(move |replicate| {
            let drawn: Vec<f64> = protocol.priors.iter().map(|p| p.value(replicate)).collect();
            let mut terms = Vec::new();
            assurance.terms_of(&drawn, &mut terms);
            terms
        })
    }

    /// True value and limit of an analysis, pooled.
    #[must_use]
    pub fn targets(&self, protocol: &Protocol<'_>, tables: &Tables, a: usize) -> [Option<f64>; 2] {
        let plan = &protocol.scenario.analyses[a];
        if self.varies {
            let own = [0, 1].map(|seen: usize| finite(self.rows[a].target[seen].mean()));
            return match plan.estimand {
                Some(TrueValue::Number(value)) => [Some(value), own[1]],
                _ => own,
            };
        }
        let goal = target(plan);
        let shares = tables.shares(protocol, plan);
        let mut both = [0, 1].map(|seen: usize| {
            if self.rows[a].target[seen].count == 0 {
                return None;
            }
            let group = |g: usize| {
                if estimand::uses_sums(goal) {
                    estimand::value_of_sums(goal, &self.rows[a].sums[seen][g].map(|s| s.value()))
                } else {
                    // where nothing can be lost the complete table serves for both
                    tables.of(a, if protocol.incomplete { seen } else { 0 }, g).value(goal, shares)
                }
            };
            let value = if plan.interaction.is_some() { group(0) - group(1) } else { group(0) };
            finite(value)
        });
        if let Some(TrueValue::Number(value)) = plan.estimand {
            both[0] = Some(value);
        }
        both
    }

    /// What the design is worth. `look_back` gives, for each analysis and its pooled true value and limit, the quantiles of the
    /// estimates and the shares of intervals that contain either.
    pub fn design(
        &self,
        protocol: &Protocol<'_>,
        tables: &Tables,
        look_back: &mut dyn FnMut(usize, [Option<f64>; 2]) -> Result<LookBack, crate::Error>,
    ) -> Result<Design, crate::Error> {
        let scenario = protocol.scenario;
        let mut analyses = Vec::new();
        let mut nulls = Vec::with_capacity(self.rows.len());
        let (mut all_targets, mut adjusted) = (Vec::new(), Vec::new());
        for a in 0..self.rows.len() {
            let targets = self.targets(protocol, tables, a);
            nulls.push(self.null(scenario, a, targets));
            let back = look_back(a, targets)?;
            all_targets.push(targets);
            adjusted.push(back.adjusted);
            analyses.push(self.analysis(protocol, tables, a, targets, back));
        }
        let trials = self.replicates.max(1) as f64;
        let mut reached = self.screened.mean() * trials;
        let criteria = scenario.criteria.iter().zip(&self.excluded).map(|(c, &excluded)| {
            let share = if reached > 0.0 { excluded as f64 / reached } else { 0.0 };
            reached -= excluded as f64;
            result::Excluded {
                name: c.name.clone(),
                label: c.label.clone(),
                kind: if c.inclusion { "inclusion" } else { "exclusion" },
                excluded: excluded as f64 / trials,
                share,
            }
        });
        let dated = protocol.arrivals.is_some();
        let monitoring = self.looks.as_ref().map(|l| l.result(protocol, &all_targets, &adjusted));
        let last_entry = if dated { self.last_entry.figure() } else { None };
        Ok(Design {
            variant: scenario.variant.clone(),
            n: scenario.n,
            replicates: self.replicates,
            truth_replicates: self.truth_replicates,
            parameters: scenario
                .parameters
                .iter()
                .map(|p| result::Parameter {
                    name: p.name.clone(),
                    value: finite(p.value),
                    prior: p.prior.clone(),
                    source: p.source.clone(),
                })
                .collect(),
            assurance: self.assurance.as_ref().map(|a| a.result(protocol)),
            analyses,
            precision: None,
            monitoring,
            multiplicity: self.families.results(scenario, &nulls, self.replicates),
            screening: result::Screening {
                criteria: criteria.collect(),
                screened: self.screened.figure().unwrap_or(Figure { estimate: 0.0, mcse: None }),
                acceptance: self.recruited.mean() / self.screened.mean(),
                site_full: self.site_full as f64 / trials,
            },
            enrolment: result::Enrolment {
                enrolled: self.enrolled.figure().unwrap_or(Figure { estimate: 0.0, mcse: None }),
                reached: share(self.reached, self.replicates.max(1)),
                last_entry,
                last_entry_date: scenario
                    .enrolment
                    .start
                    .as_deref()
                    .filter(|_| dated)
                    .and_then(|start| crate::calendar::date_after(start, self.last_entry.mean())),
                calendar: scenario.enrolment.plan.filter(|_| dated).map(|plan| self.calendar(scenario, plan)),
                cut: self.cut.figure_of_all(self.replicates),
                complete: self.complete.figure_of_all(self.replicates),
                follow_up: self.follow_up.figure().filter(|_| self.unlimited == 0),
            },
        })
    }

    /// Whether the null hypothesis of an analysis is true in this world.
    fn null(&self, scenario: &Scenario, a: usize, targets: [Option<f64>; 2]) -> Null {
        let plan = &scenario.analyses[a];
        let &(_, two_sided, null, _, orientation) = &self.rules[a];
        let judged = [("true value", 0), ("limit", 1)].into_iter().find_map(|(by, seen)| {
            let exact = seen == 0 && matches!(plan.estimand, Some(TrueValue::Number(_)));
            let mcse = if exact { 0.0 } else { self.rows[a].target[seen].mcse() };
            let value = targets[seen]?;
            let (benefit, two_sided) = match plan.equivalence {
                // inside the limits, by how much
                Some([low, high]) => ((value - low).min(high - value), false),
                None => (orientation * (value - null), two_sided),
            };
            // where a prior lets the true value vary, its mean says nothing of a replicate's own
            let told = |_: &bool| exact || !self.varies || mcse <= families::ROUNDING;
            Some((by, families::no_benefit(benefit, mcse, two_sided).filter(told)))
        });
        let (by, found) = judged.map_or((None, None), |(by, found)| (Some(by), found));
        match &scenario.nulls {
            Some(declared) => {
                let holds = declared.contains(&a);
                let contradicted = found.is_some_and(|found| found != holds);
                Null { holds: Some(holds), by: Some("declared"), contradicted }
            }
            None => Null { holds: found, by: by.filter(|_| found.is_some()), contradicted: false },
        }
    }

    /// What the calendar implies for the follow-up that is planned.
    fn calendar(&self, scenario: &Scenario, plan: CalendarPlan) -> result::Calendar {
        let shift = |f: Option<Figure>| f.map(|f| Figure { estimate: f.estimate + plan.follow_up, ..f });
        let date = |month: f64| {
            scenario.enrolment.start.as_deref().and_then(|start| crate::calendar::date_after(start, month))
        };
        let all_followed = shift(self.last_entry.figure());
        result::Calendar {
            planned_end: plan.end,
            planned_end_date: date(plan.end),
            follow_up: plan.follow_up,
            followed: self.in_time.figure(),
            all_followed,
            all_followed_date: all_followed.and_then(|f| date(f.estimate)),
        }
    }
}

/// What is read back of an analysis's estimates.
#[derive(Clone, Debug, Default)]
pub struct LookBack {
    /// Quantiles of the estimates.
    pub quantiles: Vec<result::Quantile>,
    /// Intervals that contain the true value, and the limit.
    pub covered: [Option<u64>; 2],
    /// Where replicates differ in their parameters: intervals that contain the true value given those, and the limit; and of how many.
    pub given: [[u64; 2]; 2],
    /// Of intervals adjusted for stopping, how many contain the true value, and the limit; and how many estimates lie below it.
    pub adjusted: [Option<[u64; 2]>; 2],
}

/// Rejection as [`Summary`] counts it: +1 in favour, −1 against, 0 neither.
#[must_use]
pub fn rejection(row: &RowRecord, tail: f64, two_sided: bool) -> i32 {
    match row.decision(tail, two_sided) {
        Decision::Favour => 1,
        Decision::Against => -1,
        Decision::Neither => 0,
    }
}
