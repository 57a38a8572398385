//! The worlds of a sweep: cells of a grid, or parameters at the ends of their ranges.

use crate::command::Failure;
use crate::command::shared::{Text, refused};
use crate::scenario::diagnostic::{Code, Diagnostic, Report};
use crate::scenario::{Declaration, Declared};
use crate::sweep::{Axis, cells};

/// The worlds of one variant.
pub(super) struct Worlds {
    pub(super) variant: String,
    pub(super) nulls: Vec<(String, Declared)>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Every cell of a grid.
    Grid(Vec<Axis>),
    /// The expected world, both ends of all these parameters, both ends of each.
    Stress(Vec<String>),
}

/// One cell.
pub(super) struct Cell {
    pub(super) world: String,
    pub(super) set: Vec<(String, String)>,
    pub(super) declared: Vec<(String, Declared)>,
}

impl Worlds {
    pub(super) fn count(&self) -> u64 {
        match &self.kind {
            Kind::Grid(axes) => cells(axes),
            Kind::Stress(names) => 3 + 2 * names.len() as u64,
        }
    }

    /// Cell number `k`, beside what is set for all.
    pub(super) fn cell(&self, k: u64, set: &[(String, String)]) -> Cell {
        let mut cell = Cell { world: String::new(), set: set.to_vec(), declared: self.nulls.clone() };
        match &self.kind {
            Kind::Grid(axes) => cell.set.extend(crate::sweep::cell(axes, k)),
            Kind::Stress(names) => {
                let all = |end: Declared| names.iter().map(move |n| (n.clone(), end));
                let ends = [(Declared::Pessimistic, "pessimistic"), (Declared::Optimistic, "optimistic")];
                match k {
                    0 => cell.world = "expected".to_owned(),
                    1 | 2 => {
                        let (end, word) = ends[k as usize - 1];
                        cell.world = word.to_owned();
                        cell.declared.extend(all(end));
                    }
                    _ => {
                        let (end, word) = ends[usize::from(k.is_multiple_of(2))];
                        let name = &names[(k as usize - 3) / 2];
                        cell.world = format!("{name} {word}");
                        cell.declared.push((name.clone(), end));
                    }
                }
            }
        }
        cell
    }
}

/// The axes of the command line.
pub(super) fn axes(over: &[String], set: &[(String, String)]) -> Result<Vec<Axis>, Failure> {
    let mut axes: Vec<Axis> = Vec::new();
    let refuse = |why: String| Err(Failure::Scenario(format!("error: {why}")));
    for text in over {
        let axis = match Axis::read(text) {
            Ok(axis) => axis,
            Err(why) => return refuse(format!("--over {why}")),
        };
        if axes.iter().any(|a| a.name == axis.name) {
            return refuse(format!("`--over {}=…` is given twice", axis.name));
        }
        if set.iter().any(|(name, _)| *name == axis.name) {
            return refuse(format!("`{0}` cannot be swept (--over {0}=…) and set (--set {0}=…) at once", axis.name));
        }
        axes.push(axis);
    }
    Ok(axes)
}

/// Whether all axes are parameters.
pub(in crate::command) fn known(axes: &[Axis], declared: &[Declaration], text: &Text) -> Result<(), Failure> {
    let names: Vec<&str> = declared.iter().map(|d| d.name.as_str()).collect();
    let unknown = axes.iter().filter(|a| !names.contains(&a.name.as_str()));
    let diagnostics: Vec<Diagnostic> = unknown
        .map(|axis| {
            let mut help = match names.as_slice() {
                [] => "the scenario has no parameters".to_owned(),
                names => {
                    format!("parameters are {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
                }
            };
            if let Some(near) = crate::expr::nearest(&axis.name, names.iter().copied()) {
                help.push_str(&format!("; did you mean `{near}`?"));
            }
            Diagnostic::without_place(
                Code::UnknownParameter,
                format!("`--over {}=…`: no parameter is called `{}`", axis.name, axis.name),
            )
            .help(help)
        })
        .collect();
    if diagnostics.is_empty() { Ok(()) } else { Err(refused(Report { diagnostics }, text)) }
}

/// Cells that differ from the first in one axis, some dozens of each.
pub(super) fn along(axes: &[Axis]) -> Vec<u64> {
    const MOST: u64 = 32;
    let (mut found, mut step) = (vec![0], 1_u64);
    for axis in axes.iter().rev() {
        let last = (axis.values.len() as u64).saturating_sub(1);
        let looked = last.min(MOST);
        found.extend((1..=looked).map(|k| k * last / looked * step));
        step = step.saturating_mul(last + 1);
    }
    found
}

/// A failure with the cell in which it showed.
pub(super) fn in_cell(failure: Failure, worlds: &Worlds, cell: &Cell, set: &[(String, String)]) -> Failure {
    let mut place: Vec<String> =
        cell.set.iter().skip(set.len()).map(|(name, value)| format!("{name} = {value}")).collect();
    if !cell.world.is_empty() {
        place.push(format!("world `{}`", cell.world));
    }
    place.push(format!("variant {}", worlds.variant));
    match failure {
        Failure::Scenario(text) => Failure::Scenario(format!("{}\nin the cell {}", text.trim_end(), place.join(", "))),
        other => other,
    }
}
