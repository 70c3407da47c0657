//! An order as the API shows it.

use super::Money;
use crate::http::front::Front;
use commerce::{
    orders::{CancelReason, HoldReason},
    payments::PaymentStatus,
};
use flows::views;
use kernel::{OrderId, Sku, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use warehouse::{fulfilments::FulfilmentStage, returns::ReturnStage, shipping::ParcelStatus};

/// An order: what was bought, how far it is, and what belongs to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Order {
    /// Also its cart's.
    pub(crate) id: Uuid,
    /// What people call it.
    #[schema(example = "C-100234")]
    pub(crate) number: String,
    /// Proves that it is yours; only for who placed it, when it is placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    #[schema(value_type = String, example = "placed")]
    pub(crate) status: views::OrderStatus,
    /// What somebody has to look at.
    #[schema(value_type = Vec<String>)]
    pub(crate) on_hold: Vec<HoldReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) cancel_reason: Option<CancelReason>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) placed_at: Option<Timestamp>,
    pub(crate) lines: Vec<OrderLine>,
    pub(crate) totals: Totals,
    pub(crate) payments: Vec<PaymentLink>,
    pub(crate) fulfilments: Vec<FulfilmentLink>,
    pub(crate) parcels: Vec<ParcelLink>,
    pub(crate) returns: Vec<ReturnLink>,
    /// When it has to be paid; absent once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) pay_by: Option<Timestamp>,
    /// Facts of the order itself; its `ETag`.
    pub(crate) version: u64,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OrderLine {
    pub(crate) id: u32,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Money,
    pub(crate) discount: Money,
    pub(crate) tax: Money,
    pub(crate) total: Money,
    /// Where its units are; stages without units are left out.
    #[schema(value_type = Object, example = json!({"committed": 2}))]
    pub(crate) units: views::LineUnits,
    pub(crate) refunded: Money,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Totals {
    pub(crate) goods: Money,
    pub(crate) discount: Money,
    pub(crate) shipping: Money,
    pub(crate) tax: Money,
    pub(crate) total: Money,
    pub(crate) tax_included: bool,
}

impl Totals {
    /// Prices include tax, nothing is taken off, and sending is free, until prices have rules.
    pub(crate) fn of(goods: kernel::Money) -> Totals {
        let none = Money::from(kernel::Money::zero(goods.currency));
        let goods = Money::from(goods);
        Totals {
            goods,
            discount: none,
            shipping: none,
            tax: none,
            total: goods,
            tax_included: true,
        }
    }
}

impl From<views::Totals> for Totals {
    fn from(totals: views::Totals) -> Totals {
        Totals {
            goods: totals.goods.into(),
            discount: totals.discount.into(),
            shipping: totals.shipping.into(),
            tax: totals.tax.into(),
            total: totals.total.into(),
            tax_included: totals.tax_included,
        }
    }
}

/// An attempt to pay for it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PaymentLink {
    #[schema(example = "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10.1")]
    pub(crate) id: String,
    #[schema(value_type = String, example = "authorised")]
    pub(crate) status: PaymentStatus,
    pub(crate) amount: Money,
}

/// What one site sends of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FulfilmentLink {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<String>,
    #[schema(value_type = String, example = "open")]
    pub(crate) status: FulfilmentStage,
}

/// A parcel of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ParcelLink {
    pub(crate) id: String,
    #[schema(value_type = String, example = "in_transit")]
    pub(crate) status: ParcelStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carrier: Option<String>,
}

/// What of it comes back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReturnLink {
    pub(crate) id: String,
    #[schema(value_type = String, example = "requested")]
    pub(crate) status: ReturnStage,
}

/// A published word, as documents have it.
pub(crate) fn word(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or(Value::Null)
}

impl Front {
    /// An order as the API shows it; none before it was placed: what was only requested, or rejected, is
    /// no order.
    pub(crate) fn order(&self, id: OrderId, order: &views::Order) -> Option<Order> {
        if order.number == 0 {
            return None;
        }
        let none = Money::from(order.money(0));
        let part = |number: u32| format!("{id}.{number}");
        let line = |(number, line): (u32, &views::OrderLine)| OrderLine {
            id: number,
            sku: line.sku.to_string(),
            name: self.name_of(&line.sku),
            quantity: line.quantity,
            unit_price: order.money(line.unit_price).into(),
            discount: none,
            tax: none,
            total: order.money(line.unit_price * i64::from(line.quantity)).into(),
            units: line.units,
            refunded: order.money(line.refunded).into(),
        };
        Some(Order {
            id: id.0,
            number: number(order.number),
            token: None,
            status: order.status,
            on_hold: order.on_hold.clone(),
            cancel_reason: order.cancel_reason,
            placed_at: order.placed_at,
            lines: (1..).zip(&order.lines).map(line).collect(),
            totals: order.totals().into(),
            payments: (order.payments.iter())
                .map(|payment| PaymentLink {
                    id: part(payment.number),
                    status: payment.status,
                    amount: order.money(payment.amount).into(),
                })
                .collect(),
            fulfilments: (order.fulfilments.iter())
                .map(|fulfilment| FulfilmentLink {
                    id: part(fulfilment.number),
                    site: fulfilment.site.as_ref().map(ToString::to_string),
                    status: fulfilment.status,
                })
                .collect(),
            parcels: (order.parcels.iter())
                .map(|parcel| ParcelLink {
                    id: part(parcel.number),
                    status: parcel.status,
                    tracking_number: parcel.tracking_number.as_ref().map(ToString::to_string),
                    carrier: parcel.carrier.as_ref().map(ToString::to_string),
                })
                .collect(),
            returns: (order.returns.iter())
                .map(|coming| ReturnLink { id: part(coming.number), status: coming.status })
                .collect(),
            pay_by: order.pay_by,
            version: order.version,
        })
    }

    /// What a SKU is called; what is no longer known is called by its SKU.
    pub(crate) fn name_of(&self, sku: &Sku) -> String {
        match self.offer(sku) {
            Ok(Some(offer)) => offer.name.clone(),
            _ => sku.to_string(),
        }
    }
}

/// `C-100234`.
pub(crate) fn number(number: u64) -> String {
    format!("C-{number}")
}

/// The inverse of [`number`].
pub(crate) fn number_of(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("C-")?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain && !digits.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_one_number() {
        assert_eq!(number_of(&number(100_234)), Some(100_234));
        for bad in ["100234", "C-", "C-x", "C-0100", "c-1", "C-99999999999999999999999"] {
            assert_eq!(number_of(bad), None, "{bad}");
        }
    }
}
