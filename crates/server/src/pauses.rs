//! Whoever was told to stand still, and an alarm about those whom somebody has forgotten.

use crate::{http::front::Front, shop::RunningShop};
use engine::{
    Alarms, Clock, WallClock,
    views::{Doing, Status},
};
use kernel::Timestamp;
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use utoipa::ToSchema;

/// Who stands still for longer than this was probably forgotten: an alarm says so until he goes on.
const LONG_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How often one looks.
const LOOK: Duration = Duration::from_secs(15);

/// A view or a handler that was told to stand still.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Paused {
    /// `orders`, `pay`.
    pub(crate) name: &'static str,
    /// `view` or `handler`.
    pub(crate) kind: &'static str,
    /// What waits for it: facts for a view, requests for a handler.
    pub(crate) waiting: u64,
}

/// Since when each of them stands still, as far as this program knows: a start begins anew.
#[derive(Debug, Default)]
struct Pauses {
    /// By kind and name; true once the alarm was raised.
    since: BTreeMap<String, (Timestamp, bool)>,
}

/// Whoever stands still now.
pub(crate) fn paused(shop: &RunningShop<WallClock>) -> Vec<Paused> {
    let tip = shop.engine.feed().tip();
    let view = |status: Status| match status.doing {
        Doing::Paused(position) => {
            let waiting = tip.saturating_sub(position);
            Some(Paused { name: status.view, kind: "view", waiting })
        }
        Doing::Following | Doing::Building(_) | Doing::Failed { .. } => None,
    };
    let handlers = shop.handlers.statuses().into_iter().filter(|status| status.paused);
    let handlers = handlers.map(|status| Paused {
        name: status.name,
        kind: "handler",
        waiting: status.waiting as u64,
    });
    shop.seen.statuses().into_iter().filter_map(view).chain(handlers).collect()
}

/// Looks again and again; never ends.
pub(crate) async fn watch(front: Arc<Front>) {
    let (mut pauses, mut turn) = (Pauses::default(), tokio::time::interval(LOOK));
    loop {
        turn.tick().await;
        pauses.look(&paused(&front.shop), front.shop.clock.now(), front.shop.alarms());
    }
}

impl Paused {
    fn called(&self) -> String {
        format!("the {} {}", self.kind, self.name)
    }
}

impl Pauses {
    fn look(&mut self, paused: &[Paused], now: Timestamp, alarms: &Alarms) {
        let still: Vec<String> = paused.iter().map(Paused::called).collect();
        self.since.retain(|who, (_, raised)| {
            let stands = still.contains(who);
            if *raised && !stands {
                alarms.lower("consumer_paused", &format!("{who} "));
            }
            stands
        });
        for one in paused {
            let who = one.called();
            let (since, raised) = self.since.entry(who.clone()).or_insert((now, false));
            if !*raised && now.since(*since) > LONG_PAUSE {
                *raised = true;
                let text = format!("{who} is paused since {since}: {} wait", one.waiting);
                alarms.raise(now, "consumer_paused", text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_of_more_than_an_hour_is_an_alarm_until_it_ends() {
        let (mut pauses, alarms) = (Pauses::default(), Alarms::default());
        let begin: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a time");
        let both = [
            Paused { name: "pay", kind: "handler", waiting: 3 },
            Paused { name: "orders", kind: "view", waiting: 7 },
        ];
        let told = || alarms.all().into_iter().map(|alarm| alarm.text).collect::<Vec<_>>();
        pauses.look(&both, begin, &alarms);
        pauses.look(&both, begin + LONG_PAUSE, &alarms);
        assert!(told().is_empty(), "not yet");
        let second = Duration::from_secs(1);
        pauses.look(&both, begin + LONG_PAUSE + second, &alarms);
        pauses.look(&both, begin + LONG_PAUSE * 2, &alarms);
        assert_eq!(told().len(), 2, "each is told of once");
        assert!(told()[0].starts_with("the handler pay is paused since 2026-11-20T10:00:00"));
        pauses.look(&both[1..], begin + LONG_PAUSE * 2, &alarms);
        assert!(told().len() == 1 && told()[0].starts_with("the view orders"));
        pauses.look(&both, begin + LONG_PAUSE * 3, &alarms);
        assert_eq!(told().len(), 1, "a new pause has an hour of its own");
    }
}
