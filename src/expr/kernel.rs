//! The operators on slices. Free functions over `zip`, constants hoisted: the form that compilers vectorise.

/// What an operator reads.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a> {
    /// The same for every row.
    Number(f64),
    /// Real values.
    Real(&'a [f64]),
    /// Codes and flags.
    Code(&'a [u8]),
}

/// Where an operator with two operands finds them; the result goes to `out`.
#[derive(Clone, Copy)]
pub(super) enum Sides<'a> {
    /// The left one stands in `out`.
    Right(Operand<'a>),
    /// The right one stands in `out`.
    Left(Operand<'a>),
    /// Neither does.
    Both(Operand<'a>, Operand<'a>),
}

/// out ← the operand.
#[inline]
pub(super) fn load(from: Operand<'_>, out: &mut [f64]) {
    match from {
        Operand::Number(x) => out.fill(x),
        Operand::Real(xs) => out.copy_from_slice(xs),
        Operand::Code(codes) => {
            for (o, code) in out.iter_mut().zip(codes) {
                *o = f64::from(*code);
            }
        }
    }
}

/// out ← f(out), or f(operand) where one is given.
#[inline(always)]
pub(super) fn unary(from: Option<Operand<'_>>, out: &mut [f64], f: impl Fn(f64) -> f64 + Copy) {
    match from {
        Some(Operand::Real(xs)) => {
            for (o, x) in out.iter_mut().zip(xs) {
                *o = f(*x);
            }
            return;
        }
        Some(other) => load(other, out),
        None => {}
    }
    for o in out {
        *o = f(*o);
    }
}

/// out ← f(left, right).
#[inline(always)]
pub(super) fn binary(sides: Sides<'_>, out: &mut [f64], f: impl Fn(f64, f64) -> f64 + Copy) {
    match sides {
        Sides::Right(Operand::Number(b)) => {
            for o in out {
                *o = f(*o, b);
            }
        }
        Sides::Right(Operand::Real(b)) => with_right(out, b, f),
        Sides::Right(Operand::Code(b)) => with_right(out, b, f),
        Sides::Left(Operand::Number(a)) => {
            for o in out {
                *o = f(a, *o);
            }
        }
        Sides::Left(Operand::Real(a)) => with_right(out, a, |b, a| f(a, b)),
        Sides::Left(Operand::Code(a)) => with_right(out, a, |b, a| f(a, b)),
        Sides::Both(Operand::Real(a), Operand::Real(b)) => {
            for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
                *o = f(*a, *b);
            }
        }
        Sides::Both(Operand::Real(a), Operand::Number(b)) => {
            for (o, a) in out.iter_mut().zip(a) {
                *o = f(*a, b);
            }
        }
        Sides::Both(Operand::Number(a), Operand::Real(b)) => {
            for (o, b) in out.iter_mut().zip(b) {
                *o = f(a, *b);
            }
        }
        Sides::Both(Operand::Code(a), Operand::Number(b)) => {
            for (o, a) in out.iter_mut().zip(a) {
                *o = f(f64::from(*a), b);
            }
        }
        Sides::Both(Operand::Number(a), Operand::Code(b)) => {
            for (o, b) in out.iter_mut().zip(b) {
                *o = f(a, f64::from(*b));
            }
        }
        Sides::Both(Operand::Code(a), Operand::Real(b)) => {
            for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
                *o = f(f64::from(*a), *b);
            }
        }
        Sides::Both(a, Operand::Code(b)) => {
            load(a, out);
            with_right(out, b, f);
        }
        Sides::Both(Operand::Number(a), Operand::Number(b)) => out.fill(f(a, b)),
    }
}

#[inline(always)]
fn with_right<T: Copy + Into<f64>>(out: &mut [f64], b: &[T], f: impl Fn(f64, f64) -> f64 + Copy) {
    for (o, b) in out.iter_mut().zip(b) {
        *o = f(*o, (*b).into());
    }
}

/// out ← left where the flag is set, else right.
pub(super) fn select(flags: &[u8], sides: Sides<'_>, out: &mut [f64]) {
    match sides {
        Sides::Right(no) => replace(flags, 0, no, out),
        Sides::Left(yes) => replace(flags, 1, yes, out),
        Sides::Both(Operand::Number(yes), Operand::Number(no)) => {
            for (o, flag) in out.iter_mut().zip(flags) {
                *o = if *flag != 0 { yes } else { no };
            }
        }
        Sides::Both(yes, no) => {
            load(yes, out);
            replace(flags, 0, no, out);
        }
    }
}

