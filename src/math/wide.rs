//! Loops in the widest registers that the processor has, which is asked when the program runs.

/// Carries out an expression, whose loops and everything in it that is always inlined are compiled once for each kind of register.
///
/// Bits do not depend on the kind: compilers keep the order of additions, and fuse none with a multiplication.
///
/// For loops over decimals. Flags drawn from integer words, bytes beside words, came out several times slower than without: measure each use.
macro_rules! wide {
    ($work:expr) => {
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => $work)
    };
}

pub(crate) use wide;
