//! `/`: the live pulse. Orders by stage, facts per second, who lags, what is stuck, the latest orders.
//!
//! It is computed at most once a second for all who look, and less often where computing takes long, so
//! that many viewers cost nothing and a large shop is not counted all the time.

mod overdue;
mod rate;

use super::{Html, PageProblem, session::Visitor, words};
use crate::{
    http::{
        front::{Front, unreadable},
        problem::Problem,
        shapes,
    },
    pauses::{self, Paused},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use engine::{Clock, handlers::BreakerState, views::Query};
use flows::views::{OrderStatus, Orders};
use kernel::{Column, Timestamp};
use minijinja::{context, value::Serde};
use overdue::Overdue;
use rate::Rate;
use serde::Serialize;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// Nobody sees an older pulse, unless counting takes long.
const FRESH: Duration = Duration::from_secs(1);
/// Nobody sees an older one even then.
const STALE: Duration = Duration::from_secs(30);
/// Counting may take one part in so many of the time.
const SHARE: u32 = 20;
/// Orders that are listed.
const LATEST: usize = 12;
/// Alarms that are listed.
const ALARMS: usize = 3;

/// The stages of an order's way, in its order, and what they are called.
const STAGES: &[(OrderStatus, &str, &str)] = &[
    (OrderStatus::Placed, "placed", "awaiting payment"),
    (OrderStatus::Paid, "paid", "paid"),
    (OrderStatus::Released, "released", "in the warehouse"),
    (OrderStatus::PartlyShipped, "partly_shipped", "partly shipped"),
    (OrderStatus::Shipped, "shipped", "on the way"),
    (OrderStatus::Delivered, "delivered", "delivered"),
    (OrderStatus::Completed, "completed", "completed"),
    (OrderStatus::Cancelled, "cancelled", "cancelled"),
    (OrderStatus::Rejected, "rejected", "out of stock"),
];

/// The pulse as it was rendered last, shared by all who look.
#[derive(Default)]
pub(crate) struct Pulses(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    rate: Rate,
    /// Until when it may be shown, and what.
    shown: Option<(Instant, Arc<str>)>,
}

/// What a template shows.
#[derive(Debug, Serialize)]
struct Pulse {
    at: String,
    position: i64,
    rate: rate::Shown,
    stages: Vec<Stage>,
    lags: Vec<Lag>,
    overdue: Option<Overdue>,
    alarms: usize,
    last_alarms: Vec<AlarmLine>,
    letters: usize,
    breakers: Vec<&'static str>,
    /// Who was told to stand still: what it shows is old, what it is asked waits.
    paused: Vec<Paused>,
    latest: Vec<OrderLine>,
}

#[derive(Debug, Serialize)]
struct Stage {
    status: &'static str,
    words: &'static str,
    orders: i64,
    /// Of the fullest stage, in percent.
    share: u64,
}

#[derive(Debug, Serialize)]
struct Lag {
    who: &'static str,
    facts: i64,
}

#[derive(Debug, Serialize)]
struct AlarmLine {
    kind: String,
    text: String,
    ago: String,
}

#[derive(Debug, Serialize)]
struct OrderLine {
    id: String,
    number: String,
    status: &'static str,
    words: &'static str,
    units: i64,
    total: String,
    country: String,
    changed: String,
}

/// The whole page.
pub(crate) async fn page(
    State(front): State<Arc<Front>>,
    visitor: Visitor,
) -> Result<Html, PageProblem> {
    let pulse = shared(&front).await?;
    let signed_in = visitor.signed_in;
    Html::render("home.html", context! { pulse => &*pulse, signed_in, open => front.open_house })
}

/// What changes of it.
pub(crate) async fn part(
    State(front): State<Arc<Front>>,
    _visitor: Visitor,
) -> Result<Response, PageProblem> {
    let text = shared(&front).await?.to_string();
    Ok(Html { status: http::StatusCode::OK, text }.into_response())
}

/// The same for everybody who looks now.
async fn shared(front: &Arc<Front>) -> Result<Arc<str>, PageProblem> {
    // Whoever comes while it is computed waits for the same one.
    let mut kept = front.pulses.0.lock().await;
    if let Some((until, text)) = &kept.shown
        && Instant::now() < *until
    {
        return Ok(text.clone());
    }
    let begin = Instant::now();
    let tip = front.tip();
    if kept.rate.is_cold() {
        let before = front.shop.clock.now() - rate::WINDOW;
        let then = front.look_back(move |past| past.position_at(before)).await?;
        kept.rate.begin(begin, then);
    }
    kept.rate.note(begin, tip);
    let rate = kept.rate.shown();
    let looker = front.clone();
    let read = tokio::task::spawn_blocking(move || Pulse::read(&looker, rate));
    let pulse = read.await.map_err(|panic| Problem::internal(&panic))??;
    let text: Arc<str> = Html::render("pulse.html", Serde(&pulse))?.text.into();
    let good_for = (begin.elapsed() * SHARE).clamp(FRESH, STALE);
    kept.shown = Some((begin + good_for, text.clone()));
    Ok(text)
}

impl Pulse {
    fn read(front: &Front, rate: rate::Shown) -> Result<Pulse, Problem> {
        let now = front.shop.clock.now();
        let tip = front.tip();
        let handled = front.shop.handlers.standing().heard;
        let indexed = front.shop.engine.gauges().indexed.load(Relaxed);
        let lag = |who, seen: u64| Lag { who, facts: figure(tip.saturating_sub(seen)) };
        let alarms = front.shop.alarms().all();
        let breakers = front.shop.handlers.breakers().into_iter();
        let open = breakers.filter(|(_, state)| !matches!(state, BreakerState::Closed));
        Ok(Pulse {
            at: words::moment(now),
            position: figure(tip),
            rate,
            stages: stages(front)?,
            lags: vec![
                lag("views", front.shop.seen.position()),
                lag("handlers", handled),
                lag("index", indexed),
            ],
            overdue: overdue::oldest(front, now)?,
            alarms: alarms.len(),
            last_alarms: alarms
                .iter()
                .rev()
                .take(ALARMS)
                .map(|alarm| AlarmLine {
                    kind: words::plain(alarm.kind),
                    text: alarm.text.clone(),
                    ago: words::span(now.since(alarm.at)),
                })
                .collect(),
            letters: front.shop.handlers.letters().len(),
            paused: pauses::paused(&front.shop),
            breakers: open.map(|(provider, _)| provider).collect(),
            latest: latest(front, now)?,
        })
    }
}

fn stages(front: &Front) -> Result<Vec<Stage>, Problem> {
    let mut stages = Vec::new();
    for (_, status, words) in STAGES {
        let query = Query::new().equal("status", Column::Text((*status).to_owned()));
        let orders = front.shop.reader.count::<Orders>(&query);
        let orders = figure(orders.map_err(|error| unreadable(&error))?);
        stages.push(Stage { status, words, orders, share: 0 });
    }
    let most = stages.iter().map(|stage| stage.orders).max().unwrap_or(0).max(1);
    for stage in &mut stages {
        // A single order is still to be seen.
        let share = (stage.orders * 100 + most - 1) / most;
        stage.share = u64::try_from(share).unwrap_or(0);
    }
    Ok(stages)
}

fn latest(front: &Front, now: Timestamp) -> Result<Vec<OrderLine>, Problem> {
    let query = Query::new().descending("number").limit(LATEST);
    let found = front.shop.reader.list::<Orders>(&query).map_err(|error| unreadable(&error))?;
    let placed = found.rows.into_iter().filter(|(_, order)| order.number > 0);
    Ok(placed
        .map(|(id, order)| OrderLine {
            id,
            number: shapes::number(order.number),
            status: in_words(order.status).0,
            words: in_words(order.status).1,
            units: figure(order.quantity()),
            total: order.totals().total.to_string(),
            country: order.country.to_string(),
            changed: order.changed_at.map(|at| words::span(now.since(at))).unwrap_or_default(),
        })
        .collect())
}

/// A status as programs and as people call it.
pub(super) fn in_words(status: OrderStatus) -> (&'static str, &'static str) {
    let known = STAGES.iter().find(|(stage, ..)| *stage == status);
    known.map_or(("requested", "asked for"), |(_, word, words)| (word, words))
}

fn figure(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
