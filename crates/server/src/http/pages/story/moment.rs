//! One moment of a story: the fact that happened, and the order as it was after it.

use super::json;
use crate::http::{
    front::Front,
    pages::{pulse::in_words, words},
    problem::Problem,
    shapes,
};
use flows::{
    Shop,
    views::{LineUnits, Order, OrderLine, OrderTimeline, Orders, Timeline},
};
use kernel::{OrderId, Position, Recorded, View};
use serde::Serialize;
use serde_json::Value;

/// What a template shows.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    step: usize,
    steps: usize,
    order: OrderNow,
    fact: Fact,
}

/// The order as it was.
#[derive(Debug, Serialize)]
struct OrderNow {
    id: String,
    number: Option<String>,
    status: &'static str,
    words: &'static str,
    status_changed: bool,
    placed_at: Option<String>,
    pay_by: Option<String>,
    on_hold: Vec<String>,
    cancelled_because: Option<String>,
    country: String,
    shipping: Option<String>,
    total: String,
    lines: Vec<Line>,
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Line {
    sku: String,
    name: String,
    quantity: u32,
    price: String,
    total: String,
    refunded: Option<String>,
    units: Vec<Units>,
    changed: bool,
}

/// Units at a stage, and where their bar stands, of 100.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Units {
    stage: &'static str,
    count: u32,
    x: f64,
    width: f64,
}

/// A payment, a fulfilment, a parcel or a return.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Part {
    kind: &'static str,
    number: u32,
    status: String,
    more: String,
    changed: bool,
}

/// What happened.
#[derive(Debug, Serialize)]
struct Fact {
    kind: String,
    words: String,
    position: Position,
    stream: String,
    version: u64,
    at: String,
    actor: String,
    cause: Option<Position>,
    /// Its place in this story, where it is part of it.
    cause_step: Option<usize>,
    /// None when it was time that made it happen.
    command: Option<String>,
    correlation: Option<String>,
    body: String,
}

impl Moment {
    /// After the fact at this place of the story.
    ///
    /// # Errors
    /// When the names of products cannot be read.
    pub(super) fn of(
        front: &Front,
        id: OrderId,
        facts: &[Recorded<Shop>],
        at: usize,
    ) -> Result<Moment, Problem> {
        let mut before = Order::default();
        fold(&mut before, id, &facts[..at]);
        let mut after = before.clone();
        fold(&mut after, id, &facts[at..=at]);
        let order = OrderNow::of(front, id, &before, &after)?;
        Ok(Moment { step: at + 1, steps: facts.len(), order, fact: Fact::of(id, facts, at) })
    }
}

/// As the view does it.
fn fold(order: &mut Order, id: OrderId, facts: &[Recorded<Shop>]) {
    let key = id.to_string();
    let mut keys = Vec::new();
    for recorded in facts {
        Orders::concerns(recorded, &mut keys);
        if keys.drain(..).any(|concerned| concerned == key) {
            Orders::evolve(order, &key, recorded);
        }
    }
}

impl OrderNow {
    fn of(front: &Front, id: OrderId, before: &Order, after: &Order) -> Result<OrderNow, Problem> {
        let (status, words) = in_words(after.status);
        let lines = after.lines.iter().enumerate();
        let lines = lines.map(|(at, line)| Line::of(front, after, line, before.lines.get(at)));
        let known = parts(before);
        let mut parts = parts(after);
        for part in &mut parts {
            part.changed = !known.contains(part);
        }
        Ok(OrderNow {
            id: id.to_string(),
            number: (after.number > 0).then(|| shapes::number(after.number)),
            status,
            words,
            status_changed: before.status != after.status,
            placed_at: after.placed_at.map(words::moment),
            pay_by: after.pay_by.map(words::moment),
            on_hold: after.on_hold.iter().map(word).collect(),
            cancelled_because: after.cancel_reason.as_ref().map(word),
            country: after.country.to_string(),
            shipping: (after.shipping != 0).then(|| after.money(after.shipping).to_string()),
            total: after.totals().total.to_string(),
            lines: lines.collect::<Result<_, Problem>>()?,
            parts,
        })
    }
}

impl Line {
    fn of(
        front: &Front,
        order: &Order,
        line: &OrderLine,
        before: Option<&OrderLine>,
    ) -> Result<Line, Problem> {
        // All else of a story is told by the journal: it does not fail for want of a name.
        let offer = front.offer(&line.sku).ok().flatten();
        let total = line.unit_price * i64::from(line.quantity);
        Ok(Line {
            sku: line.sku.to_string(),
            name: offer.map(|offer| offer.name.clone()).unwrap_or_default(),
            quantity: line.quantity,
            price: order.money(line.unit_price).to_string(),
            total: order.money(total).to_string(),
            refunded: (line.refunded != 0).then(|| order.money(line.refunded).to_string()),
            units: bars(&line.units, line.quantity),
            changed: before != Some(line),
        })
    }
}

