//! The design: arms, size, allocation.

use super::names::{Is, Sight};
use super::{Options, Resolver};
use crate::distribution::Domain;
use crate::scenario::diagnostic::{Code, Diagnostic};
use crate::scenario::form::Span;
use crate::scenario::written::{Item, Table};
use crate::scenario::{Allocation, Arm};

/// Most arms: their numbers must fit a byte.
const MOST_ARMS: usize = 100;

/// Largest trial.
const MOST_PATIENTS: usize = 10_000_000;

impl Resolver {
    /// Refuses a name that two entries of a kind have.
    pub(super) fn unique(&mut self, tables: &[&Table], what: &str) {
        let mut seen: std::collections::BTreeMap<&str, Span> = std::collections::BTreeMap::new();
        for table in tables {
            let (Some(name), span) = (table.text("name"), table.span_of("name")) else {
                continue;
            };
            if let Some(first) = seen.get(name) {
                self.say(
                    Diagnostic::new(Code::DuplicateName, span, format!("two {what} entries are called `{name}`"))
                        .label("again")
                        .and(first.clone(), "the first"),
                );
            } else {
                seen.insert(name, span);
            }
        }
    }

    pub(super) fn arms(&mut self, trial: &Table) -> Vec<Arm> {
        let tables = trial.tables("arms");
        let span = trial.span_of("arms");
        if tables.len() < 2 {
            self.say(
                Diagnostic::new(
                    Code::ArmsTooFew,
                    span,
                    format!("the trial has {} arm{}", tables.len(), plural(tables.len())),
                )
                .label("at least two")
                .help("arms = [{ name = \"control\" }, { name = \"treatment\" }]"),
            );
        } else if tables.len() > MOST_ARMS {
            self.say(Diagnostic::new(
                Code::WrongLength,
                span,
                format!("the trial has {} arms; at most {MOST_ARMS} can be", tables.len()),
            ));
        }
        tables
            .iter()
            .take(MOST_ARMS)
            .enumerate()
            .filter_map(|(i, table)| {
                let name = table.text("name")?.to_owned();
                self.declare(&name, &table.span_of("name"), Is::Arm(i as u8));
                Some(Arm {
                    label: table.text("label").unwrap_or(&name).to_owned(),
                    name,
                    ratio: table.integer("ratio").and_then(|r| u32::try_from(r).ok()).unwrap_or(1),
                })
            })
            .collect()
    }

    /// Index of the control arm.
    pub(super) fn control(&mut self, trial: &Table, arms: &[Arm]) -> Option<usize> {
        match trial.get("control") {
            None => Some(0),
            Some(name) => self.arm(name, arms),
        }
    }

    pub(super) fn arm(&mut self, name: &crate::scenario::written::Located, arms: &[Arm]) -> Option<usize> {
        let found = arms.iter().position(|arm| arm.name == name.text());
        if found.is_none() {
            let known: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
            let diagnostic = self.unknown(Code::UnknownArm, "arm", name, &known);
            self.say(diagnostic);
        }
        found
    }

    pub(super) fn size(&mut self, trial: &Table, options: &Options<'_>) -> Option<usize> {
        // the rows of a real trial stand for its size only where the scenario has none: looks wait for shares of what was planned
        match options.n.filter(|_| options.headers.is_none() || !trial.has("n")) {
            None => trial.integer("n").and_then(|n| usize::try_from(n).ok()),
            Some(n) if (1..=MOST_PATIENTS).contains(&n) => Some(n),
            Some(n) => {
                self.say(
                    Diagnostic::without_place(Code::BadOption, format!("`--n {n}` is no size"))
                        .help(format!("from 1 to {MOST_PATIENTS} patients")),
                );
                None
            }
        }
    }

