//! What every method here promises.
