//! How things end: the plug is pulled at any point, or everything runs until all is quiet.

use super::{
    chance::Chance,
    checks::{self, facts_after},
    machine::{Disks, Halt, broken},
    play::Play,
    rules::Rules,
    scene::HOUR,
    workers::Care,
};
use engine::views::Store;
use flows::Shop;
use journal::{Journal, memory::Memory};
use kernel::{Position, Recorded};

/// Looks at the clock until nothing waits for a time: the slowest story ends after some weeks.
const ROUNDS: u32 = 2000;
/// Times that everyone does what he can while the clock stands still.
const TURNS: u32 = 500;

/// What is waited for is looked at together when it is not further apart than this.
const AT_ONCE: std::time::Duration = HOUR.saturating_mul(6);

impl<B: Rules> Play<B> {
    /// Before the append, in the middle of it, after it and before the answer.
    pub(super) fn pull_the_plug(&mut self) -> Result<(), Halt> {
        let (point, stored) = (self.chance.below(4), self.chance.percent(70));
        for _ in 0..self.chance.below(4) {
            self.happen()?;
        }
        let machine = self.machine()?;
        match point {
            0 => {}
            1 => machine.engine.hand_over()?,
            _ => {
                machine.disks.journal.fail_append(1, stored);
                machine.engine.commit()?;
            }
        }
        Err(Halt::Crash)
    }

    /// What was only in memory is gone, sometimes the index and the views, too.
    pub(super) fn restart(&mut self) -> Result<(), Halt> {
        self.crashes += 1;
        self.counter.crash();
        self.mail.clear();
        let Some(machine) = self.machine.take() else { return Ok(()) };
        let mut journal = machine.disks.journal.copy();
        if self.chance.percent(80) {
            journal = cut_off(journal, machine.tip(), &mut self.chance)?;
        }
        if self.chance.percent(15) {
            journal.lose_index();
        }
        let views = match self.chance.percent(10) {
            true => Store::in_memory()?,
            false => machine.disks.views.clone(),
        };
        self.machine = Some(machine.restart(Disks { journal, views })?);
        self.check()
    }

    /// Reads on in the books, and compares everything with everything.
    pub(super) fn check(&mut self) -> Result<(), Halt> {
        let after = self.books.position;
        let reader = self.machine()?.engine.reader()?;
        let facts = facts_after(&*reader, after)?;
        self.counter.check(&facts, after)?;
        facts.iter().try_for_each(|recorded| self.books.read(recorded))?;
        checks::everything_agrees(self.machine()?)?;
        self.listen()
    }

    /// Until nobody has anything to do and no timer is left.
    pub(super) fn run_out(&mut self) -> Result<(), Halt> {
        for _ in 0..ROUNDS {
            self.settle()?;
            let now = self.now()?;
            let machine = self.machine()?;
            let timer = machine.engine.next_timer()?;
            let due = machine.outside.desk().next_due();
            let Some(next) = timer.into_iter().chain(due).min() else { return self.check() };
            machine.setup.clock.advance_to(next.max(now + AT_ONCE));
            machine.engine.ring()?;
        }
        let next = self.machine()?.engine.next_timer()?;
        broken("it_becomes_quiet", format!("the next timer is {next:?}"))
    }

    /// Everyone does what he can, until nothing changes.
    fn settle(&mut self) -> Result<(), Halt> {
        for _ in 0..TURNS {
            let before = (self.machine()?.tip(), self.machine()?.standing());
            self.work(Care::ToTheEnd)?;
            self.tend_letters()?;
            self.outside()?;
            self.deliver_all()?;
            let machine = self.machine()?;
            machine.engine.commit()?;
            machine.fold_views()?;
            machine.flush_views()?;
            self.listen()?;
            let machine = self.machine()?;
            let same = (machine.tip(), machine.standing()) == before;
            if same && self.counter.is_quiet() && self.mail.is_empty() {
                return Ok(());
            }
        }
        broken("it_becomes_quiet", "something goes on and on while the clock stands still")
    }
}

/// The journal as a restored copy may hold it: a cascade that nobody was told of is there in part,
/// so that what its stories had asked is still to be done. Never in the middle of one decision.
fn cut_off(journal: Memory, published: Position, chance: &mut Chance) -> Result<Memory, Halt> {
    let facts = facts_after(&*Journal::reader(&journal)?, published)?;
    let between = facts.windows(2).filter(|pair| are_two_decisions(&pair[0], &pair[1]));
    let places: Vec<Position> = between.map(|pair| pair[0].position).collect();
    match chance.of(&places) {
        Some(position) => Ok(journal.copy_until::<Shop>(*position)?),
        None => Ok(journal),
    }
}

fn are_two_decisions(one: &Recorded<Shop>, other: &Recorded<Shop>) -> bool {
    (one.cause, one.origin.command, one.stream())
        != (other.cause, other.origin.command, other.stream())
}
