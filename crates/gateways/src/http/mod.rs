//! Asking a provider of payments and a carrier over HTTP, in the JSON of [`crate::wire`].
//!
//! Nothing here repeats, waits or gives up: whoever runs the handlers does that, with a breaker per
//! provider. Here it is decided only what a failure means. No connection, no answer in time, an answer
//! that breaks off, 408, 409, 425, 429 and 5xx are [`Failure::Transient`]: what was asked may have been
//! done, and is asked again under the same key. Anything else but a readable 2xx is
//! [`Failure::Permanent`]. A *no* is an answer.

mod carrier;
mod line;
mod payments;
mod sender;

pub use carrier::HttpCarrier;
pub use line::{BadPartner, Partner, Patience};
pub use payments::HttpProvider;
pub use sender::{NotTaken, WebhookSender};

use engine::handlers::Failure;
use journal::Reader;
use kernel::VaultId;
use std::sync::{Mutex, PoisonError};

/// Looks things up that facts only refer to. What was forgotten is not there any more.
struct Vault(Mutex<Box<dyn Reader>>);

impl Vault {
    fn new(reader: Box<dyn Reader>) -> Vault {
        Vault(Mutex::new(reader))
    }

    /// The content of a row; none once it was forgotten.
    fn content(&self, id: VaultId) -> Result<Option<Vec<u8>>, Failure> {
        let reader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = reader.vault(id);
        let row = row.map_err(|error| Failure::Transient(format!("the vault: {error}")))?;
        Ok(row.map(|row| row.content))
    }
}
