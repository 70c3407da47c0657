//! The document is complete, true, and the one that was reviewed.

use super::*;
use std::{collections::HashSet, fs, path::Path};

fn kept() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

#[test]
fn the_document_is_the_one_that_was_reviewed() {
    let fresh = serde_json::to_string_pretty(document()).expect("plain data") + "\n";
    assert_eq!(complete(&routes::all().1), *document(), "two documents differ");
    if std::env::var_os("CARTAGE_BLESS").is_some() {
        fs::write(kept(), &fresh).expect("docs can be written");
    }
    let reviewed = fs::read_to_string(kept()).unwrap_or_default();
    let same = reviewed == fresh;
    assert!(same, "the API has changed: look at `CARTAGE_BLESS=1 cargo test -p server openapi`");
}

#[test]
fn every_link_leads_to_an_operation() {
    let known: HashSet<&str> = operations(document())
        .filter_map(|(_, _, operation)| operation["operationId"].as_str())
        .collect();
    let lost: Vec<&str> = links::named().filter(|name| !known.contains(name)).collect();
    assert!(lost.is_empty(), "no operation is called {lost:?}");
}
