//! What is computed: the rows of the analysis plan.

use super::Resolver;
use super::endpoints::Resolved;
use super::names::Sight;
use crate::analysis::{self, Adjusts, Analysis, ResponseKind, Scale};
use crate::distribution::Domain;
use crate::expr::Expr;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::{Member, Value, Values};
use crate::scenario::reader::listed;
use crate::scenario::written::{Item, Located, Table};
use crate::scenario::{AnalysisPlan, Arm, TrueValue};

impl Resolver {
    pub(super) fn analyses(
        &mut self,
        file: &Table,
        arms: &[Arm],
        control: Option<usize>,
        endpoints: &[Resolved],
    ) -> Option<Vec<AnalysisPlan>> {
        let tables: Vec<&Table> = file.tables("analysis").iter().collect();
        if tables.is_empty() {
            self.say(
                Diagnostic::new(
                    Code::NothingToAnalyse,
                    file.get("analysis").map_or(0..0, |v| v.span.clone()),
                    "the scenario has no analysis",
                )
                .label("nothing would be computed")
                .help("[[analysis]] with a name, an endpoint and a method, as log-rank = {}"),
            );
            return None;
        }
        self.unique(&tables, "analysis");
        let plans: Vec<Option<AnalysisPlan>> =
            tables.iter().map(|table| self.analysis(file, table, arms, control, endpoints)).collect();
        plans.into_iter().collect()
    }

    fn analysis(
        &mut self,
        file: &Table,
        table: &Table,
        arms: &[Arm],
        control: Option<usize>,
        endpoints: &[Resolved],
    ) -> Option<AnalysisPlan> {
        let name = table.text("name")?.to_owned();
        let sight = Sight::baseline(self.population(file));
        let endpoint = self.endpoint_named(table.get("endpoint")?, endpoints);
        let method = self.member(table, analysis::FAMILY, &Sight::parameters());
        let compared = self.compared(table, &name, arms, control);
        let treated = self.treated(table, compared, arms);
        let alpha = self.alpha(table);
        let subset = self.expr_at(table, "subset", &sight);
        let listed = listed_at(file, table, "covariates");
        let site_factor = self.reads_site(&listed, "covariate", file.has("site"));
        let covariates = self.baseline(&listed, "covariates", &sight);
        let strata = listed_at(file, table, "strata");
        let site_stratum = self.reads_site(&strata, "stratum", file.has("site"));
        let strata = self.baseline(&strata, "strata", &sight);
        let interaction = self.expr_at(table, "interaction", &sight);

        let (member, _, method) = method?;
        let method_name = member.form.name;
        for (key, uses) in USES {
            self.check_uses(table, key, uses, method.as_ref(), method_name);
        }
        if let Some(endpoint) = endpoint {
            self.check_takes(table, method.as_ref(), method_name, &endpoints[endpoint]);
        }
        self.check_estimates(table, method.as_ref(), method_name);
        let scale = method.scale();
        let margin = self.on_scale(table, "margin", scale);
        let equivalence = self.equivalence(table, scale);
        self.check_null_of_interaction(table);
        let relevant = self.on_scale(table, "relevant", scale);
        let estimand = self.estimand(table, scale);
        let (alpha, sides) = alpha?;
        Some(AnalysisPlan {
            label: table.text("label").unwrap_or(&name).to_owned(),
            name,
            endpoint: endpoint?,
            method,
            method_name,
            arms: compared?,
            alpha,
            sides,
            null: margin?.unwrap_or(scale.no_effect()),
            equivalence: equivalence?,
            treated: treated?,
            subset: subset?,
            covariates: covariates?,
            site_factor: site_factor?,
            strata: strata?,
            site_stratum: site_stratum?,
            interaction: interaction?,
            relevant: relevant?,
            estimand: estimand?,
            bootstrap: table.table("bootstrap").map(resamples),
            shown: true,
        })
    }

