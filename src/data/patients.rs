//! Arms, sites and variables from the columns of a file.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Findings, shown};
use super::sheet::{Column, Sheet, slip};
use crate::expr::{Expr, Program, nearest};
use crate::protocol::Protocol;
use crate::scenario::{Accrual, Mapping, Measure, TierOf};
use crate::workspace::Workspace;

/// Stands for a site that is missing.
pub(super) const NO_SITE: u16 = u16::MAX;

/// Stands for an arm that is missing.
pub(super) const NO_ARM: u8 = u8::MAX;

/// Reads patients and goes on after a mistake, so that all are found.
#[derive(Debug)]
pub(super) struct Reader<'a, 's> {
    pub(super) protocol: &'a Protocol<'s>,
    pub(super) sheet: Sheet,
    pub(super) mapping: &'a Mapping,
    pub(super) found: Findings,
    pub(super) without_arm: usize,
    /// Columns whose words have been turned into codes, and whether they could be.
    coded: BTreeMap<usize, bool>,
}

impl<'a, 's> Reader<'a, 's> {
    pub(super) fn new(protocol: &'a Protocol<'s>, sheet: Sheet, mapping: &'a Mapping) -> Self {
        Self { protocol, sheet, mapping, found: Findings::default(), without_arm: 0, coded: BTreeMap::new() }
    }

    /// Arms, sites, and that nobody stands there twice.
    pub(super) fn patients(&mut self, work: &mut Workspace) {
        work.cohort.rows = self.sheet.rows;
        if self.sheet.rows == 0 {
            self.found.of_column("", "there are headers and no rows");
        }
        self.arms(work);
        self.sites(work);
        self.once();
        self.labels();
    }

    /// That labels are those of columns of words, each once.
    fn labels(&mut self) {
        for (header, labels) in &self.mapping.labels {
            let Some(at) = self.sheet.position(header) else {
                let message = self.no_column(header, "[data] labels names it");
                self.found.of_column("", message);
                continue;
            };
            let column = &self.sheet.columns[at];
            let twice = labels.iter().enumerate().find(|(i, label)| labels[..*i].contains(label));
            let message = match twice {
                _ if labels.is_empty() => "[data] labels gives it no categories".to_owned(),
                Some((_, label)) => format!("[data] labels names the category `{label}` twice"),
                None if column.text.is_empty() && column.number.iter().any(|x| !x.is_nan()) => {
                    "it holds numbers; [data] labels are the categories of a column of words".to_owned()
                }
                None => continue,
            };
            self.found.of_column(header, message);
        }
    }

    fn arms(&mut self, work: &mut Workspace) {
        let header = self.mapping.arm.as_deref().unwrap_or("arm");
        let arms = &self.protocol.scenario.arms;
        work.cohort.arm = vec![NO_ARM; self.sheet.rows];
        let Some(at) = self.sheet.position(header) else {
            let message = self.no_column(header, "name the column of the arm, as arm = \"trt\" under [data]");
            self.found.of_column("", message);
            return;
        };
        for (name, _) in &self.mapping.arms {
            if !arms.iter().any(|a| a.name == *name) {
                let near = nearest(name, arms.iter().map(|a| a.name.as_str()));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let message = format!("[data] arms names `{name}`, which is no arm of the trial{near}");
                self.found.of_column(header, message);
            }
        }
        let column = &self.sheet.columns[at];
        let values: Vec<Vec<&str>> = arms
            .iter()
            .map(|arm| match self.mapping.arms.iter().find(|(name, _)| *name == arm.name) {
                Some((_, value)) => vec![value.as_str()],
                None if arm.label == arm.name => vec![arm.name.as_str()],
                None => vec![arm.name.as_str(), arm.label.as_str()],
            })
            .collect();
        let allowed: Vec<&str> = values.iter().map(|v| v[0]).collect();
        let allowed = format!(
            "the arms are {} (arms = {{ {} = \"…\" }} under [data] says what stands there for an arm)",
            listed(&allowed),
            arms[0].name
        );
        let numbers: Vec<Option<f64>> = values.iter().map(|v| v.iter().find_map(|v| v.parse().ok())).collect();
        for (k, value) in values.iter().enumerate() {
            let same = |j: &usize| numbers[*j].is_some() && numbers[*j] == numbers[k];
            if let Some(j) = (0..k).find(|j| values[*j].iter().any(|v| value.contains(v)) || same(j)) {
                let (one, other) = (&arms[j].name, &arms[k].name);
                self.found.of_column(header, format!("`{}` stands for both arms, `{one}` and `{other}`", value[0]));
            }
        }
        if !self.found.all.is_empty() {
            return;
        }
        let mut counts = vec![0_usize; arms.len()];
        let words: Vec<Option<usize>> =
            column.words.iter().map(|word| values.iter().position(|v| v.iter().any(|v| v == word))).collect();
        let mut text = column.text.iter().peekable();
        for row in 0..self.sheet.rows {
            let word = text.next_if(|&&(r, _)| r as usize == row).map(|&(_, word)| word as usize);
            let x = column.number[row];
            let arm = match word {
                Some(word) => words[word],
                None if x.is_nan() => {
                    self.without_arm += 1;
                    continue;
                }
                None => numbers.iter().position(|&v| v == Some(x)),
            };
            match arm {
                Some(arm) => {
                    counts[arm] += 1;
                    work.cohort.arm[row] = arm as u8;
                }
                None => {
                    let found = word.map_or_else(|| x.to_string(), |w| column.words[w].clone());
                    self.found.of_row(header, row, format!("`{}` is no arm; {allowed}", shown(&found)));
                }
            }
        }
        let compared: BTreeSet<usize> = self.protocol.scenario.analyses.iter().flat_map(|a| a.arms).collect();
        for arm in compared.into_iter().filter(|&arm| counts[arm] == 0 && self.sheet.rows > 0) {
            let value = allowed_value(&values[arm]);
            self.found.of_column(header, format!("nobody is in arm `{}` ({value})", arms[arm].name));
        }
    }