    pub(super) fn allocation(&mut self, trial: &Table, file: &Table, arms: &[Arm]) -> Option<Allocation> {
        if let Some(table) = trial.table("allocation").and_then(|t| t.table("observational")) {
            return self.observational(table, file, arms);
        }
        let Some(table) = trial.table("allocation").and_then(|t| t.table("blocks")) else {
            return Some(Allocation::Simple);
        };
        let sum: u32 = arms.iter().map(|arm| arm.ratio).sum();
        let sizes = table.list("sizes");
        let mut complete = true;
        if sizes.is_empty() {
            complete = false;
            self.say(
                Diagnostic::new(Code::WrongLength, table.span_of("sizes"), "`sizes` is empty")
                    .label("at least one block size")
                    .help(format!("sizes = [{}, {}]", sum, 2 * sum)),
            );
        }
        let mut read = Vec::with_capacity(sizes.len());
        for located in sizes {
            let size = match located.item {
                Item::Integer(x) => u32::try_from(x).unwrap_or(0),
                _ => 0,
            };
            if sum == 0 || size % sum != 0 {
                complete = false;
                self.say(
                    Diagnostic::new(
                        Code::BlockSize,
                        located.span.clone(),
                        format!("a block of {size} cannot hold the arms in their ratios"),
                    )
                    .label(format!("not a multiple of {sum}"))
                    .and(trial.span_of("arms"), format!("ratios sum to {sum}"))
                    .help(format!("for example sizes = [{}, {}]", sum, 2 * sum)),
                );
            }
            if sum > 0 && size > 0 && size % sum == 0 && !listable(arms, size) {
                complete = false;
                self.say(
                    Diagnostic::new(
                        Code::BlockSize,
                        located.span.clone(),
                        format!("a block of {size} has too many arrangements to be listed"),
                    )
                    .label("too large")
                    .help("blocks of at most 20 patients in two arms, or 12 in three; allocation.simple = {} has none"),
                );
            }
            read.push(size);
        }
        let by_site = table.flag("by-site").unwrap_or(false);
        if by_site && file.tables("site").is_empty() {
            complete = false;
            self.say(
                Diagnostic::new(
                    Code::Contradiction,
                    table.span_of("by-site"),
                    "blocks are stratified by site, and the trial has no sites",
                )
                .label("which sites?")
                .help("add [[site]] entries, or leave `by-site` out"),
            );
        }
        let sight = Sight::baseline(self.population(file));
        let strata = self.exprs_at(table, "strata", &sight)?;
        complete.then_some(Allocation::Blocks { sizes: read, strata, by_site })
    }

    /// Probabilities of the arms, all but the last; constant ones are checked here, others in every trial.
    fn observational(&mut self, table: &Table, file: &Table, arms: &[Arm]) -> Option<Allocation> {
        let sight = Sight::baseline(self.population(file));
        let given = table.list("probabilities");
        if given.len() + 1 != arms.len() {
            self.say(
                Diagnostic::new(
                    Code::WrongLength,
                    table.span_of("probabilities"),
                    format!("{} probabilities for {} arms", given.len(), arms.len()),
                )
                .label(format!("{} are wanted", arms.len().saturating_sub(1)))
                .help("one for each arm but the last, which has the rest"),
            );
            return None;
        }
        let probabilities = self.exprs_at(table, "probabilities", &sight)?;
        for (p, located) in probabilities.iter().zip(given) {
            if let Some(x) = p.as_number() {
                self.in_domain(x, Domain::Probability, "probabilities", located)?;
            }
        }
        Some(Allocation::Observational { probabilities })
    }
}

pub(super) fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Entries of the longest list of arrangements of a block that is worth keeping.
const MOST_ENTRIES: f64 = 4_194_304.0;

/// Whether the distinct arrangements of a block can be listed: size!/Π counts! of them, each of `size` entries.
fn listable(arms: &[Arm], size: u32) -> bool {
    let sum: u32 = arms.iter().map(|arm| arm.ratio).sum();
    let (mut arrangements, mut placed) = (1.0, 0.0);
    for arm in arms {
        for i in 1..=arm.ratio * (size / sum) {
            placed += 1.0;
            arrangements *= placed / f64::from(i);
        }
    }
    arrangements * f64::from(size) <= MOST_ENTRIES
}
