//! Endpoints from the columns of a file.
//!
//! The endpoint `E` is read from the column `E` (binary, ordinal, score), from `E_time`, `E_event` and `E_competing` (times), from
//! `E_left` and `E_right` (interval-censored), and tier `T` of a hierarchy in the same way from columns that begin with `E_T`: what
//! `patency cohort --view observed` writes. Where a state, category or score has no column, it is computed from its expression; where
//! a time has none, those of its events are read: `death_time`, `death_event`.

use super::finding::shown;
use super::patients::Reader;
use crate::analysis::{Better, ResponseKind};
use crate::column::Frame;
use crate::endpoint::measured::{MISSING, Measured, Values};
use crate::expr::{ColumnId, Expr, Program};
use crate::protocol::Noise;
use crate::scenario::{BinaryOf, Fate, Measure, TierOf, TierPlan};
use crate::workspace::Workspace;

/// An ordered category as the scenario describes it.
struct Categories<'e> {
    value: &'e Expr,
    cuts: &'e [f64],
    first: f64,
    levels: u8,
}

/// Times, events and competing events; NaN where one is missing.
struct Times {
    time: Vec<f64>,
    event: Vec<f64>,
    competing: Option<Vec<f64>>,
}

impl Reader<'_, '_> {
    /// Values of the endpoints that an analysis uses.
    pub(super) fn endpoints(&mut self, work: &mut Workspace) {
        let protocol = self.protocol;
        for (e, endpoint) in protocol.scenario.endpoints.iter().enumerate() {
            if !protocol.scenario.analyses.iter().any(|a| a.endpoint == e) {
                continue;
            }
            let mut measured = Measured { known: vec![1; self.sheet.rows], ..Measured::default() };
            let mut world = World { frame: &work.cohort, noise: &mut work.noise };
            // what is wrong stands among the findings
            let _ = self.endpoint(&endpoint.name, &endpoint.measure, &mut world, &mut measured);
            measured.complete = measured.known.iter().all(|&k| k == 1);
            work.measured[e] = measured;
        }
    }

    fn endpoint(&mut self, name: &str, measure: &Measure, world: &mut World<'_>, out: &mut Measured) -> Option<()> {
        let Measured { kind, values, tiers, known, .. } = out;
        match measure {
            Measure::Binary { of, better, missing, .. } => {
                *kind = Some(ResponseKind::Binary);
                let flags = match of {
                    BinaryOf::State { value, .. } => self.flags_or(name, value, world)?,
                    BinaryOf::Occurrence { events, by } => self.occurrence(name, events, *by, world)?,
                };
                let worst = if *better == Better::Higher { 0.0 } else { 1.0 };
                values.code = fill(flags, *missing, worst, known).iter().map(|&x| u8::from(x != 0.0)).collect();
            }
            Measure::Ordinal { value, cuts, levels: (first, levels), better, missing, .. } => {
                *kind = Some(ResponseKind::Ordinal);
                values.levels = *levels;
                let codes =
                    self.categories(name, &Categories { value, cuts, first: *first, levels: *levels }, world)?;
                let top = f64::from(levels - 1);
                let worst = if *better == Better::Higher { 0.0 } else { top };
                values.code =
                    fill_between(codes, *missing, worst, top - worst, known).iter().map(|&x| x as u8).collect();
            }
            Measure::Score { value, missing, worst, .. } => {
                *kind = Some(ResponseKind::Score);
                let scores = self.numbers_or(name, value, world)?;
                values.real = fill(scores, *missing, worst.unwrap_or(f64::NAN), known);
            }
            Measure::Time { events, competing, by, .. } => {
                *kind = Some(ResponseKind::Time);
                let times = self.times(name, events, *by, !competing.is_empty(), world)?;
                times_into(times, values, known);
            }
            Measure::Visits { dated: crate::scenario::Dated::AtVisit(by), events, .. } => {
                *kind = Some(ResponseKind::Time);
                let times = self.times(name, events, *by, false, world)?;
                times_into(times, values, known);
            }
            Measure::Visits { .. } => {
                *kind = Some(ResponseKind::Interval);
                self.interval(name, world, values, known)?;
            }
            Measure::Hierarchical(plans) => {
                *kind = Some(ResponseKind::Hierarchical);
                // who is seen has a value at a tier that is always observed: of whom nothing is known, nothing was to be known yet
                let always = plans.iter().any(|p| matches!(p.of, TierOf::Time { .. } | TierOf::Occurrence { .. }));
                let mut blank = vec![always; known.len()];
                for plan in plans {
                    let mut tier = Values::default();
                    let read = self.tier(&format!("{name}_{}", plan.name), plan, world, &mut tier, known, &mut blank);
                    tiers.push(tier);
                    read?;
                }
                known.iter_mut().zip(&blank).for_each(|(k, &b)| *k &= u8::from(!b));
            }
        }
        Some(())
    }

