//! `patency bounds`: a group-sequential boundary and what it takes, without simulating.

use super::{Failure, print};
use crate::report;
use crate::result::bounds::{BoundsResult, Look, Sizes};
use crate::sequential::{Boundary, Compared, Efficacy, Futility, Plan, Spending};

pub(super) const EXAMPLES: &str = "Examples:
  patency bounds --looks 0.5,0.75,1 --efficacy obrien-fleming --hazard-ratio 0.75
  patency bounds --looks 0.5,1 --alpha 0.05 --sides 2 --efficacy wang-tsiatis:0.25 --means 0.4,1.3
  patency bounds --looks 0.5,0.75,1 --efficacy hwang-shih-decani:-4 --futility hwang-shih-decani:-2 --proportions 0.50,0.35
  patency bounds --looks 0.5,0.75,1 --efficacy z:2.9626,2.3590,2.0141 --futility z:0,0.5

Error spending: obrien-fleming, pocock (Lan and DeMets), hwang-shih-decani:GAMMA, kim-demets:RHO, table:SHARE,…,1.
Efficacy also: wang-tsiatis:DELTA (0 O'Brien and Fleming, 0.5 Pocock), haybittle-peto:Z, z:Z,…
Futility also: z:Z,… (one less than looks; `none` where a look has none)";

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The table
    Text,
    /// Everything
    Json,
}

#[derive(Debug, clap::Args)]
pub struct Bounds {
    /// Shares of the information at the looks, ascending to 1; `4` stands for four equal steps
    #[arg(long, value_delimiter = ',', required = true, value_parser = number)]
    looks: Vec<f64>,
    /// Significance level, of both sides together
    #[arg(long, default_value_t = 0.025)]
    alpha: f64,
    /// 1 or 2
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    sides: u8,
    /// Power at the alternative
    #[arg(long, default_value_t = 0.9)]
    power: f64,
    /// Bounds for rejection
    #[arg(long, default_value = "obrien-fleming", value_name = "RULE", value_parser = efficacy)]
    efficacy: Named<Efficacy>,
    /// Bounds for stopping without rejection
    #[arg(long, value_name = "RULE", value_parser = futility)]
    futility: Option<Named<Futility>>,
    /// Futility must be obeyed for the error to hold: bounds for rejection are then lower
    #[arg(long, requires = "futility")]
    binding: bool,
    /// Alternative: difference of two means, and their standard deviation (normal approximation; rpact: normalApproximation = TRUE)
    #[arg(
        long,
        value_name = "DIFFERENCE,SD",
        value_delimiter = ',',
        num_args = 1,
        allow_hyphen_values = true,
        group = "alternative"
    )]
    means: Option<Vec<f64>>,
    /// Alternative: proportions, experimental and control
    #[arg(long, value_name = "EXPERIMENTAL,CONTROL", value_delimiter = ',', num_args = 1, group = "alternative")]
    proportions: Option<Vec<f64>>,
    /// Alternative: hazard ratio, experimental over control
    #[arg(long, value_name = "RATIO", group = "alternative")]
    hazard_ratio: Option<f64>,
    /// Experimental patients for one control
    #[arg(long, default_value_t = 1.0, requires = "alternative")]
    ratio: f64,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A rule, and the words that gave it.
#[derive(Clone, Debug)]
struct Named<T> {
    rule: T,
    words: String,
}

fn number(text: &str) -> Result<f64, String> {
    let parse = |t: &str| t.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let value = match text.split_once('/') {
        Some((a, b)) => parse(a).zip(parse(b)).map(|(a, b)| a / b).filter(|x| x.is_finite()),
        None => parse(text),
    };
    value.ok_or_else(|| format!("`{text}` is not a number"))
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    let one = |t: &str| if t.trim() == "none" { Ok(f64::NAN) } else { number(t) };
    text.split(',').map(one).collect()
}

