//! The rows of the analysis plan on the trial as seen.

use crate::analysis::{Better, Covariates, Dataset, Estimate, Rule, Scratch, Status};
use crate::column::Frame;
use crate::endpoint::measured::Measured;
use crate::math::special::normal_tail;
use crate::protocol::{Protocol, Row};
use crate::random::Replicate;
use crate::scenario::AnalysisPlan;
use crate::selection;
use crate::workspace::Workspace;

use super::RowRecord;
use super::bootstrap::{bootstrap, oriented};

/// All analyses of the trial as seen. Call after [`super::follow`].
pub fn analyse_all(protocol: &Protocol<'_>, replicate: Replicate, work: &mut Workspace, rows: &mut [RowRecord]) {
    // patients are not those of the replicate before
    work.selection.clear();
    for (number, row) in rows.iter_mut().enumerate() {
        analyse_row(protocol, replicate, number, work, row);
    }
}

/// One row of the analysis plan on the trial as seen. Call after [`super::follow`].
pub fn analyse_row(
    protocol: &Protocol<'_>,
    replicate: Replicate,
    number: usize,
    work: &mut Workspace,
    row: &mut RowRecord,
) {
    // field by field: the record is large, and what it holds is soon written over
    (row.target, row.sums, row.failed_resamples) =
        (RowRecord::EMPTY.target, RowRecord::EMPTY.sums, RowRecord::EMPTY.failed_resamples);
    (row.decision, row.adjusted) = (None, RowRecord::EMPTY.adjusted);
    row.estimate = analyse(protocol, number, work);
    bootstrap(protocol, replicate, number, work, row);
}

/// One analysis of the trial as seen.
fn analyse(protocol: &Protocol<'_>, number: usize, work: &mut Workspace) -> Estimate {
    let plan = &protocol.scenario.analyses[number];
    let row = &protocol.analyses[number];
    let rows = work.cohort.rows;
    let measured = &work.measured[plan.endpoint];
    let all = measured.complete
        && row.subset.is_none()
        && row.interaction.is_none()
        && row.strata.is_empty()
        && !plan.site_stratum
        && protocol.scenario.arms.len() == 2
        && plan.arms == [1, 0];
    if all {
        if work.selection.everyone_as != Some(row.covariates_as) {
            work.selection.clear();
            for program in &row.covariates {
                let start = work.selection.covariates.len();
                work.selection.covariates.resize(start + rows, 0.0);
                program.eval(rows, &work.cohort, &mut work.noise.registers, &mut work.selection.covariates[start..]);
            }
            work.selection.count = row.covariates.len();
            if plan.site_factor {
                work.selection.picks.clear();
                work.selection.picks.extend(0..rows as u32);
                work.selection.add_sites(&work.cohort.site);
            }
            work.selection.everyone_as = Some(row.covariates_as);
        }
        let covariates = Covariates { values: &work.selection.covariates, count: work.selection.count };
        let data = selection::whole(measured, &work.cohort.arm, covariates);
        return judge(plan, row, &data, &mut work.scratch);
    }
    let group = |work: &mut Workspace, group: Option<u8>| {
        pick(protocol, number, work, group, None);
        picked(protocol, number, work)
    };
    if row.interaction.is_none() {
        return group(work, None);
    }
    let (with, without) = (group(work, Some(1)), group(work, Some(0)));
    interaction(&with, &without, protocol, number)
}

/// The weights that a method gives the patients of its data set, which are left in `work.selection.picks`.
///
/// # Errors
/// Why there are none.
pub(super) fn weigh(
    protocol: &Protocol<'_>,
    number: usize,
    work: &mut Workspace,
    out: &mut Vec<f64>,
) -> Result<(), Status> {
    let plan = &protocol.scenario.analyses[number];
    pick(protocol, number, work, None, None);
    let Workspace { selection, measured, cohort, noise, scratch, .. } = work;
    selection.clear();
    let (arm, experimental) = (&cohort.arm, plan.arms[0] as u8);
    selection.append(&measured[plan.endpoint], |i| u8::from(arm[i] == experimental));
    covariates(protocol, number, selection, cohort, noise);
    let data = selection.dataset(&measured[plan.endpoint]);
    plan.method.weights(&data, &protocol.analyses[number].rule, scratch, out)
}

/// One analysis of the patients picked.
pub(super) fn picked(protocol: &Protocol<'_>, number: usize, work: &mut Workspace) -> Estimate {
    let plan = &protocol.scenario.analyses[number];
    let Workspace { selection, measured, cohort, noise, scratch, .. } = work;
    selection.clear();
    let (arm, experimental) = (&cohort.arm, plan.arms[0] as u8);
    selection.append(&measured[plan.endpoint], |i| u8::from(arm[i] == experimental));
    covariates(protocol, number, selection, cohort, noise);
    judge(plan, &protocol.analyses[number], &selection.dataset(&measured[plan.endpoint]), scratch)
}