fn bars(units: &LineUnits, quantity: u32) -> Vec<Units> {
    let stages = [
        ("open", units.open),
        ("held", units.held),
        ("committed", units.committed),
        ("released", units.released),
        ("picked", units.picked),
        ("packed", units.packed),
        ("shipped", units.shipped),
        ("delivered", units.delivered),
        ("returned", units.returned),
        ("lost", units.lost),
        ("cancelled", units.cancelled),
    ];
    let mut bars = Vec::new();
    let mut x = 0.0;
    for (stage, count) in stages.into_iter().filter(|(_, count)| *count > 0) {
        let width = 100.0 * f64::from(count) / f64::from(quantity.max(1));
        bars.push(Units { stage, count, x, width });
        x += width;
    }
    bars
}

fn parts(order: &Order) -> Vec<Part> {
    let part = |kind, number, status: String, more: String| {
        let changed = false;
        Part { kind, number, status, more, changed }
    };
    let text = |text: &Option<compact_str::CompactString>| text.as_deref().unwrap_or("").to_owned();
    let mut parts = Vec::new();
    for payment in &order.payments {
        let mut more = vec![order.money(payment.amount).to_string()];
        if payment.captured != 0 {
            more.push(format!("taken {}", order.money(payment.captured)));
        }
        if payment.refunded != 0 {
            more.push(format!("given back {}", order.money(payment.refunded)));
        }
        parts.push(part("payment", payment.number, word(&payment.status), more.join(", ")));
    }
    for fulfilment in &order.fulfilments {
        let site = fulfilment.site.as_ref().map(ToString::to_string).unwrap_or_default();
        parts.push(part("fulfilment", fulfilment.number, word(&fulfilment.status), site));
    }
    for parcel in &order.parcels {
        let more = [text(&parcel.carrier), text(&parcel.tracking_number)].join(" ");
        parts.push(part("parcel", parcel.number, word(&parcel.status), more.trim().to_owned()));
    }
    for back in &order.returns {
        parts.push(part("return", back.number, word(&back.status), String::new()));
    }
    parts
}

impl Fact {
    fn of(id: OrderId, facts: &[Recorded<Shop>], at: usize) -> Fact {
        let recorded = &facts[at];
        let kind = json::kind(recorded);
        let place = |position: Position| facts.iter().position(|fact| fact.position == position);
        Fact {
            words: told(id, recorded).unwrap_or_else(|| plainly(recorded, &kind)),
            kind,
            position: recorded.position,
            stream: recorded.stream().to_string(),
            version: recorded.version,
            at: recorded.at().to_string(),
            actor: recorded.origin.actor.as_str().to_owned(),
            cause: recorded.cause,
            cause_step: recorded.cause.and_then(place).map(|step| step + 1),
            command: recorded.origin.command.map(|command| command.to_string()),
            correlation: recorded.origin.correlation.map(|affair| affair.to_string()),
            body: json::body(recorded),
        }
    }
}

/// As the customer hears it; none for what he need not know.
pub(super) fn told(id: OrderId, recorded: &Recorded<Shop>) -> Option<String> {
    let mut keys = Vec::new();
    OrderTimeline::concerns(recorded, &mut keys);
    let mut timeline = Timeline::default();
    OrderTimeline::evolve(&mut timeline, &id.to_string(), recorded);
    let moment = timeline.moments.pop().filter(|_| !keys.is_empty())?;
    Some(match moment.number {
        Some(number) if number > 1 => format!("{} ({number})", moment.what),
        _ => moment.what.into_owned(),
    })
}

/// `inventory/held@1` → `inventory: held 85123A`.
pub(super) fn plainly(recorded: &Recorded<Shop>, kind: &str) -> String {
    let name = kind.split('@').next().unwrap_or(kind);
    let name = words::plain(&name.replacen('/', ": ", 1));
    match &recorded.fact {
        flows::Fact::Stock(sku, _) => format!("{name} {sku}"),
        _ => name,
    }
}

/// What people call the order, once it is placed.
pub(super) fn number(id: OrderId, facts: &[Recorded<Shop>]) -> Option<String> {
    let mut order = Order::default();
    fold(&mut order, id, facts);
    (order.number > 0).then(|| shapes::number(order.number))
}

/// A published name in words.
fn word(of: &impl Serialize) -> String {
    match shapes::word(of) {
        Value::String(text) => words::plain(&text),
        Value::Object(fields) => {
            fields.keys().next().map(|name| words::plain(name)).unwrap_or_default()
        }
        _ => String::new(),
    }
}
