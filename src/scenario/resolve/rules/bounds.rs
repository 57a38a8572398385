//! Bounds as they are written: ways to come by them, each on its scale.

use super::Resolver;
use crate::analysis::Prior;
use crate::math::special::normal_quantile;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::language::{EFFICACY_KINDS, FUTILITY_KINDS};
use crate::scenario::written::Table;
use crate::scenario::{AnalysisPlan, Futility};
use crate::sequential::futility::of_p;
use crate::sequential::{Efficacy, Spending};

impl Resolver {
    fn spending(&mut self, table: &Table, places: usize) -> Option<Spending> {
        let need = |key: &str| !table.has(key);
        let word = table.text("spending")?.to_owned();
        let wanted = match word.as_str() {
            "hwang-shih-decani" => Some("gamma"),
            "kim-demets" => Some("rho"),
            "table" => Some("spent"),
            _ => None,
        };
        for key in ["gamma", "rho", "spent"] {
            if (wanted == Some(key)) == need(key) {
                let (code, span, what) = if wanted == Some(key) {
                    (Code::MissingKey, table.span_of("spending"), format!("`{word}` needs `{key}`"))
                } else {
                    (Code::Contradiction, table.span_of(key), format!("`{word}` has no `{key}`"))
                };
                self.say(
                    Diagnostic::new(code, span, what)
                        .help("hwang-shih-decani: `gamma`; kim-demets: `rho`; table: `spent`"),
                );
                return None;
            }
        }
        Some(match word.as_str() {
            "obrien-fleming" => Spending::OBrienFleming,
            "pocock" => Spending::Pocock,
            "hwang-shih-decani" => Spending::HwangShihDeCani(self.bounded(table, "gamma", -40.0, 40.0)?),
            "kim-demets" => Spending::KimDeMets(self.bounded(table, "rho", 1e-3, 50.0)?),
            _ => Spending::Table(self.one_each(
                table,
                "spent",
                places,
                "the looks of the rule and the end, which is 1",
            )?),
        })
    }

    fn bounded(&mut self, table: &Table, key: &str, low: f64, high: f64) -> Option<f64> {
        let x = self.number(table, key)?;
        if (low..=high).contains(&x) {
            return Some(x);
        }
        self.say(
            Diagnostic::new(Code::OutOfDomain, table.span_of(key), format!("`{key}` is {x}"))
                .label(format!("allowed: {low} to {high}")),
        );
        None
    }

    /// Probabilities, one a place.
    fn probabilities(&mut self, table: &Table, key: &str, places: usize, of: &str) -> Option<Vec<f64>> {
        let all = self.one_each(table, key, places, of)?;
        if let Some(wrong) = all.iter().find(|&&p| !(p > 0.0 && p < 1.0)) {
            self.say(
                Diagnostic::new(Code::OutOfDomain, table.span_of(key), format!("`{key}` holds {wrong}"))
                    .label("allowed: between 0 and 1"),
            );
            return None;
        }
        Some(all)
    }

    /// A scale that an analysis has: p-values of tests, posterior probabilities of the others.
    fn has_scale(&mut self, table: &Table, plan: &AnalysisPlan) -> Option<()> {
        let posterior = table.has("probability") || table.has("predictive-probability");
        let estimate = table.has("effect");
        if estimate || posterior != plan.method.tests() {
            return Some(());
        }
        let key = FUTILITY_KINDS.iter().chain(&EFFICACY_KINDS).find(|k| table.has(k))?;
        let (has, help) = if posterior {
            ("a p-value and no posterior probability", "use `p`, `z` or a spending function")
        } else {
            ("a posterior probability and no p-value", "probability = [0.99, 0.975]")
        };
        self.say(
            Diagnostic::new(
                Code::Contradiction,
                table.span_of(key),
                format!("`{}` by `{}` gives {has}", plan.name, plan.method_name),
            )
            .label("a scale that it does not have")
            .help(help),
        );
        None
    }

    pub(super) fn efficacy(&mut self, table: &Table, plan: &AnalysisPlan, places: usize) -> Option<Efficacy> {
        self.has_scale(table, plan)?;
        let of = "the looks of the rule and the end of the trial";
        let kind = EFFICACY_KINDS.iter().find(|k| table.has(k))?;
        Some(match *kind {
            "spending" => Efficacy::Spending(self.spending(table, places)?),
            "wang-tsiatis" => Efficacy::WangTsiatis(self.bounded(table, kind, -2.0, 1.0)?),
            "haybittle-peto" => Efficacy::HaybittlePeto(self.bounded(table, kind, 0.5, 10.0)?),
            "bonferroni" => {
                let shares = self.probabilities(table, kind, places, of)?;
                let sum: f64 = shares.iter().sum();
                if sum > 1.0 + 1e-9 {
                    self.say(
                        Diagnostic::new(
                            Code::Contradiction,
                            table.span_of(kind),
                            format!("the shares add up to {sum}"),
                        )
                        .label("allowed: at most 1 in all"),
                    );
                    return None;
                }
                let tail = plan.alpha / f64::from(plan.sides);
                Efficacy::Given(shares.into_iter().map(|w| of_p(w * tail)).collect())
            }
            "z" => Efficacy::Given(self.one_each(table, kind, places, of)?),
            "p" => Efficacy::Given(self.probabilities(table, kind, places, of)?.into_iter().map(of_p).collect()),
            _ => {
                let all = self.probabilities(table, kind, places, of)?;
                Efficacy::Given(all.into_iter().map(|p| of_p(1.0 - p)).collect())
            }
        })
    }

