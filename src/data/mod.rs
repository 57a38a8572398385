//! Real data: the columns of a file in place of virtual patients, so that a scenario's analyses run on them unchanged.

mod answers;
mod curves;
mod endpoints;
pub mod finding;
mod patients;
pub mod sheet;

use crate::analysis::{Estimate, Status};
use crate::engine::{self, RowRecord};
use crate::expr::{ColumnId, Expr};
use crate::protocol::Protocol;
use crate::scenario::{Header, Mapping};
use crate::workspace::Workspace;

pub use answers::{answer, families};
use finding::Findings;
use sheet::Sheet;

/// The headers of a file, for [`crate::scenario::read`].
#[must_use]
pub fn headers(sheet: &Sheet, mapping: &Mapping) -> Vec<Header> {
    let levels = |c: &sheet::Column| {
        let labels = mapping.labels.iter().find(|(name, _)| *name == c.header).map(|(_, labels)| labels.len());
        match (labels, c.words.len()) {
            (_, 0) => c.levels(),
            (Some(k), _) | (None, k) => u8::try_from(k).ok().map(|k| (1.0, k)),
        }
    };
    sheet.columns.iter().map(|c| Header { name: c.header.clone(), levels: levels(c) }).collect()
}

/// The data of one trial, ready to be analysed.
#[derive(Debug)]
pub struct Trial<'p, 's> {
    protocol: &'p Protocol<'s>,
    work: Workspace,
    /// By endpoint, 1 where the patient's value is known.
    known: Vec<Vec<u8>>,
    /// Patients that the file gives no arm.
    pub without_arm: usize,
}

/// What one row of the analysis plan gave on the data.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The estimate.
    pub estimate: Estimate,
    /// Patients of the two arms.
    pub patients: usize,
    /// Of these, patients without a value of the endpoint.
    pub without_endpoint: usize,
    /// Of those with one, patients without a covariate, a stratum or what the subset asks.
    pub without_baseline: usize,
    /// Of those with both, patients outside the subset.
    pub outside: usize,
    /// Resamples of a bootstrap without an estimate.
    pub failed_resamples: u32,
}

impl<'p, 's> Trial<'p, 's> {
    /// Reads the patients from a file's columns.
    ///
    /// # Errors
    /// Everything that is wrong with the data.
    pub fn read(protocol: &'p Protocol<'s>, sheet: Sheet, mapping: &Mapping) -> Result<Self, Findings> {
        let mut work = Workspace::new(protocol);
        let mut reader = patients::Reader::new(protocol, sheet, mapping);
        reader.patients(&mut work);
        reader.columns(&mut work);
        reader.endpoints(&mut work);
        let without_arm = reader.without_arm;
        if !reader.found.all.is_empty() {
            return Err(reader.found);
        }
        let known = work.measured.iter().map(|m| m.known.clone()).collect();
        let mut trial = Self { protocol, work, known, without_arm };
        let found = trial.nothing_left();
        if found.all.is_empty() { Ok(trial) } else { Err(found) }
    }

    /// The patients.
    #[must_use]
    pub fn workspace(&self) -> &Workspace {
        &self.work
    }

    /// Analyses for which no patient is left, or none of an arm.
    fn nothing_left(&mut self) -> Findings {
        let mut found = Findings::default();
        for (number, plan) in self.protocol.scenario.analyses.iter().enumerate() {
            let answer = self.count(number);
            if answer.left() == 0 {
                let why = format!(
                    "analysis `{}`: nothing is left of {} patients: {} without the endpoint, {} without a baseline value, {} outside the subset",
                    plan.name, answer.patients, answer.without_endpoint, answer.without_baseline, answer.outside
                );
                found.of_column("", why);
            }
        }
        found
    }

    /// Who is in an analysis; leaves the endpoint's `known` as that analysis has it.
    fn count(&mut self, number: usize) -> Answer {
        let plan = &self.protocol.scenario.analyses[number];
        let row = &self.protocol.analyses[number];
        let work = &mut self.work;
        let rows = work.cohort.rows;
        let mut baseline: Vec<ColumnId> = Vec::new();
        let of = |e: &Expr, to: &mut Vec<ColumnId>| to.extend(e.columns());
        plan.subset
            .iter()
            .chain(&plan.interaction)
            .chain(&plan.covariates)
            .chain(&plan.strata)
            .for_each(|e| of(e, &mut baseline));
        baseline.sort_unstable();
        baseline.dedup();
        let mut inside = vec![1; rows];
        if let Some(program) = &row.subset {
            program.eval_flags(rows, &work.cohort, &mut work.noise.registers, &mut inside);
        }
        let measured = &mut work.measured[plan.endpoint];
        measured.known.copy_from_slice(&self.known[plan.endpoint]);
        let mut answer = Answer {
            estimate: Estimate::failed(Status::TooFew, 0),
            patients: 0,
            without_endpoint: 0,
            without_baseline: 0,
            outside: 0,
            failed_resamples: 0,
        };
        let site = plan.site_factor || plan.site_stratum;
        for (i, &inside) in inside.iter().enumerate() {
            if !plan.arms.contains(&usize::from(work.cohort.arm[i])) {
                continue;
            }
            answer.patients += 1;
            let lacks = baseline.iter().any(|&c| work.cohort.value(c, i).is_nan())
                || (site && work.cohort.site.get(i) == Some(&patients::NO_SITE));
            if measured.known[i] == 0 {
                answer.without_endpoint += 1;
            } else if lacks {
                answer.without_baseline += 1;
                measured.known[i] = 0;
            } else if inside == 0 {
                answer.outside += 1;
            }
        }
        measured.complete = self.known[plan.endpoint].iter().all(|&k| k == 1)
            && measured.known.iter().all(|&k| k == 1)
            && self.without_arm == 0;
        answer
    }

    /// The rows of the analysis plan.
    pub fn analyse(&mut self) -> Vec<Answer> {
        (0..self.protocol.scenario.analyses.len()).map(|number| self.answer(number)).collect()
    }

    /// One row of the analysis plan, by its number.
    pub fn answer(&mut self, number: usize) -> Answer {
        let mut answer = self.count(number);
        let mut record = RowRecord::EMPTY;
        self.work.selection.clear();
        engine::analyse_row(self.protocol, 0, number, &mut self.work, &mut record);
        answer.estimate = record.estimate;
        answer.failed_resamples = record.failed_resamples;
        answer
    }
}

impl Answer {
    /// Patients analysed.
    #[must_use]
    pub fn left(&self) -> usize {
        self.patients - self.without_endpoint - self.without_baseline - self.outside
    }
}
