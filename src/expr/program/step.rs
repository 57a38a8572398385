//! The steps of a program, and how a block of rows goes through them.

use super::bank::{Above, Bank};
use super::kernel::{self, Codes, Operand, Sides};
use super::{Arms, ColumnId, Columns};
use crate::expr::function::{divide, max, min, power, whole_power};
use crate::math::elementary;

/// Where an operand stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    Number(f64),
    Column(ColumnId),
    /// A register of real values.
    Real(usize),
    /// A register of flags.
    Flags(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Unary {
    Load,
    Negate,
    Exp,
    Log,
    Sqrt,
    Abs,
    Round,
    Floor,
    Logit,
    Expit,
    Square,
    Cube,
    Reciprocal,
    /// To a whole power.
    Whole(f64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

/// One pass over a block. The result goes to register `to`; real operands in registers stand at `to` or right above it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// To a real register.
    Unary { op: Unary, from: Source, to: usize },
    /// To a real register.
    Binary { op: Binary, left: Source, right: Source, to: usize },
    /// To a real register: `yes` where flag register `test` is set, else `no`.
    Select { test: usize, yes: Source, no: Source, to: usize },
    /// To flags; neither side is a register of flags.
    Compare { op: Comparison, left: Source, right: Source, to: usize },
    /// To flags, with a constant on the right; `codes` are those for which it holds.
    CompareNumber { op: Comparison, left: Source, right: f64, codes: Codes, to: usize },
    /// To flags: whether the patient is in an arm.
    InArm { arm: u8, to: usize },
    /// Flags `to` and `to + 1`, to `to`.
    And { to: usize },
    /// Flags `to` or `to + 1`, to `to`.
    Or { to: usize },
    /// Flags `to`, to `to`.
    Not { to: usize },
    /// Flags `to + 1` where flag `to` is set, else flags `to + 2`.
    Choose { to: usize },
}

impl Step {
    /// Whether a value is true, to the first flags.
    pub(super) fn is_true(value: Source) -> Step {
        Step::CompareNumber { op: Comparison::NotEqual, left: value, right: 0.0, codes: Codes::all_but(0), to: 0 }
    }

    /// A comparison with a constant, to flags `to`.
    pub(super) fn compare_number(op: Comparison, left: Source, right: f64, to: usize) -> Step {
        Step::CompareNumber { op, left, right, codes: Codes::which(|code| op.holds(code, right)), to }
    }
}

impl Comparison {
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Comparison::Less => a < b,
            Comparison::LessEqual => a <= b,
            Comparison::Greater => a > b,
            Comparison::GreaterEqual => a >= b,
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
        }
    }

    /// The comparison with its sides exchanged.
    pub(super) fn mirrored(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterEqual => Comparison::LessEqual,
            same => same,
        }
    }

    fn run(self, left: Operand<'_>, right: Operand<'_>, out: &mut [u8]) {
        match self {
            Comparison::Less => kernel::compare(left, right, out, |a, b| a < b),
            Comparison::LessEqual => kernel::compare(left, right, out, |a, b| a <= b),
            Comparison::Greater => kernel::compare(left, right, out, |a, b| a > b),
            Comparison::GreaterEqual => kernel::compare(left, right, out, |a, b| a >= b),
            Comparison::Equal => kernel::compare(left, right, out, |a, b| a == b),
            Comparison::NotEqual => kernel::compare(left, right, out, |a, b| a != b),
        }
    }
}

impl Unary {
    fn run(self, from: Option<Operand<'_>>, out: &mut [f64]) {
        match self {
            Unary::Load => {
                if let Some(from) = from {
                    kernel::load(from, out);
                }
            }
            Unary::Negate => kernel::unary(from, out, |a| -a),
            Unary::Exp => kernel::unary(from, out, elementary::exp),
            Unary::Log => kernel::unary(from, out, elementary::ln),
            Unary::Sqrt => kernel::unary(from, out, f64::sqrt),
            Unary::Abs => kernel::unary(from, out, f64::abs),
            Unary::Round => kernel::unary(from, out, elementary::round),
            Unary::Floor => kernel::unary(from, out, elementary::floor),
            Unary::Logit => kernel::unary(from, out, elementary::logit),
            Unary::Expit => kernel::unary(from, out, elementary::expit),
            Unary::Square => kernel::unary(from, out, |a| whole_power(a, 2.0)),
            Unary::Cube => kernel::unary(from, out, |a| whole_power(a, 3.0)),
            Unary::Reciprocal => kernel::unary(from, out, |a| divide(1.0, a)),
            Unary::Whole(exponent) => kernel::unary(from, out, |a| whole_power(a, exponent)),
        }
    }
}

impl Binary {
    fn run(self, sides: Sides<'_>, out: &mut [f64]) {
        match self {
            Binary::Add => kernel::binary(sides, out, |a, b| a + b),
            Binary::Subtract => kernel::binary(sides, out, |a, b| a - b),
            Binary::Multiply => kernel::binary(sides, out, |a, b| a * b),
            Binary::Divide => kernel::binary(sides, out, divide),
            Binary::Power => kernel::binary(sides, out, power),
            Binary::Min => kernel::binary(sides, out, min),
            Binary::Max => kernel::binary(sides, out, max),
        }
    }
}

