//! Where the units of a line are.

use serde::{Deserialize, Serialize};

/// What has become of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Asked for.
    Open,
    /// Kept until it is paid.
    Held,
    /// Paid for.
    Committed,
    /// The warehouse may begin.
    Released,
    /// In a tote.
    Picked,
    /// In a sealed parcel.
    Packed,
    /// With the carrier.
    Shipped,
    /// With the customer.
    Delivered,
    /// Will not be sent.
    Cancelled,
    /// Came back.
    Returned,
    /// Gone on the way.
    Lost,
}

/// In the order of [`Stage`].
const STAGES: usize = 11;

/// Units of a line by stage; they always add up to the line's quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts([u32; STAGES]);

impl Counts {
    /// All units of a new line.
    pub(super) fn open(units: u32) -> Counts {
        let mut counts = Counts::default();
        counts.0[Stage::Open as usize] = units;
        counts
    }

    /// How many are at a stage.
    pub fn at(&self, stage: Stage) -> u32 {
        self.0[stage as usize]
    }

    /// Of all stages together.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Moves units on, as many of them as there are.
    pub(super) fn shift(&mut self, from: Stage, to: Stage, units: u32) -> u32 {
        let moved = units.min(self.at(from));
        self.0[from as usize] -= moved;
        self.0[to as usize] += moved;
        moved
    }
}
