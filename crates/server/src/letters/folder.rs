//! The letters of a stopped shop: what is decided here is done when it starts.

use super::Result;
use engine::{
    Alarms, Clock, WallClock,
    handlers::{Desk, Handler, HandlerLimits, Letter, LetterError, Store},
};
use flows::Shop;
use gateways::{SimulatedCarrier, SimulatedProvider};
use journal::{Journal, sqlite::Folder};
use serde_json::{Value as Json, json};
use std::{path::Path, sync::Arc};

/// Who decides here, as the letter notes it.
const WHO: &str = "staff/command-line";
/// Settled letters that are listed.
const SETTLED: usize = 200;

/// The letters of a folder, which is kept from other programs meanwhile.
pub struct FolderLetters {
    desk: Desk<Shop>,
    _files: Folder,
}

impl FolderLetters {
    /// Opens the folder.
    ///
    /// # Errors
    /// When it is in use, has no journal, or cannot be read.
    pub fn open(data: &Path) -> Result<FolderLetters> {
        crate::view_tools::must_exist(data)?;
        let files = journal::sqlite::open(data)?;
        let store = Store::open(&data.join("letters.db"), "outside")?;
        let tip = files.journal.tip().map_or(0, |tip| tip.last);
        // Only named here, never called: a simulated provider has the same handlers as a real one.
        let handlers: Vec<Arc<dyn Handler<Shop>>> =
            vec![Arc::new(SimulatedProvider::default()), Arc::new(SimulatedCarrier::default())];
        let alarms = Arc::new(Alarms::default());
        let desk = Desk::open(handlers, store, HandlerLimits::default(), tip, alarms)?;
        Ok(FolderLetters { desk, _files: files })
    }

    pub(super) fn list(&self, settled: bool) -> Result<Vec<Json>> {
        let mut letters = self.desk.letters();
        if settled {
            letters.extend(self.desk.settled_letters(SETTLED)?);
        }
        Ok(letters.iter().map(shown).collect())
    }

    pub(super) fn show(&self, id: &str) -> Result<Json> {
        let (inner, settled) = (inner(id), self.desk.settled_letters(SETTLED)?);
        let found = self.desk.letters().into_iter().chain(settled).find(|one| one.id == inner);
        Ok(shown(&found.ok_or(LetterError::Unknown(inner))?))
    }

    pub(super) fn preview(&self, id: &str) -> Result<Json> {
        let preview = self.desk.preview(&inner(id), WallClock.now())?;
        Ok(json!({
            "request": preview.request.body,
            "idempotency_key": preview.idempotency_key,
            "uncertain": preview.uncertain,
            "if_dropped": preview.if_dropped,
        }))
    }

    pub(super) fn retry(&mut self, id: &str) -> Result<()> {
        self.desk.retry(&inner(id), WHO, WallClock.now())?;
        Ok(self.desk.save()?)
    }

    pub(super) fn edit(&mut self, id: &str, request: Json, why: &str) -> Result<()> {
        self.desk.edit(&inner(id), request, (WHO, why), WallClock.now())?;
        Ok(self.desk.save()?)
    }

    pub(super) fn drop_letter(&mut self, id: &str, why: &str) -> Result<()> {
        self.desk.drop_letter(&inner(id), (WHO, why), WallClock.now())?;
        Ok(self.desk.save()?)
    }
}

/// As the desk writes it: with a slash.
fn inner(id: &str) -> String {
    match id.rsplit_once(':') {
        Some((handler, position)) => format!("{handler}/{position}"),
        None => id.to_owned(),
    }
}

/// As the API shows it.
fn shown(letter: &Letter) -> Json {
    let Letter { id, handler, errand, reason, state, since, notes, .. } = letter;
    json!({
        "id": id.replace('/', ":"),
        "handler": handler,
        "position": errand.position,
        "key": errand.request.key,
        "request": errand.request.body,
        "reason": reason,
        "state": state,
        "attempts": errand.attempts,
        "since": since,
        "notes": notes,
    })
}
