//! Orders as they are answered: what has not changed since it was answered last is not written again.

use super::{front::Front, problem::Problem};
use flows::views;
use kernel::OrderId;
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use std::sync::{Arc, Mutex, PoisonError};

/// Orders that are kept; of more, all are written again.
const KEPT: usize = 16_384;

/// An order as an answer has it.
#[derive(Clone, Debug)]
pub(crate) struct ShownOrder {
    pub(crate) json: Arc<RawValue>,
    /// Its `ETag`.
    pub(crate) version: u64,
}

/// Orders that were answered lately.
#[derive(Default)]
pub(crate) struct Shown(Mutex<FxHashMap<String, Known>>);

/// What an answer was made of, and what it was.
struct Known {
    document: Box<str>,
    /// Changes of the catalogue before it: lines carry the names of articles.
    catalogue: u64,
    order: ShownOrder,
}

impl Shown {
    fn get(&self, key: &str, document: &str, catalogue: u64) -> Option<ShownOrder> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(key)?;
        let same = known.catalogue == catalogue && *known.document == *document;
        same.then(|| known.order.clone())
    }

    fn keep(&self, key: &str, fresh: Known) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT && !known.contains_key(key) {
            known.clear();
        }
        known.insert(key.to_owned(), fresh);
    }
}

impl Front {
    /// An order as it is answered, from its document; none before it was placed.
    ///
    /// # Errors
    /// When the document cannot be understood.
    pub(crate) fn shown(&self, key: &str, document: &str) -> Result<Option<ShownOrder>, Problem> {
        let catalogue = self.catalogue.changes();
        if let Some(order) = self.shown.get(key, document, catalogue) {
            return Ok(Some(order));
        }
        let broken = |error: &dyn std::fmt::Display| Problem::internal(&error);
        let id: OrderId = key.parse().map_err(|error| broken(&error))?;
        let parsed: views::Order =
            serde_json::from_str(document).map_err(|error| broken(&error))?;
        let Some(order) = self.order(id, &parsed) else { return Ok(None) };
        let json = serde_json::value::to_raw_value(&order).map_err(|error| broken(&error))?;
        // A name that cannot be told now, as while its view is built, may be known soon.
        let named = order.lines.iter().all(|line| line.name != line.sku);
        let order = ShownOrder { json: json.into(), version: order.version };
        if !named {
            return Ok(Some(order));
        }
        let fresh = Known { document: document.into(), catalogue, order: order.clone() };
        self.shown.keep(key, fresh);
        Ok(Some(order))
    }
}
