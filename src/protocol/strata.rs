//! Strata of the allocation: combinations of conditions, categories and the site.

use crate::column::Frame;
use crate::distribution::Draw;
use crate::expr::{Expr, Program, Registers};
use crate::scenario::{Accrual, Allocation, Scenario};

/// The strata of a scenario.
#[derive(Debug)]
pub struct Strata {
    factors: Vec<Factor>,
    by_site: bool,
    labels: Vec<String>,
}

#[derive(Debug)]
enum Factor {
    /// True or false.
    Condition(Program),
    /// A category: column, lowest code, number of levels.
    Category(usize, u8, u32),
}

impl Strata {
    pub(super) fn compile(scenario: &Scenario) -> Self {
        let Allocation::Blocks { strata, by_site, .. } = &scenario.allocation else {
            return Self { factors: Vec::new(), by_site: false, labels: vec![String::new()] };
        };
        let mut labels = vec![String::new()];
        let mut factors = Vec::new();
        for e in strata {
            let category = match e {
                Expr::Column(c) => match scenario.variables[c.0 as usize].law.draw() {
                    Draw::Code { first, levels } => Some((c.0 as usize, first, u32::from(levels))),
                    _ => None,
                },
                _ => None,
            };
            let (first, levels) = category.map_or((0, 2), |(_, first, levels)| (u32::from(first), levels));
            let text = scenario.expression_text(e);
            labels = (0..levels)
                .flat_map(|level| labels.iter().map(move |l| (l, level)).collect::<Vec<_>>())
                .map(|(l, level)| format!("{l}{text}={};", first + level))
                .collect();
            factors.push(match category {
                Some((column, first, levels)) => Factor::Category(column, first, levels),
                None => Factor::Condition(Program::compile(e)),
            });
        }
        let mut by_site = *by_site;
        if let (true, Accrual::Sites(sites)) = (by_site, &scenario.enrolment.accrual) {
            labels = sites
                .iter()
                .flat_map(|s| labels.iter().map(|l| format!("{l}site={};", s.name)).collect::<Vec<_>>())
                .collect();
        } else {
            by_site = false;
        }
        Self { factors, by_site, labels }
    }

    /// Label of each stratum: what its random numbers are addressed by.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Whether there is more than one stratum.
    #[must_use]
    pub fn any(&self) -> bool {
        self.by_site || !self.factors.is_empty()
    }

    /// out\[i\] = stratum of patient i. Leaves `out` empty where there is only one.
    pub fn assign(&self, frame: &Frame, registers: &mut Registers, code: &mut Vec<u8>, out: &mut Vec<u32>) {
        out.clear();
        if !self.any() {
            return;
        }
        let rows = frame.rows;
        out.resize(rows, 0);
        code.resize(rows, 0);
        let mut weight = 1;
        for f in &self.factors {
            match f {
                Factor::Condition(program) => {
                    program.eval_flags(rows, frame, registers, code);
                    for (o, &c) in out.iter_mut().zip(code.iter()) {
                        *o += weight * u32::from(c);
                    }
                    weight *= 2;
                }
                Factor::Category(column, first, levels) => {
                    for (o, &c) in out.iter_mut().zip(&frame.code[*column]) {
                        *o += weight * u32::from(c.saturating_sub(*first)).min(levels - 1);
                    }
                    weight *= levels;
                }
            }
        }
        if self.by_site {
            for (o, &s) in out.iter_mut().zip(&frame.site) {
                *o += weight * u32::from(s);
            }
        }
    }
}
