//! Texts of documents that were read lately, kept until they are written again.

use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Texts of each view that are kept; of more, all of that view are read again.
const KEPT: usize = 16_384;

/// Shared by the one who writes documents and those who read them.
#[derive(Default)]
pub(super) struct Texts(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    /// Counts what was written. Whoever began to read before that must not keep what he found.
    written: u64,
    views: FxHashMap<&'static str, FxHashMap<String, Arc<str>>>,
}

/// When somebody began to read.
#[derive(Clone, Copy)]
pub(super) struct Begun(u64);

impl Texts {
    /// The text of a document, or leave to keep what will be found.
    pub(super) fn get(&self, view: &'static str, key: &str) -> Result<Arc<str>, Begun> {
        let shelf = self.shelf();
        let known = shelf.views.get(view).and_then(|texts| texts.get(key));
        known.cloned().ok_or(Begun(shelf.written))
    }

    /// Keeps a text, unless something was written since its reader began.
    pub(super) fn keep(&self, view: &'static str, key: &str, text: &Arc<str>, begun: Begun) {
        let mut shelf = self.shelf();
        if shelf.written != begun.0 {
            return;
        }
        let texts = shelf.views.entry(view).or_default();
        if texts.len() >= KEPT {
            texts.clear();
        }
        texts.insert(key.to_owned(), text.clone());
    }

    /// These documents were written; told before anybody has to look for them in the file.
    pub(super) fn forget<'a, K: AsRef<str> + 'a>(
        &self,
        written: impl Iterator<Item = (&'static str, impl Iterator<Item = &'a K>)>,
    ) {
        let mut shelf = self.shelf();
        shelf.written += 1;
        for (view, keys) in written {
            if let Some(texts) = shelf.views.get_mut(view) {
                keys.for_each(|key| drop(texts.remove(key.as_ref())));
            }
        }
    }

    /// Anything may have been written.
    pub(super) fn forget_all(&self) {
        let mut shelf = self.shelf();
        shelf.written += 1;
        shelf.views.clear();
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(texts: &Texts) -> Begun {
        texts.get("orders", "1").expect_err("it is not kept")
    }

    fn forget(texts: &Texts, written: &[(&'static str, &str)]) {
        texts.forget(written.iter().map(|(view, key)| (*view, [key].into_iter())));
    }

    #[test]
    fn a_text_is_kept_until_its_document_is_written() {
        let texts = Texts::default();
        texts.keep("orders", "1", &"old".into(), begun(&texts));
        assert_eq!(texts.get("orders", "1").ok().as_deref(), Some("old"));
        forget(&texts, &[("orders", "2"), ("stock", "1")]);
        assert!(texts.get("orders", "1").is_ok(), "others were written");
        forget(&texts, &[("orders", "1")]);
        assert!(texts.get("orders", "1").is_err());
    }

    #[test]
    fn what_was_read_while_something_was_written_is_not_kept() {
        let texts = Texts::default();
        let reader = begun(&texts);
        forget(&texts, &[("orders", "1")]);
        texts.keep("orders", "1", &"old".into(), reader);
        assert!(texts.get("orders", "1").is_err());
    }

    #[test]
    fn however_many_are_read_few_are_kept() {
        let texts = Texts::default();
        let text: Arc<str> = "text".into();
        for key in 0..10 * KEPT {
            texts.keep("orders", &key.to_string(), &text, Begun(0));
        }
        assert!(texts.shelf().views["orders"].len() <= KEPT);
    }
}
