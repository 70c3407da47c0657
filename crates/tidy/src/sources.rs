//! Rust files: heads, lengths, names, and what pure code may not touch.

use crate::{File, Flaw};

/// A file longer than this is two files.
const LINES_MAX: usize = 500;

/// Crates whose code waits for nothing and touches nothing.
const PURE: [&str; 4] = ["kernel", "commerce", "warehouse", "flows"];

/// What would make pure code wait, touch, or give another answer tomorrow.
const IMPURE: &[&str] = &[
    "async fn ",
    ".await",
    "eprintln!",
    "Instant::now",
    "println!",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Timestamp::now",
    "new_v4",
    "now_v7",
];

/// What tests do not do here, and what they do instead.
const HABITS: &[(&str, &str)] = &[
    (concat!("#[ig", "nore"), "mend the test or drop it"),
    (concat!("#[should_", "panic"), "return an error and compare it"),
    (concat!("thread::", "sleep"), "wait for a position, or use the simulated clock"),
    (concat!("(clippy::", "too_many"), "split it: the limits hold for everybody"),
];

/// Words that say nothing about what a type is for.
const EMPTY: &[&str] = &[
    "Abstract", "Base", "Data", "Dto", "Helper", "Impl", "Info", "Manager", "Service", "Util",
    "Utils",
];

/// Names of files and folders that say nothing about what lies in them.
const DRAWERS: &[&str] = &[
    "base",
    "common",
    "controllers",
    "dto",
    "helpers",
    "misc",
    "models",
    "services",
    "util",
    "utils",
];

/// One source file; `tested` says whether all of it is compiled for tests only.
pub fn check(file: &File, tested: bool) -> Vec<Flaw> {
    let mut flaws = shape(file);
    let pure = PURE.iter().any(|name| file.path.starts_with(&format!("crates/{name}/src/")));
    let mut below_tests = tested;
    for (number, line) in (1..).zip(file.text.lines()) {
        let line = line.trim();
        below_tests |= line == "#[cfg(test)]";
        if line.starts_with("//") {
            continue;
        }
        let mut flaw =
            |what: String, remedy| flaws.push(Flaw::new(&file.path, number, what, remedy));
        for (habit, remedy) in HABITS.iter().filter(|(habit, _)| line.contains(habit)) {
            flaw(format!("`{habit}`"), remedy);
        }
        if !below_tests && line.contains(concat!(".unw", "rap()")) {
            flaw(
                "a panic without a reason".into(),
                "use `?`, or `expect` with why it cannot happen",
            );
        }
        if let Some(word) = IMPURE.iter().find(|word| pure && !below_tests && line.contains(*word))
        {
            flaw(
                format!("`{word}` in a pure crate"),
                "do it outside and put the result into the command",
            );
        }
        if let Some(word) = declared(line).and_then(empty_word) {
            flaw(format!("`{word}` in the name of a type"), "name what it is for");
        }
    }
    flaws
}

/// Files that their parents compile for tests only: `#[cfg(test)]` before `mod name;`.
pub fn test_modules<'a>(files: impl IntoIterator<Item = &'a File>) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let folder = match file.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
            _ => file.path.trim_end_matches(".rs"),
        };
        let mut lines = file.text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            let module = lines.peek().and_then(|next| next.strip_prefix("mod ")?.strip_suffix(';'));
            if let Some(module) = module.filter(|_| line == "#[cfg(test)]") {
                found.push(format!("{folder}/{module}"));
            }
        }
    }
    found
}

/// Whether a file lies in one of these modules or among a crate's integration tests.
pub fn is_tested(path: &str, modules: &[String]) -> bool {
    let within = |module: &String| {
        path.strip_prefix(module.as_str())
            .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    let integration = path.split('/').nth(2) == Some("tests");
    integration || modules.iter().any(within)
}

fn shape(file: &File) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut flaw =
        |line, what: String, remedy| flaws.push(Flaw::new(&file.path, line, what, remedy));
    if !file.text.starts_with("//! ") {
        flaw(
            1,
            "no `//!` at the head".into(),
            "begin with a sentence that a shopkeeper understands",
        );
    }
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        flaw(LINES_MAX + 1, format!("{lines} lines"), "split the file by thing, not by layer");
    }
    let drawer = file.path.split(['/', '.']).find(|part| DRAWERS.contains(part));
    if let Some(name) = drawer {
        flaw(1, format!("`{name}` says nothing"), "name the file after what it holds");
    }
    flaws
}

