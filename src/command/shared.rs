//! What the commands that read a scenario share.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::Error;
use crate::protocol::Protocol;
use crate::run::Ended;
use crate::scenario::diagnostic::{Code, Diagnostic, Report};
use crate::scenario::{self, Declared, Scenario};

/// Largest scenario file that is read: a hand-written one is far smaller.
const MOST_BYTES: u64 = 16 << 20;

/// The scenario and its overrides.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Source {
    /// Scenario file (TOML); `-` reads standard input
    pub(crate) scenario: PathBuf,
    /// Variant to run, or `all`
    #[arg(long, default_value = "base", value_name = "NAME|all")]
    pub(crate) variant: String,
    /// Override a parameter; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Give the parameters that declare a `null` that value: what rejects then is type I error
    #[arg(long)]
    pub(crate) null: bool,
    /// Patients to enrol instead of the scenario's; several sizes separated by commas
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) n: Vec<u32>,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// A scenario file's text.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) name: String,
}

impl Source {
    /// The file as text.
    pub(crate) fn text(&self) -> Result<Text, Failure> {
        let name = if self.scenario == Path::new("-") {
            "standard input".to_owned()
        } else {
            self.scenario.display().to_string()
        };
        let read = |reader: &mut dyn Read| {
            let mut bytes = Vec::new();
            reader.take(MOST_BYTES + 1).read_to_end(&mut bytes).map(|_| bytes)
        };
        let bytes = if self.scenario == Path::new("-") {
            read(&mut std::io::stdin().lock())
        } else {
            std::fs::File::open(&self.scenario).and_then(|mut f| read(&mut f))
        }
        .map_err(|e| Error::read(&self.scenario, e))?;
        if bytes.len() as u64 > MOST_BYTES {
            let why = format!("larger than {} MB: no scenario is", MOST_BYTES >> 20);
            return Err(Error::read(&self.scenario, std::io::Error::new(std::io::ErrorKind::InvalidData, why)).into());
        }
        let text = String::from_utf8(bytes).map_err(|e| {
            let why = format!("not text in UTF-8 (byte {})", e.utf8_error().valid_up_to() + 1);
            Error::read(&self.scenario, std::io::Error::new(std::io::ErrorKind::InvalidData, why))
        })?;
        Ok(Text { text, name })
    }

    /// The parameters overridden, with their values.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let pair = |s: &String| {
            s.split_once('=').map_or((s.clone(), String::new()), |(a, b)| (a.trim().to_owned(), b.trim().to_owned()))
        };
        self.set.iter().map(pair).collect()
    }

    /// The scenarios asked for, one a variant and size; every mistake of any of them at once.
    pub(crate) fn scenarios(&self, text: &Text) -> Result<Vec<Scenario>, Failure> {
        let variants = self.variants(text)?;
        let set = self.settings();
        let sizes = self.sizes();
        let mut all = Vec::new();
        let mut mistakes: Vec<Diagnostic> = Vec::new();
        for variant in &variants {
            let declared = self.nulls(text, variant)?;
            for &n in &sizes {
                match self.world(text, variant, n, &set, &declared) {
                    Ok(scenario) => all.push(scenario),
                    Err(report) => {
                        for d in report.diagnostics {
                            if !mistakes.contains(&d) {
                                mistakes.push(d);
                            }
                        }
                    }
                }
            }
        }
        if mistakes.is_empty() { Ok(all) } else { Err(refused(Report { diagnostics: mistakes }, text)) }
    }

    /// One world of the scenario: a variant at a size, its parameters set or at a value that they declare.
    pub(crate) fn world(
        &self,
        text: &Text,
        variant: &str,
        n: Option<usize>,
        set: &[(String, String)],
        declared: &[(String, Declared)],
    ) -> Result<Scenario, Report> {
        let options = scenario::Options { variant: Some(variant), set, n, headers: None, declared };
        crate::marginal::solve(scenario::read(&text.text, &options)?)
            .map_err(|finding| Report { diagnostics: vec![without_place(finding)] })
    }

    /// The variants asked for.
    pub(crate) fn variants(&self, text: &Text) -> Result<Vec<String>, Failure> {
        if self.variant == "all" {
            scenario::variants(&text.text).map_err(|report| refused(report, text))
        } else {
            Ok(vec![self.variant.clone()])
        }
    }

    /// The sizes asked for; the scenario's where none is.
    pub(crate) fn sizes(&self) -> Vec<Option<usize>> {
        if self.n.is_empty() { vec![None] } else { self.n.iter().map(|&n| Some(n as usize)).collect() }
    }

    /// The parameters that take their null value in a variant, where that is asked for.
    pub(crate) fn nulls(&self, text: &Text, variant: &str) -> Result<Vec<(String, Declared)>, Failure> {
        if !self.null {
            return Ok(Vec::new());
        }
        let declarations = scenario::declarations(&text.text, Some(variant)).map_err(|report| refused(report, text))?;
        let nulls: Vec<(String, Declared)> =
            declarations.into_iter().filter(|d| d.null).map(|d| (d.name, Declared::Null)).collect();
        if nulls.is_empty() {
            let diagnostic = Diagnostic::without_place(
                Code::BadOption,
                format!("`--null`: no parameter of variant `{variant}` declares its null value"),
            )
            .help("effect = { value = 0.1, null = 0, source = \"…\" }, or a variant without effect: --variant NAME");
            return Err(refused(Report { diagnostics: vec![diagnostic] }, text));
        }
        Ok(nulls)
    }

    /// The command that carries a replicate out again.
    pub(crate) fn replay(&self, scenario: &Scenario, replicate: u64) -> String {
        let mut what = format!("{} --seed {} --n {}", quoted(&self.scenario.to_string_lossy()), self.seed, scenario.n);
        if scenario.variant != "base" {
            what.push_str(&format!(" --variant {}", quoted(&scenario.variant)));
        }
        if self.null {
            what.push_str(" --null");
        }
        for set in &self.set {
            what.push_str(&format!(" --set {}", quoted(set)));
        }
        format!("to replay it:  patency replay {what} --replicate {replicate}")
    }

    /// Tries a protocol on pilot candidates: what only patients can show is said before the run.
    pub(crate) fn pilot(&self, protocol: &Protocol<'_>, text: &Text) -> Result<(), Failure> {
        crate::pilot::check(protocol).map_err(|finding| {
            let diagnostic = without_place(finding);
            Failure::Scenario(Report { diagnostics: vec![diagnostic] }.render(&text.text, &text.name, colored()))
        })
    }
}

