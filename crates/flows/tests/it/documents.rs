//! `docs/an-order.md`: the journal that one order leaves, from a real run with a fixed clock.

use crate::{blessed, town::Town, world::Drill};
use commerce::orders::Status;
use flows::{Fact, Shop};
use kernel::{Business, Recorded};
use std::{
    fmt::{Result, Write},
    sync::Arc,
    time::Duration,
};

const HEAD: &str = "\
# The journal of one order

Somebody orders two cups and a mug, gets them, and sends one cup back.
Below is every fact that this leaves in the journal, in the order of their positions, from a real run with a fixed clock.
Each heading is one commit: somebody asks (or a timer rings), and everything that follows at once is written with it.
*← 3* says that a fact follows from the one at position 3; a fact without it is what was asked for itself.
What a fact means, and who listens to it, is listed in [facts.md](facts.md); the stories that ask for the next step are
[`sell_order.rs`](../crates/flows/src/sell_order.rs), [`fulfil.rs`](../crates/flows/src/fulfil.rs) and [`return_goods.rs`](../crates/flows/src/return_goods.rs).

Generated: `CARTAGE_BLESS=1 cargo test -p flows --test it documents`.
";

/// One sentence for every fact of the walk.
const SENTENCES: &[(&str, &str)] = &[
    ("inventory/received@1", "Goods come in: now there is something to sell."),
    (
        "orders/requested@1",
        "The checkout: prices were looked up at the edge and stand in the fact; nothing is promised yet.",
    ),
    ("inventory/held@1", "The SKU keeps these units for this line until it is paid for."),
    (
        "numbering/drawn@1",
        "Every line is held, so the order gets the number that people call it by.",
    ),
    (
        "orders/placed@1",
        "Now it is an order; a timer is set for the moment when it has to be paid.",
    ),
    (
        "payments/started@1",
        "The provider is to be asked: a handler that follows the journal does that.",
    ),
    ("payments/authorised@1", "The provider says yes; whatever it says is recorded."),
    ("orders/payment_secured@1", "The first yes secures the order."),
    ("inventory/committed@1", "What was held is now promised without an end."),
    (
        "orders/fulfilment_opened@1",
        "Routing has chosen a site: this part of the order is one fulfilment.",
    ),
    ("fulfilments/opened@1", "The fulfilment begins its own story."),
    ("fulfilments/released@1", "The site may begin; a wave could hold it back here."),
    ("orders/released@1", "The order counts these units as being worked on."),
    (
        "inventory/allocated@1",
        "The units are taken from this site, and a picker will come for them.",
    ),
    ("picks/opened@1", "Every line is allocated: a pick waits for somebody."),
    ("picks/started@1", "Somebody is on the way."),
    ("fulfilments/picking_started@1", "The fulfilment can no longer be planned otherwise."),
    ("picks/line_picked@1", "The scanner says what lies in the tote."),
    ("inventory/picked@1", "These units are out of their bin, and still on hand."),
    ("picks/done@1", "Every line is finished."),
    ("orders/picked@1", "The order counts what was found as picked."),
    ("packs/opened@1", "The tote goes to a packing table."),
    ("packs/verified@1", "Each piece is scanned into the carton."),
    ("inventory/packed@1", "These units are in a parcel."),
    ("packs/sealed@1", "The carton is closed and weighed."),
    ("orders/packed@1", "The order says what is in the parcel and what it costs."),
    ("fulfilments/packed@1", "The fulfilment is ready to be sent."),
    ("payments/capture_asked@1", "The money for this parcel is to be taken."),
    ("shipping/created@1", "The carrier is to be asked for a label."),
    ("payments/captured@1", "The provider has taken the money."),
    ("shipping/labelled@1", "The carrier expects the parcel."),
    ("shipping/cleared@1", "Paid for and labelled: only now may it leave."),
    ("shipping/handed_over@1", "The van takes it."),
    ("inventory/handed_over@1", "Only now does the stock on hand fall."),
    ("orders/shipped@1", "The order counts the units as shipped."),
    ("fulfilments/handed_over@1", "The site has done its part."),
    (
        "process/woke@1",
        "A timer rang; the story that had set it is told so, and that too is a fact.",
    ),
    ("shipping/carrier_asked@1", "Once a day the carrier is asked what became of the parcel."),
    ("shipping/delivered@1", "The carrier says that the customer has it."),
    ("orders/delivered@1", "The order counts the units as delivered; the return window begins."),
    ("fulfilments/delivered@1", "The story of the fulfilment is over, and its memory goes."),
    ("returns/requested@1", "The customer wants to send a cup back."),
    ("returns/authorised@1", "He may; a timer is set for the case that he never sends it."),
    ("returns/received@1", "It has arrived; nothing moves before somebody has looked at it."),
    ("returns/inspected@1", "Somebody has looked at it: only this moves stock and money."),
    ("inventory/restocked@1", "The cup can be sold again."),
    ("orders/returned@1", "The order says what it is worth: at most what was paid for it."),
    ("payments/refund_asked@1", "The provider is to give the money back."),
    ("payments/refunded@1", "It has given the money back."),
    ("returns/settled@1", "The customer has what he is owed."),
    ("returns/closed@1", "The story of the return is over."),
    ("orders/completed@1", "The return window is over, and with it the story of the order."),
];

