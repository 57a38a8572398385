//! What is solved for, the values that may be the answer, and the replicates that decide.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::super::note;
use super::super::shared::{panic_report, refused};
use super::{
    Axis, Effort, Failure, Halt, Ladder, Protocol, Scenario, Size, Source, Text, Wanted, fault_report, one, success,
};
use crate::scenario::{Allocation, Options, entrance};
use crate::size::grid::{self, LARGEST, LOOK, MOST_SIZES};
use crate::size::ladder::{By, GUESSES, Rung, Success};
use crate::size::{self, Cell, Ending, Guess};

/// How sure the interval is.
pub(super) const CONFIDENCE: f64 = 0.95;
/// How a search ended that was interrupted.
pub(super) const INTERRUPTED: &str = "interrupted";

/// What is solved for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The number of patients.
    Patients,
    /// The number of events that ends the trial.
    Events,
    /// A parameter.
    Parameter(String),
}

/// A search that has ended.
pub(super) struct Search {
    pub(super) search: size::Search,
    /// By size, replicates that enrolled as many patients or saw as many events.
    pub(super) reached: Vec<u64>,
    pub(super) ended: &'static str,
    /// The first guess, where there was one.
    pub(super) guess: Option<f64>,
    /// Trials that it took.
    pub(super) guess_trials: u64,
    /// The largest value that there can be, where that is known.
    pub(super) most: Option<f64>,
    /// What was asked for and could not be taken as it was, in words.
    pub(super) adjusted: Vec<String>,
}

/// The question, and what answers it.
pub(super) struct Asked<'a> {
    pub(super) of: &'a Size,
    pub(super) source: &'a Source,
    pub(super) text: &'a Text,
    pub(super) pool: &'a rayon::ThreadPool,
    pub(super) stop: &'a AtomicBool,
    /// Replicates carried out so far.
    pub(super) done: &'a AtomicU64,
    /// Shows what is known so far.
    pub(super) bar: indicatif::ProgressBar,
}

fn refuse<T>(why: String) -> Result<T, Failure> {
    Err(Failure::Scenario(format!("error: {why}")))
}

