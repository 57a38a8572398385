//! Many worlds of one scenario on the same patients: the cells of a grid, and parameters between their ends.
//!
//! Every cell has the noise of every other, because noise is addressed by names: differences between cells are taken within
//! replicates and are sharper than the cells.

use crate::Error;
use crate::compare::{Paired, difference};
use crate::engine::Tables;
use crate::protocol::Protocol;
use crate::random::Replicate;
use crate::result::sweep::{Bar, Row};
use crate::run::{Batch, Fold};
use crate::summary::{LookBack, covered_given};
use crate::type_one;

/// Most values of an axis.
pub const MOST_VALUES: usize = 1_000_000;

/// A parameter and the values that it takes, as they would be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The parameter.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `NAME=from:to:step`, both ends included, or `NAME=a,b,c`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let Some((name, values)) = text.split_once('=') else {
            return Err(format!("`{text}` is no axis: NAME=from:to:step or NAME=a,b,c"));
        };
        let (name, values) = (name.trim(), values.trim());
        let parts: Vec<&str> = values.split(':').map(str::trim).collect();
        let values = match parts.as_slice() {
            [_] => listed(values),
            [from, to, step] => ranged(name, from, to, step)?,
            _ => return Err(format!("`{text}` is no axis: NAME=from:to:step or NAME=a,b,c")),
        };
        if values.is_empty() || values.iter().any(String::is_empty) {
            return Err(format!("`{text}` leaves a value of the axis `{name}` empty"));
        }
        Ok(Self { name: name.to_owned(), values })
    }
}

/// Values between commas that stand outside brackets: they may be expressions.
fn listed(text: &str) -> Vec<String> {
    let (mut values, mut depth) = (vec![String::new()], 0_i32);
    for c in text.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        match values.last_mut() {
            Some(last) if c != ',' || depth > 0 => last.push(c),
            _ => values.push(String::new()),
        }
    }
    values.iter().map(|v| v.trim().to_owned()).collect()
}

fn ranged(name: &str, from: &str, to: &str, step: &str) -> Result<Vec<String>, String> {
    let number = |text: &str| {
        let x = text.parse::<f64>().ok().filter(|x| x.is_finite());
        x.ok_or_else(|| format!("`{text}` of the axis `{name}` is not a finite number"))
    };
    let (from, to, step) = (number(from)?, number(to)?, number(step)?);
    let count = ((to - from) / step + 1e-9).floor();
    if !(count >= 0.0 && count.is_finite()) {
        return Err(format!("steps of {step} do not lead from {from} to {to} on the axis `{name}`"));
    }
    if count >= MOST_VALUES as f64 {
        return Err(format!("the axis `{name}` has {} values; at most {MOST_VALUES} are allowed", count + 1.0));
    }
    Ok((0..=count as usize).map(|k| clean(from + k as f64 * step).to_string()).collect())
}

/// A number without the rounding of its last digits: 0.30000000000000004 is 0.3.
#[must_use]
pub fn clean(x: f64) -> f64 {
    format!("{x:.12e}").parse().unwrap_or(x)
}

/// Number of cells of a grid; of none of its axes, one.
#[must_use]
pub fn cells(axes: &[Axis]) -> u64 {
    axes.iter().fold(1, |product, axis| product.saturating_mul(axis.values.len() as u64))
}

/// The settings of cell number `k`; the last axis moves fastest.
#[must_use]
pub fn cell(axes: &[Axis], mut k: u64) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        let count = axis.values.len().max(1) as u64;
        settings.push((axis.name.clone(), axis.values[(k % count) as usize].clone()));
        k /= count;
    }
    settings.reverse();
    settings
}

/// Folds one cell: its summary, its decisions, and its intervals where coverage is wanted.
#[derive(Debug)]
pub struct World<'p, 's> {
    protocol: &'p Protocol<'s>,
    paired: Paired<'p, 's>,
    /// By analysis, the limits of each replicate with an estimate.
    intervals: Option<Vec<Vec<[f64; 2]>>>,
    /// Where parameters have priors, for each of these intervals the replicate, its own true value and its limit.
    own: Vec<Vec<(Replicate, [f64; 2])>>,
}

