//! Order summary: one line for each order, as lists show it.

use crate::wiring::{Fact, Shop};
use commerce::orders::OrderFact;
use compact_str::CompactString;
use kernel::{Column, Columns, Money, PersonId, Recorded, Timestamp, View};
use serde::{Deserialize, Serialize};

/// Orders with status and total, under the order's id.
pub struct OrderSummary;

/// One order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// What people call it; 0 until it is placed.
    pub number: u64,
    /// How far it has come.
    pub status: SummaryStatus,
    /// Who ordered.
    pub customer: Option<PersonId>,
    /// Where it goes.
    pub country: CompactString,
    /// What was ordered costs this.
    pub total: Option<Money>,
    /// Lines.
    pub lines: u32,
    /// Units ordered.
    pub units: u64,
    /// Units cancelled.
    pub cancelled: u64,
    /// Units sent or on their way, by fulfilment.
    pub parts: Vec<Part>,
    /// Units returned.
    pub returned: u64,
    /// When it was placed.
    pub placed_at: Option<Timestamp>,
    /// When something happened last.
    pub changed_at: Option<Timestamp>,
}

/// What travels together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Number of the fulfilment; 0 for what needs no parcel.
    pub fulfilment: u32,
    /// Units in it.
    pub units: u64,
    /// How far it is.
    pub stage: PartStage,
}

/// How far a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartStage {
    /// In the warehouse.
    Released,
    /// With the carrier.
    Shipped,
    /// With the customer, or lost on the way.
    Ended,
}

/// How far an order has come, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SummaryStatus {
    /// Nothing is promised yet.
    #[default]
    Requested,
    /// Not all was there.
    Rejected,
    /// Awaits its payment.
    Placed,
    /// Paid for.
    Paid,
    /// The warehouse works on it.
    Released,
    /// Some of it is on its way.
    PartlyShipped,
    /// All of it is on its way.
    Shipped,
    /// All of it is there.
    Delivered,
    /// The return window is over.
    Completed,
    /// Nothing of it was sent.
    Cancelled,
}

impl SummaryStatus {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            SummaryStatus::Requested => "requested",
            SummaryStatus::Rejected => "rejected",
            SummaryStatus::Placed => "placed",
            SummaryStatus::Paid => "paid",
            SummaryStatus::Released => "released",
            SummaryStatus::PartlyShipped => "partly_shipped",
            SummaryStatus::Shipped => "shipped",
            SummaryStatus::Delivered => "delivered",
            SummaryStatus::Completed => "completed",
            SummaryStatus::Cancelled => "cancelled",
        }
    }
}

impl View for OrderSummary {
    type Business = Shop;
    type Document = Summary;

    const NAME: &'static str = "order_summary";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["number", "status", "placed_at"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Order(order, _) = &recorded.fact {
            keys.push(order.to_string());
        }
    }

    fn evolve(summary: &mut Summary, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Order(_, fact) = &recorded.fact else { return };
        summary.changed_at = Some(recorded.at());
        summary.hear(fact, recorded.at());
    }

    fn columns(summary: &Summary) -> Columns {
        vec![
            i64::try_from(summary.number).ok().map(Column::Number),
            Some(Column::Text(summary.status.as_str().to_owned())),
            summary.placed_at.map(|at| Column::Number(at.micros())),
        ]
    }
}

impl Summary {
    fn hear(&mut self, fact: &OrderFact, at: Timestamp) {
        match fact {
            OrderFact::Requested(requested) => {
                let shipping = requested.shipping.map_or(0, |shipping| shipping.minor);
                let price = |sum: i64, line: &commerce::orders::OrderLine| {
                    sum + line.unit_price.minor * i64::from(line.units)
                };
                *self = Summary {
                    customer: Some(requested.customer),
                    country: requested.country.clone(),
                    total: Some(Money::new(
                        requested.lines.iter().fold(shipping, price),
                        requested.currency,
                    )),
                    lines: u32::try_from(requested.lines.len()).unwrap_or(u32::MAX),
                    units: requested.lines.iter().map(|line| u64::from(line.units)).sum(),
                    changed_at: self.changed_at,
                    ..Summary::default()
                };
            }
            OrderFact::Rejected { .. } => self.status = SummaryStatus::Rejected,
            OrderFact::Placed { number, .. } => {
                (self.number, self.placed_at) = (*number, Some(at));
                self.status = SummaryStatus::Placed;
            }
            OrderFact::PaymentSecured { .. } => self.status = SummaryStatus::Paid,
            OrderFact::Released { .. } if self.status == SummaryStatus::Paid => {
                self.status = SummaryStatus::Released;
            }
            OrderFact::Packed { fulfilment, lines, .. } => {
                let units = lines.iter().map(|line| u64::from(line.units)).sum();
                let stage = PartStage::Released;
                self.parts.push(Part { fulfilment: *fulfilment, units, stage });
            }
            OrderFact::Shipped { fulfilment } => self.move_part(*fulfilment, PartStage::Shipped),
            OrderFact::Delivered { fulfilment: None, .. } => {
                let units = self.units - self.cancelled;
                self.parts.push(Part { fulfilment: 0, units, stage: PartStage::Ended });
                self.judge();
            }
            OrderFact::Delivered { fulfilment: Some(fulfilment), .. }
            | OrderFact::Lost { fulfilment, .. } => self.move_part(*fulfilment, PartStage::Ended),
            OrderFact::Cancelled { lines, all, .. } => {
                self.cancelled += lines.iter().map(|line| u64::from(line.units)).sum::<u64>();
                if *all {
                    self.status = SummaryStatus::Cancelled;
                } else if !matches!(self.status, SummaryStatus::Placed | SummaryStatus::Requested) {
                    self.judge();
                }
            }
            OrderFact::Returned { lines, .. } => {
                self.returned += lines.iter().map(|line| u64::from(line.units)).sum::<u64>();
            }
            OrderFact::Completed => self.status = SummaryStatus::Completed,
            OrderFact::Released { .. }
            | OrderFact::PaymentTried { .. }
            | OrderFact::FulfilmentOpened { .. }
            | OrderFact::Picked { .. }
            | OrderFact::Held { .. }
            | OrderFact::Unheld { .. } => {}
        }
    }

    fn move_part(&mut self, fulfilment: u32, stage: PartStage) {
        for part in self.parts.iter_mut().filter(|part| part.fulfilment == fulfilment) {
            part.stage = stage;
        }
        self.judge();
    }

    fn judge(&mut self) {
        let at = |stage: PartStage| -> u64 {
            self.parts.iter().filter(|part| part.stage == stage).map(|part| part.units).sum()
        };
        let (under_way, ended) = (at(PartStage::Shipped), at(PartStage::Ended));
        let all = self.units - self.cancelled;
        self.status = match (under_way, ended) {
            (0, ended) if ended >= all => SummaryStatus::Delivered,
            (under_way, ended) if under_way + ended >= all => SummaryStatus::Shipped,
            (0, 0) => self.status,
            _ => SummaryStatus::PartlyShipped,
        };
    }
}
