//! Products to look at.

use super::Product;
use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, PageLinks, Paging, Path},
    caller::Caller,
    front::{Front, unreadable},
    problem::Problem,
};
use axum::extract::State;
use commerce::catalog::ProductStatus;
use engine::views::{Cursor, Query};
use flows::views::{self, ProductSearch, Products, ProductsByCategory, Stocks, Variants};
use kernel::{Column, Position, ProductId, Sku};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Products that one page looks through at most, where a filter has no index: the next page goes on.
const LOOKED_THROUGH: usize = 5_000;

/// Which products.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProductFilters {
    /// Words that stand in the name, brand, category, description or SKU.
    query: Option<String>,
    /// With this SKU.
    sku: Option<String>,
    /// In this category.
    category: Option<String>,
    /// Of this brand.
    brand: Option<String>,
    /// Only what can be had, or only what cannot.
    in_stock: Option<bool>,
    #[param(inline)]
    sort: Option<Sort>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, ToSchema)]
enum Sort {
    #[default]
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDown,
}

/// What a list keeps.
struct Wanted {
    search: Option<ProductSearch>,
    in_stock: Option<bool>,
    staff: bool,
}

impl Wanted {
    /// Shows it, if it is wanted and the caller may see it.
    fn show(
        &self,
        front: &Front,
        id: ProductId,
        product: views::Product,
    ) -> Result<Option<Product>, Problem> {
        let seen = self.staff || product.status == ProductStatus::Active;
        if !seen || !self.search.as_ref().is_none_or(|search| search.matches(&product)) {
            return Ok(None);
        }
        let shown = front.product(id, product)?;
        Ok(Some(shown)
            .filter(|product| self.in_stock.is_none_or(|yes| product.can_be_had() == yes)))
    }
}

/// Products, filtered. Everyone sees what is on sale, staff sees all.
#[utoipa::path(get, path = "/products", tag = "products", params(ProductFilters),
    responses((status = 200, body = List<Product>)))]
pub(crate) async fn list(
    State(front): State<Arc<Front>>,
    caller: Caller,
    after: After,
    Filters(filters): Filters<ProductFilters>,
) -> Result<Answer<List<Product>>, Problem> {
    front.be_as_new_as::<Products>(after).await?;
    front.be_as_new_as::<Stocks>(after).await?;
    let text = filters.query.as_deref().filter(|text| !text.trim().is_empty());
    let wanted = Wanted {
        search: text.map(ProductSearch::new),
        in_stock: filters.in_stock,
        staff: caller.is_staff(),
    };
    let paging = Paging { limit: filters.limit, cursor: filters.cursor.clone() };
    // Also where there is but one page.
    paging.read()?;
    if let Some(sku) = &filters.sku {
        front.be_as_new_as::<Variants>(after).await?;
        return front.products_with_sku(sku, &wanted);
    }
    if let Some(category) = &filters.category {
        front.be_as_new_as::<ProductsByCategory>(after).await?;
        return front.products_in(category, &wanted, &paging);
    }
    let mut query = match filters.sort.unwrap_or_default() {
        Sort::Name => Query::new().ascending("title"),
        Sort::NameDown => Query::new().descending("title"),
    };
    if let Some(brand) = &filters.brand {
        query = query.equal("brand", Column::Text(brand.clone()));
    }
    front.products(&query, &wanted, &paging)
}

/// One product, by id or slug.
#[utoipa::path(get, path = "/products/{id}", tag = "products",
    params(("id" = String, Path, description = "id or slug")),
    responses((status = 200, body = Product)))]
