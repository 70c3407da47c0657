//! What may have happened to a product. Published: variants are added, never changed.

use compact_str::CompactString;
use kernel::{Money, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Facts of a stream `product/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum ProductFact {
    /// There is a product.
    #[serde(rename = "catalog/created@1")]
    Created {
        /// What it is called.
        title: CompactString,
    },
    /// It is called otherwise.
    #[serde(rename = "catalog/retitled@1")]
    Retitled {
        /// How.
        title: CompactString,
    },
    /// It comes in this form.
    #[serde(rename = "catalog/variant_added@1")]
    VariantAdded {
        /// Its SKU.
        sku: Sku,
        /// What one costs.
        price: Money,
        /// False for postage and the like.
        stock_kept: bool,
    },
    /// This form costs something else.
    #[serde(rename = "catalog/priced@1")]
    Priced {
        /// Which.
        sku: Sku,
        /// What one costs now.
        price: Money,
    },
    /// This form is gone.
    #[serde(rename = "catalog/variant_removed@1")]
    VariantRemoved {
        /// Which.
        sku: Sku,
    },
    /// This is said of it; what is not named stays as it was.
    #[serde(rename = "catalog/described@1")]
    Described(Box<Description>),
    /// It stands in other categories than before.
    #[serde(rename = "catalog/categorised@1")]
    Categorised {
        /// Where it stands now and did not stand before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<CompactString>,
        /// Where it stands no longer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<CompactString>,
    },
    /// This is said of one form, and nothing else.
    #[serde(rename = "catalog/variant_described@1")]
    VariantDescribed {
        /// Which.
        sku: Sku,
        /// All of it.
        #[serde(flatten)]
        details: Box<VariantDetails>,
    },
    /// Everyone may see it.
    #[serde(rename = "catalog/published@1")]
    Published,
    /// Nobody may see it.
    #[serde(rename = "catalog/withdrawn@1")]
    Withdrawn,
    /// It never comes back.
    #[serde(rename = "catalog/discontinued@1")]
    Discontinued,
}

/// What is said of a product; what is none stays as it was, what is empty is taken away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Description {
    /// Its name in addresses: 1–100 of `a-z`, `0-9`, `-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<CompactString>,
    /// In sentences, up to 10,000 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<CompactString>,
    /// Whose make it is, up to 100 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<CompactString>,
    /// What else is worth knowing, as text by name: all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<CompactString, CompactString>>,
    /// Which rate of tax it has, as the shop calls it: up to 100 of `a-z`, `0-9`, `-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<CompactString>,
}

/// What is known of one form, beside its price.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantDetails {
    /// How it differs from the others: *size* is *L*.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<CompactString, CompactString>,
    /// GTIN of 8, 12, 13 or 14 digits, the last of which checks the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barcode: Option<CompactString>,
    /// What one weighs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Length, width and height of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions_mm: Option<[u32; 3]>,
}
