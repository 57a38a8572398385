//! Covers: generated documents are what the program would write today.

mod evidence;
mod validation;

use std::path::Path;

/// Compares a document in `docs/` with what it should be; writes it where `UPDATE_DOCS` is set.
pub(crate) fn assert_current(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).expect("docs can be written");
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let first = written.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        written == text,
        "docs/{name} is not current: UPDATE_DOCS=1 cargo test writes it anew; first difference: {first:?}"
    );
}
