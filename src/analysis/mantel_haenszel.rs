//! Mantel and Haenszel's common odds ratio, risk ratio and risk difference of strata.

use crate::analysis::r;
use crate::analysis::table::{Table, count_strata, tables};
use crate::analysis::wald::wald;
use crate::analysis::{Adjusts, Analysis, Dataset, Estimate, Response, ResponseKind, Rule, Scale, Scratch, Status};
use crate::estimand::Target;
use crate::scenario::form::{Complaint, Form, Key, Kind, Values};

/// Keys of `mantel-haenszel`.
pub const FORM: Form = Form {
    name: "mantel-haenszel",
    summary: "Common odds ratio, risk ratio or risk difference of strata by Mantel and Haenszel, with its Wald test",
    keys: &[Key {
        name: "effect",
        kind: Kind::Word(&["odds-ratio", "risk-difference", "risk-ratio"]),
        required: false,
        doc: "what is common to the strata; default `odds-ratio`",
    }],
    example: "{ effect = \"odds-ratio\" }",
};

/// In each stratum of n = n₁ + n₀ patients let a and b be the experimental responders and others, c and d those of the control arm. With
/// R = Σ ad/n and S = Σ bc/n:
///
/// - `odds-ratio`: ln(R/S), variance ½ \[Σ PR/R² + Σ (PS + QR)/(RS) + Σ QS/S²\] with P = (a + d)/n, Q = (b + c)/n (Robins, Breslow,
///   Greenland 1986, Biometrics 42:311);
/// - `risk-ratio`: ln(Σ an₀/n / Σ cn₁/n), variance Σ (n₁n₀(a + c) − acn)/n² over the product of those sums (Greenland, Robins 1985,
///   Biometrics 41:55, equation 13);
/// - `risk-difference`: Σ (an₀ − cn₁)/n / W with W = Σ n₁n₀/n, variance (difference · Σ P + Σ Q)/W² with
///   P = (n₁²c − n₀²a + ½n₁n₀(n₀ − n₁))/n², Q = (a(n₀ − c) + c(n₁ − a))/2n (Sato 1989, Biometrics 45:1323, equation 3).
///
/// All hold in few large strata and in many small ones. Strata in which an arm has no patient are left out. A ratio of which one sum is 0 is
/// [`Status::Separation`].
///
/// `Source`: Mantel, Haenszel (1959), JNCI 22:719.
#[derive(Clone, Copy, Debug)]
struct MantelHaenszel {
    effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    OddsRatio,
    RiskRatio,
    RiskDifference,
}

/// Builds the method from its keys.
///
/// # Errors
/// None: any word is allowed.
pub fn build(values: &Values) -> Result<Box<dyn Analysis>, Complaint> {
    let effect = match values.text("effect") {
        Some("risk-ratio") => Effect::RiskRatio,
        Some("risk-difference") => Effect::RiskDifference,
        _ => Effect::OddsRatio,
    };
    Ok(Box::new(MantelHaenszel { effect }))
}

/// Estimate and standard error.
fn odds_ratio(tables: impl Iterator<Item = Table>) -> Result<(f64, f64), Status> {
    let [mut r, mut s, mut pr, mut mixed, mut qs] = [0.0; 5];
    for table in tables {
        let ([n0, n1], [c, a]) = (table.n.map(f64::from), table.events.map(f64::from));
        let (b, d, n) = (n1 - a, n0 - c, n0 + n1);
        let (p, q, up, down) = ((a + d) / n, (b + c) / n, a * d / n, b * c / n);
        r += up;
        s += down;
        pr += p * up;
        mixed += p * down + q * up;
        qs += q * down;
    }
    ratio(r, s)?;
    Ok(((r / s).ln(), (0.5 * (pr / (r * r) + mixed / (r * s) + qs / (s * s))).sqrt()))
}

/// Whether both sums of a ratio are there.
fn ratio(up: f64, down: f64) -> Result<(), Status> {
    match (up > 0.0, down > 0.0) {
        (true, true) => Ok(()),
        (false, false) => Err(Status::NoVariation),
        _ => Err(Status::Separation),
    }
}

fn risk_ratio(tables: impl Iterator<Item = Table>) -> Result<(f64, f64), Status> {
    let [mut up, mut down, mut sum] = [0.0; 3];
    for table in tables {
        let ([n0, n1], [c, a]) = (table.n.map(f64::from), table.events.map(f64::from));
        let n = n0 + n1;
        up += a * n0 / n;
        down += c * n1 / n;
        sum += (n1 * n0 * (a + c) - a * c * n) / (n * n);
    }
    ratio(up, down)?;
    // everyone responds
    if sum <= 0.0 {
        return Err(Status::NoVariation);
    }
    Ok(((up / down).ln(), (sum / (up * down)).sqrt()))
}

