//! All integration tests, linked as one binary.

mod analysis_survival;
mod analysis_win;
mod command;
mod competing;
mod degenerate;
mod distribution;
mod dossier;
mod elementary;
mod engine;
mod expr;
mod interval;
mod layers;
mod multiplicity;
mod operating;
mod propensity;
mod proportions;
mod ranks;
mod reference_cases;
mod scenario;
mod sequential;
mod sequential_adaptive;
mod sequential_monitor;
mod size;
mod special;
mod survival;
mod uncensored;