    fn sites(&mut self, work: &mut Workspace) {
        let plans = &self.protocol.scenario.analyses;
        let wanted = plans.iter().any(|a| a.site_factor || a.site_stratum);
        let header = self.mapping.site.as_deref().unwrap_or("site");
        let Some(at) = self.sheet.position(header) else {
            if wanted || self.mapping.site.is_some() {
                let message = self.no_column(header, "name the column of the site, as site = \"centre\" under [data]");
                self.found.of_column("", message);
            }
            return;
        };
        if !wanted {
            return;
        }
        let column = &self.sheet.columns[at];
        // sites of the scenario keep their numbers, so that a simulated trial read back is the trial that it was
        let mut numbers: BTreeMap<String, u16> = match &self.protocol.scenario.enrolment.accrual {
            Accrual::Sites(sites) => sites.iter().enumerate().map(|(i, s)| (s.name.clone(), i as u16)).collect(),
            _ => BTreeMap::new(),
        };
        let named = |row: usize| match column.word(row) {
            Some(word) => Some(word.to_owned()),
            None => Some(column.number[row]).filter(|x| !x.is_nan()).map(|x| x.to_string()),
        };
        let names: Vec<Option<String>> = (0..self.sheet.rows).map(named).collect();
        let others: BTreeSet<&String> = names.iter().flatten().filter(|n| !numbers.contains_key(*n)).collect();
        if numbers.len() + others.len() >= usize::from(NO_SITE) {
            self.found.of_column(header, format!("{} sites; at most {} can be", others.len(), NO_SITE - 1));
            return;
        }
        let others: Vec<String> = others.into_iter().cloned().collect();
        for name in others {
            let next = numbers.len() as u16;
            numbers.insert(name, next);
        }
        work.cohort.site =
            names.iter().map(|n| n.as_ref().and_then(|n| numbers.get(n)).copied().unwrap_or(NO_SITE)).collect();
    }

    fn once(&mut self) {
        let header = self.mapping.patient.as_deref().unwrap_or("patient");
        let Some(at) = self.sheet.position(header) else {
            if self.mapping.patient.is_some() {
                let message =
                    self.no_column(header, "name the column that identifies patients, or leave `patient` out");
                self.found.of_column("", message);
            }
            return;
        };
        let column = &self.sheet.columns[at];
        let mut rows: Vec<(u64, u32, u32)> = Vec::with_capacity(self.sheet.rows);
        let mut text = column.text.iter().peekable();
        for (row, x) in column.number.iter().enumerate() {
            match text.next_if(|&&(r, _)| r as usize == row) {
                Some(&(_, word)) => rows.push((0, word, row as u32)),
                None if x.is_nan() => {}
                None => rows.push((x.to_bits().max(1), 0, row as u32)),
            }
        }
        rows.sort_unstable();
        for pair in rows.windows(2) {
            if (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1) {
                let row = pair[1].2 as usize;
                let name = column.word(row).map_or_else(|| column.number[row].to_string(), str::to_owned);
                self.found.of_row(
                    header,
                    row,
                    format!("patient {} stands there already, in row {}", shown(&name), pair[0].2 + 1),
                );
            }
        }
    }

