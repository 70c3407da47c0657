//! The shop that a catalogue is imported into: nobody else has its folder meanwhile, and nobody reaches
//! outside.

use super::{ImportError, entry::Entry, fault::Fault, judge::Known};
use crate::{
    shop::{ShopError, all_views},
    view_tools::catch_up,
};
use engine::{
    Alarms, Answer, Ask, Engine, Feed, Limits, NotTaken, Parts, Past, WallClock,
    views::{Bounds, Doing, Query, Reader, Runner, Store},
};
use flows::{
    Command, Shop, State, Stream,
    views::{Products, Variants},
};
use journal::Journal;
use kernel::{Actor, Column, CommandId, Position, ProductId, Sku, View};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Who asks, as facts name him.
const IMPORT: (&str, &str) = ("staff", "import");
/// More than a batch of rows asks at once.
const QUEUE: usize = 16_384;

/// A data folder, open for an import.
pub struct ImportShop {
    books: Books,
    views: Reader,
    runner: Runner<Shop>,
    journal: Box<dyn journal::Reader>,
    /// What all facts of this import are known by.
    affair: CommandId,
    /// Of a dry run before there is a shop.
    _nothing: Option<TempDir>,
}

enum Books {
    /// Commands are obeyed.
    Real(Box<Engine<Shop>>),
    /// They are not: everything stays as it was after this position.
    DryRun {
        past: Box<Past<Shop>>,
        tip: Position,
        /// Nobody else has it meanwhile.
        _files: Box<journal::sqlite::Folder>,
    },
}

/// A look at something, perhaps under way.
pub(super) enum Looking {
    UnderWay(oneshot::Receiver<journal::Result<engine::Looked<Shop>>>),
    Done(Box<State>, u64),
}

impl ImportShop {
    /// Opens the folder, which is made if there is none.
    ///
    /// # Errors
    /// When it is in use or cannot be opened, or a view that is needed does not follow.
    pub fn open(folder: &Path, limits: Limits) -> Result<ImportShop, ImportError> {
        let files = take(folder)?;
        let journal = files.journal.reader().map_err(ShopError::from)?;
        let (runner, views) = look(folder, &*journal)?;
        // Whatever the shop takes at once: here is only one who asks, and he knows how much.
        let limits = Limits { queue: limits.queue.max(QUEUE), ..limits };
        let engine = Engine::start(Parts {
            journal: Box::new(files.journal),
            index: Box::new(files.index),
            clock: Arc::new(WallClock),
            limits,
        });
        let books = Books::Real(Box::new(engine.map_err(ShopError::from)?));
        let affair = CommandId(Uuid::now_v7());
        Ok(ImportShop { books, views, runner, journal, affair, _nothing: None })
    }

    /// Opens the folder only to see what would become of it. Where there is none, none is made.
    ///
    /// # Errors
    /// As [`ImportShop::open`].
    pub fn open_for_dry_run(folder: &Path) -> Result<ImportShop, ImportError> {
        let nothing = match folder.join("journal.db").exists() {
            true => None,
            false => Some(tempfile::tempdir().map_err(ShopError::Threads)?),
        };
        let folder = nothing.as_ref().map_or(folder, |nothing| nothing.path());
        let files = take(folder)?;
        let tip = files.journal.tip().map_or(0, |tip| tip.last);
        let journal = files.journal.reader().map_err(ShopError::from)?;
        let (runner, views) = look(folder, &*journal)?;
        let past = files.journal.reader().and_then(|reader| {
            use journal::Index;
            Past::new(Feed::new(tip, 0), reader, files.index.reader()?)
        });
        let past = Box::new(past.map_err(ShopError::from)?);
        let books = Books::DryRun { past, tip, _files: Box::new(files) };
        let affair = CommandId(Uuid::now_v7());
        Ok(ImportShop { books, views, runner, journal, affair, _nothing: nothing })
    }

    /// Closes the folder; the views show what was imported.
    ///
    /// # Errors
    /// The error for which the engine had stopped by itself, or a view that cannot be written.
    pub fn close(mut self) -> Result<(), ImportError> {
        if let Books::Real(engine) = self.books {
            engine.stop().map_err(ShopError::from)?;
            catch_up(&mut self.runner, &*self.journal)?;
            self.runner.flush().map_err(ShopError::from)?;
        }
        Ok(())
    }

    /// True when commands are not obeyed.
    pub(super) fn is_dry_run(&self) -> bool {
        matches!(self.books, Books::DryRun { .. })
    }

