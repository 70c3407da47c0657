//! The business under simulation: the shop itself, or one with a planted mistake in its rules.

use engine::Ask;
use flows::{Command, Fact, Refusal, Shop, State, Stream};
use kernel::{Business, Recorded};

/// Rules that speak the shop's language.
pub(super) trait Rules:
    Business<Command = Command, Fact = Fact, Refusal = Refusal, Stream = Stream, State = State>
{
}

impl<B> Rules for B where
    B: Business<Command = Command, Fact = Fact, Refusal = Refusal, Stream = Stream, State = State>
{
}

/// A fact as views and handlers of the shop know it.
pub(super) fn of_the_shop<B: Rules>(recorded: &Recorded<B>) -> Recorded<Shop> {
    Recorded {
        position: recorded.position,
        version: recorded.version,
        cause: recorded.cause,
        origin: recorded.origin.clone(),
        fact: recorded.fact.clone(),
    }
}

/// A command as the engine under simulation takes it.
pub(super) fn to_the_engine<B: Rules>(ask: &Ask<Shop>) -> Ask<B> {
    Ask {
        id: ask.id,
        command: ask.command.clone(),
        actor: ask.actor.clone(),
        correlation: ask.correlation,
        fingerprint: ask.fingerprint,
        vault: ask.vault.clone(),
        if_version: ask.if_version,
    }
}
