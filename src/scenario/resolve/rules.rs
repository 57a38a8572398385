//! Rules that act at interim looks: bounds for rejection and for futility.

mod bounds;

use super::Resolver;
use crate::analysis::Prior;
use crate::distribution::Domain;
use crate::math::special::normal_quantile;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::written::Table;
use crate::scenario::{Amount, AnalysisPlan, Arm, Counted, Cut, FamilyPlan, Futility, LookPlan, RulePlan, When};
use crate::sequential::boundary::Unsolvable;
use crate::sequential::{self, Efficacy, Information, Monitor, Plan, Spending};
use bounds::{needs_shares, words};

/// What rules refer to.
pub(super) struct Trial<'a> {
    pub(super) n: Option<usize>,
    /// The arms, and whether a clinician chooses them.
    pub(super) arms: (&'a [Arm], bool),
    pub(super) cut: &'a Cut,
    pub(super) looks: &'a [LookPlan],
    pub(super) analyses: &'a [AnalysisPlan],
    /// Endpoints that are times.
    pub(super) times: &'a [bool],
    /// Endpoints that fall due at a visit or by a month.
    pub(super) due: &'a [bool],
}

impl Resolver {
    /// The rules in the order of the file.
    pub(super) fn rules(&mut self, file: &Table, trial: &Trial<'_>) -> Option<Vec<RulePlan>> {
        let tables: Vec<&Table> = file.tables("rule").iter().collect();
        self.unique(&tables, "rule");
        let rules: Vec<Option<RulePlan>> = tables.iter().map(|table| self.rule(file, table, trial)).collect();
        let rules: Vec<RulePlan> = rules.into_iter().collect::<Option<_>>()?;
        self.check_overlap(&tables, &rules, trial);
        Some(rules)
    }

    fn rule(&mut self, file: &Table, table: &Table, trial: &Trial<'_>) -> Option<RulePlan> {
        let name = table.text("name")?.to_owned();
        let analysis = self.analysis_named(file, table.get("analysis")?)?;
        let looks = self.looks_named(table.list("looks"), trial.looks, !table.has("looks"))?;
        if looks.is_empty() {
            let (code, span, help) = if table.has("looks") {
                (
                    Code::WrongLength,
                    table.span_of("looks"),
                    "name one look at least, or leave `looks` out: the rule then acts at all",
                )
            } else {
                (Code::MissingKey, table.span.clone(), "add a `[[look]]`, or switch the rule off as well")
            };
            self.say(
                Diagnostic::new(code, span, format!("rule `{name}` acts at no look"))
                    .label("nothing to act at")
                    .help(help),
            );
            return None;
        }
        if !table.has("efficacy") && !table.has("futility") {
            self.say(
                Diagnostic::new(Code::NoRule, table.span.clone(), format!("rule `{name}` decides nothing"))
                    .label("needs a bound")
                    .help("efficacy = { spending = \"obrien-fleming\" }, futility = { z = [0.0] }, or both"),
            );
            return None;
        }
        let plan = trial.analyses.get(analysis)?;
        let information = match table.text("information") {
            Some("events") => Counted::Events,
            Some("patients") => Counted::Patients,
            Some(_) => Counted::Precision,
            None if trial.times.get(plan.endpoint) == Some(&true) => Counted::Events,
            None => Counted::Patients,
        };
        let shares = self.planned_shares(table, &looks, information, trial, plan);
        let planned = self.planned_information(table, information, trial, plan);
        let power = self.number_in(table, "power", Domain::OpenProbability)?.unwrap_or(0.9);
        let (shares, (planned, patients)) = (shares?, planned?);
        let efficacy = match table.table("efficacy") {
            Some(body) => Some(self.efficacy(body, plan, shares.len())?),
            None => None,
        };
        let futility = match table.table("futility") {
            Some(body) => Some(self.futility(body, plan, shares.len() - 1, efficacy.is_some())?),
            None => None,
        };
        let mut rule = RulePlan {
            label: table.text("label").unwrap_or(&name).to_owned(),
            name,
            analysis,
            looks,
            monitor: None,
            plan: None,
            family: None,
            futility: futility.as_ref().map(|f| f.0.clone()),
            // a gate on conditional power is one for the analysis's own test
            last: -normal_quantile(plan.alpha / f64::from(plan.sides)),
            binding: table.table("futility").and_then(|f| f.flag("binding")).unwrap_or(false),
            shares,
            information,
            observed: table.text("spend-by") == Some("observed"),
            planned,
            patients,
            correlated: efficacy.is_some() && !crate::analysis::independent_increments(plan.method_name),
            goes_on: table.text("after-rejection") == Some("go-on"),
            words: [table.table("efficacy").map(words), table.table("futility").map(words)],
        };
        if rule.futility.is_some() && efficacy.is_none() {
            // the drift at which the analysis's own test has the power wanted
            if let Some(Futility::Conditional { drift: Some(drift), .. }) = &mut rule.futility {
                *drift = rule.last - normal_quantile(1.0 - power);
            }
        }
        if let Some(efficacy) = efficacy {
            let spends = futility.and_then(|f| f.1);
            self.solve(table, &mut rule, plan, efficacy, spends, 1.0 - power)?;
        }
        Some(rule)
    }

