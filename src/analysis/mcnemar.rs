//! McNemar's test of matched pairs.

use crate::analysis::exact::{Observed, exact};
use crate::analysis::wald::{assemble, critical_value};
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::math::discrete::Family;
use crate::math::tail::normal_upper_tail;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `mcnemar`.
pub const FORM: Form = Form {
    name: "mcnemar",
    summary: "McNemar's test of matched pairs: each stratum is a pair, one patient of each arm",
    keys: &[
        Key {
            name: "test",
            kind: Kind::Word(&["asymptotic", "exact", "mid-p"]),
            required: false,
            doc: "`asymptotic`: the difference of the paired proportions; `exact`, `mid-p`: the odds ratio of a pair, by the binomial distribution of the discordant pairs; default `asymptotic`",
        },
        Key {
            name: "continuity",
            kind: Kind::Flag,
            required: false,
            doc: "Edwards's continuity correction of the asymptotic test, default false",
        },
    ],
    example: "{ test = \"asymptotic\", continuity = false }",
};

/// Among N pairs, b in which only the experimental patient responds and c in which only the control does.
///
/// `asymptotic`: (b − c)/N, standard error √(b + c − (b − c)²/N)/N, limits ∓ z₁₋ₜₐᵢₗ of it, cut to \[−1, 1\]; z = (b − c)/√(b + c), with
/// `continuity` (|b − c| − 1)/√(b + c). Around a margin the arms are not equal under the null hypothesis: z is then the distance over the
/// standard error, with `continuity` 1/N nearer.
///
/// `exact`: given b + c, b is binomial with odds θ, the odds ratio within a pair: ln(b/c), standard error √(1/b + 1/c), exact limits and
/// p-values at the null value of ln θ; `mid-p` counts half of the probability of b itself, and its two-sided p is twice the smaller
/// one-sided one. With b = 0 or c = 0 the estimate, its standard error and one limit are infinite. No discordant pair is
/// [`Status::NoVariation`]. There is no z.
///
/// Patients of a stratum that is not one patient of each arm are left out; the part `left-out` counts them.
///
/// `Source`: McNemar (1947), Psychometrika 12:153; Edwards (1948), Psychometrika 13:185; Fleiss, Levin, Paik (2003), section 13.1; Fagerland,
/// Lydersen, Laake (2013), BMC Medical Research Methodology 13:91.
#[derive(Clone, Copy, Debug)]
struct McNemar {
    test: Test,
    continuity: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Asymptotic,
    Exact,
    MidP,
}

/// Builds the method from its keys.
///
/// # Errors
/// A continuity correction of an exact test.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let test = match values.text("test") {
        Some("exact") => Test::Exact,
        Some("mid-p") => Test::MidP,
        _ => Test::Asymptotic,
    };
    let continuity = values.flag("continuity").unwrap_or(false);
    if continuity && test != Test::Asymptotic {
        return Err(Complaint {
            code: crate::scenario::diagnostic::Code::Contradiction,
            key: Some("continuity"),
            message: "an exact test has no continuity correction".to_owned(),
            help: "leave `continuity` out, or test = \"asymptotic\"".to_owned(),
        });
    }
    Ok(Box::new(McNemar { test, continuity }))
}

/// Pairs by what their patients do: neither, the control alone, the experimental alone, both; and the number of patients in no pair.
fn pairs(data: &Dataset<'_>, y: &[u8], counts: &mut Vec<u32>) -> ([f64; 4], usize) {
    crate::analysis::table::count_strata(data, y, counts);
    let mut pairs = [0.0; 4];
    let mut outside = 0;
    for cell in counts.as_chunks::<4>().0 {
        let [a, b, c, d] = cell.map(|n| n as usize);
        if a + b == 1 && c + d == 1 {
            pairs[b + 2 * d] += 1.0;
        } else {
            outside += a + b + c + d;
        }
    }
    (pairs, outside)
}

impl Analysis for McNemar {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        if self.test == Test::Asymptotic { Scale::Difference } else { Scale::LogRatio }
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Always
    }

    fn parts(&self) -> &'static [&'static str] {
        &["pairs", "experimental-alone", "control-alone", "left-out", "difference"]
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        let ([neither, c, b, both], outside) = pairs(data, y, &mut scratch.counts);
        let all = neither + c + b + both;
        let (n, events) = (2 * all as usize, (b + c + 2.0 * both) as usize);
        let failed = |status| Estimate::failed(status, n).counted(n, events);
        if all == 0.0 {
            return failed(if rows == 0 { Status::EmptyArm } else { Status::TooFew });
        }
        if b + c == 0.0 {
            return failed(Status::NoVariation);
        }
        let difference = (b - c) / all;
        let mut out = if self.test == Test::Asymptotic {
            let se = (b + c - (b - c) * difference).max(0.0).sqrt() / all;
            let error = if rule.null == 0.0 { (b + c).sqrt() / all } else { se };
            let distance = difference - rule.null;
            let most = if self.continuity { 1.0 / all } else { 0.0 };
            let z = rule.better.sign() * (distance.abs() - most).max(0.0).copysign(distance) / error;
            let half = critical_value(rule.tail()) * se;
            assemble(
                difference,
                se,
                [(difference - half).max(-1.0), (difference + half).min(1.0)],
                z,
                normal_upper_tail(z),
            )
        } else {
            let observed = Observed { x: b, null: rule.null, mid_p: self.test == Test::MidP };
            exact(&Family::Binomial { trials: b + c }, &observed, rule)
        };
        out.parts[..5].copy_from_slice(&[all, b, c, outside as f64, difference]);
        out.counted(n, events)
    }
}
