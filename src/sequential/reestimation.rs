//! Sample-size re-estimation: tests that keep their level when the information after a look depends on what was seen there, the promising
//! zone, and blinded reviews of what the sample size was planned with.

use super::Compared;
use crate::math::root;
use crate::math::special::{normal_cdf, normal_quantile};

/// A statistic Z and the information it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Z, in favour.
    pub z: f64,
    /// Information: patients, events, or 1/SE².
    pub information: f64,
}

/// Z of what came after a look alone: (√I_b z_b − √I_a z_a)/√(I_b − I_a). NaN where nothing came.
#[must_use]
pub fn increment(before: Seen, after: Seen) -> f64 {
    let sum = |s: Seen| s.z * s.information.sqrt();
    (sum(after) - sum(before)) / (after.information - before.information).sqrt()
}

/// Z of both stages with the weights of the plan, √t z_a + √(1 − t) z₂, t the planned share of the information at the look: standard
/// normal under the null whatever information came after it, and the plan's Z where it was as planned.
///
/// Source: Cui L, Hung HMJ, Wang SJ. Modification of sample size in group sequential clinical trials. Biometrics 1999;55:853–857; Lehmacher
/// W, Wassmer G. Adaptive sample size calculations in group sequential trials. Biometrics 1999;55:1286–1290.
#[must_use]
pub fn inverse_normal(before: f64, increment: f64, share: f64) -> f64 {
    share.sqrt() * before + (1.0 - share).sqrt() * increment
}

/// More information where the conditional power is promising.
///
/// Information counts as a multiple of the planned one, conditional power is that under the current trend θ = z/√t.
///
/// Source: Mehta CR, Pocock SJ. Adaptive increase in sample size when interim results are promising: a practical guide with examples.
/// Statistics in Medicine 2011;30:3267–3284.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PromisingZone {
    /// Planned share t of the information at the look.
    pub share: f64,
    /// Bound u for rejection at the planned information.
    pub last: f64,
    /// Conditional power that the new information is to give.
    pub target: f64,
    /// Most information.
    pub cap: f64,
    /// Conditional power with the planned information from which, and below which, there is more.
    pub zone: [f64; 2],
}

impl PromisingZone {
    /// (u − z√t)/√(1 − t): what is still to be gained, in standard deviations of what was planned to come.
    fn missing(&self, z: f64) -> f64 {
        (self.last - z * self.share.sqrt()) / (1.0 - self.share).sqrt()
    }

    /// Conditional power with some information n* after Z = z: 1 − Φ{(u − z√t)/√(1 − t) − z√((n* − t)/t)} (Mehta and Pocock, eq. 3, with
    /// the bound that keeps the level).
    #[must_use]
    pub fn conditional_power(&self, z: f64, information: f64) -> f64 {
        normal_cdf(z * ((information - self.share) / self.share).sqrt() - self.missing(z))
    }

    /// Information with which the conditional power is the target: t + (t/z²){(u − z√t)/√(1 − t) + Φ⁻¹(target)}² (Mehta and Pocock, eq. 6),
    /// from the planned one to the cap.
    fn wanted(&self, z: f64) -> f64 {
        let sum = (self.missing(z) + normal_quantile(self.target)).max(0.0);
        let wanted = self.share * (1.0 + (sum / z).powi(2));
        wanted.clamp(1.0, self.cap.max(1.0))
    }

    /// The information of a trial with Z = z at the look: 1 outside the zone, inside it what gives the target, at most the cap.
    #[must_use]
    pub fn information(&self, z: f64) -> f64 {
        let power = self.conditional_power(z, 1.0);
        let promising = z > 0.0 && power >= self.zone[0] && power < self.zone[1];
        if promising { self.wanted(z) } else { 1.0 }
    }

    /// The bound for the Z of all data at information n* that keeps the level: {√((n* − t)/(1 − t)) (u − z√t) + z√t}/√n*; the same test as
    /// [`inverse_normal`] against u.
    ///
    /// Source: Gao P, Ware JH, Mehta C. Sample size re-estimation for adaptive sequential design in clinical trials. J Biopharm Stat
    /// 2008;18:1184–1196.
    #[must_use]
    pub fn bound(&self, z: f64, information: f64) -> f64 {
        let b = z * self.share.sqrt();
        (((information - self.share) / (1.0 - self.share)).sqrt() * (self.last - b) + b) / information.sqrt()
    }

