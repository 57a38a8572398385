//! All integration tests, linked as one binary.

mod analysis_survival;
mod analysis_win;
mod command;
mod distribution;
mod elementary;
mod engine;
mod expr;
mod layers;
mod propensity;
mod scenario;
mod special;
mod uncensored;
