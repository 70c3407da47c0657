//! What proves who somebody is, until accounts exist: the staff's API key and the tokens of guests.
//!
//! `identity.json` in the data folder holds the key's hash and the secret behind tokens; neither a key nor
//! a token is stored anywhere.

use hmac::{Hmac, Mac};
use kernel::{CommandId, OrderId, PersonId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use uuid::Uuid;

const FILE: &str = "identity.json";
/// Shorter keys could be guessed.
const SHORTEST_KEY: usize = 16;

/// Why there is nothing to prove anything with.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read or written.
    #[error("{}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Somebody has changed it.
    #[error("{}: {error}: restore it from a backup; without it no guest's token is valid", file.display())]
    Damaged {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// Could be guessed.
    #[error("CARTAGE_STAFF_KEY is too short: use at least {SHORTEST_KEY} characters, by chance")]
    ShortKey,
}

/// Proves and checks.
pub struct Secrets {
    secret: [u8; 32],
    staff: [u8; 32],
}

/// As it lies in the data folder, readable by its owner only.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// 32 bytes in hexadecimal.
    secret: String,
    /// SHA-256 of the key in hexadecimal: a key is long and made by chance, so no slow hash is needed.
    staff_key_sha256: String,
}

impl Secrets {
    /// Reads a folder's secrets, or makes them; says the staff's key when it was made just now. A key
    /// that is given replaces the one that was known.
    ///
    /// # Errors
    /// When the file cannot be read or written, or the given key is too short.
    pub fn open(
        folder: &Path,
        given: Option<&str>,
    ) -> Result<(Secrets, Option<String>), SecretsError> {
        let file = folder.join(FILE);
        let io = |error| SecretsError::File { file: file.clone(), error };
        let known = match fs::read_to_string(&file) {
            Ok(text) => Some(Secrets::read(&file, &text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io(error)),
        };
        let made = match (&known, given) {
            (_, Some(key)) if key.len() < SHORTEST_KEY => return Err(SecretsError::ShortKey),
            (Some(_), None) => None,
            (_, Some(key)) => Some(key.to_owned()),
            (None, None) => Some(format!("cartage_staff_{}", hex(&chance()[..24]))),
        };
        let Some(key) = made else {
            return Ok((known.expect("a key is made where none is known"), None));
        };
        let secret = known.map_or_else(chance, |known| known.secret);
        let secrets = Secrets { secret, staff: Sha256::digest(&key).into() };
        secrets.write(folder, &file).map_err(io)?;
        Ok((secrets, given.is_none().then_some(key)))
    }

    fn read(file: &Path, text: &str) -> Result<Secrets, SecretsError> {
        let damaged = |error: String| SecretsError::Damaged { file: file.to_owned(), error };
        let stored: Stored =
            serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let bytes = |text: &str| unhex(text).ok_or_else(|| damaged("32 bytes expected".to_owned()));
        Ok(Secrets { secret: bytes(&stored.secret)?, staff: bytes(&stored.staff_key_sha256)? })
    }

    fn write(&self, folder: &Path, file: &Path) -> io::Result<()> {
        let stored = Stored { secret: hex(&self.secret), staff_key_sha256: hex(&self.staff) };
        let fresh = folder.join("identity.json.new");
        let mut out = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        out.write_all(serde_json::to_string_pretty(&stored)?.as_bytes())?;
        out.sync_all()?;
        fs::rename(&fresh, file)?;
        fs::File::open(folder)?.sync_all()
    }

    /// True when this is the staff's key. Hashes are compared: how long that takes tells nothing of the
    /// key.
    pub fn is_staff(&self, key: &str) -> bool {
        <[u8; 32]>::from(Sha256::digest(key)) == self.staff
    }

    /// What a guest proves with that a cart, and the order it becomes, is his.
    pub fn token(&self, id: OrderId) -> String {
        hex(&self.mac("token", id.0.as_bytes()).finalize().into_bytes())
    }

    /// True when it is the token of this cart or order; takes as long for every wrong one.
    pub fn is_token(&self, id: OrderId, token: &str) -> bool {
        let Some(token) = unhex(token) else { return false };
        self.mac("token", id.0.as_bytes()).verify_slice(&token).is_ok()
    }

    /// What a browser proves with that somebody of the staff signed in; good until that second since 1970,
    /// or until the staff's key is another.
    pub fn session(&self, until: u64) -> String {
        format!("{until}.{}", hex(&self.session_mac(until).finalize().into_bytes()))
    }

    /// True when it is a session that is not over.
    pub fn is_session(&self, session: &str, now: u64) -> bool {
        let Some((until, proof)) = session.split_once('.') else { return false };
        let (Ok(until), Some(proof)) = (until.parse::<u64>(), unhex(proof)) else { return false };
        now < until && self.session_mac(until).verify_slice(&proof).is_ok()
    }

    fn session_mac(&self, until: u64) -> Hmac<Sha256> {
        let mut mac = self.mac("session", &until.to_le_bytes());
        mac.update(&self.staff);
        mac
    }

    /// Who has this e-mail address; the same for each spelling of it. Without the secret nobody finds the
    /// address of a person, nor the person of an address.
    pub fn person(&self, email: &str) -> PersonId {
        PersonId(self.uuid("person", email.trim().to_lowercase().as_bytes()))
    }

    /// The vault's row for something that comes with a command at this time. It begins with the time, so
    /// that what comes together lies together: rows at random places would each cost a page to write.
    pub fn vault_row(&self, command: CommandId, what: &str, at: Timestamp) -> VaultId {
        let of = self.mac(what, command.0.as_bytes()).finalize().into_bytes();
        let millis = u64::try_from(at.micros() / 1000).unwrap_or(0);
        let tail = std::array::from_fn(|at| of[at]);
        VaultId(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }

    /// Keyed fingerprint of a request.
    pub fn fingerprint(&self, parts: &[&[u8]]) -> u64 {
        let mut mac = self.mac("request", &[]);
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        let bytes = mac.finalize().into_bytes();
        u64::from_le_bytes(std::array::from_fn(|at| bytes[at]))
    }

    fn uuid(&self, what: &str, of: &[u8]) -> Uuid {
        let bytes = self.mac(what, of).finalize().into_bytes();
        uuid::Builder::from_custom_bytes(std::array::from_fn(|at| bytes[at])).into_uuid()
    }

    fn mac(&self, what: &str, of: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("any length is a key");
        mac.update(what.as_bytes());
        mac.update(&[0]);
        mac.update(of);
        mac
    }
}

/// 244 bits by chance, from the system's source.
fn chance() -> [u8; 32] {
    let (left, right) = (Uuid::new_v4(), Uuid::new_v4());
    std::array::from_fn(|at| if at < 16 { left.as_bytes()[at] } else { right.as_bytes()[at - 16] })
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_said_once_and_never_stored() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, said) = Secrets::open(folder.path(), None).expect("made");
        let key = said.expect("said");
        assert!(first.is_staff(&key) && !first.is_staff("another"));
        let (second, said) = Secrets::open(folder.path(), None).expect("read");
        assert_eq!(said, None);
        assert!(second.is_staff(&key));
        let stored = fs::read_to_string(folder.path().join(FILE)).expect("there");
        assert!(!stored.contains(&key));
    }

