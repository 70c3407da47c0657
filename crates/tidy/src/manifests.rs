//! Who may depend on whom, and what every `Cargo.toml` says.

use crate::Flaw;

/// One crate of the house.
struct Room {
    name: &'static str,
    /// Crates of the house that it may use.
    uses: &'static [&'static str],
    /// Further ones that its tests may use.
    in_tests: &'static [&'static str],
    /// No clock, no disk, no thread, nothing asynchronous: only [`PURE`] from outside.
    pure: bool,
}

/// The dependency rules of ARCHITECTURE.md; a new crate is added there and here.
const HOUSE: &[Room] = &[
    Room { name: "kernel", uses: &[], in_tests: &[], pure: true },
    Room { name: "commerce", uses: &["kernel"], in_tests: &[], pure: true },
    Room { name: "warehouse", uses: &["kernel"], in_tests: &[], pure: true },
    Room {
        name: "flows",
        uses: &["kernel", "commerce", "warehouse"],
        in_tests: &["journal", "engine"],
        pure: true,
    },
    Room { name: "journal", uses: &["kernel"], in_tests: &[], pure: false },
    Room { name: "engine", uses: &["kernel", "journal"], in_tests: &[], pure: false },
    Room {
        name: "gateways",
        uses: &["kernel", "commerce", "warehouse", "flows", "journal", "engine"],
        in_tests: &[],
        pure: false,
    },
    Room {
        name: "server",
        uses: &["kernel", "commerce", "warehouse", "flows", "journal", "engine", "gateways"],
        in_tests: &[],
        pure: false,
    },
    // Knows the shop by its HTTP API alone.
    Room { name: "bench-http", uses: &[], in_tests: &[], pure: false },
    Room { name: "tidy", uses: &[], in_tests: &[], pure: false },
];

/// What pure crates may take from outside the house.
const PURE: &[&str] = &[
    "compact_str",
    "iso_currency",
    "jiff",
    "rustc-hash",
    "serde",
    "serde_json",
    "thiserror",
    "uuid",
];

/// What the tests of pure crates may take besides.
const PURE_IN_TESTS: &[&str] = &["insta", "proptest", "tempfile"];

/// Crates from outside that have one place: SQL below, HTTP and the terminal on top.
const PLACES: &[(&str, &[&str])] = &[
    ("axum", &["bench-http", "server"]),
    ("clap", &["bench-http", "server"]),
    ("hyper", &["bench-http", "server"]),
    ("reqwest", &["gateways", "server"]),
    ("rusqlite", &["journal", "engine", "server"]),
    ("tokio", &["bench-http", "engine", "gateways", "server"]),
    ("tokio-postgres", &["bench-http"]),
    ("tower", &["server"]),
    ("zstd", &["journal", "server"]),
];

/// One line under `[dependencies]` or `[dev-dependencies]`.
#[derive(Debug, PartialEq)]
struct Dependency<'a> {
    name: &'a str,
    line: usize,
    for_tests: bool,
    inherited: bool,
}

/// The `Cargo.toml` of one crate.
pub fn check(file: &str, text: &str) -> Vec<Flaw> {
    let mut flaws = sayings(file, text);
    let name = value(text, "package", "name").unwrap_or_default();
    let Some(room) = HOUSE.iter().find(|room| room.name == name) else {
        let what = format!("`{name}` has no place in the house");
        flaws.push(Flaw::new(
            file,
            1,
            what,
            "say whom it may use in crates/tidy/src/manifests.rs and ARCHITECTURE.md",
        ));
        return flaws;
    };
    for dependency in dependencies(text) {
        flaws.extend(judge(file, room, &dependency));
    }
    flaws
}

