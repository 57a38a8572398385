//! `patency validate`: installation and operational qualification on the user's own machine.

use std::path::PathBuf;

use super::{Failure, output, print};
use crate::clock::{self, Stopwatch};
use crate::report::validation;
use crate::result::validation::{Comparison, Report, Run};
use crate::validation::CASES;

pub(super) const EXAMPLES: &str = "Examples:
  patency validate
  patency validate --out validation.md        a report for the file; also .html and .json

Exit code 1 where any figure deviates by more than its tolerance.";

#[derive(Debug, clap::Args)]
pub struct Validate {
    /// Report to write: .md, .html or .json; in a folder that is there, validation.md
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show every figure, not one line a case and method
    #[arg(long)]
    all: bool,
}

impl Validate {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let out = output::open(self.out.as_deref(), "validation.md")?;
        let format =
            out.as_ref().map(|path| path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase());
        if let Some(format) = format.as_deref().filter(|f| !["md", "html", "json"].contains(f)) {
            return Err(Failure::Scenario(format!("error: a report is .md, .html or .json, not `{format}`")));
        }
        let watch = Stopwatch::start();
        let mut comparisons = Vec::new();
        let mut broken = Vec::new();
        for case in CASES {
            match case.run() {
                Ok(checks) => comparisons.extend(checks.iter().map(|c| Comparison {
                    case: c.case,
                    data: case.data_name,
                    analysis: c.analysis.clone(),
                    method: c.method,
                    quantity: c.quantity.clone(),
                    by: c.by.clone(),
                    reference: c.reference,
                    found: Some(c.found).filter(|x| x.is_finite()),
                    deviation: Some(c.deviation()).filter(|x| x.is_finite()),
                    tolerance: c.tolerance,
                    holds: c.holds(),
                })),
                Err(why) => broken.push(why),
            }
        }
        let report = Report {
            program: "patency",
            version: env!("CARGO_PKG_VERSION"),
            passed: broken.is_empty() && comparisons.iter().all(|c| c.holds),
            cases: CASES.len(),
            comparisons,
            broken,
            run: Run {
                platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                date: clock::now(),
                seconds: watch.seconds(),
            },
        };
        output::deliver(&validation::text(&report, self.all), || {
            let (Some(path), Some(format)) = (&out, format) else { return Ok(()) };
            let content = match format.as_str() {
                "json" => format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default()),
                "html" => validation::html(&report),
                _ => validation::markdown(&report),
            };
            output::write(path, content)?;
            print(&format!("Report in {}\n", path.display()))
        })?;
        if report.passed { Ok(()) } else { Err(Failure::Deviation) }
    }
}
