//! What a run leaves beside its rows: sums from which it can be resumed, or merged with other parts of the same run.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::engine::Tables;
use crate::random::{Replicate, TRUTH_REPLICATES};
use crate::summary::Summary;

/// Number of the layout of these files.
const FORMAT: u32 = 1;

/// What was asked for: runs of which only the replicates differ are parts of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Number of the layout.
    pub format: u32,
    /// Version of the program, and what it was built for.
    pub program: String,
    /// The scenario file as text.
    pub scenario: String,
    /// Overrides.
    pub set: Vec<String>,
    /// Whether parameters took the null values that they declare.
    pub null: bool,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Variant, or `all`.
    pub variant: String,
    /// Sizes in place of the scenario's.
    pub n: Vec<u32>,
    /// Each design in words, its parameters' values among them.
    pub designs: Vec<String>,
    /// Whether true values and limits are computed.
    pub truth: bool,
    /// Replicates.
    pub replicates: Range<Replicate>,
    /// Truth-only replicates, counted from 0.
    pub truth_replicates: Range<Replicate>,
    /// The analysis and the precision at which replicates are enough, where that was asked for.
    pub precision: Option<(String, f64)>,
}

impl Settings {
    /// Of this program, with nothing asked for yet.
    #[must_use]
    pub fn new(scenario: String, seed: u64) -> Self {
        use std::env::consts::{ARCH, OS};
        Self {
            format: FORMAT,
            program: format!("patency {} on {OS} {ARCH}", env!("CARGO_PKG_VERSION")),
            scenario,
            set: Vec::new(),
            null: false,
            seed,
            variant: String::new(),
            n: Vec::new(),
            designs: Vec::new(),
            truth: true,
            replicates: 0..0,
            truth_replicates: 0..0,
            precision: None,
        }
    }

    /// In what another's settings differ, replicates aside, a clause each.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut hold = |what: &str, mine: String, others: String| {
            if mine != others {
                found.push(format!("{what} {others}, not {mine}"));
            }
        };
        hold("program", self.program.clone(), other.program.clone());
        hold("seed", self.seed.to_string(), other.seed.to_string());
        hold("variant", format!("`{}`", self.variant), format!("`{}`", other.variant));
        let sizes = |s: &Self| if s.n.is_empty() { "as written".to_owned() } else { joined(&s.n) };
        hold("n", sizes(self), sizes(other));
        let set = |s: &Self| if s.set.is_empty() { "nothing".to_owned() } else { joined(&s.set) };
        hold("--set", set(self), set(other));
        let null = |s: &Self| if s.null { "at their null values" } else { "as written" }.to_owned();
        hold("parameters", null(self), null(other));
        let truth = |s: &Self| if s.truth { "computed" } else { "left out" }.to_owned();
        hold("true values", truth(self), truth(other));
        let precision =
            |s: &Self| s.precision.as_ref().map_or_else(|| "none".to_owned(), |(name, p)| format!("{p} of `{name}`"));
        hold("--precision", precision(self), precision(other));
        if self.scenario != other.scenario {
            let line = self.scenario.lines().zip(other.scenario.lines()).position(|(a, b)| a != b);
            let line = line.unwrap_or_else(|| self.scenario.lines().count().min(other.scenario.lines().count()));
            found.push(format!("another scenario file (they differ from line {} on)", line + 1));
        } else if found.is_empty() && self.designs != other.designs {
            found.push(format!("designs {}, not {}", joined(&other.designs), joined(&self.designs)));
        }
        found
    }
}

fn joined<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What has been folded of one design.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved<S = Summary, T = Tables> {
    /// Replicates, where there are any.
    pub replicates: Option<Range<Replicate>>,
    /// Truth-only replicates.
    pub truth_replicates: Option<Range<Replicate>>,
    /// Counts and exact sums.
    pub summary: S,
    /// Pooled tables of the targets.
    pub tables: T,
}

/// The same while a run lasts, with the numbers of the part files that hold its rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unfinished<S = Summary, T = Tables> {
    /// Part files.
    pub parts: Vec<usize>,
    /// What has been folded.
    pub design: Saved<S, T>,
}

/// All of a run, as it stands in `sums.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sums {
    /// What was asked for.
    pub run: Settings,
    /// One entry a variant and size.
    pub designs: Vec<Saved>,
}

