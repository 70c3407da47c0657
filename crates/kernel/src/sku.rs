//! What is sold, and how many of it.

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize};
use std::{fmt, str::FromStr};

/// A stock keeping unit: 1–64 of `A-Z a-z 0-9 . _ -`, not only dots; case is kept and significant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Sku(CompactString);

/// The text cannot be a SKU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no SKU: 1 to 64 of A-Z a-z 0-9 . _ - and not only dots")]
pub struct BadSku(String);

impl Sku {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sku {
    type Err = BadSku;

    fn from_str(text: &str) -> Result<Sku, BadSku> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=64).contains(&text.len());
        if fits && text.bytes().all(allowed) && text.bytes().any(|byte| byte != b'.') {
            Ok(Sku(text.into()))
        } else {
            Err(BadSku(text.chars().take(80).collect()))
        }
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sku {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sku, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whole units of one line, 1–1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Quantity(u32);

/// The number cannot be a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no quantity: expected 1 to 1,000,000 units")]
pub struct BadQuantity(u64);

impl Quantity {
    /// The most units that one line may ask for.
    pub const MAX: u32 = 1_000_000;

    /// # Errors
    /// [`BadQuantity`] outside 1–1,000,000.
    pub fn new(units: u64) -> Result<Quantity, BadQuantity> {
        match u32::try_from(units) {
            Ok(fits @ 1..=Quantity::MAX) => Ok(Quantity(fits)),
            _ => Err(BadQuantity(units)),
        }
    }

    /// How many units.
    pub fn units(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        Quantity::new(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_keeps_its_case_and_refuses_what_is_not_one() {
        assert_eq!("85123a.X_-".parse::<Sku>().unwrap().as_str(), "85123a.X_-");
        for bad in ["", "..", "a b", "é", &"x".repeat(65)] {
            assert!(bad.parse::<Sku>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_quantity_is_at_least_one_and_at_most_a_million() {
        assert_eq!(Quantity::new(80_995).unwrap().units(), 80_995);
        for bad in [0, 1_000_001, u64::MAX] {
            assert!(Quantity::new(bad).is_err());
        }
    }
}