    /// 1 where the treated are the experimental arm, 0 where they are the control.
    fn treated(&mut self, table: &Table, compared: Option<[usize; 2]>, arms: &[Arm]) -> Option<u8> {
        let Some(name) = table.get("treated") else { return Some(1) };
        let arm = self.arm(name, arms)?;
        let [experimental, control] = compared?;
        if arm != experimental && arm != control {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    name.span.clone(),
                    format!("the treated are the arm `{}`, which is not compared", name.text()),
                )
                .label("not one of the two")
                .help(format!("`{}` or `{}`", arms[experimental].name, arms[control].name)),
            );
            return None;
        }
        Some(u8::from(arm == experimental))
    }

    /// Whether the site stands among covariates or strata.
    fn reads_site(&mut self, listed: &[&Located], as_what: &str, has_sites: bool) -> Option<bool> {
        let Some(at) = listed.iter().find(|c| is_site(c)) else { return Some(false) };
        if !has_sites {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    at.span.clone(),
                    format!("the site is a {as_what}, and the trial has no sites"),
                )
                .label("which sites?")
                .help("add [[site]] entries, or leave it out"),
            );
            return None;
        }
        Some(true)
    }

    /// Expressions of a list but for the site.
    fn baseline(&mut self, listed: &[&Located], key: &str, sight: &Sight) -> Option<Vec<Expr>> {
        let found: Vec<Option<Expr>> = listed
            .iter()
            .filter(|c| !is_site(c))
            .map(|located| match &located.item {
                Item::Number(x) => Some(Expr::Number(*x)),
                Item::Formula(formula) => self.expression(formula, key, sight),
                _ => None,
            })
            .collect();
        found.into_iter().collect()
    }

    /// Experimental arm and control.
    fn compared(&mut self, table: &Table, name: &str, arms: &[Arm], control: Option<usize>) -> Option<[usize; 2]> {
        if !table.has("arms") {
            let control = control?;
            let mut others = (0..arms.len()).filter(|&i| i != control);
            return match (others.next(), others.next()) {
                (Some(only), None) => Some([only, control]),
                (None, _) => None,
                (Some(first), Some(_)) => {
                    self.say(
                        Diagnostic::new(
                            Code::MissingKey,
                            table.span.clone(),
                            format!("analysis `{name}` does not say which of the {} arms it compares", arms.len()),
                        )
                        .label("needs `arms`")
                        .help(format!(
                            "experimental arm and control, as arms = [\"{}\", \"{}\"]",
                            arms[first].name, arms[control].name
                        )),
                    );
                    None
                }
            };
        }
        let [experimental, reference] = table.list("arms") else {
            self.say(
                Diagnostic::new(
                    Code::WrongLength,
                    table.span_of("arms"),
                    format!("`arms` has {} names", table.list("arms").len()),
                )
                .label("experimental arm and control"),
            );
            return None;
        };
        let first = self.arm(experimental, arms);
        let second = self.arm(reference, arms);
        let (first, second) = (first?, second?);
        if first == second {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    reference.span.clone(),
                    format!("analysis `{name}` compares an arm with itself"),
                )
                .label("the same arm")
                .and(experimental.span.clone(), "the experimental arm"),
            );
            return None;
        }
        Some([first, second])
    }

    fn alpha(&mut self, table: &Table) -> Option<(f64, u8)> {
        let sides = if table.integer("sides") == Some(1) || table.has("equivalence") { 1 } else { 2 };
        let alpha = self.number_in(table, "alpha", Domain::OpenProbability)?.unwrap_or(0.05);
        if sides == 1 && alpha >= 0.5 {
            self.say(
                Diagnostic::new(
                    Code::OutOfDomain,
                    table.span_of("alpha"),
                    format!("`alpha` is {alpha} for a one-sided test"),
                )
                .label("allowed: below 0.5"),
            );
            return None;
        }
        Some((alpha, sides))
    }

    /// Covariates or strata at a method that has no use for them, or none at a method that needs them.
    fn check_uses(&mut self, table: &Table, key: &str, uses: Uses, built: &dyn Analysis, method: &str) {
        let given = !table.list(key).is_empty();
        let at = table.entry(method).map_or_else(|| table.span.clone(), |e| e.key_span.clone());
        let verb = if key == "strata" { "stratify" } else { "adjust for covariates" };
        if given && uses(built) == Adjusts::Never {
            self.say(
                Diagnostic::new(Code::WrongCovariates, table.span_of(key), format!("`{method}` does not {verb}"))
                    .label("would be ignored")
                    .and(at.clone(), "the method")
                    .help(format!("methods that do: {}", listed(&methods(|m| uses(m) != Adjusts::Never)))),
            );
        }
        if !given && uses(built) == Adjusts::Always {
            let help = match (key, method) {
                ("strata", _) => "strata = [\"age >= 65\", \"site\"]",
                (_, "ancova") => "covariates = [\"age\"]; without covariates the method is `t-test`",
                _ => "covariates = [\"age\"]",
            };
            let what = if key == "strata" { "stratify by" } else { "adjust for" };
            self.say(
                Diagnostic::new(Code::WrongCovariates, at, format!("`{method}` has nothing to {what}"))
                    .label(format!("needs `{key}`"))
                    .help(help),
            );
        }
    }

    /// Keys that speak of an estimate, at a method that has none.
    fn check_estimates(&mut self, table: &Table, method: &dyn Analysis, method_name: &'static str) {
        if method.estimates() {
            return;
        }
        let at = table.entry(method_name).map_or_else(|| table.span.clone(), |e| e.key_span.clone());
        for key in ["margin", "relevant", "interaction", "estimand"].into_iter().filter(|key| table.has(key)) {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of(key),
                    format!("`{method_name}` is a test without an estimate: `{key}` has no meaning there"),
                )
                .label("of an estimate")
                .and(at.clone(), "the method"),
            );
        }
    }

    fn check_takes(&mut self, table: &Table, method: &dyn Analysis, method_name: &'static str, endpoint: &Resolved) {
        if method.takes().contains(&endpoint.response) {
            return;
        }
        let takes: Vec<&str> = method.takes().iter().copied().map(kind).collect();
        let others = methods(|method| method.takes().contains(&endpoint.response));
        let at = table.entry(method_name).map_or_else(|| table.span.clone(), |e| e.key_span.clone());
        let mut help = format!("it takes {} endpoints", listed(&takes));
        if !others.is_empty() {
            help.push_str(&format!("; for `{}` there are {}", endpoint.kind, listed(&others)));
        }
        self.say(
            Diagnostic::new(
                Code::WrongEndpointForMethod,
                at,
                format!("`{method_name}` cannot analyse `{}`, a {} endpoint", endpoint.name, endpoint.kind),
            )
            .label(format!("not for {} endpoints", endpoint.kind))
            .and(endpoint.span.clone(), format!("{} endpoint", endpoint.kind))
            .help(help),
        );
    }

    /// A number given as the field writes it, on the scale of the estimate. `Some(None)` where not given.
    #[allow(clippy::option_option)]
    fn on_scale(&mut self, table: &Table, key: &str, scale: Scale) -> Option<Option<f64>> {
        if !table.has(key) {
            return Some(None);
        }
        let x = self.number(table, key)?;
        self.scaled(x, key, table.get(key)?, scale).map(Some)
    }

    fn scaled(&mut self, x: f64, key: &str, at: &Located, scale: Scale) -> Option<f64> {
        match scale {
            Scale::Difference => Some(x),
            Scale::Probability => {
                self.in_domain(x, Domain::OpenProbability, key, at)?;
                Some(x)
            }
            Scale::LogRatio if x > 0.0 => Some(x.ln()),
            Scale::LogRatio => {
                self.say(
                    Diagnostic::new(Code::OutOfDomain, at.span.clone(), format!("`{key}` is {x}"))
                        .label("allowed: above 0")
                        .help("the method estimates a ratio: write a ratio, as 1.3, not its logarithm"),
                );
                None
            }
        }
    }

    /// Limits of equivalence on the scale of the estimate. `Some(None)` where not given.
    #[allow(clippy::option_option)]
    fn equivalence(&mut self, table: &Table, scale: Scale) -> Option<Option<[f64; 2]>> {
        if !table.has("equivalence") {
            return Some(None);
        }
        let (at, none) = (table.span_of("equivalence"), scale.no_effect());
        if table.has("margin") || table.integer("sides") == Some(2) {
            let (other, why) = if table.has("margin") {
                ("margin", "two null values instead of one")
            } else {
                ("sides", "two one-sided tests")
            };
            self.say(
                Diagnostic::new(Code::Contradiction, table.span_of(other), format!("`{other}` cannot stand beside `equivalence`"))
                    .label("contradicts it")
                    .and(at, why)
                    .help("non-inferiority has a `margin`; equivalence has two limits, and each of its tests is one-sided at `alpha`"),
            );
            return None;
        }
        let limits = self.numbers_at(table, "equivalence")?;
        let [(low, _), (high, _)] = limits[..] else {
            self.say(
                Diagnostic::new(Code::WrongLength, at, format!("`equivalence` has {} numbers", limits.len()))
                    .label("lower and upper limit")
                    .help("equivalence = [-3, 3], and where the method estimates a ratio equivalence = [0.8, 1.25]"),
            );
            return None;
        };
        self.ascending(&limits, "equivalence")?;
        let written = table.list("equivalence");
        let low = self.scaled(low, "equivalence", &written[0], scale)?;
        let high = self.scaled(high, "equivalence", &written[1], scale)?;
        if low < none && none < high {
            return Some(Some([low, high]));
        }
        let none = if scale == Scale::LogRatio { none.exp() } else { none };
        self.say(
            Diagnostic::new(Code::OutOfDomain, at, "the limits of equivalence do not hold no effect")
                .label(format!("allowed: one below and one above {none}")),
        );
        None
    }

    /// The null value of an interaction is no difference between the groups.
    fn check_null_of_interaction(&mut self, table: &Table) {
        let null = ["margin", "equivalence"].into_iter().find(|key| table.has(key));
        if let (Some(null), true) = (null, table.has("interaction")) {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of(null),
                    format!("`{null}` cannot stand beside `interaction`"),
                )
                .label("contradicts it")
                .and(table.span_of("interaction"), "tested against no difference of the effects")
                .help("leave one of them out"),
            );
        }
    }

    /// The parameter that is the true value. `Some(None)` where none is named.
    #[allow(clippy::option_option)]
    fn estimand(&mut self, table: &Table, scale: Scale) -> Option<Option<TrueValue>> {
        let Some(name) = table.table("estimand").and_then(|t| t.get("parameter")) else {
            return Some(None);
        };
        if let Some(column) = self.names.prior(name.text()) {
            return Some(column.map(|column| TrueValue::Drawn(column, scale)));
        }
        let Some(value) = self.names.parameter(name.text()) else {
            let known = self.names.parameters();
            let diagnostic = self.unknown(Code::UnknownParameter, "parameter", name, &known);
            self.say(diagnostic);
            return None;
        };
        self.scaled(value?, "parameter", name, scale).map(|x| Some(TrueValue::Number(x)))
    }
}

