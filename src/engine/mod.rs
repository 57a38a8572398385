//! One replicate: the stages in order.

mod analyse;
mod bootstrap;
mod conduct;
mod decide;
mod follow;
mod occasion;
mod pilot_root;
mod pilot_score;
mod prefix;
mod reestimation;
mod screen;
mod tables;
mod truth;

use crate::allocation::Enrolled;
use crate::analysis::{Decision, Estimate, Status};
use crate::estimand::Sums;
use crate::protocol::{ALLOCATION, Fault, Protocol};
use crate::random::Replicate;
use crate::workspace::{Workspace, index};

pub use analyse::{analyse_all, analyse_row};
pub use conduct::conclude;
pub use follow::{follow, observe, outcomes, potential_outcomes};
pub use pilot_root::pilot_roots;
pub use pilot_score::{left_out, pilot_scores};
pub use prefix::{keep, shorten};
pub use screen::{Candidates, MOST_SCREENED, candidates, screen_pilot};
pub use tables::Tables;
pub use truth::{target, truth};

/// What one trial was like.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrialRecord {
    /// Candidates screened up to the last enrolment.
    pub screened: u32,
    /// Patients enrolled.
    pub enrolled: u32,
    /// Patients to enrol: as many as were planned, or as a review of the sample size asks for.
    pub planned: u32,
    /// Patients who would have been enrolled if the trial had not stopped before its end.
    pub recruited: u32,
    /// Date of the last entry (months).
    pub last_entry: f64,
    /// Date of a calendar cut (months); infinite where there is none.
    pub cut: f64,
    /// Mean follow-up (months), death aside, where it is limited; infinite where not.
    pub follow_up: f64,
    /// Candidates turned away because their site was full.
    pub site_full: u32,
    /// The look after which the trial stopped; none where it reached its end.
    pub stop: Option<u16>,
    /// Whether the number of events that ends the trial was never reached.
    pub short: bool,
    /// Date at which a trial that is looked at before its end was over (months); infinite where follow-up has no end.
    pub end: f64,
    /// Patients whose planned follow-up ends by the planned end of the study, where the scenario plans any.
    pub in_time: u32,
}

/// What one analysis gave in one replicate.
#[derive(Clone, Copy, Debug)]
pub struct RowRecord {
    /// The estimate on the data as seen.
    pub estimate: Estimate,
    /// The method on the replicate's own potential outcomes, each patient once in either arm: complete, as seen. NaN where the
    /// target is undefined or truth was not asked for.
    pub target: [f64; 2],
    /// Sums of the target: complete, as seen; of the two groups of an interaction.
    pub sums: [[Sums; 2]; 2],
    /// Resamples of a bootstrap without an estimate.
    pub failed_resamples: u32,
    /// What a rule that looks at this analysis before the end of the trial decided, in place of the analysis's own test.
    pub decision: Option<Decision>,
    /// Lower limit, median-unbiased estimate and upper limit where such a rule is a group-sequential test; else NaN.
    pub adjusted: [f64; 3],
}

impl RowRecord {
    /// A row not yet filled.
    pub const EMPTY: Self = Self {
        estimate: Estimate::failed(Status::EmptyArm, 0),
        target: [f64::NAN; 2],
        sums: [[[0.0; 4]; 2]; 2],
        failed_resamples: 0,
        decision: None,
        adjusted: [f64::NAN; 3],
    };

    /// What is decided at this level in each tail.
    #[must_use]
    pub fn decision(&self, tail: f64, two_sided: bool) -> Decision {
        self.decision.unwrap_or_else(|| self.estimate.decision(tail, two_sided))
    }
}

/// Carries out one trial and analyses it. `funnel[k]` counts candidates excluded by criterion k.
///
/// # Errors
/// A parameter that lies outside its domain for some patient.
pub fn replicate(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    funnel: &mut [u32],
    rows: &mut [RowRecord],
) -> Result<TrialRecord, Fault> {
    let mut trial = enrol(protocol, replicate, work, funnel)?;
    outcomes(protocol, replicate, work)?;
    conclude(protocol, replicate, protocol.scenario.n, work, &mut trial, funnel, rows)?;
    Ok(trial)
}

/// Population, eligibility, enrolment and allocation: the enrolled patients with their baseline and arms.
///
/// # Errors
/// See [`replicate`].
pub fn enrol(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    work: &mut Workspace,
    funnel: &mut [u32],
) -> Result<TrialRecord, Fault> {
    enrol_first(protocol, replicate, protocol.scenario.n, work, funnel)
}

