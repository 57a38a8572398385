//! From endpoints measured to the data set of one analysis: the patients of two arms in a subset whose endpoint is known.

use crate::analysis::{Covariates, Dataset, Response, ResponseKind, Strata};
use crate::endpoint::hierarchical::{Comparison, MAX_TIERS, Tier};
use crate::endpoint::measured::{Measured, Values};

/// Rows picked for an analysis.
#[derive(Debug, Default)]
pub struct Selection {
    /// Rows of the cohort.
    pub picks: Vec<u32>,
    /// Rows picked whatever is known of them, while each arm's potential outcomes are picked in turn.
    pub(crate) everyone: Vec<u32>,
    /// 1 experimental, 0 control.
    pub arm: Vec<u8>,
    values: Values,
    tiers: Vec<Values>,
    /// Column-major covariates.
    pub covariates: Vec<f64>,
    /// Number of covariates.
    pub count: usize,
    /// The analysis whose covariates these are, of all patients.
    pub(crate) everyone_as: Option<usize>,
    /// Code of each row's stratum; empty where the analysis is not stratified.
    strata: Vec<u32>,
    levels: usize,
    /// Values that occur, ascending.
    distinct: Vec<f64>,
    combined: Vec<f64>,
    by_site: Vec<u32>,
    /// Column of each site; none of the reference.
    column_of: Vec<Option<u32>>,
}

impl Selection {
    /// Forgets all rows but the picks.
    pub fn clear(&mut self) {
        self.arm.clear();
        clear(&mut self.values);
        self.tiers.iter_mut().for_each(clear);
        self.covariates.clear();
        self.count = 0;
        self.strata.clear();
        self.levels = 0;
        self.everyone_as = None;
    }

    /// Divides the strata further by a value of each pick; strata are numbered in the order of the values, those without patients
    /// left out.
    pub fn stratify(&mut self, value: impl Fn(usize) -> f64) {
        self.strata.resize(self.picks.len(), 0);
        self.distinct.clear();
        self.distinct.extend(self.picks.iter().map(|&i| value(i as usize)));
        let values = renumber(&mut self.distinct);
        // old and new stratum in one number, exact in a double
        self.combined.clear();
        self.combined.extend(self.strata.iter().zip(&self.picks).map(|(&s, &i)| {
            let x = value(i as usize);
            let rank = self.distinct.partition_point(|d| d.total_cmp(&x).is_lt());
            f64::from(s) * values as f64 + rank as f64
        }));
        self.distinct.clear();
        self.distinct.extend_from_slice(&self.combined);
        self.levels = renumber(&mut self.distinct);
        for (s, &x) in self.strata.iter_mut().zip(&self.combined) {
            *s = self.distinct.partition_point(|&d| d < x) as u32;
        }
    }

    /// Appends the picked rows of an endpoint.
    pub fn append(&mut self, measured: &Measured, arm: impl Fn(usize) -> u8) {
        self.arm.extend(self.picks.iter().map(|&i| arm(i as usize)));
        append(&mut self.values, &measured.values, &self.picks);
        self.tiers.resize_with(measured.tiers.len().max(self.tiers.len()), Values::default);
        for (to, from) in self.tiers.iter_mut().zip(&measured.tiers) {
            append(to, from, &self.picks);
        }
    }

    /// Appends all rows of an endpoint, for one arm.
    pub(crate) fn append_all(&mut self, measured: &Measured, arm: u8) {
        self.arm.resize(self.arm.len() + measured.known.len(), arm);
        append_all(&mut self.values, &measured.values);
        self.tiers.resize_with(measured.tiers.len().max(self.tiers.len()), Values::default);
        for (to, from) in self.tiers.iter_mut().zip(&measured.tiers) {
            append_all(to, from);
        }
    }

    /// Appends the site as a factor: an indicator for each site with patients among the picks but the one with most of them.
    pub fn add_sites(&mut self, site: &[u16]) {
        let sites = site.iter().max().map_or(0, |&s| usize::from(s) + 1);
        self.by_site.clear();
        self.by_site.resize(sites, 0);
        for &i in &self.picks {
            self.by_site[usize::from(site[i as usize])] += 1;
        }
        // the first of the largest
        let reference = (0..sites).rev().max_by_key(|&s| self.by_site[s]);
        self.column_of.clear();
        let mut columns = 0;
        for s in 0..sites {
            let own = self.by_site[s] > 0 && Some(s) != reference;
            self.column_of.push(own.then_some(columns));
            columns += u32::from(own);
        }
        let (start, rows) = (self.covariates.len(), self.picks.len());
        self.covariates.resize(start + columns as usize * rows, 0.0);
        for (row, &i) in self.picks.iter().enumerate() {
            if let Some(column) = self.column_of[usize::from(site[i as usize])] {
                self.covariates[start + column as usize * rows + row] = 1.0;
            }
        }
        self.count += columns as usize;
    }

