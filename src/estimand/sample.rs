//! The same targets on the potential outcomes of one replicate: each patient stands once in either arm, with a weight.

use super::table::{hazard_ratio, peto};
use super::{Sums, Target};
use crate::analysis::time_order::{Sorted, at_each_time};

/// Follow-up of both arms' potential outcomes, an entry a row.
#[derive(Clone, Copy, Debug)]
pub struct FollowUp<'a> {
    /// 1 experimental, 0 control.
    pub arm: &'a [u8],
    /// Time of the end of follow-up.
    pub time: &'a [f64],
    /// 1 where it ended in the event.
    pub event: &'a [u8],
    /// 1 where it ended in a competing event; empty where there is none.
    pub competing: &'a [u8],
    /// The patient's weight.
    pub weight: &'a [f64],
}

/// Memory that the targets of one replicate reuse.
#[derive(Debug, Default)]
pub struct Sample {
    /// The order of the last times, which several targets share.
    pub sorted: Sorted,
    order: Vec<u32>,
    sets: Vec<[f64; 4]>,
}

impl Sample {
    /// The value of a target of follow-up times; NaN where it does not exist. `share` are the arms' shares of patients (control,
    /// experimental), which matter where hazards are not proportional.
    #[must_use]
    pub fn value(&mut self, target: Target, rows: &FollowUp<'_>, share: [f64; 2]) -> f64 {
        match target {
            Target::Hazard | Target::Subdistribution | Target::Peto => {
                self.risk_sets(rows, share);
                if target == Target::Peto { peto(&self.sets) } else { hazard_ratio(&self.sets) }
            }
            Target::Survival(at) => self.difference(rows, at, |c| c.survival),
            Target::RestrictedMean(at) => self.difference(rows, at, |c| c.area),
            Target::Incidence(at) => self.difference(rows, at, |c| c.incidence),
            _ => f64::NAN,
        }
    }

    /// Sorts the rows with times up to `until`; gives the arms' total weights.
    fn sort(&mut self, rows: &FollowUp<'_>, until: f64) -> [f64; 2] {
        self.sorted.rows(rows.time, |_, t| t <= until, &mut self.order);
        let mut total = [0.0; 2];
        for (&arm, &w) in rows.arm.iter().zip(rows.weight) {
            total[usize::from(arm)] += w;
        }
        total
    }

    /// (d₀, d₁, Y₀, Y₁) at each time of an event.
    fn risk_sets(&mut self, rows: &FollowUp<'_>, share: [f64; 2]) {
        let total = self.sort(rows, f64::INFINITY);
        let scale = [0, 1].map(|a: usize| if total[a] > 0.0 { share[a] / total[a] } else { 0.0 });
        let mut at_risk = total;
        self.sets.clear();
        for group in at_each_time(&self.order, rows.time) {
            let (mut had, mut left) = ([0.0; 2], [0.0; 2]);
            for &row in group {
                let row = row as usize;
                let (a, w) = (usize::from(rows.arm[row]), rows.weight[row]);
                had[a] += w * f64::from(rows.event[row]);
                left[a] += w;
            }
            if had != [0.0; 2] {
                let [d0, d1] = [0, 1].map(|a: usize| scale[a] * had[a]);
                let [y0, y1] = [0, 1].map(|a: usize| scale[a] * at_risk[a]);
                self.sets.push([d0, d1, y0, y1]);
            }
            for a in 0..2 {
                at_risk[a] -= left[a];
            }
        }
    }

    fn difference(&mut self, rows: &FollowUp<'_>, at: f64, of: impl Fn(&Curve) -> f64) -> f64 {
        let total = self.sort(rows, at);
        let mut curves =
            total.map(|at_risk| Curve { at_risk, free: 1.0, survival: 1.0, incidence: 0.0, area: 0.0, month: 0.0 });
        for group in at_each_time(&self.order, rows.time) {
            let (mut had, mut competing, mut left) = ([0.0; 2], [0.0; 2], [0.0; 2]);
            for &row in group {
                let row = row as usize;
                let (a, w) = (usize::from(rows.arm[row]), rows.weight[row]);
                had[a] += w * f64::from(rows.event[row]);
                competing[a] += w * f64::from(rows.competing.get(row).copied().unwrap_or(0));
                left[a] += w;
            }
            let month = rows.time[group[0] as usize];
            for (a, curve) in curves.iter_mut().enumerate() {
                curve.step(month, had[a], competing[a], left[a]);
            }
        }
        for curve in &mut curves {
            curve.step(at, 0.0, 0.0, 0.0);
        }
        of(&curves[1]) - of(&curves[0])
    }
}

/// The curves of one arm up to a month.
struct Curve {
    at_risk: f64,
    /// Free of the event and of competing ones.
    free: f64,
    /// Free of the event, competing ones censored.
    survival: f64,
    incidence: f64,
    /// Integral of `survival`.
    area: f64,
    month: f64,
}

impl Curve {
    fn step(&mut self, month: f64, had: f64, competing: f64, left: f64) {
        self.area += (month - self.month) * self.survival;
        self.month = month;
        if self.at_risk > 0.0 && had + competing > 0.0 {
            self.incidence += self.free * had / self.at_risk;
            self.free *= (1.0 - (had + competing) / self.at_risk).max(0.0);
            self.survival *= (1.0 - had / self.at_risk).max(0.0);
        }
        self.at_risk -= left;
    }
}

/// Weighted sums of a response: Σ w y and Σ w of the experimental and of the control arm.
#[must_use]
pub fn sums(arm: &[u8], response: impl Iterator<Item = f64>, weight: &[f64]) -> Sums {
    let mut sums = [0.0; 4];
    for ((&arm, y), &w) in arm.iter().zip(response).zip(weight) {
        let at = if arm == 1 { 0 } else { 2 };
        sums[at] += w * y;
        sums[at + 1] += w;
    }
    sums
}
