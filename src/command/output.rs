//! Files that results are written to: found writable before anything is computed, and written after the result has been shown.

use std::path::{Path, PathBuf};

use super::{Failure, print};
use crate::Error;
use crate::report::data::DataTable;

/// The file that a result goes to: the path itself, or `name` in it where it is an existing folder.
///
/// # Errors
/// Where nothing can be written there.
pub(super) fn open(asked: Option<&Path>, name: &str) -> Result<Option<PathBuf>, Failure> {
    let Some(asked) = asked else { return Ok(None) };
    let path = if asked.is_dir() { asked.join(name) } else { asked.to_owned() };
    probe(&path)?;
    Ok(Some(path))
}

/// Makes a folder, where there is none.
///
/// # Errors
/// Why there is none; where something else is in its place, what.
pub(super) fn folder(path: &Path) -> Result<(), Error> {
    let other = std::fs::metadata(path).ok().filter(|m| !m.is_dir()).map(|m| {
        let what = if m.is_file() { "a file" } else { "a device or a pipe" };
        std::io::Error::new(std::io::ErrorKind::NotADirectory, format!("it is {what}, not a folder"))
    });
    other.map_or_else(|| std::fs::create_dir_all(path), Err).map_err(|e| Error::write(path, e))
}

/// Whether a file can be written to; its content stays, and one that is not there is not left behind.
///
/// # Errors
/// Why not.
pub(super) fn probe(path: &Path) -> Result<(), Error> {
    let there = std::fs::metadata(path);
    if there.as_ref().is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        // to open a pipe and close it again would end it
        return Ok(());
    }
    match std::fs::File::create_new(path) {
        Ok(_) => std::fs::remove_file(path),
        Err(_) => std::fs::OpenOptions::new().append(true).open(path).map(|_| ()),
    }
    .map_err(|e| Error::write(path, e))
}

/// Shows a result and then writes its files: neither is lost where the other fails.
///
/// # Errors
/// The first of the failures, files before standard output.
pub(super) fn deliver(shown: &str, files: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let printed = print(shown);
    files().and(printed)
}

/// Writes a file as a whole.
///
/// # Errors
/// Why not.
pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    std::fs::write(path, content).map_err(|e| Error::write(path, e).into())
}

/// Writes a table in the format that the file's name asks for: Parquet, or CSV.
///
/// # Errors
/// Why not.
pub(super) fn table(table: &DataTable, path: &Path) -> Result<(), Failure> {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        table.parquet(path)?;
    } else {
        let file = std::fs::File::create(path).map_err(|e| Error::write(path, e))?;
        table.csv(&mut std::io::BufWriter::new(file)).map_err(|e| Error::write(path, e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_a_folder_gets_a_file_and_nothing_is_left_behind() {
        let folder = std::env::temp_dir().join(format!("patency-output-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(matches!(open(None, "size.json"), Ok(None)));
        let inside = folder.join("size.json");
        assert_eq!(open(Some(&folder), "size.json").unwrap(), Some(inside.clone()));
        assert!(!inside.exists());
        std::fs::write(&inside, "kept").unwrap();
        assert_eq!(open(Some(&inside), "size.json").unwrap(), Some(inside.clone()));
        assert_eq!(std::fs::read_to_string(&inside).unwrap(), "kept");
        // neither below a file, nor where there is no folder, nor over a folder
        for bad in [inside.join("x"), folder.join("none").join("x")] {
            assert!(matches!(open(Some(&bad), "size.json"), Err(Failure::World(Error::Write { .. }))));
        }
        std::fs::create_dir(folder.join("curve.csv")).unwrap();
        assert!(open(Some(&folder), "curve.csv").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