    /// The least conditional power from which on the unchanged bound u for the Z of all data keeps the level, whatever `zone` is: a zone
    /// from here to the target needs no adjustment (Mehta and Pocock, table 1). NaN for a target of at most ½ or a cap of at most 1.
    #[must_use]
    pub fn least(&self) -> f64 {
        if self.target.is_nan() || self.target <= 0.5 || self.cap.is_nan() || self.cap <= 1.0 {
            return f64::NAN;
        }
        let t = self.share;
        // z at which the bound for n* is u
        let critical = |n: f64| {
            let step = ((n - t) / (1.0 - t)).sqrt();
            self.last * t.sqrt() * (1.0 + step) / (n.sqrt() + step)
        };
        let reached = super::futility::of_conditional_power(self.target, t, self.last);
        let z = root::zero(1e-9, reached, |z| z - critical(self.wanted(z).min(1e16)));
        self.conditional_power(z, 1.0)
    }
}

/// What of the planned effect on a proportion is held when the level is reviewed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held {
    /// Experimental − control.
    Difference(f64),
    /// Experimental over control.
    Ratio(f64),
}

/// The proportions of a blinded review: those with the planned effect whose mean over the patients, `ratio` experimental for one control, is
/// the pooled proportion. None where they are no proportions.
///
/// Source: Gould AL. Interim analyses for monitoring clinical trials that do not materially affect the type I error rate. Statistics in
/// Medicine 1992;11:55–66.
#[must_use]
pub fn proportions(pooled: f64, held: Held, ratio: f64) -> Option<Compared> {
    let (control, experimental) = match held {
        Held::Difference(difference) => {
            let control = pooled - difference * ratio / (1.0 + ratio);
            (control, control + difference)
        }
        Held::Ratio(factor) => {
            let control = pooled * (1.0 + ratio) / (1.0 + ratio * factor);
            (control, control * factor)
        }
    };
    let inside = |p: f64| p > 0.0 && p < 1.0;
    (inside(control) && inside(experimental)).then_some(Compared::Proportions { experimental, control })
}

/// What is compared against a margin, on the scale of the estimate (ln of a ratio of hazards), as the comparison whose patients (or
/// events) [`Compared::fixed`] gives: the distance from the margin takes the place of the effect.
///
/// Under the margin proportions are not equal and nothing is pooled: they compare as two means at the distance e − c − margin, of the
/// variance r/(1 + r) · (e(1 − e)/r + c(1 − c)) with r experimental for one control, which is
/// n = (z₁₋α + z₁₋β)² (1 + r)(e(1 − e)/r + c(1 − c))/(e − c − margin)².
///
/// Source: Blackwelder WC. "Proving the null hypothesis" in clinical trials. Controlled Clinical Trials 1982;3:345–353; Julious SA. Sample
/// Sizes for Clinical Trials. Chapman and Hall 2010, ch. 11.
#[must_use]
pub fn beyond(compared: Compared, margin: f64, ratio: f64) -> Compared {
    match compared {
        _ if margin == 0.0 => compared,
        Compared::Means { difference, sd } => Compared::Means { difference: difference - margin, sd },
        Compared::Hazards { ratio: hr } => Compared::Hazards { ratio: hr / margin.exp() },
        Compared::Proportions { experimental: e, control: c } => {
            let variance = ratio / (1.0 + ratio) * (e * (1.0 - e) / ratio + c * (1.0 - c));
            Compared::Means { difference: e - c - margin, sd: variance.sqrt() }
        }
    }
}

/// Variance within the arms from that of all n values with the arms unknown, less what the planned difference would add:
/// S² − n/(n − 1) · r/(1 + r)² · difference². Without it (a difference of 0) S² itself, which is a little large.
///
/// May be 0 or less where the values vary less than the planned difference alone would make them.
///
/// Source: Kieser M, Friede T. Simple procedures for blinded sample size adjustment that do not affect the type I error rate. Statistics in
/// Medicine 2003;22:3571–3581, eq. 3, for any allocation.
#[must_use]
pub fn variance_within(total: f64, n: f64, difference: f64, ratio: f64) -> f64 {
    total - n / (n - 1.0) * ratio / (1.0 + ratio).powi(2) * difference * difference
}

/// Patients who have so many events, each with this pooled probability by the end: d/probability.
#[must_use]
pub fn patients(events: f64, probability: f64) -> f64 {
    events / probability
}
