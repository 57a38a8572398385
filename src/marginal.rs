//! Quoted figures of event times: those of a patient whose hazard ratio is 1, and those of the enrolled controls together.
//!
//! Where an outcome is written with `marginal = true` its quoted figure is that of the enrolled controls: the risk by the month quoted,
//! averaged over them, is the risk quoted. [`solve`] finds the factor c by which all cumulative hazards are multiplied for it, on
//! pilot patients: mean over patients of 1 − S(τ)ᶜ = risk, S(τ) each patient's survival to τ in the control arm.

use crate::column::Frame;
use crate::distribution::{Distribution, Quoted};
use crate::engine;
use crate::expr::{Program, Registers};
use crate::math::elementary::{exp_m1, ln};
use crate::pilot::Finding;
use crate::protocol::{Fault, Protocol, Wanted};
use crate::random::TRUTH_REPLICATES;
use crate::scenario::diagnostic::Code;
use crate::scenario::{Marginal, Scenario};
use crate::workspace::{Workspace, index};

/// First replicate of the pilot: beyond those that truth and the other pilot use.
const FIRST: u64 = 2 * TRUTH_REPLICATES + 1;
/// The pilot's own seed: the factor belongs to the scenario and is the same whatever the seed of a run.
const SEED: u64 = 1;
/// Patients of one pilot trial, whatever the size of the trial: the factor must not depend on it.
const TRIAL: usize = 512;
/// Patients of the pilot.
pub const PATIENTS: usize = 1 << 15;
/// Patients below which nothing is solved.
const FEWEST: usize = 1000;
/// Candidates of the pilot at most.
const MOST_CANDIDATES: u64 = 1 << 23;

/// The enrolled controls at the month by which an event time was quoted.
#[derive(Debug)]
pub struct Controls<'s> {
    /// Number of the outcome's column.
    pub outcome: usize,
    /// What was quoted.
    pub quoted: Quoted,
    law: &'s dyn Distribution,
    parameters: Vec<Program>,
    values: Vec<Vec<f64>>,
    registers: Registers,
    /// Each patient's cumulative hazard at the month quoted.
    hazards: Vec<f64>,
}

impl<'s> Controls<'s> {
    /// No patients yet; none where an outcome has no quoted figure that is the same for all controls.
    #[must_use]
    pub fn new(scenario: &'s Scenario, outcome: usize) -> Option<Self> {
        let law = scenario.variables[outcome].law.as_ref();
        let quoted = law.quoted(u8::try_from(scenario.control).ok()?)?;
        let parameters: Vec<Program> = law.parameters().iter().map(|p| Program::compile(&p.value)).collect();
        let values = vec![Vec::new(); parameters.len()];
        Some(Self { outcome, quoted, law, parameters, values, registers: Registers::default(), hazards: Vec::new() })
    }

    /// Adds patients, all of whom are in the control arm and have their earlier columns.
    pub fn add(&mut self, cohort: &Frame) {
        for (program, values) in self.parameters.iter().zip(&mut self.values) {
            values.resize(cohort.rows, 0.0);
            program.eval(cohort.rows, cohort, &mut self.registers, values);
        }
        let mut p = vec![0.0; self.parameters.len()];
        for i in 0..cohort.rows {
            for (p, values) in p.iter_mut().zip(&self.values) {
                *p = values[i];
            }
            self.hazards.push(-ln(self.law.survival(self.quoted.time, &p)));
        }
    }

    /// Patients so far.
    #[must_use]
    pub fn patients(&self) -> usize {
        self.hazards.len()
    }

    /// Mean probability of the event by the month quoted, were all hazards `factor` times as large; NaN of no one.
    #[must_use]
    pub fn risk(&self, factor: f64) -> f64 {
        let sum: f64 = self.hazards.iter().map(|h| -exp_m1(-factor * h)).sum();
        sum / self.hazards.len() as f64
    }

