//! The root folder is a shop window: a handful of documents, one manifest, the folders of the house.

use crate::Flaw;

const SHOWN: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "STYLE.md",
    "bench",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "e2e",
    "examples",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "typos.toml",
];

/// Without these a visitor does not know where he is.
const NEEDED: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "STYLE.md",
];

/// What belongs to the house, by path: its first part is a name in the root.
pub fn check<'a>(tracked: impl IntoIterator<Item = &'a str>) -> Vec<Flaw> {
    let mut names: Vec<&str> =
        tracked.into_iter().filter_map(|path| path.split('/').next()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| !SHOWN.contains(name))
        .map(|name| {
            let remedy =
                "move it below crates, docs or examples, or add it to crates/tidy/src/root.rs";
            Flaw::new(name, 1, "is not shown in the root", remedy)
        })
        .collect()
}

/// Which of the documents that everybody looks for are missing among these names.
pub fn missing<'a>(names: impl Fn(&str) -> bool + 'a) -> Vec<Flaw> {
    let absent = NEEDED.iter().filter(|name| !names(name));
    absent
        .map(|name| Flaw::new(name, 1, "is missing", "write it: STYLE.md says what stands in it"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_belong_in_the_root_is_named() {
        let flaws = check(["README.md", "crates/kernel/Cargo.toml", "notes.txt", "tmp/a", "tmp/b"]);
        let files: Vec<_> = flaws.iter().map(|flaw| flaw.file.as_str()).collect();
        assert_eq!(files, ["notes.txt", "tmp"]);
    }

    #[test]
    fn a_missing_document_is_named() {
        let flaws = missing(|name| name != "STYLE.md");
        assert_eq!(flaws.len(), 1);
        assert_eq!(flaws[0].file, "STYLE.md");
    }
}