    fn tier(
        &mut self,
        name: &str,
        plan: &TierPlan,
        world: &mut World<'_>,
        values: &mut Values,
        known: &mut [u8],
        blank: &mut [bool],
    ) -> Option<()> {
        let mut see = |values: &[f64]| blank.iter_mut().zip(values).for_each(|(b, x)| *b &= x.is_nan());
        match &plan.of {
            TierOf::Time { events, by } => {
                let times = self.times(name, events, *by, false, world)?;
                times_into(times, values, known);
                // without a time nobody is in
                blank.fill(false);
            }
            TierOf::Occurrence { events, by } => {
                values.levels = 2;
                let flags = self.occurrence(name, events, *by, world)?;
                see(&flags);
                // tied: as seen, and no event was; not having it is better
                let flags = if plan.missing == Fate::Tied {
                    flags.iter().map(|&x| if x.is_nan() { 0.0 } else { x }).collect()
                } else {
                    fill(flags, plan.missing, 1.0, known)
                };
                values.code = flags.iter().map(|&x| u8::from(x == 0.0)).collect();
            }
            TierOf::Category { value, cuts, levels: (first, levels), better } => {
                values.levels = *levels;
                let codes =
                    self.categories(name, &Categories { value, cuts, first: *first, levels: *levels }, world)?;
                see(&codes);
                let top = f64::from(levels - 1);
                let oriented = codes.iter().map(|&x| if *better == Better::Lower { top - x } else { x }).collect();
                let oriented = fill_between(oriented, plan.missing, 0.0, top, known);
                values.code = oriented.iter().map(|&x| if x.is_nan() { MISSING } else { x as u8 }).collect();
            }
            TierOf::Score { value, threshold, better, worst } => {
                values.threshold = *threshold;
                let scores = self.numbers_or(name, value, world)?;
                see(&scores);
                let scores = fill(scores, plan.missing, worst.unwrap_or(f64::NAN), known);
                values.real = scores.iter().map(|x| better.sign() * x).collect();
            }
        }
        Some(())
    }

    /// The numbers of the column of a name, where there is one; none also where they cannot be read.
    fn numbers(&mut self, name: &str) -> Option<(String, Vec<f64>)> {
        let at = self.source(name)?;
        self.coded(at).then(|| (self.sheet.columns[at].header.clone(), self.sheet.columns[at].number.clone()))
    }

    /// What `[data] columns` computes under a name.
    fn computed_values(&self, name: &str, world: &World<'_>) -> Option<Vec<f64>> {
        let c = self.protocol.scenario.variables.iter().rposition(|v| v.name == name)?;
        let values = &world.frame.real[c];
        (!values.is_empty()).then(|| values.clone())
    }

    /// The column of a name, of the file or computed; the name under which to speak of it.
    fn column(&mut self, name: &str, world: &World<'_>) -> Option<(String, Vec<f64>)> {
        if self.source(name).is_some() {
            return self.numbers(name);
        }
        self.computed_values(name, world).map(|x| (name.to_owned(), x))
    }

