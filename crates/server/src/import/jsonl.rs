//! Lines of a JSON Lines file: a product each, in the shape of `POST /products`, with what an import adds.

use super::{
    entry::{Entry, Opening, VariantEntry, site_of},
    fault::Fault,
    judge,
};
use crate::http::{
    shapes::{Money, plain_text, quantity_of},
    submission::parse,
};
use commerce::catalog::{Description, ProductRefusal, VARIANTS};
use compact_str::CompactString;
use flows::Refusal;
use kernel::Currency;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Bytes of a line.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

type Texts = BTreeMap<CompactString, CompactString>;

/// `NewProduct` of the API; what is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductLine {
    name: Option<CompactString>,
    slug: Option<CompactString>,
    description: Option<CompactString>,
    brand: Option<CompactString>,
    categories: Option<Vec<CompactString>>,
    attributes: Option<Texts>,
    tax_class: Option<CompactString>,
    #[serde(default)]
    variants: Vec<VariantLine>,
    /// Beyond the API, where publishing is a request of its own.
    status: Option<Status>,
}

/// `VariantBody` of the API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantLine {
    sku: CompactString,
    price: Option<Money>,
    options: Option<Texts>,
    barcode: Option<CompactString>,
    weight_grams: Option<u32>,
    dimensions_mm: Option<[u32; 3]>,
    stock_kept: Option<bool>,
    /// Beyond the API, where receiving is a request of its own.
    stock: Option<StockLine>,
}

/// `StockReceipt` of the API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StockLine {
    quantity: u64,
    site: Option<CompactString>,
    location: Option<CompactString>,
    lot: Option<CompactString>,
    reference: Option<CompactString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Draft,
    Active,
    Inactive,
}

/// What a line says.
pub(super) fn entry(line: &[u8], currency: Currency) -> Result<Entry, Fault> {
    if std::str::from_utf8(line).is_err() {
        return Err(Fault::not_text());
    }
    let read: ProductLine = parse(line).map_err(|problem| Fault::of(&problem))?;
    if read.slug.is_none() && read.variants.is_empty() {
        return Err(Fault::value("", "a product has a slug, or a variant by which it is known"));
    }
    if read.variants.len() > VARIANTS {
        return Err(judge::fault(Refusal::Product(ProductRefusal::TooManyVariants)));
    }
    let mut variants = Vec::with_capacity(read.variants.len());
    for (at, variant) in read.variants.into_iter().enumerate() {
        variants.push(variant.entry(currency, &format!("/variants/{at}"))?);
    }
    Ok(Entry {
        slug: read.slug,
        name: read.name,
        said: Description {
            slug: None,
            description: read.description,
            brand: read.brand,
            attributes: read.attributes,
            tax_class: read.tax_class,
        },
        categories: read.categories.map(|categories| categories.into_iter().collect()),
        visible: read.status.map(|status| status == Status::Active),
        variants,
    })
}

impl VariantLine {
    fn entry(self, currency: Currency, at: &str) -> Result<VariantEntry, Fault> {
        let price = self.price.map(|price| price.checked(currency, &format!("{at}/price")));
        let opening = self.stock.map(|stock| stock.opening(&format!("{at}/stock"))).transpose()?;
        Ok(VariantEntry {
            sku: self.sku.parse().map_err(|error: kernel::BadSku| {
                Fault::value(format!("{at}/sku"), error.to_string())
            })?,
            price: price.transpose().map_err(|problem| Fault::of(&problem))?,
            stock_kept: self.stock_kept,
            options: self.options,
            barcode: self.barcode,
            weight_grams: self.weight_grams,
            dimensions_mm: self.dimensions_mm,
            opening: opening.flatten(),
        })
    }
}

impl StockLine {
    /// None where there is nothing: an empty shelf is how every SKU begins.
    fn opening(self, at: &str) -> Result<Option<Opening>, Fault> {
        let site = site_of(self.site.as_deref(), &format!("{at}/site"))?;
        let code = |text: Option<CompactString>, name: &str| {
            let text = text.map(|text| plain_text(&text, &format!("{at}/{name}"))).transpose();
            text.map_err(|problem| Fault::of(&problem))
        };
        if self.quantity == 0 {
            return Ok(None);
        }
        let quantity = quantity_of(self.quantity, &format!("{at}/quantity"));
        Ok(Some(Opening {
            site,
            quantity: quantity.map_err(|problem| Fault::of(&problem))?,
            location: code(self.location, "location")?,
            lot: code(self.lot, "lot")?,
            reference: code(self.reference, "reference")?,
        }))
    }
}
