//! The rules of the house, on the whole house: each failure names file, line, and what to do.

use std::{path::PathBuf, process::Command, sync::LazyLock};
use tidy::{Flaw, Tree, alarms, contexts, manifests, prose, root, sources, words};

static HOUSE: LazyLock<Tree> =
    LazyLock::new(|| Tree::read(&home()).expect("every file of the house can be read"));

fn home() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[track_caller]
fn none(flaws: impl IntoIterator<Item = Flaw>) {
    let flaws: Vec<String> = flaws.into_iter().map(|flaw| flaw.to_string()).collect();
    assert!(flaws.is_empty(), "\n{}\n", flaws.join("\n"));
}

#[test]
fn every_crate_uses_only_whom_it_may_and_says_what_it_does() {
    let manifests = HOUSE.ending("Cargo.toml").filter(|file| file.path != "Cargo.toml");
    none(manifests.flat_map(|file| manifests::check(&file.path, &file.text)));
}

#[test]
fn the_limits_of_functions_are_those_of_the_style() {
    let text = |path| HOUSE.file(path).map(|file| file.text.as_str()).unwrap_or_default();
    none(manifests::limits(text("clippy.toml"), text("Cargo.toml")));
}

#[test]
fn every_source_file_has_a_head_and_fits_and_keeps_the_habits() {
    let tested = sources::test_modules(HOUSE.ending(".rs"));
    let check = |file| sources::check(file, sources::is_tested(&file.path, &tested));
    none(HOUSE.ending(".rs").flat_map(check));
}

#[test]
fn contexts_do_not_know_each_other() {
    none(HOUSE.ending(".rs").flat_map(contexts::check));
}

#[test]
fn no_text_names_a_machine_or_puts_off_work() {
    none(HOUSE.files.iter().flat_map(words::check));
}

#[test]
fn every_link_leads_somewhere() {
    none(HOUSE.ending(".md").flat_map(|file| prose::check(&file.path, &file.text, &HOUSE)));
}

#[test]
fn every_alarm_is_explained_to_whom_it_wakes() {
    let manual = HOUSE.file(alarms::MANUAL).map(|file| file.text.as_str()).unwrap_or_default();
    let tested = sources::test_modules(HOUSE.ending(".rs"));
    let real = |file: &&tidy::File| {
        !sources::is_tested(&file.path, &tested) && !file.path.starts_with("crates/tidy/")
    };
    none(HOUSE.ending(".rs").filter(real).flat_map(|file| alarms::check(file, manual)));
}

#[test]
fn the_root_shows_what_everybody_looks_for_and_nothing_else() {
    none(root::missing(|name| HOUSE.paths.iter().any(|path| path == name)));
    // What git does not know is nobody's but the one's who works here; a copy without git has no more to say.
    let tracked = Command::new("git").args(["ls-files"]).current_dir(home()).output();
    if let Ok(tracked) = tracked {
        none(root::check(String::from_utf8_lossy(&tracked.stdout).lines()));
    }
}
