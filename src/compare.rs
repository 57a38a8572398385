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
use crate::summary::{LookBack, Summary};

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

/// The share of replicates that one decides for minus that of another, by the pairs of replicates. The interval is the adjusted Wald
/// interval, d ± z √((a + b − d²)/(n + 2)) with a and b the shares (count + 1)/(n + 2) of the pairs that only one decides for and d = a − b:
/// designs that nearly always agree leave few such pairs, or none, and a difference of 0 is not known for certain.
///
/// Source: Bonett DG, Price RM. Adjusted Wald confidence interval for a difference of binomial proportions based on paired data. Journal of
/// Educational and Behavioral Statistics 2012;37:479.
#[must_use]
pub fn difference(one: &[u8], other: &[u8]) -> Difference {
    let n = one.len().min(other.len());
    let count = |x: u8, y: u8| one.iter().zip(other).filter(|&(&a, &b)| (a, b) == (x, y)).count() as f64;
    let only = [count(1, 0), count(0, 1)];
    let estimate = (only[0] - only[1]) / n as f64;
    let [a, b] = only.map(|k| (k + 1.0) / (n as f64 + 2.0));
    let (middle, spread) = (a - b, (a + b - (a - b) * (a - b)) / (n as f64 + 2.0));
    const Z: f64 = 1.959_963_984_540_054;
    let mcse = spread.sqrt();
    let interval = [(middle - Z * mcse).max(-1.0), (middle + Z * mcse).min(1.0)];
    Difference {
        estimate,
        mcse: (n > 1).then_some(mcse),
        interval,
        agreeing: (n as f64 - only[0] - only[1]) / n.max(1) as f64,
        verdict: match () {
            () if n > 1 && interval[0] > 0.0 => "more power",
            () if n > 1 && interval[1] < 0.0 => "less power",
            () => "not beyond Monte Carlo error",
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
