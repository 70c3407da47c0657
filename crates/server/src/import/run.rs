//! The import itself: rows in batches, looked up together, judged one after the other, obeyed together.

use super::{
    File, ImportError,
    entry::Entry,
    fault::Fault,
    judge::{self, Judged, Known, Outcome},
    shop::ImportShop,
};
use engine::{Answer, Rejection};
use flows::{Shop, Stream};
use kernel::{CommandId, ProductId, Sku};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::{
    collections::VecDeque,
    io,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use tokio::sync::oneshot;

/// Rows of one import.
pub const ROWS_MAX: u64 = 10_000_000;
/// Products that a dry run remembers.
pub const TRIED_MAX: usize = 100_000;
/// Rows, bytes and variants of them, that are looked up together; a row more may be among them.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: u64 = 4 * 1024 * 1024;
const BATCH_VARIANTS: usize = 2048;
/// Commands under way at once, before those of one row are added.
const IN_FLIGHT: usize = 1024;

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// True when nothing of it was done.
    pub dry_run: bool,
    /// False when somebody stopped it; the same command goes on.
    pub complete: bool,
    /// Rows read.
    pub rows: u64,
    /// Rows whose product or variants are new.
    pub created: u64,
    /// Rows by which something is otherwise than before.
    pub changed: u64,
    /// Rows that say what was so already.
    pub unchanged: u64,
    /// Rows that were not taken.
    pub refused: u64,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refused {
    /// In which file.
    pub file: String,
    /// Where the row begins, counted from 1.
    pub line: u64,
    /// Why.
    #[serde(flatten)]
    pub fault: Fault,
}

/// Who is told how it goes.
pub trait Listener {
    /// So many bytes of all files, and rows, are read.
    fn read(&mut self, bytes: u64, rows: u64);

    /// A row is not taken.
    ///
    /// # Errors
    /// When that cannot be written down.
    fn refused(&mut self, refused: &Refused) -> io::Result<()>;
}

/// What is to be imported; `stop` is looked at between any two batches.
pub struct Order<'a> {
    /// One after the other.
    pub files: Vec<File>,
    /// Set by whoever has had enough.
    pub stop: &'a AtomicBool,
    /// Who is told.
    pub listener: &'a mut dyn Listener,
}

/// Imports the files, in their order.
///
/// # Errors
/// When a file cannot be read to its end, or the shop takes nothing more; what was taken is kept.
pub fn import(shop: &mut ImportShop, order: Order<'_>) -> Result<Report, ImportError> {
    let Order { files, stop, listener } = order;
    let report = Report { dry_run: shop.is_dry_run(), ..Report::default() };
    let mut run =
        Run { shop, listener, report, skus: FxHashSet::default(), products: FxHashMap::default() };
    let mut before = 0;
    for mut file in files {
        let mut open = true;
        while open {
            if stop.load(Relaxed) {
                return Ok(run.report);
            }
            let batch = run.fill(&mut file, &mut open);
            // What was read before the file broke off is taken.
            let (rows, broken) = match batch {
                Ok(rows) => (rows, None),
                Err((rows, error)) => (rows, Some(error)),
            };
            run.settle(file.name(), rows)?;
            if let Some(error) = broken {
                return Err(error);
            }
            run.listener.read(before + file.bytes(), run.report.rows);
        }
        before += file.bytes();
    }
    run.report.complete = true;
    Ok(run.report)
}

type Rows = Vec<(u64, Result<Entry, Fault>)>;

struct Run<'a> {
    shop: &'a mut ImportShop,
    listener: &'a mut dyn Listener,
    report: Report,
    /// The SKUs of all rows, each as 122 bits of its own: names of any length would be too much.
    skus: FxHashSet<u128>,
    /// Products as they are after the rows so far: of this batch, and in a dry run of all.
    products: FxHashMap<ProductId, Known>,
}

/// A row on its way through a batch.
struct Step {
    line: u64,
    entry: Result<(ProductId, Entry), Fault>,
}

/// A row whose commands are under way.
struct UnderWay {
    line: u64,
    outcome: Outcome,
    answers: Vec<oneshot::Receiver<Answer<Shop>>>,
}

