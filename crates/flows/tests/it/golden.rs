//! Facts must be read for ever: one line for every form that each fact ever had, in
//! `tests/golden/facts.jsonl`. Lines are added when a fact gets a new version; none is ever changed.

use flows::{Fact, Shop, State, Stream};
use kernel::Business;

const LINES: &str = include_str!("../golden/facts.jsonl");

/// One line of the file.
pub(crate) struct Golden {
    pub(crate) text: &'static str,
    pub(crate) fact: Fact,
    /// `orders/placed@1`
    pub(crate) name: String,
}

/// Every line that can be read.
pub(crate) fn lines() -> Vec<Golden> {
    LINES.lines().map(read).collect()
}

fn read(text: &'static str) -> Golden {
    let line: serde_json::Value = serde_json::from_str(text).expect("a line is JSON");
    let part = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let stream: Stream = part("stream").parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    let fact = Shop::read_fact(&stream, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    Golden { text, fact, name: part("type") }
}

/// Every fact that a stream of this kind may have, by the name under which it is written.
pub(crate) fn names(kind: &str) -> Vec<String> {
    let stream = sample(kind);
    let error = Shop::read_fact(&stream, r#"{"type":"?","body":null}"#).expect_err("no such fact");
    expected(&error.to_string())
}

/// Every kind of stream, deciders and stories.
pub(crate) fn kinds() -> Vec<String> {
    let error = serde_json::from_str::<State>(r#"{"?":null}"#).expect_err("no such kind");
    expected(&error.to_string())
}

/// What serde would have taken instead: the only list of names that cannot be out of date.
fn expected(error: &str) -> Vec<String> {
    let names = error.split("expected").nth(1).unwrap_or_default();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A stream of this kind.
fn sample(kind: &str) -> Stream {
    const ORDER: &str = "018f0000-0000-7000-8000-000000000001";
    let id = match kind {
        "person" | "product" | "cart" | "order" | "credit-note" | "sell-order" => ORDER.to_owned(),
        "ledger" => "cash".to_owned(),
        "numbers" => "orders".to_owned(),
        "site" => "MAIN".to_owned(),
        "stock" => "CUP".to_owned(),
        _ => format!("{ORDER}.1"),
    };
    format!("{kind}/{id}").parse().unwrap_or_else(|e| panic!("{kind} needs a sample id: {e}"))
}