    /// Which product a row speaks of, be it there or not: the one with its slug, else the one that its
    /// first SKU belongs to. A product that is new has an id that follows from these.
    pub(super) fn product_of(&self, entry: &Entry) -> Result<ProductId, ImportError> {
        if let Some(slug) = &entry.slug {
            let named = Query::new().equal("slug", Column::Text(slug.to_string())).limit(1);
            let found = self.views.list::<Products>(&named).map_err(ShopError::from)?;
            let found = found.rows.first().and_then(|(key, _)| key.parse().ok());
            let new = || ProductId(CommandId::derive("import/product", slug).0);
            return Ok(found.unwrap_or_else(new));
        }
        let Some(first) = entry.variants.first() else {
            return Ok(ProductId(Uuid::nil())); // files give no such row
        };
        let new = || ProductId(CommandId::derive("import/sku", first.sku.as_str()).0);
        Ok(self.owner(&first.sku)?.unwrap_or_else(new))
    }

    /// The product that a SKU belonged to before this import.
    fn owner(&self, sku: &Sku) -> Result<Option<ProductId>, ImportError> {
        let variant = self.views.get::<Variants>(sku.as_str()).map_err(ShopError::from)?;
        Ok(variant.and_then(|variant| variant.product))
    }

    /// Refuses a SKU that another product has.
    pub(super) fn must_own(
        &self,
        product: ProductId,
        entry: &Entry,
    ) -> Result<Result<(), Fault>, ImportError> {
        for variant in &entry.variants {
            if self.owner(&variant.sku)?.is_some_and(|owner| owner != product) {
                let reason = format!("{} belongs to another product", variant.sku);
                return Ok(Err(Fault::new("PRODUCT_SKU_EXISTS", reason)));
            }
        }
        Ok(Ok(()))
    }

    /// Begins to look at what a decider remembers.
    pub(super) fn look(&mut self, stream: &Stream) -> Result<Looking, ImportError> {
        match &mut self.books {
            Books::Real(engine) => Ok(Looking::UnderWay(engine.look(stream.clone())?)),
            Books::DryRun { past, tip, .. } => {
                let (state, version) = past.state_at(stream, *tip).map_err(ShopError::from)?;
                Ok(Looking::Done(Box::new(state), version))
            }
        }
    }

    /// Asks for a command; its answer comes when all that follows is durable. None in a dry run.
    pub(super) fn submit(
        &self,
        (id, command): (Option<CommandId>, Command),
    ) -> Result<Option<oneshot::Receiver<Answer<Shop>>>, NotTaken> {
        let Books::Real(engine) = &self.books else { return Ok(None) };
        // What became of a product since may have to be said again: only a first stock never is.
        let id = id.unwrap_or_else(|| CommandId(Uuid::now_v7()));
        let ask = Ask {
            actor: Actor::new(IMPORT.0, IMPORT.1),
            correlation: Some(self.affair),
            ..Ask::by_system(id, command)
        };
        engine.submit(ask).map(Some)
    }

    /// Why nobody answers any more.
    pub(super) fn stopped(&self) -> ImportError {
        let why = match &self.books {
            Books::Real(engine) => engine.failure(),
            Books::DryRun { .. } => None,
        };
        ShopError::Stopped(why.unwrap_or_else(|| "nobody answers".to_owned())).into()
    }
}

impl Looking {
    /// What there is, and how many facts it has.
    pub(super) fn wait(self) -> Result<(State, u64), ImportError> {
        match self {
            Looking::Done(state, version) => Ok((*state, version)),
            Looking::UnderWay(seen) => {
                let seen = seen.blocking_recv().map_err(|_| NotTaken::Stopped)?;
                let seen = seen.map_err(ShopError::from)?;
                Ok((seen.state, seen.version))
            }
        }
    }

    /// A product.
    pub(super) fn product(self) -> Result<Known, ImportError> {
        match self.wait()? {
            (State::Product(product), version) => Ok(Known { product, exists: version > 0 }),
            _ => Ok(Known::default()),
        }
    }
}

/// The folder, for nobody else.
fn take(folder: &Path) -> Result<journal::sqlite::Folder, ImportError> {
    journal::sqlite::open(folder).map_err(|error| match error {
        journal::Error::InUse { .. } => ImportError::Running(error),
        other => ShopError::from(other).into(),
    })
}

/// The views, with everything that the journal has.
fn look(
    folder: &Path,
    journal: &dyn journal::Reader,
) -> Result<(Runner<Shop>, Reader), ImportError> {
    let store = Store::open(&folder.join("views.db")).map_err(ShopError::from)?;
    let reader = store.reader();
    let (alarms, bounds) = (Arc::new(Alarms::default()), Bounds::default());
    let another = journal.another().map_err(ShopError::from)?;
    let runner = Runner::open(&all_views(), store, another, alarms, bounds);
    let mut runner = runner.map_err(ShopError::from)?;
    catch_up(&mut runner, journal)?;
    runner.flush().map_err(ShopError::from)?;
    let needed = [Products::NAME, Variants::NAME];
    let behind = runner
        .statuses()
        .into_iter()
        .find(|status| needed.contains(&status.view) && status.doing != Doing::Following);
    match behind {
        Some(status) => Err(ImportError::Behind(status.view)),
        None => Ok((runner, reader)),
    }
}
