//! What the world does to a run: files and disks, each with its path. Mistakes in a scenario are diagnostics, not errors.

use std::path::{Path, PathBuf};

/// A failure outside the scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A Parquet file could not be written or read back.
    #[error("cannot write {}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// A Parquet file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    ReadParquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// Threads could not be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl Error {
    /// A reading error at `path`.
    #[cold]
    #[must_use]
    pub fn read(path: &Path, source: std::io::Error) -> Self {
        Error::Read { path: path.to_owned(), source }
    }

    /// A writing error at `path`.
    #[cold]
    #[must_use]
    pub fn write(path: &Path, source: std::io::Error) -> Self {
        Error::Write { path: path.to_owned(), source }
    }

    /// A Parquet error in reading at `path`.
    #[cold]
    #[must_use]
    pub fn read_parquet(path: &Path, source: parquet::errors::ParquetError) -> Self {
        Error::ReadParquet { path: path.to_owned(), source }
    }

    /// A Parquet error in writing at `path`.
    #[cold]
    #[must_use]
    pub fn parquet(path: &Path, source: parquet::errors::ParquetError) -> Self {
        Error::Parquet { path: path.to_owned(), source }
    }
}