/// Whether clippy and the workspace hold the limits that STYLE.md states.
pub fn limits(clippy: &str, workspace: &str) -> Vec<Flaw> {
    let wanted = [
        ("clippy.toml", clippy, "too-many-lines-threshold = 70"),
        ("clippy.toml", clippy, "too-many-arguments-threshold = 5"),
        ("Cargo.toml", workspace, "unsafe_code = \"forbid\""),
        ("Cargo.toml", workspace, "too_many_lines = \"deny\""),
        ("Cargo.toml", workspace, "too_many_arguments = \"deny\""),
        ("Cargo.toml", workspace, "unwrap_used = \"deny\""),
    ];
    wanted
        .into_iter()
        .filter(|(_, text, line)| !text.lines().any(|found| found.trim() == *line))
        .map(|(file, _, line)| {
            Flaw::new(file, 1, format!("`{line}` is missing"), "put it back: STYLE.md promises it")
        })
        .collect()
}

fn judge(file: &str, room: &Room, dependency: &Dependency<'_>) -> Option<Flaw> {
    let Dependency { name, line, for_tests, inherited } = *dependency;
    let flaw = |what: String, remedy| Some(Flaw::new(file, line, what, remedy));
    let user = room.name;
    if !inherited {
        return flaw(
            format!("`{name}` brings its own version or path"),
            "write `.workspace = true` and name the version once, in the root Cargo.toml",
        );
    }
    if HOUSE.iter().any(|other| other.name == name) {
        let may = room.uses.contains(&name) || (for_tests && room.in_tests.contains(&name));
        return (!may).then(|| {
            let what = format!("`{user}` may not use `{name}`");
            Flaw::new(
                file,
                line,
                what,
                "move the code to where both are known: see ARCHITECTURE.md",
            )
        });
    }
    let places = PLACES.iter().find(|(outside, _)| *outside == name);
    if places.is_some_and(|(_, places)| !places.contains(&user)) {
        return flaw(
            format!("`{name}` has no place in `{user}`"),
            "put what needs it into the crate that has it",
        );
    }
    let harmless = PURE.contains(&name) || (for_tests && PURE_IN_TESTS.contains(&name));
    if room.pure && !harmless {
        return flaw(
            format!("`{user}` is pure and may not use `{name}`"),
            "do it in engine, gateways or server, and put the result into the command",
        );
    }
    None
}

fn sayings(file: &str, text: &str) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut want = |met: bool, what: &str, remedy| {
        if !met {
            flaws.push(Flaw::new(file, 1, what, remedy));
        }
    };
    let described = value(text, "package", "description").is_some_and(|words| words.len() > 10);
    want(described, "the crate has no description", "say in a sentence what it does");
    let linted = value(text, "lints", "workspace") == Some("true");
    want(linted, "the lints of the workspace are not inherited", "add `[lints] workspace = true`");
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        let inherited = value(text, "package", &format!("{key}.workspace")) == Some("true");
        let what = format!("`{key}` is not the workspace's");
        want(inherited, &what, "write `.workspace = true` behind it");
    }
    flaws
}

/// The dependencies of a manifest; only the forms that this house uses are understood, and another
/// form counts as one that is not inherited.
fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut section = "";
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            if let Some((kind, name)) = section.rsplit_once("dependencies.") {
                let for_tests = kind.ends_with("dev-");
                found.push(Dependency { name, line: number, for_tests, inherited: false });
            }
            continue;
        }
        let Some((key, rest)) = line.split_once('=') else { continue };
        if !section.ends_with("dependencies") || line.starts_with('#') {
            continue;
        }
        let name = key.trim().trim_end_matches(".workspace");
        let inherited = key.trim().ends_with(".workspace") || rest.contains("workspace = true");
        let for_tests = section.ends_with("dev-dependencies");
        found.push(Dependency { name, line: number, for_tests, inherited });
    }
    found
}

