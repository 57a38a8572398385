//! Designs side by side, replicate by replicate: the same patients, so that differences are sharper than the designs themselves.
//!
//! Two designs share the noise of everything that has the same name in both. The difference of two powers is the mean of the
//! differences of the replicates' decisions, and its Monte Carlo error theirs: it is right whether or not they share noise, and small
//! where they do.

use crate::engine::Tables;
use crate::protocol::Protocol;
use crate::result::Design;
use crate::result::compare::{Cost, Difference, Row};
use crate::run::{Batch, Fold};
use crate::scenario::{Accrual, Costs, Measure, Scenario};
use crate::summary::{LookBack, Moments, Summary};

/// Folds one design: its summary, and whether each analysis rejected in favour, replicate by replicate.
#[derive(Debug)]
pub struct Paired<'p, 's> {
    protocol: &'p Protocol<'s>,
    summary: Summary,
    /// By analysis, a byte a replicate.
    favour: Vec<Vec<u8>>,
}

impl<'p, 's> Paired<'p, 's> {
    /// Nothing folded yet.
    #[must_use]
    pub fn new(protocol: &'p Protocol<'s>) -> Self {
        Self { protocol, summary: Summary::new(protocol), favour: vec![Vec::new(); protocol.analyses.len()] }
    }

    /// Replicates folded.
    #[must_use]
    pub fn replicates(&self) -> u64 {
        self.summary.replicates()
    }

    /// What the design is worth, without what is read back from disk (quantiles, coverage).
    ///
    /// # Errors
    /// None that can happen: nothing is read.
    pub fn design(&self, tables: &Tables) -> Result<Design, crate::Error> {
        self.summary.design(self.protocol, tables, &mut |_, _| Ok(LookBack::default()))
    }

    /// The rows of the analyses, in their order; `design` is that of [`Paired::design`].
    #[must_use]
    pub fn rows(&self, name: &str, design: &Design) -> Vec<Row> {
        let scenario = self.protocol.scenario;
        let months = design.enrolment.last_entry.map_or(0.0, |f| f.estimate);
        let follow_up = design.enrolment.follow_up;
        let duration = design.enrolment.complete;
        let patient_months = follow_up.map(|f| f.estimate * design.enrolment.enrolled.estimate);
        let row = |(a, analysis): (usize, &crate::result::Analysis)| {
            let plan = &scenario.analyses[a];
            let events = match scenario.endpoints[plan.endpoint].measure {
                Measure::Score { .. } | Measure::Ordinal { .. } | Measure::Hierarchical(_) => None,
                _ => Some(analysis.events),
            };
            Row {
                design: name.to_owned(),
                variant: scenario.variant.clone(),
                n: scenario.n,
                patients: design.monitoring.is_some().then_some(design.enrolment.enrolled),
                analysis: analysis.name.clone(),
                label: analysis.label.clone(),
                power: analysis.power.clone(),
                bias: analysis.estimate.bias.limit.or(analysis.estimate.bias.truth),
                failures: analysis.failures.total,
                events,
                enrolment_months: design.enrolment.last_entry,
                reached: design.enrolment.reached,
                duration,
                patient_months,
                ties: analysis.pairs.as_ref().map(|p| p.ties),
                cost: scenario
                    .costs
                    .map(|costs| cost(scenario, &costs, design, events, duration.map_or(months, |d| d.estimate))),
                difference: None,
            }
        };
        design.analyses.iter().enumerate().map(row).collect()
    }

    /// Power of an analysis minus that of another design's, by the pairs of replicates.
    #[must_use]
    pub fn difference(&self, a: usize, other: &Paired<'_, '_>, b: usize) -> Difference {
        difference(&self.favour[a], &other.favour[b])
    }

    /// Whether an analysis rejected in favour, replicate by replicate.
    #[must_use]
    pub fn favour(&self, a: usize) -> &[u8] {
        &self.favour[a]
    }

    /// What has been folded.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

/// The share of replicates that one decides for minus that of another, by the pairs of replicates.
#[must_use]
pub fn difference(one: &[u8], other: &[u8]) -> Difference {
    let (mut pairs, mut together) = (Moments::default(), 0_u64);
    for (x, y) in one.iter().zip(other) {
        pairs.add(f64::from(*x) - f64::from(*y));
        together += u64::from(x == y);
    }
    let (estimate, mcse) = (pairs.mean(), pairs.mcse());
    const Z: f64 = 1.959_963_984_540_054;
    Difference {
        estimate,
        mcse: Some(mcse).filter(|m| m.is_finite()),
        interval: [(estimate - Z * mcse).max(-1.0), (estimate + Z * mcse).min(1.0)],
        agreeing: together as f64 / one.len().max(1) as f64,
        verdict: match () {
            () if mcse.is_nan() || estimate.abs() <= Z * mcse => "not beyond Monte Carlo error",
            () if estimate > 0.0 => "more power",
            () => "less power",
        },
    }
}

impl Fold for Paired<'_, '_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), crate::Error> {
        self.summary.add(self.protocol, batch);
        let count = self.favour.len().max(1);
        for rows in batch.rows.chunks_exact(count) {
            for ((to, row), plan) in self.favour.iter_mut().zip(rows).zip(&self.protocol.analyses) {
                let decision = row.decision(plan.rule.tail(), plan.rule.sides == 2);
                to.push(u8::from(decision == crate::analysis::Decision::Favour));
            }
        }
        Ok(())
    }

    fn fold_truth(&mut self, batch: &Batch) {
        self.summary.add_truth(batch);
    }
}

/// Patients, months of open sites, and events, at their prices.
fn cost(scenario: &Scenario, costs: &Costs, design: &Design, events: Option<f64>, duration: f64) -> Cost {
    let site_months = match &scenario.enrolment.accrual {
        Accrual::Sites(sites) => sites.iter().map(|s| (duration - s.opens).max(0.0)).sum(),
        _ => 0.0,
    };
    let patients = costs.patient * design.enrolment.enrolled.estimate;
    let (sites, events) = (costs.site_month * site_months, costs.event * events.unwrap_or(0.0));
    Cost { patients, sites, events, total: patients + sites + events, efficient: false }
}

/// Marks the rows of the efficient frontier: those to which no other row of the same analysis is better in power or cost without being
/// worse in the other.
pub fn frontier(rows: &mut [Row]) {
    let points: Vec<(String, f64, Option<f64>)> =
        rows.iter().map(|r| (r.analysis.clone(), r.power.estimate, r.cost.as_ref().map(|c| c.total))).collect();
    for (i, row) in rows.iter_mut().enumerate() {
        let Some(cost) = &mut row.cost else { continue };
        let (name, power, total) = &points[i];
        let beaten = points.iter().any(|(other, p, c)| {
            other == name && c.is_some_and(|c| Some(c) <= *total && *p >= *power && (Some(c) < *total || p > power))
        });
        cost.efficient = !beaten;
    }
}
