//! `cartage letters`: requests to the outside that could not be done.

use super::{Answer, FolderArgs, Usage, say, say_json, table};
use clap::Subcommand;
use serde_json::{Value as Json, json};
use server::{
    config::ConfigArgs,
    letters::{FolderLetters, Letters, ShopLetters},
};
use std::{collections::BTreeMap, process::ExitCode};

/// Whose letters, and what to do with them.
#[derive(Debug, clap::Args)]
pub(crate) struct LettersArgs {
    #[command(flatten)]
    data: FolderArgs,
    /// Of the shop that is running there
    #[arg(long, global = true, env = "CARTAGE_URL")]
    url: Option<String>,
    /// The key of its staff; better in the environment, where not everybody can read it
    #[arg(long, global = true, env = "CARTAGE_STAFF_KEY", hide_env_values = true)]
    key: Option<String>,
    /// For programs
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: LettersCommand,
}

#[derive(Debug, Subcommand)]
enum LettersCommand {
    /// Those that await a decision, oldest first
    List {
        /// Also the newest of those about which nothing is left to do
        #[arg(long)]
        settled: bool,
    },
    /// One of them, with all that was done about it
    Show {
        /// As in `pay:4711`
        id: String,
    },
    /// What retrying or dropping it would do
    Preview {
        /// As in `pay:4711`
        id: String,
    },
    /// Try again; in a stopped shop, when it starts
    Retry {
        /// As in `pay:4711`, one or more
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All that await a decision, oldest first
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Change what is asked for; retry it afterwards
    Edit {
        /// As in `pay:4711`
        id: String,
        /// What to ask for instead, as `preview` shows it: a JSON object
        #[arg(long)]
        request: String,
        /// For whoever reads the letter later
        #[arg(long)]
        why: String,
    },
    /// Give it up: its story is told so, and goes on without it
    Drop {
        /// As in `pay:4711`
        id: String,
        /// For whoever reads the letter later
        #[arg(long)]
        why: String,
    },
}

pub(crate) fn run(args: &LettersArgs, settings: &ConfigArgs) -> Answer {
    let mut letters = match &args.url {
        Some(url) => Letters::Shop(ShopLetters::at(url, args.key.clone())?),
        None => Letters::Folder(Box::new(FolderLetters::open(&args.data.folder(settings)?)?)),
    };
    let done = match &args.command {
        LettersCommand::List { settled } => return list(&letters, *settled, args.json),
        LettersCommand::Show { id } => return say_json(&letters.show(id)?).map(fine),
        LettersCommand::Preview { id } => return say_json(&letters.preview(id)?).map(fine),
        LettersCommand::Retry { ids, all } => return retry(&mut letters, (ids, *all), args.json),
        LettersCommand::Edit { id, request, why } => {
            // Not a map of `serde_json`, which would take `null` for an empty one.
            let object = serde_json::from_str::<BTreeMap<String, Json>>(request)
                .map_err(|error| Usage(format!("--request is no JSON object: {error}")))?;
            letters.edit(id, object.into_iter().collect(), why)?;
            format!("{id} is edited; `cartage letters retry {id}` sends it")
        }
        LettersCommand::Drop { id, why } => {
            letters.drop_letter(id, why)?;
            format!("{id} is being dropped: its story is told")
        }
    };
    match args.json {
        true => say_json(&json!({ "done": done }))?,
        false => say(&done)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn fine((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

fn list(letters: &Letters, settled: bool, as_json: bool) -> Answer {
    let found = letters.list(settled)?;
    if as_json {
        say_json(&json!({ "items": found }))?;
    } else if found.is_empty() {
        say("no letters: everything that was asked of the outside is done, or under way")?;
    } else {
        let text = |letter: &Json, pointer: &str| match letter.pointer(pointer) {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let columns = ["/id", "/state", "/since", "/attempts", "/key", "/reason"];
        let rows = found.iter().map(|letter| columns.map(|column| text(letter, column)).to_vec());
        say(&table(&["id", "state", "since", "tried", "key", "reason"], rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One that cannot be retried does not keep the others from it.
fn retry(letters: &mut Letters, (ids, all): (&[String], bool), as_json: bool) -> Answer {
    let ids = match all {
        true => {
            let found = letters.list(false)?;
            found.iter().filter_map(|letter| letter["id"].as_str().map(str::to_owned)).collect()
        }
        false => ids.to_vec(),
    };
    let mut told = Vec::new();
    let mut failed = None;
    for id in &ids {
        match letters.retry(id) {
            Ok(()) => told.push(json!({ "id": id, "retried": true })),
            Err(error) => {
                told.push(json!({ "id": id, "retried": false, "why": error.to_string() }));
                if !as_json {
                    eprintln!("{id}: {error}");
                }
                failed = Some(super::code_of(&error));
            }
        }
    }
    let retried = told.iter().filter(|one| one["retried"] == true).count();
    match as_json {
        true => say_json(&json!({ "items": told }))?,
        false => say(&format!("{retried} of {} letters are tried again", ids.len()))?,
    }
    Ok(failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}