impl Sums {
    /// Whether all that was asked for has been folded.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let run = &self.run;
        let truth = TRUTH_REPLICATES + run.truth_replicates.start..TRUTH_REPLICATES + run.truth_replicates.end;
        let truth = Some(truth).filter(|t| run.truth && !t.is_empty());
        let whole = |d: &Saved| {
            // with a precision asked for a run may end before its last replicate
            let as_asked = d.replicates.as_ref().is_some_and(|r| {
                r.start == run.replicates.start && (r.end == run.replicates.end || run.precision.is_some())
            });
            as_asked && d.truth_replicates == truth
        };
        self.designs.len() == run.designs.len() && self.designs.iter().all(whole)
    }
}

/// The folder that holds what is needed to resume a run.
#[must_use]
pub fn unfinished(folder: &Path) -> PathBuf {
    folder.join("unfinished")
}

fn settings_path(folder: &Path) -> PathBuf {
    unfinished(folder).join("run.json")
}

fn design_path(folder: &Path, design: usize) -> PathBuf {
    unfinished(folder).join(format!("sums-{design:05}.json"))
}

fn sums_path(folder: &Path) -> PathBuf {
    folder.join("sums.json")
}

/// Writes a file whole or not at all, whenever the program is killed.
///
/// # Errors
/// A file that cannot be written.
pub fn write_whole(path: &Path, content: &str) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    std::fs::write(&unfinished, content).map_err(|e| Error::write(path, e))?;
    std::fs::rename(&unfinished, path).map_err(|e| Error::write(path, e))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::read(path, e)),
    };
    serde_json::from_str(&text).map(Some).map_err(|e| Error::read(path, e.into()))
}

/// Begins a run: what an earlier one left unfinished is removed.
///
/// # Errors
/// A folder that cannot be written to.
pub fn begin(folder: &Path, settings: &Settings) -> Result<(), Error> {
    remove_unfinished(folder)?;
    let path = unfinished(folder);
    std::fs::create_dir_all(&path).map_err(|e| Error::write(&path, e))?;
    write_whole(&settings_path(folder), &json(settings))
}

/// What an earlier run left unfinished: what was asked for, and the designs as far as they were saved.
///
/// # Errors
/// A file that cannot be read.
pub fn left_unfinished(folder: &Path) -> Result<Option<(Settings, Vec<Unfinished>)>, Error> {
    let Some(settings) = read(&settings_path(folder))? else { return Ok(None) };
    let mut designs = Vec::new();
    while let Some(design) = read(&design_path(folder, designs.len()))? {
        designs.push(design);
    }
    Ok(Some((settings, designs)))
}

/// Saves one design of a run that lasts.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn save(folder: &Path, design: usize, what: &Unfinished<&Summary, &Tables>) -> Result<(), Error> {
    write_whole(&design_path(folder, design), &json(what))
}

/// Writes `sums.json` from what was saved of the designs.
///
/// # Errors
/// A file that cannot be read or written.
pub fn write_sums(folder: &Path, settings: &Settings) -> Result<(), Error> {
    let mut designs = Vec::new();
    while let Some(design) = read::<Unfinished>(&design_path(folder, designs.len()))? {
        designs.push(design.design);
    }
    write_whole(&sums_path(folder), &json(&Sums { run: settings.clone(), designs }))
}

/// Reads `sums.json`; none where there is no such file.
///
/// # Errors
/// A file that cannot be read.
pub fn sums(folder: &Path) -> Result<Option<Sums>, Error> {
    read(&sums_path(folder))
}

/// Removes what an unfinished run left.
///
/// # Errors
/// A file that cannot be removed.
pub fn remove_unfinished(folder: &Path) -> Result<(), Error> {
    let path = unfinished(folder);
    // first what makes it one that can be resumed
    for gone in [std::fs::remove_file(settings_path(folder)), std::fs::remove_dir_all(&path)] {
        match gone {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::write(&path, e)),
            _ => {}
        }
    }
    Ok(())
}

fn json<T: Serialize>(what: &T) -> String {
    // maps of these structures have text for keys, and numbers are finite
    format!("{}\n", serde_json::to_string(what).unwrap_or_default())
}
