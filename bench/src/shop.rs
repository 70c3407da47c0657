//! The shop that is measured: the release binary as anybody runs it, stocked and visited over its API.

use crate::{
    Fallible, asks,
    asks::Ticket,
    chance::Chance,
    child::{Program, free_address},
    postgres::Taste,
    wire::{Answer, Ask, Wire},
};
use rustix::process::Signal;
use serde::de::DeserializeOwned;
use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{task::spawn_local, time::sleep};

/// Of the staff; nobody but this program can reach the shop.
const STAFF_KEY: &str = "bench-staff-key-of-this-machine-only";
/// Connections that prepare what is measured.
const HANDS: usize = 64;
/// As many pieces as come in at a time at the most; more than is sold of one article of many.
const PLENTY: u64 = 1_000_000;
/// How often so many come in of the one that everybody wants.
const HOT_DELIVERIES: usize = 20;
/// How long a shop may go on with what it was asked before.
const QUIET: Duration = Duration::from_secs(60);

/// A running shop.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) program: Program,
    pub(crate) at: SocketAddr,
    data: PathBuf,
    cartage: PathBuf,
    skus: usize,
}

impl Shop {
    /// Starts a shop with so many articles on a data folder.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start(cartage: &Path, data: &Path, skus: usize) -> Fallible<Shop> {
        let at = free_address()?;
        let mut command = Command::new(cartage);
        command.arg("serve").arg("--data").arg(data);
        command.args(["--listen", &at.to_string(), "--sandbox"]);
        command.env("CARTAGE_STAFF_KEY", STAFF_KEY);
        let log = data.with_extension("log");
        let mut program = Program::start("cartage serve", &mut command, &log)?;
        program.until_ready(at, "/ready").await?;
        let (data, cartage) = (data.to_owned(), cartage.to_owned());
        Ok(Shop { program, at, data, cartage, skus })
    }

    /// Ends it and starts it again on the same data; seconds from the start to ready.
    ///
    /// # Errors
    /// When it does not end, or does not come back.
    pub(crate) async fn restart(self) -> Fallible<(Shop, f64)> {
        let Shop { program, data, cartage, skus, .. } = self;
        program.stop(Signal::TERM).await?;
        let begin = Instant::now();
        let shop = Shop::start(&cartage, &data, skus).await?;
        Ok((shop, begin.elapsed().as_secs_f64()))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it does not end.
    pub(crate) async fn stop(self) -> Fallible<()> {
        self.program.stop(Signal::TERM).await
    }

    /// Waits until views, handlers and stories have nothing more to do.
    pub(crate) async fn until_quiet(&self) {
        self.program.until_quiet(QUIET).await;
    }

    /// All its articles on sale, each with more in stock than is ever sold.
    ///
    /// # Errors
    /// When the shop refuses one.
    pub(crate) async fn stock(&self) -> Fallible<()> {
        let numbers: Vec<usize> = (0..self.skus).collect();
        self.by_many(numbers, async |wire, number| put_on_sale(wire, number, PLENTY).await).await?;
        let again = vec![asks::sku(0); HOT_DELIVERIES];
        let receive = async |wire: &mut Wire, sku: String| {
            insist(wire, as_staff(asks::receive(&sku, PLENTY)?)?).await
        };
        self.by_many(again, receive).await?;
        Ok(())
    }

    /// One more article, with so many pieces.
    ///
    /// # Errors
    /// When the shop refuses it.
    pub(crate) async fn add_article(&self, number: usize, pieces: u64) -> Fallible<()> {
        put_on_sale(&mut Wire::new(self.at), number, pieces).await
    }

    /// So many full carts.
    ///
    /// # Errors
    /// When the shop refuses one.
    pub(crate) async fn carts(
        &self,
        many: usize,
        taste: Taste,
        chance: &mut Chance,
    ) -> Fallible<Vec<Ticket>> {
        let wishes: Vec<Vec<usize>> = (0..many).map(|_| taste.pick(chance, self.skus)).collect();
        self.by_many(wishes, async |wire, wish| fill_cart(wire, &wish).await).await
    }

    /// So many carts with one piece of the same article.
    ///
    /// # Errors
    /// When the shop refuses one.
    pub(crate) async fn carts_of(&self, many: usize, number: usize) -> Fallible<Vec<Ticket>> {
        self.by_many(vec![number; many], async |wire, number| fill_cart(wire, &[number]).await)
            .await
    }

    /// What the staff sees.
    ///
    /// # Errors
    /// When the shop refuses it, or answers in another shape.
    pub(crate) async fn look<T: DeserializeOwned>(&self, ask: Ask) -> Fallible<T> {
        let answer = insist(&mut Wire::new(self.at), as_staff(ask)?).await?;
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Has many hands do the same with each of these things; what is done first comes first in the
    /// results, so that carts are ordered as they were filled, not hand by hand.
    ///
    /// # Errors
    /// The first that occurs.
    pub(crate) async fn by_many<T: 'static, R: 'static>(
        &self,
        things: Vec<T>,
        deed: impl AsyncFn(&mut Wire, T) -> Fallible<R> + 'static,
    ) -> Fallible<Vec<R>> {
        let (deed, failed) = (Rc::new(deed), Rc::new(Cell::new(false)));
        let things = Rc::new(RefCell::new(things));
        let results = Rc::new(RefCell::new(Vec::with_capacity(things.borrow().len())));
        let hands = (0..HANDS).map(|_| {
            let (deed, failed) = (deed.clone(), failed.clone());
            let (things, results) = (things.clone(), results.clone());
            let mut wire = Wire::new(self.at);
            spawn_local(async move {
                while !failed.get() {
                    // Taken before the wait, so that nobody else holds the heap meanwhile.
                    let Some(thing) = things.borrow_mut().pop() else { break };
                    match deed(&mut wire, thing).await {
                        Ok(result) => results.borrow_mut().push(result),
                        Err(error) => {
                            failed.set(true);
                            return Err(error);
                        }
                    }
                }
                Ok(())
            })
        });
        for hand in hands.collect::<Vec<_>>() {
            hand.await??;
        }
        Ok(results.take())
    }
}

/// A request of the staff.
///
/// # Errors
/// Never: the key is plain text.
pub(crate) fn as_staff(ask: Ask) -> Fallible<Ask> {
    asks::as_staff(ask, STAFF_KEY)
}

/// Asks again while the shop is too busy: what is prepared is not what is measured.
///
/// # Errors
/// When the shop says anything but yes.
pub(crate) async fn insist(wire: &mut Wire, ask: Ask) -> Fallible<Answer> {
    loop {
        let answer = wire.send(ask.clone()).await?;
        if answer.shed().is_some() {
            sleep(Duration::from_millis(20)).await;
        } else if answer.is_fine() {
            return Ok(answer);
        } else {
            let (method, path) = (ask.method(), ask.uri());
            return Err(format!("{method} {path}: {}", answer.complaint()).into());
        }
    }
}

#[derive(serde::Deserialize)]
struct Made {
    id: String,
}

async fn put_on_sale(wire: &mut Wire, number: usize, pieces: u64) -> Fallible<()> {
    let sku = asks::sku(number);
    let made = insist(wire, as_staff(asks::new_product(number)?)?).await?;
    let product: Made = serde_json::from_slice(&made.body)?;
    insist(wire, as_staff(asks::new_variant(&product.id, &sku)?)?).await?;
    insist(wire, as_staff(asks::publish(&product.id)?)?).await?;
    insist(wire, as_staff(asks::receive(&sku, pieces)?)?).await?;
    Ok(())
}

async fn fill_cart(wire: &mut Wire, wish: &[usize]) -> Fallible<Ticket> {
    let made = insist(wire, asks::new_cart()?).await?;
    let cart: Ticket = serde_json::from_slice(&made.body)?;
    for number in wish {
        insist(wire, asks::add_line(&cart, &asks::sku(*number))?).await?;
    }
    Ok(cart)
}