    /// Until when each appended row stays at risk of an event that a competing one has not made impossible: the end of follow-up.
    #[must_use]
    pub fn at_risk(&self) -> &[f64] {
        &self.values.at_risk
    }

    /// The data set of the rows appended.
    #[must_use]
    pub fn dataset(&self, measured: &Measured) -> Dataset<'_> {
        Dataset {
            arm: &self.arm,
            response: response(measured.kind, &self.values, &self.tiers[..measured.tiers.len()]),
            covariates: Covariates { values: &self.covariates, count: self.count },
            strata: Strata { code: &self.strata, levels: self.levels },
        }
    }
}

/// The data set of all patients, where no row has to be left out: no copy.
#[must_use]
pub fn whole<'a>(measured: &'a Measured, arm: &'a [u8], covariates: Covariates<'a>) -> Dataset<'a> {
    let response = response(measured.kind, &measured.values, &measured.tiers);
    Dataset { arm, response, covariates, strata: Strata::default() }
}

/// Leaves each value once, ascending; their number.
fn renumber(values: &mut Vec<f64>) -> usize {
    values.sort_unstable_by(f64::total_cmp);
    values.dedup_by(|a, b| a.total_cmp(b).is_eq());
    values.len()
}

fn clear(values: &mut Values) {
    values.code.clear();
    values.real.clear();
    values.event.clear();
    values.competing.clear();
    values.right.clear();
    values.at_risk.clear();
}

fn append(to: &mut Values, from: &Values, picks: &[u32]) {
    to.levels = from.levels;
    to.threshold = from.threshold;
    if !from.code.is_empty() {
        to.code.extend(picks.iter().map(|&i| from.code[i as usize]));
    }
    if !from.real.is_empty() {
        to.real.extend(picks.iter().map(|&i| from.real[i as usize]));
    }
    if !from.event.is_empty() {
        to.event.extend(picks.iter().map(|&i| from.event[i as usize]));
    }
    if !from.competing.is_empty() {
        to.competing.extend(picks.iter().map(|&i| from.competing[i as usize]));
    }
    if !from.at_risk.is_empty() {
        to.at_risk.extend(picks.iter().map(|&i| from.at_risk[i as usize]));
    }
    if !from.right.is_empty() {
        to.right.extend(picks.iter().map(|&i| from.right[i as usize]));
    }
}

fn append_all(to: &mut Values, from: &Values) {
    to.levels = from.levels;
    to.threshold = from.threshold;
    to.code.extend_from_slice(&from.code);
    to.real.extend_from_slice(&from.real);
    to.event.extend_from_slice(&from.event);
    to.competing.extend_from_slice(&from.competing);
    to.at_risk.extend_from_slice(&from.at_risk);
    to.right.extend_from_slice(&from.right);
}

fn response<'a>(kind: Option<ResponseKind>, values: &'a Values, tiers: &'a [Values]) -> Response<'a> {
    match kind {
        Some(ResponseKind::Ordinal) => Response::Ordinal { code: &values.code, levels: values.levels },
        Some(ResponseKind::Score) => Response::Score(&values.real),
        Some(ResponseKind::Time) => {
            Response::Time { time: &values.real, event: &values.event, competing: &values.competing }
        }
        Some(ResponseKind::Interval) => Response::Interval { left: &values.real, right: &values.right },
        Some(ResponseKind::Hierarchical) => {
            let mut all = [Tier::Code { code: &[], levels: 0 }; MAX_TIERS];
            for (to, v) in all.iter_mut().zip(tiers) {
                *to = tier(v);
            }
            Response::Hierarchical(Comparison { tiers: all, count: tiers.len().min(MAX_TIERS) })
        }
        Some(ResponseKind::Binary) | None => Response::Binary(&values.code),
    }
}

fn tier(v: &Values) -> Tier<'_> {
    if !v.event.is_empty() {
        Tier::Time { time: &v.real, event: &v.event }
    } else if !v.code.is_empty() {
        Tier::Code { code: &v.code, levels: v.levels }
    } else {
        Tier::Score { value: &v.real, threshold: v.threshold }
    }
}
