//! What families of hypotheses are worth, and what they decide on real data.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Figure, Power, Rejects};
use crate::math::share::wilson;

/// A family of hypotheses, tested together at one familywise level.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// The procedure's key, as `fixed-sequence`.
    pub procedure: &'static str,
    /// Whether it keeps its level only where p-values are independent or positively dependent.
    pub positive_dependence: bool,
    /// Familywise level, in total over the sides.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Its hypotheses, in their order.
    pub hypotheses: Vec<Hypothesis>,
    /// Share of replicates that reject at least one hypothesis in favour of the experimental arm.
    pub any: Figure,
    /// Share of replicates that reject all in favour.
    pub all: Figure,
    /// Mean number of hypotheses rejected in favour.
    pub rejections: Figure,
    /// What it rejects more than the first family of the same hypotheses, replicate by replicate; none for that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<More>,
    /// Share of replicates that reject at least one true null hypothesis, in either direction; `null` where none is true, or where it is
    /// not known which are.
    pub familywise_error: Option<Figure>,
    /// How often each set of hypotheses is what is rejected in favour, the most frequent first; at most 32.
    pub sets: Vec<RejectedSet>,
}

/// Differences between two families of the same hypotheses on the same replicates.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct More {
    /// The other family.
    pub than: String,
    /// Of the shares that reject at least one.
    pub any: Figure,
    /// Of the shares that reject all.
    pub all: Figure,
    /// Of the mean numbers rejected.
    pub rejections: Figure,
}

/// A hypothesis of a family.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Hypothesis {
    /// The analysis.
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// Share of replicates in which the procedure rejects it in favour of the experimental arm.
    pub power: Figure,
    /// Share in which it rejects it against it (two-sided tests).
    pub against: Figure,
    /// Share in which the test alone rejects it in favour at the familywise level: what multiplicity costs is the difference. `null` where
    /// rules test the hypotheses at looks: no trial says what each alone would have come to.
    pub alone: Option<Figure>,
    /// Whether its null hypothesis is true in this world: `true`, `false` or `unknown`.
    pub null: &'static str,
    /// How that is known: `declared`, or by the `true value` or the `limit`.
    pub null_by: Option<&'static str>,
    /// Whether it is declared and the true value says otherwise.
    pub null_contradicted: bool,
    /// Replicates without a p-value: not rejected.
    pub missing: u64,
}

/// A set of hypotheses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RejectedSet {
    /// Their analyses; empty: none is rejected.
    pub analyses: Vec<String>,
    /// Share of replicates in which they are rejected in favour, and no others.
    pub share: Figure,
}

/// Which figure of which family a row holds that stands beside those of analyses.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OfFamily {
    /// The family.
    pub family: String,
    /// As shown.
    pub label: String,
    /// The procedure's key, as `fixed-sequence`.
    pub procedure: &'static str,
    /// `hypothesis` (rejected by the procedure), `any` or `all` (of them are), `rejections` (their mean number) or `familywise-error`.
    pub figure: &'static str,
    /// The hypothesis, where the row is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypothesis: Option<FamilyMember>,
    /// Mean number of hypotheses rejected in favour of the experimental arm, where the row is of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejections: Option<Figure>,
    /// Share of replicates that reject at least one true null hypothesis, in either direction, where the row is of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub familywise_error: Option<Figure>,
}

/// The hypothesis of a row.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FamilyMember {
    /// Its analysis.
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// Share of replicates in which the test alone rejects it in favour at the familywise level; `null` where rules test it at looks.
    pub alone: Option<Figure>,
    /// Whether its null hypothesis is true: `true`, `false` or `unknown`.
    pub null: &'static str,
}

/// A figure of a family as a row beside those of analyses.
#[derive(Clone, Debug)]
pub struct FamilyRow {
    /// What stands in place of the analysis: `family:NAME/any`, `family:NAME/hypothesis:ANALYSIS`, ….
    pub name: String,
    /// As shown.
    pub label: String,
    /// Which figure.
    pub of: OfFamily,
    /// Rejections in favour of the experimental arm, where the figure is of those.
    pub power: Option<Power>,
    /// Rejections of the hypothesis against it, and all.
    pub rejects: Option<Rejects>,
    /// Replicates in which the hypothesis has no p-value: it is then not rejected.
    pub missing: u64,
    /// The row of the same design from which a difference says most: of the first family of the same hypotheses; of a hypothesis of that
    /// family, its analysis alone where that is tested.
    pub beside: Option<String>,
}

