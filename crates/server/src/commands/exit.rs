//! Exit codes: stable, so that scripts may go by them.

use engine::views;
use journal::Error as JournalError;
use server::{
    backup::BackupError, config::ConfigError, import::ImportError, journal_tools::ToolError,
    letters::LettersError, reconciling::NotCompared, replay::PlayError, serve::ServeError,
    shop::ShopError,
};
use std::{error::Error, io};

/// Something wrong was found.
const WRONG: u8 = 1;
/// It was asked in a wrong way.
const USAGE: u8 = 2;
/// In use, unreadable, or not to be written.
const FOLDER: u8 = 3;
/// Somebody stopped it; 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// It was asked in a way that means nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// By what a script tells them apart.
pub(crate) fn code_of(error: &(dyn Error + 'static)) -> u8 {
    if let Some(error) = error.downcast_ref::<JournalError>() {
        of_journal(error)
    } else if let Some(error) = error.downcast_ref::<ShopError>() {
        of_shop(error)
    } else if let Some(error) = error.downcast_ref::<views::Error>() {
        of_views(error)
    } else if let Some(error) = error.downcast_ref::<PlayError>() {
        of_play(error)
    } else if let Some(error) = error.downcast_ref::<ToolError>() {
        of_tool(error)
    } else if let Some(error) = error.downcast_ref::<BackupError>() {
        of_backup(error)
    } else if let Some(error) = error.downcast_ref::<LettersError>() {
        of_letters(error)
    } else if let Some(error) = error.downcast_ref::<ServeError>() {
        of_serve(error)
    } else if let Some(NotCompared::Journal(error)) = error.downcast_ref::<NotCompared>() {
        of_journal(error)
    } else if let Some(error) = error.downcast_ref::<ImportError>() {
        of_import(error)
    } else if error.is::<ConfigError>() || error.is::<Usage>() {
        USAGE
    } else {
        WRONG
    }
}

/// Whoever reads has seen enough: that is no error of ours.
pub(crate) fn is_nobody_listening(error: &(dyn Error + 'static)) -> bool {
    let output = match error.downcast_ref::<ToolError>() {
        Some(ToolError::Output(output)) => Some(output),
        _ => error.downcast_ref::<io::Error>(),
    };
    output.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn of_journal(error: &JournalError) -> u8 {
    match error {
        JournalError::Exists { .. } => USAGE,
        JournalError::InUse { .. }
        | JournalError::NoJournal { .. }
        | JournalError::ReadOnly { .. }
        | JournalError::DiskFull { .. }
        | JournalError::NewerFormat { .. }
        | JournalError::NoLog { .. }
        | JournalError::Damaged { .. }
        | JournalError::Store { .. }
        | JournalError::Io { .. } => FOLDER,
        JournalError::BrokenChain { .. }
        | JournalError::SoundUpTo { .. }
        | JournalError::OutOfTurn { .. }
        | JournalError::TooLarge { .. }
        | JournalError::NotAFact(_)
        | JournalError::Planted(_) => WRONG,
    }
}

fn of_views(error: &views::Error) -> u8 {
    match error {
        views::Error::Journal(error) => of_journal(error),
        views::Error::UnknownView { .. }
        | views::Error::UnknownColumn { .. }
        | views::Error::BadCursor { .. } => USAGE,
        views::Error::BadDocument { .. }
        | views::Error::Unstorable { .. }
        | views::Error::NoFact { .. } => WRONG,
        _ => FOLDER,
    }
}

fn of_shop(error: &ShopError) -> u8 {
    match error {
        ShopError::Journal(error) => of_journal(error),
        ShopError::Views(error) => of_views(error),
        ShopError::Letters(_) | ShopError::Stopped(_) => FOLDER,
        _ => WRONG,
    }
}

fn of_serve(error: &ServeError) -> u8 {
    match error {
        ServeError::Shop(error) => of_shop(error),
        ServeError::Secrets(_) => FOLDER,
        ServeError::NoPartners | ServeError::Partner(_) => USAGE,
        ServeError::Listen { .. } | ServeError::Sandbox(_) | ServeError::System(_) => WRONG,
    }
}

fn of_play(error: &PlayError) -> u8 {
    match error {
        PlayError::Shop(error) => of_shop(error),
        PlayError::Views(error) => of_views(error),
        PlayError::Stopped(_) => FOLDER,
        PlayError::NothingMoves(..) | PlayError::BadKey { .. } => WRONG,
    }
}

fn of_tool(error: &ToolError) -> u8 {
    match error {
        ToolError::Journal(error) => of_journal(error),
        ToolError::NoStream(_) | ToolError::NoMoment(_) => USAGE,
        ToolError::Output(_) | ToolError::NothingThere(_) => WRONG,
    }
}

fn of_backup(error: &BackupError) -> u8 {
    match error {
        BackupError::Journal(error) => of_journal(error),
        BackupError::Shop(error) => of_shop(error),
        BackupError::Database { .. } | BackupError::Io { .. } => FOLDER,
        BackupError::NotEmpty { .. }
        | BackupError::NoName { .. }
        | BackupError::NoManifest { .. }
        | BackupError::BadForgotten { .. } => USAGE,
        BackupError::BadManifest { .. } | BackupError::Differs { .. } => WRONG,
    }
}

fn of_letters(error: &LettersError) -> u8 {
    match error {
        LettersError::Shop(error) => of_shop(error),
        LettersError::Running(_) | LettersError::NoAnswer { .. } => FOLDER,
        LettersError::Letter(_) | LettersError::Refused { .. } => WRONG,
    }
}

fn of_import(error: &ImportError) -> u8 {
    match error {
        ImportError::Shop(error) => of_shop(error),
        ImportError::Running(_) | ImportError::Behind(_) | ImportError::NotTaken(_) => FOLDER,
        ImportError::Header { .. } => USAGE,
        ImportError::Unreadable { .. }
        | ImportError::Failed { .. }
        | ImportError::TooManyRows
        | ImportError::TooMuchToTry
        | ImportError::Told(_) => WRONG,
    }
}
