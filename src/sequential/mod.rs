//! Group-sequential tests: boundaries, what they cost, and estimates after stopping.
//!
//! At a share t of the information the statistic Z has mean θ√t and variance 1, and Cov(Z(s), Z(t)) = √(s/t) for s ≤ t: B(t) = √t Z(t) is
//! a Brownian motion with drift θ (canonical joint distribution). θ is the *drift*: the mean of Z at full information. A one-sided test
//! rejects where Z reaches the upper bound and stops without where Z falls to the lower one; a two-sided test has both its bounds for
//! rejection.
//!
//! Source: Jennison C, Turnbull BW. Group Sequential Methods with Applications to Clinical Trials. Chapman and Hall/CRC 2000, ch. 2–4, 7,
//! 8 and 19; Armitage P, McPherson CK, Rowe BC. Repeated significance tests on accumulating data. JRSS A 1969;132:235–244.

pub mod boundary;
pub mod design;
pub mod futility;
pub mod inference;
pub mod monitor;
mod ordering;
pub mod predictive;
pub mod reestimation;
pub mod spending;
mod table;
pub mod walk;

pub use boundary::{Boundary, Efficacy, Futility, Plan};
pub use design::{Compared, Sizes};
pub use monitor::{Information, Monitor};
pub use spending::Spending;
pub use walk::Walk;
