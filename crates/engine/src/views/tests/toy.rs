//! A toy business: jars that are filled, labelled and broken; and what one may want to see of them.

#![expect(unreachable_pub, reason = "the table of a business writes public items")]

use crate::{Alarms, Committed, Feed, views::*};
use journal::{BlockBuilder, Journal, Key, LineWriter, memory};
use kernel::{
    Actor, Column, Columns, CommandId, Decider, OrderId, Origin, Position, Process, Recorded,
    Timestamp, spec::NOW,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Jar;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum JarFact {
    #[serde(rename = "jars/filled@1")]
    Filled { amount: i64 },
    #[serde(rename = "jars/labelled@1")]
    Labelled { label: String },
    #[serde(rename = "jars/broken@1")]
    Broken {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("never")]
pub struct Never;

impl Decider for Jar {
    type Id = OrderId;
    type Command = ();
    type Fact = JarFact;
    type Refusal = Never;

    fn decide(&self, (): &(), _: Timestamp) -> std::result::Result<Vec<JarFact>, Never> {
        Ok(Vec::new())
    }

    fn evolve(&mut self, _: &JarFact) {}
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch;

impl Process for Watch {
    type Business = Pantry;
    type Key = OrderId;

    fn react(&mut self, _: &OrderId, _: Heard<'_>, _: Timestamp) -> Vec<Step> {
        Vec::new()
    }
}

kernel::business! {
    /// The toy.
    Pantry
    deciders { "jar" => Jar }
    processes { "watch" => Watch hears { Fact::Jar(jar, JarFact::Broken {}) => jar } }
}

/// What is in a jar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub amount: i64,
    pub label: Option<String>,
}

fn jar_of(fact: &Fact, keys: &mut Vec<String>) {
    if let Fact::Jar(jar, _) = fact {
        keys.push(jar.to_string());
    }
}

fn fill(content: &mut Content, recorded: &Recorded<Pantry>) {
    match &recorded.fact {
        Fact::Jar(_, JarFact::Filled { amount }) => content.amount += amount,
        Fact::Jar(_, JarFact::Labelled { label }) => content.label = Some(label.clone()),
        Fact::Jar(_, JarFact::Broken {}) => *content = Content::default(),
        Fact::Watch(..) => {}
    }
}

/// A view of jars with the same documents and another name, shape or failing.
macro_rules! jars {
    ($view:ident, $name:literal, $shape:literal, $before:expr) => {
        pub struct $view;

        impl View for $view {
            type Business = Pantry;
            type Document = Content;

            const NAME: &'static str = $name;
            const SHAPE: u32 = $shape;
            const COLUMNS: &'static [&'static str] = &["label", "amount"];

            fn concerns(recorded: &Recorded<Pantry>, keys: &mut Vec<String>) {
                jar_of(&recorded.fact, keys);
            }

            fn evolve(content: &mut Content, _: &str, recorded: &Recorded<Pantry>) {
                let before: fn(&mut Content, &Recorded<Pantry>) = $before;
                before(content, recorded);
                fill(content, recorded);
            }

            fn columns(content: &Content) -> Columns {
                let label = content.label.clone().map(Column::Text);
                vec![label, Some(Column::Number(content.amount))]
            }
        }
    };
}

jars!(Jars, "jars", 1, |_, _| {});
jars!(JarsDoubled, "jars", 2, |content, recorded| fill(content, recorded));
jars!(Fragile, "fragile", 1, |_, recorded| {
    assert!(recorded.fact != filled(1, 13), "thirteen");
});
jars!(FragileMended, "fragile", 1, |_, _| {});

/// One document about everything; without columns. In a map, whose order is by chance.
pub struct Labels;

impl View for Labels {
    type Business = Pantry;
    type Document = HashMap<String, i64>;

    const NAME: &'static str = "labels";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &[];

    fn concerns(recorded: &Recorded<Pantry>, keys: &mut Vec<String>) {
        if let Fact::Jar(_, JarFact::Labelled { .. }) = &recorded.fact {
            keys.extend(["all".to_owned(), "all".to_owned()]);
        }
    }

    fn evolve(labels: &mut HashMap<String, i64>, _: &str, recorded: &Recorded<Pantry>) {
        if let Fact::Jar(_, JarFact::Labelled { label }) = &recorded.fact {
            *labels.entry(label.clone()).or_default() += 1;
        }
    }

    fn columns(_: &HashMap<String, i64>) -> Columns {
        Vec::new()
    }
}

/// Promises a column and brings none.
pub struct Crooked;

impl View for Crooked {
    type Business = Pantry;
    type Document = i64;

    const NAME: &'static str = "crooked";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["missing"];

    fn concerns(recorded: &Recorded<Pantry>, keys: &mut Vec<String>) {
        jar_of(&recorded.fact, keys);
    }

    fn evolve(count: &mut i64, _: &str, _: &Recorded<Pantry>) {
        *count += 1;
    }

    fn columns(_: &i64) -> Columns {
        Vec::new()
    }
}

pub fn key(n: u128) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

fn jar(n: u128) -> OrderId {
    key(n).parse().unwrap()
}

pub fn filled(n: u128, amount: i64) -> Fact {
    Fact::Jar(jar(n), JarFact::Filled { amount })
}

pub fn labelled(n: u128, label: &str) -> Fact {
    Fact::Jar(jar(n), JarFact::Labelled { label: label.to_owned() })
}

pub fn broken(n: u128) -> Fact {
    Fact::Jar(jar(n), JarFact::Broken {})
}

pub fn content(amount: i64, label: Option<&str>) -> Option<Content> {
    Some(Content { amount, label: label.map(str::to_owned) })
}

/// A journal with its feed, and the views that follow it.
pub struct House {
    pub journal: memory::Memory,
    pub feed: Feed<Pantry>,
    pub store: Store,
    pub alarms: Arc<Alarms>,
    pub bounds: Bounds,
    pub builder: BlockBuilder,
    pub position: Position,
    pub sum: u32,
}

impl House {
    pub fn new() -> House {
        House::over(Store::in_memory().unwrap())
    }

    pub fn over(store: Store) -> House {
        House {
            journal: memory::Memory::default(),
            feed: Feed::new(0, 100),
            store,
            alarms: Arc::default(),
            bounds: Bounds::default(),
            builder: BlockBuilder::default(),
            position: 0,
            sum: 0,
        }
    }

    /// A block more in the journal.
    pub fn happens(&mut self, facts: impl IntoIterator<Item = Fact>) -> Vec<Recorded<Pantry>> {
        let mut writer = LineWriter::default();
        let mut block = Vec::new();
        for fact in facts {
            self.position += 1;
            let origin = Origin {
                at: NOW,
                command: Some(CommandId::derive("test", &format!("{fact:?}"))),
                correlation: Some(CommandId::derive("test", &format!("{fact:?}"))),
                actor: Actor::SYSTEM,
                fingerprint: None,
            };
            let origin = Arc::new(origin);
            let version = self.position;
            let recorded =
                Recorded::<Pantry> { position: self.position, version, cause: None, origin, fact };
            let name = recorded.stream().to_string();
            let mut line = Vec::new();
            writer.write(&recorded, &name, &mut line).unwrap();
            let keys = [Key::of_stream(&name)];
            self.builder.push(self.position, NOW, &line, &keys).unwrap();
            block.push(recorded);
        }
        let sealed = self.builder.seal(self.sum).unwrap();
        self.sum = sealed.sum;
        self.journal.journal().append(&sealed, &[]).unwrap();
        self.feed.publish(Arc::new(Committed { facts: block.clone() }));
        block
    }

    pub fn past(&self) -> Box<dyn journal::Reader> {
        Journal::reader(&self.journal).unwrap()
    }

    pub fn runner(&self, views: &Views<Pantry>) -> Runner<Pantry> {
        let (store, alarms) = (self.store.clone(), self.alarms.clone());
        Runner::open(views, store, self.past(), alarms, self.bounds.clone()).unwrap()
    }

    /// Everything that has happened, folded and written.
    pub fn catch_up(&self, runner: &mut Runner<Pantry>) {
        let mut follow = self.feed.follow(self.past(), runner.position());
        while let Some(block) = follow.take_next().unwrap() {
            runner.apply(&block.facts);
            if runner.is_full() {
                runner.flush().unwrap();
            }
        }
        while runner.build().unwrap() {}
        runner.flush().unwrap();
    }

    pub fn reader(&self) -> Reader {
        self.store.reader()
    }

    pub fn jar(&self, n: u128) -> Option<Content> {
        self.reader().get::<Jars>(&key(n)).unwrap()
    }

    pub fn alarm(&self, kind: &str) -> Option<String> {
        let all = self.alarms.all();
        all.into_iter().find(|alarm| alarm.kind == kind).map(|alarm| alarm.text)
    }

    pub fn doing(runner: &Runner<Pantry>, view: &str) -> Doing {
        runner.statuses().into_iter().find(|status| status.view == view).unwrap().doing
    }

    /// Somebody meddles with the store.
    pub fn meddle(&self, sql: &str) {
        self.store.connection().execute_batch(sql).unwrap();
    }

    #[track_caller]
    pub fn assert_equal_to_rebuilt(&self, views: &Views<Pantry>) {
        let compared = equal_to_rebuilt(views, &self.reader(), &*self.past()).unwrap();
        assert_eq!((compared.differences, compared.different), (vec![], 0));
    }
}

pub fn views() -> Views<Pantry> {
    Views::new().with::<Jars>().with::<Labels>()
}

/// Facts as chance has it, always the same for a seed.
pub fn chance(seed: u64, count: usize) -> impl Iterator<Item = Fact> {
    let mut state = seed | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let n = u128::from(state % 40);
        match state >> 60 {
            0..3 => labelled(n, if state & 256 == 0 { "plum" } else { "pear" }),
            3 => broken(n),
            _ => filled(n, (state >> 20 & 15) as i64),
        }
    })
    .take(count)
}
