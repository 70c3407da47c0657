//! The first weeks of the real trade, moved so that they end now: a shop that has been open for a while,
//! with orders on their way.

use crate::{
    replay::{self, Ending, Progress, trade},
    shop::RunningShop,
};
use commerce::catalog::ProductCommand;
use engine::{Ask, Clock, WallClock};
use flows::{Command, routing};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{CommandId, Currency, Money, ProductId, Quantity, Sku, Timestamp};
use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufReader, IsTerminal},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use warehouse::inventory::StockCommand;

/// UCI Online Retail, as it lies in `examples/online-retail`.
const TRADE: &[u8] = include_bytes!("../../../../examples/online-retail/online_retail.csv.zst");
/// Rows before this day are played.
const UNTIL: &str = "2010-12-22";
/// Units of each SKU that come in besides, for the shoppers who are still to come.
const PLENTY: u64 = 5_000;
/// Written when everything is there.
const DONE: &str = "demo-is-complete";

/// True when a folder has the weeks, all of them.
pub(super) fn is_there(data: &Path) -> bool {
    data.join(DONE).exists()
}

/// Plays the weeks into a folder, or goes on where somebody stopped it; false when somebody stops it now.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn play(data: &Path) -> Result<bool, Box<dyn Error>> {
    let begun = data.join("demo-ends-at");
    let mut plan = read()?;
    let last = plan.events.last().ok_or("the trade is empty")?.at;
    let first = plan.events.first().ok_or("the trade is empty")?.at;
    // What is stopped goes on with the same times.
    std::fs::create_dir_all(data)?;
    let end = match std::fs::read_to_string(&begun) {
        Ok(text) => text.trim().parse::<Timestamp>()?,
        Err(_) => {
            let now = WallClock.now();
            std::fs::write(&begun, now.to_string())?;
            now
        }
    };
    let shift = end.since(last);
    for event in &mut plan.events {
        event.at = event.at + shift;
    }
    let shop = RunningShop::open(data, first + shift)?;
    let stop = stop_on_signal()?;
    let mut bar = Bar::new(plan.events.len());
    let ended = replay::play_to(Ending::UnderWay, &shop, &plan, &stop, &mut bar)?;
    bar.0.finish_and_clear();
    if !ended.complete {
        shop.stop()?;
        eprintln!("stopped; the same command goes on");
        return Ok(false);
    }
    price_and_fill(&shop, &plan)?;
    shop.settle()?;
    shop.stop()?;
    std::fs::write(data.join(DONE), "")?;
    Ok(true)
}

fn read() -> Result<trade::Plan, Box<dyn Error>> {
    let until = trade::day_or_moment(UNTIL).ok_or("no day")?;
    let unpacked = zstd::Decoder::with_buffer(TRADE)?;
    Ok(trade::plan(BufReader::with_capacity(1 << 16, unpacked), Some(until))?)
}

/// The trade has a price in each row; the shop has one for each SKU: that at which it was sold last.
fn price_and_fill(shop: &RunningShop, plan: &trade::Plan) -> Result<(), Box<dyn Error>> {
    let mut prices: BTreeMap<u32, i64> = BTreeMap::new();
    for line in plan.orders.iter().flat_map(|order| &order.lines) {
        prices.insert(line.item, i64::from(line.unit_price_minor));
    }
    let mut answers = Vec::new();
    for (item, minor) in prices {
        let item = plan.item(item);
        let (sku, price) = (item.sku.clone(), Money::new(minor, Currency::GBP));
        let product = replay::product_of(&sku);
        answers.push(ask(shop, &sku, "price", product_price(product, &sku, price))?);
        if item.stock_kept {
            answers.push(ask(shop, &sku, "fill", receive(&sku)?)?);
        }
    }
    for answer in answers {
        answer.blocking_recv()?.map_err(|rejection| rejection.to_string())?;
    }
    Ok(())
}

fn product_price(product: ProductId, sku: &Sku, price: Money) -> Command {
    Command::Product(product, ProductCommand::Price { sku: sku.clone(), price })
}

fn receive(sku: &Sku) -> Result<Command, Box<dyn Error>> {
    let (location, lot, reference) = (None, None, Some("DEMO".into()));
    let (site, quantity) = (routing::home(), Quantity::new(PLENTY)?);
    let receive = StockCommand::Receive { site, quantity, location, lot, reference };
    Ok(Command::Stock(sku.clone(), receive))
}

type Answer = tokio::sync::oneshot::Receiver<engine::Answer<flows::Shop>>;

fn ask(
    shop: &RunningShop,
    sku: &Sku,
    what: &str,
    command: Command,
) -> Result<Answer, Box<dyn Error>> {
    let id = CommandId::derive("demo", &format!("{what}/{sku}"));
    Ok(shop.engine.submit(Ask::by_system(id, command))?)
}

/// Set by the first Ctrl-C or SIGTERM.
fn stop_on_signal() -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let shared = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        // Nobody can be told that there are no signals: the import ends by itself soon.
        let _ = runtime.block_on(tokio::signal::ctrl_c());
        shared.store(true, Relaxed);
    })?;
    Ok(stop)
}

/// On a terminal a bar, else a line at the beginning.
struct Bar(ProgressBar);

impl Bar {
    fn new(events: usize) -> Bar {
        let bar = match std::io::stderr().is_terminal() {
            true => ProgressBar::new(events as u64),
            false => {
                eprintln!("playing three weeks of a real trade…");
                ProgressBar::hidden()
            }
        };
        let style =
            ProgressStyle::with_template("three weeks of a real trade {wide_bar} {percent}%");
        style.into_iter().for_each(|style| bar.set_style(style));
        bar.enable_steady_tick(Duration::from_millis(200));
        Bar(bar)
    }
}

impl Progress for Bar {
    fn played(&mut self, events: usize, _: Timestamp) {
        self.0.set_position(events as u64);
    }
}