fn spending(name: &str, value: Option<&str>) -> Result<Option<Spending>, String> {
    let of = |what: &str| value.ok_or_else(|| format!("`{name}` wants {what}, as `{name}:2`")).and_then(number);
    let plain = |s: Spending| if value.is_some() { Err(format!("`{name}` takes no value")) } else { Ok(Some(s)) };
    match name {
        "obrien-fleming" => plain(Spending::OBrienFleming),
        "pocock" => plain(Spending::Pocock),
        "hwang-shih-decani" => {
            let gamma = of("γ")?;
            if gamma.abs() > 40.0 {
                Err("γ from −40 to 40".to_owned())
            } else {
                Ok(Some(Spending::HwangShihDeCani(gamma)))
            }
        }
        "kim-demets" => {
            let rho = of("ρ")?;
            if rho > 0.0 && rho <= 50.0 {
                Ok(Some(Spending::KimDeMets(rho)))
            } else {
                Err("ρ above 0, at most 50".to_owned())
            }
        }
        "table" => Ok(Some(Spending::Table(numbers(value.unwrap_or_default())?))),
        _ => Ok(None),
    }
}

fn unknown<T>(name: &str, known: &[&str]) -> Result<T, String> {
    let near = crate::expr::nearest(name, known.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(format!("`{name}` is none of {}{near}", known.join(", ")))
}

fn efficacy(text: &str) -> Result<Named<Efficacy>, String> {
    let (name, value) = text.split_once(':').map_or((text, None), |(a, b)| (a, Some(b)));
    let of = || value.ok_or_else(|| format!("`{name}` wants a number, as `{name}:0.25`")).and_then(number);
    let rule = match (name, spending(name, value)?) {
        (_, Some(spending)) => Efficacy::Spending(spending),
        ("wang-tsiatis", _) => {
            let delta = of()?;
            if (-2.0..=1.0).contains(&delta) {
                Efficacy::WangTsiatis(delta)
            } else {
                return Err("Δ from −2 to 1".to_owned());
            }
        }
        ("haybittle-peto", _) => {
            let z = value.map_or(Ok(3.0), number)?;
            if z > 0.0 && z < 10.0 { Efficacy::HaybittlePeto(z) } else { return Err("z between 0 and 10".to_owned()) }
        }
        ("z", _) => {
            let z = numbers(value.unwrap_or_default())?;
            Efficacy::Given(z.into_iter().map(|z| if z.is_nan() { f64::INFINITY } else { z }).collect())
        }
        _ => {
            let known = [
                "obrien-fleming",
                "pocock",
                "hwang-shih-decani",
                "kim-demets",
                "table",
                "wang-tsiatis",
                "haybittle-peto",
                "z",
            ];
            return unknown(name, &known);
        }
    };
    Ok(Named { rule, words: text.to_owned() })
}

fn futility(text: &str) -> Result<Named<Futility>, String> {
    let (name, value) = text.split_once(':').map_or((text, None), |(a, b)| (a, Some(b)));
    let rule = match (name, spending(name, value)?) {
        (_, Some(spending)) => Futility::Spending(spending),
        ("z", _) => {
            let z = numbers(value.unwrap_or_default())?;
            Futility::Given(z.into_iter().map(|z| if z.is_nan() { f64::NEG_INFINITY } else { z }).collect())
        }
        _ => return unknown(name, &["obrien-fleming", "pocock", "hwang-shih-decani", "kim-demets", "table", "z"]),
    };
    Ok(Named { rule, words: text.to_owned() })
}

/// `4` is four equal steps.
fn steps(looks: &[f64]) -> Vec<f64> {
    match looks {
        [count] if *count > 1.0 && *count <= 50.0 && count.fract() == 0.0 => {
            (1..=*count as usize).map(|k| k as f64 / count).collect()
        }
        _ => looks.to_vec(),
    }
}

impl Bounds {
    fn compared(&self) -> Result<Option<(Compared, &'static str, String)>, Failure> {
        let refuse = |why: &str| Failure::Scenario(format!("error: {why}"));
        let found = match (self.means.as_deref(), self.proportions.as_deref(), self.hazard_ratio) {
            (Some([difference, sd]), ..) => {
                let words = format!(
                    "difference of means {difference}, standard deviation {sd} (normal approximation; rpact: normalApproximation = TRUE)"
                );
                Some((Compared::Means { difference: *difference, sd: *sd }, "patients", words))
            }
            (Some(_), ..) => return Err(refuse("--means wants two numbers: DIFFERENCE,SD")),
            (_, Some([experimental, control]), _) => {
                let words = format!("proportions {experimental} and {control}");
                Some((Compared::Proportions { experimental: *experimental, control: *control }, "patients", words))
            }
            (_, Some(_), _) => return Err(refuse("--proportions wants two numbers: EXPERIMENTAL,CONTROL")),
            (.., Some(ratio)) => Some((Compared::Hazards { ratio }, "events", format!("hazard ratio {ratio}"))),
            _ => None,
        };
        if let Some((compared, ..)) = &found {
            compared.check().map_err(|why| refuse(&why))?;
            if !(self.ratio > 0.0 && self.ratio.is_finite()) {
                return Err(refuse("--ratio is a number above 0"));
            }
        }
        Ok(found)
    }

    pub(super) fn execute(self) -> Result<(), Failure> {
        let refuse = |why: String| Failure::Scenario(format!("error: {why}"));
        if !(self.power > 0.0 && self.power < 1.0) {
            return Err(refuse(format!("--power {} is not between 0 and 1", self.power)));
        }
        let plan = Plan {
            looks: steps(&self.looks),
            alpha: self.alpha,
            sides: self.sides,
            beta: 1.0 - self.power,
            efficacy: self.efficacy.rule.clone(),
            futility: self.futility.as_ref().map_or(Futility::Never, |f| f.rule.clone()),
            binding: self.binding,
        };
        let compared = self.compared()?;
        let boundary = plan.solve().map_err(|e| refuse(e.to_string()))?;
        let result = self.result(&plan, &boundary, compared);
        match self.format {
            Format::Text => print(&report::bounds::text(&result)),
            Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(&result).unwrap_or_default())),
        }
    }

    fn result(
        &self,
        plan: &Plan,
        boundary: &Boundary,
        compared: Option<(Compared, &'static str, String)>,
    ) -> BoundsResult {
        let finite = |x: f64| x.is_finite().then_some(x);
        let (null, alternative) = (boundary.crossing(0.0), boundary.crossing(boundary.drift));
        // what is not binding may be passed over: the error is spent without it
        let spends =
            if self.futility.is_some() && !self.binding { boundary.without_futility() } else { boundary.clone() };
        let spent = spends.crossing(0.0);
        let inflation = boundary.inflation(plan.alpha, plan.beta);
        let sizes = compared.as_ref().map(|(c, ..)| boundary.sizes(*c, plan.alpha, plan.beta, self.ratio));
        let (mut alpha, mut power) = (0.0, 0.0);
        let last = boundary.looks.len() - 1;
        let looks = boundary.looks.iter().enumerate().map(|(k, &t)| {
            alpha += spent.upper[k] + if self.sides == 2 { spent.lower[k] } else { 0.0 };
            power += alternative.upper[k];
            let size = sizes.as_ref().map(|s| s.looks[k]);
            let effect = |z: f64| {
                let ((compared, ..), n) = compared.as_ref().zip(size)?;
                finite(z).and_then(|z| finite(compared.effect(z, n, self.ratio)))
            };
            let futile = self.futility.is_some() && k < last;
            let lower = finite(boundary.lower[k]);
            Look {
                information: t,
                size,
                upper: finite(boundary.upper[k]),
                p: finite(boundary.upper[k]).map(|_| boundary.nominal()[k]),
                effect: effect(boundary.upper[k]),
                lower,
                lower_effect: effect(boundary.lower[k]),
                conditional_power: lower.filter(|_| futile).map(|z| boundary.conditional_power(k, z, boundary.drift)),
                alpha,
                power,
                futility: if futile { [null.lower[k], alternative.lower[k]] } else { [0.0; 2] },
            }
        });
        let looks: Vec<Look> = looks.collect();
        BoundsResult {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            alpha: self.alpha,
            sides: self.sides,
            power: self.power,
            efficacy: self.efficacy.words.clone(),
            futility: self.futility.as_ref().map(|f| f.words.clone()),
            binding: self.binding,
            drift: boundary.drift,
            inflation,
            expected_information: [0.0, 0.5, 1.0]
                .map(|part| inflation * boundary.expected_information(part * boundary.drift)),
            type_1_error: null.upper.iter().sum::<f64>() + if self.sides == 2 { null.lower.iter().sum() } else { 0.0 },
            sizes: sizes.zip(compared).map(|(s, (_, unit, alternative))| Sizes {
                unit,
                alternative,
                ratio: self.ratio,
                fixed: s.fixed,
                most: s.looks[last],
                expected: s.expected,
            }),
            looks,
        }
    }
}
