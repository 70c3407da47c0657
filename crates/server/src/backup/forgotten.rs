//! Who has been forgotten: as the journal tells, and as a newer list does.

use super::{BackupError, Result};
use journal::{RawLine, Reader};
use kernel::PersonId;
use std::{collections::BTreeSet, fs, path::Path};

const STREAM: &str = "person/";
const KIND: &str = "customers/forgotten@1";

/// The people of a list, a line each: an id, `person/<id>`, or a fact as `cartage journal export
/// --type customers/forgotten@1` writes it; other facts and empty lines are passed over.
///
/// # Errors
/// When the list cannot be read, or a line names nobody.
pub fn read_forgotten(path: &Path) -> Result<BTreeSet<PersonId>> {
    let text = fs::read_to_string(path).map_err(BackupError::io(path))?;
    let mut people = BTreeSet::new();
    for (line, text) in (1..).zip(text.lines().map(str::trim)) {
        if text.is_empty() {
            continue;
        }
        let person = match RawLine::read(text) {
            Ok(fact) if fact.kind != KIND => continue,
            Ok(fact) => person(&fact.stream),
            Err(_) => person(text),
        };
        people.insert(person.ok_or(BackupError::BadForgotten { path: path.to_owned(), line })?);
    }
    Ok(people)
}

/// The people of whom a journal says that they were forgotten.
pub(super) fn of_journal(reader: &dyn Reader) -> Result<BTreeSet<PersonId>> {
    let (mut people, mut after) = (BTreeSet::new(), 0);
    while let Some(block) = reader.block_after(after)? {
        // Most lines are told apart without being parsed.
        for line in block.text()?.lines().filter(|line| line.contains(KIND)) {
            let fact = RawLine::read(line)?;
            people.extend(person(&fact.stream).filter(|_| fact.kind == KIND));
        }
        after = block.last;
    }
    Ok(people)
}

fn person(text: &str) -> Option<PersonId> {
    text.strip_prefix(STREAM).unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use commerce::customers::CustomerFact;

    const SOMEBODY: &str = "00000000-0000-4000-8000-000000000001";

    fn read(text: &str) -> Result<BTreeSet<PersonId>> {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let path = folder.path().join("list");
        fs::write(&path, text).expect("the folder is writable");
        read_forgotten(&path)
    }

    #[test]
    fn a_list_has_ids_streams_or_exported_facts() {
        let fact = |stream: &str, kind: &str| {
            format!(
                r#"{{"partition":0,"position":7,"stream":"{stream}","version":2,"type":"{kind}","at":"2026-11-20T10:00:00Z","actor":"system"}}"#
            )
        };
        let somebody = fact(&format!("person/{SOMEBODY}"), KIND);
        let other = fact("person/00000000-0000-4000-8000-000000000002", "customers/met@1");
        let people = BTreeSet::from([SOMEBODY.parse().expect("it is an id")]);
        for text in
            [SOMEBODY.to_owned(), format!("\nperson/{SOMEBODY}\n"), somebody + "\n" + &other]
        {
            assert_eq!(read(&text).expect("all lines are good"), people, "{text}");
        }
    }

    #[test]
    fn a_line_that_names_nobody_is_told_by_its_number() {
        let said = read(&format!("{SOMEBODY}\nJohn Smith\n")).expect_err("no id").to_string();
        assert!(said.contains("line 2 names no person"), "{said}");
    }

    #[test]
    fn the_fact_is_called_as_it_is_looked_for() {
        let told = serde_json::to_value(CustomerFact::Forgotten).expect("facts are plain data");
        assert_eq!(told["type"], KIND);
    }
}