fn risk_difference(tables: impl Iterator<Item = Table>) -> Result<(f64, f64), Status> {
    let [mut sum, mut weight, mut first, mut second] = [0.0; 4];
    for table in tables {
        let ([n0, n1], [c, a]) = (table.n.map(f64::from), table.events.map(f64::from));
        let n = n0 + n1;
        sum += (a * n0 - c * n1) / n;
        weight += n1 * n0 / n;
        first += (n1 * n1 * c - n0 * n0 * a + 0.5 * n1 * n0 * (n0 - n1)) / (n * n);
        second += (a * (n0 - c) + c * (n1 - a)) / (2.0 * n);
    }
    let difference = sum / weight;
    let variance = (difference * first + second) / (weight * weight);
    if variance <= 0.0 {
        return Err(Status::NoVariation);
    }
    Ok((difference, variance.sqrt()))
}

impl Analysis for MantelHaenszel {
    fn takes(&self) -> &'static [ResponseKind] {
        &[ResponseKind::Binary]
    }

    fn scale(&self) -> Scale {
        if self.effect == Effect::RiskDifference { Scale::Difference } else { Scale::LogRatio }
    }

    fn stratifies(&self) -> Adjusts {
        Adjusts::Optionally
    }

    fn target(&self) -> Target {
        match self.effect {
            // strata have odds ratios of their own, which no common one averages
            Effect::OddsRatio => Target::Undefined,
            Effect::RiskRatio => Target::LogRisk,
            Effect::RiskDifference => Target::Mean,
        }
    }

    fn r(&self, call: &r::Call<'_>) -> Option<r::Code> {
        let effect: &[&str] = match self.effect {
            Effect::OddsRatio => &[
                "R <- a * e / n; S <- b * c / n; P <- (a + e) / n; Q <- (b + c) / n",
                "variance <- sum(P * R) / sum(R)^2 + sum(P * S + Q * R) / (sum(R) * sum(S)) + sum(Q * S) / sum(S)^2",
                "wald(log(sum(R) / sum(S)), sqrt(variance / 2), null, better)",
            ],
            Effect::RiskRatio => &[
                "R <- sum(a * n0 / n); S <- sum(c * n1 / n)",
                "wald(log(R / S), sqrt(sum((n1 * n0 * (a + c) - a * c * n) / n^2) / (R * S)), null, better)",
            ],
            Effect::RiskDifference => &[
                "W <- sum(n1 * n0 / n); difference <- sum((a * n0 - c * n1) / n) / W",
                "P <- sum((n1^2 * c - n0^2 * a + n1 * n0 * (n0 - n1) / 2) / n^2)",
                "Q <- sum((a * (n0 - c) + c * (n1 - a)) / (2 * n))",
                "wald(difference, sqrt(difference * P + Q) / W, null, better)",
            ],
        };
        let cells = [
            if call.stratified { "stratum <- d$stratum" } else { "stratum <- rep(1, nrow(d))" },
            "count <- function(which) as.numeric(tapply(which, stratum, sum))",
            "a <- count(d$arm == 1 & d$y == 1); b <- count(d$arm == 1 & d$y == 0)",
            "c <- count(d$arm == 0 & d$y == 1); e <- count(d$arm == 0 & d$y == 0)",
            "both <- a + b > 0 & c + e > 0; a <- a[both]; b <- b[both]; c <- c[both]; e <- e[both]",
            "n1 <- a + b; n0 <- c + e; n <- n1 + n0",
        ];
        r::code(&[], &[&cells, effect].concat())
    }

    fn analyse(&self, data: &Dataset<'_>, rule: &Rule, scratch: &mut Scratch) -> Estimate {
        let rows = data.arm.len();
        let Response::Binary(y) = data.response else {
            return Estimate::failed(Status::NoVariation, rows);
        };
        count_strata(data, y, &mut scratch.counts);
        let informative = tables(&scratch.counts).filter(|t| t.n[0] > 0 && t.n[1] > 0);
        let events: u32 = tables(&scratch.counts).map(|t| t.events[0] + t.events[1]).sum();
        let fit = match informative.clone().next() {
            None => Err(Status::EmptyArm),
            Some(_) => match self.effect {
                Effect::OddsRatio => odds_ratio(informative),
                Effect::RiskRatio => risk_ratio(informative),
                Effect::RiskDifference => risk_difference(informative),
            },
        };
        match fit {
            Ok((estimate, se)) => {
                let answer = wald(estimate, se, rule, rows, events as usize);
                match answer.status {
                    Status::Estimated => answer,
                    status => Estimate::failed(status, rows).counted(rows, events as usize),
                }
            }
            Err(status) => Estimate::failed(status, rows).counted(rows, events as usize),
        }
    }
}
