//! One trial handed to R: its data, and a script that computes every row of the analysis plan from them.

use std::fmt::Write as _;

use crate::analysis::r::{Call, Code, PRELUDE};
use crate::analysis::{Better, ResponseKind};
use crate::expr::r::{number, quoted};
use crate::expr::{ColumnId, Expr};
use crate::scenario::{Accrual, AnalysisPlan, Dated, Endpoint, Fate, Measure, Scenario, TierOf, TierPlan};

/// The script, and the rows for which it has no code.
pub(super) struct Script {
    pub(super) text: String,
    pub(super) without: Vec<String>,
}

/// R code for every row of the analysis plan on `trial.csv`.
pub(super) fn script(s: &Scenario, replicate: u64, seed: u64) -> Script {
    let mut text = String::new();
    let title = one_line(&s.title);
    let _ = writeln!(text, "# {title}, variant {}, replicate {replicate}, seed {seed}", s.variant);
    text.push_str("# Reads trial.csv beside it; prints analysis,quantity,value. Ratios are on the log scale, z and p are oriented: z > 0 and a\n");
    text.push_str("# small one-sided p favour the experimental arm.\n\n");
    text.push_str(PRELUDE);
    let classes = if has_sites(s) { "c(arm = \"character\", site = \"character\")" } else { "c(arm = \"character\")" };
    let _ = write!(
        text,
        "\ntrial <- read.csv(file.path(folder, \"trial.csv\"), check.names = FALSE, na.strings = \"\", colClasses = {classes}, encoding = \"UTF-8\")\n\
         cat(\"analysis,quantity,value\\n\")\n"
    );
    let mut without = Vec::new();
    for plan in &s.analyses {
        let endpoint = &s.endpoints[plan.endpoint];
        let _ = write!(text, "\n# {}: {}\n", plan.name, one_line(&plan.label));
        let _ =
            writeln!(text, "# endpoint {} ({}), method {}", endpoint.name, one_line(&endpoint.label), plan.method_name);
        if plan.bootstrap.is_some() {
            text.push_str(
                "# Its standard error is that of a bootstrap, whose resamples are drawn otherwise here: no R code.\n",
            );
            without.push(plan.name.clone());
            continue;
        }
        let columns = Columns::of(s, plan, endpoint);
        let call = columns.call(plan);
        match plan.method.r(&call) {
            Some(code) => row(&mut text, s, plan, &columns, &code),
            None => {
                text.push_str("# No R code.\n");
                without.push(plan.name.clone());
            }
        }
    }
    Script { text, without }
}

