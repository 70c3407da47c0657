//! A toy business: accounts, and transfers between them as a story with a deadline.

#![expect(unreachable_pub, reason = "the table of a business writes public items")]

use crate::*;
use journal::memory;
use kernel::{CommandId, Decider, OrderId, Process, Timestamp};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// An account that panics at 1313 and never goes below zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub balance: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccountCommand {
    Pay { amount: i64, transfer: Option<OrderId> },
    Order { transfer: OrderId, to: OrderId, amount: i64, patience: u64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum AccountFact {
    #[serde(rename = "bank/paid@1")]
    Paid {
        amount: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transfer: Option<OrderId>,
    },
    #[serde(rename = "bank/ordered@1")]
    Ordered { transfer: OrderId, to: OrderId, amount: i64, patience: u64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("only {0} left")]
pub struct Short(pub i64);

impl Decider for Account {
    type Id = OrderId;
    type Command = AccountCommand;
    type Fact = AccountFact;
    type Refusal = Short;

    fn decide(&self, command: &AccountCommand, _: Timestamp) -> Result<Vec<AccountFact>, Short> {
        Ok(vec![match *command {
            AccountCommand::Pay { amount: 1313, .. } => panic!("thirteen"),
            AccountCommand::Pay { amount, .. } if self.balance + amount < 0 => {
                return Err(Short(self.balance));
            }
            AccountCommand::Pay { amount, transfer } => AccountFact::Paid { amount, transfer },
            AccountCommand::Order { transfer, to, amount, patience } => {
                AccountFact::Ordered { transfer, to, amount, patience }
            }
        }])
    }

    fn evolve(&mut self, fact: &AccountFact) {
        if let AccountFact::Paid { amount, .. } = fact {
            self.balance += amount;
        }
    }
}

/// Takes from one, gives to the other once its patience is over; amount 7 goes round for ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transfer {
    pub way: Option<(OrderId, OrderId, i64)>,
    pub taken: bool,
    pub refused: u32,
}

impl Process for Transfer {
    type Business = Bank;
    type Key = OrderId;

    fn react(&mut self, key: &OrderId, heard: Heard<'_>, now: Timestamp) -> Vec<Step> {
        let pay = |to: OrderId, amount| {
            Step::Ask(Command::Account(to, AccountCommand::Pay { amount, transfer: Some(*key) }))
        };
        match heard {
            Heard::Fact(Fact::Account(from, AccountFact::Ordered { to, amount, patience, .. })) => {
                self.way = Some((*from, *to, *amount));
                let at = now + Duration::from_secs(*patience);
                vec![pay(*from, -amount), Step::Wake { at, name: "give".into() }]
            }
            Heard::Fact(Fact::Account(_, AccountFact::Paid { amount: 7, .. })) => {
                self.way.map_or(vec![], |(from, ..)| vec![pay(from, 7)])
            }
            Heard::Fact(Fact::Account(_, AccountFact::Paid { amount, .. })) => {
                self.taken |= *amount < 0;
                if *amount > 0 { vec![Step::Done] } else { vec![] }
            }
            Heard::Woke(_) if self.taken => {
                self.way.map_or(vec![], |(_, to, amount)| vec![pay(to, amount)])
            }
            Heard::Refused { .. } => {
                self.refused += 1;
                vec![Step::Forget("give".into()), Step::Done]
            }
            _ => vec![],
        }
    }
}

kernel::business! {
    /// The toy.
    Bank
    deciders { "account" => Account }
    processes {
        "transfer" => Transfer hears {
            Fact::Account(_, AccountFact::Ordered { transfer, .. }) => transfer,
            Fact::Account(_, AccountFact::Paid { transfer: Some(transfer), .. }) => transfer,
        }
    }
}

fn id(n: u128) -> OrderId {
    format!("00000000-0000-4000-8000-{n:012x}").parse().unwrap()
}

pub fn account(n: u128) -> OrderId {
    id(0xacc0 + n)
}

pub fn transfer(n: u128) -> OrderId {
    id(0x7000_0000 + n)
}

pub fn pay(n: u128, amount: i64) -> Command {
    Command::Account(account(n), AccountCommand::Pay { amount, transfer: None })
}

pub fn order(n: u128, from: u128, to: u128, amount: i64, patience: u64) -> Command {
    let (transfer, to) = (transfer(n), account(to));
    Command::Account(account(from), AccountCommand::Order { transfer, to, amount, patience })
}

/// An engine over stores that outlive it.
pub struct House {
    pub journal: memory::Memory,
    pub clock: SimulatedClock,
    pub engine: Engine<Bank>,
    pub limits: Limits,
}

impl House {
    pub fn new() -> House {
        House::with(Limits::default())
    }

    pub fn with(limits: Limits) -> House {
        House::over(memory::Memory::default(), SimulatedClock::at(kernel::spec::NOW), limits)
    }

    pub fn over(journal: memory::Memory, clock: SimulatedClock, limits: Limits) -> House {
        let parts = Parts {
            journal: Box::new(journal.journal()),
            index: Box::new(journal.index()),
            clock: Arc::new(clock.clone()),
            limits: limits.clone(),
        };
        House { engine: Engine::start(parts).unwrap(), journal, clock, limits }
    }

    /// What is left after pulling the plug, started again.
    pub fn crash(self) -> House {
        let journal = self.journal.copy();
        drop(self.engine);
        House::over(journal, self.clock, self.limits)
    }

    pub fn ask(&self, key: &str, command: Command) -> Answer<Bank> {
        self.engine.ask(Ask::by_system(CommandId::derive("test", key), command)).unwrap()
    }

    pub fn balance(&self, n: u128) -> i64 {
        match self.state(&Stream::Account(account(n))) {
            State::Account(account) => account.balance,
            other => panic!("{other:?} is no account"),
        }
    }

    pub fn state(&self, stream: &Stream) -> State {
        self.engine.past().unwrap().state_at(stream, u64::MAX).unwrap().0
    }

    pub fn facts(&self) -> Vec<Fact> {
        let mut follow = self.engine.feed().follow(self.engine.reader().unwrap(), 0);
        let mut facts = Vec::new();
        let mut position = 0;
        while let Some(block) = follow.take_next().unwrap() {
            facts.extend(block.after(position).iter().map(|recorded| recorded.fact.clone()));
            position = block.last();
        }
        facts
    }

    pub fn later(&self, seconds: u64) {
        self.clock.advance_to(self.clock.now() + Duration::from_secs(seconds));
        self.engine.ring().unwrap();
    }
}
