//! How a query is meant: its filters, its page, and how new the answer must be.

use super::{
    answer::Answer,
    front::{Front, unreadable},
    problem::{Flaw, Problem},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use engine::views::{Cursor, Query as ViewQuery};
use flows::Shop;
use http::HeaderMap;
use kernel::{Position, View};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{fmt::Display, str::FromStr, sync::Arc};
use utoipa::{IntoParams, ToSchema};

/// Items of a page.
const LIMIT: usize = 50;
/// Items of a page at most.
const LIMIT_MAX: usize = 200;

/// What the path names.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Front>> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Arc<Front>) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, front).await;
        read.map(|axum::extract::Path(path)| Path(path)).map_err(|error| {
            let detail = format!("the path cannot be read: {}", error.body_text());
            Problem::malformed(detail)
        })
    }
}

/// What is asked for after the `?`, read strictly: what is not known is refused.
pub(crate) struct Filters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Front>> for Filters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Front>) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(text.as_bytes());
        if let Some((name, _)) = pairs.clone().find(|(_, value)| value.contains('\0')) {
            let flaw = Flaw::new(format!("#query/{name}"), "a text holds no NUL character");
            return Err(Problem::invalid(vec![flaw]));
        }
        let read = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(read).map(Filters).map_err(|error| {
            let pointer = format!("#query/{}", error.path());
            Problem::invalid(vec![Flaw::new(pointer, error.into_inner().to_string())])
        })
    }
}

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    pub(crate) cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Where it lies.
    pub(crate) page: PageLinks,
}

impl<T> List<Option<T>> {
    /// Without what could not be shown.
    pub(crate) fn flatten(self) -> List<T> {
        List { items: self.items.into_iter().flatten().collect(), page: self.page }
    }
}

/// Where a page lies.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct PageLinks {
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// How many items there are in all; absent where counting would cost more than the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

impl Paging {
    /// How many items, and after what.
    ///
    /// # Errors
    /// 422 for a limit that is none, 400 for what is no cursor.
    pub(crate) fn read(&self) -> Result<(usize, Option<Cursor>), Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let detail = format!("limit is 1 to {LIMIT_MAX}");
            return Err(Problem::invalid(vec![Flaw::new("#query/limit", detail)]));
        }
        let cursor = self.cursor.as_ref().map(|text| text.parse::<Cursor>()).transpose();
        let cursor = cursor.map_err(|error| {
            Problem::malformed(error.to_string()).because(vec![Flaw::new("#query/cursor", "")])
        })?;
        Ok((limit, cursor))
    }
}

/// `Cartage-After`: how new the answer must be.
///
/// # Errors
/// 400 when it is no position.
pub(crate) fn after(headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    let Some(value) = headers.get("cartage-after") else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    position.map(Some).ok_or_else(|| {
        Problem::malformed("Cartage-After takes a Cartage-Position as it was answered")
            .because(vec![Flaw::new("#header/Cartage-After", "")])
    })
}

/// How new an answer must be.
#[derive(Clone, Copy)]
pub(crate) struct After(pub(crate) Option<Position>);

impl FromRequestParts<Arc<Front>> for After {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Front>) -> Result<After, Problem> {
        after(&parts.headers).map(After)
    }
}

impl Front {
    /// Waits until a list of a view is as new as is asked.
    ///
    /// # Errors
    /// 503 when it will not be soon; 422 for a position that is still to come.
    pub(crate) async fn be_as_new_as<V: View<Business = Shop>>(
        &self,
        After(after): After,
    ) -> Result<(), Problem> {
        match after {
            Some(position) => self.reach_in::<V>(position).await,
            None => Ok(()),
        }
    }

    /// A page of things by their ids, as new as is asked; what cannot be shown is left out.
    ///
    /// # Errors
    /// As [`Front::be_as_new_as`] and [`Front::page`].
    pub(crate) async fn things<V: View<Business = Shop>, Id: FromStr, T: Serialize>(
        &self,
        after: After,
        query: ViewQuery,
        paging: Paging,
        show: impl Fn(Id, V::Document) -> Option<T>,
    ) -> Result<Answer<List<T>>, Problem> {
        self.be_as_new_as::<V>(after).await?;
        let shown = |(key, document): (String, V::Document)| show(key.parse().ok()?, document);
        Ok(self.page::<V, _>(query, &paging, shown)?.map(List::flatten))
    }

    /// One thing by its id, with everything that was answered before.
    ///
    /// # Errors
    /// 404 when there is none of this kind, 503 when the view is behind.
    pub(crate) async fn thing<V: View<Business = Shop>, Id: Display, T>(
        &self,
        id: Id,
        kind: &str,
        show: impl FnOnce(Id, V::Document) -> T,
    ) -> Result<T, Problem> {
        let found = self.newest::<V>(&id.to_string()).await?;
        found.map(|document| show(id, document)).ok_or_else(|| Problem::absent(kind))
    }

    /// A page of a view, each row as `show` has it.
    ///
    /// # Errors
    /// When the page is none, or the view cannot be read.
    pub(crate) fn page<V: View<Business = Shop>, T: Serialize>(
        &self,
        query: ViewQuery,
        paging: &Paging,
        show: impl FnMut((String, V::Document)) -> T,
    ) -> Result<Answer<List<T>>, Problem> {
        let (limit, cursor) = paging.read()?;
        let mut query = query.limit(limit);
        if let Some(cursor) = cursor {
            query = query.after(cursor);
        }
        // Asked first: whatever becomes readable meanwhile makes the page newer, never older.
        let position = self.position::<V>();
        let found = self.shop.reader.list::<V>(&query).map_err(|error| unreadable(&error))?;
        let next = found.next.map(|cursor| cursor.to_string());
        let items = found.rows.into_iter().map(show).collect();
        let page = PageLinks { next, total: None };
        Ok(Answer::ok(List { items, page }).at(Some(position)))
    }
}
