//! Renderers of results: text for a terminal, CSV for a spreadsheet; JSON is the result structure itself.

pub mod answers;
mod assurance;
pub mod bounds;
pub mod certify;
pub mod compare;
pub mod csv;
pub mod data;
mod designs;
mod families;
mod looks;
mod multiplicity;
pub mod replay;
pub mod size;
pub mod sweep;
pub mod table;
pub mod text;
mod type_one;
pub mod validation;
