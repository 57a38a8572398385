//! Cox regression on the arm under propensity weights.

use crate::analysis::propensity::settings;
use crate::analysis::propensity::weighted::{Effect, Weighted};
use crate::analysis::r;
use crate::analysis::time_order::last_event;
use crate::analysis::{Analysis, Dataset, Response, ResponseKind, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Values};
use settings::{CALIPER, STABILISED, STRATA, Settings, TRIM, TRUNCATE, VARIANCE, WEIGHTS};

/// Keys of `weighted-cox`.
pub const FORM: Form = Form {
    name: "weighted-cox",
    summary: "Cox regression on the arm alone under propensity weights: marginal ln hazard ratio, ties by Efron's method.",
    keys: &[WEIGHTS, VARIANCE, STABILISED, TRIM, TRUNCATE, STRATA, CALIPER],
    example: "{ weights = \"ate\", variance = \"stacked\" }",
};

/// The root of the weighted partial-likelihood score of the arm. Among d events at one time the l-th (l = 0 … d − 1) weighs
/// their mean weight and sees l/d of their weights already gone, as in `survival::coxph`.
///
/// Influences are the weighted score residuals over the information, those of `coxph(robust = TRUE)`. See
/// [`crate::analysis::propensity`] for weights and variances. Events that leave no finite maximum are
/// [`Status::Separation`]; no event while both arms are at risk is [`Status::NoVariation`]. Competing events count as
/// censored.
///
/// Source: Efron, Journal of the American Statistical Association 72 (1977) 557; Lin, Wei, Journal of the American
/// Statistical Association 84 (1989) 1074; Binder, Biometrika 79 (1992) 139.
#[derive(Clone, Copy, Debug)]
struct WeightedCox;

/// Builds the method from its keys.
///
/// # Errors
/// As [`Settings::read`].
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    Ok(Box::new(Weighted { effect: WeightedCox, settings: Settings::read(values)? }))
}

impl Effect for WeightedCox {
    const TAKES: &'static [ResponseKind] = &[ResponseKind::Time];
    const SCALE: Scale = Scale::LogRatio;
    const HAZARD: bool = true;

    fn r(&self, _: &r::Call<'_>) -> r::Code {
        r::Code {
            packages: &["survival"],
            body: [
                "fit <- coxph(Surv(time, event) ~ arm, data = d, weights = w, robust = TRUE, ties = \"efron\", control = tight_cox)",
                "theta <- coef(fit)[[\"arm\"]]",
                "psi <- residuals(fit, type = \"dfbeta\", weighted = TRUE)",
            ]
            .join("\n"),
        }
    }

    fn target(&self) -> Target {
        Target::Hazard
    }

    fn effect(
        &self,
        data: &Dataset<'_>,
        weight: &[f64],
        scratch: &mut Scratch,
        influence: &mut [f64],
    ) -> Result<f64, Status> {
        let Response::Time { time, event, .. } = data.response else { return Err(Status::NoVariation) };
        log_hazard_ratio(time, event, data.arm, weight, scratch, influence)
    }
}

/// Most Newton steps; from no effect some five are needed.
const STEPS: usize = 60;

/// ln hazard ratio and its influences.
fn log_hazard_ratio(
    time: &[f64],
    event: &[u8],
    arm: &[u8],
    weight: &[f64],
    scratch: &mut Scratch,
    influence: &mut [f64],
) -> Result<f64, Status> {
    let Scratch { sorted, order, real: [control, experimental, event_weight, ..], .. } = scratch;
    let last = last_event(time, event, f64::INFINITY);
    sorted.rows(time, |row, t| t <= last && weight[row] > 0.0, order);
    order.reverse();
    let patients = Patients { time, event, arm, weight, last, latest_first: order };
    let mut sets = RiskSets { control, experimental, weight: event_weight };
    let observed = sets.walk(&patients)?;
    let (coefficient, information) = sets.root(observed)?;
    sets.influences(&patients, coefficient.exp(), information, influence);
    Ok(coefficient)
}

/// Patients who have a weight.
struct Patients<'a> {
    time: &'a [f64],
    event: &'a [u8],
    arm: &'a [u8],
    weight: &'a [f64],
    /// Time of the last event.
    last: f64,
    /// Rows of those followed no longer than that.
    latest_first: &'a [u32],
}

impl Patients<'_> {
    /// Rows of those followed beyond the last event.
    fn beyond(&self) -> impl Iterator<Item = usize> {
        let rows = self.time.iter().zip(self.weight).enumerate();
        rows.filter(|(_, (t, w))| **t > self.last && **w > 0.0).map(|(row, _)| row)
    }

    /// Rows of equal time, latest first.
    fn groups(&self) -> impl DoubleEndedIterator<Item = &[u32]> {
        self.latest_first.chunk_by(|&a, &b| self.time[a as usize] == self.time[b as usize])
    }
}

/// Sums over those at risk at the events, an entry an event, latest first: sums grow, so that none is a difference.
pub(super) struct RiskSets<'a> {
    /// Weight of the controls at risk.
    pub(super) control: &'a mut Vec<f64>,
    /// Weight of the experimental patients at risk.
    pub(super) experimental: &'a mut Vec<f64>,
    /// Weight of the event.
    pub(super) weight: &'a mut Vec<f64>,
}

