//! The large-sample limit of a fitted propensity score, where the covariates of an analysis leave out something that the choice of the
//! arm depends on: populations of estimands are then tilted by what the fitted score estimates, not by a score that nobody can fit.
//!
//! Patients of pilot replicates give it, pooled: the logistic regression of the arm on the analysis's covariates. The site, where it is one of
//! them, enters as the site variables that the choice reads.

use std::collections::BTreeSet;

use crate::analysis::Adjusts;
use crate::analysis::propensity::pooled_score;
use crate::distribution::Draw;
use crate::estimand::Tilt;
use crate::expr::{ColumnId, Expr, Function};
use crate::protocol::{Fault, Protocol, ScoreLimit};
use crate::random::{Replicate, TRUTH_REPLICATES};
use crate::scenario::{Allocation, AnalysisPlan, Per, Scenario};
use crate::workspace::Workspace;

/// First replicate of the pilot.
const FIRST: Replicate = 2 * TRUTH_REPLICATES;

/// Patients of the pilot.
const PATIENTS: usize = 1 << 15;

/// Fits the scores whose covariates do not hold all that the choice depends on; a fit that does not exist is none, and the true score
/// then serves.
///
/// # Errors
/// A parameter outside its domain for some patient, with the replicate.
pub fn pilot_scores(protocol: &Protocol<'_>) -> Result<(), (Replicate, Fault)> {
    let scenario = protocol.scenario;
    let wanted: Vec<usize> =
        (0..scenario.analyses.len()).filter(|&a| needs_limit(scenario, &scenario.analyses[a])).collect();
    if wanted.is_empty() || protocol.scores.get().is_some() {
        return Ok(());
    }
    let sites: Vec<ColumnId> = chosen_by(scenario)
        .into_iter()
        .filter(|&c| scenario.variables[c].per == Per::Site)
        .map(|c| ColumnId(c as u16))
        .collect();
    let mut work = Workspace::new(protocol);
    let mut funnel = vec![0; scenario.criteria.len()];
    let mut pooled: Vec<(Vec<u8>, Vec<Vec<f64>>)> = wanted.iter().map(|_| (Vec::new(), Vec::new())).collect();
    let replicates = PATIENTS.div_ceil(scenario.n.max(1)).clamp(1, 1024);
    for replicate in FIRST..FIRST + replicates as u64 {
        super::enrol(protocol, replicate, &mut work, &mut funnel).map_err(|fault| (replicate, fault))?;
        for (&number, (arm, columns)) in wanted.iter().zip(&mut pooled) {
            let plan = &scenario.analyses[number];
            let [e, c] = plan.arms.map(|a| a as u8);
            let rows: Vec<usize> =
                (0..work.cohort.rows).filter(|&i| work.cohort.arm[i] == e || work.cohort.arm[i] == c).collect();
            arm.extend(rows.iter().map(|&i| u8::from(work.cohort.arm[i] == e)));
            let of_site: &[ColumnId] = if plan.site_factor { &sites } else { &[] };
            columns.resize_with(protocol.analyses[number].covariates.len() + of_site.len(), Vec::new);
            let (own, shared) = columns.split_at_mut(protocol.analyses[number].covariates.len());
            for (program, column) in protocol.analyses[number].covariates.iter().zip(own) {
                let mut values = vec![0.0; work.cohort.rows];
                program.eval(work.cohort.rows, &work.cohort, &mut work.noise.registers, &mut values);
                column.extend(rows.iter().map(|&i| values[i]));
            }
            for (&variable, column) in of_site.iter().zip(shared) {
                column.extend(rows.iter().map(|&i| work.cohort.value(variable, i)));
            }
        }
    }
    let mut limits: Vec<Option<ScoreLimit>> = scenario.analyses.iter().map(|_| None).collect();
    for (&number, (arm, columns)) in wanted.iter().zip(&pooled) {
        let of_site = if scenario.analyses[number].site_factor { sites.clone() } else { Vec::new() };
        limits[number] =
            pooled_score(arm, columns).map(|(intercept, slopes)| ScoreLimit { intercept, slopes, sites: of_site });
    }
    // another thread cannot have been first with anything else: the pilot is a function of the protocol
    let _ = protocol.scores.set(limits);
    Ok(())
}

