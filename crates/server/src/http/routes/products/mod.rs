//! Products: what there is to buy, for everyone; making and changing it, for staff.

mod changing;
mod reading;

use super::stock::Level;
use crate::http::{
    front::Front,
    problem::Problem,
    shapes::{Money, word},
};
use flows::views;
use kernel::ProductId;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(reading::list, changing::create))
        .routes(routes!(reading::get, changing::describe))
        .routes(routes!(changing::publish))
        .routes(routes!(changing::withdraw))
        .routes(routes!(changing::discontinue))
        .routes(routes!(changing::add_variant))
        .routes(routes!(changing::price))
}

/// Something to buy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Product {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[schema(value_type = String, example = "active")]
    status: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<String>,
    categories: Vec<String>,
    attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_class: Option<String>,
    variants: Vec<Variant>,
    version: u64,
}

/// A form in which it comes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Variant {
    sku: String,
    options: BTreeMap<String, String>,
    price: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    barcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_grams: Option<u32>,
    /// Length, width, height.
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions_mm: Option<[u32; 3]>,
    stock_kept: bool,
    availability: Level,
}

impl Front {
    /// A product as the API shows it, with how much there is of it.
    ///
    /// # Errors
    /// When the stock view cannot be read.
    pub(crate) fn product(
        &self,
        id: ProductId,
        product: views::Product,
    ) -> Result<Product, Problem> {
        let texts = |pairs: BTreeMap<compact_str::CompactString, compact_str::CompactString>| {
            let pair = |(name, value): (compact_str::CompactString, compact_str::CompactString)| {
                (name.into_string(), value.into_string())
            };
            pairs.into_iter().map(pair).collect::<BTreeMap<String, String>>()
        };
        let mut variants = Vec::with_capacity(product.variants.len());
        for variant in product.variants {
            variants.push(Variant {
                availability: self.level(&variant.sku, variant.stock_kept)?,
                sku: variant.sku.to_string(),
                options: texts(variant.details.options),
                price: variant.price.into(),
                barcode: variant.details.barcode.map(Into::into),
                weight_grams: variant.details.weight_grams,
                dimensions_mm: variant.details.dimensions_mm,
                stock_kept: variant.stock_kept,
            });
        }
        let said = product.description;
        Ok(Product {
            id: id.0,
            slug: said.slug.map(Into::into),
            name: product.title.into(),
            description: said.description.map(Into::into),
            status: word(&product.status),
            brand: said.brand.map(Into::into),
            categories: product.categories.into_iter().map(Into::into).collect(),
            attributes: texts(said.attributes.unwrap_or_default()),
            tax_class: said.tax_class.map(Into::into),
            variants,
            version: product.version,
        })
    }
}
