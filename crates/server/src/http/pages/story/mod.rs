//! `/story/{order}`: an order is a story you can replay. A slider over its facts; at each of them the
//! order as it was, and the fact itself.

mod gather;
mod json;
mod moment;

use super::{Html, PageProblem, session::Visitor, words};
use crate::http::{asking::Path, front::Front, problem::Problem, shapes};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use engine::Past;
use flows::Shop;
use http::HeaderMap;
use kernel::{OrderId, Position, Recorded};
use minijinja::{context, value::Serde};
use moment::Moment;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where on the slider.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Place {
    /// A position of the journal: the newest fact up to there.
    #[serde(default)]
    position: Option<String>,
    /// Which of the story's facts, from 1.
    #[serde(default)]
    step: Option<String>,
}

/// Which order somebody looks for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    order: String,
}

/// One entry of the table of contents.
#[derive(Debug, Serialize)]
struct Entry {
    step: usize,
    position: Position,
    kind: String,
    words: String,
    /// True for what the customer hears of.
    told: bool,
    /// The time, where it differs from the entry before.
    at: Option<String>,
    /// The first of those that were decided together.
    begins: bool,
}

/// From the form: to the story of that order.
pub(crate) async fn find(_visitor: Visitor, Query(sought): Query<Sought>) -> Response {
    let text = sought.order.trim().to_uppercase();
    let number = text.strip_prefix("C-").unwrap_or(&text);
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let name = if plain { format!("C-{number}") } else { sought.order.trim().to_owned() };
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    Redirect::to(&format!("/story/{}", name.replace('+', "%20"))).into_response()
}

/// The story, or only the moment that the slider shows.
pub(crate) async fn page(
    State(front): State<Arc<Front>>,
    visitor: Visitor,
    Path(order): Path<String>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Result<Html, PageProblem> {
    let id = named(&front, &order).await?;
    let looker = front.clone();
    let gather = move |past: &mut Past<Shop>| {
        let journal = looker.shop.engine.reader()?;
        gather::story(past, &*journal, id)
    };
    let facts = front.look_back(gather).await?;
    if facts.is_empty() {
        return Err(Problem::absent("order").into());
    }
    let at = place.step_of(&facts);
    let moment = Moment::of(&front, id, &facts, at)?;
    if headers.contains_key("x-requested-with") {
        return Html::render("moment.html", context! { moment => Serde(&moment) });
    }
    let entries = contents(id, &facts);
    let signed_in = visitor.signed_in;
    let shown = context! { moment => Serde(&moment), entries => Serde(&entries), order => id.to_string(), number => moment::number(id, &facts), signed_in };
    Html::render("story.html", shown)
}

impl Place {
    /// Which fact is shown, from 0; the last unless somebody says otherwise.
    fn step_of(&self, facts: &[Recorded<Shop>]) -> usize {
        let last = facts.len() - 1;
        if let Some(step) = self.step.as_ref().and_then(|step| step.parse::<usize>().ok()) {
            return step.saturating_sub(1).min(last);
        }
        match self.position.as_ref().and_then(|position| position.parse::<Position>().ok()) {
            Some(position) => {
                facts.partition_point(|recorded| recorded.position <= position).saturating_sub(1)
            }
            None => last,
        }
    }
}

async fn named(front: &Front, text: &str) -> Result<OrderId, Problem> {
    if let Ok(id) = text.parse::<OrderId>() {
        return Ok(id);
    }
    let number = shapes::number_of(text).ok_or_else(|| Problem::absent("order"))?;
    front.order_numbered(number).await
}

fn contents(id: OrderId, facts: &[Recorded<Shop>]) -> Vec<Entry> {
    let mut before: Option<&Recorded<Shop>> = None;
    let mut entries = Vec::with_capacity(facts.len());
    for (at, recorded) in facts.iter().enumerate() {
        let kind = json::kind(recorded);
        let told = moment::told(id, recorded);
        let time = words::moment(recorded.at());
        let fresh = before.is_none_or(|before| words::moment(before.at()) != time);
        entries.push(Entry {
            step: at + 1,
            position: recorded.position,
            told: told.is_some(),
            words: told.unwrap_or_else(|| moment::plainly(recorded, &kind)),
            kind,
            at: fresh.then_some(time),
            begins: before.is_none_or(|before| before.origin != recorded.origin),
        });
        before = Some(recorded);
    }
    entries
}
