//! Patients for a comparison of two hazards with uniform entry and loss.

use super::{Known, share};
use crate::distribution::Family;
use crate::math::special::normal_quantile;
use crate::protocol::Protocol;
use crate::scenario::{Accrual, Cut, Measure};

/// Its name.
pub const NAME: &str = "Lachin and Foulkes 1986, on the log hazard ratio";

/// Patients for a power: with E(λ) the probability that a patient of hazard λ is seen to have the event, λ̄ the arms' mean hazard, k the
/// experimental arm's share and θ the null value of the log hazard ratio,
///
/// n = \[z_α √(1/(k(1 − k)E(λ̄))) + z_π √(1/(kE(λ₁)) + 1/((1 − k)E(λ₀)))\]² / (ln(λ₁/λ₀) − θ)²,
/// E(λ) = λ/a · \[1 − (e^(−a(T − R)) − e^(−aT))/(aR)\], a = λ + η,
///
/// where patients enter uniformly over R months, are lost at rate η, and the data are cut at month T. None for other designs, for a margin,
/// and where the effect is not in favour.
///
/// Source: Lachin and Foulkes, Biometrics 42 (1986) 507; the form on the log hazard ratio is that of gsDesign's `nSurvival`.
#[must_use]
pub fn patients(protocol: &Protocol<'_>, a: usize, power: f64) -> Option<f64> {
    let s = protocol.scenario;
    let plan = &s.analyses[a];
    let (Accrual::Uniform { over }, Some(Known::Hazards([experimental, control]))) =
        (&s.enrolment.accrual, Known::of(s, a))
    else {
        return None;
    };
    let end = match s.cut {
        Cut { date: Some(date), after_last_entry: None, horizon: None, events: None } => date,
        Cut { date: None, after_last_entry: Some(months), horizon: None, events: None } => over + months,
        _ => return None,
    };
    let Measure::Time { by, .. } = s.endpoints[plan.endpoint].measure else { return None };
    let loss = match &s.dropout {
        None => 0.0,
        Some(law) if law.family() == Some(Family::Rate) => law.parameters().first()?.value.as_number()?,
        Some(_) => return None,
    };
    let row = &protocol.analyses[a];
    let effect = (experimental / control).ln();
    let plain = plan.subset.is_none() && plan.covariates.is_empty() && plan.strata.is_empty() && !plan.site_stratum;
    if end < *over || by < end || !plain || row.rule.null != 0.0 || row.orientation * effect <= 0.0 {
        return None;
    }
    let seen = |hazard: f64| {
        let a = hazard + loss;
        hazard / a * (1.0 - ((-a * (end - over)).exp() - (-a * end).exp()) / (a * over))
    };
    let k = share(s, a);
    let mean = k * experimental + (1.0 - k) * control;
    let null = 1.0 / (k * (1.0 - k) * seen(mean));
    let own = 1.0 / (k * seen(experimental)) + 1.0 / ((1.0 - k) * seen(control));
    let reach = -normal_quantile(row.rule.tail()) * null.sqrt() + normal_quantile(power) * own.sqrt();
    (reach > 0.0).then(|| (reach / effect).powi(2))
}
