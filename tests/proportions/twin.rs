//! Against slow definitions.