impl Of {
    /// What `--solve` asks for; a parameter called `events` comes before the number of events.
    pub(super) fn new(of: &Size, source: &Source, text: &Text) -> Result<Self, Failure> {
        Ok(match &of.solve {
            None => Of::Patients,
            Some(name) if name == "events" => {
                let scenario = one(source, text, of.analysis.as_ref())?;
                if scenario.parameters.iter().any(|p| p.name == *name) {
                    Of::Parameter(name.clone())
                } else {
                    Of::Events
                }
            }
            Some(name) => Of::Parameter(name.clone()),
        })
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Of::Patients => "n",
            Of::Events => "events",
            Of::Parameter(name) => name,
        }
    }

    /// How a larger trial comes about.
    pub(super) fn accrual(&self, scenario: &Scenario) -> &'static str {
        match self {
            Of::Patients => scenario.accrual_words(),
            Of::Events => "the same patients enter at the same dates; more events take longer to wait for",
            Of::Parameter(_) => "the same patients, with the same noise, at every value",
        }
    }

    /// The scenario; where a parameter is solved for, at the first of its values.
    pub(super) fn scenario(&self, of: &Size, source: &Source, text: &Text) -> Result<Scenario, Failure> {
        match (self, of.min) {
            (Of::Parameter(name), Some(min)) => at(of, source, text, name, min),
            _ => one(source, text, of.analysis.as_ref()),
        }
    }

    /// The smallest number by which a size can grow: the sum of the arms' ratio, which it keeps; an event.
    pub(super) fn unit(&self, scenario: &Scenario) -> f64 {
        match self {
            Of::Patients => scenario.arms.iter().map(|a| f64::from(a.ratio)).sum::<f64>().max(1.0),
            _ => 1.0,
        }
    }

    /// Whether the question can be answered at all.
    pub(super) fn check(&self, of: &Size, scenario: &Scenario) -> Result<(), Failure> {
        for (option, value) in [("min", of.min), ("max", of.max), ("step", of.step)] {
            if let Some(value) = value.filter(|x| !x.is_finite()) {
                return refuse(format!("--{option} {value} is no number"));
            }
        }
        match self {
            Of::Parameter(name) => {
                if of.min.is_none() || of.max.is_none() || of.step.is_none() {
                    return refuse(format!(
                        "which values of `{name}`? add --min, --max and --step: nothing says what it may be"
                    ));
                }
            }
            Of::Events if scenario.cut.events.is_none() => {
                return refuse(
                    "this trial does not end at a number of events; `cut.events = { count = …, endpoint = \"…\" }` says \
                     which events end it"
                        .to_owned(),
                );
            }
            Of::Events if !scenario.looks.is_empty() => {
                return refuse(
                    "interim looks wait for their own numbers of events: the number at the end cannot vary alone; compare \
                     variants that have their own looks, or switch the looks off"
                        .to_owned(),
                );
            }
            Of::Events => {}
            Of::Patients => {
                let block = match &scenario.allocation {
                    Allocation::Blocks { sizes, .. } => sizes.iter().copied().min().unwrap_or(1),
                    _ => 1,
                };
                let least = f64::from(block).max(self.unit(scenario));
                if let Some(x) = [of.min, of.max].into_iter().flatten().find(|&x| x < least) {
                    return refuse(format!(
                        "a trial of {x} patients is smaller than one block: the sizes begin at {least}"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The scenario at a value of a parameter.
fn at(of: &Size, source: &Source, text: &Text, name: &str, value: f64) -> Result<Scenario, Failure> {
    let mut source = source.clone();
    source.set.push(format!("{name}={value}"));
    one(&source, text, of.analysis.as_ref())
}

impl Asked<'_> {
    /// Replicates at some sizes of a trial.
    fn climb(
        &self,
        ladder: &Ladder<'_>,
        replicates: Range<u64>,
        sizes: &[u32],
        effort: &mut Effort,
        done: &AtomicU64,
    ) -> Result<Option<Vec<Rung>>, Failure> {
        match ladder.climb(self.pool, replicates, sizes, self.stop, done) {
            Ok((rungs, spent)) => {
                effort.add(&spent);
                Ok(Some(rungs))
            }
            Err(Halt::Stopped) => Ok(None),
            Err(Halt::Fault(k, fault)) => Err(Failure::Scenario(fault_report(ladder.protocol(), k, &fault, self.text))),
            Err(Halt::Panic(k, message)) => {
                Err(Failure::Bug(panic_report(self.source, ladder.protocol().scenario, k, &message)))
            }
        }
    }

    fn protocol<'s>(&self, scenario: &'s Scenario) -> Protocol<'s> {
        Protocol::compile(scenario, self.of.seed, Wanted::Analyses)
    }

    /// How many patients, or how many events.
    pub(super) fn size(&self, what: &Of, scenario: &Scenario, effort: &mut Effort) -> Result<Search, Failure> {
        let of = self.of;
        let by = if *what == Of::Events { By::Events } else { By::Patients };
        let success = success(scenario, of.analysis.as_ref());
        let tail = match success {
            Success::Family { family, .. } => {
                let family = &scenario.multiplicity[family];
                family.alpha / f64::from(family.sides)
            }
            Success::Analysis => scenario.analyses[0].alpha / f64::from(scenario.analyses[0].sides),
        };
        let ladder = Ladder::new(self.protocol(scenario), by, success, self.pool.current_num_threads());
        let unit = what.unit(scenario);
        let (first, most) = match (by, scenario.cut.events) {
            (By::Events, Some((count, _))) => (f64::from(count), scenario.n as f64),
            _ => (scenario.n as f64, LARGEST),
        };
        if let Some(max) = of.max.filter(|&max| max > most) {
            return refuse(format!("--max {max}: {most} is the most there can be"));
        }
        // sizes that keep the arms' ratio, within what was asked for
        let up = |x: f64| (x / unit * (1.0 - 1e-12)).ceil().max(1.0) * unit;
        let down = |x: f64| (x / unit * (1.0 + 1e-12)).floor() * unit;
        let step = of.step.map(|step| if step > 0.0 { (step / unit).round().max(1.0) * unit } else { step });
        let largest = down(most);
        let most = of.max.map_or(largest, down);
        let least = up(of.min.unwrap_or(2.0));
        let mut adjusted = Vec::new();
        for (option, asked, taken) in
            [("min", of.min, Some(least)), ("max", of.max, Some(most)), ("step", of.step, step)]
        {
            if let (Some(asked), Some(taken)) = (asked, taken)
                && asked != taken
            {
                adjusted.push(format!("--{option} {asked} is taken as {taken}"));
            }
        }
        let narrow = |min: f64, max: f64| {
            let step = step.map_or(String::new(), |s| format!(" in steps of {s}"));
            refuse(format!(
                "from {min} to {max}{step} there is no grid of 2 to {MOST_SIZES} values; the finest step is {unit}"
            ))
        };
        if least.is_nan() || most.is_nan() || least >= most {
            return narrow(least, most);
        }
        let mut stopped = false;
        // no farther than this from the scenario's own size unasked: trials grow dear
        const FAR: f64 = 40.0;
        let farthest = of.max.map_or((FAR * first.max(least)).min(most), |_| most);
        let looked = grid::guess(of.power, tail, of.within, first, [least, farthest], |n, replicates| {
            let rungs = self.climb(&ladder, GUESSES..GUESSES + replicates, &[n as u32], effort, self.done)?;
            stopped |= rungs.is_none();
            Ok::<_, Failure>(rungs.and_then(|mut r| r.pop()).unwrap_or_default())
        })?;
        if stopped {
            return Err(too_early());
        }
        let guess_trials = effort.replicates;
        let min = of.min.map_or_else(|| up(0.5 * looked.size).max(least).min(most), |_| least);
        let max = of.max.map_or_else(|| down(2.0 * looked.size).min(most).max(least), |_| most);
        let sizes = match step {
            Some(step) => grid::even(min, max, step),
            None => Some(grid::around(looked.size, of.within, unit, min, max)),
        };
        let Some(sizes) = sizes.filter(|s| s.len() > 1) else { return narrow(min, max) };
        let mut search = size::Search::new(Axis::Size, sizes, of.power, 1.0 - CONFIDENCE, of.within, looked);
        let mut reached = vec![0; search.sizes.len()];
        let ended = self.settle(&mut search, |chosen, replicates, search| {
            let sizes: Vec<u32> = chosen.iter().map(|&i| search.sizes[i] as u32).collect();
            let Some(rungs) = self.climb(&ladder, replicates, &sizes, effort, self.done)? else { return Ok(None) };
            for (&i, rung) in chosen.iter().zip(&rungs) {
                reached[i] += rung.reached;
            }
            Ok(Some(rungs.iter().map(|r| r.cell).collect()))
        })?;
        let guess = Some(looked.size);
        Ok(Search { search, reached, ended, guess, guess_trials, most: Some(largest), adjusted })
    }

    /// Which value of a parameter.
    pub(super) fn parameter(&self, name: &str, effort: &mut Effort) -> Result<Search, Failure> {
        let of = self.of;
        let set = self.source.settings();
        let options = Options { variant: Some(&of.variant), set: &set, ..Options::default() };
        let entrance = entrance(&self.text.text, &options, name).map_err(|r| refused(r, self.text))?;
        if entrance.places.is_empty() {
            return refuse(format!("nothing reads the parameter `{name}`: it changes no power"));
        }
        let [min, max, step] = [of.min, of.max, of.step].map(|x| x.unwrap_or(f64::NAN));
        let Some(mut values) = grid::even(min, max, step).filter(|v| v.len() > 1) else {
            return refuse(format!(
                "--min {min}, --max {max} and --step {step} of `{name}` make no grid of 2 to {MOST_SIZES} values"
            ));
        };
        let threads = self.pool.current_num_threads();
        let mut ends = [0, 0];
        for (end, value) in ends.iter_mut().zip([min, max]) {
            let scenario = at(of, self.source, self.text, name, value)?;
            let success = success(&scenario, of.analysis.as_ref());
            let ladder = Ladder::new(self.protocol(&scenario), By::Patients, success, threads);
            let Some(rungs) = self.climb(&ladder, GUESSES..GUESSES + LOOK, &[scenario.n as u32], effort, self.done)?
            else {
                return Err(too_early());
            };
            *end = rungs[0].cell.successes;
        }
        let guess_trials = effort.replicates;
        let axis = if ends[0] > ends[1] { Axis::Falling } else { Axis::Rising };
        if axis == Axis::Falling {
            values.reverse();
        }
        let guess = Guess { size: values[values.len() / 2], replicates: 0.0, tail: 0.025 };
        let mut search = size::Search::new(axis, values, of.power, 1.0 - CONFIDENCE, of.within, guess);
        let mut reached = vec![0; search.sizes.len()];
        let scenarios: Vec<OnceCell<Box<Scenario>>> = search.sizes.iter().map(|_| OnceCell::new()).collect();
        let mut ladders: Vec<Option<Ladder<'_>>> = search.sizes.iter().map(|_| None).collect();
        let ended = self.settle(&mut search, |chosen, replicates, search| {
            let mut cells = Vec::with_capacity(chosen.len());
            for (k, &i) in chosen.iter().enumerate() {
                if scenarios[i].get().is_none() {
                    let scenario = at(of, self.source, self.text, name, search.sizes[i])?;
                    let _ = scenarios[i].set(Box::new(scenario));
                }
                let Some(scenario) = scenarios[i].get() else { continue };
                let ladder = ladders[i].get_or_insert_with(|| {
                    let success = success(scenario, of.analysis.as_ref());
                    Ladder::new(self.protocol(scenario), By::Patients, success, threads)
                });
                // a replicate of several values is one
                let others = AtomicU64::new(0);
                let done = if k == 0 { self.done } else { &others };
                let Some(rungs) = self.climb(ladder, replicates.clone(), &[scenario.n as u32], effort, done)? else {
                    return Ok(None);
                };
                reached[i] += rungs[0].reached;
                cells.push(rungs[0].cell);
            }
            // what is not looked at now seldom is again
            for (i, ladder) in ladders.iter_mut().enumerate() {
                if ladder.is_some() && chosen.binary_search(&i).is_err() {
                    *ladder = None;
                }
            }
            Ok(Some(cells))
        })?;
        Ok(Search { search, reached, ended, guess: None, guess_trials, most: None, adjusted: Vec::new() })
    }

    /// Looks until the interval is as narrow as asked, the replicates are used up, or the user has seen enough; which of these.
    fn settle(
        &self,
        search: &mut size::Search,
        mut carry_out: impl FnMut(&[usize], Range<u64>, &size::Search) -> Result<Option<Vec<Cell>>, Failure>,
    ) -> Result<&'static str, Failure> {
        let most = self.of.replicates;
        // those of the first guess are not among them
        self.done.store(0, Ordering::Relaxed);
        let ended = search.run(most, |chosen, range, search| {
            self.bar.set_message(so_far(search));
            match carry_out(chosen, range, search) {
                Ok(Some(cells)) => Ok(cells),
                Ok(None) => Err(None),
                Err(failure) => Err(Some(failure)),
            }
        });
        match ended {
            Ok(Ending::Settled) => Ok("settled"),
            Ok(Ending::UsedUp) => Ok("replicates used up"),
            Err(None) => Ok(INTERRUPTED),
            Err(Some(failure)) => Err(failure),
        }
    }
}

/// Ended by the user before anything was known.
fn too_early() -> Failure {
    note("interrupted during the first guess: nothing is known yet");
    Failure::Interrupted
}

/// The interval so far, in words.
fn so_far(search: &size::Search) -> String {
    let size::Found { below, enough } = search.found();
    let [over, up_to] = if search.axis == Axis::Falling { ["less than", "at least"] } else { ["more than", "at most"] };
    let words = [(over, below), (up_to, enough)].map(|(words, i)| i.map(|i| format!("{words} {}", search.sizes[i])));
    let known: Vec<String> = words.into_iter().flatten().collect();
    if known.is_empty() { "no size ruled out yet".to_owned() } else { known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_words_for_what_is_known_so_far() {
        let guess = Guess { size: 20.0, replicates: 0.0, tail: 0.025 };
        let mut search = size::Search::new(Axis::Size, vec![10.0, 20.0, 30.0], 0.5, 0.05, 0.02, guess);
        assert_eq!(so_far(&search), "no size ruled out yet");
        search.add(0, 100, 1_000);
        assert_eq!(so_far(&search), "more than 10");
        search.add(2, 900, 1_000);
        assert_eq!(so_far(&search), "more than 10, at most 30");
        let mut search = size::Search::new(Axis::Falling, vec![0.9, 0.8, 0.7], 0.5, 0.05, 0.02, guess);
        search.add(0, 100, 1_000);
        search.add(2, 900, 1_000);
        assert_eq!(so_far(&search), "less than 0.9, at least 0.7");
    }
}
