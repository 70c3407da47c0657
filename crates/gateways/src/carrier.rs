//! A carrier that is simulated: labels at once, delivers in a few days, loses a parcel now and then.

use crate::{
    Mood,
    asked::{Notice, ParcelAsked},
};
use compact_str::format_compact;
use engine::handlers::{BoxFuture, Call, Failure, Handler, Request};
use flows::{Command, Shop};
use kernel::{ParcelId, Recorded, Timestamp};
use warehouse::shipping::{ParcelCommand, TrackingEvent, TrackingStatus};

/// How fast a carrier that is played can be; the first is its own choice.
pub const SERVICES: [&str; 3] = ["standard", "express", "next_day"];

/// What a carrier that is played says to a service that it does not have.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

/// Does everything that a parcel asks of its carrier. Asked daily, it delivers at the first to the
/// third time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatedCarrier {
    /// How reliable it is; `declines` is how often it refuses a parcel.
    pub mood: Mood,
    /// Parcels lost, in a thousand.
    pub lost: u32,
}

impl Handler<Shop> for SimulatedCarrier {
    fn name(&self) -> &'static str {
        "ship"
    }

    fn provider(&self) -> &'static str {
        "simulated-carrier"
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        // It watches parcels by itself: nobody has to tell it that it has one.
        let told = |asked: &ParcelAsked| asked.notice != Some(Notice::HandOver);
        Some(ParcelAsked::of(recorded).filter(told)?.request())
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        Box::pin(std::future::ready(self.answer(&call)))
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        ParcelAsked::gave_up(request, reason)
    }
}

impl SimulatedCarrier {
    fn answer(&self, call: &Call<'_>) -> Result<Vec<Command>, Failure> {
        let asked = ParcelAsked::read(call.request)?;
        let ParcelAsked { parcel, inquiry, .. } = asked;
        let key = call.idempotency_key;
        if self.mood.dice("fails", key, call.attempt) < self.mood.fails {
            return Err(Failure::Transient("no answer".to_owned()));
        }
        if asked.notice.is_some() {
            return Ok(vec![]);
        }
        let command = match inquiry {
            0 => self.label(&asked, self.mood.dice("declines", key, 0) < self.mood.declines),
            _ => ParcelCommand::Track { events: self.seen(parcel, inquiry, call.at) },
        };
        let command = Command::Parcel(parcel, command);
        Ok(match self.mood.dice("repeats", key, call.attempt) < self.mood.repeats {
            true => vec![command.clone(), command],
            false => vec![command],
        })
    }

    fn label(&self, asked: &ParcelAsked, declined: bool) -> ParcelCommand {
        let (parcel, number) = (asked.parcel, asked.label_number());
        let service = asked.service.as_deref().unwrap_or(SERVICES[0]);
        let refused = |reason: &str| ParcelCommand::LabelFailed { number, reason: reason.into() };
        if !SERVICES.contains(&service) {
            return refused(UNKNOWN_SERVICE);
        }
        if declined {
            return refused("not_served");
        }
        let tracking_number = match number {
            1 => format_compact!("SIM{parcel}"),
            number => format_compact!("SIM{parcel}-{number}"),
        };
        let (carrier, service) = ("simulated".into(), service.into());
        ParcelCommand::Label { number, tracking_number, carrier, service }
    }

    /// What it knows of a parcel when it is asked for the how-manieth time.
    fn seen(&self, parcel: ParcelId, inquiry: u32, at: Timestamp) -> Vec<TrackingEvent> {
        let key = parcel.to_string();
        let days = 1 + self.mood.dice("days", &key, 0) % 3;
        let status = match inquiry {
            inquiry if inquiry < days => TrackingStatus::InTransit,
            _ if self.mood.dice("lost", &key, 0) < self.lost => TrackingStatus::Lost,
            _ => TrackingStatus::Delivered,
        };
        vec![TrackingEvent { at, status, place: None }]
    }
}
