//! One seed: things happen, the plug is pulled now and then, and in the end all must be quiet.

use super::{
    books::{Books, last_facts},
    chance::Chance,
    checks,
    desk::{Counter, Who},
    machine::{Halt, Machine, broken},
    market::Market,
    planted::{self, Bug},
    rules::Rules,
    scene::{DAY, HOUR, Scene},
    van,
    workers::{self, Care},
};
use commerce::payments::PaymentCommand;
use engine::{Ask, Clock, handlers::Report};
use flows::{Command, Shop};
use journal::{Journal, memory::Memory};
use kernel::{Actor, CommandId, Timestamp};
use std::time::Duration;

/// How a seed ended.
#[derive(Clone, Default)]
pub struct Played {
    /// Which one.
    pub seed: u64,
    /// Facts in the journal.
    pub facts: u64,
    /// How often the plug was pulled.
    pub crashes: u32,
    /// Checksum of the last block, which covers all others.
    pub sum: u32,
    /// What it left.
    pub journal: Memory,
    /// Which rule was broken, how, and the last facts.
    pub failure: Option<super::Failure>,
}

/// Plays a seed, with a planted mistake if there is one.
pub(super) fn play<B: Rules>(seed: u64, bug: Option<Bug>) -> Played {
    planted::slip(bug);
    let mut chance = Chance::new(seed);
    let scene = Scene::of(&mut chance);
    let setup = scene.setup(seed, bug, &mut chance);
    let mut played = Played { seed, ..Played::default() };
    let machine = match Machine::<B>::new(setup) {
        Ok(machine) => machine,
        Err(halt) => {
            played.failure = Some(("it_starts", halt.to_string(), Vec::new()));
            return played;
        }
    };
    let market = Market::new(scene.clone());
    let mut play = Play {
        machine: Some(machine),
        market,
        scene,
        chance,
        counter: Counter::default(),
        mail: Vec::new(),
        books: Books::default(),
        crashes: 0,
        asked: 0,
    };
    let ended = play.run();
    played.crashes = play.crashes;
    if let Some(machine) = &play.machine {
        let tip = machine.disks.journal.tip();
        played.journal = machine.disks.journal.clone();
        (played.facts, played.sum) = tip.map_or((0, 0), |tip| (tip.last, tip.sum));
        if let Err(Halt::Broken { invariant, what }) = ended {
            let reader = Journal::reader(&machine.disks.journal);
            let at = if play.books.position > 0 { play.books.position } else { played.facts };
            let last = reader.map_or(Vec::new(), |reader| last_facts(&*reader, at));
            played.failure = Some((invariant, what, last));
        }
    }
    played
}

/// A seed under way.
pub(super) struct Play<B: Rules> {
    /// Gone only while it restarts.
    pub(super) machine: Option<Machine<B>>,
    scene: Scene,
    market: Market,
    pub(super) chance: Chance,
    pub(super) counter: Counter<B>,
    /// Reports on their way, and when they arrive.
    pub(super) mail: Vec<(Timestamp, Report<Shop>)>,
    pub(super) books: Books,
    pub(super) crashes: u32,
    asked: u64,
}

impl<B: Rules> Play<B> {
    fn run(&mut self) -> Result<(), Halt> {
        for command in self.market.opening() {
            self.ask(command)?;
        }
        self.machine()?.engine.commit()?;
        for _ in 0..self.scene.steps {
            match self.step() {
                Err(Halt::Crash) => self.restart()?,
                other => other?,
            }
        }
        self.machine()?.setup.bank.weather.calm_down();
        self.run_out()?;
        // Once more from the disks: what was answered is there, and nothing new follows from it.
        self.restart()?;
        self.run_out()?;
        let books = self.books.clone();
        checks::all_is_over(self.machine()?, &books)
    }

    pub(super) fn machine(&mut self) -> Result<&mut Machine<B>, Halt> {
        match &mut self.machine {
            Some(machine) => Ok(machine),
            None => broken("it_starts", "it did not start again"),
        }
    }

    pub(super) fn now(&mut self) -> Result<Timestamp, Halt> {
        Ok(self.machine()?.setup.clock.now())
    }

    fn ask(&mut self, command: Command) -> Result<(), Halt> {
        self.asked += 1;
        let id = CommandId::derive("simulate", &self.asked.to_string());
        let ask = Ask { actor: Actor::new("person", "1"), ..Ask::by_system(id, command) };
        self.submit(ask, Who::Client)
    }

    fn submit(&mut self, ask: Ask<Shop>, who: Who) -> Result<(), Halt> {
        match &mut self.machine {
            Some(machine) => self.counter.ask(machine, ask, who),
            None => broken("it_starts", "it did not start again"),
        }
    }

    pub(super) fn listen(&mut self) -> Result<(), Halt> {
        match &mut self.machine {
            Some(machine) => self.counter.listen(machine),
            None => Ok(()),
        }
    }

    /// One thing happens; then some of what is under way goes on.
    fn step(&mut self) -> Result<(), Halt> {
        if self.chance.below(1000) < self.scene.crashes {
            return self.pull_the_plug();
        }
        self.happen()?;
        match self.chance.below(10) {
            0..=4 => self.machine()?.engine.commit()?,
            5 | 6 => self.machine()?.engine.hand_over()?,
            7 => self.machine()?.engine.store()?,
            8 => self.machine()?.engine.checkpoint()?,
            _ => {
                let paused = self.chance.percent(50);
                self.machine()?.engine.pause_index(paused);
            }
        }
        self.listen()
    }

