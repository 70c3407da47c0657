//! What wins, what is refused and how it is said, and that the manual is current.

use super::*;
use std::{fs, path::Path};

fn file(folder: &Path, text: &str) -> Option<PathBuf> {
    let path = folder.join("shop.toml");
    fs::write(&path, text).expect("the folder is writable");
    Some(path)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    load(&Sources { file: file(folder.path(), text), ..Sources::default() })
}

fn said(result: Result<Config, ConfigError>) -> String {
    result.expect_err("it is wrong").to_string()
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let text =
        "listen = \"0.0.0.0:1\"\n[http]\nconcurrency = 1\nbody_bytes = 2000\ntimeout_seconds = 7\n";
    let sources = Sources {
        file: file(folder.path(), text),
        environment: pairs(&[
            ("CARTAGE_HTTP_CONCURRENCY", "2"),
            ("CARTAGE_LISTEN", "0.0.0.0:2"),
            ("PATH", "/bin"),
            ("CARTAGE_BLESS", "1"),
        ]),
        flags: pairs(&[("listen", "0.0.0.0:3")]),
    };
    let config = load(&sources).expect("all of it is allowed");
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.http.concurrency, 2);
    assert_eq!((config.http.body_bytes, config.http.timeout.as_secs()), (2000, 7));
    assert_eq!(config.origin("listen"), Origin::Flag);
    let variable = "CARTAGE_HTTP_CONCURRENCY".to_owned();
    assert_eq!(config.origin("http.concurrency"), Origin::Environment(variable));
    assert!(matches!(config.origin("http.body_bytes"), Origin::File(_)));
    assert_eq!(config.origin("http.header_bytes"), Origin::Default);
}

#[test]
fn every_default_is_allowed_and_comes_back_from_what_is_printed() {
    let printed = Config::default().to_toml();
    let again = from_file(&printed).expect("what is printed can be read");
    assert_eq!(without_origins(&again), without_origins(&Config::default()));
}

fn without_origins(config: &Config) -> Vec<Option<serde_json::Value>> {
    SETTINGS.iter().map(|setting| setting.shown(config)).collect()
}

#[test]
fn every_key_can_be_set_by_its_variable() {
    for setting in SETTINGS {
        let Some(value) = setting.shown(&Config::default()) else { continue };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let environment = vec![(setting.variable(), text)];
        let config = load(&Sources { environment, ..Sources::default() });
        let config = config.expect("a default is allowed");
        assert_eq!(config.origin(setting.key), Origin::Environment(setting.variable()));
    }
}

#[test]
fn all_mistakes_are_told_with_key_value_and_what_is_allowed() {
    let text = said(from_file(
        "currency = \"GBP\"\n[http]\nconcurency = 3\ntimeout_seconds = 0\n[log]\nformat = \"xml\"\n",
    ));
    for expected in [
        "there is no setting \"currency\"; did you mean \"shop.currency\"?",
        "there is no setting \"http.concurency\"; did you mean \"http.concurrency\"?",
        "http.timeout_seconds = 0 is not allowed: it has to be a whole number of seconds, 1 to 600",
        "log.format = \"xml\" is not allowed: it has to be one of text, json",
        "shop.toml",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
}

#[test]
fn a_file_that_is_none_is_named_with_the_line() {
    let text = said(from_file("listen = \n"));
    assert!(text.contains("shop.toml is no TOML") && text.contains("line 1"), "{text}");
    let sources = Sources { file: Some("none/such.toml".into()), ..Sources::default() };
    assert!(said(load(&sources)).starts_with("none/such.toml: "));
}

#[test]
fn a_variable_that_means_nothing_is_refused() {
    let environment = pairs(&[("CARTAGE_LISTN", "0.0.0.0:1")]);
    let text = said(load(&Sources { environment, ..Sources::default() }));
    assert_eq!(text, "CARTAGE_LISTN: there is no setting \"listn\"; did you mean \"listen\"?");
}

#[test]
fn a_secret_is_neither_printed_nor_repeated_nor_taken_from_the_command_line() {
    let secret = "correct horse battery";
    let environment = pairs(&[("CARTAGE_STAFF_KEY", secret)]);
    let config = load(&Sources { environment, ..Sources::default() }).expect("it is long enough");
    assert_eq!(config.staff_key.as_ref().map(Secret::expose), Some(secret));
    let shown = format!("{config:?}{}{}", config.to_toml(), config.to_json());
    assert!(!shown.contains(secret) && shown.contains("***"), "{shown}");
    let short = said(from_file("staff_key = \"hushhush\"\n"));
    assert!(!short.contains("hushhush") && short.contains("16 characters"), "{short}");
    let flags = pairs(&[("staff_key", secret)]);
    let text = said(load(&Sources { flags, ..Sources::default() }));
    assert!(!text.contains(secret) && text.contains("set CARTAGE_STAFF_KEY"), "{text}");
}

#[test]
fn kinds_take_what_they_should_and_nothing_else() {
    for (line, good) in [
        ("staff_key = 1234567890123456", false),
        ("listen = \"localhost\"", false),
        ("listen = \"[::1]:80\"", true),
        ("otlp_endpoint = \"ftp://a\"", false),
        ("otlp_endpoint = \"http://127.0.0.1:4318/v1/traces\"", true),
        ("allow_private_webhooks = \"yes\"", false),
        ("allow_private_webhooks = true", true),
        ("log.level = \"inof\"", false),
        ("log.level = \"warn,engine=debug\"", true),
        ("shop.currency = \"XXQ\"", false),
        ("shop.currency = \"EUR\"", true),
        ("http.concurrency = \"12\"", false),
        ("http.concurrency = -1", false),
        ("http.concurrency = 1.5", false),
        ("demo.rate = 3", true),
        ("demo.rate = nan", false),
        ("payments.webhook_secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"", true),
        ("payments.webhook_secret = \"whsec_!\"", false),
        ("http = 3", false),
        ("data = \"\"", false),
        ("engine.lag_facts = 1000", false),
    ] {
        assert_eq!(from_file(line).is_ok(), good, "{line}");
    }
}

#[test]
fn the_manual_tells_of_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let current = manual();
    if std::env::var_os("CARTAGE_BLESS").is_some() {
        fs::write(&path, &current).expect("the docs are writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == current, "docs/configuration.md is old: CARTAGE_BLESS=1 writes it");
}
