//! What true values and limits pool over replicates.

use serde::{Deserialize, Serialize};

use crate::estimand::{Table, Target, Tilt};
use crate::protocol::{MeasurePlan, Protocol};
use crate::scenario::AnalysisPlan;

use super::truth::target;

/// Counts pooled over the replicates of one worker, by analysis, complete or as seen, and group of an interaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tables {
    pub(super) rows: Vec<[[Table; 2]; 2]>,
    /// The first analysis that asks the same question: its tables serve for all.
    same_as: Vec<usize>,
    /// True probability of each arm, summed over patients, in units of [`crate::estimand::UNIT`]; zeros where arms are randomised.
    pub(super) arms: Vec<u64>,
    /// Patients, and sums of 1/(e(1 − e)), e(1 − e), e/(1 − e), (1 − e)/e of the second arm's true probability e where one of two arms is
    /// chosen, in units of [`crate::estimand::UNIT`].
    pub(super) choice: [u64; 5],
}

impl Tables {
    /// Empty tables for a protocol's analyses.
    #[must_use]
    pub fn new(protocol: &Protocol<'_>) -> Self {
        let same_as: Vec<usize> = protocol.analyses.iter().map(|a| a.same_as).collect();
        let rows = protocol.scenario.analyses.iter().enumerate().map(|(number, a)| {
            let levels = match &protocol.endpoints[a.endpoint] {
                Some(MeasurePlan::Category(value, _)) => usize::from(value.levels),
                _ => 0,
            };
            let goal = if same_as[number] == number { target(a) } else { Target::Undefined };
            let table = |view: usize, group: usize| {
                let used = (view == 0 || protocol.incomplete) && (group == 0 || a.interaction.is_some());
                Table::new(if used { goal } else { Target::Undefined }, levels)
            };
            std::array::from_fn(|view| std::array::from_fn(|group| table(view, group)))
        });
        Self { rows: rows.collect(), same_as, arms: vec![0; protocol.scenario.arms.len()], choice: [0; 5] }
    }

    /// Adds another worker's counts.
    pub fn add(&mut self, other: &Self) {
        for (a, b) in self.rows.iter_mut().flatten().flatten().zip(other.rows.iter().flatten().flatten()) {
            a.add(b);
        }
        for (a, b) in self.arms.iter_mut().zip(&other.arms) {
            *a += b;
        }
        for (a, b) in self.choice.iter_mut().zip(other.choice) {
            *a = a.saturating_add(b);
        }
    }

    /// Whether another's counts are of the same questions.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let tables = |t: &Self| t.rows.iter().flatten().flatten().map(Table::shape).collect::<Vec<_>>();
        self.same_as == other.same_as && self.arms.len() == other.arms.len() && tables(self) == tables(other)
    }

    /// Forgets all counts.
    pub fn clear(&mut self) {
        self.rows.iter_mut().flatten().flatten().for_each(Table::clear);
        self.arms.fill(0);
        self.choice = [0; 5];
    }

    /// Table of analysis `a`, complete (0) or as seen (1), of a group.
    #[must_use]
    pub fn of(&self, a: usize, view: usize, group: usize) -> &Table {
        &self.rows[self.same_as[a]][view][group]
    }

    /// Variance of a weighted log hazard ratio times the number of events, where hazards are equal and events tell nothing of the true
    /// score e of the treated: E\[1/(e(1 − e))\] for weights to everyone, 1/E\[e(1 − e)\] to the overlap, E\[e/(1 − e)\]/E\[e\]² to the treated;
    /// 4 where e = ½. None where arms are randomised, or more than two, or patients matched.
    #[must_use]
    pub fn weighted_variance(&self, plan: &AnalysisPlan, treated: usize) -> Option<f64> {
        let [patients, everyone, overlap, odds, inverse] = self.choice.map(|sum| sum as f64);
        if patients == 0.0 || self.arms.len() != 2 {
            return None;
        }
        match plan.method.tilt() {
            Tilt::Everyone => Some(everyone / patients),
            Tilt::Overlap => Some(patients / overlap),
            Tilt::Treated => {
                let odds = if treated == 1 { odds } else { inverse };
                let share = self.arms[treated] as f64 / patients;
                Some(odds / patients / (share * share))
            }
            Tilt::Matched => None,
        }
    }

    /// Shares of the control and of the experimental arm among the patients of both.
    #[must_use]
    pub fn shares(&self, protocol: &Protocol<'_>, plan: &AnalysisPlan) -> [f64; 2] {
        let size = |arm: usize| match self.arms[arm] {
            0 => f64::from(protocol.scenario.arms[arm].ratio),
            sum => sum as f64,
        };
        let [e, c] = plan.arms.map(size);
        arm_shares(plan, c / (c + e))
    }
}

/// Shares of the arms behind a method's hazards, where that of the control arm's patients is `control`: weights for the effect in a
/// tilted population give both arms the same total.
pub(super) fn arm_shares(plan: &AnalysisPlan, control: f64) -> [f64; 2] {
    if plan.method.levels_arms() { [0.5, 0.5] } else { [control, 1.0 - control] }
}