fn walk() -> Town {
    let mut town = Town::new(Drill::None);
    town.receive("CUP", 10);
    town.receive("MUG", 10);
    minute(&mut town);
    town.two_cups_and_a_mug();
    act(&mut town);
    while town.status() != Status::Delivered && town.world.ring() {
        act(&mut town);
    }
    town.world.wait(Duration::from_secs(2 * 24 * 60 * 60));
    town.send_back(&[(1, "CUP", 1)], None);
    act(&mut town);
    town.run_to_the_end().is_settled();
    town
}

/// Everything that anybody has to do, a minute each.
fn act(town: &mut Town) {
    minute(town);
    while town.turn() {
        minute(town);
    }
}

fn minute(town: &mut Town) {
    town.world.now = town.world.now + Duration::from_secs(60);
}

#[test]
fn the_walk_through_an_order_is_current() {
    let town = walk();
    let mut text = HEAD.to_owned();
    tell(&town.world.journal, &mut text).expect("text can be written");
    blessed::is_current("an-order.md", &text, "cargo test -p flows --test it documents");
}

fn tell(journal: &[Recorded<Shop>], text: &mut String) -> Result {
    let commits = journal.chunk_by(|one, next| Arc::ptr_eq(&one.origin, &next.origin));
    for (number, commit) in (1..).zip(commits) {
        let origin = &commit[0].origin;
        let at = origin.at.to_string();
        let (day, time) = (&at[..10], &at[11..16]);
        let who = match origin.command {
            Some(_) => format!("`{}`", short(origin.actor.as_str())),
            None => "a timer".to_owned(),
        };
        writeln!(text, "\n## {number}. {day} {time}, {who}\n")?;
        for recorded in commit {
            line(recorded, text)?;
        }
    }
    Ok(())
}

fn line(recorded: &Recorded<Shop>, text: &mut String) -> Result {
    let (name, body) = written(&recorded.fact);
    let known = SENTENCES.iter().find(|(known, _)| *known == name);
    let (_, sentence) = known.unwrap_or_else(|| panic!("{name} needs a sentence"));
    let stream = short(&Shop::stream_of_fact(&recorded.fact).to_string());
    write!(text, "{}. `{stream}` **{name}**", recorded.position)?;
    if let Some(cause) = recorded.cause {
        write!(text, " ← {cause}")?;
    }
    writeln!(text, "  \n   {sentence}")?;
    if !body.is_empty() {
        writeln!(text, "   `{}`", short(&body))?;
    }
    Ok(())
}

/// Its name and the rest, as they stand in the journal.
fn written(fact: &Fact) -> (String, String) {
    let mut json = Vec::new();
    Shop::write_fact(fact, &mut json).expect("a fact can be written");
    let line: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let json = String::from_utf8(json).expect("JSON is text");
    let name = line["type"].as_str().expect("every fact has a name").to_owned();
    let body = json.split_once(r#","body":"#).map_or("", |(_, body)| &body[..body.len() - 1]);
    (name, body.to_owned())
}

/// Ids are cut, because here there is one order only.
fn short(text: &str) -> String {
    let order = crate::town::ORDER.to_string();
    text.replace(&order, "018f…").replace("00000000-0000-4000-8000-00000000c001", "0000…c001")
}
