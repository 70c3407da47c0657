//! Catalog: products, what is said of them, their variants with a SKU each, prices, and what is not
//! kept in stock.
//!
//! ```text
//! draft → active ⇄ inactive
//!     ↘      ↓       ↙
//!       discontinued
//! ```
//!
//! A product text is written for everyone and is no personal data, so it may stand in facts. That a
//! slug belongs to one product only is checked where requests come in: a decider sees one product.

mod facts;

mod product;

mod texts;

#[cfg(test)]
mod tests;

pub use facts::{Description, ProductFact, VariantDetails};
pub use product::{
    NewVariant, Product, ProductCommand, ProductRefusal, ProductStatus, VARIANTS, Variant,
};