    #[test]
    fn a_given_key_replaces_the_known_one_and_tokens_stay_valid() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, said) = Secrets::open(folder.path(), None).expect("made");
        let id = OrderId(Uuid::now_v7());
        let token = first.token(id);
        let given = "given-by-the-environment";
        let (second, _) = Secrets::open(folder.path(), Some(given)).expect("read");
        assert!(second.is_staff(given) && !second.is_staff(&said.expect("said")));
        assert!(second.is_token(id, &token));
        assert!(!second.is_token(OrderId(Uuid::now_v7()), &token));
        assert!(!second.is_token(id, &token[..10]) && !second.is_token(id, ""));
        let short = Secrets::open(folder.path(), Some("short"));
        assert!(matches!(short, Err(SecretsError::ShortKey)));
    }

    #[test]
    fn a_session_ends_with_its_time_and_with_the_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, _) = Secrets::open(folder.path(), None).expect("made");
        let session = first.session(1_000);
        assert!(first.is_session(&session, 999) && !first.is_session(&session, 1_000));
        let longer = session.replacen("1000", "9000", 1);
        assert!(!first.is_session(&longer, 999) && !first.is_session("", 0));
        let (second, _) =
            Secrets::open(folder.path(), Some("another-key-by-chance")).expect("read");
        assert!(!second.is_session(&session, 999));
    }

    #[test]
    fn an_address_is_one_person_however_it_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (secrets, _) = Secrets::open(folder.path(), None).expect("made");
        assert_eq!(secrets.person(" A@Example.org"), secrets.person("a@example.org"));
        assert_ne!(secrets.person("a@example.org"), secrets.person("b@example.org"));
    }
}
