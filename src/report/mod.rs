//! Renderers of results: text for a terminal, CSV for a spreadsheet; JSON is the result structure itself.

pub mod answers;
pub mod compare;
pub mod csv;
pub mod data;
mod designs;
pub mod replay;
pub mod size;
pub mod table;
pub mod text;
pub mod validation;
