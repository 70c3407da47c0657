//! `docs/configuration.md`, and what `cartage config` prints: both from the one table.

use super::{Config, SETTINGS};
use serde_json::{Value as Json, json};
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

<!-- Generated from crates/server/src/config/settings.rs: `CARTAGE_BLESS=1 cargo test -p server config` writes it. -->

What can be set, by file, environment and flags, in that order of strength: a flag wins over a variable, and a variable over the file.

- **File**: `cartage.toml` in the working folder, or the one named with `--config` (`CARTAGE_CONFIG`). TOML; a key with a dot stands in its section: `[http]`, `body_bytes = 2097152`.
- **Environment**: the variable in the table.
- **Flags**: `--set http.body_bytes=2097152` for any key that is no secret, any number of times; the commonest have flags of their own (`--data`, `--listen`).

A key, a variable `CARTAGE_…` or a value that means nothing is refused, with what would be allowed. `cartage config` prints what holds and where each value comes from, with secrets masked; `--json` for programs.

";

/// The page of the manual.
pub fn manual() -> String {
    let defaults = Config::default();
    let mut text = HEAD.to_owned();
    let mut section = None;
    for setting in SETTINGS {
        let own = setting.key.split_once('.').map_or("", |(section, _)| section);
        if section != Some(own) {
            let title = if own.is_empty() { "Without a section" } else { own };
            let heading = if own.is_empty() { title.to_owned() } else { format!("`[{title}]`") };
            let space = if section.is_some() { "\n" } else { "" };
            text += &format!(
                "{space}## {heading}\n\n| key | what | allowed | default | variable |\n|---|---|---|---|---|\n"
            );
            section = Some(own);
        }
        let default = match setting.shown(&defaults) {
            Some(value) => format!("`{}`", plain(&value)),
            None => "not set".to_owned(),
        };
        let (key, about, allowed) = (setting.key, setting.about, setting.allowed());
        let variable = setting.variable();
        text += &format!("| `{key}` | {about} | {allowed} | {default} | `{variable}` |\n");
    }
    text
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Config {
    /// As TOML, each value with where it comes from; what is not set is a comment.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for setting in SETTINGS {
            let (own, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
            if own != section {
                let _ = write!(text, "\n[{own}]\n");
                section = own;
            }
            let line = match setting.shown(self) {
                // A JSON text is one of TOML, too.
                Some(value) => format!("{name} = {value}"),
                None => format!("# {name} is not set"),
            };
            let origin = self.origin(setting.key);
            let line =
                if setting.shown(self).is_some() { format!("{line:<44} # {origin}") } else { line };
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// As JSON: `{"http.body_bytes": {"value": 1048576, "from": "default"}}`.
    pub fn to_json(&self) -> Json {
        let settings = SETTINGS.iter().map(|setting| {
            let from = self.origin(setting.key).to_string();
            (setting.key.to_owned(), json!({ "value": setting.shown(self), "from": from }))
        });
        Json::Object(settings.collect())
    }
}
