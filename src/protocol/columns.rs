//! Which columns there are, what each reads, and which of them anything needs.

use std::collections::BTreeSet;

use super::{Wanted, kind_of, measures};
use crate::column::Kind;
use crate::expr::Expr;
use crate::math::linalg;
use crate::scenario::{Allocation, Holds, Per, Scenario, TrueValue};

/// Stands for the allocation where a fault says whose parameter it is.
pub const ALLOCATION: usize = usize::MAX - 1;

/// Numbers of the columns: the scenario's variables first, then normal scores of the copula, then the time of loss.
#[derive(Debug)]
pub struct Layout {
    kinds: Vec<Kind>,
    reads: Vec<Vec<usize>>,
    /// Population columns in drawing order.
    order: Vec<usize>,
    /// Copula members.
    pub(super) members: Vec<Member>,
    /// Column of the time of loss to follow-up.
    pub dropout: usize,
}

/// A variable that stands in the copula.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) variable: usize,
    /// Column of its own independent normal score.
    pub(super) raw: usize,
    /// Column of its correlated score; `raw` where it is the first of its set.
    pub(super) score: usize,
    /// The correlated score as a combination of independent ones: a row of the Cholesky factor.
    pub(super) weights: Vec<(usize, f64)>,
}

impl Layout {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let count = scenario.variables.len();
        let mut kinds: Vec<Kind> = scenario.variables.iter().map(|v| kind_of(v.law.draw())).collect();
        let mut reads: Vec<Vec<usize>> = scenario
            .variables
            .iter()
            .map(|v| {
                let all: BTreeSet<usize> =
                    v.law.parameters().iter().flat_map(|p| p.value.columns()).map(|c| c.0 as usize).collect();
                all.into_iter().collect()
            })
            .collect();
        let members = members(scenario, count);
        for m in &members {
            kinds.push(Kind::Real);
            reads.push(Vec::new());
            if m.score != m.raw {
                kinds.push(Kind::Real);
                reads.push(m.weights.iter().map(|w| w.0).collect());
            }
            reads[m.variable].push(m.score);
        }
        // parameters with a prior stand before patients, each after those that it reads
        let of_replicate: Vec<usize> =
            (0..scenario.population).filter(|&v| scenario.variables[v].per == Per::Replicate).collect();
        let mut order: Vec<usize> = Vec::new();
        while let Some(&v) =
            of_replicate.iter().find(|v| !order.contains(v) && reads[**v].iter().all(|c| order.contains(c)))
        {
            order.push(v);
        }
        for v in (0..scenario.population).filter(|v| !of_replicate.contains(v)) {
            if let Some(m) = members.iter().find(|m| m.variable == v) {
                order.push(m.raw);
                if m.score != m.raw {
                    order.push(m.score);
                }
            }
            order.push(v);
        }
        kinds.push(Kind::Real);
        reads.push(
            scenario
                .dropout
                .iter()
                .flat_map(|d| d.parameters())
                .flat_map(|p| p.value.columns())
                .map(|c| c.0 as usize)
                .collect(),
        );
        let dropout = kinds.len() - 1;
        Self { kinds, reads, order, members, dropout }
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.kinds.len()
    }

    /// What column `c` holds.
    #[must_use]
    pub fn kind(&self, c: usize) -> Kind {
        self.kinds[c]
    }

    /// Population columns in drawing order.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Name of a column for messages.
    #[must_use]
    pub fn name<'s>(&self, scenario: &'s Scenario, c: usize) -> &'s str {
        if c == self.dropout {
            return "dropout";
        }
        if c == ALLOCATION {
            return "allocation";
        }
        let member = self.members.iter().find(|m| m.raw == c || m.score == c).map_or(c, |m| m.variable);
        scenario.variables.get(member).map_or("", |v| v.name.as_str())
    }

    /// Whether a column depends on the site.
    #[must_use]
    pub fn reads_site(&self, scenario: &Scenario, c: usize) -> bool {
        self.closure([c]).iter().any(|&c| scenario.variables.get(c).is_some_and(|v| v.per == Per::Site))
    }

    /// These columns and everything that they read.
    pub(super) fn closure(&self, from: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open: Vec<usize> = from.into_iter().collect();
        while let Some(c) = open.pop() {
            if found.insert(c) {
                open.extend(&self.reads[c]);
            }
        }
        found
    }
}

