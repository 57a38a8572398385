//! What `run` and `merge` leave and print.

use std::path::Path;

use super::{Failure, print};
use crate::report;
use crate::result::{Design, RunResult, Timing};
use crate::scenario::Scenario;
use crate::store::{self, Settings};

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// An aligned table
    Text,
    /// The content of result.json
    Json,
    /// One line a design and analysis
    Csv,
}

/// What was found, and the parts that hold its rows.
pub(super) struct Found {
    pub(super) title: String,
    pub(super) designs: Vec<Design>,
    pub(super) parts: Vec<usize>,
    pub(super) partial: bool,
    /// Whether what is missing can be had by going on.
    pub(super) resumable: bool,
    pub(super) timing: Timing,
}

/// Writes the files of a run and prints it. Only then is what it would be resumed from removed, unless it may be.
pub(super) fn conclude(folder: &Path, settings: &Settings, found: Found, format: Format) -> Result<(), Failure> {
    store::join(folder, found.parts)?;
    store::write_sums(folder, settings)?;
    let result = RunResult {
        program: "patency",
        version: env!("CARGO_PKG_VERSION"),
        title: found.title,
        scenario: settings.scenario.clone(),
        set: settings.set.clone(),
        null: settings.null,
        seed: settings.seed,
        first_replicate: settings.replicates.start,
        replicates: settings.replicates.end - settings.replicates.start,
        first_truth_replicate: settings.truth_replicates.start,
        truth_replicates: settings.truth_replicates.end - settings.truth_replicates.start,
        partial: found.partial,
        designs: found.designs,
        timing: found.timing,
    };
    let json = format!("{}\n", serde_json::to_string_pretty(&result).unwrap_or_default());
    store::write_whole(&folder.join("result.json"), &json)?;
    if !found.resumable {
        store::remove_unfinished(folder)?;
    }
    match format {
        Format::Text => {
            let more = if found.resumable { "; --resume goes on" } else { "" };
            print(&format!("{}Results in {}{more}\n", report::text::render(&result), folder.display()))
        }
        Format::Json => print(&json),
        Format::Csv => print(&report::csv::render(&result)),
    }
}

/// A design in words: what tells it from others of the same file.
pub(super) fn in_words(scenario: &Scenario) -> String {
    let parameters: Vec<String> = scenario.parameters.iter().map(|p| format!("{} = {}", p.name, p.value)).collect();
    format!("{} (n = {}; {})", scenario.variant, scenario.n, parameters.join(", "))
}