/// The method's answer; for equivalence that of two one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics
/// 1987;15:657): above the lower limit and below the upper one, each with the method's own error and distribution under its null
/// value. The smaller z and the larger p are those of both.
fn judge(plan: &AnalysisPlan, row: &Row, data: &Dataset<'_>, scratch: &mut Scratch) -> Estimate {
    let Some([low, high]) = plan.equivalence else {
        return plan.method.analyse(data, &row.rule, scratch);
    };
    let mut test = |null: f64, favours_larger: bool| {
        let directed = |better: &Better| (plan.method.orientation(*better) > 0.0) == favours_larger;
        match [Better::Higher, Better::Lower].into_iter().find(directed) {
            Some(better) => plan.method.analyse(data, &Rule { null, better, ..row.rule }, scratch),
            // win statistics know one direction only, and their z is standard normal
            None => {
                let e = plan.method.analyse(data, &Rule { null, ..row.rule }, scratch);
                Estimate { z: -e.z, p: normal_tail(-e.z), others: None, ..e }
            }
        }
    };
    let (above, below) = (test(low, true), test(high, false));
    if below.status != Status::Estimated {
        return below;
    }
    Estimate { z: above.z.min(below.z), p: above.p.max(below.p), others: None, ..above }
}

/// The difference of two groups' estimates (Altman and Bland, BMJ 2003;326:219): where the condition holds minus where not.
fn interaction(with: &Estimate, without: &Estimate, protocol: &Protocol<'_>, number: usize) -> Estimate {
    let row = &protocol.analyses[number];
    let n = (with.n + without.n) as usize;
    for e in [with, without] {
        if e.status != Status::Estimated {
            return Estimate::failed(e.status, n);
        }
    }
    let difference = with.estimate - without.estimate;
    let se = (with.se * with.se + without.se * without.se).sqrt();
    if !(se.is_finite() && se > 0.0) {
        return Estimate::failed(Status::NoVariation, n);
    }
    // the difference of two probabilities has no effect at 0, not at ½
    let rule = Rule { null: 0.0, ..row.rule };
    oriented(difference, se, &rule, row.orientation, n, (with.events + without.events) as usize)
}

/// Rows of an analysis: known, of either arm (or of any, for potential outcomes), in the subset, in the group.
pub(super) fn pick(
    protocol: &Protocol<'_>,
    number: usize,
    work: &mut Workspace,
    group: Option<u8>,
    potential: Option<[&Measured; 2]>,
) {
    let plan = &protocol.scenario.analyses[number];
    let row = &protocol.analyses[number];
    let rows = work.cohort.rows;
    work.selection.picks.clear();
    if potential.is_some() && row.subset.is_none() && group.is_none() {
        work.selection.picks.extend(0..rows as u32);
        return;
    }
    work.alive.clear();
    match potential {
        None => {
            let [e, c] = plan.arms.map(|a| a as u8);
            let known = &work.measured[plan.endpoint].known;
            work.alive.extend(known.iter().zip(&work.cohort.arm).map(|(&k, &a)| k & u8::from(a == e || a == c)));
        }
        Some(_) => work.alive.resize(rows, 1),
    }
    work.flags.resize(rows, 0);
    for (program, wanted) in
        row.subset.iter().map(|s| (s, 1)).chain(row.interaction.iter().filter_map(|i| group.map(|g| (i, g))))
    {
        program.eval_flags(rows, &work.cohort, &mut work.noise.registers, &mut work.flags[..rows]);
        for (a, &f) in work.alive.iter_mut().zip(&work.flags) {
            *a &= u8::from(f == wanted);
        }
    }
    work.selection.picks.extend((0..rows as u32).filter(|&i| work.alive[i as usize] == 1));
}

/// Covariates and strata of the rows picked.
fn covariates(
    protocol: &Protocol<'_>,
    number: usize,
    selection: &mut crate::selection::Selection,
    cohort: &Frame,
    noise: &mut crate::protocol::Noise,
) {
    let rows = cohort.rows;
    for program in &protocol.analyses[number].covariates {
        noise.values.resize(rows, 0.0);
        program.eval(rows, cohort, &mut noise.registers, &mut noise.values);
        selection.covariates.extend(selection.picks.iter().map(|&i| noise.values[i as usize]));
        selection.count += 1;
    }
    let plan = &protocol.scenario.analyses[number];
    if plan.site_factor {
        selection.add_sites(&cohort.site);
    }
    if plan.site_stratum {
        selection.stratify(|i| f64::from(cohort.site[i]));
    }
    for program in &protocol.analyses[number].strata {
        noise.values.resize(rows, 0.0);
        program.eval(rows, cohort, &mut noise.registers, &mut noise.values);
        selection.stratify(|i| noise.values[i]);
    }
}
