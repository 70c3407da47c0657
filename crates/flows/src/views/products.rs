//! Products: what the shop sells, in which forms, at what price, and how it is found.
//!
//! Three small views, because a fact of a product names either the product, a SKU or a category:
//! [`Products`] has all of it under the product's id, [`Variants`] leads from a SKU to its product,
//! [`ProductsByCategory`] from a category to what stands in it.
//!
//! A search ([`ProductSearch`]) asks, in this order: the SKU, if the text is one ([`Variants`]); the
//! products whose title begins with it (a range of the column `title`); and as many products as
//! the caller is willing to read, each judged by [`ProductSearch::matches`].

use super::brief::{is_default, is_true, word, yes};
use crate::wiring::{Fact, Shop};
use commerce::catalog::{Description, ProductFact, ProductStatus, VariantDetails};
use compact_str::CompactString;
use kernel::{Column, Columns, Money, ProductId, Recorded, Sku, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Products, under the product's id. Columns: `slug`; `status`; `title`, in small letters; `brand`.
pub struct Products;
/// What can be bought, under the SKU. Columns: `product`.
pub struct Variants;
/// Which products stand in a category, under `category/product`. Columns: `category`.
pub struct ProductsByCategory;

/// One product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product {
    /// What it is called.
    pub title: CompactString,
    /// Where it stands.
    pub status: ProductStatus,
    /// What is said of it.
    #[serde(flatten)]
    pub description: Description,
    /// Where it stands in the shop.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<CompactString>,
    /// In which forms it comes, the oldest first.
    pub variants: Vec<ProductVariant>,
    /// Of its stream.
    pub version: u64,
}

/// One form of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductVariant {
    /// Its SKU.
    pub sku: Sku,
    /// What one costs.
    pub price: Money,
    /// False for postage and the like.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub stock_kept: bool,
    /// What else is known of it.
    #[serde(flatten)]
    pub details: VariantDetails,
}

/// What can be bought: one form, and whose it is. Title and status are its product's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variant {
    /// Whose form it is.
    pub product: Option<ProductId>,
    /// What one costs.
    pub price: Option<Money>,
    /// True for postage and the like.
    #[serde(skip_serializing_if = "is_default")]
    pub stockless: bool,
    /// What else is known of it.
    #[serde(flatten)]
    pub details: VariantDetails,
}

/// That a product stands in a category.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InCategory {
    /// Which product.
    pub product: Option<ProductId>,
    /// In which category.
    pub category: CompactString,
}

impl View for Products {
    type Business = Shop;
    type Document = Product;

    const NAME: &'static str = "products";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["slug", "status", "title", "brand"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Product(product, _) = &recorded.fact {
            keys.push(product.to_string());
        }
    }

    fn evolve(product: &mut Product, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Product(_, fact) = &recorded.fact else { return };
        product.version = recorded.version;
        product.hear(fact);
    }

    fn columns(product: &Product) -> Columns {
        let text = |text: &CompactString| Column::Text(text.to_string());
        vec![
            product.description.slug.as_ref().map(text),
            word(&product.status),
            Some(Column::Text(product.title.as_str().to_lowercase())),
            product.description.brand.as_ref().map(text),
        ]
    }
}

impl Product {
    fn hear(&mut self, fact: &ProductFact) {
        match fact {
            ProductFact::Created { title } | ProductFact::Retitled { title } => {
                self.title = title.clone();
            }
            ProductFact::Described(new) => self.description.take_over(new),
            ProductFact::Categorised { added, removed } => {
                self.categories.extend(added.iter().cloned());
                self.categories.retain(|category| !removed.contains(category));
            }
            ProductFact::VariantAdded { sku, price, stock_kept } => {
                self.variants.push(ProductVariant {
                    sku: sku.clone(),
                    price: *price,
                    stock_kept: *stock_kept,
                    details: VariantDetails::default(),
                });
            }
            ProductFact::VariantDescribed { sku, details } => {
                self.change(sku, |variant| variant.details = (**details).clone());
            }
            ProductFact::Priced { sku, price } => {
                self.change(sku, |variant| variant.price = *price);
            }
            ProductFact::VariantRemoved { sku } => {
                self.variants.retain(|variant| variant.sku != *sku);
            }
            ProductFact::Published => self.status = ProductStatus::Active,
            ProductFact::Withdrawn => self.status = ProductStatus::Inactive,
            ProductFact::Discontinued => self.status = ProductStatus::Discontinued,
        }
    }

