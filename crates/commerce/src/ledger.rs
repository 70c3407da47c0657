//! The ledger's own entries: corrections that people make by hand, such as written-off debt.

use compact_str::CompactString;
use kernel::{Decider, Money, Timestamp, UnknownId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Which ledger: 1–32 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LedgerName(CompactString);

impl fmt::Display for LedgerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LedgerName {
    type Err = UnknownId;

    fn from_str(text: &str) -> Result<LedgerName, UnknownId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(LedgerName(text.into()))
        } else {
            Err(UnknownId { kind: "LedgerName", text: text.chars().take(80).collect() })
        }
    }
}

impl<'de> Deserialize<'de> for LedgerName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<LedgerName, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What may be asked of a ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LedgerCommand {
    /// Add an entry; each command is one entry.
    Adjust { amount: Money, reason: CompactString },
}

/// Facts of a stream `ledger/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum LedgerFact {
    /// An entry was added.
    #[serde(rename = "ledger/adjusted@1")]
    Adjusted {
        /// May be negative.
        amount: Money,
        /// A code, no free text about people.
        reason: CompactString,
    },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LedgerRefusal {
    /// An entry of nothing.
    #[error("an adjustment changes something")]
    Nothing,
    /// Longer than 60 bytes.
    #[error("the reason is a code of at most 60 bytes")]
    LongReason,
}

/// A ledger needs to remember nothing: any entry may follow any other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    entries: u64,
}

impl Decider for Ledger {
    type Id = LedgerName;
    type Command = LedgerCommand;
    type Fact = LedgerFact;
    type Refusal = LedgerRefusal;

    fn decide(
        &self,
        command: &LedgerCommand,
        _: Timestamp,
    ) -> Result<Vec<LedgerFact>, LedgerRefusal> {
        match command {
            LedgerCommand::Adjust { amount, .. } if amount.is_zero() => Err(LedgerRefusal::Nothing),
            LedgerCommand::Adjust { reason, .. } if reason.len() > 60 => {
                Err(LedgerRefusal::LongReason)
            }
            LedgerCommand::Adjust { amount, reason } => {
                Ok(vec![LedgerFact::Adjusted { amount: *amount, reason: reason.clone() }])
            }
        }
    }

    fn evolve(&mut self, fact: &LedgerFact) {
        match fact {
            LedgerFact::Adjusted { .. } => self.entries += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Currency, spec::given};

    #[test]
    fn a_ledger_has_a_plain_name() {
        let read = |text: &str| serde_json::from_value::<LedgerName>(text.into());
        assert_eq!(read("cash-1").unwrap().to_string(), "cash-1");
        for bad in ["", "Cash", "a/b", &"x".repeat(33)] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_adjustment_is_an_entry_and_changes_something() {
        let adjust = |minor, reason: &str| LedgerCommand::Adjust {
            amount: Money::new(minor, Currency::GBP),
            reason: reason.into(),
        };
        let fact = LedgerFact::Adjusted {
            amount: Money::new(-5, Currency::GBP),
            reason: "bad_debt".into(),
        };
        given::<Ledger>([]).when(adjust(-5, "bad_debt")).then([fact.clone()]);
        given::<Ledger>([fact.clone()]).when(adjust(-5, "bad_debt")).then([fact]);
        given::<Ledger>([]).when(adjust(0, "x")).refused(LedgerRefusal::Nothing);
        let long = "x".repeat(61);
        given::<Ledger>([]).when(adjust(1, &long)).refused(LedgerRefusal::LongReason);
    }
}