    fn numbers_or(&mut self, name: &str, value: &Expr, world: &mut World<'_>) -> Option<Vec<f64>> {
        let name = &self.protocol.scenario.endpoint_column(name);
        let plain = match value {
            _ if self.has(name) => name,
            Expr::Column(c) => &self.protocol.scenario.variables[usize::from(c.0)].name,
            _ => return world.evaluate(value, self.sheet.rows),
        };
        if let Some((header, word)) = self.word(plain)
            && !self.mapping.labels.iter().any(|(labelled, _)| *labelled == header)
        {
            let help = format!("labels = {{ {header} = […] }} under [data] says their order");
            self.found
                .of_column(&header, format!("it holds words, as `{}`; a score is a number ({help})", shown(&word)));
            return None;
        }
        if self.has(name) {
            return self.column(name, world).map(|(_, x)| x);
        }
        world.evaluate(value, self.sheet.rows)
    }

    fn flags_or(&mut self, name: &str, value: &Expr, world: &mut World<'_>) -> Option<Vec<f64>> {
        let name = &self.protocol.scenario.endpoint_column(name);
        if self.has(name) { self.flags(name, world) } else { world.evaluate(value, self.sheet.rows) }
    }

    /// A column of zeros and ones, or of `no` and `yes`, `false` and `true`.
    fn flags(&mut self, name: &str, world: &World<'_>) -> Option<Vec<f64>> {
        let Some(at) = self.source(name) else {
            let out = self.computed_values(name, world)?;
            for (row, x) in out.iter().enumerate() {
                if !(x.is_nan() || *x == 0.0 || *x == 1.0) {
                    self.found.of_row(name, row, format!("{x} is neither 0 nor 1"));
                }
            }
            return Some(out);
        };
        let column = &self.sheet.columns[at];
        let word = |w: &str| match w.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "t" => 1.0,
            "no" | "n" | "false" | "f" => 0.0,
            _ => f64::NAN,
        };
        let words: Vec<f64> = column.words.iter().map(|w| word(w)).collect();
        let mut out = column.number.clone();
        let mut wrong: Vec<(usize, String)> = Vec::new();
        if !column.text.is_empty() {
            for &(row, w) in &column.text {
                out[row as usize] = words[w as usize];
                if words[w as usize].is_nan() {
                    wrong.push((row as usize, column.words[w as usize].clone()));
                }
            }
        }
        wrong.extend(
            out.iter()
                .enumerate()
                .filter(|(_, x)| !(x.is_nan() || **x == 0.0 || **x == 1.0))
                .map(|(i, x)| (i, x.to_string())),
        );
        let header = column.header.clone();
        if wrong.is_empty() {
            return Some(out);
        }
        for (row, found) in wrong {
            self.found.of_row(&header, row, format!("{} is neither 0 nor 1", shown(&found)));
        }
        None
    }

    /// Whether the column behind a name holds words, and one of them.
    fn word(&self, name: &str) -> Option<(String, String)> {
        let column = &self.sheet.columns[self.source(name)?];
        column.words.first().map(|word| (column.header.clone(), word.clone()))
    }

    /// Times in months, none negative.
    fn months(&mut self, name: &str, world: &World<'_>) -> Option<Vec<f64>> {
        let (header, mut out) = self.column(name, world)?;
        if let Some((header, word)) = self.word(name) {
            self.found
                .of_column(&header, format!("it holds words, as `{}`; a time from entry is a number", shown(&word)));
            return None;
        }
        // days since 1900, as spreadsheets count them, of the years 1954 to 2119; nobody is followed for so long
        let (low, high) = out.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        if self.source(name).is_some() && (20_000.0..80_000.0).contains(&low) && high < 80_000.0 {
            self.found.of_column(
                &header,
                format!(
                    "its times are from {low} to {high}: dates as a spreadsheet counts them? A time is counted from entry (columns = {{ {name} = \"{header} - entry\" }} under [data])"
                ),
            );
            return None;
        }
        for (row, x) in out.iter().enumerate() {
            if *x < 0.0 {
                self.found.of_row(&header, row, format!("{x} is negative; a time from entry is not"));
            }
        }
        if let Some(unit) = self.mapping.unit {
            out.iter_mut().for_each(|x| *x *= unit);
        }
        Some(out)
    }

    /// Times and events of an endpoint, or of the first of its events; later ones than the horizon do not count.
    fn times(&mut self, name: &str, events: &[ColumnId], by: f64, competes: bool, world: &World<'_>) -> Option<Times> {
        let mut times = if self.has(&format!("{name}_time")) {
            self.pair(name, world)?
        } else {
            let named: Vec<String> =
                events.iter().map(|c| self.protocol.scenario.variables[usize::from(c.0)].name.clone()).collect();
            let mut first: Option<Times> = None;
            for event in &named {
                if !self.has(&format!("{event}_time")) {
                    let help = format!(
                        "nor `{event}_time`; as columns = {{ {event}_time = \"days\", {event}_event = \"status\" }} under [data]"
                    );
                    let message = self.no_column(&format!("{name}_time"), &help);
                    self.found.of_column("", message);
                    return None;
                }
                let next = self.pair(event, world)?;
                first = Some(match first {
                    Some(first) => first.earlier(&next),
                    None => next,
                });
            }
            first?
        };
        if competes {
            let column = format!("{name}_competing");
            if !self.has(&column) {
                let message = self.no_column(&column, "1 where follow-up ended in a competing event");
                self.found.of_column("", message);
                return None;
            }
            let flags = self.flags(&column, world)?;
            for (row, (&event, &competing)) in times.event.iter().zip(&flags).enumerate() {
                if event == 1.0 && competing == 1.0 {
                    self.found.of_row(&column, row, "the event and a competing one in the same patient");
                }
            }
            times.competing = Some(flags);
        }
        if by.is_finite() {
            for (i, (t, d)) in times.time.iter_mut().zip(&mut times.event).enumerate() {
                if *t > by {
                    (*t, *d) = (by, if d.is_nan() { f64::NAN } else { 0.0 });
                    if let Some(c) = times.competing.as_mut().map(|c| &mut c[i]).filter(|c| !c.is_nan()) {
                        *c = 0.0;
                    }
                }
            }
        }
        Some(times)
    }

    fn pair(&mut self, name: &str, world: &World<'_>) -> Option<Times> {
        let event = format!("{name}_event");
        if !self.has(&event) {
            let message = self.no_column(&event, "1 where the event was seen, 0 where follow-up ended without it");
            self.found.of_column("", message);
            return None;
        }
        let (time, event) = (self.months(&format!("{name}_time"), world), self.flags(&event, world));
        Some(Times { time: time?, event: event?, competing: None })
    }

    /// Whether the first of some events was seen by a time: a column of its own, or from the events' times; NaN where it is not known.
    fn occurrence(&mut self, name: &str, events: &[ColumnId], by: f64, world: &World<'_>) -> Option<Vec<f64>> {
        let column = self.protocol.scenario.endpoint_column(name);
        if self.has(&column) {
            return self.flags(&column, world);
        }
        let times = self.times(name, events, f64::INFINITY, false, world)?;
        let known = |(&t, &d): (&f64, &f64)| match () {
            () if d == 1.0 && t <= by => 1.0,
            () if t >= by => 0.0,
            () => f64::NAN,
        };
        Some(times.time.iter().zip(&times.event).map(known).collect())
    }

    /// Codes 0 … levels − 1: a column of categories, or an expression cut at limits.
    fn categories(&mut self, name: &str, of: &Categories<'_>, world: &mut World<'_>) -> Option<Vec<f64>> {
        let name = &self.protocol.scenario.endpoint_column(name);
        if self.has(name) {
            let (header, codes) = self.column(name, world)?;
            let last = of.first + f64::from(of.levels - 1);
            let mut fits = true;
            for (row, x) in codes.iter().enumerate() {
                if !(x.is_nan() || (x.fract() == 0.0 && (of.first..=last).contains(x))) {
                    fits = false;
                    self.found.of_row(&header, row, format!("{x} is no category; they are {} to {last}", of.first));
                }
            }
            return fits.then(|| codes.iter().map(|x| x - of.first).collect());
        }
        let values = world.evaluate(of.value, self.sheet.rows)?;
        let code = |x: &f64| match () {
            () if x.is_nan() => f64::NAN,
            () if of.cuts.is_empty() => x - of.first,
            () => of.cuts.iter().filter(|cut| *x >= **cut).count() as f64,
        };
        Some(values.iter().map(code).collect())
    }

    fn interval(&mut self, name: &str, world: &World<'_>, values: &mut Values, known: &mut [u8]) -> Option<()> {
        let names = ["left", "right"].map(|end| format!("{name}_{end}"));
        for name in &names {
            if !self.has(name) {
                let message = self.no_column(
                    name,
                    "the last time without the event and the first with it, empty where it was not seen",
                );
                self.found.of_column("", message);
                return None;
            }
        }
        let (left, right) = (self.months(&names[0], world)?, self.months(&names[1], world)?);
        for (row, (l, r)) in left.iter().zip(&right).enumerate() {
            if r < l {
                self.found.of_row(&names[1], row, "the event is seen before the last time without it");
            }
            known[row] &= u8::from(!l.is_nan());
        }
        values.real = left.iter().map(|&l| if l.is_nan() { 0.0 } else { l }).collect();
        values.right = right.iter().map(|&r| if r.is_nan() { f64::INFINITY } else { r }).collect();
        Some(())
    }
}