    pub(super) fn happen(&mut self) -> Result<(), Halt> {
        let chance = &mut self.chance;
        let command = match chance.below(100) {
            0..=13 => Some(self.market.order(chance)),
            14..=18 => self.market.cancel(chance),
            19..=20 => self.market.pay_again(chance),
            21..=24 => {
                let now = self.now()?;
                let reader = self.machine()?.disks.views.reader();
                self.market.send_back(&mut self.chance, &reader, now)?
            }
            25..=29 => self.market.staff(chance),
            30..=41 => return self.work(Care::Everyday { short_picks: self.scene.short_picks }),
            42..=57 => return self.outside(),
            58..=69 => return self.deliver_mail(),
            70..=77 => return self.look(),
            78..=91 => return self.pass_time(),
            92..=93 => return self.say_again(),
            94..=97 => return self.echo(),
            _ => return self.tend_letters(),
        };
        command.map_or(Ok(()), |command| self.ask(command))
    }

    pub(super) fn work(&mut self, care: Care) -> Result<(), Halt> {
        let reader = self.machine()?.disks.views.reader();
        let mut commands = workers::work(&reader, care, &mut self.chance)?;
        if care == Care::ToTheEnd || self.chance.percent(20) {
            commands.extend(self.market.put_back(&reader)?);
        }
        commands.into_iter().try_for_each(|command| self.ask(command))
    }

    /// Handlers hear and call; their reports are on the way for a while.
    pub(super) fn outside(&mut self) -> Result<(), Halt> {
        let now = self.now()?;
        let reports = self.machine()?.step_outside()?;
        for report in reports {
            let slow = Duration::from_secs(u64::from(self.chance.between(0, 7200)));
            let due = if self.chance.percent(70) { now } else { now + slow };
            self.mail.push((due, report));
        }
        if self.chance.percent(50) {
            self.machine()?.outside.desk().save()?;
        }
        Ok(())
    }

    /// Some of what has arrived, in any order.
    fn deliver_mail(&mut self) -> Result<(), Halt> {
        let now = self.now()?;
        let mut kept = Vec::new();
        for (due, report) in std::mem::take(&mut self.mail) {
            if due > now || self.chance.percent(10) {
                kept.push((due, report));
                continue;
            }
            self.report(report)?;
        }
        self.mail = kept;
        Ok(())
    }

    pub(super) fn deliver_all(&mut self) -> Result<(), Halt> {
        std::mem::take(&mut self.mail).into_iter().try_for_each(|(_, report)| self.report(report))
    }

    fn report(&mut self, report: Report<Shop>) -> Result<(), Halt> {
        let count = report.asks.len();
        for (nth, ask) in report.asks.into_iter().enumerate() {
            let who = Who::Handler { ticket: report.ticket, last: nth + 1 == count };
            self.submit(ask, who)?;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), Halt> {
        let written = self.chance.percent(70);
        let machine = self.machine()?;
        machine.fold_views()?;
        if written { machine.flush_views() } else { Ok(()) }
    }

    fn pass_time(&mut self) -> Result<(), Halt> {
        let (hours, days) = (self.chance.between(1, 20), self.chance.between(1, 3));
        let passed = match self.chance.below(10) {
            0..=4 => Duration::from_secs(u64::from(self.chance.between(1, 1800))),
            5..=8 => HOUR * hours,
            _ => DAY * days,
        };
        let now = self.now()?;
        let machine = self.machine()?;
        machine.setup.clock.advance_to(now + passed);
        Ok(machine.engine.ring()?)
    }

    /// Somebody asks again what he asked before, because he heard nothing, or for no reason.
    fn say_again(&mut self) -> Result<(), Halt> {
        let ask = match self.counter.unanswered.pop() {
            Some(ask) => Some(ask),
            None => self.chance.of(&self.counter.asked).cloned(),
        };
        ask.map_or(Ok(()), |ask| self.submit(ask, Who::Client))
    }

    /// An outcome arrives once more, long after it was heard.
    fn echo(&mut self) -> Result<(), Halt> {
        // A no that is heard twice does more harm than a yes.
        let no = self.chance.percent(50);
        let said = self.counter.reported.iter().rev().filter(|ask| !no || is_no(&ask.command));
        let lately: Vec<_> = said.take(if self.chance.percent(75) { 6 } else { 1000 }).collect();
        let Some(ask) = self.chance.of(&lately).map(|ask| (*ask).clone()) else { return Ok(()) };
        let id = match self.machine()?.setup.bug {
            Some(Bug::RedeliveredOutcome) => {
                self.asked += 1;
                CommandId::derive("simulate/echo", &self.asked.to_string())
            }
            _ => ask.id,
        };
        self.submit(Ask { id, ..ask }, Who::Echo)
    }

    /// People look at what handlers could not do, and try again. What the carrier would not take they
    /// may give up; of money, and of labels that cost money, they want to know what became of it.
    pub(super) fn tend_letters(&mut self) -> Result<(), Halt> {
        let now = self.now()?;
        let dropped = self.chance.percent(20);
        let desk = self.machine()?.outside.desk();
        for letter in desk.letters() {
            // Those that cannot be tried yet wait behind another one.
            let hopeless = letter.handler == "ship" && !van::is_void(&letter.errand.request);
            let _ = match dropped && hopeless {
                true => desk.drop_letter(&letter.id, ("staff/1", "hopeless"), now),
                false => desk.retry(&letter.id, "staff/1", now),
            };
        }
        Ok(())
    }
}

fn is_no(command: &Command) -> bool {
    let Command::Payment(_, said) = command else { return false };
    matches!(
        said,
        PaymentCommand::Decline { .. }
            | PaymentCommand::CaptureFailed { .. }
            | PaymentCommand::RefundFailed { .. }
            | PaymentCommand::GiveUp { .. }
    )
}
