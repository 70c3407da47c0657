//! Orders as they were: the facts of an order and of all that belongs to it, folded again.

use super::{front::Front, problem::Problem};
use flows::{
    Shop, Stream,
    views::{self, Orders},
};
use kernel::{
    FulfilmentId, OrderId, PackId, ParcelId, PaymentId, PickId, Position, Recorded, ReturnId, View,
};
use std::sync::Arc;

impl Front {
    /// Every fact of an order, its payments, fulfilments, picks, packs, parcels and returns, by position.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(crate) async fn facts_of_order(
        self: &Arc<Self>,
        id: OrderId,
    ) -> Result<Vec<Recorded<Shop>>, Problem> {
        let order = self.document::<Orders>(&id.to_string())?.unwrap_or_default();
        let streams = streams_of(id, &order);
        self.look_back(move |past| {
            let mut facts = Vec::new();
            for stream in &streams {
                facts.extend(past.facts_of(stream)?);
            }
            facts.sort_by_key(|recorded| recorded.position);
            Ok(facts)
        })
        .await
    }

    /// An order as it was after the fact at `position`.
    ///
    /// # Errors
    /// As [`Front::facts_of_order`].
    pub(crate) async fn order_at(
        self: &Arc<Self>,
        id: OrderId,
        position: Position,
    ) -> Result<views::Order, Problem> {
        let facts = self.facts_of_order(id).await?;
        let facts = facts.iter().filter(|recorded| recorded.position <= position);
        Ok(fold(id, facts))
    }
}

/// What these facts make of an order.
pub(crate) fn fold<'a>(
    id: OrderId,
    facts: impl IntoIterator<Item = &'a Recorded<Shop>>,
) -> views::Order {
    let (key, mut order, mut keys) = (id.to_string(), views::Order::default(), Vec::new());
    for recorded in facts {
        Orders::concerns(recorded, &mut keys);
        if keys.drain(..).any(|concerned| concerned == key) {
            Orders::evolve(&mut order, &key, recorded);
        }
    }
    order
}

fn streams_of(id: OrderId, order: &views::Order) -> Vec<Stream> {
    let mut streams = vec![Stream::Order(id), Stream::Cart(id)];
    streams.extend(order.payments.iter().map(|p| Stream::Payment(PaymentId::new(id, p.number))));
    for fulfilment in &order.fulfilments {
        let number = fulfilment.number;
        streams.push(Stream::Fulfilment(FulfilmentId::new(id, number)));
        streams.push(Stream::Pick(PickId::new(id, number)));
        streams.push(Stream::Pack(PackId::new(id, number)));
    }
    streams.extend(order.parcels.iter().map(|p| Stream::Parcel(ParcelId::new(id, p.number))));
    streams.extend(order.returns.iter().map(|r| Stream::Return(ReturnId::new(id, r.number))));
    streams
}
