//! The one table of what can be set.

use super::{
    Config, LogFormat, Partner,
    value::{Kind, Value},
};
use std::time::Duration;

/// Something that can be set.
pub struct Setting {
    /// As in the file, `http.body_bytes`; in the environment `CARTAGE_HTTP_BODY_BYTES`.
    pub key: &'static str,
    /// What it does.
    pub about: &'static str,
    pub(super) kind: Kind,
    pub(super) get: fn(&Config) -> Option<Value>,
    pub(super) set: fn(&mut Config, Value),
}

impl Setting {
    /// The name of its variable.
    pub fn variable(&self) -> String {
        format!("CARTAGE_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// What it may be, in words.
    pub fn allowed(&self) -> String {
        self.kind.allowed()
    }

    /// It is never shown.
    pub fn is_secret(&self) -> bool {
        self.kind.is_secret()
    }

    /// What it is, masked where it is a secret; none where nothing is set.
    pub fn shown(&self, config: &Config) -> Option<serde_json::Value> {
        (self.get)(config).map(|value| value.json())
    }
}

const MIB: u64 = 1024 * 1024;

const fn whole(unit: &'static str, least: u64, most: u64) -> Kind {
    Kind::Whole { least, most, unit }
}

fn size(number: usize) -> Option<Value> {
    Some(Value::Whole(number as u64))
}

fn url(partner: &Partner) -> Option<Value> {
    partner.url.clone().map(Value::Text)
}

fn webhook_secret(partner: &Partner) -> Option<Value> {
    partner.webhook_secret.clone().map(Value::Secret)
}

/// Every key, in the order of the manual: those without a section first.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "data",
        about: "Where journal, index, views and letters lie",
        kind: Kind::Folder,
        get: |config| Some(Value::Text(config.data.display().to_string())),
        set: |config, value| config.data = value.text().into(),
    },
    Setting {
        key: "listen",
        about: "Where the shop answers",
        kind: Kind::Address,
        get: |config| Some(Value::Address(config.listen)),
        set: |config, value| config.listen = value.address(),
    },
    Setting {
        key: "metrics_listen",
        about: "Where measurements are read; unless set, where the shop answers",
        kind: Kind::Address,
        get: |config| config.metrics_listen.map(Value::Address),
        set: |config, value| config.metrics_listen = Some(value.address()),
    },
    Setting {
        key: "staff_key",
        about: "The bearer key of staff; unless set, one is made at the first start and printed once",
        kind: Kind::Secret { least: 16 },
        get: |config| config.staff_key.clone().map(Value::Secret),
        set: |config, value| config.staff_key = Some(value.secret()),
    },
    Setting {
        key: "otlp_endpoint",
        about: "Where traces are sent (OTLP over HTTP); unless set, nowhere",
        kind: Kind::Url,
        get: |config| config.otlp_endpoint.clone().map(Value::Text),
        set: |config, value| config.otlp_endpoint = Some(value.text()),
    },
    Setting {
        key: "allow_private_webhooks",
        about: "Webhooks may be sent to private addresses, too: only where nobody else sets their URLs",
        kind: Kind::Switch,
        get: |config| Some(Value::Switch(config.allow_private_webhooks)),
        set: |config, value| config.allow_private_webhooks = value.switch(),
    },
    Setting {
        key: "log.format",
        about: "For people, or for programs",
        kind: Kind::OneOf(&["text", "json"]),
        get: |config| {
            let format = match config.log.format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            };
            Some(Value::Text(format.to_owned()))
        },
        set: |config, value| {
            let json = value.text() == "json";
            config.log.format = if json { LogFormat::Json } else { LogFormat::Text };
        },
    },
    Setting {
        key: "log.level",
        about: "What is told",
        kind: Kind::Level,
        get: |config| Some(Value::Text(config.log.level.clone())),
        set: |config, value| config.log.level = value.text(),
    },
    Setting {
        key: "http.body_bytes",
        about: "The largest body of a request; imports stream and may be larger",
        kind: whole("bytes", 1024, 64 * MIB),
        get: |config| size(config.http.body_bytes),
        set: |config, value| config.http.body_bytes = value.size(),
    },
    Setting {
        key: "http.header_bytes",
        about: "All headers of a request",
        kind: whole("bytes", 8192, MIB),
        get: |config| size(config.http.header_bytes),
        set: |config, value| config.http.header_bytes = value.size(),
    },
    Setting {
        key: "http.concurrency",
        about: "Requests answered at once; one more is told to come back (503)",
        kind: whole("requests", 1, 100_000),
        get: |config| size(config.http.concurrency),
        set: |config, value| config.http.concurrency = value.size(),
    },
    Setting {
        key: "http.timeout_seconds",
        about: "How long a request may take",
        kind: whole("seconds", 1, 600),
        get: |config| Some(Value::Whole(config.http.timeout.as_secs())),
        set: |config, value| config.http.timeout = Duration::from_secs(value.whole()),
    },
    Setting {
        key: "engine.queue",
        about: "Commands that may wait; one more is told to come back (503)",
        kind: whole("commands", 16, 1_000_000),
        get: |config| size(config.engine.queue),
        set: |config, value| config.engine.queue = value.size(),
    },
    Setting {
        key: "engine.batch_commands",
        about: "Commands in one commit",
        kind: whole("commands", 1, 100_000),
        get: |config| size(config.engine.batch_commands),
        set: |config, value| config.engine.batch_commands = value.size(),
    },
    Setting {
        key: "engine.batch_facts",
        about: "Facts after which a commit takes no further command",
        kind: whole("facts", 1, 1_000_000),
        get: |config| size(config.engine.batch_facts),
        set: |config, value| config.engine.batch_facts = value.size(),
    },
    Setting {
        key: "engine.checkpoint_facts",
        about: "Facts after which the index is written",
        kind: whole("facts", 256, 1_000_000),
        get: |config| size(config.engine.checkpoint_facts),
        set: |config, value| config.engine.checkpoint_facts = value.size(),
    },
    Setting {
        key: "engine.lag_facts",
        about: "Facts by which the index may lag before commits wait; not below checkpoint_facts",
        kind: whole("facts", 256, 50_000),
        get: |config| size(config.engine.lag_facts),
        set: |config, value| config.engine.lag_facts = value.size(),
    },
    Setting {
        key: "engine.states",
        about: "States held in memory",
        kind: whole("states", 1024, 100_000_000),
        get: |config| size(config.engine.states),
        set: |config, value| config.engine.states = value.size(),
    },
    Setting {
        key: "engine.commands",
        about: "Ids of commands held in memory, by which a repeated one is known",
        kind: whole("ids", 1024, 100_000_000),
        get: |config| size(config.engine.commands),
        set: |config, value| config.engine.commands = value.size(),
    },
    Setting {
        key: "engine.feed_facts",
        about: "Newest facts held in memory for views, handlers and listeners",
        kind: whole("facts", 1024, 10_000_000),
        get: |config| size(config.engine.feed_facts),
        set: |config, value| config.engine.feed_facts = value.size(),
    },
    Setting {
        key: "engine.disk_reserve_bytes",
        about: "Free space below which no command is taken any more (503); reading goes on",
        kind: whole("bytes", 16 * MIB, 1024 * 1024 * MIB),
        get: |config| Some(Value::Whole(config.engine.disk_reserve)),
        set: |config, value| config.engine.disk_reserve = value.whole(),
    },
    Setting {
        key: "views.documents",
        about: "Documents of each view held in memory while they change",
        kind: whole("documents", 64, 10_000_000),
        get: |config| size(config.views.documents),
        set: |config, value| config.views.documents = value.size(),
    },
    Setting {
        key: "shop.currency",
        about: "Of all prices",
        kind: Kind::Currency,
        get: |config| Some(Value::Currency(config.shop.currency)),
        set: |config, value| config.shop.currency = value.currency(),
    },
    Setting {
        key: "shop.order_lines",
        about: "Lines of one order",
        kind: whole("lines", 1, 2000),
        get: |config| Some(Value::Whole(config.shop.orders.lines.into())),
        set: |config, value| config.shop.orders.lines = value.count(),
    },
    Setting {
        key: "shop.cash_on_delivery",
        about: "Minor units up to which an order may be paid on delivery; 0: not at all",
        kind: whole("minor units", 0, 1_000_000_000),
        get: |config| Some(Value::Whole(config.shop.cash_on_delivery)),
        set: |config, value| config.shop.cash_on_delivery = value.whole(),
    },
    Setting {
        key: "shop.order_units",
        about: "Units of one line of an order",
        kind: whole("units", 1, 100_000),
        get: |config| Some(Value::Whole(config.shop.orders.units.into())),
        set: |config, value| config.shop.orders.units = value.count(),
    },
    Setting {
        key: "shop.cart_lines",
        about: "Lines of one cart",
        kind: whole("lines", 1, 2000),
        get: |config| Some(Value::Whole(config.shop.carts.lines.into())),
        set: |config, value| config.shop.carts.lines = value.count(),
    },
    Setting {
        key: "shop.cart_units",
        about: "Units of one line of a cart",
        kind: whole("units", 1, 100_000),
        get: |config| Some(Value::Whole(config.shop.carts.units.into())),
        set: |config, value| config.shop.carts.units = value.count(),
    },
    Setting {
        key: "payments.url",
        about: "The payment provider",
        kind: Kind::Url,
        get: |config| url(&config.payments),
        set: |config, value| config.payments.url = Some(value.text()),
    },
    Setting {
        key: "payments.webhook_secret",
        about: "What the payment provider signs its webhooks with",
        kind: Kind::WebhookSecret,
        get: |config| webhook_secret(&config.payments),
        set: |config, value| config.payments.webhook_secret = Some(value.secret()),
    },
    Setting {
        key: "carrier.url",
        about: "The carrier",
        kind: Kind::Url,
        get: |config| url(&config.carrier),
        set: |config, value| config.carrier.url = Some(value.text()),
    },
    Setting {
        key: "carrier.webhook_secret",
        about: "What the carrier signs its webhooks with",
        kind: Kind::WebhookSecret,
        get: |config| webhook_secret(&config.carrier),
        set: |config, value| config.carrier.webhook_secret = Some(value.secret()),
    },
    Setting {
        key: "demo.rate",
        about: "Orders that simulated shoppers place in a demonstration",
        kind: Kind::Decimal { least: 0.01, most: 1000.0, unit: "orders a second" },
        get: |config| Some(Value::Decimal(config.demo_rate)),
        set: |config, value| config.demo_rate = value.decimal(),
    },
];
