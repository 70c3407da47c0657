//! Making products and changing them.

use super::Product;
use crate::http::{
    answer::Answer,
    asking::Path,
    caller::Staff,
    front::{By, Front},
    problem::{Flaw, Problem},
    shapes::{Money, sku_of},
    submission::{Deed, Nothing, Submission},
};
use axum::extract::State;
use commerce::catalog::{Description, NewVariant, ProductCommand, VariantDetails};
use compact_str::CompactString;
use flows::{Command, views::Variants};
use kernel::{ProductId, Sku};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use utoipa::ToSchema;

type Texts = BTreeMap<String, String>;

/// A product that is to be; nobody sees it before it is published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProduct {
    #[schema(min_length = 1, max_length = 200, example = "White hanging heart T-light holder")]
    name: String,
    /// Its name in addresses.
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9-]{1,100}$", example = "hanging-heart")]
    slug: Option<String>,
    #[serde(default)]
    #[schema(max_length = 10_000)]
    description: Option<String>,
    #[serde(default)]
    #[schema(max_length = 100)]
    brand: Option<String>,
    /// Where it stands.
    #[serde(default)]
    #[schema(max_items = 20)]
    categories: Vec<String>,
    #[serde(default)]
    attributes: Option<Texts>,
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9-]{1,100}$")]
    tax_class: Option<String>,
    /// In which forms it comes.
    #[serde(default)]
    #[schema(max_items = 250)]
    variants: Vec<VariantBody>,
}

/// What is to be said of a product; what is not named stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductPatch {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9-]{1,100}$")]
    slug: Option<String>,
    #[serde(default)]
    #[schema(max_length = 10_000)]
    description: Option<String>,
    #[serde(default)]
    #[schema(max_length = 100)]
    brand: Option<String>,
    /// Where it stands: all of it.
    #[serde(default)]
    #[schema(max_items = 20)]
    categories: Option<Vec<String>>,
    /// All of them.
    #[serde(default)]
    attributes: Option<Texts>,
    #[serde(default)]
    #[schema(pattern = "^[a-z0-9-]{0,100}$")]
    tax_class: Option<String>,
}

/// A form in which a product comes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariantBody {
    #[schema(pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$", example = "85123A")]
    sku: String,
    /// What one costs, in the shop's currency.
    price: Money,
    /// How it differs from the others: *size* is *L*.
    #[serde(default)]
    options: Texts,
    /// GTIN of 8, 12, 13 or 14 digits.
    #[serde(default)]
    #[schema(pattern = "^([0-9]{8}|[0-9]{12,14})$", example = "4006381333931")]
    barcode: Option<String>,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    weight_grams: Option<u32>,
    /// Length, width, height.
    #[serde(default)]
    #[schema(min_items = 3, max_items = 3)]
    dimensions_mm: Option<[u32; 3]>,
    /// False for postage and the like.
    #[serde(default = "yes")]
    stock_kept: bool,
}

fn yes() -> bool {
    true
}

/// A price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPrice {
    price: Money,
}

fn pairs(texts: Texts) -> BTreeMap<CompactString, CompactString> {
    texts.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn set(texts: Vec<String>) -> BTreeSet<CompactString> {
    texts.into_iter().map(Into::into).collect()
}

/// Makes a product. It begins as a draft.
#[utoipa::path(post, path = "/products", tag = "products", request_body = NewProduct,
    responses((status = 201, body = Product)))]
pub(crate) async fn create(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    asked: Submission<NewProduct>,
) -> Result<Answer<Product>, Problem> {
    let Submission { body, deed } = asked;
    // Its id follows from the request's, so that a request that comes again meets its own product.
    let id = ProductId(deed.id(&By::staff().scope).0);
    let mut variants = Vec::with_capacity(body.variants.len());
    for (at, variant) in body.variants.into_iter().enumerate() {
        variants.push(front.variant(id, variant, &format!("/variants/{at}"))?);
    }
    front.slug_is_free(body.slug.as_deref(), id)?;
    let create = ProductCommand::Create {
        title: body.name.into(),
        description: Box::new(Description {
            slug: body.slug.map(Into::into),
            description: body.description.map(Into::into),
            brand: body.brand.map(Into::into),
            attributes: body.attributes.map(pairs),
            tax_class: body.tax_class.map(Into::into),
        }),
        categories: set(body.categories),
        variants,
    };
    let caused = front.obey(&deed, &By::staff(), Command::Product(id, create)).await?;
    let product = front.changed_product(id).await?;
    let (location, version) = (format!("/api/v1/products/{id}"), product.version);
    Ok(Answer::created(product, location).after(&front, &caused).version(version))
}

/// Says something else of a product.
#[utoipa::path(patch, path = "/products/{id}", tag = "products", request_body = ProductPatch,
    params(("id" = String, Path, description = "id or slug")),
    responses((status = 200, body = Product)))]
pub(crate) async fn describe(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<ProductPatch>,
) -> Result<Answer<Product>, Problem> {
    let (id, _) = front.product_named(&id).await?;
    let Submission { body, deed } = asked;
    front.slug_is_free(body.slug.as_deref(), id)?;
    let describe = ProductCommand::Describe {
        title: body.name.map(Into::into),
        description: Box::new(Description {
            slug: body.slug.map(Into::into),
            description: body.description.map(Into::into),
            brand: body.brand.map(Into::into),
            attributes: body.attributes.map(pairs),
            tax_class: body.tax_class.map(Into::into),
        }),
        categories: body.categories.map(set),
    };
    front.change_product(id, &deed, describe).await
}

