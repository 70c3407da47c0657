//! Words that no text of the house contains: places on somebody's machine, notes to oneself.

use crate::{File, Flaw};

/// Where somebody's own files lie.
const PLACES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("C:", "\\"),
];

/// Notes to oneself.
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("HA", "CK:")];

/// One file of text, of whatever kind.
pub fn check(file: &File) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let mut flaw = |word: &str, remedy| {
            flaws.push(Flaw::new(&file.path, number, format!("`{word}`"), remedy));
        };
        for place in
            PLACES.iter().filter(|place| line.match_indices(*place).any(|(at, _)| begins(line, at)))
        {
            flaw(
                place,
                "name no place on a machine: take it from an argument, or use a temporary folder",
            );
        }
        for note in NOTES.iter().filter(|note| line.contains(*note)) {
            flaw(note, "do it, or open an issue");
        }
    }
    flaws
}

/// Whether a path begins here, rather than going on.
fn begins(line: &str, at: usize) -> bool {
    let before = line[..at].chars().next_back();
    before.is_none_or(|c| !c.is_alphanumeric() && !"_.-/*}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&File { path: "x.md".into(), text: text.into() }).len()
    }

    #[test]
    fn somebodys_own_places_are_found() {
        assert_eq!(count(concat!("open `/ho", "me/anna/x`\n\nand /tm", "p/x")), 2);
        assert_eq!(count(concat!("src/wo", "rk/mod.rs, example.org/ho", "me/")), 0);
    }

    #[test]
    fn notes_to_oneself_are_found() {
        assert_eq!(count(concat!("// TO", "DO later")), 1);
        assert_eq!(count("XXX is no currency, and todo is Spanish"), 0);
    }
}