/// Mistakes of a scenario, rendered.
pub(crate) fn refused(report: Report, text: &Text) -> Failure {
    Failure::Scenario(report.render(&text.text, &text.name, colored()))
}

/// What pilot patients showed, as a mistake of the scenario.
fn without_place(finding: crate::pilot::Finding) -> Diagnostic {
    let diagnostic = Diagnostic::without_place(finding.code, finding.message);
    match finding.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// A word of a command line, in quotation marks where it needs them.
fn quoted(word: &str) -> String {
    if word.chars().all(|c| c.is_alphanumeric() || "-_./=+:,".contains(c)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What a replicate that panicked leaves to say.
pub(crate) fn panic_report(source: &Source, scenario: &Scenario, replicate: u64, message: &str) -> String {
    let again = source.replay(scenario, replicate);
    format!("error: replicate {replicate} ended in a panic, a mistake in patency itself: {message}\n{again}")
}

/// Whether replicates ended as they should.
///
/// # Errors
/// A fault or a panic, with the replicate in which it showed.
pub(crate) fn undisturbed(source: &Source, protocol: &Protocol<'_>, ended: &Ended, text: &Text) -> Result<(), Failure> {
    match (&ended.fault, &ended.panic) {
        (Some((k, fault)), _) => Err(Failure::Scenario(fault_report(protocol, *k, fault, text))),
        (None, Some((k, message))) => Err(Failure::Bug(panic_report(source, protocol.scenario, *k, message))),
        (None, None) => Ok(()),
    }
}

/// What the pilot found.
pub(crate) fn fault_report(
    protocol: &Protocol<'_>,
    replicate: u64,
    fault: &crate::protocol::Fault,
    text: &Text,
) -> String {
    let message = format!("in replicate {replicate}, {}", protocol.explain(fault, replicate));
    Report { diagnostics: vec![Diagnostic::without_place(Code::OutOfDomain, message)] }.render(
        &text.text,
        &text.name,
        colored(),
    )
}

/// Whether messages may be coloured.
pub(crate) fn colored() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Number of threads: as asked for, or all cores.
pub(crate) fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build()
        .map_err(|e| Failure::World(Error::Threads(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_command_that_replays_a_replicate() {
        let text = include_str!("../../scenarios/yardstick/p1-binary.toml");
        let source = Source {
            scenario: PathBuf::from("my trials/p1.toml"),
            variant: "base".to_owned(),
            set: vec!["p=0.4".to_owned(), "q=if(a, 1, 2)".to_owned()],
            null: false,
            n: Vec::new(),
            seed: 7,
        };
        let options = scenario::Options { n: Some(31), ..scenario::Options::default() };
        let scenario = scenario::read(text, &options).unwrap();
        assert_eq!(
            source.replay(&scenario, 12),
            "to replay it:  patency replay 'my trials/p1.toml' --seed 7 --n 31 --set p=0.4 --set 'q=if(a, 1, 2)' --replicate 12"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