impl<'p, 's> World<'p, 's> {
    /// Nothing folded yet; with `coverage` it keeps two numbers a replicate and analysis, with priors five.
    #[must_use]
    pub fn new(protocol: &'p Protocol<'s>, coverage: bool) -> Self {
        let intervals = coverage.then(|| vec![Vec::new(); protocol.scenario.analyses.len()]);
        let own = vec![Vec::new(); if protocol.priors.is_empty() { 0 } else { protocol.scenario.analyses.len() }];
        Self { protocol, paired: Paired::new(protocol), intervals, own }
    }

    /// Replicates folded.
    #[must_use]
    pub fn replicates(&self) -> u64 {
        self.paired.replicates()
    }

    /// What a row decided: a byte a replicate, 1 where it rejects in favour; of rejections how many, of a familywise error nothing.
    #[must_use]
    pub fn followed(&self, row: &str) -> Vec<u8> {
        self.paired.followed(row).unwrap_or_default().to_vec()
    }

    /// How many intervals contain the true value and the limit, or those given the parameters that their replicate drew.
    fn look_back(&self, a: usize, targets: [Option<f64>; 2]) -> LookBack {
        let Some(intervals) = self.intervals.as_ref().map(|all| &all[a]) else { return LookBack::default() };
        let inside = |[lower, upper]: &&[f64; 2], target: f64| *lower <= target && target <= *upper;
        let covered = targets.map(|t| t.map(|t| intervals.iter().filter(|i| inside(i, t)).count() as u64));
        let given = self.paired.summary().terms(self.protocol).map(|terms| {
            [0, 1].map(|seen: usize| {
                covered_given(&terms, |see| {
                    for ((replicate, target), limits) in self.own[a].iter().zip(intervals) {
                        if target[seen].is_finite() {
                            see(*replicate, target[seen], *limits);
                        }
                    }
                })
            })
        });
        LookBack { covered, given: given.unwrap_or_default(), ..LookBack::default() }
    }

    /// The rows of the analyses and of the families, without differences; `parameters` are those whose values are shown.
    ///
    /// # Errors
    /// None that can happen: nothing is read from disk.
    pub fn rows(&self, world: &str, parameters: &[String], tables: &Tables) -> Result<Vec<Row>, Error> {
        let mut back = |a: usize, targets: [Option<f64>; 2]| Ok(self.look_back(a, targets));
        let design = self.paired.summary().design(self.protocol, tables, &mut back)?;
        let scenario = self.protocol.scenario;
        let value = |name: &String| scenario.parameters.iter().find(|p| p.name == *name).map_or(f64::NAN, |p| p.value);
        let values: Vec<f64> = parameters.iter().map(value).collect();
        // those that are shown, as in the rows beside which they stand
        let families = design.multiplicity.iter().zip(&scenario.multiplicity).filter(|(_, plan)| plan.shown);
        let hypotheses = families.flat_map(|(f, _)| f.rows(design.replicates)).map(|row| (row.rejects, None));
        let shown = || (0..design.analyses.len()).filter(|&a| scenario.analyses[a].shown);
        let analyses = shown().map(|a| &design.analyses[a]).map(|a| (Some(a.rejects.clone()), Some(&a.estimate)));
        let own = shown().map(|a| Some(type_one::null(self.protocol, a, &design.analyses).word()));
        let rows = self
            .paired
            .rows("", &design)
            .into_iter()
            .zip(analyses.chain(hypotheses))
            .zip(own.chain(std::iter::repeat(None)));
        Ok(rows
            .map(|((row, (rejects, estimate)), null)| Row {
                world: world.to_owned(),
                values: values.clone(),
                variant: row.variant,
                n: row.n,
                analysis: row.analysis,
                label: row.label,
                power: row.power,
                rejects,
                mean: estimate.and_then(|e| e.mean),
                bias: row.bias,
                coverage: estimate.and_then(|e| e.coverage.limit.or(e.coverage.truth)),
                failures: row.failures,
                events: row.events,
                enrolment_months: row.enrolment_months,
                reached: row.reached,
                duration: row.duration,
                patient_months: row.patient_months,
                ties: row.ties,
                difference: None,
                null,
                family: row.family,
            })
            .collect())
    }
}

