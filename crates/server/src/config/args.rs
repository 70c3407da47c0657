//! The flags by which every command finds its configuration.

use super::{Config, ConfigError, Sources, load};
use std::path::PathBuf;

/// Where the configuration is, and what is set on the command line.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigArgs {
    /// Read settings from this file (default: cartage.toml, if it is there)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CARTAGE_CONFIG",
        help_heading = "Settings"
    )]
    pub config: Option<PathBuf>,
    /// Set a key of docs/configuration.md, as in http.body_bytes=2097152
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair, help_heading = "Settings")]
    pub set: Vec<(String, String)>,
}

impl ConfigArgs {
    /// Everything that is set; `flags` are those that a command has for some keys, where they were
    /// given, and are the strongest.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self, flags: &[(&str, Option<String>)]) -> Result<Config, ConfigError> {
        let given =
            flags.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.clone()?)));
        let flags = self.set.iter().cloned().chain(given).collect();
        load(&Sources::of_process(self.config.clone(), flags))
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write KEY=VALUE, as in http.concurrency=256")?;
    Ok((pair.0.trim().to_owned(), pair.1.trim().to_owned()))
}