impl RiskSets<'_> {
    /// Writes the sums; gives the weight of the experimental arm's events.
    fn walk(&mut self, patients: &Patients<'_>) -> Result<f64, Status> {
        let Patients { event, arm, weight, .. } = *patients;
        for values in [&mut *self.control, &mut *self.experimental, &mut *self.weight] {
            values.clear();
        }
        let (mut at_risk, mut count) = ([0.0; 2], [0_usize; 2]);
        for row in patients.beyond() {
            let a = usize::from(arm[row] != 0);
            at_risk[a] += weight[row];
            count[a] += 1;
        }
        // events: of the experimental arm, with that arm at risk, with nobody else at risk
        let (mut experimental, mut exposed, mut alone, mut observed) = (0, 0, 0, 0.0);
        for group in patients.groups() {
            let (mut died, mut events) = ([0.0; 2], [0_usize; 2]);
            for &row in group {
                let (row, a) = (row as usize, usize::from(arm[row as usize] != 0));
                at_risk[a] += weight[row];
                count[a] += 1;
                if event[row] != 0 {
                    died[a] += weight[row];
                    events[a] += 1;
                }
            }
            let tied = events[0] + events[1];
            for l in 0..tied {
                let gone = l as f64 / tied as f64;
                self.control.push(at_risk[0] - gone * died[0]);
                self.experimental.push(at_risk[1] - gone * died[1]);
                self.weight.push((died[0] + died[1]) / tied as f64);
            }
            observed += died[1];
            experimental += events[1];
            exposed += if count[1] > 0 { tied } else { 0 };
            alone += if count[0] == 0 { tied } else { 0 };
        }
        if exposed == alone {
            Err(Status::NoVariation)
        } else if experimental <= alone || experimental >= exposed {
            Err(Status::Separation)
        } else {
            Ok(observed)
        }
    }

    /// Root of the score and the information there, by Newton's method within a bracket.
    pub(super) fn root(&self, observed: f64) -> Result<(f64, f64), Status> {
        let (mut below, mut above) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut coefficient = 0.0_f64;
        for _ in 0..STEPS {
            let (expected, information) = self.expectation(coefficient.exp());
            let score = observed - expected;
            if score > 0.0 {
                below = coefficient;
            } else {
                above = coefficient;
            }
            let step = score / information;
            if step.is_finite() && (step.abs() <= 1e-10 || score * step <= 1e-20 * observed) {
                return Ok((coefficient + step, information));
            }
            let newton = coefficient + step;
            coefficient = if newton > below && newton < above {
                newton
            } else if below.is_finite() && above.is_finite() {
                0.5 * (below + above)
            } else {
                coefficient + score.signum()
            };
        }
        Err(Status::NotConverged)
    }

    /// Expected weight of the experimental arm's events and its derivative at a hazard ratio.
    pub(super) fn expectation(&self, ratio: f64) -> (f64, f64) {
        // four lanes of sums, combined in a fixed order: vectorised, and the same bits everywhere
        let (mut expected, mut variance) = ([0.0; 4], [0.0; 4]);
        let (c, cs) = self.control.as_chunks::<4>();
        let (e, es) = self.experimental.as_chunks::<4>();
        let (w, ws) = self.weight.as_chunks::<4>();
        for ((c, e), w) in c.iter().zip(e).zip(w) {
            for i in 0..4 {
                let share = ratio * e[i] / (c[i] + ratio * e[i]);
                expected[i] += w[i] * share;
                variance[i] += w[i] * share * (1.0 - share);
            }
        }
        for (i, ((c, e), w)) in cs.iter().zip(es).zip(ws).enumerate() {
            let share = ratio * e / (c + ratio * e);
            expected[i] += w * share;
            variance[i] += w * share * (1.0 - share);
        }
        (
            (expected[0] + expected[1]) + (expected[2] + expected[3]),
            (variance[0] + variance[1]) + (variance[2] + variance[3]),
        )
    }

    /// w/information times the score residual, which is what the patient's event adds to the score less what his being at
    /// risk makes expected: of an experimental patient ratio · Σ w̄ (1 − m)/S, of a control −Σ w̄ m/S, over events up to his
    /// time, S the hazards at risk and m the experimental share of S.
    fn influences(&self, patients: &Patients<'_>, ratio: f64, information: f64, influence: &mut [f64]) {
        let Patients { event, arm, weight, .. } = *patients;
        // control, experimental
        let mut expected = [0.0; 2];
        let mut end = self.weight.len();
        for group in patients.groups().rev() {
            let tied: usize = group.iter().map(|&row| usize::from(event[row as usize] != 0)).sum();
            let (mut mean, mut own) = (0.0, expected);
            for (l, k) in (end - tied..end).enumerate() {
                let stays = 1.0 - l as f64 / tied as f64;
                let exposed = ratio * self.experimental[k];
                let hazard = self.control[k] + exposed;
                let share = exposed / hazard;
                let term = self.weight[k] / hazard;
                let terms = [-term * share, term * (self.control[k] / hazard) * ratio];
                for a in 0..2 {
                    own[a] += stays * terms[a];
                    expected[a] += terms[a];
                }
                mean += share / tied as f64;
            }
            end -= tied;
            for &row in group {
                let (row, a) = (row as usize, usize::from(arm[row as usize] != 0));
                let residual = if event[row] != 0 { a as f64 - mean - own[a] } else { -expected[a] };
                influence[row] = weight[row] / information * residual;
            }
        }
        for row in patients.beyond() {
            influence[row] = -weight[row] / information * expected[usize::from(arm[row] != 0)];
        }
    }
}