impl Run<'_> {
    fn fill(&mut self, file: &mut File, open: &mut bool) -> Result<Rows, (Rows, ImportError)> {
        let (mut rows, mut variants, begin) = (Rows::new(), 0, file.bytes());
        while rows.len() < BATCH_ROWS
            && variants < BATCH_VARIANTS
            && file.bytes() - begin < BATCH_BYTES
        {
            match file.next() {
                Ok(Some((line, read))) => {
                    self.report.rows += 1;
                    variants += read.as_ref().map_or(0, |entry| entry.variants.len());
                    rows.push((line, read.and_then(|entry| self.only_once(entry))));
                }
                Ok(None) => {
                    *open = false;
                    return Ok(rows);
                }
                Err(error) => return Err((rows, error)),
            }
            if self.report.rows > ROWS_MAX {
                return Err((rows, ImportError::TooManyRows));
            }
        }
        Ok(rows)
    }

    /// A row names SKUs that no row before it named.
    fn only_once(&mut self, entry: Entry) -> Result<Entry, Fault> {
        let name = |sku: &Sku| CommandId::derive("import/row", sku.as_str()).0.as_u128();
        for (at, variant) in entry.variants.iter().enumerate() {
            if !self.skus.insert(name(&variant.sku)) {
                // Those that this row named first are no earlier row's.
                for variant in &entry.variants[..at] {
                    self.skus.remove(&name(&variant.sku));
                }
                let reason = format!("{} stood in an earlier row", variant.sku);
                return Err(Fault::new("IMPORT_DUPLICATE_SKU", reason));
            }
        }
        Ok(entry)
    }

    fn settle(&mut self, file: &str, rows: Rows) -> Result<(), ImportError> {
        let mut steps = Vec::with_capacity(rows.len());
        for (line, read) in rows {
            let entry = match read {
                Ok(entry) => {
                    let product = self.shop.product_of(&entry)?;
                    self.shop.must_own(product, &entry)?.map(|()| (product, entry))
                }
                Err(fault) => Err(fault),
            };
            steps.push(Step { line, entry });
        }
        let counted = self.look(&steps)?;
        let (mut under_way, mut waiting) = (VecDeque::new(), 0);
        for Step { line, entry } in steps {
            let judged = entry.and_then(|(product, entry)| {
                let known = self.products.get(&product).cloned().unwrap_or_default();
                let judged = judge::judge(product, &known, &entry, |sku| !counted.contains(sku))?;
                Ok((product, judged))
            });
            let (outcome, commands) = match judged {
                Err(fault) => {
                    self.refuse((file, line), fault)?;
                    continue;
                }
                Ok((product, Judged { outcome, commands, known })) => {
                    self.products.insert(product, known);
                    (outcome, commands)
                }
            };
            let mut answers = Vec::with_capacity(commands.len());
            for command in commands {
                while waiting >= IN_FLIGHT
                    && let Some(first) = under_way.pop_front()
                {
                    waiting -= self.end(file, first)?;
                }
                answers.extend(self.shop.submit(command)?);
                waiting += 1;
            }
            under_way.push_back(UnderWay { line, outcome, answers });
        }
        under_way.into_iter().try_for_each(|row| self.end(file, row).map(drop))?;
        match self.shop.is_dry_run() {
            true if self.products.len() > TRIED_MAX => return Err(ImportError::TooMuchToTry),
            true => {}
            false => self.products.clear(),
        }
        Ok(())
    }

    /// Looks at all products of a batch at once; which of its SKUs had stock at any time.
    fn look(&mut self, steps: &[Step]) -> Result<FxHashSet<Sku>, ImportError> {
        let (mut products, mut stocks) = (FxHashMap::default(), Vec::new());
        for (product, entry) in steps.iter().filter_map(|step| step.entry.as_ref().ok()) {
            if !self.products.contains_key(product) && !products.contains_key(product) {
                products.insert(*product, self.shop.look(&Stream::Product(*product))?);
            }
            for variant in entry.variants.iter().filter(|variant| variant.opening.is_some()) {
                let stream = Stream::Stock(variant.sku.clone());
                stocks.push((variant.sku.clone(), self.shop.look(&stream)?));
            }
        }
        for (product, looking) in products {
            self.products.insert(product, looking.product()?);
        }
        let mut counted = FxHashSet::default();
        for (sku, looking) in stocks {
            if looking.wait()?.1 > 0 {
                counted.insert(sku);
            }
        }
        Ok(counted)
    }

    /// Waits until a row is durable; how many commands that were.
    fn end(&mut self, file: &str, row: UnderWay) -> Result<usize, ImportError> {
        let commands = row.answers.len();
        let mut refusal = None;
        for answer in row.answers {
            match answer.blocking_recv().map_err(|_| self.shop.stopped())? {
                Ok(_) => {}
                Err(Rejection::Refused(no)) => refusal = refusal.or(Some(no)),
                Err(other) => {
                    let (file, reason) = (file.to_owned(), other.to_string());
                    return Err(ImportError::Failed { file, line: row.line, reason });
                }
            }
        }
        match (refusal, row.outcome) {
            (Some(no), _) => self.refuse((file, row.line), judge::fault(no))?,
            (None, Outcome::Created) => self.report.created += 1,
            (None, Outcome::Changed) => self.report.changed += 1,
            (None, Outcome::Unchanged) => self.report.unchanged += 1,
        }
        Ok(commands)
    }

    fn refuse(&mut self, (file, line): (&str, u64), fault: Fault) -> Result<(), ImportError> {
        self.report.refused += 1;
        let refused = Refused { file: file.to_owned(), line, fault };
        self.listener.refused(&refused).map_err(ImportError::Told)
    }
}
