//! What the sandbox's carrier remembers and plans: no HTTP, no clock of its own. Of an address it keeps
//! nothing but what the postal code will do to the parcel.

use super::{bank::Answers, limited::Limited};
use compact_str::{CompactString, format_compact};
use gateways::{
    Mood, SERVICES, UNKNOWN_SERVICE,
    wire::{Address, LabelKnown, LabelOutcome, LabelVoid, ParcelOrder, ParcelSheet},
};
use kernel::{ParcelId, Timestamp};
use std::collections::BTreeMap;
use warehouse::shipping::{
    TrackingEvent,
    TrackingStatus::{
        self, AttemptFailed, Delayed, Delivered, InTransit, Lost, OutForDelivery, Returned,
    },
};

/// Parcels it remembers.
const PARCELS: usize = 50_000;

/// Labels of a parcel that it remembers; those with a higher number it does not give.
const LABELS: u32 = 100;

/// What a postal code makes of a parcel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Arrives,
    /// `LOST 1`
    GetsLost,
    /// `FAIL 3`
    FailsThreeTimes,
    /// `SLOW 1`
    IsDelayed,
}

impl Fate {
    fn of(address: Option<&Address>) -> Fate {
        let code = address.map(|address| address.postal_code.trim().to_ascii_uppercase());
        match code.as_deref() {
            Some("LOST 1") => Fate::GetsLost,
            Some("FAIL 3") => Fate::FailsThreeTimes,
            Some("SLOW 1") => Fate::IsDelayed,
            _ => Fate::Arrives,
        }
    }

    /// What will be seen of it, in tenths of a day after it was handed over.
    fn plan(self, days: u32) -> Vec<(u32, TrackingStatus)> {
        let mut plan = vec![(1, InTransit)];
        match self {
            Fate::Arrives => plan.extend([(10 * days - 4, OutForDelivery), (10 * days, Delivered)]),
            Fate::GetsLost => plan.push((30, Lost)),
            Fate::FailsThreeTimes => {
                for day in 1..=3 {
                    plan.extend([(10 * day - 3, OutForDelivery), (10 * day, AttemptFailed)]);
                }
                plan.push((40, Returned));
            }
            Fate::IsDelayed => plan.extend([(20, Delayed), (46, OutForDelivery), (50, Delivered)]),
        }
        plan
    }
}

/// One parcel.
struct Known {
    labels: BTreeMap<u32, Given>,
    fate: Fate,
    handed_over: bool,
    voided: bool,
    events: Vec<TrackingEvent>,
}

/// One label; without an outcome it was void before it was asked for.
#[derive(Default)]
struct Given {
    outcome: Option<LabelOutcome>,
    voided: bool,
}

/// The carrier.
pub(super) struct Depot {
    parcels: Limited<ParcelId, Known>,
    pub(super) answers: Answers,
    mood: Mood,
}

impl Depot {
    pub(super) fn new(seed: u64) -> Depot {
        let mood = Mood { seed, ..Mood::default() };
        Depot { parcels: Limited::to(PARCELS), answers: Answers::new(), mood }
    }

    /// A parcel that it has forgotten is taken on trust: its memory is short, the shop's is long.
    fn parcel(&mut self, parcel: ParcelId) -> &mut Known {
        self.parcels.or_insert(parcel, || Known {
            labels: BTreeMap::new(),
            fate: Fate::default(),
            handed_over: false,
            voided: false,
            events: vec![],
        })
    }

    pub(super) fn label(&mut self, order: &ParcelOrder, refuses: bool) -> LabelOutcome {
        let fate = Fate::of(order.address.as_ref());
        let known = self.parcel(order.reference);
        known.fate = fate;
        let service = order.service.as_deref().unwrap_or(SERVICES[0]);
        let refused = |reason: &str| LabelOutcome::Refused { reason: reason.into() };
        if order.number > LABELS {
            return refused("too_many_labels");
        }
        let voided = known.voided;
        let given = known.labels.entry(order.number).or_default();
        let outcome = match () {
            () if voided || given.voided => refused("voided"),
            () if refuses => refused("not_served"),
            () if !SERVICES.contains(&service) => refused(UNKNOWN_SERVICE),
            () => LabelOutcome::Labelled {
                tracking_number: tracking_number(order.reference, order.number),
                carrier: order.carrier.clone().unwrap_or("sandbox".into()),
                service: service.into(),
            },
        };
        given.outcome.insert(outcome).clone()
    }

    /// What will be seen of it, in tenths of a day from now; nothing when that is planned already.
    pub(super) fn hand_over(&mut self, parcel: ParcelId) -> Vec<(u32, TrackingStatus)> {
        let days = 1 + self.mood.dice("days", &parcel.to_string(), 0) % 3;
        let known = self.parcel(parcel);
        if std::mem::replace(&mut known.handed_over, true) {
            return vec![];
        }
        known.fate.plan(days)
    }

    pub(super) fn void(&mut self, parcel: ParcelId, order: &LabelVoid) {
        let known = self.parcel(parcel);
        match order.number {
            Some(number) if number <= LABELS => {
                known.labels.entry(number).or_default().voided = true;
            }
            // It was never given.
            Some(_) => {}
            None => {
                known.voided = true;
                known.labels.values_mut().for_each(|label| label.voided = true);
            }
        }
    }

    /// It was seen; none when it is not sent.
    pub(super) fn seen(
        &mut self,
        parcel: ParcelId,
        status: TrackingStatus,
        at: Timestamp,
    ) -> Option<TrackingEvent> {
        let known = self.parcels.get_mut(&parcel).filter(|known| !known.voided)?;
        let event = TrackingEvent { at, status, place: None };
        known.events.push(event.clone());
        Some(event)
    }

    pub(super) fn sheet(&self, parcel: ParcelId) -> Option<ParcelSheet> {
        let known = self.parcels.get(&parcel)?;
        let label = |(number, given): (&u32, &Given)| {
            let outcome = given.outcome.clone()?;
            Some(LabelKnown { number: *number, outcome, voided: given.voided })
        };
        let labels = known.labels.iter().filter_map(label).collect();
        let (voided, events) = (known.voided, known.events.clone());
        Some(ParcelSheet { reference: parcel, labels, voided, events })
    }
}

fn tracking_number(parcel: ParcelId, number: u32) -> CompactString {
    match number {
        1 => format_compact!("SBX-{parcel}"),
        number => format_compact!("SBX-{parcel}-{number}"),
    }
}