/// Everyone may see and buy it.
#[utoipa::path(post, path = "/products/{id}/publish", tag = "products", request_body = Nothing,
    params(("id" = String, Path, description = "id or slug")),
    responses((status = 200, body = Product)))]
pub(crate) async fn publish(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Product>, Problem> {
    let (id, _) = front.product_named(&id).await?;
    front.change_product(id, &asked.deed, ProductCommand::Publish).await
}

/// Nobody may see or buy it, until it is published again.
#[utoipa::path(post, path = "/products/{id}/withdraw", tag = "products", request_body = Nothing,
    params(("id" = String, Path, description = "id or slug")),
    responses((status = 200, body = Product)))]
pub(crate) async fn withdraw(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Product>, Problem> {
    let (id, _) = front.product_named(&id).await?;
    front.change_product(id, &asked.deed, ProductCommand::Withdraw).await
}

/// It never comes back.
#[utoipa::path(post, path = "/products/{id}/discontinue", tag = "products", request_body = Nothing,
    params(("id" = String, Path, description = "id or slug")),
    responses((status = 200, body = Product)))]
pub(crate) async fn discontinue(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Product>, Problem> {
    let (id, _) = front.product_named(&id).await?;
    front.change_product(id, &asked.deed, ProductCommand::Discontinue).await
}

/// One more form in which it comes.
#[utoipa::path(post, path = "/products/{id}/variants", tag = "products", request_body = VariantBody,
    params(("id" = String, Path, description = "id or slug")),
    responses((status = 201, body = Product)))]
pub(crate) async fn add_variant(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<VariantBody>,
) -> Result<Answer<Product>, Problem> {
    let (id, _) = front.product_named(&id).await?;
    let Submission { body, deed } = asked;
    let variant = front.variant(id, body, "")?;
    let add = Command::Product(id, ProductCommand::AddVariant(Box::new(variant)));
    let caused = front.obey(&deed, &By::staff(), add).await?;
    let product = front.changed_product(id).await?;
    let (location, version) = (format!("/api/v1/products/{id}"), product.version);
    Ok(Answer::created(product, location).after(&front, &caused).version(version))
}

/// What a form of it costs from now on; orders that are placed keep their price.
#[utoipa::path(put, path = "/products/{id}/variants/{sku}/price", tag = "products",
    request_body = NewPrice,
    params(("id" = String, Path, description = "id or slug"), ("sku" = String, Path)),
    responses((status = 200, body = Product)))]
pub(crate) async fn price(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path((id, sku)): Path<(String, String)>,
    asked: Submission<NewPrice>,
) -> Result<Answer<Product>, Problem> {
    let (id, _) = front.product_named(&id).await?;
    let sku = sku_of(&sku, "variant")?;
    let price = asked.body.price.checked(front.limits.currency, "/price")?;
    front.change_product(id, &asked.deed, ProductCommand::Price { sku, price }).await
}

impl Front {
    async fn change_product(
        &self,
        id: ProductId,
        deed: &Deed,
        command: ProductCommand,
    ) -> Result<Answer<Product>, Problem> {
        let caused = self.obey(deed, &By::staff(), Command::Product(id, command)).await?;
        let product = self.changed_product(id).await?;
        let version = product.version;
        Ok(Answer::ok(product).after(self, &caused).version(version))
    }

    /// The product as it is now, and whoever asks for a price gets the new one.
    async fn changed_product(&self, id: ProductId) -> Result<Product, Problem> {
        let (id, product) = self.product_named(&id.to_string()).await?;
        self.catalogue.changed();
        self.product(id, product)
    }

    /// A variant out of a body: its SKU is not another product's.
    fn variant(
        &self,
        product: ProductId,
        body: VariantBody,
        at: &str,
    ) -> Result<NewVariant, Problem> {
        let bad = |error: kernel::BadSku| {
            Problem::invalid(vec![Flaw::new(format!("{at}/sku"), error.to_string())])
        };
        let sku: Sku = body.sku.parse().map_err(bad)?;
        self.must_follow::<Variants>()?;
        let owner = self.document::<Variants>(sku.as_str())?.and_then(|variant| variant.product);
        if owner.is_some_and(|owner| owner != product) {
            let detail = format!("{sku} belongs to another product");
            let flaw = Flaw::new(format!("{at}/sku"), detail.clone()).with("sku", sku.as_str());
            return Err(Problem::conflict("PRODUCT_SKU_EXISTS", detail).because(vec![flaw]));
        }
        Ok(NewVariant {
            sku,
            price: body.price.checked(self.limits.currency, &format!("{at}/price"))?,
            stock_kept: body.stock_kept,
            details: VariantDetails {
                options: pairs(body.options),
                barcode: body.barcode.map(Into::into),
                weight_grams: body.weight_grams,
                dimensions_mm: body.dimensions_mm,
            },
        })
    }

    fn slug_is_free(&self, slug: Option<&str>, product: ProductId) -> Result<(), Problem> {
        let Some(slug) = slug else { return Ok(()) };
        if self.product_with_slug(slug)?.is_none_or(|owner| owner == product) {
            return Ok(());
        }
        let detail = format!("another product has the slug {slug:?}");
        let flaw = Flaw::new("/slug", detail.clone());
        Err(Problem::conflict("PRODUCT_SLUG_EXISTS", detail).because(vec![flaw]))
    }
}
