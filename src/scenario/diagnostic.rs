//! Messages about a hand-written scenario.

/// Stable, kebab-case code of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Keys of one table contradict each other, or one of several is missing.
    Contradiction,
    /// A value lies outside its domain.
    OutOfDomain,
    /// A list has the wrong length.
    WrongLength,
}
