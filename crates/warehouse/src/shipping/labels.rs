//! The labels of one parcel: asked for again, replaced, answered too late.

use super::{
    GaveUp, ParcelFact, ParcelRefusal, ParcelStatus,
    parcel::{Facts, Parcel, is_name},
};
use compact_str::CompactString;

/// Labels that are asked for one parcel.
const LABELS: u32 = 20;

/// Rules.
impl Parcel {
    /// A carrier that said no is asked anew. One that did not answer may have given the label all the
    /// same: the same wish is the same request again, another wish makes that label void.
    pub(super) fn ask_label(&self, wish: Option<&CompactString>) -> Facts {
        if wish.is_some_and(|service| !is_name(service)) {
            return Err(ParcelRefusal::BadText);
        }
        if self.is_cancelled() {
            return Err(ParcelRefusal::Cancelled);
        }
        if self.has_left() {
            return Err(ParcelRefusal::TooLate);
        }
        let same = self.service.as_ref() == wish;
        let gave_up = self.gave_up.contains(&GaveUp::Label);
        match (&self.tracking_number, self.label_failed, gave_up) {
            (Some(_), ..) if same || wish.is_none() => Ok(vec![]),
            (Some(_), ..) => self.replace_label(wish),
            (None, true, _) => Ok(vec![self.asks(self.next_label()?, wish)]),
            (None, false, true) if same => Ok(vec![self.asks(self.label_number(), wish)]),
            (None, false, true) => self.replace_label(wish),
            (None, false, false) => Err(ParcelRefusal::LabelPending),
        }
    }

    /// The next one is asked for first: it does not wait for a carrier that has trouble with the void.
    fn replace_label(&self, wish: Option<&CompactString>) -> Facts {
        let void = self.asks_void(self.label_number(), self.tracking_number.clone());
        Ok(vec![self.asks(self.next_label()?, wish), void])
    }

    /// Also of a cancelled parcel a label is recorded; whichever is not the one that counts is void.
    pub(super) fn told_label(
        &self,
        number: u32,
        tracking_number: CompactString,
        [carrier, service]: [CompactString; 2],
    ) -> Vec<ParcelFact> {
        if self.tracking_number.as_ref() == Some(&tracking_number) {
            return vec![];
        }
        let void = self.asks_void(number, Some(tracking_number.clone()));
        if number < self.label_number() {
            let known = self.void.contains(&tracking_number);
            return if known { vec![] } else { vec![void] };
        }
        let labelled = ParcelFact::Labelled { tracking_number, carrier, service };
        if self.is_cancelled() { vec![labelled, void] } else { vec![labelled] }
    }

    /// Nothing more can be said of it: it was answered, or another one was asked for in its place.
    pub(super) fn label_is_settled(&self, number: u32) -> bool {
        number < self.label_number() || self.has_label() || self.label_failed
    }

    /// Which of its labels is there or asked for, from 1.
    pub(super) fn label_number(&self) -> u32 {
        self.relabelled + 1
    }

    fn next_label(&self) -> Result<u32, ParcelRefusal> {
        match self.label_number() {
            number if number < LABELS => Ok(number + 1),
            _ => Err(ParcelRefusal::LabelsUsedUp { max: LABELS }),
        }
    }

    fn asks(&self, number: u32, wish: Option<&CompactString>) -> ParcelFact {
        ParcelFact::LabelAsked {
            number,
            weight_grams: self.weight_grams,
            carrier: self.carrier.clone(),
            service: wish.cloned(),
            address: self.address,
            replaces: self.tracking_number.clone(),
        }
    }

    fn asks_void(&self, number: u32, tracking_number: Option<CompactString>) -> ParcelFact {
        ParcelFact::LabelVoidAsked { number, tracking_number }
    }
}

/// Memory.
impl Parcel {
    pub(super) fn label_asked(&mut self, number: u32, service: Option<&CompactString>) {
        self.relabelled = number.saturating_sub(1);
        self.tracking_number = None;
        self.service = service.cloned();
        self.label_failed = false;
        self.gave_up.remove(&GaveUp::Label);
        if self.status == ParcelStatus::Labelled {
            self.status = ParcelStatus::Created;
        }
    }
}
