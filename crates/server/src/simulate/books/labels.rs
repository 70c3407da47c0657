//! The label of one parcel, read again from its facts.

use warehouse::shipping::ParcelFact;

/// Which label counts, and whether the parcel is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::simulate) struct LabelBook {
    /// What the carrier calls it; none while it is asked.
    tracking_number: Option<String>,
    cancelled: bool,
}

impl LabelBook {
    /// # Errors
    /// What does not hold, in words.
    pub(super) fn read(&mut self, fact: &ParcelFact) -> Result<(), String> {
        match fact {
            ParcelFact::Labelled { tracking_number, .. } => {
                self.tracking_number = Some(tracking_number.to_string());
            }
            ParcelFact::LabelAsked { .. } => self.tracking_number = None,
            ParcelFact::LabelVoidAsked { tracking_number: Some(void), .. }
                if !self.cancelled && self.tracking_number.as_deref() == Some(void) =>
            {
                return Err(format!("{void} is its label, and void"));
            }
            ParcelFact::Cancelled => self.cancelled = true,
            ParcelFact::HandedOver if self.tracking_number.is_none() => {
                return Err("it left without a label".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// True when this is the label that it goes with.
    pub(in crate::simulate) fn goes_with(&self, tracking_number: &str) -> bool {
        !self.cancelled && self.tracking_number.as_deref() == Some(tracking_number)
    }
}
