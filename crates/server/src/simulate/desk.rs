//! Commands under way and their answers: what was promised to whom, and that it stays so.

use super::{
    machine::{Awaited, Halt, Machine, broken},
    rules::{Rules, of_the_shop},
};
use engine::{Answer, Ask, Caused, Clock, Rejection, handlers::Ticket};
use flows::Shop;
use kernel::{CommandId, Position, Recorded};
use std::collections::BTreeMap;
use tokio::sync::oneshot::error::TryRecvError;

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Who {
    /// Somebody who asks, and asks again if he hears nothing.
    Client,
    /// A handler that reports; of several commands the last one ends the report.
    Handler { ticket: Ticket, last: bool },
    /// Somebody outside who says again what he said long ago, and does not listen.
    Echo,
}

struct UnderWay<B: Rules> {
    ask: Ask<Shop>,
    who: Who,
    answer: Awaited<B>,
}

/// What was asked and answered; people and the world remember it through every crash.
pub(super) struct Counter<B: Rules> {
    under_way: Vec<UnderWay<B>>,
    /// Facts that clients were told of.
    told: BTreeMap<CommandId, Caused<B>>,
    /// What clients have asked, for asking again.
    pub(super) asked: Vec<Ask<Shop>>,
    /// Reports that have arrived, for arriving again.
    pub(super) reported: Vec<Ask<Shop>>,
    /// Nobody knows what became of these.
    pub(super) unanswered: Vec<Ask<Shop>>,
    /// A report of several commands is as good as its worst one.
    failed: BTreeMap<Ticket, String>,
    pub(super) refused: u64,
}

impl<B: Rules> Default for Counter<B> {
    fn default() -> Counter<B> {
        Counter {
            under_way: Vec::new(),
            told: BTreeMap::new(),
            asked: Vec::new(),
            reported: Vec::new(),
            unanswered: Vec::new(),
            failed: BTreeMap::new(),
            refused: 0,
        }
    }
}

impl<B: Rules> Counter<B> {
    pub(super) fn ask(
        &mut self,
        machine: &mut Machine<B>,
        ask: Ask<Shop>,
        who: Who,
    ) -> Result<(), Halt> {
        match who {
            Who::Client => self.asked.push(ask.clone()),
            Who::Handler { .. } => self.reported.push(ask.clone()),
            Who::Echo => {}
        }
        // Known before it is submitted: whatever stops the engine in between, it was asked.
        let (_, nobody) = tokio::sync::oneshot::channel();
        self.under_way.push(UnderWay { ask: ask.clone(), who, answer: nobody });
        let answer = machine.submit(&ask)?;
        if let Some(last) = self.under_way.last_mut() {
            last.answer = answer;
        }
        Ok(())
    }

    /// Hears the answers that have come.
    pub(super) fn listen(&mut self, machine: &mut Machine<B>) -> Result<(), Halt> {
        let mut waiting = Vec::new();
        for mut under_way in std::mem::take(&mut self.under_way) {
            match under_way.answer.try_recv() {
                Ok(answer) => self.hear(machine, &under_way, answer)?,
                Err(TryRecvError::Empty) => waiting.push(under_way),
                Err(TryRecvError::Closed) => {
                    return broken("every_command_is_answered", format!("{:?}", under_way.ask));
                }
            }
        }
        self.under_way = waiting;
        Ok(())
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The plug was pulled. An answer that was given before counts; the others never come.
    pub(super) fn crash(&mut self) {
        for mut under_way in std::mem::take(&mut self.under_way) {
            match under_way.answer.try_recv() {
                Ok(Ok(caused)) => self.remember(under_way.ask.id, caused),
                Ok(Err(_)) => {}
                Err(_) if under_way.who == Who::Client => self.unanswered.push(under_way.ask),
                Err(_) => {}
            }
        }
        self.failed.clear();
    }

    fn hear(
        &mut self,
        machine: &mut Machine<B>,
        UnderWay { ask, who, .. }: &UnderWay<B>,
        answer: Answer<B>,
    ) -> Result<(), Halt> {
        let result = match answer {
            Ok(caused) => {
                self.compare(ask, &caused)?;
                self.remember(ask.id, caused);
                Ok(())
            }
            Err(Rejection::Refused(_)) if self.told.contains_key(&ask.id) => {
                return broken("same_id_same_answer", format!("{ask:?} is refused"));
            }
            Err(Rejection::Refused(refusal)) => {
                self.refused += 1;
                Err(refusal.to_string())
            }
            Err(rejection) => {
                return broken("every_rule_can_be_applied", format!("{rejection}: {ask:?}"));
            }
        };
        if let Who::Handler { ticket, last } = *who {
            if let Err(reason) = result {
                self.failed.entry(ticket).or_insert(reason);
            }
            if last {
                let result = self.failed.remove(&ticket).map_or(Ok(()), Err);
                machine.outside.answered(ticket, result, machine.setup.clock.now());
            }
        }
        Ok(())
    }

    fn remember(&mut self, id: CommandId, caused: Caused<B>) {
        if !caused.facts().is_empty() {
            self.told.entry(id).or_insert(caused);
        }
    }

    fn compare(&self, ask: &Ask<Shop>, caused: &Caused<B>) -> Result<(), Halt> {
        let Some(told) = self.told.get(&ask.id) else { return Ok(()) };
        if !caused.repeated || caused.facts() != told.facts() {
            let (first, again) = (told.position(), caused.position());
            let what = format!("{ask:?}: first {first:?}, then {again:?}");
            return broken("same_id_same_answer", what);
        }
        Ok(())
    }

    /// Everything that was answered is in the journal; `facts` are those after a position.
    pub(super) fn check(&self, facts: &[Recorded<Shop>], after: Position) -> Result<(), Halt> {
        for (id, caused) in &self.told {
            for told in caused.facts().iter().filter(|told| told.position > after) {
                let at = usize::try_from(told.position - after - 1).unwrap_or(usize::MAX);
                if facts.get(at) != Some(&of_the_shop(told)) {
                    let what = format!("command {id} was answered with fact {}", told.position);
                    return broken("answered_is_stored", what);
                }
            }
        }
        Ok(())
    }
}