/// What expressions read.
struct World<'w> {
    frame: &'w Frame,
    noise: &'w mut Noise,
}

impl World<'_> {
    /// The value of an expression; NaN where it reads a missing one, none where a column is not there.
    fn evaluate(&mut self, value: &Expr, rows: usize) -> Option<Vec<f64>> {
        let reads = value.columns();
        if reads.iter().any(|c| self.frame.real[usize::from(c.0)].is_empty()) && rows > 0 {
            return None;
        }
        let mut out = vec![0.0; rows];
        Program::compile(value).eval(rows, self.frame, &mut self.noise.registers, &mut out);
        for (i, x) in out.iter_mut().enumerate() {
            if !x.is_finite() || reads.iter().any(|&c| self.frame.value(c, i).is_nan()) {
                *x = f64::NAN;
            }
        }
        Some(out)
    }
}

impl Times {
    /// The earlier event; where neither was seen, the earlier end of follow-up.
    fn earlier(mut self, other: &Times) -> Times {
        for (i, (t, d)) in self.time.iter_mut().zip(&mut self.event).enumerate() {
            let (u, e) = (other.time[i], other.event[i]);
            if t.is_nan() || d.is_nan() || u.is_nan() || e.is_nan() {
                (*t, *d) = (f64::NAN, f64::NAN);
            } else if u < *t || (u == *t && e > *d) {
                (*t, *d) = (u, e);
            }
        }
        self
    }
}

