//! Nothing is answered that is not explained.

use super::*;
use crate::http::refused::{KNOWN, code_of};
use std::{collections::BTreeSet, fs, path::Path, path::PathBuf};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of every Rust file below a folder, without what stands behind its tests.
fn sources(folder: &Path, texts: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("a folder of the project");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("a source");
            texts.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text).to_owned());
        }
    }
}

/// `"` to `"` of what begins at the start of a text.
fn quoted(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix('"')?.split('"').next()
}

fn is_code(text: &str) -> bool {
    text.len() > 3
        && text.contains('_')
        && !text.starts_with('_')
        && !text.starts_with("CARTAGE_")
        && !text.starts_with("CARGO_")
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[test]
fn every_code_that_the_front_door_answers_is_explained() {
    let mut texts = Vec::new();
    sources(&crates().join("server/src/http"), &mut texts);
    let mut answered = BTreeSet::new();
    for text in &texts {
        // The table of refusals is the next test's affair.
        let (before, table) = text.split_once("const KNOWN").unwrap_or((text, ""));
        let text = &(before.to_owned() + table.split_once("];").map_or("", |(_, after)| after));
        answered.extend(
            text.split('"').skip(1).step_by(2).filter(|text| is_code(text)).map(str::to_owned),
        );
        for call in text.split("absent(").skip(1) {
            if let Some(kind) = quoted(call) {
                let kind = kind.to_uppercase().replace([' ', '-'], "_");
                answered.insert(format!("{kind}_NOT_FOUND"));
            }
        }
    }
    let known: BTreeSet<String> = all().into_iter().map(|code| code.code).collect();
    let missing: Vec<&String> = answered.difference(&known).collect();
    assert!(missing.is_empty(), "explain them in http/pages/codes: {missing:#?}");
}

/// A refusal that a decider can say: the kind of its stream, the reason, and its words.
struct Refused {
    context: String,
    reason: String,
    words: String,
}

/// Every refusal of a decider that the one table names.
fn refusals() -> Vec<Refused> {
    let wiring = fs::read_to_string(crates().join("flows/src/wiring.rs")).expect("the one table");
    let mut texts = Vec::new();
    sources(&crates().join("commerce/src"), &mut texts);
    sources(&crates().join("warehouse/src"), &mut texts);
    let mut found = Vec::new();
    for refusals in texts.iter().flat_map(|text| text.split("pub enum ").skip(1)) {
        let Some((name, rest)) = refusals.split_once("Refusal {") else { continue };
        let decider = format!("=> {name},");
        let Some(row) = wiring.lines().find(|row| row.ends_with(&decider)) else { continue };
        let context = quoted(row).expect("a kind of stream");
        let end = rest.find("\n}").unwrap_or(rest.len());
        let told = reasons(&rest[..end]).into_iter();
        found.extend(told.map(|(reason, words)| Refused {
            context: context.to_owned(),
            reason,
            words,
        }));
    }
    found
}

#[test]
fn every_refusal_of_a_decider_is_explained() {
    let mut found: BTreeMap<String, Code> = BTreeMap::new();
    for Refused { context, reason, words } in refusals() {
        let (code, status) = code_of(&context, &reason);
        let code = found.entry(code.clone()).or_insert(Code { code, status, words: vec![] });
        if !code.words.contains(&words) {
            code.words.push(words);
        }
    }
    assert!(found.len() > 80, "only {} codes were found", found.len());
    let found: Vec<Code> = found.into_values().collect();
    let fresh = serde_json::to_string_pretty(&found).expect("plain data") + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/refusals.json");
    if std::env::var_os("CARTAGE_BLESS").is_some() {
        fs::write(&file, &fresh).expect("assets can be written");
    }
    let kept = fs::read_to_string(&file).expect("the list");
    assert!(kept == fresh, "refusals have changed: `CARTAGE_BLESS=1 cargo test -p server codes`");
}

#[test]
fn what_the_table_of_codes_names_can_be_refused() {
    let refusals = refusals();
    let is_said = |context: &str, reason: &str| {
        refusals.iter().any(|said| (&*said.context, &*said.reason) == (context, reason))
    };
    let dead: Vec<_> = KNOWN.iter().filter(|row| !is_said(row.0, row.1)).collect();
    assert!(dead.is_empty(), "nobody refuses this: {dead:#?}");
}

/// Reasons in snake case, and their words with an ellipsis for each figure.
fn reasons(variants: &str) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    for part in variants.split("#[error(").skip(1) {
        let words = quoted(part).unwrap_or_default();
        let after = part.split_once(")]").map_or("", |(_, after)| after);
        let name: String = after.trim_start().chars().take_while(|c| c.is_alphanumeric()).collect();
        let mut text = String::new();
        for (at, piece) in words.split('{').enumerate() {
            let piece = if at == 0 { piece } else { piece.split_once('}').map_or("", |(_, p)| p) };
            if at > 0 {
                text.push('…');
            }
            text.push_str(piece);
        }
        let mut reason = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !reason.is_empty() {
                reason.push('_');
            }
            reason.extend(letter.to_lowercase());
        }
        let mut letters = text.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        reasons.push((reason, first.unwrap_or_default() + letters.as_str() + "."));
    }
    reasons
}

#[test]
fn a_problem_points_at_its_explanation() {
    let codes = all();
    let anchors: BTreeSet<String> = codes.iter().map(Code::anchor).collect();
    assert_eq!(anchors.len(), codes.len());
    assert!(anchors.contains("inventory-insufficient-stock"));
}
