//! What is kept of one analysis while replicates are folded.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use crate::analysis::{Decision, Status};
use crate::engine::RowRecord;
use crate::math::exact::ExactSum;

/// What is kept of one analysis while replicates are folded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Accumulator {
    /// Replicates in which the method had an answer.
    pub(super) answered: u64,
    pub(super) estimate: Moments,
    pub(super) variance: Moments,
    /// Estimate minus the replicate's own target, complete and as seen.
    pub(super) pair: [Moments; 2],
    /// Intervals that contain the replicate's own complete target.
    pub(super) covered: u64,
    pub(super) target: [Moments; 2],
    /// How many of the targets are of truth-only replicates.
    pub(super) extra: [u64; 2],
    pub(super) sums: [[[ExactSum; 4]; 2]; 2],
    pub(super) favour: u64,
    pub(super) against: u64,
    pub(super) beats: u64,
    pub(super) smallest: Option<f64>,
    pub(super) parts: [ExactSum; 8],
    pub(super) patients: u64,
    pub(super) events: u64,
    pub(super) failed_resamples: u64,
    /// Reasons in the order in which they first showed: how many replicates, and the first.
    pub(super) failures: Vec<(Status, u64, u64)>,
}

impl Accumulator {
    /// Monte Carlo standard error of the mean estimate minus the pooled target: see the head of [`crate::summary`].
    pub(super) fn bias_mcse(&self, seen: usize) -> f64 {
        let pair = &self.pair[seen];
        let all = self.target[seen].count;
        if self.extra[seen] == 0 || all == 0 {
            return pair.mcse();
        }
        let shared = (all - self.extra[seen]) as f64 / all as f64;
        let variance = (1.0 - shared) * self.estimate.sd().powi(2) + shared * pair.sd().powi(2);
        (variance / pair.count as f64).sqrt()
    }

    /// Adds what later replicates gave.
    pub(super) fn absorb(&mut self, later: &Self) {
        // all fields by name: one that is added must be merged
        let Self {
            answered,
            estimate,
            variance,
            pair,
            covered,
            target,
            extra,
            sums,
            favour,
            against,
            beats,
            smallest,
            parts,
            patients,
            events,
            failed_resamples,
            failures,
        } = later;
        self.answered += answered;
        self.covered += covered;
        self.estimate.absorb(estimate);
        self.variance.absorb(variance);
        for seen in 0..2 {
            self.pair[seen].absorb(&pair[seen]);
            self.target[seen].absorb(&target[seen]);
            self.extra[seen] += extra[seen];
        }
        for (total, x) in self.sums.iter_mut().flatten().flatten().zip(sums.iter().flatten().flatten()) {
            total.absorb(x);
        }
        self.favour += favour;
        self.against += against;
        self.beats += beats;
        self.smallest = [self.smallest, *smallest].into_iter().flatten().min_by(f64::total_cmp);
        for (total, x) in self.parts.iter_mut().zip(parts) {
            total.absorb(x);
        }
        self.patients += patients;
        self.events += events;
        self.failed_resamples += failed_resamples;
        for failure in failures {
            match self.failures.iter_mut().find(|f| f.0 == failure.0) {
                Some(f) => f.1 += failure.1,
                None => self.failures.push(*failure),
            }
        }
    }

    /// Adds a replicate's own target.
    pub(super) fn add_target(&mut self, row: &RowRecord) {
        for seen in 0..2 {
            if row.target[seen].is_finite() {
                self.target[seen].add(row.target[seen]);
            }
            for g in 0..2 {
                for (total, x) in self.sums[seen][g].iter_mut().zip(row.sums[seen][g]) {
                    total.add(x);
                }
            }
        }
    }

    pub(super) fn add(&mut self, row: &RowRecord, rule: &(f64, bool, f64, Option<f64>, f64), replicate: u64) {
        let &(tail, two_sided, null, relevant, orientation) = rule;
        let e = &row.estimate;
        self.patients += u64::from(e.n);
        self.events += u64::from(e.events);
        self.failed_resamples += u64::from(row.failed_resamples);
        self.add_target(row);
        if e.status != Status::Estimated {
            match self.failures.iter_mut().find(|f| f.0 == e.status) {
                Some(f) => f.1 += 1,
                None => self.failures.push((e.status, 1, replicate)),
            }
            return;
        }
        self.answered += 1;
        // tests without an estimate have z and p alone
        let estimates = e.estimate.is_finite();
        if estimates {
            self.estimate.add(e.estimate);
            self.variance.add(e.se * e.se);
            for seen in 0..2 {
                if row.target[seen].is_finite() {
                    self.pair[seen].add(e.estimate - row.target[seen]);
                }
            }
            self.covered += u64::from(e.lower <= row.target[0] && row.target[0] <= e.upper);
        }
        for (total, x) in self.parts.iter_mut().zip(e.parts) {
            total.add(x);
        }
        match row.decision(tail, two_sided) {
            Decision::Favour => {
                self.favour += 1;
                if estimates {
                    let distance = orientation * (e.estimate - null);
                    self.smallest = Some(self.smallest.map_or(distance, |s: f64| s.min(distance)));
                }
            }
            Decision::Against => self.against += 1,
            Decision::Neither => {}
        }
        if let Some(value) = relevant {
            self.beats += u64::from(orientation * (e.estimate - value) > 0.0);
        }
    }
}