/// Missing values by their fate: the worst, the best where there is one, or out of the analysis (tied tiers stay missing).
fn fill(values: Vec<f64>, missing: Fate, worst: f64, known: &mut [u8]) -> Vec<f64> {
    fill_between(values, missing, worst, 1.0 - worst, known)
}

fn fill_between(mut values: Vec<f64>, missing: Fate, worst: f64, best: f64, known: &mut [u8]) -> Vec<f64> {
    for (x, k) in values.iter_mut().zip(known) {
        if x.is_nan() {
            match missing {
                Fate::Worst => *x = worst,
                Fate::Best => *x = best,
                Fate::Excluded => *k = 0,
                Fate::Tied => {}
            }
        }
    }
    values
}

/// Patients without a time or an event are not known.
fn times_into(times: Times, values: &mut Values, known: &mut [u8]) {
    let competing = times.competing.unwrap_or_default();
    for (i, k) in known.iter_mut().enumerate() {
        let lacks = times.time[i].is_nan() || times.event[i].is_nan() || competing.get(i).is_some_and(|c| c.is_nan());
        *k &= u8::from(!lacks);
    }
    let or_zero = |x: &f64| if x.is_nan() { 0.0 } else { *x };
    values.real = times.time.iter().map(or_zero).collect();
    values.event = times.event.iter().map(|&d| u8::from(d == 1.0)).collect();
    values.competing = competing.iter().map(|&c| u8::from(c == 1.0)).collect();
}
