//! What is on sale at which price: read from the views, kept in memory until somebody changes it.

use super::{
    front::{Front, view_behind},
    problem::{Flaw, Problem},
};
use commerce::catalog::ProductStatus;
use flows::{
    Shop,
    views::{Products, Variants},
};
use kernel::{Money, ProductId, Sku, View};
use rustc_hash::FxHashMap;
use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering::SeqCst},
};

/// SKUs that are kept in memory; of more, all are read again.
const KEPT: usize = 100_000;

/// One SKU as it is sold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Offer {
    pub(crate) product: ProductId,
    pub(crate) name: String,
    pub(crate) price: Money,
    /// False for postage and the like.
    pub(crate) stock_kept: bool,
    /// Published, and so for everybody to buy.
    pub(crate) on_sale: bool,
}

/// Offers that were asked for before.
#[derive(Default)]
pub(crate) struct Catalogue {
    offers: RwLock<FxHashMap<Sku, Option<Arc<Offer>>>>,
    /// Counts changes, so that what was read before one is not kept after it.
    changes: AtomicU64,
}

impl Catalogue {
    /// Somebody has changed a product, and the views show it.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, SeqCst);
        self.offers.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How often a product was changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(SeqCst)
    }

    fn known(&self, sku: &Sku) -> Option<Option<Arc<Offer>>> {
        self.offers.read().unwrap_or_else(PoisonError::into_inner).get(sku).cloned()
    }

    fn keep(&self, sku: &Sku, offer: &Option<Arc<Offer>>, changes: u64) {
        let mut offers = self.offers.write().unwrap_or_else(PoisonError::into_inner);
        if self.changes.load(SeqCst) != changes {
            return;
        }
        if offers.len() >= KEPT {
            offers.clear();
        }
        offers.insert(sku.clone(), offer.clone());
    }
}

impl Front {
    /// What a SKU is sold as; none where there is no such SKU.
    ///
    /// # Errors
    /// When a view is behind or cannot be read.
    pub(crate) fn offer(&self, sku: &Sku) -> Result<Option<Arc<Offer>>, Problem> {
        if let Some(known) = self.catalogue.known(sku) {
            return Ok(known);
        }
        let changes = self.catalogue.changes();
        let offer = self.read_offer(sku)?.map(Arc::new);
        // Strangers may ask for what never was: only what is there is worth remembering.
        if offer.is_some() {
            self.catalogue.keep(sku, &offer, changes);
        }
        Ok(offer)
    }

    /// Prices and names are taken from a view only while it goes with the others: one that is paused, has
    /// failed or is catching up would sell at yesterday's price.
    ///
    /// # Errors
    /// 503 `VIEW_BEHIND` when it stands behind the others.
    pub(crate) fn must_follow<V: View<Business = Shop>>(&self) -> Result<(), Problem> {
        match self.position::<V>() < self.shop.seen.position() {
            true => Err(view_behind()),
            false => Ok(()),
        }
    }

    fn read_offer(&self, sku: &Sku) -> Result<Option<Offer>, Problem> {
        self.must_follow::<Variants>()?;
        self.must_follow::<Products>()?;
        let variant = self.document::<Variants>(sku.as_str())?;
        let Some((variant, product)) = variant.and_then(|v| v.product.map(|id| (v, id))) else {
            return Ok(None);
        };
        let shown = self.document::<Products>(&product.to_string())?.unwrap_or_default();
        let Some(price) = variant.price else { return Ok(None) };
        let mut name = shown.title.to_string();
        let options: Vec<&str> = variant.details.options.values().map(|value| &**value).collect();
        if !options.is_empty() {
            name = format!("{name} ({})", options.join(", "));
        }
        let on_sale = shown.status == ProductStatus::Active;
        Ok(Some(Offer { product, name, price, stock_kept: !variant.stockless, on_sale }))
    }

    /// What a SKU is sold as now, or why it cannot be bought.
    ///
    /// # Errors
    /// 422 with this pointer when it is not on sale.
    pub(crate) fn offer_on_sale(&self, sku: &Sku, pointer: &str) -> Result<Arc<Offer>, Problem> {
        self.offer(sku)?.filter(|offer| offer.on_sale).ok_or_else(|| {
            let detail = format!("{sku} is not on sale");
            let flaw = Flaw::new(pointer, detail.clone()).with("sku", sku.as_str());
            Problem::new(http::StatusCode::UNPROCESSABLE_ENTITY, "CART_PRODUCT_NOT_FOUND", detail)
                .because(vec![flaw])
        })
    }
}
