//! Validation: the program's analyses of real data held against the figures of other software, which are inside the program.
//!
//! A case is a scenario, a data set and figures, as they stand in `tests/reference/`. Every case runs as `patency analyse` would run it.

mod cases;

pub use cases::CASES;

use crate::analysis::{Estimate, Status};
use crate::data::sheet::{Sheet, Unreadable};
use crate::data::{self, Trial};
use crate::protocol::{Protocol, Wanted};
use crate::scenario::{self, Scenario};

/// A scenario with data and the figures that other software gives.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, and that of its files.
    pub name: &'static str,
    /// The scenario.
    pub scenario: &'static str,
    /// Figures: analysis, quantity, value, tolerance, program.
    pub figures: &'static str,
    /// Name of the data set.
    pub data_name: &'static str,
    /// The data set, comma-separated.
    pub data: &'static str,
}

/// One figure held against another program's.
#[derive(Clone, Debug)]
pub struct Check {
    /// The case.
    pub case: &'static str,
    /// The analysis.
    pub analysis: String,
    /// Its method.
    pub method: &'static str,
    /// What is compared.
    pub quantity: String,
    /// The program that gave the figure.
    pub by: String,
    /// Its figure.
    pub reference: f64,
    /// Ours; NaN where there is none.
    pub found: f64,
    /// Largest relative deviation allowed (absolute where the reference is 0).
    pub tolerance: f64,
}

impl Check {
    /// |found − reference| / |reference|, or |found| where the reference is 0; infinite where there is no figure.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        let difference = (self.found - self.reference).abs();
        match () {
            () if self.found == self.reference => 0.0,
            () if difference.is_nan() => f64::INFINITY,
            () if self.reference == 0.0 => difference,
            () => difference / self.reference.abs(),
        }
    }

    /// Whether the deviation is within the tolerance.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.deviation() <= self.tolerance
    }
}

/// A line of figures.
struct Figure<'f> {
    analysis: &'f str,
    quantity: &'f str,
    value: f64,
    tolerance: f64,
    by: &'f str,
}

impl Case {
    /// Runs the case.
    ///
    /// # Errors
    /// What is wrong with its files, in words.
    pub fn run(&self) -> Result<Vec<Check>, String> {
        let text = |report: scenario::diagnostic::Report| report.render(self.scenario, self.name, false);
        let mapping = scenario::mapping(self.scenario).map_err(text)?;
        let sheet =
            Sheet::csv(std::path::Path::new(self.data_name), self.data.as_bytes(), &mapping.missing).map_err(|e| {
                match e {
                    Unreadable::World(e) => e.to_string(),
                    Unreadable::Content(e) => e,
                }
            })?;
        let headers = data::headers(&sheet, &mapping);
        let options = scenario::Options { n: Some(sheet.rows.max(1)), headers: Some(&headers), ..Default::default() };
        let scenario = scenario::read(self.scenario, &options).map_err(text)?;
        let protocol = Protocol::compile(&scenario, 1, Wanted::Analyses);
        let mut trial = Trial::read(&protocol, sheet, &mapping).map_err(|found| found.render(self.data_name))?;
        let answers = trial.analyse();
        let mut checks = Vec::new();
        for figure in self.figures()? {
            let number = scenario.analyses.iter().position(|a| a.name == figure.analysis).ok_or_else(|| {
                format!(
                    "{}: the figures name the analysis `{}`, which the scenario does not have",
                    self.name, figure.analysis
                )
            })?;
            checks.push(Check {
                case: self.name,
                analysis: figure.analysis.to_owned(),
                method: scenario.analyses[number].method_name,
                quantity: figure.quantity.to_owned(),
                by: figure.by.to_owned(),
                reference: figure.value,
                found: quantity(&scenario, number, &answers[number].estimate, figure.quantity).ok_or_else(|| {
                    format!("{}: there is no quantity `{}` in `{}`", self.name, figure.quantity, figure.analysis)
                })?,
                tolerance: figure.tolerance,
            });
        }
        Ok(checks)
    }

    fn figures(&self) -> Result<Vec<Figure<'_>>, String> {
        let lines = self.figures.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
        let mut all = Vec::new();
        for line in lines.skip(1) {
            let cells: Vec<&str> = line.split(',').map(|c| c.trim().trim_matches('"')).collect();
            let [analysis, quantity, value, tolerance, by] = cells[..] else {
                return Err(format!("{}: `{line}` has not five cells", self.name));
            };
            let number =
                |x: &str| x.parse::<f64>().map_err(|_| format!("{}: `{x}` in `{line}` is not a number", self.name));
            all.push(Figure { analysis, quantity, value: number(value)?, tolerance: number(tolerance)?, by });
        }
        Ok(all)
    }
}

/// A quantity of an estimate by its name, or a part of the method; none where there is no such name.
fn quantity(scenario: &Scenario, number: usize, e: &Estimate, name: &str) -> Option<f64> {
    let answered = e.status == Status::Estimated;
    let value = match name {
        "estimate" => e.estimate,
        "se" => e.se,
        "lower" => e.lower,
        "upper" => e.upper,
        "z" => e.z,
        "df" => e.df,
        "p" => e.p,
        "p-against" => e.p_against(),
        "p-two-sided" => e.p_two_sided(),
        "n" => return Some(f64::from(e.n)),
        "events" => return Some(f64::from(e.events)),
        part => {
            let k = scenario.analyses[number].method.parts().iter().position(|p| *p == part)?;
            return Some(e.parts[k]);
        }
    };
    Some(if answered { value } else { f64::NAN })
}
