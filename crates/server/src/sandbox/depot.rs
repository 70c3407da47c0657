//! What the sandbox's carrier remembers and plans: no HTTP, no clock of its own. Of an address it keeps
//! nothing but what the postal code will do to the parcel.

use super::limited::Limited;
use compact_str::format_compact;
use gateways::{
    Mood,
    wire::{Address, LabelOutcome, ParcelOrder, ParcelSheet},
};
use kernel::{ParcelId, Timestamp};
use warehouse::shipping::{
    TrackingEvent,
    TrackingStatus::{
        self, AttemptFailed, Delayed, Delivered, InTransit, Lost, OutForDelivery, Returned,
    },
};

/// Parcels it remembers.
const PARCELS: usize = 50_000;

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
    label: LabelOutcome,
    fate: Fate,
    handed_over: bool,
    voided: bool,
    events: Vec<TrackingEvent>,
}

/// The carrier.
pub(super) struct Depot {
    parcels: Limited<ParcelId, Known>,
    pub(super) answers: super::bank::Answers,
    mood: Mood,
}

impl Depot {
    pub(super) fn new(seed: u64) -> Depot {
        let mood = Mood { seed, ..Mood::default() };
        Depot { parcels: Limited::to(PARCELS), answers: super::bank::Answers::new(), mood }
    }

    /// A parcel that it has forgotten is taken on trust: its memory is short, the shop's is long.
    fn parcel(&mut self, parcel: ParcelId) -> &mut Known {
        self.parcels.or_insert(parcel, || Known {
            label: LabelOutcome::Labelled {
                tracking_number: format_compact!("SBX-{parcel}"),
                carrier: "sandbox".into(),
                service: "standard".into(),
            },
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
        if refuses {
            known.label = LabelOutcome::Refused { reason: "not_served".into() };
        }
        if let LabelOutcome::Labelled { carrier, service, .. } = &mut known.label {
            carrier.clone_from(order.carrier.as_ref().unwrap_or(&"sandbox".into()));
            service.clone_from(order.service.as_ref().unwrap_or(&"standard".into()));
        }
        known.label.clone()
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

    pub(super) fn void(&mut self, parcel: ParcelId) {
        self.parcel(parcel).voided = true;
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
        let (label, events) = (known.label.clone(), known.events.clone());
        Some(ParcelSheet { reference: parcel, label, voided: known.voided, events })
    }
}
