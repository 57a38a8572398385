//! What interim looks and their rules did.

mod worth;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::moments::{Moments, finite};
use crate::engine::TrialRecord;
use crate::monitoring::{Crossed, Held};
use crate::protocol::Protocol;
use crate::result::looks as result;
use crate::run::Batch;
use crate::scenario::Scenario;

/// Months are counted in tenths.
const TENTHS: f64 = 10.0;
/// Probabilities of the quantiles reported.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// What is kept of all looks while replicates are folded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Looks {
    looks: Vec<LookSums>,
    /// Rule after rule, each look and the end.
    rules: Vec<Vec<RuleSums>>,
    adjusted: Vec<Adjusted>,
    /// Trials that stop after each look, and that reach their end.
    stops: Vec<u64>,
    patients: Spread,
    months: Spread,
    spared: Moments,
    added: Moments,
    /// Events of each rule's analysis at the end of the trial.
    events: Vec<Spread>,
    /// Trials that reach their end without the events that end them.
    short: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct LookSums {
    held: u64,
    late: u64,
    overtaken: u64,
    date: Moments,
    enrolled: Moments,
    more_patients: Moments,
    /// Reviews of the sample size: what is planned from then on, and how often it is more, and the most.
    reviewed: Moments,
    larger: u64,
    most: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct RuleSums {
    seen: u64,
    efficacy: u64,
    harm: u64,
    futility: u64,
    failed: u64,
    share: Moments,
    /// Events, patients or 1/SE².
    information: Moments,
    bounds: [Moments; 2],
    /// Estimate at the bound for rejection.
    effect: Moments,
    patients: Moments,
    events: Moments,
    more_events: Moments,
    /// Estimates of the trials that ended here.
    ended: Moments,
    /// Statistics where nothing stops, and their products with that at the end.
    free: [Moments; 2],
    products: Moments,
}

/// Estimates adjusted for stopping.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Adjusted {
    estimate: Moments,
    /// Minus the replicate's own true value and limit.
    pair: [Moments; 2],
}

/// How a number is distributed over trials.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Spread {
    moments: Moments,
    /// How often each value, on its grid.
    counts: BTreeMap<i64, u64>,
}

impl Spread {
    fn add(&mut self, x: f64, grid: f64) {
        if x.is_finite() {
            self.moments.add(x);
            *self.counts.entry((x * grid).round() as i64).or_insert(0) += 1;
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.moments.absorb(&other.moments);
        for (value, count) in &other.counts {
            *self.counts.entry(*value).or_insert(0) += count;
        }
    }

    /// Quantiles of type 1: the smallest value that a share p of the trials do not exceed.
    fn figures(&self, grid: f64) -> Option<result::Spread> {
        let all = self.moments.count;
        let at = |p: f64| {
            let wanted = ((p * all as f64).ceil() as u64).max(1);
            let mut below = 0;
            let found = self.counts.iter().find(|(_, count)| {
                below += **count;
                below >= wanted
            });
            found.map(|(value, _)| crate::result::Quantile { p, value: *value as f64 / grid })
        };
        Some(result::Spread {
            mean: self.moments.figure()?,
            sd: finite(self.moments.sd()),
            quantiles: QUANTILES.iter().filter_map(|&p| at(p)).collect(),
        })
    }
}

impl Looks {
    /// None where the trial is looked at only at its end.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let looks = scenario.looks.len();
        (looks > 0).then(|| Self {
            looks: vec![LookSums::default(); looks],
            rules: vec![vec![RuleSums::default(); looks + 1]; scenario.rules.len()],
            adjusted: vec![Adjusted::default(); scenario.rules.len()],
            stops: vec![0; looks + 1],
            events: vec![Spread::default(); scenario.rules.len()],
            ..Self::default()
        })
    }

