//! Numbers without gaps: one series at a time, each number drawn for one thing.

use compact_str::CompactString;
use kernel::{Decider, OrderId, Timestamp, UnknownId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where every series begins.
const BEFORE_FIRST: u64 = 100_000;

/// Which series: 1–32 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series(CompactString);

impl Series {
    /// That of orders.
    pub const ORDERS: Series = Series(CompactString::const_new("orders"));
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Series {
    type Err = UnknownId;

    fn from_str(text: &str) -> Result<Series, UnknownId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Series(text.into()))
        } else {
            Err(UnknownId { kind: "Series", text: text.chars().take(80).collect() })
        }
    }
}

impl Serialize for Series {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Series, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What may be asked of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NumbersCommand {
    /// The next number, for this order.
    Draw { order: OrderId },
}

/// Facts of a stream `numbers/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum NumbersFact {
    /// A number is this order's.
    #[serde(rename = "numbering/drawn@1")]
    Drawn {
        /// Whose.
        order: OrderId,
        /// Which.
        number: u64,
    },
}

/// What a series remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Numbers {
    drawn: u64,
    last_for: Option<OrderId>,
}

impl Decider for Numbers {
    type Id = Series;
    type Command = NumbersCommand;
    type Fact = NumbersFact;
    type Refusal = NoRefusal;

    fn decide(
        &self,
        command: &NumbersCommand,
        _: Timestamp,
    ) -> Result<Vec<NumbersFact>, NoRefusal> {
        match command {
            NumbersCommand::Draw { order } if self.last_for == Some(*order) => Ok(vec![]),
            NumbersCommand::Draw { order } => {
                let number = BEFORE_FIRST + self.drawn + 1;
                Ok(vec![NumbersFact::Drawn { order: *order, number }])
            }
        }
    }

    fn evolve(&mut self, fact: &NumbersFact) {
        let NumbersFact::Drawn { order, number } = fact;
        self.drawn = number - BEFORE_FIRST;
        self.last_for = Some(*order);
    }
}

/// A series refuses nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum NoRefusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::spec::given;

    #[test]
    fn numbers_have_no_gaps_and_an_order_that_asks_twice_gets_one() {
        let order = |n: u8| format!("00000000-0000-4000-8000-0000000000{n:02x}").parse().unwrap();
        let drawn = |n, number| NumbersFact::Drawn { order: order(n), number };
        let draw = |n| NumbersCommand::Draw { order: order(n) };
        given::<Numbers>([]).when(draw(1)).then([drawn(1, 100_001)]);
        given::<Numbers>([drawn(1, 100_001)]).when(draw(1)).then_nothing_happened();
        given::<Numbers>([drawn(1, 100_001)]).when(draw(2)).then([drawn(2, 100_002)]);
    }
}
