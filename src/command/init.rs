//! `patency init`: the commented template.

use std::path::PathBuf;

use super::{Failure, print};
use crate::Error;

#[derive(Debug, clap::Args)]
pub struct Init {
    /// File to write; standard output where none is named
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Init {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let template = crate::scenario::TEMPLATE;
        match self.file {
            None => print(template),
            Some(path) => {
                // never over a file that is there
                let mut file = std::fs::File::create_new(&path).map_err(|e| Error::write(&path, e))?;
                std::io::Write::write_all(&mut file, template.as_bytes()).map_err(|e| Error::write(&path, e))?;
                Ok(())
            }
        }
    }
}