/// A block of rows under evaluation.
pub(super) struct Frame<'a> {
    pub(super) columns: &'a dyn Columns,
    /// The first row.
    pub(super) start: usize,
    pub(super) real: Bank<'a, f64>,
    pub(super) flags: Bank<'a, u8>,
}

impl Frame<'_> {
    pub(super) fn run(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(*step);
        }
    }

    /// The value to the first real register.
    pub(super) fn load(&mut self, from: Source) {
        self.step(Step::Unary { op: Unary::Load, from, to: 0 });
    }

    fn step(&mut self, step: Step) {
        let rows = self.real.rows();
        let outside = Outside { columns: self.columns, start: self.start, rows };
        match step {
            Step::Unary { op, from, to } => {
                let (out, above) = self.real.split(to);
                let from = (from != Source::Real(to)).then(|| outside.operand(from, |r| above.get(r), &self.flags));
                op.run(from, out);
            }
            Step::Binary { op, left, right, to } => {
                let (out, above) = self.real.split(to);
                let sides = outside.sides(left, right, to, above, &self.flags);
                op.run(sides, out);
            }
            Step::Select { test, yes, no, to } => {
                let (out, above) = self.real.split(to);
                let sides = outside.sides(yes, no, to, above, &self.flags);
                kernel::select(self.flags.get(test), sides, out);
            }
            Step::Compare { op, left, right, to } => {
                let real = &self.real;
                let left = outside.column_or(left, |r| real.get(r));
                let right = outside.column_or(right, |r| real.get(r));
                op.run(left, right, self.flags.split(to).0);
            }
            Step::CompareNumber { op, left, right, codes, to } => {
                let real = &self.real;
                let out = self.flags.split(to).0;
                match outside.column_or(left, |r| real.get(r)) {
                    Operand::Code(values) => kernel::within(values, codes, out),
                    other => op.run(other, Operand::Number(right), out),
                }
            }
            Step::InArm { arm, to } => {
                let out = self.flags.split(to).0;
                match outside.arms() {
                    Some(Arms::One(all)) => out.fill(u8::from(all == arm)),
                    Some(Arms::Each(arms)) => kernel::within(arms, Codes::only(arm), out),
                    None => out.fill(0),
                }
            }
            Step::And { to } => {
                let (out, above) = self.flags.split(to);
                kernel::both(above.get(to + 1), out);
            }
            Step::Or { to } => {
                let (out, above) = self.flags.split(to);
                kernel::either(above.get(to + 1), out);
            }
            Step::Not { to } => kernel::invert(self.flags.split(to).0),
            Step::Choose { to } => {
                let (out, above) = self.flags.split(to);
                kernel::choose(above.get(to + 1), above.get(to + 2), out);
            }
        }
    }
}

/// What a block reads from outside its registers.
#[derive(Clone, Copy)]
struct Outside<'a> {
    columns: &'a dyn Columns,
    start: usize,
    rows: usize,
}

impl<'a> Outside<'a> {
    /// The arms of the block's patients; none where the column is too short.
    fn arms(self) -> Option<Arms<'a>> {
        match self.columns.arm() {
            Arms::Each(arms) => arms.get(self.start..self.start + self.rows).map(Arms::Each),
            one => Some(one),
        }
    }

    /// A number, a column or a real register.
    fn column_or<'r>(self, source: Source, real: impl Fn(usize) -> &'r [f64]) -> Operand<'r>
    where
        'a: 'r,
    {
        match source {
            Source::Number(x) => Operand::Number(x),
            Source::Real(register) => Operand::Real(real(register)),
            Source::Column(column) => {
                let rows = self.start..self.start + self.rows;
                if let Some(values) = self.columns.real(column).and_then(|c| c.get(rows.clone())) {
                    Operand::Real(values)
                } else if let Some(codes) = self.columns.code(column).and_then(|c| c.get(rows)) {
                    Operand::Code(codes)
                } else {
                    Operand::Number(f64::NAN)
                }
            }
            // Steps that write flags have no flags among their operands.
            Source::Flags(_) => Operand::Number(f64::NAN),
        }
    }

    fn operand<'r>(self, source: Source, real: impl Fn(usize) -> &'r [f64], flags: &'r Bank<'_, u8>) -> Operand<'r>
    where
        'a: 'r,
    {
        match source {
            Source::Flags(register) => Operand::Code(flags.get(register)),
            other => self.column_or(other, real),
        }
    }

    fn sides<'r>(
        self,
        left: Source,
        right: Source,
        to: usize,
        above: Above<'r, f64>,
        flags: &'r Bank<'_, u8>,
    ) -> Sides<'r>
    where
        'a: 'r,
    {
        let operand = |source| self.operand(source, |r| above.get(r), flags);
        if left == Source::Real(to) {
            Sides::Right(operand(right))
        } else if right == Source::Real(to) {
            Sides::Left(operand(left))
        } else {
            Sides::Both(operand(left), operand(right))
        }
    }
}
