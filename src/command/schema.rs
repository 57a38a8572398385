//! `patency schema`: for editors that complete and check.

use super::{Failure, print};

#[derive(Debug, clap::Args)]
pub struct Schema {
    /// The schema of result.json instead of the scenario's
    #[arg(long)]
    result: bool,
}

impl Schema {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let schema = if self.result { crate::result::schema() } else { crate::scenario::schema::schema() };
        print(&format!("{schema:#}\n"))
    }
}
