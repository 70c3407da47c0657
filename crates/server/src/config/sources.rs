//! File, environment and flags: the later ones win, and every mistake is told, not only the first.

use super::{Config, SETTINGS, Setting};
use serde_json::{Map, Value as Json};
use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

/// The file that is read where none is named, if it is there.
pub const FILE: &str = "cartage.toml";
/// Variables that say something else than a setting does.
const OTHERS: &[&str] = &["CARTAGE_CONFIG", "CARTAGE_URL", "CARTAGE_BLESS"];
const OTHER_PREFIXES: &[&str] = &["CARTAGE_TEST_", "CARTAGE_FAULT_"];

/// Where settings are looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    /// TOML; [`FILE`] in the working folder where none is named, and it need not be there.
    pub file: Option<PathBuf>,
    /// Variables; those of other programs are passed over.
    pub environment: Vec<(String, String)>,
    /// Key and value, as flags have set them.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// What this process was given.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Sources {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Sources { file, environment, flags }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// Nobody has set it.
    Default,
    /// This file.
    File(PathBuf),
    /// This variable.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => path.display().fmt(f),
            Origin::Environment(variable) => f.write_str(variable),
            Origin::Flag => f.write_str("command line"),
        }
    }
}

/// One thing that is set wrongly.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Mistake {
    /// No such key.
    #[error("{origin}: there is no setting {key:?}{}", like(.near))]
    Unknown {
        /// As it was written.
        key: String,
        /// Where.
        origin: Origin,
        /// What may have been meant.
        near: Option<&'static str>,
    },
    /// Not one of the allowed values.
    #[error("{origin}: {key} = {value} is not allowed: it has to be {allowed}")]
    NotAllowed {
        /// Of the setting.
        key: &'static str,
        /// As it was written; secrets are not repeated.
        value: String,
        /// Where.
        origin: Origin,
        /// In words.
        allowed: String,
    },
    /// A secret where every user of the machine can read it.
    #[error(
        "{key} is a secret, and a command line can be read by all users: set {variable}, or write it into the file"
    )]
    SecretInFlag {
        /// Of the setting.
        key: &'static str,
        /// Where it belongs.
        variable: String,
    },
    /// Two settings that contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

fn like(near: &Option<&'static str>) -> String {
    match near {
        Some(near) => format!("; did you mean {near:?}?"),
        None => ": `cartage config` lists all of them".to_owned(),
    }
}

/// Why nothing is set.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}: name a file that can be read with --config", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("{} is no TOML: {what}", path.display())]
    NotToml {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// Values that are wrong.
    #[error("{}", lines(.0))]
    Mistakes(Vec<Mistake>),
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads all of it.
///
/// # Errors
/// When the file cannot be read, or something is set wrongly: then everything that is.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut reading = Reading { config: Config::default(), mistakes: Vec::new() };
    let path = sources.file.clone().or_else(|| Path::new(FILE).is_file().then(|| FILE.into()));
    if let Some(path) = path {
        let values = read(&path)?;
        reading.section("", &values, &Origin::File(path));
    }
    for (name, value) in &sources.environment {
        reading.variable(name, value);
    }
    for (key, value) in &sources.flags {
        reading.flag(key, value);
    }
    reading.end()
}

fn read(path: &Path) -> Result<Map<String, Json>, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let parsed = ::config::Config::builder()
        .add_source(::config::File::from_str(&text, ::config::FileFormat::Toml))
        .build()
        .and_then(::config::Config::try_deserialize);
    parsed.map_err(|error| ConfigError::NotToml {
        path: path.to_owned(),
        what: error.to_string().trim().to_owned(),
    })
}

struct Reading {
    config: Config,
    mistakes: Vec<Mistake>,
}

impl Reading {
    fn section(&mut self, prefix: &str, values: &Map<String, Json>, origin: &Origin) {
        for (name, value) in values {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match (find(&key), value) {
                (Some(setting), value) => {
                    let good = setting.kind.read(value);
                    self.take(setting, good, (&value.to_string(), origin.clone()));
                }
                (None, Json::Object(inner)) if is_section(&key) => {
                    self.section(&key, inner, origin);
                }
                (None, _) => self.unknown(key, origin.clone()),
            }
        }
    }

    fn variable(&mut self, name: &str, value: &str) {
        let other =
            OTHERS.contains(&name) || OTHER_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        if !name.starts_with("CARTAGE_") || other {
            return;
        }
        let origin = Origin::Environment(name.to_owned());
        match SETTINGS.iter().find(|setting| setting.variable() == name) {
            Some(setting) => self.take(setting, setting.kind.parse(value), (value, origin)),
            None => {
                let key = name["CARTAGE_".len()..].to_lowercase();
                self.unknown(key, origin);
            }
        }
    }

    fn flag(&mut self, key: &str, value: &str) {
        match find(key) {
            Some(Setting { key, .. }) if find(key).is_some_and(Setting::is_secret) => {
                let variable = find(key).map(Setting::variable).unwrap_or_default();
                self.mistakes.push(Mistake::SecretInFlag { key, variable });
            }
            Some(setting) => self.take(setting, setting.kind.parse(value), (value, Origin::Flag)),
            None => self.unknown(key.to_owned(), Origin::Flag),
        }
    }

    fn take(
        &mut self,
        setting: &Setting,
        good: Option<super::value::Value>,
        (written, origin): (&str, Origin),
    ) {
        match good {
            Some(value) => {
                (setting.set)(&mut self.config, value);
                self.config.origins.insert(setting.key, origin);
            }
            None => {
                let value = if setting.is_secret() { "***".to_owned() } else { shown(written) };
                let allowed = setting.allowed();
                self.mistakes.push(Mistake::NotAllowed {
                    key: setting.key,
                    value,
                    origin,
                    allowed,
                });
            }
        }
    }

    fn unknown(&mut self, key: String, origin: Origin) {
        let near = nearest(&key);
        self.mistakes.push(Mistake::Unknown { key, origin, near });
    }

    fn end(mut self) -> Result<Config, ConfigError> {
        let limits = &self.config.engine;
        if self.mistakes.is_empty() && limits.lag_facts < limits.checkpoint_facts {
            self.mistakes.push(Mistake::Contradiction(
                "engine.lag_facts is below engine.checkpoint_facts: commits would wait for an index \
                 that is not due yet",
            ));
        }
        match self.mistakes.is_empty() {
            true => Ok(self.config),
            false => Err(ConfigError::Mistakes(self.mistakes)),
        }
    }
}

fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

fn is_section(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.split_once('.').is_some_and(|(head, _)| head == name))
}

/// Enough to recognise it by.
fn shown(written: &str) -> String {
    match written.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &written[..end]),
        None => written.to_owned(),
    }
}

/// The key that differs least, if it differs little; a dot and an underscore are the same here.
fn nearest(key: &str) -> Option<&'static str> {
    let plain = |key: &str| key.replace('.', "_").to_lowercase();
    let wanted = plain(key);
    let distances = SETTINGS.iter().map(|setting| {
        let whole = distance(&wanted, &plain(setting.key));
        // Without its section, too: `currency` is `shop.currency`.
        let bare = setting.key.rsplit('.').next().unwrap_or_default();
        (whole.min(distance(&wanted, bare)), setting.key)
    });
    distances.filter(|(distance, _)| *distance <= 2).min().map(|(_, key)| key)
}

/// Letters to put in, take away or change (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, found) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *found);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