/// As [`enrol`], a trial of `n` patients instead of the scenario's number.
///
/// # Errors
/// See [`replicate`].
pub fn enrol_first(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    n: usize,
    work: &mut Workspace,
    funnel: &mut [u32],
) -> Result<TrialRecord, Fault> {
    let mut trial =
        TrialRecord { cut: f64::INFINITY, follow_up: f64::INFINITY, end: f64::INFINITY, ..TrialRecord::default() };
    // filling nothing is a call all the same
    if !funnel.is_empty() {
        funnel.fill(0);
    }
    screen::screen(protocol, replicate, n, work, funnel, &mut trial)?;
    let enrolled = work.candidates.len();
    trial.enrolled = enrolled as u32;
    trial.planned = n as u32;
    trial.recruited = trial.enrolled;
    work.cohort.rows = enrolled;
    date(protocol, work, &mut trial);

    let candidates = index(&work.candidates, work.dense);
    for step in &protocol.baseline {
        step.draw(replicate, candidates, &mut work.cohort, &mut work.noise)?;
    }
    protocol.strata.assign(&work.cohort, &mut work.noise.registers, &mut work.flags, &mut work.stratum);
    choose(protocol, work)?;
    let candidates = index(&work.candidates, work.dense);
    work.cohort.arm.resize(enrolled, 0);
    let mut arm = std::mem::take(&mut work.cohort.arm);
    protocol.allocation.allocate(
        replicate,
        Enrolled { candidates, stratum: &work.stratum, propensity: &work.propensity },
        &mut work.blocks,
        &mut arm,
    );
    work.cohort.arm = arm;
    Ok(trial)
}

/// The probabilities with which a clinician chooses each arm but the last.
fn choose(protocol: &Protocol<'_>, work: &mut Workspace) -> Result<(), Fault> {
    let rows = work.cohort.rows;
    work.propensity.clear();
    work.propensity.resize(rows * protocol.propensity.len(), 0.0);
    if work.propensity.is_empty() {
        return Ok(());
    }
    for (program, out) in protocol.propensity.iter().zip(work.propensity.chunks_exact_mut(rows)) {
        program.eval(rows, &work.cohort, &mut work.noise.registers, out);
    }
    // probabilities of arms that leave nothing for the last may exceed 1 by rounding
    const ROUNDING: f64 = 1e-9;
    for i in 0..rows {
        let of_arm = work.propensity.iter().skip(i).step_by(rows);
        let sum: f64 = of_arm.clone().sum();
        let wrong = of_arm.copied().find(|p| !(0.0..=1.0).contains(p)).or((sum > 1.0 + ROUNDING).then_some(sum));
        if let Some(value) = wrong {
            return Err(Fault { column: ALLOCATION, parameter: "probability of an arm", value, domain: "from 0 to 1" });
        }
    }
    Ok(())
}

/// Gives the enrolled their entry dates and sites.
fn date(protocol: &Protocol<'_>, work: &mut Workspace, trial: &mut TrialRecord) {
    work.entry.clear();
    work.cohort.site.clear();
    if protocol.arrivals.is_none() {
        return;
    }
    let arrivals = &work.arrivals;
    if protocol.by_screening() {
        work.entry.extend(work.candidates.iter().map(|&k| arrivals.date[k as usize]));
        if !arrivals.site.is_empty() {
            work.cohort.site.extend(work.candidates.iter().map(|&k| arrivals.site[k as usize]));
        }
    } else {
        let enrolled = work.candidates.len();
        work.entry.extend_from_slice(&arrivals.date[..enrolled]);
        if !arrivals.site.is_empty() {
            work.cohort.site.extend_from_slice(&arrivals.site[..enrolled]);
        }
    }
    count_entries(protocol, work, trial);
}

/// What the trial's record says of its entry dates.
fn count_entries(protocol: &Protocol<'_>, work: &Workspace, trial: &mut TrialRecord) {
    trial.last_entry = work.entry.iter().copied().fold(0.0, f64::max);
    if let Some(plan) = protocol.scenario.enrolment.plan {
        trial.in_time = work.entry.iter().map(|entry| u32::from(entry + plan.follow_up <= plan.end)).sum();
    }
}
