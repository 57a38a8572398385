//! `patency schema`: for editors that complete and check.

use super::{Failure, print};

#[derive(Debug, clap::Args)]
pub struct Schema {
    /// The schema of result.json instead of the scenario's
    #[arg(long)]
    result: bool,
    /// The schema of what `analyse --format json` prints
    #[arg(long, conflicts_with = "result")]
    data: bool,
}

impl Schema {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let schema = match (self.result, self.data) {
            (true, _) => crate::result::schema(),
            (_, true) => crate::result::answer::schema(),
            _ => crate::scenario::schema::schema(),
        };
        print(&format!("{schema:#}\n"))
    }
}