/// How a method uses covariates, or strata.
type Uses = fn(&dyn Analysis) -> Adjusts;

/// The keys that only some methods use.
const USES: [(&str, Uses); 2] = [("covariates", |m| m.adjusts()), ("strata", |m| m.stratifies())];

/// The covariates or strata of an analysis, the names of lists replaced by what they hold.
fn listed_at<'t>(file: &'t Table, table: &'t Table, key: &str) -> Vec<&'t Located> {
    let lists = file.named("covariates");
    let of = |located: &'t Located| -> Vec<&'t Located> {
        let Item::Formula(formula) = &located.item else { return vec![located] };
        match lists.iter().find(|(name, ..)| name == formula.text.trim()).map(|(.., list)| &list.item) {
            Some(Item::List(items)) => items.iter().collect(),
            _ => vec![located],
        }
    };
    table.list(key).iter().flat_map(of).collect()
}

/// The word for the site as a factor.
fn is_site(covariate: &Located) -> bool {
    matches!(&covariate.item, Item::Formula(formula) if formula.text.trim() == "site")
}

/// Resamples asked for; the form has seen to their range.
fn resamples(bootstrap: &Table) -> u32 {
    bootstrap.integer("resamples").and_then(|x| u32::try_from(x).ok()).unwrap_or(200)
}

fn kind(response: ResponseKind) -> &'static str {
    match response {
        ResponseKind::Binary => "binary",
        ResponseKind::Ordinal => "ordinal",
        ResponseKind::Score => "score",
        ResponseKind::Time => "time-to-event",
        ResponseKind::Hierarchical => "hierarchical",
        ResponseKind::Interval => "interval-censored",
    }
}

/// Names of the methods of which something holds. Each is built from its defaults, and from 1 where a number must be given.
fn methods(holds: impl Fn(&dyn Analysis) -> bool) -> Vec<&'static str> {
    let built = |m: &&Member<dyn Analysis>| {
        let needed = m.form.keys.iter().filter(|key| key.required).map(|key| (key.name, Value::Number(1.0), 0..0));
        let values = Values { entries: needed.collect(), ..Values::default() };
        (m.build)(&values).is_ok_and(|method| holds(method.as_ref()))
    };
    analysis::FAMILY.iter().filter(built).map(|m| m.form.name).collect()
}
