//! Values that are drawn once for many rows: those of a site, and those of parameters with a prior.

use crate::distribution::{Arg, Distribution, Draw};
use crate::random::{Address, Replicate, Sequence, unit32};
use crate::scenario::Variable;

/// A law with constant parameters, drawn once at an address.
#[derive(Debug)]
pub(super) struct Single<'s> {
    law: &'s dyn Distribution,
    parameters: Vec<f64>,
}

impl<'s> Single<'s> {
    pub(super) fn new(variable: &'s Variable) -> Self {
        let law = variable.law.as_ref();
        // the scenario lets no other stand here
        let parameters = law.parameters().iter().map(|p| p.value.as_number().unwrap_or(f64::NAN)).collect();
        Self { law, parameters }
    }

    /// Whether values are small codes.
    pub(super) fn coded(&self) -> bool {
        matches!(self.law.draw(), Draw::Code { .. })
    }

    /// The value at an address in a replicate.
    pub(super) fn value(&self, address: &Address, replicate: Replicate) -> f64 {
        const MOST: usize = 72;
        let mut args = [Arg::One(0.0); MOST];
        for (arg, &p) in args.iter_mut().zip(&self.parameters) {
            *arg = Arg::One(p);
        }
        let args = &args[..self.parameters.len().min(MOST)];
        let mut sequence = Sequence::new(address, replicate);
        match self.law.draw() {
            Draw::Code { .. } => {
                let mut code = [0];
                self.law.code(&[unit32(sequence.word32())], args, &mut code);
                f64::from(code[0])
            }
            Draw::Seeded => self.law.sample(sequence.word64(), &self.parameters),
            Draw::Derived => self.parameters.first().copied().unwrap_or(f64::NAN),
            Draw::Quantile => {
                let mut value = [0.0];
                self.law.quantile(&[sequence.uniform()], args, &mut value);
                value[0]
            }
        }
    }
}

/// A parameter with a prior: one value a replicate.
#[derive(Debug)]
pub struct Prior<'s> {
    /// Its name.
    pub name: &'s str,
    law: Single<'s>,
    address: Address,
}

impl<'s> Prior<'s> {
    pub(super) fn new(variable: &'s Variable, seed: u64) -> Self {
        let address = Address::new(seed, "parameter", &variable.name, "");
        Self { name: &variable.name, law: Single::new(variable), address }
    }

    /// Its value in a replicate.
    #[must_use]
    pub fn value(&self, replicate: Replicate) -> f64 {
        self.law.value(&self.address, replicate)
    }

    /// Whether its values are small codes.
    #[must_use]
    pub fn coded(&self) -> bool {
        self.law.coded()
    }
}