/// `key = value` in a section, without quotation marks.
fn value<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let mut here = "";
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            here = header.trim_end_matches(']');
        } else if let Some((found, value)) = line.split_once('=')
            && here == section
            && found.trim() == key
        {
            return Some(value.trim().trim_matches('"'));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, dependencies: &str) -> String {
        let inherited = ["version", "edition", "rust-version", "license", "publish"]
            .map(|key| format!("{key}.workspace = true\n"))
            .concat();
        format!(
            "[package]\nname = \"{name}\"\ndescription = \"Does something nice\"\n{inherited}\n\
             {dependencies}\n[lints]\nworkspace = true\n"
        )
    }

    fn said(name: &str, dependencies: &str) -> Vec<String> {
        let flaws = check("Cargo.toml", &manifest(name, dependencies));
        flaws.into_iter().map(|flaw| flaw.what).collect()
    }

    #[test]
    fn a_crate_that_keeps_the_rules_is_left_alone() {
        let uses = "[dependencies]\nkernel.workspace = true\nserde.workspace = true\n\
                    [dev-dependencies]\nproptest.workspace = true\n";
        assert_eq!(said("commerce", uses), Vec::<String>::new());
    }

    #[test]
    fn selling_and_delivering_do_not_know_each_other() {
        let uses = "[dependencies]\nwarehouse.workspace = true\n";
        assert_eq!(said("commerce", uses), ["`commerce` may not use `warehouse`"]);
        let uses = "[dev-dependencies]\ncommerce = { workspace = true }\n";
        assert_eq!(said("warehouse", uses), ["`warehouse` may not use `commerce`"]);
    }

    #[test]
    fn the_kernel_uses_nobody_and_the_engine_no_business() {
        let uses = "[dependencies]\njournal.workspace = true\n";
        assert_eq!(said("kernel", uses), ["`kernel` may not use `journal`"]);
        let uses = "[dev-dependencies]\nflows.workspace = true\n";
        assert_eq!(said("engine", uses), ["`engine` may not use `flows`"]);
    }

    #[test]
    fn a_pure_crate_takes_nothing_that_waits_or_touches() {
        let uses = "[dependencies]\ntokio.workspace = true\nrand.workspace = true\n";
        let expected =
            ["`tokio` has no place in `flows`", "`flows` is pure and may not use `rand`"];
        assert_eq!(said("flows", uses), expected);
        let uses = "[dependencies]\nproptest.workspace = true\n";
        assert_eq!(said("flows", uses), ["`flows` is pure and may not use `proptest`"]);
    }

    #[test]
    fn versions_stand_in_the_root_and_nowhere_else() {
        let own = "`csv` brings its own version or path";
        assert_eq!(said("server", "[dependencies]\ncsv = \"1\"\n"), [own]);
        assert_eq!(said("server", "[dependencies.csv]\nversion = \"1\"\n"), [own]);
    }

    #[test]
    fn an_unknown_crate_has_to_be_placed_first() {
        assert_eq!(said("utils", ""), ["`utils` has no place in the house"]);
    }

    #[test]
    fn a_crate_says_what_it_does_and_inherits_what_all_share() {
        let text = "[package]\nname = \"kernel\"\nversion = \"1\"\n";
        let whats: Vec<_> = check("Cargo.toml", text).into_iter().map(|flaw| flaw.what).collect();
        assert_eq!(whats.len(), 7);
        assert_eq!(whats[0], "the crate has no description");
        assert_eq!(whats[2], "`version` is not the workspace's");
    }

    #[test]
    fn a_flaw_names_the_line() {
        let text = manifest("commerce", "[dependencies]\nkernel.workspace = true\nrand = \"1\"\n");
        assert_eq!(check("x/Cargo.toml", &text)[0].line, 12);
    }

    #[test]
    fn loosened_limits_are_noticed() {
        let clippy = "too-many-lines-threshold = 200\ntoo-many-arguments-threshold = 5\n";
        let workspace = "unsafe_code = \"forbid\"\ntoo_many_lines = \"deny\"\n\
                         too_many_arguments = \"deny\"\nunwrap_used = \"deny\"\n";
        let flaws = limits(clippy, workspace);
        assert_eq!(flaws.len(), 1);
        assert_eq!(flaws[0].file, "clippy.toml");
    }
}