    /// The factor with which that probability is the risk quoted; none where no factor gives it.
    fn factor(&self) -> Option<f64> {
        // Beyond this the figures written belong to no disease.
        const LARGEST: f64 = 1e12;
        let wanted = self.quoted.risk();
        if wanted == 0.0 {
            return Some(1.0);
        }
        let (mut low, mut high) = (1.0, 1.0);
        while self.risk(low) > wanted {
            low *= 0.5;
            if low < 1.0 / LARGEST {
                return None;
            }
        }
        while self.risk(high) < wanted {
            high *= 2.0;
            if high > LARGEST {
                return None;
            }
        }
        // the risk rises with the factor: halve on the logarithmic scale until the factor's digits are used up
        while high / low > 1.0 + 4.0 * f64::EPSILON {
            let middle = (low * high).sqrt();
            if self.risk(middle) < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high)
    }
}

/// The scenario with the scales of its marginal outcomes solved, in the order of the file, so that a hazard ratio may read an earlier
/// outcome. Others are left as they are.
///
/// # Errors
/// A parameter outside its domain for a pilot patient, too few patients enrolled, or a figure that no scale gives.
pub fn solve(mut scenario: Scenario) -> Result<Scenario, Finding> {
    let wanted: Vec<usize> =
        (0..scenario.variables.len()).filter(|&c| scenario.variables[c].marginal == Marginal::Wanted).collect();
    if wanted.is_empty() {
        return Ok(scenario);
    }
    for &c in &wanted {
        scenario.variables[c].marginal = Marginal::Solved(1.0);
    }
    let n = std::mem::replace(&mut scenario.n, TRIAL);
    for &c in &wanted {
        let factor = factor(&scenario, c)?;
        let variable = &mut scenario.variables[c];
        if let Some(law) = variable.law.scaled(factor) {
            variable.law = law;
            variable.marginal = Marginal::Solved(factor);
        }
    }
    scenario.n = n;
    Ok(scenario)
}

/// The factor of one outcome, those before it being solved.
fn factor(scenario: &Scenario, outcome: usize) -> Result<f64, Finding> {
    let protocol = Protocol::compile(scenario, SEED, Wanted::Everything);
    let name = &scenario.variables[outcome].name;
    let unsolved = |why: String| Finding {
        code: Code::Unreachable,
        message: format!("the scale of `{name}` cannot be solved: {why}"),
        help: Some("without `marginal` the quoted figure is that of a patient whose hazard ratio is 1".to_owned()),
    };
    let Some(mut controls) = Controls::new(scenario, outcome) else {
        return Err(unsolved("its quoted figure differs between patients".to_owned()));
    };
    let mut work = Workspace::new(&protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    let mut screened = 0;
    for replicate in FIRST.. {
        let fault =
            |f: Fault| Finding { code: Code::OutOfDomain, message: protocol.explain(&f, replicate), help: None };
        let trial = engine::enrol(&protocol, replicate, &mut work, &mut funnel).map_err(fault)?;
        screened += u64::from(trial.screened);
        work.cohort.arm.fill(scenario.control as u8);
        let candidates = index(&work.candidates, work.dense);
        // the outcome itself too: so its parameters are seen to lie in their domains
        for step in protocol.outcomes.iter().filter(|step| step.column <= outcome) {
            step.draw(replicate, candidates, &mut work.cohort, &mut work.noise).map_err(fault)?;
        }
        controls.add(&work.cohort);
        if controls.hazards.len() >= PATIENTS || screened >= MOST_CANDIDATES || trial.enrolled == 0 {
            break;
        }
    }
    let enrolled = controls.hazards.len();
    if enrolled < FEWEST {
        return Err(unsolved(format!("of {screened} pilot candidates {enrolled} are enrolled")));
    }
    if controls.hazards.iter().any(|h| h.is_nan()) {
        return Err(unsolved("for some patient it has no risk by the month quoted".to_owned()));
    }
    let Quoted { time, .. } = controls.quoted;
    controls.factor().ok_or_else(|| {
        let never = controls.hazards.iter().filter(|h| **h == 0.0).count() as f64 / enrolled as f64;
        unsolved(format!(
            "no scale gives the enrolled controls a risk of {} by month {time}; {:.1}% of them can never have it",
            controls.quoted.risk(),
            100.0 * never
        ))
    })
}