    /// When to stop without rejection, and the spending function where it is one.
    pub(super) fn futility(
        &mut self,
        table: &Table,
        plan: &AnalysisPlan,
        places: usize,
        tested: bool,
    ) -> Option<(Futility, Option<Spending>)> {
        self.has_scale(table, plan)?;
        let of = "the looks of the rule";
        let kind = FUTILITY_KINDS.iter().find(|k| table.has(k))?;
        let alone = ["binding", "spending", "predictive-probability"].into_iter().find(|k| table.has(k));
        if let Some(key) = alone.filter(|_| !tested) {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of(key),
                    format!("`{key}` belongs to a test that can reject, and the rule has no bounds for rejection"),
                )
                .label("of what test?")
                .help("add `efficacy`, or give the gate on another scale"),
            );
            return None;
        }
        if table.has("under") && *kind != "conditional-power" {
            self.say(
                Diagnostic::new(Code::Contradiction, table.span_of("under"), format!("`{kind}` has no `under`"))
                    .help("`under` belongs to `conditional-power`"),
            );
            return None;
        }
        Some(match *kind {
            "spending" => (Futility::Bounds, Some(self.spending(table, places + 1)?)),
            "z" => (Futility::Statistic(self.one_each(table, kind, places, of)?), None),
            "p" => {
                let p = self.probabilities(table, kind, places, of)?;
                (Futility::Statistic(p.into_iter().map(of_p).collect()), None)
            }
            "probability" => {
                let p = self.probabilities(table, kind, places, of)?;
                (Futility::Statistic(p.into_iter().map(normal_quantile).collect()), None)
            }
            "effect" => {
                let values = self.one_each(table, kind, places, of)?;
                let ratio = plan.method.scale() == crate::analysis::Scale::LogRatio;
                if let Some(wrong) = values.iter().find(|&&x| ratio && x <= 0.0) {
                    self.say(
                        Diagnostic::new(Code::OutOfDomain, table.span_of(kind), format!("the ratio is {wrong}"))
                            .label("allowed: above 0"),
                    );
                    return None;
                }
                (Futility::Effect(values.into_iter().map(|x| if ratio { x.ln() } else { x }).collect()), None)
            }
            "conditional-power" => {
                let power = self.probabilities(table, kind, places, of)?;
                // the drift of the plan stands there once the boundary is solved
                let drift = (table.text("under") == Some("plan")).then_some(f64::NAN);
                (Futility::Conditional { power, drift }, None)
            }
            "predictive-probability" => {
                if let Some(Prior::Proportions(_)) = plan.method.prior()
                    && plan.subset.is_some()
                {
                    self.say(
                        Diagnostic::new(
                            Code::Contradiction,
                            table.span_of(kind),
                            "how many patients of a subset there will be at the end is not known",
                        )
                        .label("of a subset"),
                    );
                    return None;
                }
                (Futility::Success(self.probabilities(table, kind, places, of)?), None)
            }
            _ => (Futility::Predictive(self.probabilities(table, kind, places, of)?), None),
        })
    }
}

/// Whether a scale of futility needs to know how much information there is.
pub(super) fn needs_shares(futility: &Table) -> bool {
    ["spending", "conditional-power", "predictive-power", "predictive-probability"].iter().any(|k| futility.has(k))
}

/// A table of bounds in words.
pub(super) fn words(table: &Table) -> String {
    let kind = EFFICACY_KINDS.iter().chain(&FUTILITY_KINDS).find(|k| table.has(k)).copied().unwrap_or_default();
    let value = |key: &str| match table.get(key).map(|l| &l.item) {
        Some(crate::scenario::written::Item::Number(x)) => format!(" {x}"),
        _ => String::new(),
    };
    match kind {
        "spending" => {
            format!("{} spending{}{}", table.text("spending").unwrap_or_default(), value("gamma"), value("rho"))
        }
        "wang-tsiatis" | "haybittle-peto" => format!("{kind}{}", value(kind)),
        _ => kind.to_owned(),
    }
}
