//! Designs side by side, replicate by replicate: the same patients, so that differences are sharper than the designs themselves.
//!
//! Two designs share the noise of everything that has the same name in both. The difference of two powers is the mean of the
//! differences of the replicates' decisions, and its Monte Carlo error theirs: it is right whether or not they share noise, and small
//! where they do.

use crate::analysis::Decision;
use crate::engine::Tables;
use crate::protocol::Protocol;
use crate::result::compare::{Cost, Difference, Row};
use crate::result::multiplicity::{OfFamily, row_name};
use crate::result::{Design, Power};
use crate::run::{Batch, Fold};
use crate::scenario::{Accrual, Costs, Measure, Scenario};
use crate::summary::{LookBack, Summary};

/// Folds one design: its summary, and what each row decided, replicate by replicate.
#[derive(Debug)]
pub struct Paired<'p, 's> {
    protocol: &'p Protocol<'s>,
    summary: Summary,
    /// By row, its name and a byte a replicate: of the analyses whether each rejected in favour; of each family whether its procedure
    /// rejected each hypothesis in favour, whether any and whether all, and how many.
    followed: Vec<(String, Vec<u8>)>,
}

impl<'p, 's> Paired<'p, 's> {
    /// Nothing folded yet.
    #[must_use]
    pub fn new(protocol: &'p Protocol<'s>) -> Self {
        let scenario = protocol.scenario;
        let mut names: Vec<String> = scenario.analyses.iter().map(|a| a.name.clone()).collect();
        for f in &scenario.multiplicity {
            let of = |h: &usize| row_name(&f.name, "hypothesis", Some(&scenario.analyses[*h].name));
            names.extend(f.hypotheses.iter().map(of));
            names.extend(["any", "all", "rejections"].map(|figure| row_name(&f.name, figure, None)));
        }
        let followed = names.into_iter().map(|name| (name, Vec::new())).collect();
        Self { protocol, summary: Summary::new(protocol), followed }
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

    /// The rows of the analyses that are shown, and then of such families, in their order; `design` is that of [`Paired::design`].
    #[must_use]
    pub fn rows(&self, name: &str, design: &Design) -> Vec<Row> {
        let scenario = self.protocol.scenario;
        let months = design.enrolment.last_entry.map_or(0.0, |f| f.estimate);
        let duration = design.enrolment.complete;
        let cost = |events: Option<f64>| {
            let until = duration.map_or(months, |d| d.estimate);
            scenario.costs.map(|costs| cost(scenario, &costs, design, events, until))
        };
        // what the rows of a design have in common
        let common = Row {
            design: name.to_owned(),
            variant: scenario.variant.clone(),
            n: scenario.n,
            replicates: self.replicates(),
            patients: design.monitoring.is_some().then_some(design.enrolment.enrolled),
            analysis: String::new(),
            label: String::new(),
            power: None,
            bias: None,
            failures: 0,
            events: None,
            enrolment_months: design.enrolment.last_entry,
            reached: design.enrolment.reached,
            duration,
            patient_months: self.summary.patient_months(),
            ties: None,
            cost: None,
            difference: None,
            family: None,
            beside: None,
        };
        let row = |(a, analysis): (usize, &crate::result::Analysis)| {
            let plan = &scenario.analyses[a];
            let events = match scenario.endpoints[plan.endpoint].measure {
                Measure::Score { .. } | Measure::Ordinal { .. } | Measure::Hierarchical(_) => None,
                _ => Some(analysis.events),
            };
            Row {
                analysis: analysis.name.clone(),
                label: analysis.label.clone(),
                power: Some(analysis.power.clone()),
                bias: analysis.estimate.bias.limit.or(analysis.estimate.bias.truth),
                failures: analysis.failures.total,
                events,
                ties: analysis.pairs.as_ref().map(|p| p.ties),
                cost: cost(events),
                ..common.clone()
            }
        };
        let shown = |(a, _): &(usize, &crate::result::Analysis)| scenario.analyses[*a].shown;
        let mut rows: Vec<Row> = design.analyses.iter().enumerate().filter(shown).map(row).collect();
        // several endpoints have several numbers of events: there is a price where events have none
        let free = scenario.costs.is_some_and(|c| c.event == 0.0);
        let families = design.multiplicity.iter().zip(&scenario.multiplicity).filter(|(_, plan)| plan.shown);
        for of in families.flat_map(|(f, _)| f.rows(design.replicates)) {
            rows.push(Row {
                analysis: of.name,
                label: of.label,
                cost: if free && of.power.is_some() { cost(None) } else { None },
                power: of.power,
                failures: of.missing,
                family: Some(of.of),
                beside: of.beside,
                ..common.clone()
            });
        }
        // nothing is held against what is not shown
        let names: Vec<String> = rows.iter().map(|r| r.analysis.clone()).collect();
        rows.iter_mut().for_each(|r| r.beside = r.beside.take().filter(|name| names.contains(name)));
        rows
    }

    /// What a row decided, replicate by replicate; none of a familywise error, which is known only once all have been folded.
    #[must_use]
    pub fn followed(&self, row: &str) -> Option<&[u8]> {
        self.followed.iter().find(|(name, _)| name == row).map(|(_, decisions)| decisions.as_slice())
    }

    /// What has been folded.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

/// The difference of two rows that hold the same figure.
#[must_use]
pub fn difference_of(family: Option<&OfFamily>, one: &[u8], other: &[u8]) -> Difference {
    let found = difference(one, other);
    let verdict = match (family.is_some_and(|f| f.rejections.is_some()), found.verdict) {
        (true, "more power") => "more rejections",
        (true, "less power") => "fewer rejections",
        (_, verdict) => verdict,
    };
    Difference { verdict, ..found }
}

/// The share of replicates that one decides for minus that of another (of rejections, the mean number), by the pairs of replicates. The
/// interval is the adjusted Wald interval, m ± 1.96 s/√(n + 2), with m and s the mean and the standard deviation of the pairs' differences
/// and of two more, 1 and −1: designs that nearly always agree leave few pairs that differ, or none, and a difference of 0 is not known for
/// certain.
///
/// Source: Bonett DG, Price RM. Adjusted Wald confidence interval for a difference of binomial proportions based on paired data. Journal of
/// Educational and Behavioral Statistics 2012;37:479.
#[must_use]
pub fn difference(one: &[u8], other: &[u8]) -> Difference {
    let (mut n, mut sum, mut squares, mut together, mut most) = (0.0, 0.0, 0.0, 0.0, 1);
    for (x, y) in one.iter().zip(other) {
        let difference = f64::from(*x) - f64::from(*y);
        n += 1.0;
        sum += difference;
        squares += difference * difference;
        together += f64::from(u8::from(x == y));
        most = most.max(*x).max(*y);
    }
    let middle = sum / (n + 2.0);
    let mcse = (((squares + 2.0) / (n + 2.0) - middle * middle) / (n + 2.0)).sqrt();
    const Z: f64 = 1.959_963_984_540_054;
    let most = f64::from(most);
    let interval = [(middle - Z * mcse).max(-most), (middle + Z * mcse).min(most)];
    let known = n > 1.0;
    Difference {
        estimate: sum / n,
        mcse: Some(mcse).filter(|_| known),
        interval,
        agreeing: together / n.max(1.0),
        verdict: match () {
            () if known && interval[0] > 0.0 => "more power",
            () if known && interval[1] < 0.0 => "less power",
            () => "not beyond Monte Carlo error",
        },
    }
}

impl Fold for Paired<'_, '_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), crate::Error> {
        self.summary.add(self.protocol, batch);
        let plans = &self.protocol.analyses;
        for rows in batch.rows.chunks_exact(plans.len().max(1)) {
            for (((_, to), row), plan) in self.followed.iter_mut().zip(rows).zip(plans) {
                let decision = row.decision(plan.rule.tail(), plan.rule.sides == 2);
                to.push(u8::from(decision == Decision::Favour));
            }
        }
        let families = &self.protocol.scenario.multiplicity;
        for verdicts in self.summary.verdicts().chunks_exact(families.len().max(1)) {
            let mut to = self.followed[plans.len()..].iter_mut().map(|(_, to)| to);
            for (verdict, family) in verdicts.iter().zip(families) {
                let (count, of) = (verdict.favour.count_ones() as u8, family.hypotheses.len());
                let each = (0..of).map(|j| (verdict.favour >> j & 1) as u8);
                let whole = [u8::from(count > 0), u8::from(usize::from(count) == of), count];
                each.chain(whole).zip(&mut to).for_each(|(decided, to)| to.push(decided));
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
    let power = |p: &Option<Power>| p.as_ref().map_or(f64::NAN, |p| p.estimate);
    let points: Vec<(String, f64, Option<f64>)> =
        rows.iter().map(|r| (r.analysis.clone(), power(&r.power), r.cost.as_ref().map(|c| c.total))).collect();
    for (i, row) in rows.iter_mut().enumerate() {
        let Some(cost) = &mut row.cost else { continue };
        let (name, power, total) = &points[i];
        let beaten = points.iter().any(|(other, p, c)| {
            other == name && c.is_some_and(|c| Some(c) <= *total && *p >= *power && (Some(c) < *total || p > power))
        });
        cost.efficient = !beaten;
    }
}
