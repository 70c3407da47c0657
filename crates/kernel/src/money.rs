//! Amounts of money, in whole minor units; every sum is checked.

use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use std::fmt;

/// So many minor units (pence, cents) of a currency; may be negative, as a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: 1250 GBP are £12.50.
    pub minor: i64,
    /// ISO 4217.
    pub currency: Currency,
}

/// A sum that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies in one sum.
    #[error("{0:?} and {1:?} cannot be added: convert one first")]
    Mixed(Currency, Currency),
    /// Beyond 64 bits of minor units.
    #[error("the amount is beyond what can be counted")]
    TooLarge,
}

impl Money {
    /// So many minor units.
    pub const fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in this currency.
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// True when nothing is left.
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// # Errors
    /// [`MoneyError`] when the currencies differ or the sum is too large.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.same(other)?;
        self.minor.checked_add(other.minor).map_or(Err(MoneyError::TooLarge), |m| Ok(self.with(m)))
    }

    /// # Errors
    /// [`MoneyError`] when the currencies differ or the difference is too large.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.same(other)?;
        self.minor.checked_sub(other.minor).map_or(Err(MoneyError::TooLarge), |m| Ok(self.with(m)))
    }

    /// # Errors
    /// [`MoneyError::TooLarge`].
    pub fn times(self, units: u32) -> Result<Money, MoneyError> {
        let product = self.minor.checked_mul(i64::from(units));
        product.map_or(Err(MoneyError::TooLarge), |minor| Ok(self.with(minor)))
    }

    /// The smaller of the two.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`].
    pub fn at_most(self, other: Money) -> Result<Money, MoneyError> {
        self.same(other)?;
        Ok(self.with(self.minor.min(other.minor)))
    }

    /// Splits by weight so that the parts add up to the whole: each gets its share rounded towards
    /// zero, and the minor units left over go to the largest remainders, the first of equals first
    /// (largest remainder method, Hamilton). All weights zero: the first part gets everything.
    pub fn split(self, weights: &[u64]) -> Vec<Money> {
        let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if whole == 0 {
            let rest = weights.iter().skip(1).map(|_| self.with(0));
            return weights.first().map(|_| self).into_iter().chain(rest).collect();
        }
        let share = |weight: &u64| i128::from(self.minor) * i128::from(*weight);
        let mut parts: Vec<i64> = weights
            .iter()
            .map(|weight| i64::try_from(share(weight) / whole).expect("a part of an i64"))
            .collect();
        let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
        by_remainder.sort_by_key(|at| -(share(&weights[*at]) % whole).abs());
        let missing = self.minor - parts.iter().sum::<i64>();
        let owed = usize::try_from(missing.unsigned_abs()).expect("fewer than there are parts");
        by_remainder.into_iter().take(owed).for_each(|at| parts[at] += missing.signum());
        parts.into_iter().map(|minor| self.with(minor)).collect()
    }

    fn with(self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    fn same(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mixed(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.currency.code();
        let sign = if self.minor < 0 { "-" } else { "" };
        match self.currency.exponent().unwrap_or(0) {
            0 => write!(f, "{sign}{} {code}", self.minor.unsigned_abs()),
            digits => {
                let unit = 10_u64.pow(u32::from(digits));
                let (whole, part) =
                    (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
                write!(f, "{sign}{whole}.{part:0width$} {code}", width = usize::from(digits))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GBP: Currency = Currency::GBP;

    #[test]
    fn currencies_are_never_mixed_and_sums_never_wrap() {
        let pound = Money::new(100, GBP);
        assert_eq!(
            pound.plus(Money::new(1, Currency::EUR)),
            Err(MoneyError::Mixed(GBP, Currency::EUR))
        );
        assert_eq!(Money::new(i64::MAX, GBP).plus(pound), Err(MoneyError::TooLarge));
        assert_eq!(Money::new(i64::MAX, GBP).times(2), Err(MoneyError::TooLarge));
        assert_eq!(pound.minus(Money::new(130, GBP)), Ok(Money::new(-30, GBP)));
    }

    #[test]
    fn money_is_written_with_the_digits_of_its_currency() {
        assert_eq!(Money::new(-1205, GBP).to_string(), "-12.05 GBP");
        assert_eq!(Money::new(1205, Currency::JPY).to_string(), "1205 JPY");
    }

    #[test]
    fn a_third_of_a_pound_goes_to_the_largest_remainders() {
        let minor = |weights: &[u64]| {
            Money::new(100, GBP).split(weights).iter().map(|part| part.minor).collect::<Vec<_>>()
        };
        assert_eq!(minor(&[1, 1, 1]), [34, 33, 33]);
        assert_eq!(minor(&[1, 2]), [33, 67]);
        assert_eq!(minor(&[0, 0]), [100, 0]);
        assert!(minor(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn parts_always_add_up(minor in any::<i64>(), weights in prop::collection::vec(any::<u64>(), 1..40)) {
            let parts = Money::new(minor, GBP).split(&weights);
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().map(|part| i128::from(part.minor)).sum::<i128>(), i128::from(minor));
        }
    }
}
