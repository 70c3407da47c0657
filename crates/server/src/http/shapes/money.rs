//! Amounts.

use crate::http::problem::{Flaw, Problem};
use kernel::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The largest amount that somebody may send: nothing that is sold costs more.
const LARGEST: i64 = 1_000_000_000_000;

/// An amount in minor units of a currency (ISO 4217): 1999 GBP is £19.99.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    /// Pence, cents.
    #[schema(minimum = -1_000_000_000_000_i64, maximum = 1_000_000_000_000_i64, example = 1999)]
    pub(crate) minor: i64,
    /// ISO 4217.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "GBP")]
    pub(crate) currency: Currency,
}

impl From<kernel::Money> for Money {
    fn from(money: kernel::Money) -> Money {
        Money { minor: money.minor, currency: money.currency }
    }
}

impl From<Money> for kernel::Money {
    fn from(money: Money) -> kernel::Money {
        kernel::Money::new(money.minor, money.currency)
    }
}

impl Money {
    /// What somebody sends as a price or an amount: not negative, not absurd, in the shop's currency.
    ///
    /// # Errors
    /// 422 with a pointer.
    pub(crate) fn checked(
        self,
        currency: Currency,
        pointer: &str,
    ) -> Result<kernel::Money, Problem> {
        let detail = if self.currency != currency {
            format!("this shop sells in {}", currency.code())
        } else if !(0..=LARGEST).contains(&self.minor) {
            format!("an amount is 0 to {LARGEST} minor units")
        } else {
            return Ok(self.into());
        };
        Err(Problem::invalid(vec![Flaw::new(pointer, detail)]))
    }
}
