//! Single values: what kinds there are, how one is read from a file or from text, and how it is shown.

use kernel::Currency;
use serde_json::Value as Json;
use std::{fmt, net::SocketAddr};

/// Something that nobody may read by chance: not in logs, not in what `cartage config` prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for whoever has to compare or sign.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// A value that was found good.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(u64),
    Decimal(f64),
    Switch(bool),
    Address(SocketAddr),
    Currency(Currency),
    Secret(Secret),
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// From and to, in this unit.
    Whole {
        least: u64,
        most: u64,
        unit: &'static str,
    },
    /// From and to, in this unit.
    Decimal {
        least: f64,
        most: f64,
        unit: &'static str,
    },
    Switch,
    OneOf(&'static [&'static str]),
    /// What `tracing` takes: levels, also by module.
    Level,
    Address,
    Url,
    Folder,
    Currency,
    /// Of at least so many characters.
    Secret {
        least: usize,
    },
    /// As Standard Webhooks wants it.
    WebhookSecret,
}

impl Kind {
    /// In words, for the manual and for mistakes.
    pub(super) fn allowed(self) -> String {
        match self {
            Kind::Whole { least, most, unit } => {
                format!("a whole number of {unit}, {least} to {most}")
            }
            Kind::Decimal { least, most, unit } => format!("a number of {unit}, {least} to {most}"),
            Kind::Switch => "true or false".to_owned(),
            Kind::OneOf(words) => format!("one of {}", words.join(", ")),
            Kind::Level => {
                "error, warn, info, debug or trace, also by module: info,engine=debug".to_owned()
            }
            Kind::Address => "an address with a port: 127.0.0.1:7070 or [::1]:7070".to_owned(),
            Kind::Url => "a URL: https://payments.example.org".to_owned(),
            Kind::Folder => "a folder".to_owned(),
            Kind::Currency => "a currency of ISO 4217: GBP, EUR, USD, …".to_owned(),
            Kind::Secret { least } => format!("a secret of {least} characters or more"),
            Kind::WebhookSecret => {
                "a secret of Standard Webhooks: whsec_ and 24 to 64 bytes in base64".to_owned()
            }
        }
    }

    pub(super) fn is_secret(self) -> bool {
        matches!(self, Kind::Secret { .. } | Kind::WebhookSecret)
    }

    /// A value of the file, which knows numbers from text.
    pub(super) fn read(self, found: &Json) -> Option<Value> {
        match (self, found) {
            (Kind::Whole { .. } | Kind::Decimal { .. }, Json::Number(number)) => {
                self.parse(&number.to_string())
            }
            (Kind::Switch, Json::Bool(on)) => Some(Value::Switch(*on)),
            (Kind::Whole { .. } | Kind::Decimal { .. } | Kind::Switch, _) => None,
            (_, Json::String(text)) => self.parse(text),
            _ => None,
        }
    }

    /// A value of the environment or a flag, where all is text.
    pub(super) fn parse(self, text: &str) -> Option<Value> {
        match self {
            Kind::Whole { least, most, .. } => {
                let number: u64 = text.parse().ok()?;
                (least..=most).contains(&number).then_some(Value::Whole(number))
            }
            Kind::Decimal { least, most, .. } => {
                let number: f64 = text.parse().ok()?;
                (least..=most).contains(&number).then_some(Value::Decimal(number))
            }
            Kind::Switch => text.parse().ok().map(Value::Switch),
            Kind::OneOf(words) => words.contains(&text).then(|| Value::Text(text.to_owned())),
            Kind::Level => is_level(text).then(|| Value::Text(text.to_owned())),
            Kind::Address => text.parse().ok().map(Value::Address),
            Kind::Url => is_url(text).then(|| Value::Text(text.to_owned())),
            Kind::Folder => (!text.is_empty()).then(|| Value::Text(text.to_owned())),
            Kind::Currency => Currency::from_code(text).map(Value::Currency),
            Kind::Secret { least } => {
                (text.chars().count() >= least).then(|| Value::Secret(Secret::new(text)))
            }
            Kind::WebhookSecret => (text.starts_with("whsec_")
                && standardwebhooks::Webhook::new(text).is_ok())
            .then(|| Value::Secret(Secret::new(text))),
        }
    }
}

/// A word that means nothing to the filter would otherwise be taken for a module's name.
fn is_level(text: &str) -> bool {
    text.split(',').all(|part| {
        let level = part.rsplit_once('=').map_or(
            part,
            |(module, level)| {
                if module.is_empty() { "" } else { level }
            },
        );
        ["off", "error", "warn", "info", "debug", "trace"].contains(&level.trim())
    })
}

fn is_url(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
}

impl Value {
    pub(super) fn text(self) -> String {
        match self {
            Value::Text(text) => text,
            other => unreachable!("{other:?} was read by its kind, which is text"),
        }
    }

    pub(super) fn whole(self) -> u64 {
        match self {
            Value::Whole(number) => number,
            other => unreachable!("{other:?} was read by its kind, which is a whole number"),
        }
    }

    pub(super) fn size(self) -> usize {
        usize::try_from(self.whole()).unwrap_or(usize::MAX)
    }

    pub(super) fn count(self) -> u32 {
        u32::try_from(self.whole()).unwrap_or(u32::MAX)
    }

    pub(super) fn decimal(self) -> f64 {
        match self {
            Value::Decimal(number) => number,
            other => unreachable!("{other:?} was read by its kind, which is a number"),
        }
    }

    pub(super) fn switch(self) -> bool {
        match self {
            Value::Switch(on) => on,
            other => unreachable!("{other:?} was read by its kind, which is a switch"),
        }
    }

    pub(super) fn address(self) -> SocketAddr {
        match self {
            Value::Address(address) => address,
            other => unreachable!("{other:?} was read by its kind, which is an address"),
        }
    }

    pub(super) fn currency(self) -> Currency {
        match self {
            Value::Currency(currency) => currency,
            other => unreachable!("{other:?} was read by its kind, which is a currency"),
        }
    }

    pub(super) fn secret(self) -> Secret {
        match self {
            Value::Secret(secret) => secret,
            other => unreachable!("{other:?} was read by its kind, which is a secret"),
        }
    }

    /// As TOML and as JSON show it; secrets are masked.
    pub(super) fn json(&self) -> Json {
        match self {
            Value::Text(text) => text.as_str().into(),
            Value::Whole(number) => (*number).into(),
            Value::Decimal(number) => (*number).into(),
            Value::Switch(on) => (*on).into(),
            Value::Address(address) => address.to_string().into(),
            Value::Currency(currency) => currency.code().into(),
            Value::Secret(_) => "***".into(),
        }
    }
}
