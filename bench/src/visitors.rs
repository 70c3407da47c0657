//! Who visits the shop: people who order, and people who look.

use crate::{
    Fallible,
    asks::{self, Payment, Ticket},
    chance::Chance,
    load::{Client, Outcome},
    wire::{Answer, Ask, Wire},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    net::SocketAddr,
    rc::Rc,
};

/// Carts that wait to become orders, and the orders they became.
#[derive(Debug, Default)]
pub(crate) struct Carts {
    /// How their orders are paid.
    pub(crate) payment: Payment,
    pub(crate) waiting: RefCell<VecDeque<Ticket>>,
    pub(crate) placed: RefCell<Vec<Ticket>>,
    /// Said no to, with the code of the reason.
    pub(crate) refused: RefCell<Vec<String>>,
    /// As far as the shop has come, by the last answer.
    pub(crate) newest: RefCell<Option<String>>,
    /// Bytes of the last answer to an order.
    pub(crate) answer_bytes: Cell<usize>,
}

/// Orders one cart after the other.
pub(crate) struct Shopper {
    wire: Wire,
    carts: Rc<Carts>,
    chance: Chance,
    /// The code of a no that is part of the game.
    expected: Option<&'static str>,
}

impl Shopper {
    /// So many, who share carts.
    pub(crate) fn crowd(many: usize, at: SocketAddr, carts: &Rc<Carts>) -> Vec<Shopper> {
        let one = |number| Shopper {
            wire: Wire::new(at),
            carts: carts.clone(),
            // A key belongs to its cart, so that it need not differ from run to run.
            chance: Chance::new(number as u64),
            expected: None,
        };
        (0..many).map(one).collect()
    }

    /// A no with this code is an answer, too.
    pub(crate) fn expecting(self, code: &'static str) -> Shopper {
        Shopper { expected: Some(code), ..self }
    }

    fn take(&self, ticket: Ticket, answer: &Answer) -> Outcome {
        let carts = &self.carts;
        if answer.is_fine() {
            carts.answer_bytes.set(answer.body.len());
            if let Some(position) = answer.position() {
                carts.newest.replace(Some(position));
            }
            carts.placed.borrow_mut().push(ticket);
            return Outcome::Done;
        }
        if let Some(hint) = answer.shed() {
            carts.waiting.borrow_mut().push_back(ticket);
            return Outcome::Shed(hint);
        }
        let expected = self.expected.filter(|code| contains(&answer.body, code));
        match expected {
            Some(code) if answer.status == 409 => {
                carts.refused.borrow_mut().push(code.to_owned());
                Outcome::Done
            }
            _ => Outcome::Failed(answer.complaint()),
        }
    }
}

fn contains(body: &[u8], code: &str) -> bool {
    body.windows(code.len()).any(|window| window == code.as_bytes())
}

impl Client for Shopper {
    async fn ready(&mut self) -> Fallible<()> {
        self.wire.connect().await
    }

    async fn ask(&mut self) -> Outcome {
        let Some(ticket) = self.carts.waiting.borrow_mut().pop_front() else {
            return Outcome::Dry;
        };
        let key = self.chance.uuid().to_string();
        let ask = match asks::place_order(&ticket, &key, self.carts.payment) {
            Ok(ask) => ask,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        match self.wire.send(ask).await {
            Ok(answer) => self.take(ticket, &answer),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

/// Sends what was prepared, round and round.
pub(crate) struct Visitor {
    wire: Wire,
    asks: Rc<Vec<Ask>>,
    next: usize,
}

impl Visitor {
    /// So many, who begin at different places.
    pub(crate) fn crowd(many: usize, at: SocketAddr, asks: &Rc<Vec<Ask>>) -> Vec<Visitor> {
        let one = |number| Visitor {
            wire: Wire::new(at),
            asks: asks.clone(),
            next: number * asks.len() / many.max(1),
        };
        (0..many).map(one).collect()
    }
}

impl Client for Visitor {
    async fn ready(&mut self) -> Fallible<()> {
        self.wire.connect().await
    }

    async fn ask(&mut self) -> Outcome {
        let Some(ask) = self.asks.get(self.next % self.asks.len().max(1)) else {
            return Outcome::Dry;
        };
        self.next += 1;
        outcome(self.wire.send(ask.clone()).await)
    }
}

/// Reads what others have just written: asks for a list that knows the newest order.
pub(crate) struct Follower {
    wire: Wire,
    ask: Ask,
    carts: Rc<Carts>,
}

impl Follower {
    /// So many, who ask the same.
    pub(crate) fn crowd(
        many: usize,
        at: SocketAddr,
        ask: &Ask,
        carts: &Rc<Carts>,
    ) -> Vec<Follower> {
        let one = |_| Follower { wire: Wire::new(at), ask: ask.clone(), carts: carts.clone() };
        (0..many).map(one).collect()
    }
}

impl Client for Follower {
    async fn ready(&mut self) -> Fallible<()> {
        self.wire.connect().await
    }

    async fn ask(&mut self) -> Outcome {
        let newest = self.carts.newest.borrow().clone();
        let ask = match newest {
            Some(position) => asks::after(self.ask.clone(), &position),
            None => Ok(self.ask.clone()),
        };
        match ask {
            Ok(ask) => outcome(self.wire.send(ask).await),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

fn outcome(answer: Fallible<Answer>) -> Outcome {
    match answer {
        Ok(answer) if answer.is_fine() => Outcome::Done,
        Ok(answer) => {
            answer.shed().map_or_else(|| Outcome::Failed(answer.complaint()), Outcome::Shed)
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}
