//! What is computed: the rows of the analysis plan.

use super::Resolver;
use super::endpoints::Resolved;
use super::names::Sight;
use crate::analysis::{self, Adjusts, Analysis, ResponseKind, Scale};
use crate::distribution::Domain;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::{Member, Values};
use crate::scenario::reader::listed;
use crate::scenario::written::{Located, Table};
use crate::scenario::{AnalysisPlan, Arm};

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
        let population = file.tables("variable").len();
        let plans: Vec<Option<AnalysisPlan>> =
            tables.iter().map(|table| self.analysis(table, arms, control, endpoints, population)).collect();
        plans.into_iter().collect()
    }

    fn analysis(
        &mut self,
        table: &Table,
        arms: &[Arm],
        control: Option<usize>,
        endpoints: &[Resolved],
        population: usize,
    ) -> Option<AnalysisPlan> {
        let name = table.text("name")?.to_owned();
        let sight = Sight::baseline(population);
        let endpoint = self.endpoint_named(table.get("endpoint")?, endpoints);
        let method = self.member(table, analysis::FAMILY, &Sight::parameters());
        let compared = self.compared(table, &name, arms, control);
        let alpha = self.alpha(table);
        let subset = self.expr_at(table, "subset", &sight);
        let covariates = self.exprs_at(table, "covariates", &sight);
        let interaction = self.expr_at(table, "interaction", &sight);

        let (member, _, method) = method?;
        let method_name = member.form.name;
        self.check_covariates(table, method.as_ref(), method_name);
        if let Some(endpoint) = endpoint {
            self.check_takes(table, method.as_ref(), method_name, &endpoints[endpoint]);
        }
        let scale = method.scale();
        let margin = self.on_scale(table, "margin", scale);
        let relevant = self.on_scale(table, "relevant", scale);
        let estimand = self.estimand(table, scale);
        let no_effect = if scale == Scale::Probability { 0.5 } else { 0.0 };
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
            null: margin?.unwrap_or(no_effect),
            treated: 1,
            subset: subset?,
            covariates: covariates?,
            interaction: interaction?,
            relevant: relevant?,
            estimand: estimand?,
        })
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
        let sides = if table.integer("sides") == Some(1) { 1 } else { 2 };
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

    fn check_covariates(&mut self, table: &Table, adjusts: &dyn Analysis, method: &str) {
        let adjusts = adjusts.adjusts();
        let given = !table.list("covariates").is_empty();
        let at = table.entry(method).map_or_else(|| table.span.clone(), |e| e.key_span.clone());
        if given && adjusts == Adjusts::Never {
            self.say(
                Diagnostic::new(
                    Code::WrongCovariates,
                    table.span_of("covariates"),
                    format!("`{method}` does not adjust for covariates"),
                )
                .label("would be ignored")
                .and(at.clone(), "the method")
                .help(format!("methods that do: {}", listed(&adjusting()))),
            );
        }
        if !given && adjusts == Adjusts::Always {
            self.say(
                Diagnostic::new(Code::WrongCovariates, at, format!("`{method}` has nothing to adjust for"))
                    .label("needs `covariates`")
                    .help(if method == "ancova" {
                        "covariates = [\"age\"]; without covariates the method is `t-test`"
                    } else {
                        "covariates = [\"age\"]"
                    }),
            );
        }
    }

    fn check_takes(&mut self, table: &Table, method: &dyn Analysis, method_name: &'static str, endpoint: &Resolved) {
        if method.takes().contains(&endpoint.response) {
            return;
        }
        let takes: Vec<&str> = method.takes().iter().copied().map(kind).collect();
        let others: Vec<&str> = analysis::FAMILY
            .iter()
            .filter(|m| methods_taking(m.form.name, endpoint.response, m.build))
            .map(|m| m.form.name)
            .collect();
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

    /// The parameter that is the true value. `Some(None)` where none is named.
    #[allow(clippy::option_option)]
    fn estimand(&mut self, table: &Table, scale: Scale) -> Option<Option<f64>> {
        let Some(name) = table.table("estimand").and_then(|t| t.get("parameter")) else {
            return Some(None);
        };
        let Some(value) = self.names.parameter(name.text()) else {
            let known = self.names.parameters();
            let diagnostic = self.unknown(Code::UnknownParameter, "parameter", name, &known);
            self.say(diagnostic);
            return None;
        };
        self.scaled(value?, "parameter", name, scale).map(Some)
    }
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

/// Methods that use covariates, of those that can be built with their defaults.
fn adjusting() -> Vec<&'static str> {
    let built = |m: &&Member<dyn Analysis>| {
        (m.build)(&Values::default()).is_ok_and(|method| method.adjusts() != Adjusts::Never)
    };
    analysis::FAMILY.iter().filter(built).map(|m| m.form.name).collect()
}

/// Whether a member, built with its defaults, takes a kind of endpoint.
fn methods_taking(
    name: &str,
    response: ResponseKind,
    build: fn(&crate::scenario::form::Values) -> Result<Box<dyn Analysis>, crate::scenario::form::Complaint>,
) -> bool {
    // Kaplan–Meier needs a month.
    if name == "kaplan-meier" {
        return response == ResponseKind::Time;
    }
    build(&crate::scenario::form::Values::default()).is_ok_and(|method| method.takes().contains(&response))
}