pub(crate) async fn get(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Product>, Problem> {
    let tip = front.tip();
    let (id, product) = front.product_named(&id).await?;
    if !caller.is_staff() && product.status != ProductStatus::Active {
        return Err(Problem::absent("product"));
    }
    front.must_follow::<Stocks>()?;
    let version = product.version;
    let product = front.product(id, product)?;
    Ok(Answer::ok(product).at(Some(tip)).version(version))
}

impl Product {
    fn can_be_had(&self) -> bool {
        self.variants.iter().any(|variant| variant.availability != super::Level::Out)
    }
}

impl Front {
    /// A product by id or slug, with everything that was answered before.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn product_named(
        &self,
        text: &str,
    ) -> Result<(ProductId, views::Product), Problem> {
        let absent = || Problem::absent("product");
        self.reach_in::<Products>(self.tip()).await?;
        let id = match text.parse::<ProductId>() {
            Ok(id) => id,
            Err(_) => self.product_with_slug(text)?.ok_or_else(absent)?,
        };
        let product = self.document::<Products>(&id.to_string())?.ok_or_else(absent)?;
        Ok((id, product))
    }

    /// The product that has this slug.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn product_with_slug(&self, slug: &str) -> Result<Option<ProductId>, Problem> {
        let query = Query::new().equal("slug", Column::Text(slug.to_owned())).limit(1);
        let found = self.shop.reader.list::<Products>(&query);
        let found = found.map_err(|error| unreadable(&error))?;
        Ok(found.rows.into_iter().next().and_then(|(key, _)| key.parse().ok()))
    }

    /// Up to where a list of products is true: with what there is of each.
    fn shelves_position(&self) -> Position {
        self.position::<Products>().min(self.position::<Stocks>())
    }

    fn products(
        &self,
        query: &Query,
        wanted: &Wanted,
        paging: &Paging,
    ) -> Result<Answer<List<Product>>, Problem> {
        let (limit, mut cursor) = paging.read()?;
        let position = self.shelves_position();
        let (mut items, mut looked) = (Vec::new(), 0);
        let next: Option<Cursor> = loop {
            let mut query = query.clone().limit(limit - items.len());
            if let Some(cursor) = cursor.take() {
                query = query.after(cursor);
            }
            let found = self.shop.reader.list::<Products>(&query);
            let found = found.map_err(|error| unreadable(&error))?;
            looked += found.rows.len();
            for (key, product) in found.rows {
                let Ok(id) = key.parse() else { continue };
                items.extend(wanted.show(self, id, product)?);
            }
            if found.next.is_none() || items.len() >= limit || looked >= LOOKED_THROUGH {
                break found.next;
            }
            cursor = found.next;
        };
        let page = PageLinks { next: next.map(|cursor| cursor.to_string()), total: None };
        Ok(Answer::ok(List { items, page }).at(Some(position)))
    }

    fn products_with_sku(
        &self,
        sku: &str,
        wanted: &Wanted,
    ) -> Result<Answer<List<Product>>, Problem> {
        let position = self.shelves_position();
        let sku = sku.parse::<Sku>().ok();
        let variant = sku.map(|sku| self.document::<Variants>(sku.as_str())).transpose()?.flatten();
        let mut items = Vec::new();
        if let Some(id) = variant.and_then(|variant| variant.product)
            && let Some(product) = self.document::<Products>(&id.to_string())?
        {
            items.extend(wanted.show(self, id, product)?);
        }
        let page = PageLinks { next: None, total: Some(items.len() as u64) };
        Ok(Answer::ok(List { items, page }).at(Some(position)))
    }

    fn products_in(
        &self,
        category: &str,
        wanted: &Wanted,
        paging: &Paging,
    ) -> Result<Answer<List<Product>>, Problem> {
        let query = Query::new().equal("category", Column::Text(category.to_owned()));
        let listed = self.page::<ProductsByCategory, _>(query, paging, |(_, row)| row.product)?;
        let mut items = Vec::new();
        for id in listed.body().items.iter().flatten() {
            if let Some(product) = self.document::<Products>(&id.to_string())? {
                items.extend(wanted.show(self, *id, product)?);
            }
        }
        Ok(listed.map(|list| List { items, page: list.page }))
    }
}