/// Writes the probability of the experimental arm under the limit of an analysis's score, a patient each; false where the true score
/// serves.
pub(super) fn limit(protocol: &Protocol<'_>, number: usize, work: &mut Workspace, out: &mut Vec<f64>) -> bool {
    let Some(limit) = protocol.scores.get().and_then(|scores| scores[number].as_ref()) else { return false };
    let rows = work.cohort.rows;
    out.clear();
    out.resize(rows, limit.intercept);
    let programs = &protocol.analyses[number].covariates;
    for (program, slope) in programs.iter().zip(&limit.slopes) {
        work.noise.values.resize(rows, 0.0);
        program.eval(rows, &work.cohort, &mut work.noise.registers, &mut work.noise.values);
        for (o, x) in out.iter_mut().zip(&work.noise.values) {
            *o += slope * x;
        }
    }
    for (&variable, slope) in limit.sites.iter().zip(&limit.slopes[programs.len()..]) {
        for (i, o) in out.iter_mut().enumerate() {
            *o += slope * work.cohort.value(variable, i);
        }
    }
    for o in out.iter_mut() {
        *o = 1.0 / (1.0 + (-*o).exp());
    }
    true
}

/// What the choice of the arm depends on and an analysis that weights or standardises leaves out, by name.
#[must_use]
pub fn left_out(scenario: &Scenario, plan: &AnalysisPlan) -> Vec<String> {
    if plan.method.adjusts() != Adjusts::Always || plan.method.tilt() == Tilt::Everyone && plan.covariates.is_empty() {
        return Vec::new();
    }
    let direct = columns_of(plan);
    let mut names = Vec::new();
    let mut open = probability_columns(scenario);
    while let Some(c) = open.pop() {
        let variable = &scenario.variables[c];
        if covered(scenario, plan, &direct, c) || names.contains(&variable.name) {
            continue;
        }
        if variable.law.draw() == Draw::Derived {
            open.extend(read_by(scenario, c));
        } else {
            names.push(variable.name.clone());
        }
    }
    names.sort_unstable();
    names
}

/// Columns that an analysis's covariates read.
fn columns_of(plan: &AnalysisPlan) -> BTreeSet<usize> {
    plan.covariates.iter().flat_map(|e| e.columns()).map(|c| usize::from(c.0)).collect()
}

/// Whether an analysis's population is tilted by a score that its covariates cannot give exactly.
fn needs_limit(scenario: &Scenario, plan: &AnalysisPlan) -> bool {
    let tilted =
        matches!(plan.method.tilt(), Tilt::Treated | Tilt::Overlap) && plan.method.adjusts() == Adjusts::Always;
    let direct = columns_of(plan);
    tilted && !probability_columns(scenario).into_iter().all(|c| covered(scenario, plan, &direct, c))
}

/// Whether a column is among the covariates, or follows from what is.
fn covered(scenario: &Scenario, plan: &AnalysisPlan, direct: &BTreeSet<usize>, column: usize) -> bool {
    let variable = &scenario.variables[column];
    let derived = variable.law.draw() == Draw::Derived;
    direct.contains(&column)
        || (variable.per == Per::Site && plan.site_factor)
        // the same for all patients of a trial
        || variable.per == Per::Replicate
        || (derived && read_by(scenario, column).into_iter().all(|c| covered(scenario, plan, direct, c)))
}

/// Columns that the probabilities of the arms read.
fn probability_columns(scenario: &Scenario) -> Vec<usize> {
    match &scenario.allocation {
        Allocation::Observational { probabilities } => {
            let mut found = Vec::new();
            probabilities.iter().for_each(|e| acting(e, &mut found));
            found
        }
        _ => Vec::new(),
    }
}

/// Columns that the parameters of a column's distribution read.
fn read_by(scenario: &Scenario, column: usize) -> Vec<usize> {
    let mut found = Vec::new();
    for p in scenario.variables[column].law.parameters() {
        acting(&p.value, &mut found);
    }
    found
}

/// Columns of an expression but those that are multiplied by 0.
fn acting(expr: &Expr, found: &mut Vec<usize>) {
    match expr {
        Expr::Column(c) => found.push(usize::from(c.0)),
        Expr::Call(Function::Multiply, factors) if factors.iter().any(|f| f.as_number() == Some(0.0)) => {}
        Expr::Call(_, arguments) => arguments.iter().for_each(|a| acting(a, found)),
        Expr::Number(_) | Expr::Arm(_) => {}
    }
}

/// Columns on which the choice depends, directly or through others.
fn chosen_by(scenario: &Scenario) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = probability_columns(scenario);
    while let Some(c) = open.pop() {
        if found.insert(c) {
            open.extend(read_by(scenario, c));
        }
    }
    found
}