fn has_sites(s: &Scenario) -> bool {
    matches!(s.enrolment.accrual, Accrual::Sites(_))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the data frame of a row holds.
struct Columns {
    /// Names in it, and how each comes from the trial.
    given: Vec<(String, String)>,
    /// Of these, the ones that may be empty.
    open: Vec<String>,
    tiers: Vec<String>,
    kind: ResponseKind,
    better: Better,
    competing: bool,
    covariates: usize,
    stratified: bool,
}

impl Columns {
    fn of(s: &Scenario, plan: &AnalysisPlan, endpoint: &Endpoint) -> Self {
        let mut out = Self {
            given: vec![("arm".to_owned(), format!("1 * (arm == {})", quoted(&s.arms[plan.arms[0]].name)))],
            open: Vec::new(),
            tiers: Vec::new(),
            kind: ResponseKind::Binary,
            better: Better::Higher,
            competing: false,
            covariates: plan.covariates.len() + usize::from(plan.site_factor),
            stratified: !plan.strata.is_empty() || plan.site_stratum,
        };
        out.response(s, endpoint);
        for (j, covariate) in plan.covariates.iter().enumerate() {
            out.push(format!("x{}", j + 1), r(s, covariate));
        }
        if plan.site_factor {
            out.push(format!("x{}", plan.covariates.len() + 1), "factor(site)".to_owned());
        }
        if out.stratified {
            let site = plan.site_stratum.then(|| "site".to_owned());
            let by: Vec<String> = plan.strata.iter().map(|e| r(s, e)).chain(site).collect();
            out.push("stratum".to_owned(), format!("interaction({})", by.join(", ")));
        }
        if let Some(condition) = &plan.interaction {
            out.push("group".to_owned(), r_condition(s, condition));
        }
        out
    }

    fn push(&mut self, name: String, from: String) {
        self.given.push((name, from));
    }

    fn times(&mut self, endpoint: &str, to: &str) {
        for part in ["time", "event"] {
            self.push(format!("{to}{part}"), format!("`{endpoint}_{part}`"));
        }
    }

    fn response(&mut self, s: &Scenario, endpoint: &Endpoint) {
        let of = &endpoint.name;
        let column = || format!("`{}`", s.endpoint_column(of));
        let (kind, better) = match &endpoint.measure {
            Measure::Binary { better, .. } => (ResponseKind::Binary, *better),
            Measure::Ordinal { better, .. } => (ResponseKind::Ordinal, *better),
            Measure::Score { better, .. } => (ResponseKind::Score, *better),
            Measure::Time { competing, better, .. } => {
                self.times(of, "");
                self.competing = !competing.is_empty();
                if self.competing {
                    self.push("competing".to_owned(), format!("`{of}_competing`"));
                }
                (ResponseKind::Time, *better)
            }
            Measure::Visits { dated: Dated::AtVisit(_), better, .. } => {
                self.times(of, "");
                (ResponseKind::Time, *better)
            }
            Measure::Visits { better, .. } => {
                self.push("left".to_owned(), format!("`{of}_left`"));
                self.push("right".to_owned(), format!("`{of}_right`"));
                self.open.push("right".to_owned());
                (ResponseKind::Interval, *better)
            }
            Measure::Hierarchical(plans) => {
                for (number, plan) in plans.iter().enumerate() {
                    self.tier(s, of, number + 1, plan);
                }
                (ResponseKind::Hierarchical, Better::Higher)
            }
        };
        if matches!(kind, ResponseKind::Binary | ResponseKind::Ordinal | ResponseKind::Score) {
            self.push("y".to_owned(), column());
        }
        (self.kind, self.better) = (kind, better);
    }

    /// A tier: its columns, turned so that larger is better.
    fn tier(&mut self, s: &Scenario, endpoint: &str, place: usize, plan: &TierPlan) {
        let of = format!("{endpoint}_{}", plan.name);
        let column = s.endpoint_column(&of);
        let (sign, threshold) = match &plan.of {
            TierOf::Time { .. } => {
                self.times(&of, &format!("t{place}_"));
                return self.tiers.push(format!("by_time(d$t{place}_time, d$t{place}_event)"));
            }
            TierOf::Occurrence { .. } => ("-", 0.0),
            TierOf::Category { better, .. } => (if *better == Better::Higher { "" } else { "-" }, 0.0),
            TierOf::Score { better, threshold, .. } => (if *better == Better::Higher { "" } else { "-" }, *threshold),
        };
        self.push(format!("t{place}"), format!("{sign}`{column}`"));
        if plan.missing == Fate::Tied {
            self.open.push(format!("t{place}"));
        }
        self.tiers.push(match threshold {
            0.0 => format!("by_value(d$t{place})"),
            _ => format!("by_value(d$t{place}, threshold = {})", number(threshold)),
        });
    }

    fn call(&self, plan: &AnalysisPlan) -> Call<'_> {
        Call {
            kind: self.kind,
            better: self.better,
            competing: self.competing,
            covariates: self.covariates,
            stratified: self.stratified,
            treated: plan.treated,
            tiers: &self.tiers,
        }
    }
}

fn row(text: &mut String, s: &Scenario, plan: &AnalysisPlan, columns: &Columns, code: &Code) {
    let packages: Vec<String> = code.packages.iter().map(|p| quoted(p)).collect();
    let _ = writeln!(text, "row({}, c({}), {{", quoted(&plan.name), packages.join(", "));
    let given: Vec<String> = columns.given.iter().map(|(name, from)| format!("{name} = {from}")).collect();
    let _ = writeln!(text, "  d <- with(trial, data.frame({}))", given.join(", "));
    let arms: Vec<String> = plan.arms.iter().map(|&a| quoted(&s.arms[a].name)).collect();
    let mut who = format!("trial$arm %in% c({})", arms.join(", "));
    if let Some(subset) = &plan.subset {
        let _ = write!(who, " & with(trial, {})", r_condition(s, subset));
    }
    let open: Vec<String> = columns.open.iter().map(|c| quoted(c)).collect();
    let open = if open.is_empty() { String::new() } else { format!(", open = c({})", open.join(", ")) };
    let _ = writeln!(text, "  d <- analysed(d, {who}{open})");
    text.push_str("  effect <- function(d, null, better) {\n");
    for line in code.body.lines() {
        let _ = writeln!(text, "    {line}");
    }
    text.push_str("  }\n");
    // the orientation of a method is that of its estimate
    let better = plan.method.orientation(columns.better);
    if let Some([low, high]) = plan.equivalence {
        let (low, high) = (number(low), number(high));
        let _ =
            writeln!(text, "  equivalence(effect(d, null = {low}, better = 1), effect(d, null = {high}, better = -1))");
    } else if plan.interaction.is_some() {
        let null = number(plan.null);
        let of = |which: &str| format!("effect(droplevels(d[{which}, ]), null = {null}, better = {better})");
        let _ = writeln!(text, "  difference({},\n             {}, better = {better})", of("d$group"), of("!d$group"));
    } else {
        let _ = writeln!(text, "  effect(d, null = {}, better = {better})", number(plan.null));
    }
    text.push_str("})\n");
}

fn r(s: &Scenario, e: &Expr) -> String {
    e.r(&|c: ColumnId| s.variables[usize::from(c.0)].name.clone(), &|a| s.arms[usize::from(a)].name.clone())
}

fn r_condition(s: &Scenario, e: &Expr) -> String {
    e.r_condition(&|c: ColumnId| s.variables[usize::from(c.0)].name.clone(), &|a| s.arms[usize::from(a)].name.clone())
}
