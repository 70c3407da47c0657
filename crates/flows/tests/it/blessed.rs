//! A document that code writes: compared with what lies in `docs/`, or written there.

use std::{env, fs, path::Path};

/// Fails when the document differs; with `CARTAGE_BLESS=1` writes it instead.
#[track_caller]
pub(crate) fn is_current(name: &str, text: &str, how: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if env::var_os("CARTAGE_BLESS").is_some() {
        fs::write(&path, text).expect("docs/ can be written");
        return;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let differs = known.lines().zip(text.lines()).position(|(known, new)| known != new);
    let line = differs.unwrap_or(known.lines().count().min(text.lines().count())) + 1;
    assert!(known == text, "docs/{name} differs from line {line} on: run `CARTAGE_BLESS=1 {how}`");
}
