//! A toy business with one kind of thing, so that there are facts to write.

#![expect(unreachable_pub, reason = "the table of a business writes public items")]

use kernel::{Decider, Process, Sku, Timestamp};
use serde::{Deserialize, Serialize};

/// Counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    pub units: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StockCommand {
    Put { units: u32 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum StockFact {
    #[serde(rename = "shelf/put@1")]
    Put { units: u32 },
    #[serde(rename = "shelf/noted@1")]
    Noted { text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("no room")]
pub struct NoRoom;

impl Decider for Stock {
    type Id = Sku;
    type Command = StockCommand;
    type Fact = StockFact;
    type Refusal = NoRoom;

    fn decide(&self, command: &StockCommand, _: Timestamp) -> Result<Vec<StockFact>, NoRoom> {
        let StockCommand::Put { units } = *command;
        Ok(vec![StockFact::Put { units }])
    }

    fn evolve(&mut self, fact: &StockFact) {
        if let StockFact::Put { units } = fact {
            self.units += units;
        }
    }
}

/// Hears and says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch;

impl Process for Watch {
    type Business = Shelf;
    type Key = Sku;

    fn react(&mut self, _: &Sku, _: Heard<'_>, _: Timestamp) -> Vec<Step> {
        Vec::new()
    }
}

kernel::business! {
    Shelf
    deciders { "stock" => Stock }
    processes { "watch" => Watch hears { Fact::Stock(sku, _) => sku, } }
}