impl Fold for World<'_, '_> {
    fn fold(&mut self, batch: &Batch) -> Result<(), Error> {
        self.paired.fold(batch)?;
        if let Some(intervals) = &mut self.intervals {
            for (replicate, rows) in (batch.first..).zip(batch.rows.chunks_exact(intervals.len().max(1))) {
                for (a, row) in rows.iter().enumerate().filter(|(_, row)| row.estimate.estimate.is_finite()) {
                    intervals[a].push([row.estimate.lower, row.estimate.upper]);
                    if let Some(own) = self.own.get_mut(a) {
                        own.push((replicate, row.target));
                    }
                }
            }
        }
        Ok(())
    }

    fn fold_truth(&mut self, batch: &Batch) {
        self.paired.fold_truth(batch);
    }
}

/// A parameter's two ends and what is expected, in decisions of one analysis.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// The row of the expected world.
    pub expected: &'a Row,
    /// The rows at the pessimistic and the optimistic end.
    pub ends: [&'a Row; 2],
    /// Decisions in these three worlds, in this order.
    pub decisions: [&'a [u8]; 3],
}

/// One bar of the tornado: parameter number `k` of `name` at its two ends.
#[must_use]
pub fn bar(name: &str, k: usize, of: &Ends<'_>) -> Bar {
    let [expected, pessimistic, optimistic] = of.decisions;
    let [low, high] = of.ends;
    let value = |row: &Row| row.values.get(k).copied().unwrap_or(f64::NAN);
    Bar {
        parameter: name.to_owned(),
        variant: of.expected.variant.clone(),
        n: of.expected.n,
        analysis: of.expected.analysis.clone(),
        label: of.expected.label.clone(),
        values: [value(low), value(of.expected), value(high)],
        power: [low, of.expected, high].map(|row| row.power.as_ref().map_or(f64::NAN, |p| p.estimate)),
        pessimistic: difference(pessimistic, expected),
        optimistic: difference(optimistic, expected),
        span: difference(optimistic, pessimistic),
    }
}

/// Bars in tornado order: variant by variant, size by size, analysis by analysis in the order in which they came, the widest first.
pub fn order(bars: &mut [Bar]) {
    let mut groups: Vec<(String, usize, String)> = Vec::new();
    let key = |b: &Bar| (b.variant.clone(), b.n, b.analysis.clone());
    for b in bars.iter() {
        if !groups.contains(&key(b)) {
            groups.push(key(b));
        }
    }
    let place = |b: &Bar| groups.iter().position(|g| *g == key(b)).unwrap_or(groups.len());
    bars.sort_by(|a, b| {
        let span = |x: &Bar| x.span.estimate.abs();
        place(a).cmp(&place(b)).then(span(b).total_cmp(&span(a)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_axes() {
        let values = |text: &str| Axis::read(text).unwrap().values;
        assert_eq!(values("p=0.3:0.6:0.1"), ["0.3", "0.4", "0.5", "0.6"]);
        assert_eq!(values(" p = 1 : 0 : -0.5 "), ["1", "0.5", "0"]);
        assert_eq!(values("p=0:1:0.3"), ["0", "0.3", "0.6", "0.9"]);
        assert_eq!(values("p=0.1, 2 ,min(q, 3)"), ["0.1", "2", "min(q, 3)"]);
        assert_eq!(values("p=-3:-3:1"), ["-3"]);
        for bad in ["p", "p=", "p=1:2", "p=1:2:0", "p=1:2:-1", "p=0:1:1e-9", "p=a:1:1", "p=1,,2", "p=0:inf:1"] {
            assert!(Axis::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn by_hand_cells() {
        let axes = [Axis::read("a=1,2").unwrap(), Axis::read("b=3,4,5").unwrap()];
        assert_eq!(cells(&axes), 6);
        let all: Vec<String> = (0..6)
            .map(|k| cell(&axes, k).iter().map(|(n, v)| format!("{n}{v}")).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(all, ["a1 b3", "a1 b4", "a1 b5", "a2 b3", "a2 b4", "a2 b5"]);
        assert_eq!((cells(&[]), cell(&[], 0)), (1, Vec::new()));
    }
}
