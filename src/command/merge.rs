//! `patency merge`: parts of a run, simulated apart, put together.

use std::path::{Path, PathBuf};

use super::Failure;
use super::results::{self, Format, Found, in_words};
use super::shared::{Source, Text};
use crate::clock::Stopwatch;
use crate::protocol::{Protocol, Wanted};
use crate::result::Timing;
use crate::store::{self, Settings, Store, Sums};
use crate::type_one;

pub(super) const EXAMPLES: &str = "Examples:
  patency run trial.toml --replicates 0..20000 --out part-1          on one machine
  patency run trial.toml --replicates 20000..40000 --out part-2      on another
  patency merge part-1 part-2 --out whole

The parts' ranges are put in order; together they must be one range without gap or overlap, of the same scenario, settings, seed and program.
result.json, replicates.parquet, trials.parquet and sums.json are then those of one run of all replicates, byte for byte, times aside: replicates
are addressed by their numbers, counts are whole numbers and sums exact, so that it does not matter where they were cut.";

#[derive(Debug, clap::Args)]
pub struct Merge {
    /// Result folders of the parts, in any order
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// Folder for the whole
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A part: where it is, and its sums.
struct Part<'a> {
    folder: &'a Path,
    sums: Sums,
}

impl Merge {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        let (parts, settings) = self.parts()?;
        let source = Source {
            scenario: parts[0].folder.join("sums.json"),
            variant: settings.variant.clone(),
            set: settings.set.clone(),
            null: settings.null,
            n: settings.n.clone(),
            seed: settings.seed,
        };
        let text = Text { text: settings.scenario.clone(), name: source.scenario.display().to_string() };
        let scenarios = source.scenarios(&text)?;
        if scenarios.iter().map(in_words).ne(settings.designs.iter().cloned()) {
            let folder = parts[0].folder.display();
            return Err(Failure::Scenario(format!("error: the designs of {folder} are not those of its scenario")));
        }
        super::run::open(&self.out)?;
        store::begin(&self.out, &settings)?;
        let mut found = Found {
            title: scenarios.first().map(|s| s.title.clone()).unwrap_or_default(),
            designs: Vec::new(),
            parts: Vec::new(),
            partial: false,
            resumable: false,
            timing: Timing { threads: 1, ..Timing::default() },
        };
        let (mut part, mut groups) = (0, vec![0; parts.len()]);
        for (design, scenario) in scenarios.iter().enumerate() {
            let protocol = Protocol::compile(scenario, settings.seed, Wanted::Analyses);
            let mut store = Store::new(&protocol, &self.out, part).saving(design);
            for (from, group) in parts.iter().zip(&mut groups) {
                *group = store.merge(from.folder, &from.sums.designs[design], *group)?;
            }
            part = store.finish()?;
            found.parts.extend_from_slice(store.parts());
            let mut back = |a: usize, targets| store.look_back(a, targets);
            let mut design = store.summary().design(&protocol, store.tables(), &mut back)?;
            if settings.null {
                type_one::judge(&protocol, &mut design);
            }
            found.designs.push(design);
        }
        found.timing.seconds = watch.seconds();
        results::conclude(&self.out, &settings, found, self.format)
    }

    /// The parts in the order of their replicates, and the settings of the whole; all that is wrong with them at once.
    fn parts(&self) -> Result<(Vec<Part<'_>>, Settings), Failure> {
        let mut wrong: Vec<String> = Vec::new();
        let mut parts = Vec::new();
        let place = |folder: &Path| folder.canonicalize().ok();
        for (k, folder) in self.parts.iter().enumerate() {
            let shown = folder.display();
            if place(folder).is_some() && place(folder) == place(&self.out) {
                wrong.push(format!("{shown} is both a part and where the whole would be written"));
            }
            if self.parts[..k].iter().any(|other| place(other).is_some() && place(other) == place(folder)) {
                wrong.push(format!("{shown} is named twice"));
                continue;
            }
            match store::sums(folder)? {
                None if store::unfinished(folder).is_dir() => {
                    wrong.push(format!("{shown} is unfinished: `patency run` with --resume goes on with it"));
                }
                None => wrong.push(format!("{shown} has no sums.json: it is not a result folder of `patency run`")),
                Some(sums) => {
                    if sums.run.precision.is_some() {
                        wrong.push(format!(
                            "{shown} was run with --precision: where it ended depends on what was found in it"
                        ));
                    } else if !sums.is_whole() {
                        wrong.push(format!("{shown} ended early: `patency run` with --resume goes on with it"));
                    }
                    parts.push(Part { folder, sums });
                }
            }
        }
        let Some(first) = parts.first() else { return Err(refused(&wrong)) };
        for part in &parts[1..] {
            for difference in first.sums.run.differences(&part.sums.run) {
                wrong.push(format!(
                    "{} is of another run than {}: it has {difference}",
                    part.folder.display(),
                    first.folder.display()
                ));
            }
        }
        let mut settings = first.sums.run.clone();
        parts.sort_by_key(|p| (p.sums.run.replicates.start, p.sums.run.replicates.end));
        settings.replicates = joined(&parts, "replicates", |s| &s.replicates, &mut wrong).unwrap_or_default();
        let truth: Vec<Part<'_>>;
        (truth, parts) = parts.into_iter().partition(|p| !p.sums.run.truth_replicates.is_empty());
        let mut truth = truth;
        truth.sort_by_key(|p| p.sums.run.truth_replicates.start);
        let range = joined(&truth, "truth-only replicates", |s| &s.truth_replicates, &mut wrong);
        settings.truth_replicates = range.unwrap_or(0..0);
        parts.extend(truth);
        parts.sort_by_key(|p| (p.sums.run.replicates.start, p.sums.run.replicates.end));
        if wrong.is_empty() { Ok((parts, settings)) } else { Err(refused(&wrong)) }
    }
}

/// The range that parts make up, which are in the order of their first numbers.
fn joined(
    parts: &[Part<'_>],
    what: &str,
    of: impl Fn(&Settings) -> &std::ops::Range<u64>,
    wrong: &mut Vec<String>,
) -> Option<std::ops::Range<u64>> {
    let mut whole = of(&parts.first()?.sums.run).clone();
    let mut last = parts[0].folder;
    for part in &parts[1..] {
        let range = of(&part.sums.run);
        let between = format!("{} and {}", last.display(), part.folder.display());
        if range.start < whole.end {
            let end = whole.end.min(range.end);
            wrong.push(format!("{between} overlap in {what} {}..{end}", range.start));
        } else if range.start > whole.end {
            wrong.push(format!("between {between} {what} {}..{} are missing", whole.end, range.start));
        }
        if range.end > whole.end {
            (whole.end, last) = (range.end, part.folder);
        }
    }
    Some(whole)
}

fn refused(wrong: &[String]) -> Failure {
    let listed: Vec<String> = wrong.iter().map(|w| format!("  · {w}")).collect();
    Failure::Scenario(format!("error: these parts do not make up one run\n{}", listed.join("\n")))
}