/// The name that a line declares.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
    let rest =
        ["struct ", "enum ", "trait ", "type "].iter().find_map(|kind| line.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric()).next()
}

/// The first word of a camel-cased name that means nothing.
fn empty_word(name: &str) -> Option<&str> {
    let mut starts: Vec<usize> =
        name.char_indices().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at).collect();
    starts.push(name.len());
    starts.windows(2).map(|pair| &name[pair[0]..pair[1]]).find(|word| EMPTY.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.into(), text: text.into() };
        check(&file, false)
            .into_iter()
            .map(|flaw| format!("{}: {}", flaw.line, flaw.what))
            .collect()
    }

    const ORDER: &str = "crates/commerce/src/orders/order.rs";

    #[test]
    fn a_tidy_file_is_left_alone() {
        let text = "//! Orders.\n\n/// One order.\npub struct Order;\n";
        assert_eq!(whats(ORDER, text), Vec::<String>::new());
    }

    #[test]
    fn a_file_begins_with_what_it_is() {
        assert_eq!(whats(ORDER, "use x;\n"), ["1: no `//!` at the head"]);
        assert_eq!(whats(ORDER, ""), ["1: no `//!` at the head"]);
    }

    #[test]
    fn a_long_file_is_found() {
        let text = format!("//! Long.\n{}", "// line\n".repeat(500));
        assert_eq!(whats(ORDER, &text), ["501: 501 lines"]);
        assert_eq!(whats(ORDER, &text[..text.len() - 8]), Vec::<String>::new());
    }

    #[test]
    fn a_panic_needs_a_reason_outside_of_tests() {
        let panic = concat!("let x = y.unw", "rap();\n");
        let text = format!("//! Head.\n{panic}#[cfg(test)]\nmod tests {{\n{panic}}}\n");
        assert_eq!(whats(ORDER, &text), ["2: a panic without a reason"]);
    }

    #[test]
    fn pure_code_reads_no_clock_and_no_file() {
        let text = "//! Head.\nlet now = SystemTime::now();\nstd::fs::read(path)\n";
        let expected = ["2: `SystemTime` in a pure crate", "3: `std::fs` in a pure crate"];
        assert_eq!(whats(ORDER, text), expected);
        assert_eq!(whats("crates/engine/src/clock.rs", text), Vec::<String>::new());
    }

    #[test]
    fn tests_neither_sleep_nor_look_away() {
        let text = concat!("//! Head.\n#[ig", "nore]\nthread::", "sleep(x);\n");
        assert_eq!(whats("crates/engine/src/tests.rs", text).len(), 2);
    }

    #[test]
    fn limits_are_not_lifted_for_anybody() {
        let text = concat!("//! Head.\n#[expect(clippy::", "too_many_lines, reason = \"x\")]\n");
        assert_eq!(whats(ORDER, text), [concat!("2: `(clippy::", "too_many`")]);
    }

    #[test]
    fn names_say_what_things_are_for() {
        let text =
            "//! Head.\npub struct OrderManager;\nenum Database { A }\ntype Basement = u8;\n";
        assert_eq!(whats(ORDER, text), ["2: `Manager` in the name of a type"]);
        let expected = ["1: `utils` says nothing"];
        assert_eq!(whats("crates/engine/src/utils.rs", "//! Head.\n"), expected);
    }

    #[test]
    fn test_modules_are_found_by_their_parents() {
        let file = |path: &str| File {
            path: path.into(),
            text: "//! Head.\nmod rules;\n#[cfg(test)]\nmod laws;\n".into(),
        };
        let parents = [file("crates/a/src/stock/mod.rs"), file("crates/a/src/cart.rs")];
        let modules = test_modules(&parents);
        assert_eq!(modules, ["crates/a/src/stock/laws", "crates/a/src/cart/laws"]);
        assert!(is_tested("crates/a/src/stock/laws.rs", &modules));
        assert!(is_tested("crates/a/src/cart/laws/more.rs", &modules));
        assert!(!is_tested("crates/a/src/stock/rules.rs", &modules));
        assert!(is_tested("crates/a/tests/it/main.rs", &modules));
    }
}
