//! `patency certify`: an upper bound for the worst type I error over a box of parameters.

mod families;
mod points;
mod sides;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::run::{interruptible, progress};
use super::shared::{Source, Text, pool, refused, undisturbed};
use super::sweep::known;
use super::{Failure, note, output};
use crate::certify::{Draw, Tally, in_tile, patients, upper, words};
use crate::clock::Stopwatch;
use crate::compare::Paired;
use crate::protocol::{Protocol, Wanted};
use crate::report::certify as report;
use crate::report::table::count;
use crate::result::certify::{Cell, Certificate, Certified};
use crate::result::{Figure, Parameter, Timing};
use crate::run::{self, Fold, Plan};
use crate::scenario::{self, Declared, Options, Place, Scenario};
use crate::sweep::Axis;
use crate::type_one::outside;
use sides::{Over, place, side};

pub(super) const EXAMPLES: &str = "Examples:
  patency certify trial.toml --over p_control=0.3:0.6                     points as close as the proof between them needs
  patency certify trial.toml --over p_control=0.3:0.6:0.005 --over loss=0:0.2:0.05 --replicates 100000
  patency certify trial.toml --variant null --over p_control=0.3:0.6      the variant's world instead of declared nulls

Parameters that declare a `null` take it. The bound is for the worst world of the box. Between the points it rests on an argument
(tilt bound) where a parameter is the probability of a flag or the rate of a constant hazard and nothing else; elsewhere the answer
is for the points alone, and says so. Of a family of hypotheses the familywise error is bounded: that any true one is rejected.";

/// Points from which a certificate is not worked out unasked.
const MANY_POINTS: u64 = 20_000;
/// Most axes that are covered between their points: the bound is taken at every corner.
const MOST_COVERED: usize = 6;
/// Replicates by which the true effect is found.
const PILOT: u64 = 256;

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The claim, its grounds, and the worst points
    Text,
    /// Everything
    Json,
}

#[derive(Debug, clap::Args)]
pub struct Certify {
    #[command(flatten)]
    source: Source,
    /// Side of the box; may be repeated. Without a step, points as close as --penalty asks
    #[arg(long, required = true, value_name = "NAME=from:to[:step]", allow_hyphen_values = true)]
    over: Vec<String>,
    /// Analyses, families of hypotheses as family:NAME, separated by commas, or `all`; the primary one where not given
    #[arg(long, value_name = "NAMES|all", value_delimiter = ',')]
    analysis: Vec<String>,
    /// Confidence of the bound
    #[arg(long, default_value_t = 0.95, value_parser = open)]
    confidence: f64,
    /// What the space between points may add where no step is given, as a share of the level
    #[arg(long, default_value_t = 0.1, value_parser = open)]
    penalty: f64,
    /// Trials to simulate at each point
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    replicates: u64,
    /// Threads; all cores where not given
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Take many points without asking
    #[arg(long)]
    yes: bool,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// File for the certificate as JSON; in a folder that is there, certificate.json
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn open(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x < 1.0 => Ok(x),
        _ => Err("a number between 0 and 1".to_owned()),
    }
}

fn refuse(why: impl std::fmt::Display) -> Failure {
    Failure::Scenario(format!("error: {why}"))
}

/// What works the certificate out.
struct Notary<'a> {
    of: &'a Certify,
    text: &'a Text,
    variant: &'a str,
    n: Option<usize>,
    set: Vec<(String, String)>,
    nulls: Vec<(String, Declared)>,
    /// Parameters that declare a null value and have another.
    overridden: Vec<String>,
    /// Points that are done.
    finished: u64,
    pool: rayon::ThreadPool,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    timing: Timing,
}

