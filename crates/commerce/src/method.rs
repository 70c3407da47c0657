//! How somebody pays: a word that orders and payments share.

use serde::{Deserialize, Serialize};

/// How somebody pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// A card, by a token of the provider.
    #[default]
    Card,
    /// A wallet of the provider.
    Wallet,
    /// A bank transfer: takes days.
    BankTransfer,
    /// The carrier collects it.
    CashOnDelivery,
}
