//! One thin file a command: arguments → library call → report.

mod analyse;
mod bench;
mod bounds;
mod certify;
mod check;
mod cohort;
mod compare;
mod init;
mod merge;
mod numbers;
mod output;
mod precision;
mod replay;
mod results;
mod run;
mod schema;
mod shared;
mod size;
mod sweep;
mod validate;
mod with_r;

use std::io::Write;
use std::process::ExitCode;

use crate::Error;

/// Shown below the help of the program.
pub const EXAMPLES: &str = "Examples:
  patency run scenarios/defiance.toml --variant all
  patency run scenarios/defiance.toml --n 578 --set loss_6=0.12 --replicates 2000
  patency check scenarios/defiance.toml
  patency cohort scenarios/defiance.toml --out cohort.parquet
  patency analyse plan.toml --data trial.csv
  patency init > trial.toml

Exit codes: 0 done, 1 the world (files, disk) or a failed validation, 2 a mistake in the scenario or the arguments, 101 a mistake in patency itself, 130 interrupted.";

/// What can be asked.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Simulate a design and say what it is worth: power, type I error, bias, coverage, each with its Monte Carlo error
    #[command(after_help = run::EXAMPLES)]
    Run(run::Run),
    /// Hold designs against each other on the same patients: power, bias, events, duration, cost
    #[command(after_help = compare::EXAMPLES)]
    Compare(compare::Compare),
    /// How many patients: the smallest size that reaches a power, with its interval; or the value of a parameter
    #[command(after_help = size::EXAMPLES)]
    Size(size::Size),
    /// Put parts of a run together that were simulated apart: the same files as one run of all their replicates
    #[command(after_help = merge::EXAMPLES)]
    Merge(merge::Merge),
    /// Carry one trial out again: its patients, its analyses, its decisions
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::Replay),
    /// A group-sequential boundary and what it takes, without simulating: z, nominal p, effect, n or events
    #[command(after_help = bounds::EXAMPLES)]
    Bounds(bounds::Bounds),
    /// Many worlds of one scenario: a grid over parameters with its map; or worst, expected and best, and which parameter matters
    #[command(after_help = sweep::EXAMPLES)]
    Sweep(sweep::Sweep),
    /// Bound the worst type I error over a box of parameters, between its points too where that can be proven
    #[command(after_help = certify::EXAMPLES)]
    Certify(certify::Certify),
    /// Check a scenario: every mistake at once; when clean, the resolved design in the protocol's words
    #[command(after_help = check::EXAMPLES)]
    Check(check::Check),
    /// Write one cohort of virtual patients as CSV or Parquet
    #[command(after_help = cohort::EXAMPLES)]
    Cohort(cohort::Cohort),
    /// Run a scenario's analyses on the data of one trial, real or simulated
    #[command(after_help = analyse::EXAMPLES)]
    Analyse(analyse::Analyse),
    /// Write a commented scenario with every key to start from
    Init(init::Init),
    /// Print the JSON schema of the scenario, or of result.json
    Schema(schema::Schema),
    /// Hold the analyses against figures of other software that are inside the program
    #[command(after_help = validate::EXAMPLES)]
    Validate(validate::Validate),
    /// Measure how fast a scenario runs here, by stage
    Bench(bench::Bench),
}

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// Mistakes in a scenario, as rendered for the user.
    Scenario(String),
    /// The world.
    World(Error),
    /// A mistake of the program's own, with how to see it again; what was computed has been saved.
    Bug(String),
    /// A figure that deviates from that of other software, as has been shown.
    Deviation,
    /// Ended by the user; what was computed has been saved.
    Interrupted,
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Failure::World(e)
    }
}

impl Command {
    /// Carries the command out.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn execute(self) -> Result<(), Failure> {
        match self {
            Command::Run(c) => c.execute(),
            Command::Compare(c) => c.execute(),
            Command::Size(c) => c.execute(),
            Command::Merge(c) => c.execute(),
            Command::Replay(c) => c.execute(),
            Command::Bounds(c) => c.execute(),
            Command::Sweep(c) => c.execute(),
            Command::Certify(c) => c.execute(),
            Command::Check(c) => c.execute(),
            Command::Cohort(c) => c.execute(),
            Command::Analyse(c) => c.execute(),
            Command::Init(c) => c.execute(),
            Command::Schema(c) => c.execute(),
            Command::Validate(c) => c.execute(),
            Command::Bench(c) => c.execute(),
        }
    }
}

/// Says how a command ended and gives the exit code.
#[must_use]
pub fn finish(result: Result<(), Failure>) -> ExitCode {
    let mut err = std::io::stderr().lock();
    // nothing can be done where stderr itself is gone
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Scenario(text)) => {
            let _ = writeln!(err, "{}", text.trim_end());
            ExitCode::from(2)
        }
        Err(Failure::World(Error::Write { source, .. })) if source.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::World(e)) => {
            let _ = writeln!(err, "error: {e}");
            ExitCode::from(1)
        }
        Err(Failure::Bug(text)) => {
            let _ = writeln!(err, "{text}");
            ExitCode::from(101)
        }
        Err(Failure::Deviation) => ExitCode::from(1),
        Err(Failure::Interrupted) => ExitCode::from(130),
    }
}

/// Writes to standard output; a closed pipe is no error of ours.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Failure::World(Error::write(std::path::Path::new("standard output"), e)))
}

/// Says something beside the result, on standard error.
pub(crate) fn note(text: &str) {
    // nothing can be done where stderr itself is gone
    let _ = writeln!(std::io::stderr().lock(), "note: {text}");
}