/// The name of a row of a family: of one of its hypotheses, or `any`, `all`, `rejections`, `familywise-error`.
#[must_use]
pub fn row_name(family: &str, figure: &str, hypothesis: Option<&str>) -> String {
    // names of the language have no colon, so that no analysis and no other family has such a name
    match hypothesis {
        Some(analysis) => format!("family:{family}/hypothesis:{analysis}"),
        None => format!("family:{family}/{figure}"),
    }
}

impl Family {
    /// Its figures as rows: of each hypothesis, any, all, rejections, and the familywise error where that is known.
    #[must_use]
    pub fn rows(&self, replicates: u64) -> Vec<FamilyRow> {
        let all = replicates.max(1);
        let count = |f: Figure| (f.estimate * all as f64).round() as u64;
        let power = |f: Figure| Power { estimate: f.estimate, mcse: f.mcse, interval: wilson(count(f), all) };
        let row = |figure: &'static str, hypothesis: Option<&Hypothesis>| {
            let analysis = hypothesis.map(|h| h.analysis.as_str());
            let what = hypothesis.map_or_else(|| figure.replace('-', " "), |h| h.label.clone());
            let first = self.more.as_ref().map(|more| more.than.as_str());
            let alone = hypothesis.and_then(|h| h.alone.and(analysis));
            FamilyRow {
                name: row_name(&self.name, figure, analysis),
                label: format!("{}: {what}", self.label),
                of: OfFamily {
                    family: self.name.clone(),
                    label: self.label.clone(),
                    procedure: self.procedure,
                    figure,
                    hypothesis: hypothesis.map(|h| FamilyMember {
                        analysis: h.analysis.clone(),
                        label: h.label.clone(),
                        alone: h.alone,
                        null: h.null,
                    }),
                    rejections: None,
                    familywise_error: None,
                },
                power: None,
                rejects: None,
                missing: hypothesis.map_or(0, |h| h.missing),
                beside: first.map(|first| row_name(first, figure, analysis)).or(alone.map(str::to_owned)),
            }
        };
        let mut rows: Vec<FamilyRow> = self
            .hypotheses
            .iter()
            .map(|h| {
                let total = (count(h.power) + count(h.against)) as f64 / all as f64;
                let mcse = h.power.mcse.map(|_| (total * (1.0 - total) / all as f64).sqrt());
                let rejects = Rejects { against: h.against, total: Figure { estimate: total, mcse } };
                FamilyRow { power: Some(power(h.power)), rejects: Some(rejects), ..row("hypothesis", Some(h)) }
            })
            .collect();
        rows.push(FamilyRow { power: Some(power(self.any)), ..row("any", None) });
        rows.push(FamilyRow { power: Some(power(self.all)), ..row("all", None) });
        let mut number = row("rejections", None);
        number.of.rejections = Some(self.rejections);
        rows.push(number);
        if let Some(error) = self.familywise_error {
            let mut errors = row("familywise-error", None);
            errors.of.familywise_error = Some(error);
            rows.push(FamilyRow { beside: None, ..errors });
        }
        rows
    }
}

/// What a family decides on real data.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FamilyAnswer {
    /// Its name.
    pub name: String,
    /// As shown.
    pub label: String,
    /// The procedure's key, as `fixed-sequence`.
    pub procedure: &'static str,
    /// Whether it keeps its level only where p-values are independent or positively dependent.
    pub positive_dependence: bool,
    /// Familywise level, in total over the sides.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
    /// Its hypotheses, in their order.
    pub hypotheses: Vec<HypothesisAnswer>,
}

/// What is decided of a hypothesis.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HypothesisAnswer {
    /// The analysis.
    pub analysis: String,
    /// As shown.
    pub label: String,
    /// Its p-value, one-sided in favour of the experimental arm or two-sided; `null` where there is none.
    pub p: Option<f64>,
    /// The smallest familywise level at which it is rejected.
    pub adjusted: Option<f64>,
    /// `favour`, `against` or `neither`; `null` without a p-value.
    pub decision: Option<&'static str>,
}
