//! What things are called: UUIDs ordered by time for what begins a story, and numbered parts of it.
//!
//! Whatever belongs to an order carries the order's id, so that all of it lies together.

use crate::sku::Sku;
use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text is not an id of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}")]
pub struct UnknownId {
    /// The kind of id expected.
    pub kind: &'static str,
    /// What was given instead.
    pub text: String,
}

fn unknown(kind: &'static str, text: &str) -> UnknownId {
    UnknownId { kind, text: text.chars().take(80).collect() }
}

/// Text as JSON: written by `Display`, read by `FromStr`.
macro_rules! as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use as_text;

macro_rules! uuids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        impl FromStr for $name {
            type Err = UnknownId;

            fn from_str(text: &str) -> Result<$name, UnknownId> {
                // One form only, so that one thing has one name.
                let uuid = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
                uuid.map($name).ok_or_else(|| unknown(stringify!($name), text))
            }
        }

        as_text!($name);
    )+};
}

uuids! {
    /// An order; also its cart's id, because a cart has one order.
    OrderId
    /// Somebody: a guest or a member. Who it is stands in the vault.
    PersonId
    /// A product with its variants.
    ProductId
    /// A credit note that belongs to no order, or a goodwill credit.
    CreditNoteId
    /// An entry of the vault: text about a person that can be forgotten.
    VaultId
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// The order that it belongs to.
            pub order: OrderId,
            /// Counted from 1 within the order.
            pub number: u32,
        }

        impl $name {
            /// The `number`-th of this order.
            pub const fn new(order: OrderId, number: u32) -> $name {
                $name { order, number }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.order.fmt(f)?;
                write!(f, ".{}", self.number)
            }
        }

        impl FromStr for $name {
            type Err = UnknownId;

            fn from_str(text: &str) -> Result<$name, UnknownId> {
                let parsed = text.split_once('.').and_then(|(order, number)| {
                    let plain = !number.starts_with(['0', '+']) || number == "0";
                    Some($name { order: order.parse().ok()?, number: number.parse().ok().filter(|_| plain)? })
                });
                parsed.ok_or_else(|| unknown(stringify!($name), text))
            }
        }

        as_text!($name);
    )+};
}

parts! {
    /// A line of an order.
    LineId
    /// An attempt to pay for an order.
    PaymentId
    /// The part of an order that one site fulfils.
    FulfilmentId
    /// The picking of a fulfilment.
    PickId
    /// The packing of a fulfilment.
    PackId
    /// A parcel with goods of an order.
    ParcelId
    /// A return of goods of an order (RMA).
    ReturnId
}

/// A place that keeps stock: 1–32 of `A-Z a-z 0-9 _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(CompactString);

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SiteId {
    type Err = UnknownId;

    fn from_str(text: &str) -> Result<SiteId, UnknownId> {
        let plain = text.len() <= 32 && !text.contains('.') && text.parse::<Sku>().is_ok();
        if plain { Ok(SiteId(text.into())) } else { Err(unknown("SiteId", text)) }
    }
}

as_text!(SiteId);

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "018f0000-0000-7000-8000-000000000001";

    #[test]
    fn a_part_carries_the_id_of_its_order() {
        let line = LineId::new(ORDER.parse().unwrap(), 12);
        assert_eq!(line.to_string(), format!("{ORDER}.12"));
        assert_eq!(line.to_string().parse::<LineId>(), Ok(line));
    }

    #[test]
    fn one_thing_has_one_name() {
        let other_forms =
            [ORDER.replace('-', ""), format!("{{{ORDER}}}"), format!("urn:uuid:{ORDER}")];
        for text in other_forms {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
        for text in
            [format!("{ORDER}.01"), format!("{ORDER}.+1"), format!("{ORDER}."), ORDER.to_owned()]
        {
            assert!(text.parse::<LineId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_site_has_a_plain_name() {
        assert_eq!("MAIN-1".parse::<SiteId>().unwrap().to_string(), "MAIN-1");
        assert!("a/b".parse::<SiteId>().is_err() && "".parse::<SiteId>().is_err());
    }
}