    /// The boundary; conditional and predictive power become bounds for the planned shares.
    fn solve(
        &mut self,
        table: &Table,
        rule: &mut RulePlan,
        analysis: &AnalysisPlan,
        efficacy: Efficacy,
        spends: Option<Spending>,
        beta: f64,
    ) -> Option<()> {
        let effect = matches!(rule.futility, Some(Futility::Effect(_)));
        let unused = match () {
            () if !rule.binding => None,
            () if analysis.sides == 2 => Some((
                "the bounds of a two-sided test are not lowered by futility",
                "make the test one-sided at half the level, or leave `binding` out",
            )),
            () if effect && !rule.observed => Some((
                "what z a bound on the scale of the estimate is depends on its standard error, which the plan does not know",
                "spend-by = \"observed\", futility as `z`, or leave `binding` out",
            )),
            () => None,
        };
        if let Some((why, help)) = unused {
            let span = table.table("futility").map_or(table.span.clone(), |f| f.span_of("binding"));
            self.say(Diagnostic::new(Code::Contradiction, span, why).label("lowers no bound for rejection").help(help));
            return None;
        }
        let given = matches!(efficacy, Efficacy::Given(_)) && analysis.method.tests();
        let mut plan = Plan {
            looks: rule.shares.clone(),
            alpha: analysis.alpha,
            sides: analysis.sides,
            beta,
            efficacy,
            futility: sequential::Futility::Never,
            binding: rule.binding,
        };
        let first = match plan.solve() {
            Ok(boundary) => boundary,
            Err(error) => return self.unsolvable(table, "efficacy", &error),
        };
        if given {
            let spent: f64 = first.crossing(0.0).upper.iter().sum::<f64>() * f64::from(analysis.sides);
            if spent > analysis.alpha * OVERSPENT {
                self.say(
                    Diagnostic::new(
                        Code::Contradiction,
                        table.span_of("efficacy"),
                        format!("the bounds spend {spent:.5}, more than the level {}", analysis.alpha),
                    )
                    .label("more than alpha")
                    .help(format!("raise the bounds, or the `alpha` of analysis `{}`", analysis.name)),
                );
                return None;
            }
        }
        if let Some(Futility::Conditional { drift, .. }) = &mut rule.futility
            && drift.is_some()
        {
            *drift = Some(first.drift);
        }
        rule.last = first.upper[first.upper.len() - 1];
        let bounds: Option<Vec<f64>> = rule.futility.as_ref().map(|f| {
            let at = |j: usize| f.bound(j, rule.shares[j], rule.last).unwrap_or(f64::NEG_INFINITY);
            (0..rule.looks.len()).map(at).collect()
        });
        if let Some(bounds) = bounds.as_ref().filter(|_| spends.is_none())
            && let Some(j) = (0..bounds.len()).find(|&j| bounds[j] >= first.upper[j])
        {
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of("futility"),
                    format!(
                        "at look {} the trial stops below z = {:.4} and above {:.4}",
                        j + 1,
                        bounds[j],
                        first.upper[j]
                    ),
                )
                .label("never goes on")
                .and(table.span_of("efficacy"), "stops for efficacy")
                .help("lower the bound for futility"),
            );
            return None;
        }
        if let Some(spending) = spends {
            plan.futility = sequential::Futility::Spending(spending);
        } else if let Some(bounds) = bounds.filter(|b| analysis.sides == 1 && b.iter().any(|z| z.is_finite())) {
            plan.futility = sequential::Futility::Given(bounds);
        }
        let information = if rule.observed { Information::Observed } else { Information::Planned };
        match Monitor::new(&plan, information) {
            Ok(monitor) => (rule.monitor, rule.plan) = (Some(monitor), Some(plan)),
            Err(error) => return self.unsolvable(table, "futility", &error),
        }
        Some(())
    }

    fn unsolvable(&mut self, table: &Table, key: &str, error: &Unsolvable) -> Option<()> {
        let key = if table.has(key) { key } else { "efficacy" };
        self.say(
            Diagnostic::new(Code::Contradiction, table.span_of(key), error.to_string())
                .label("has no boundary")
                .help("`patency bounds` prints boundaries without simulating"),
        );
        None
    }

    /// Shares of the information at the rule's looks, then 1.
    fn planned_shares(
        &mut self,
        table: &Table,
        looks: &[usize],
        information: Counted,
        trial: &Trial<'_>,
        plan: &AnalysisPlan,
    ) -> Option<Vec<f64>> {
        let (shares, span) = if table.has("shares") {
            (
                self.one_each(table, "shares", looks.len(), "the looks of the rule; the end is 1")?,
                table.span_of("shares"),
            )
        } else {
            let of = |&k: &usize| match trial.looks[k].when.as_slice() {
                [When::Events { count, endpoint }] if information == Counted::Events && *endpoint == plan.endpoint => {
                    let (last, _) = trial.cut.events.filter(|c| c.1 == plan.endpoint)?;
                    Some(f64::from(*count) / f64::from(last))
                }
                // whoever is in has told nothing yet where the endpoint falls due later
                [When::Enrolled(_)] if trial.due.get(plan.endpoint) == Some(&true) => None,
                [When::Enrolled(amount) | When::Complete { amount, .. }] if information == Counted::Patients => {
                    match amount {
                        Amount::Share(share) => Some(*share),
                        Amount::Count(count) => trial.n.map(|n| f64::from(*count) / n as f64),
                    }
                }
                _ => None,
            };
            let derived: Option<Vec<f64>> = looks.iter().map(of).collect();
            let Some(derived) = derived else {
                // gates need no information
                if !table.has("efficacy") && !table.table("futility").is_some_and(needs_shares) {
                    return Some(vec![1.0; looks.len() + 1]);
                }
                self.say(
                    Diagnostic::new(
                        Code::MissingKey,
                        table.span.clone(),
                        "how much of the information there will be at each look does not follow from what the looks wait for",
                    )
                    .label("needs `shares`")
                    .help("shares = [0.5, 0.75]: of the final information, as planned; or let looks wait for events, or for patients in whom the endpoint is `complete`"),
                );
                return None;
            };
            (derived, table.span.clone())
        };
        let ascend = shares.windows(2).all(|w| w[0] < w[1]);
        if !ascend || shares.iter().any(|&t| !(t > 0.0 && t < 1.0)) {
            self.say(
                Diagnostic::new(
                    if ascend { Code::OutOfDomain } else { Code::NotAscending },
                    span,
                    format!("the planned shares of the information are {shares:?}"),
                )
                .label("must ascend between 0 and 1")
                .help("the end of the trial, with all the information, is a look of its own and not listed"),
            );
            return None;
        }
        Some(shares.into_iter().chain([1.0]).collect())
    }

    /// Information planned for the end, and how many of the trial's patients the analysis has, unless the former is their number.
    fn planned_information(
        &mut self,
        table: &Table,
        information: Counted,
        trial: &Trial<'_>,
        plan: &AnalysisPlan,
    ) -> Option<(f64, Option<[f64; 2]>)> {
        let part = part(plan, trial.arms);
        if let Some(planned) = self.number_in(table, "planned", Domain::Positive)? {
            return Some((planned, part.filter(|_| information != Counted::Patients)));
        }
        let whole = match information {
            Counted::Events => trial.cut.events.filter(|c| c.1 == plan.endpoint).map(|(count, _)| f64::from(count)),
            Counted::Patients => trial.n.map(|n| n as f64),
            Counted::Precision => None,
        };
        let default = whole.zip(part).map(|(whole, [of, all])| whole * of / all);
        let predicted = table
            .table("futility")
            .filter(|f| f.has("predictive-probability") && matches!(plan.method.prior(), Some(Prior::Proportions(_))));
        let why = match () {
            () if part.is_none() && predicted.is_some() => Some(("futility", "success at the end is predicted")),
            () if default.is_none() && table.text("spend-by") == Some("observed") => {
                Some(("spend-by", "the error is spent by the observed information"))
            }
            () => None,
        };
        if let Some((key, why)) = why {
            let mut help = "planned = 380: events, patients, or 1/SE² of the estimate".to_owned();
            if whole.is_some() {
                help = format!(
                    "planned = 150: the {} of analysis `{}` alone, which do not follow from those of the trial",
                    if information == Counted::Events { "events" } else { "patients" },
                    plan.name
                );
            }
            self.say(
                Diagnostic::new(
                    Code::MissingKey,
                    table.span_of(key),
                    format!("{why}, and nothing says how much is planned"),
                )
                .label("needs `planned`")
                .help(help),
            );
            return None;
        }
        Some((default.unwrap_or(1.0), part))
    }

    /// Families whose hypotheses are tested at looks: their level passes on from look to look.
    pub(super) fn families_at_looks(&mut self, file: &Table, rules: &mut [RulePlan], families: &mut [FamilyPlan]) {
        for (table, (f, family)) in file.tables("multiplicity").iter().zip(families.iter_mut().enumerate()) {
            let rule = |h: usize| rules.iter().position(|r| r.analysis == h && r.monitor.is_some());
            let of: Vec<Option<usize>> = family.hypotheses.iter().map(|&h| rule(h)).collect();
            if of.iter().all(Option::is_none) {
                continue;
            }
            let names = table.list("hypotheses");
            let mut refuse = |j: usize, what: String, help: &str| {
                self.say(
                    Diagnostic::new(Code::Contradiction, names[j].span.clone(), what)
                        .label("in a family that is tested at looks")
                        .help(help),
                );
            };
            let Some(graph) = family.procedure.graph(of.len()) else {
                let what = format!("the procedure `{}` cannot be carried out look by look", family.procedure_name);
                refuse(0, what, "bonferroni, holm, fixed-sequence, fallback and graph can");
                continue;
            };
            for (j, r) in of.iter().enumerate() {
                let name = names[j].text();
                let Some(r) = *r else {
                    refuse(
                        j,
                        format!("no rule tests `{name}` at looks, and others of its family are tested there"),
                        "give each hypothesis a `[[rule]]` with `efficacy`, or none",
                    );
                    continue;
                };
                let spends = matches!(rules[r].plan.as_ref().map(|p| &p.efficacy), Some(Efficacy::Spending(_)));
                if !spends || rules[r].observed || rules[r].binding {
                    refuse(
                        j,
                        format!("rule `{}` has bounds for one level, and the family gives it several", rules[r].name),
                        "efficacy = { spending = … }, spent by the planned information, futility not binding",
                    );
                    continue;
                }
                rules[r].family = Some((f, j));
            }
            family.graph = Some(graph);
        }
    }

    /// One analysis is tested by one rule, and stopped for futility by one at a look.
    fn check_overlap(&mut self, tables: &[&Table], rules: &[RulePlan], trial: &Trial<'_>) {
        for (i, one) in rules.iter().enumerate() {
            for (j, other) in rules.iter().enumerate().skip(i + 1).filter(|(_, r)| r.analysis == one.analysis) {
                let shared = one.looks.iter().find(|k| other.looks.contains(k));
                let both = |key: &str| tables[i].has(key) && tables[j].has(key);
                let (key, what) = if both("efficacy") {
                    ("efficacy", "are both to reject it".to_owned())
                } else if let (true, Some(&k)) = (both("futility"), shared) {
                    ("futility", format!("both stop for futility at look `{}`", trial.looks[k].name))
                } else {
                    continue;
                };
                self.say(
                    Diagnostic::new(
                        Code::Contradiction,
                        tables[j].span_of(key),
                        format!("rules `{}` and `{}` look at one analysis and {what}", one.name, other.name),
                    )
                    .label("the second")
                    .and(tables[i].span_of(key), "the first")
                    .help("keep one of them, or let them act at different looks"),
                );
            }
        }
    }
}

/// What the analysis has of the trial's patients (or events), as planned: so many of so many. None where that is not known beforehand: of a
/// subset, or of some of the arms among which clinicians choose.
fn part(plan: &AnalysisPlan, (arms, chosen): (&[Arm], bool)) -> Option<[f64; 2]> {
    // an exact test of one proportion has no use for the control
    let compared = if plan.method_name == "clopper-pearson" { &plan.arms[..1] } else { &plan.arms[..] };
    let sum = |of: &[Arm]| of.iter().map(|arm| f64::from(arm.ratio)).sum::<f64>();
    let of: f64 = compared.iter().map(|&arm| sum(&arms[arm..=arm])).sum();
    let known = plan.subset.is_none() && !(chosen && compared.len() < arms.len());
    known.then_some([of, sum(arms)])
}

/// Bounds that were rounded may spend a hundredth more than the level.
const OVERSPENT: f64 = 1.01;
