//! Orders: placing them, looking at them, and changing one's mind.

mod changing;
mod placing;
mod reading;

use crate::http::{
    caller::Caller,
    front::Front,
    problem::Problem,
    shapes::{self, number_of},
    shown::ShownOrder,
};
use engine::views::Query;
use flows::views::{self, Orders};
use kernel::{Column, OrderId};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(placing::place, reading::list))
        .routes(routes!(reading::get))
        .routes(routes!(reading::timeline))
        .routes(routes!(reading::events))
        .routes(routes!(reading::at))
        .routes(routes!(reading::facts))
        .routes(routes!(changing::cancel))
        .routes(routes!(changing::pay))
}

impl Front {
    /// The order that a path names, by id or number, if the caller may see it.
    ///
    /// # Errors
    /// 404 when it is not there, or not his.
    pub(crate) async fn order_named(
        &self,
        caller: &Caller,
        text: &str,
    ) -> Result<OrderId, Problem> {
        let id = match (text.parse::<OrderId>(), number_of(text)) {
            (Ok(id), _) => id,
            (_, Some(number)) => self.order_numbered(number).await?,
            _ => return Err(Problem::absent("order")),
        };
        caller.admit(self, id, "order")?;
        Ok(id)
    }

    /// The order with that number, with everything that was answered before.
    ///
    /// # Errors
    /// 404 when there is none, 503 when the view is behind.
    pub(crate) async fn order_numbered(&self, number: u64) -> Result<OrderId, Problem> {
        self.reach_in::<Orders>(self.tip()).await?;
        let number = Column::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let found = self.shop.reader.list::<Orders>(&Query::new().equal("number", number).limit(1));
        let found = found.map_err(|error| crate::http::front::unreadable(&error))?;
        let id = found.rows.into_iter().next().and_then(|(key, _)| key.parse().ok());
        id.ok_or_else(|| Problem::absent("order"))
    }

    /// An order with everything that was answered before.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn newest_order(&self, id: OrderId) -> Result<shapes::Order, Problem> {
        let document = self.newest_document(id).await?;
        self.order(id, &document).ok_or_else(|| Problem::absent("order"))
    }

    /// An order as it is answered now.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn newest_shown(&self, id: OrderId) -> Result<ShownOrder, Problem> {
        let key = id.to_string();
        let document = self.newest_text::<Orders>(&key).await?;
        let shown = document.map(|document| self.shown(&key, &document)).transpose()?;
        shown.flatten().ok_or_else(|| Problem::absent("order"))
    }

    /// The same as the view has it.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn newest_document(&self, id: OrderId) -> Result<views::Order, Problem> {
        let document = self.newest::<Orders>(&id.to_string()).await?;
        document.filter(|order| order.number > 0).ok_or_else(|| Problem::absent("order"))
    }
}