impl Certify {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        let text = self.source.text()?;
        let variants = self.source.variants(&text)?;
        let (sizes, [variant]) = (self.source.sizes(), variants.as_slice()) else {
            return Err(refuse("a certificate is of one variant"));
        };
        let [n] = sizes.as_slice() else {
            return Err(refuse("a certificate is of one size"));
        };
        let set = self.source.settings();
        let mut over: Vec<Over> = self.over.iter().map(|o| Over::read(o)).collect::<Result<_, _>>()?;
        self.check(&over, &set, variant, &text)?;
        let declared = scenario::declarations(&text.text, Some(variant)).map_err(|r| refused(r, &text))?;
        // a parameter that is set, or a side of the box, is what it was made
        let own = |name: &String| set.iter().any(|(s, _)| s == name) || over.iter().any(|o| o.name == *name);
        let (overridden, free): (Vec<String>, Vec<String>) =
            declared.into_iter().filter(|d| d.null).map(|d| d.name).partition(own);
        let nulls = free.into_iter().map(|name| (name, Declared::Null)).collect();
        let mut notary = Notary {
            of: &self,
            text: &text,
            variant,
            n: *n,
            set,
            nulls,
            overridden,
            finished: 0,
            pool: pool(self.threads.map(usize::from))?,
            stop: Arc::new(AtomicBool::new(false)),
            done: Arc::default(),
            timing: Timing::default(),
        };
        let out = output::open(self.out.as_deref(), "certificate.json")?;
        notary.places(&mut over)?;
        notary.choose(&mut over)?;
        let points = over.iter().fold(1_u64, |p, o| p.saturating_mul(o.points.len() as u64));
        if points > MANY_POINTS && !self.yes {
            return Err(refuse(format!(
                "{} points of {} replicates are {} trials\nhelp: add --yes to run them, or take larger steps, a smaller box, or a larger --penalty",
                count(points),
                count(self.replicates),
                count(points.saturating_mul(self.replicates))
            )));
        }
        interruptible(&notary.stop);
        let bar = progress(points.saturating_mul(self.replicates), &notary.done);
        let found = notary.certificate(&over, points);
        bar.finish();
        if matches!(found, Err(Failure::Interrupted)) {
            note(&format!(
                "interrupted after {} of {} point{}: there is no bound from a part of the box",
                count(notary.finished),
                count(points),
                if points == 1 { "" } else { "s" }
            ));
        }
        let mut found = found?;
        found.timing = notary.timing;
        found.timing.seconds = watch.seconds();
        let json = format!("{}\n", serde_json::to_string_pretty(&found).unwrap_or_default());
        let shown = if self.format == Format::Json { json.clone() } else { report::text(&found) };
        output::deliver(&shown, || out.map_or(Ok(()), |path| output::write(&path, &json)))
    }

    /// Sides that are parameters, each once.
    fn check(&self, over: &[Over], set: &[(String, String)], variant: &str, text: &Text) -> Result<(), Failure> {
        for (i, o) in over.iter().enumerate() {
            if over[..i].iter().any(|before| before.name == o.name) {
                return Err(refuse(format!("`--over {}=…` is given twice", o.name)));
            }
            if set.iter().any(|(name, _)| *name == o.name) {
                return Err(refuse(format!(
                    "`{0}` cannot be a side of the box (--over {0}=…) and set (--set {0}=…) at once",
                    o.name
                )));
            }
            if o.from > o.to {
                return Err(refuse(format!("`--over {}=…` has no values", o.name)));
            }
        }
        let declared = scenario::declarations(&text.text, Some(variant)).map_err(|r| refused(r, text))?;
        let axes: Vec<Axis> = over.iter().map(|o| Axis { name: o.name.clone(), values: Vec::new() }).collect();
        known(&axes, &declared, text)
    }
}

