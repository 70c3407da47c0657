//! What a row says, whatever it is written in: a product, and some or all of its variants.

use super::fault::Fault;
use commerce::catalog::{Description, VariantDetails};
use compact_str::CompactString;
use flows::routing;
use kernel::{Money, Quantity, SiteId, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// A row. What is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// By what the product is known.
    pub(super) slug: Option<CompactString>,
    /// What it is called.
    pub(super) name: Option<CompactString>,
    /// What is said of it, without its slug.
    pub(super) said: Description,
    /// Where it stands: all of it.
    pub(super) categories: Option<BTreeSet<CompactString>>,
    /// Whether everyone may see it.
    pub(super) visible: Option<bool>,
    /// In which forms it comes, as far as this row says.
    pub(super) variants: Vec<VariantEntry>,
}

/// A form of a product. What is none stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct VariantEntry {
    pub(super) sku: Sku,
    pub(super) price: Option<Money>,
    pub(super) stock_kept: Option<bool>,
    pub(super) options: Option<BTreeMap<CompactString, CompactString>>,
    pub(super) barcode: Option<CompactString>,
    pub(super) weight_grams: Option<u32>,
    pub(super) dimensions_mm: Option<[u32; 3]>,
    /// What lies there when the shop has never counted any.
    pub(super) opening: Option<Opening>,
}

/// The first stock of a SKU.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opening {
    pub(super) site: SiteId,
    pub(super) quantity: Quantity,
    pub(super) location: Option<CompactString>,
    pub(super) lot: Option<CompactString>,
    pub(super) reference: Option<CompactString>,
}

impl VariantEntry {
    /// What is known of the form, and what this row says beyond it.
    pub(super) fn details(&self, known: &VariantDetails) -> VariantDetails {
        VariantDetails {
            options: self.options.clone().unwrap_or_else(|| known.options.clone()),
            barcode: self.barcode.clone().or_else(|| known.barcode.clone()),
            weight_grams: self.weight_grams.or(known.weight_grams),
            dimensions_mm: self.dimensions_mm.or(known.dimensions_mm),
        }
    }
}

/// Where stock lies; the only site when none is named.
pub(super) fn site_of(text: Option<&str>, place: &str) -> Result<SiteId, Fault> {
    let Some(text) = text else { return Ok(routing::home()) };
    let site = text.parse::<SiteId>().ok().filter(|site| *site == routing::home());
    site.ok_or_else(|| Fault::value(place, format!("there is no site {text:?}")))
}
