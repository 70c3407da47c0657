//! What can be set: from a file, the environment and flags, in that order of strength.
//!
//! `settings` is the one table: keys, limits, where each goes. `value` reads and shows single values,
//! `sources` finds them, `manual` writes `docs/configuration.md`.

mod value;

mod settings;

mod sources;

mod manual;

mod args;

#[cfg(test)]
mod tests;

pub use args::ConfigArgs;
pub use manual::manual;
pub use settings::{SETTINGS, Setting};
pub use sources::{ConfigError, FILE, Mistake, Origin, Sources, load};
pub use value::Secret;

use commerce::{carts::CartLimits, orders::OrderLimits};
use engine::{Limits, views::Bounds};
use kernel::Currency;
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// Everything that can be set, with its limits kept.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where journal, index, views and letters lie.
    pub data: PathBuf,
    /// Where the shop answers.
    pub listen: SocketAddr,
    /// Where measurements are read; with everything else unless it is set.
    pub metrics_listen: Option<SocketAddr>,
    /// The bearer key of staff; made at the first start unless it is set.
    pub staff_key: Option<Secret>,
    /// What is logged, and how.
    pub log: Log,
    /// Where traces are sent, over HTTP; nowhere unless it is set.
    pub otlp_endpoint: Option<String>,
    /// How much a caller may ask for.
    pub http: Http,
    /// How much the engine takes at once.
    pub engine: Limits,
    /// How much the views hold back and keep in memory.
    pub views: Bounds,
    /// What this shop sells in, and how much at once.
    pub shop: ShopRules,
    /// Who takes the money.
    pub payments: Partner,
    /// Who carries the parcels.
    pub carrier: Partner,
    /// Webhooks may be sent to private addresses, too.
    pub allow_private_webhooks: bool,
    /// Orders a second that simulated shoppers place in a demonstration.
    pub demo_rate: f64,
    /// Where what was set comes from; all else is as it always was.
    origins: BTreeMap<&'static str, Origin>,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// As text or as JSON.
    pub format: LogFormat,
    /// What is told, as in `info` or `info,engine=debug`.
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: an object a line.
    Json,
}

/// How much a caller may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    /// The largest body, in bytes; imports stream.
    pub body_bytes: usize,
    /// All headers of a request, in bytes.
    pub header_bytes: usize,
    /// Requests that are answered at once; one more is told to come back.
    pub concurrency: usize,
    /// How long a request may take.
    pub timeout: Duration,
}

/// What a shop sells in, and how much at once.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopRules {
    /// Of all prices.
    pub currency: Currency,
    /// How large an order may be.
    pub orders: OrderLimits,
    /// How large a cart may be.
    pub carts: CartLimits,
    /// Minor units up to which an order may be paid on delivery; 0: not at all.
    pub cash_on_delivery: u64,
}

/// Somebody outside who is asked over HTTP and answers by webhook.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partner {
    /// Where he is asked.
    pub url: Option<String>,
    /// What his webhooks are signed with (Standard Webhooks).
    pub webhook_secret: Option<Secret>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: PathBuf::from("cartage-data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)),
            metrics_listen: None,
            staff_key: None,
            log: Log { format: LogFormat::Text, level: "info".to_owned() },
            otlp_endpoint: None,
            http: Http {
                body_bytes: 1024 * 1024,
                header_bytes: 32 * 1024,
                concurrency: 1024,
                timeout: Duration::from_secs(30),
            },
            // Whoever follows a running shop is never far behind.
            engine: Limits { feed_facts: 1 << 15, ..Limits::default() },
            views: Bounds { documents: 1 << 13, ..Bounds::default() },
            shop: ShopRules {
                currency: Currency::GBP,
                orders: OrderLimits::default(),
                carts: CartLimits::default(),
                cash_on_delivery: 10_000,
            },
            payments: Partner::default(),
            carrier: Partner::default(),
            allow_private_webhooks: false,
            demo_rate: 2.0,
            origins: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Where the value of a key comes from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }
}