impl Notary<'_> {
    /// What is set where the sides of the box have these values.
    fn settings(&self, over: &[Over], values: &[f64]) -> Vec<(String, String)> {
        let sides = over.iter().zip(values).map(|(o, x)| (o.name.clone(), x.to_string()));
        self.set.iter().cloned().chain(sides).collect()
    }

    /// The scenario as read, no scale solved: its laws are all that is wanted.
    fn read(&self, over: &[Over], values: &[f64]) -> Result<Scenario, Failure> {
        let set = self.settings(over, values);
        let options =
            Options { variant: Some(self.variant), set: &set, n: self.n, headers: None, declared: &self.nulls };
        scenario::read(&self.text.text, &options).map_err(|r| self.at(refused(r, self.text), over, values))
    }

    /// A failure with the point at which it showed.
    fn at(&self, failure: Failure, over: &[Over], values: &[f64]) -> Failure {
        let place: Vec<String> = over.iter().zip(values).map(|(o, x)| format!("{} = {x}", o.name)).collect();
        match failure {
            Failure::Scenario(text) => Failure::Scenario(format!("{}\nat {}", text.trim_end(), place.join(", "))),
            other => other,
        }
    }

    /// Where each side's parameter enters, and whether there is an argument for values between points.
    fn places(&self, over: &mut [Over]) -> Result<(), Failure> {
        let first: Vec<f64> = over.iter().map(|o| o.points.first().copied().unwrap_or(o.from)).collect();
        let scenario = self.read(over, &first)?;
        let set = self.settings(over, &first);
        let options =
            Options { variant: Some(self.variant), set: &set, n: self.n, headers: None, declared: &self.nulls };
        let mut covered = 0;
        for o in over {
            let entrance = scenario::entrance(&self.text.text, &options, &o.name).map_err(|r| refused(r, self.text))?;
            o.place = match entrance.places.as_slice() {
                [] => Ok(None),
                _ if covered == MOST_COVERED => Err(format!("at most {MOST_COVERED} sides are covered")),
                [place] if entrance.monotone => {
                    let in_full = matches!(place, Place::Outcome(name) if entrance.read.contains(name));
                    Draw::new(&scenario, place, in_full).map(|_| Some((place.clone(), in_full)))
                }
                [place] => Err(format!("what it makes of {} neither rises nor falls throughout with it", words(place))),
                several => {
                    let mut named: Vec<String> = several.iter().map(words).collect();
                    named.dedup();
                    Err(format!("it enters {} expressions: {}", several.len(), named.join(", ")))
                }
            };
            covered += usize::from(o.covered());
        }
        Ok(())
    }

    /// The draws of covered sides, each place once.
    fn draws(&self, over: &[Over], scenario: &Scenario) -> Result<Vec<Draw>, Failure> {
        let mut places: Vec<&(Place, bool)> = Vec::new();
        for place in over.iter().filter_map(|o| o.place.as_ref().ok().and_then(Option::as_ref)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places.into_iter().map(|(place, in_full)| Draw::new(scenario, place, *in_full).map_err(refuse)).collect()
    }

    /// All corners of a tile; sides that are not covered stay at their points.
    fn corners(&self, over: &[Over], cell: &[usize]) -> Result<Vec<Vec<Draw>>, Failure> {
        let covered: Vec<usize> = (0..over.len()).filter(|&i| matches!(over[i].place, Ok(Some(_)))).collect();
        (0..1_usize << covered.len())
            .map(|mask| {
                let mut values: Vec<f64> = over.iter().zip(cell).map(|(o, &k)| o.points[k]).collect();
                for (bit, &i) in covered.iter().enumerate() {
                    values[i] = over[i].tiles[cell[i]][mask >> bit & 1];
                }
                self.read(over, &values).and_then(|s| self.draws(over, &s))
            })
            .collect()
    }

    fn certificate(&mut self, over: &[Over], points: u64) -> Result<Certificate, Failure> {
        let of = self.of;
        self.timing.threads = self.pool.current_num_threads();
        let alpha = 1.0 - of.confidence;
        let mut found: Option<Certificate> = None;
        // of each row, the largest bound at a point where all are to hold at once
        let mut at_points: Vec<f64> = Vec::new();
        let mut shown: Vec<bool> = Vec::new();
        for k in 0..points {
            let cell = place(over, k);
            let values: Vec<f64> = over.iter().zip(&cell).map(|(o, &k)| o.points[k]).collect();
            let set = self.settings(over, &values);
            let read = of.source.world(self.text, self.variant, self.n, &set, &self.nulls);
            let mut scenario = read.map_err(|r| self.at(refused(r, self.text), over, &values))?;
            scenario.keep_rows(&of.analysis).map_err(Failure::Scenario)?;
            let protocol = Protocol::compile(&scenario, of.source.seed, Wanted::Analyses);
            of.source.pilot(&protocol, self.text).map_err(|f| self.at(f, over, &values))?;
            if found.is_none() {
                let begun = self.begin(over, &protocol)?;
                at_points = vec![0.0; begun.analyses.len()];
                let families = scenario.multiplicity.iter().map(|f| f.shown);
                shown = scenario.analyses.iter().map(|a| a.shown).chain(families).collect();
                found = Some(begun);
            }
            let errors = self.errors(&protocol)?;
            let mut tally = Tally::new(&protocol, errors.iter().map(|e| e.counted).collect());
            self.run(&protocol, of.replicates, false, &mut tally).map_err(|f| self.at(f, over, &values))?;
            if tally.replicates < of.replicates {
                return Err(Failure::Interrupted);
            }
            let (point, corners) = (self.draws(over, &scenario)?, self.corners(over, &cell)?);
            let rows = found.as_mut().map_or_else(Default::default, |c| c.analyses.as_mut_slice());
            let families = rows.iter_mut().filter_map(|row| row.family.as_mut());
            families.zip(errors).for_each(|(family, errors)| errors.add_to(family));
            for ((row, &rejections), at_point) in rows.iter_mut().zip(&tally.rejections).zip(&mut at_points) {
                let [by_itself, at_once] = [alpha, alpha / points as f64].map(|a| upper(rejections, of.replicates, a));
                row.cells.push(Cell {
                    values: values.clone(),
                    rejections,
                    point: by_itself,
                    bound: in_tile(by_itself, &point, &corners),
                });
                row.simultaneous = row.simultaneous.max(in_tile(at_once, &point, &corners));
                *at_point = at_point.max(at_once);
            }
            self.finished = k + 1;
        }
        let mut found = found.ok_or(Failure::Interrupted)?;
        for (row, at_points) in found.analyses.iter_mut().zip(at_points) {
            if row.family.as_ref().is_some_and(|family| !family.proven) {
                row.cells.iter_mut().for_each(|cell| cell.bound = cell.point);
                row.simultaneous = at_points;
            }
            conclude(row, of.replicates);
        }
        // what is computed for rules alone was not asked for
        let mut shown = shown.into_iter();
        found.analyses.retain(|_| shown.next().unwrap_or(true));
        Ok(found)
    }

    /// A certificate without a point yet.
    fn begin(&mut self, over: &[Over], protocol: &Protocol<'_>) -> Result<Certificate, Failure> {
        let s = protocol.scenario;
        let effects = self.effects(over, protocol)?;
        let value = |name: &String| s.parameters.iter().find(|p| p.name == *name);
        Ok(Certificate {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            title: s.title.clone(),
            scenario: self.text.text.clone(),
            set: self.of.source.set.clone(),
            variant: s.variant.clone(),
            n: s.n,
            null: self
                .nulls
                .iter()
                .filter_map(|(name, _)| value(name))
                .map(|p| Parameter {
                    name: p.name.clone(),
                    value: Some(p.value).filter(|x| x.is_finite()),
                    prior: p.prior.clone(),
                    source: p.source.clone(),
                })
                .collect(),
            null_overridden: self.overridden.clone(),
            seed: self.of.source.seed,
            replicates: self.of.replicates,
            confidence: self.of.confidence,
            axes: over.iter().map(|o| side(o, patients(s))).collect(),
            proven: over.iter().all(Over::covered),
            analyses: s
                .analyses
                .iter()
                .zip(effects)
                .map(|(a, effect)| Certified { effect, ..empty(a.name.clone(), a.label.clone(), a.alpha) })
                .chain(s.multiplicity.iter().map(|f| families::begin(s, f)))
                .collect(),
            timing: Timing::default(),
        })
    }

    /// Of each analysis how far the true effect lies outside its null hypothesis at the first point and the last: the farther.
    fn effects(&mut self, over: &[Over], first: &Protocol<'_>) -> Result<Vec<Option<Figure>>, Failure> {
        let values: Vec<f64> = over.iter().map(|o| o.points.last().copied().unwrap_or(o.to)).collect();
        let mut last = self.read(over, &values)?;
        last.keep_rows(&self.of.analysis).map_err(Failure::Scenario)?;
        let last = crate::marginal::solve(last).map_err(|finding| self.at(refuse(finding.message), over, &values))?;
        let last = Protocol::compile(&last, self.of.source.seed, Wanted::Analyses);
        let mut found: Vec<Option<Figure>> = vec![None; first.analyses.len()];
        for protocol in [first, &last] {
            let mut paired = Paired::new(protocol);
            let ended = self.run(protocol, PILOT.min(self.of.replicates), true, &mut paired)?;
            let rows = paired.design(&ended.tables)?.analyses;
            for (a, to) in found.iter_mut().enumerate() {
                let effect = outside(protocol, a, &rows).map(|(distance, ..)| distance);
                let far = |f: &Option<Figure>| f.map_or(-1.0, |f| f.estimate.abs());
                if far(&effect) > far(to) {
                    *to = effect;
                }
            }
        }
        self.done.store(0, std::sync::atomic::Ordering::Relaxed);
        Ok(found)
    }

    fn run(
        &mut self,
        protocol: &Protocol<'_>,
        replicates: u64,
        truth: bool,
        fold: &mut dyn Fold,
    ) -> Result<run::Ended, Failure> {
        let plan = Plan {
            replicates: 0..replicates,
            truth,
            truth_replicates: 0,
            pool: &self.pool,
            stop: &self.stop,
            done: &self.done,
        };
        let ended = run::run(protocol, &plan, fold)?;
        self.timing.simulation_seconds += ended.simulating;
        self.timing.truth_seconds += ended.truth;
        undisturbed(&self.of.source, protocol, &ended, self.text)?;
        Ok(ended)
    }
}

/// A row without a point yet.
fn empty(analysis: String, label: String, level: f64) -> Certified {
    Certified {
        analysis,
        label,
        family: None,
        level,
        observed: Figure { estimate: 0.0, mcse: None },
        at: Vec::new(),
        points: 0.0,
        bound: 0.0,
        simultaneous: 0.0,
        effect: None,
        cells: Vec::new(),
    }
}

/// The largest of the points' figures.
fn conclude(row: &mut Certified, replicates: u64) {
    let worst = row.cells.iter().max_by_key(|c| c.rejections);
    if let Some(cell) = worst {
        let p = cell.rejections as f64 / replicates as f64;
        row.observed = Figure { estimate: p, mcse: Some((p * (1.0 - p) / replicates as f64).sqrt()) };
        row.at = cell.values.clone();
    }
    row.points = row.cells.iter().map(|c| c.point).fold(0.0, f64::max);
    row.bound = row.cells.iter().map(|c| c.bound).fold(0.0, f64::max);
}
