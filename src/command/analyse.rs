//! `patency analyse`: a scenario's analyses on real data.

use std::path::{Path, PathBuf};

use super::shared::{Source, Text, colored};
use super::{Failure, output};
use crate::data::sheet::{Sheet, Unreadable};
use crate::data::{self, Trial};
use crate::protocol::{Protocol, Wanted};
use crate::report::answers;
use crate::result::answer::Answers;
use crate::scenario::{self, Mapping};

pub(super) const EXAMPLES: &str = "Examples:
  patency analyse plan.toml --data trial.csv
  patency analyse plan.toml --data trial.parquet --format json
  patency cohort scenarios/defiance.toml --view observed --out trial.csv
  patency analyse scenarios/defiance.toml --data trial.csv --curves curves

The scenario needs the arms, endpoints and analyses alone; [data] says which column stands for what (patency init shows all its
keys). An endpoint E is read from the column E, a time from E_time and E_event (1 the event, 0 not), or is computed from its own
expression over the columns. Patients without a value that a row reads are left out of that row, and counted.";

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned tables
    Text,
    /// Everything, numbers in full
    Json,
    /// One line an analysis
    Csv,
}

#[derive(Debug, clap::Args)]
pub struct Analyse {
    /// Scenario file (TOML) with arms, endpoints and analyses; `-` reads standard input
    scenario: PathBuf,
    /// Data, .csv or .parquet, a row a patient; the `file` of [data] where not given
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Variant of the scenario
    #[arg(long, default_value = "base", value_name = "NAME")]
    variant: String,
    /// Override a parameter; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Folder for curves: survival.csv, incidence.csv and tiers.csv
    #[arg(long, value_name = "DIR")]
    curves: Option<PathBuf>,
}

impl Analyse {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let source = Source {
            scenario: self.scenario.clone(),
            variant: self.variant.clone(),
            set: self.set.clone(),
            null: false,
            n: Vec::new(),
            seed: 1,
        };
        let text = source.text()?;
        let mapping = scenario::mapping(&text.text)
            .map_err(|report| Failure::Scenario(report.render(&text.text, &text.name, colored())))?;
        let path = self.path(&mapping)?;
        let sheet = Sheet::read(&path, &mapping.missing).map_err(|e| match e {
            Unreadable::World(e) => Failure::World(e),
            Unreadable::Content(what) => Failure::Scenario(format!("error: {} is no table: {what}", path.display())),
        })?;
        let scenario = read(&source, &text, &sheet, &mapping)?;
        let protocol = Protocol::compile(&scenario, source.seed, Wanted::Analyses);
        let rows = sheet.rows;
        let mut trial = Trial::read(&protocol, sheet, &mapping)
            .map_err(|found| Failure::Scenario(found.render(&path.display().to_string())))?;
        let (analyses, multiplicity) = trial.answers();
        let found = Answers {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            title: scenario.title.clone(),
            scenario: text.text.clone(),
            data: path.display().to_string(),
            rows,
            without_arm: trial.without_arm,
            rules_not_applied: scenario.rules.iter().map(|r| r.name.clone()).collect(),
            analyses,
            multiplicity,
        };
        let shown = match self.format {
            Format::Text => answers::text(&found),
            Format::Json => format!("{}\n", serde_json::to_string_pretty(&found).unwrap_or_default()),
            Format::Csv => answers::csv(&found),
        };
        output::deliver(&shown, || match &self.curves {
            Some(folder) => Ok(trial.curves().write(folder)?),
            None => Ok(()),
        })
    }

    /// The data file: the one asked for, or the scenario's, as seen from its folder.
    fn path(&self, mapping: &Mapping) -> Result<PathBuf, Failure> {
        match (&self.data, &mapping.file) {
            (Some(path), _) => Ok(path.clone()),
            (None, Some(file)) => Ok(self.scenario.parent().unwrap_or(Path::new(".")).join(file)),
            (None, None) => Err(Failure::Scenario(
                "error: no data: add --data FILE, or file = \"trial.csv\" under [data] of the scenario".to_owned(),
            )),
        }
    }
}

/// The scenario with the columns of the file among its variables.
fn read(source: &Source, text: &Text, sheet: &Sheet, mapping: &Mapping) -> Result<scenario::Scenario, Failure> {
    let set = source.settings();
    let headers = data::headers(sheet, mapping);
    let options = scenario::Options {
        variant: Some(&source.variant),
        set: &set,
        n: Some(sheet.rows.max(1)),
        headers: Some(&headers),
        ..scenario::Options::default()
    };
    scenario::read(&text.text, &options)
        .map_err(|report| Failure::Scenario(report.render(&text.text, &text.name, colored())))
}