    /// Adds replicate `k` of a batch.
    pub(super) fn add(&mut self, protocol: &Protocol<'_>, batch: &Batch, k: usize, planned: usize) {
        let trial: &TrialRecord = &batch.trials[k];
        let looks = self.looks.len();
        let last = trial.stop.map_or(looks, usize::from);
        self.stops[last] += 1;
        self.patients.add(f64::from(trial.enrolled), 1.0);
        self.months.add(trial.end, TENTHS);
        self.short += u64::from(trial.stop.is_none() && trial.short);
        self.spared.add(f64::from(trial.recruited.saturating_sub(trial.enrolled)));
        self.added.add((trial.recruited as usize).saturating_sub(planned) as f64);
        let mut size = [planned as u32, protocol.scenario.cut.events.map_or(0, |c| c.0)];
        for (place, (sums, look)) in self.looks.iter_mut().zip(&batch.looks[k * looks..]).enumerate() {
            if let Some(plan) = protocol.scenario.reestimations.iter().find(|r| r.look == place)
                && look.reviewed > 0
            {
                let longer = plan.extends_follow_up();
                let size = &mut size[usize::from(plan.adds_events())];
                let before = if longer { 1 } else { *size };
                sums.reviewed.add(f64::from(look.reviewed));
                sums.larger += u64::from(look.reviewed > before);
                sums.most += u64::from(look.reviewed >= plan.most);
                if !longer {
                    *size = look.reviewed;
                }
            }
            match look.held {
                Held::Never => {}
                Held::Late => sums.late += 1,
                Held::Overtaken => sums.overtaken += 1,
                Held::Yes => {
                    sums.held += 1;
                    sums.date.add(look.date);
                    sums.enrolled.add(f64::from(look.enrolled));
                    sums.more_patients.add(f64::from(look.more_patients));
                }
            }
        }
        let analyses = protocol.scenario.analyses.len();
        let rows = &batch.rows[k * analyses..(k + 1) * analyses];
        let all = self.rules.len() * (looks + 1);
        let marks = &batch.marks[k * all..(k + 1) * all];
        for (r, (sums, plan)) in self.rules.iter_mut().zip(&protocol.scenario.rules).enumerate() {
            let marks = &marks[r * (looks + 1)..(r + 1) * (looks + 1)];
            let row = &rows[plan.analysis];
            self.events[r].add(f64::from(row.estimate.events), 1.0);
            let (orientation, null) =
                (protocol.analyses[plan.analysis].orientation, protocol.analyses[plan.analysis].rule.null);
            let end = marks[looks].free;
            for (place, (sums, mark)) in sums.iter_mut().zip(marks).enumerate() {
                if mark.free.is_finite() && end.is_finite() {
                    sums.free[0].add(mark.free);
                    sums.free[1].add(end);
                    sums.products.add(mark.free * end);
                }
                match mark.crossed {
                    Crossed::Unseen => continue,
                    Crossed::Neither => {}
                    Crossed::Efficacy => sums.efficacy += 1,
                    Crossed::Harm => sums.harm += 1,
                    Crossed::Futility => sums.futility += 1,
                    Crossed::Failed => sums.failed += 1,
                }
                sums.seen += 1;
                let finite = |moments: &mut Moments, x: f64| {
                    if x.is_finite() {
                        moments.add(x);
                    }
                };
                finite(&mut sums.share, mark.share);
                finite(&mut sums.information, mark.information);
                finite(&mut sums.bounds[0], mark.bounds[0]);
                finite(&mut sums.bounds[1], mark.bounds[1]);
                finite(&mut sums.effect, null + orientation * mark.bounds[1] * mark.se);
                sums.patients.add(f64::from(mark.patients));
                sums.events.add(f64::from(mark.events));
                if place == last {
                    finite(&mut sums.ended, mark.estimate);
                    sums.more_events.add(f64::from(mark.more_events));
                }
                if mark.adjusted[1].is_finite() {
                    let adjusted = &mut self.adjusted[r];
                    adjusted.estimate.add(mark.adjusted[1]);
                    for (pair, target) in adjusted.pair.iter_mut().zip(row.target) {
                        finite(pair, mark.adjusted[1] - target);
                    }
                }
            }
        }
    }

    pub(super) fn matches(&self, other: &Self) -> bool {
        self.looks.len() == other.looks.len() && self.rules.len() == other.rules.len()
    }

    /// Adds what later replicates gave.
    pub(super) fn absorb(&mut self, later: &Self) {
        // all fields by name: one that is added must be merged
        let Self { looks, rules, adjusted, stops, patients, months, spared, added, events, short } = later;
        self.added.absorb(added);
        self.events.iter_mut().zip(events).for_each(|(a, b)| a.absorb(b));
        self.short += short;
        for (a, b) in self.looks.iter_mut().zip(looks) {
            let LookSums { held, late, overtaken, date, enrolled, more_patients, reviewed, larger, most } = b;
            a.reviewed.absorb(reviewed);
            a.larger += larger;
            a.most += most;
            a.held += held;
            a.late += late;
            a.overtaken += overtaken;
            a.date.absorb(date);
            a.enrolled.absorb(enrolled);
            a.more_patients.absorb(more_patients);
        }
        for (a, b) in self.rules.iter_mut().flatten().zip(rules.iter().flatten()) {
            a.absorb(b);
        }
        for (a, b) in self.adjusted.iter_mut().zip(adjusted) {
            let Adjusted { estimate, pair } = b;
            a.estimate.absorb(estimate);
            a.pair.iter_mut().zip(pair).for_each(|(a, b)| a.absorb(b));
        }
        for (a, b) in self.stops.iter_mut().zip(stops) {
            *a += b;
        }
        self.patients.absorb(patients);
        self.months.absorb(months);
        self.spared.absorb(spared);
    }
}

impl RuleSums {
    fn absorb(&mut self, later: &Self) {
        let Self {
            seen,
            efficacy,
            harm,
            futility,
            failed,
            share,
            information,
            bounds,
            effect,
            patients,
            events,
            more_events,
            ended,
            free,
            products,
        } = later;
        self.seen += seen;
        self.efficacy += efficacy;
        self.harm += harm;
        self.futility += futility;
        self.failed += failed;
        self.share.absorb(share);
        self.information.absorb(information);
        self.effect.absorb(effect);
        self.patients.absorb(patients);
        self.events.absorb(events);
        self.more_events.absorb(more_events);
        self.ended.absorb(ended);
        self.products.absorb(products);
        self.bounds.iter_mut().zip(bounds).for_each(|(a, b)| a.absorb(b));
        self.free.iter_mut().zip(free).for_each(|(a, b)| a.absorb(b));
    }
}