    fn change(&mut self, sku: &Sku, change: impl Fn(&mut ProductVariant)) {
        self.variants.iter_mut().filter(|variant| variant.sku == *sku).for_each(change);
    }
}

impl View for Variants {
    type Business = Shop;
    type Document = Variant;

    const NAME: &'static str = "variants";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["product"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Product(
            _,
            ProductFact::VariantAdded { sku, .. }
            | ProductFact::VariantDescribed { sku, .. }
            | ProductFact::Priced { sku, .. }
            | ProductFact::VariantRemoved { sku },
        ) = &recorded.fact
        {
            keys.push(sku.to_string());
        }
    }

    /// Where two products claim a SKU it belongs to the one that came last.
    fn evolve(variant: &mut Variant, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Product(product, fact) = &recorded.fact else { return };
        let its_own = variant.product == Some(*product);
        match fact {
            ProductFact::VariantAdded { price, stock_kept, .. } => {
                *variant = Variant {
                    product: Some(*product),
                    price: Some(*price),
                    stockless: !stock_kept,
                    details: VariantDetails::default(),
                };
            }
            ProductFact::VariantDescribed { details, .. } if its_own => {
                variant.details = (**details).clone();
            }
            ProductFact::Priced { price, .. } if its_own => variant.price = Some(*price),
            ProductFact::VariantRemoved { .. } if its_own => *variant = Variant::default(),
            _ => {}
        }
    }

    fn columns(variant: &Variant) -> Columns {
        vec![variant.product.map(|product| Column::Text(product.to_string()))]
    }
}

impl View for ProductsByCategory {
    type Business = Shop;
    type Document = InCategory;

    const NAME: &'static str = "products_by_category";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["category"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Product(product, ProductFact::Categorised { added, removed }) = &recorded.fact
        {
            let key = |category: &CompactString| format!("{category}/{product}");
            keys.extend(added.iter().chain(removed).map(key));
        }
    }

    fn evolve(listed: &mut InCategory, key: &str, recorded: &Recorded<Shop>) {
        let Fact::Product(product, ProductFact::Categorised { added, .. }) = &recorded.fact else {
            return;
        };
        let category = key.split('/').next().unwrap_or_default();
        *listed = match added.iter().any(|added| added == category) {
            true => InCategory { product: Some(*product), category: category.into() },
            false => InCategory::default(),
        };
    }

    fn columns(listed: &InCategory) -> Columns {
        vec![Some(Column::Text(listed.category.to_string()))]
    }
}

/// What somebody looks for in the catalogue: every word has to be found.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductSearch {
    text: String,
    words: Vec<String>,
}

/// Words of a search that are looked at.
const WORDS: usize = 10;

impl ProductSearch {
    /// As it was typed.
    pub fn new(text: &str) -> ProductSearch {
        let text = text.trim().to_lowercase();
        let words = text.split_whitespace().take(WORDS).map(str::to_owned).collect();
        ProductSearch { text, words }
    }

    /// The column `title` of products whose title begins with the text.
    pub fn titles(&self) -> std::ops::Range<Column> {
        let end = format!("{}{}", self.text, char::MAX);
        Column::Text(self.text.clone())..Column::Text(end)
    }

    /// True when each word stands in the title, the brand, a category, the description or begins a
    /// SKU.
    pub fn matches(&self, product: &Product) -> bool {
        let Description { description, brand, .. } = &product.description;
        let texts = [Some(&product.title), brand.as_ref(), description.as_ref()];
        let mut texts: Vec<String> =
            texts.into_iter().flatten().map(|text| text.as_str().to_lowercase()).collect();
        texts.extend(product.categories.iter().map(|category| category.to_string()));
        let skus = product.variants.iter().map(|variant| variant.sku.as_str().to_lowercase());
        let skus: Vec<String> = skus.collect();
        self.words.iter().all(|word| {
            texts.iter().any(|text| text.contains(word.as_str()))
                || skus.iter().any(|sku| sku.starts_with(word.as_str()))
        })
    }
}