/// out ← the operand where the flag has the value `at`.
#[inline(always)]
fn replace(flags: &[u8], at: u8, by: Operand<'_>, out: &mut [f64]) {
    match by {
        Operand::Number(x) => {
            for (o, flag) in out.iter_mut().zip(flags) {
                *o = if *flag == at { x } else { *o };
            }
        }
        Operand::Real(xs) => {
            for ((o, flag), x) in out.iter_mut().zip(flags).zip(xs) {
                *o = if *flag == at { *x } else { *o };
            }
        }
        Operand::Code(codes) => {
            for ((o, flag), x) in out.iter_mut().zip(flags).zip(codes) {
                *o = if *flag == at { f64::from(*x) } else { *o };
            }
        }
    }
}

/// out ← 1 where f(left, right), else 0.
#[inline(always)]
pub(super) fn compare(left: Operand<'_>, right: Operand<'_>, out: &mut [u8], f: impl Fn(f64, f64) -> bool + Copy) {
    match (left, right) {
        (Operand::Real(a), Operand::Real(b)) => compare_each(a, b, out, f),
        (Operand::Real(a), Operand::Code(b)) => compare_each(a, b, out, f),
        (Operand::Code(a), Operand::Real(b)) => compare_each(a, b, out, f),
        (Operand::Code(a), Operand::Code(b)) => compare_each(a, b, out, f),
        (Operand::Real(a), Operand::Number(b)) => compare_one(a, out, |a| f(a, b)),
        (Operand::Code(a), Operand::Number(b)) => compare_one(a, out, |a| f(a, b)),
        (Operand::Number(a), Operand::Real(b)) => compare_one(b, out, |b| f(a, b)),
        (Operand::Number(a), Operand::Code(b)) => compare_one(b, out, |b| f(a, b)),
        (Operand::Number(a), Operand::Number(b)) => out.fill(u8::from(f(a, b))),
    }
}

#[inline(always)]
fn compare_each<A: Copy + Into<f64>, B: Copy + Into<f64>>(
    a: &[A],
    b: &[B],
    out: &mut [u8],
    f: impl Fn(f64, f64) -> bool + Copy,
) {
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o = u8::from(f((*a).into(), (*b).into()));
    }
}

#[inline(always)]
fn compare_one<T: Copy + Into<f64>>(xs: &[T], out: &mut [u8], f: impl Fn(f64) -> bool + Copy) {
    for (o, x) in out.iter_mut().zip(xs) {
        *o = u8::from(f((*x).into()));
    }
}

/// A set of codes: those from `low` to `low + span`, or all others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Codes {
    low: u8,
    span: u8,
    outside: bool,
}

impl Codes {
    /// The codes for which a comparison with a constant holds. Such a set is an interval or all but one code.
    pub(super) fn which(holds: impl Fn(f64) -> bool) -> Codes {
        let inside = |outside: bool| {
            let of_set = |code: &u8| holds(f64::from(*code)) != outside;
            let low = (0..=255).find(of_set)?;
            let high = (0..=255).rev().find(of_set)?;
            Some(Codes { low, span: high - low, outside })
        };
        match (inside(false), inside(true)) {
            // Where the codes for which it fails are fewer, they are the interval and the others enclose them.
            (Some(holding), Some(failing)) if failing.span < holding.span => failing,
            (Some(holding), _) => holding,
            (None, _) => Codes { low: 0, span: 255, outside: true },
        }
    }

    /// All codes but one.
    pub(super) fn all_but(code: u8) -> Codes {
        Codes { outside: true, ..Codes::only(code) }
    }

    /// One code.
    pub(super) fn only(code: u8) -> Codes {
        Codes { low: code, span: 0, outside: false }
    }

    /// Whether a code belongs to the set.
    #[inline(always)]
    pub(super) fn has(self, code: u8) -> bool {
        (code.wrapping_sub(self.low) <= self.span) != self.outside
    }
}

/// out ← 1 where the code belongs to the set, else 0.
pub(super) fn within(codes: &[u8], set: Codes, out: &mut [u8]) {
    for (o, code) in out.iter_mut().zip(codes) {
        *o = u8::from(set.has(*code));
    }
}

/// out ← both.
pub(super) fn both(other: &[u8], out: &mut [u8]) {
    for (o, b) in out.iter_mut().zip(other) {
        *o &= *b;
    }
}

/// out ← either.
pub(super) fn either(other: &[u8], out: &mut [u8]) {
    for (o, b) in out.iter_mut().zip(other) {
        *o |= *b;
    }
}

/// out ← not out.
pub(super) fn invert(out: &mut [u8]) {
    for o in out {
        *o ^= 1;
    }
}

/// out ← yes where out is set, else no.
pub(super) fn choose(yes: &[u8], no: &[u8], out: &mut [u8]) {
    for ((o, yes), no) in out.iter_mut().zip(yes).zip(no) {
        *o = (*o & *yes) | ((*o ^ 1) & *no);
    }
}