    /// Values of the scenario's columns that anything reads.
    pub(super) fn columns(&mut self, work: &mut Workspace) {
        let protocol = self.protocol;
        let variables = &protocol.scenario.variables;
        let mut needed: BTreeMap<usize, String> = BTreeMap::new();
        for plan in &protocol.scenario.analyses {
            let what = format!("analysis `{}`", plan.name);
            for e in plan.subset.iter().chain(&plan.interaction).chain(&plan.covariates).chain(&plan.strata) {
                self.need(e, &what, &mut needed);
            }
            let endpoint = &protocol.scenario.endpoints[plan.endpoint];
            let what = format!("endpoint `{}`", endpoint.name);
            for (name, value) in values(&endpoint.name, &endpoint.measure) {
                if !self.has(&protocol.scenario.endpoint_column(&name)) {
                    self.need(value, &what, &mut needed);
                }
            }
        }
        // names of endpoints' columns that are computed
        for (c, v) in variables.iter().enumerate() {
            if self.mapping.columns.iter().any(|(name, _)| *name == v.name) && self.computed(c).is_some() {
                self.need(&Expr::Column(crate::expr::ColumnId(c as u16)), "", &mut needed);
            }
        }
        for (&c, what) in &needed {
            if self.computed(c).is_some() {
                continue;
            }
            let name = &variables[c].name;
            match self.source(name) {
                Some(at) => {
                    if self.coded(at) {
                        work.cohort.real[c] = self.sheet.columns[at].number.clone();
                    }
                }
                None => {
                    let message = self.no_column(name, &format!("{what} reads it"));
                    self.found.of_column("", message);
                }
            }
        }
        for &c in needed.keys() {
            let Some(value) = self.computed(c) else { continue };
            let reads = value.columns();
            if reads.iter().any(|r| work.cohort.real[usize::from(r.0)].is_empty()) {
                continue;
            }
            let rows = self.sheet.rows;
            let mut out = vec![0.0; rows];
            Program::compile(&value).eval(rows, &work.cohort, &mut work.noise.registers, &mut out);
            for (i, x) in out.iter_mut().enumerate() {
                if reads.iter().any(|&r| work.cohort.value(r, i).is_nan()) || !x.is_finite() {
                    *x = f64::NAN;
                }
            }
            work.cohort.real[c] = out;
        }
    }

    /// The expression of a variable that `[data] columns` computes.
    fn computed(&self, c: usize) -> Option<Expr> {
        let variable = &self.protocol.scenario.variables[c];
        let (_, text) = self.mapping.columns.iter().find(|(name, _)| *name == variable.name)?;
        if self.sheet.position(text).is_some() {
            return None;
        }
        variable.law.parameters().into_iter().next().map(|p| p.value)
    }

    fn need(&self, e: &Expr, what: &str, needed: &mut BTreeMap<usize, String>) {
        for c in e.columns() {
            let c = usize::from(c.0);
            if needed.insert(c, what.to_owned()).is_none()
                && let Some(value) = self.computed(c)
            {
                self.need(&value, what, needed);
            }
        }
    }

    /// The column of the file behind a name.
    pub(super) fn source(&self, name: &str) -> Option<usize> {
        let header = self.mapping.columns.iter().find(|(n, _)| n == name).map_or(name, |(_, header)| header.as_str());
        self.sheet.position(header)
    }

    /// Whether the file, or what `[data] columns` computes, has the name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.source(name).is_some() || self.mapping.columns.iter().any(|(n, _)| n == name)
    }

    /// Makes numbers of a column's words; whether it has numbers then.
    pub(super) fn coded(&mut self, at: usize) -> bool {
        if let Some(&done) = self.coded.get(&at) {
            return done;
        }
        let column = &mut self.sheet.columns[at];
        let labels = self.mapping.labels.iter().find(|(name, _)| *name == column.header).map(|(_, l)| l.as_slice());
        let done = match column.code(labels) {
            Ok(()) => true,
            Err(rows) => {
                for (row, cell) in rows {
                    let found = shown(&cell);
                    let message = match labels {
                        Some(labels) => format!("`{found}` is no category; they are {}", listed(labels)),
                        None => match slip(&cell) {
                            Some(why) => format!("`{found}` is not a number: {why}"),
                            None => format!("`{found}` is not a number"),
                        },
                    };
                    self.found.of_row(&column.header, row, message);
                }
                false
            }
        };
        self.coded.insert(at, done);
        done
    }

    /// That there is no such column, and which name comes near.
    pub(super) fn no_column(&self, name: &str, help: &str) -> String {
        let headers = self.sheet.columns.iter().map(|c: &Column| c.header.as_str());
        let near = nearest(name, headers.clone()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        // more would hide the message
        const MOST: usize = 12;
        let names: Vec<&str> = headers.filter(|h| !h.is_empty()).take(MOST).collect();
        let more = if self.sheet.columns.len() > MOST { " …" } else { "" };
        format!("there is no column `{name}` ({help}); there are {}{more}{near}", listed(&names))
    }
}

/// Expressions by which an endpoint's values can be computed where the data do not hold them, each with the name of the column that would.
fn values<'m>(name: &str, measure: &'m Measure) -> Vec<(String, &'m Expr)> {
    use crate::scenario::BinaryOf;
    match measure {
        Measure::Binary { of: BinaryOf::State { value, .. }, .. }
        | Measure::Ordinal { value, .. }
        | Measure::Score { value, .. } => vec![(name.to_owned(), value)],
        Measure::Hierarchical(tiers) => tiers
            .iter()
            .filter_map(|t| match &t.of {
                TierOf::Category { value, .. } | TierOf::Score { value, .. } => {
                    Some((format!("{name}_{}", t.name), value))
                }
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn allowed_value(values: &[&str]) -> String {
    format!("`{}`", values.join("` or `"))
}

/// Names in a row.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{}`", shown(n.as_ref()))).collect();
    match &quoted[..] {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