/// The sets of correlated variables with their Cholesky factors. Variables keep the order of the file, so that one appended later
/// disturbs none before it.
fn members(scenario: &Scenario, count: usize) -> Vec<Member> {
    let mut variables: Vec<usize> = scenario
        .correlations
        .iter()
        .flat_map(|c| c.between)
        .map(|c| c.0 as usize)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    variables.sort_unstable();
    let k = variables.len();
    // packed lower triangle
    let mut factor = vec![0.0; linalg::packed_len(k)];
    for (i, &v) in variables.iter().enumerate() {
        factor[linalg::at(i, i)] = 1.0;
        for (j, &w) in variables[..i].iter().enumerate() {
            let is = |c: &&crate::scenario::Correlation| {
                let [a, b] = c.between.map(|c| c.0 as usize);
                (a, b) == (v, w) || (b, a) == (v, w)
            };
            factor[linalg::at(i, j)] = scenario.correlations.iter().find(is).map_or(0.0, |c| c.value);
        }
    }
    let positive = linalg::cholesky(&mut factor, k, 1e-12);
    debug_assert!(positive, "matrices that are not positive definite are refused when a scenario is read");
    let mut next = count;
    let mut members: Vec<Member> = Vec::new();
    for (i, &variable) in variables.iter().enumerate() {
        let raw = next;
        let weights: Vec<(usize, f64)> = (0..=i)
            .filter(|&j| factor[linalg::at(i, j)] != 0.0)
            .map(|j| (if j == i { raw } else { members[j].raw }, factor[linalg::at(i, j)]))
            .collect();
        let score = if weights.len() == 1 { raw } else { raw + 1 };
        next = score + 1;
        members.push(Member { variable, raw, score, weights });
    }
    members
}

/// What the stages after screening read.
#[derive(Debug)]
pub(super) struct Needs {
    /// Columns that criteria read.
    criteria: BTreeSet<usize>,
    /// Columns that any later stage reads.
    pub(super) later: BTreeSet<usize>,
}

impl Needs {
    pub(super) fn of(scenario: &Scenario, wanted: Wanted) -> Self {
        let mut criteria = BTreeSet::new();
        for c in &scenario.criteria {
            let (Holds::When(e) | Holds::Prevalence(e)) = &c.holds;
            add(&mut criteria, e);
        }
        let mut later = BTreeSet::new();
        if wanted == Wanted::Everything {
            later.extend(0..scenario.variables.len());
        }
        if let Allocation::Blocks { strata, .. } = &scenario.allocation {
            strata.iter().for_each(|e| add(&mut later, e));
        }
        if let Allocation::Observational { probabilities } = &scenario.allocation {
            probabilities.iter().for_each(|e| add(&mut later, e));
        }
        if let Some(law) = &scenario.dropout {
            law.parameters().iter().for_each(|p| add(&mut later, &p.value));
        }
        let used = measures::used_endpoints(scenario, wanted);
        for (endpoint, _) in scenario.endpoints.iter().zip(&used).filter(|(_, u)| **u) {
            measures::for_each_expr(&endpoint.measure, &mut |e| add(&mut later, e));
            measures::for_each_column(&endpoint.measure, &mut |c| {
                later.insert(c);
            });
        }
        let visits = measures::used_visits(scenario, &used, wanted);
        for (visit, _) in scenario.visits.iter().zip(&visits).filter(|(_, u)| **u) {
            add(&mut later, &visit.missed);
        }
        if used.iter().any(|u| *u) {
            later.extend(scenario.deaths.iter().map(|c| c.0 as usize));
        }
        for a in &scenario.analyses {
            if let Some(TrueValue::Drawn(c, _)) = a.estimand {
                later.insert(usize::from(c.0));
            }
            a.subset
                .iter()
                .chain(&a.interaction)
                .chain(&a.covariates)
                .chain(&a.strata)
                .for_each(|e| add(&mut later, e));
        }
        Self { criteria, later }
    }

    /// Columns drawn for every candidate: those that criteria read, and what these read.
    pub(super) fn screened(&self, layout: &Layout) -> BTreeSet<usize> {
        layout.closure(self.criteria.iter().copied())
    }
}

fn add(set: &mut BTreeSet<usize>, e: &Expr) {
    set.extend(e.columns().iter().map(|c| c.0 as usize));
}
