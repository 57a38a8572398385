//! Answers of the analyses as the result that is shown.

use super::{Answer, Trial};
use crate::analysis::{Decision, Estimate, Scale, Status};
use crate::decision::{self, decide};
use crate::multiplicity::Dependence;
use crate::protocol::Protocol;
use crate::result::answer::{self, Bootstrap, LeftOut, Part};
use crate::result::multiplicity::{FamilyAnswer, HypothesisAnswer};
use crate::scenario::{FamilyPlan, Scenario};

impl Trial<'_, '_> {
    /// Runs the analyses; the entries of the result, in the order of the plan, and what the families of hypotheses decide.
    pub fn answers(&mut self) -> (Vec<answer::Answer>, Vec<FamilyAnswer>) {
        let answers = self.analyse();
        let shown = answers.iter().enumerate().map(|(number, a)| self.shown(number, a)).collect();
        (shown, families(self.protocol.scenario, |h| &answers[h].estimate))
    }

    fn shown(&self, number: usize, a: &Answer) -> answer::Answer {
        let left_out = LeftOut { endpoint: a.without_endpoint, baseline: a.without_baseline, subset: a.outside };
        let shown = answer(self.protocol, number, &a.estimate, a.failed_resamples);
        answer::Answer { left_out: Some(left_out), ..shown }
    }
}

/// What the families of hypotheses decide, given the estimate of each row of the analysis plan.
pub fn families<'e>(scenario: &Scenario, estimate: impl Fn(usize) -> &'e Estimate) -> Vec<FamilyAnswer> {
    scenario.multiplicity.iter().map(|plan| family(scenario, plan, &estimate)).collect()
}

fn family<'e>(scenario: &Scenario, plan: &FamilyPlan, estimate: impl Fn(usize) -> &'e Estimate) -> FamilyAnswer {
    let mut scratch = decision::Scratch::default();
    let verdict = decide(plan, estimate, &mut scratch);
    let hypothesis = |(j, &h): (usize, &usize)| {
        let row = &scenario.analyses[h];
        let bit = 1 << j;
        let answered = verdict.missing & bit == 0;
        HypothesisAnswer {
            analysis: row.name.clone(),
            label: row.label.clone(),
            p: answered.then_some(scratch.p[j]),
            adjusted: answered.then_some(scratch.adjusted[j]),
            decision: answered.then_some(match (verdict.rejected & bit, verdict.favour & bit) {
                (0, _) => "neither",
                (_, 0) => "against",
                _ => "favour",
            }),
        }
    };
    FamilyAnswer {
        name: plan.name.clone(),
        label: plan.label.clone(),
        procedure: plan.procedure_name,
        positive_dependence: plan.procedure.holds_for() == Dependence::Positive,
        alpha: plan.alpha,
        sides: plan.sides,
        hypotheses: plan.hypotheses.iter().enumerate().map(hypothesis).collect(),
    }
}

/// An estimate of row `number` of the analysis plan as the result that is shown.
#[must_use]
pub fn answer(protocol: &Protocol<'_>, number: usize, e: &Estimate, failed_resamples: u32) -> answer::Answer {
    let scenario = protocol.scenario;
    let plan = &scenario.analyses[number];
    let row = &protocol.analyses[number];
    let answered = e.status == Status::Estimated;
    let finite = |x: f64| Some(x).filter(|x| answered && x.is_finite());
    let interval = [e.lower, e.upper].map(finite);
    let tail = row.rule.tail();
    // a method that gave up before it had any part of its answer
    let empty = !answered && e.parts.iter().all(|x| *x == 0.0);
    answer::Answer {
        name: plan.name.clone(),
        label: plan.label.clone(),
        endpoint: scenario.endpoints[plan.endpoint].name.clone(),
        method: plan.method_name,
        scale: match plan.method.scale() {
            Scale::Difference => "difference",
            Scale::LogRatio => "log-ratio",
            Scale::Probability => "probability",
        },
        arms: plan.arms.map(|k| scenario.arms[k].name.clone()),
        status: e.status.words(),
        estimate: finite(e.estimate),
        se: finite(e.se),
        interval: interval.iter().any(Option::is_some).then_some(interval),
        level: 1.0 - 2.0 * tail,
        statistic: finite(e.z),
        df: finite(e.df),
        alpha: plan.alpha,
        sides: plan.sides,
        null: plan.null,
        p_favour: finite(e.p),
        p_against: finite(e.p_against()),
        p_two_sided: finite(e.p_two_sided()),
        decision: answered.then(|| match e.decision(tail, plan.sides == 2) {
            Decision::Favour => "favour",
            Decision::Against => "against",
            Decision::Neither => "neither",
        }),
        patients: e.n as usize,
        events: e.events,
        left_out: None,
        parts: plan
            .method
            .parts()
            .iter()
            .zip(e.parts)
            .map(|(name, value)| Part {
                name: (*name).to_owned(),
                value: Some(value).filter(|x| !empty && x.is_finite()),
            })
            .collect(),
        bootstrap: plan.bootstrap.map(|resamples| Bootstrap { resamples, failed: failed_resamples }),
    }
}
