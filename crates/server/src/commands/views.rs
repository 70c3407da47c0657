//! `cartage views`: what people look at.

use super::{Answer, FolderArgs, say, say_json, table};
use clap::Subcommand;
use engine::views::Doing;
use serde_json::json;
use server::{config::ConfigArgs, view_tools};
use std::{path::Path, process::ExitCode};

/// What to do with them.
#[derive(Debug, clap::Args)]
pub(crate) struct ViewsArgs {
    #[command(flatten)]
    data: FolderArgs,
    /// For programs
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: ViewsCommand,
}

#[derive(Debug, Subcommand)]
enum ViewsCommand {
    /// Every view, how far it is, and how many documents it has
    List,
    /// Build all of them again in memory, and compare with what is stored
    Check,
    /// Build views again from the first fact, beside what is there, and swap; nothing else may run
    Rebuild {
        /// Which; all where none is named
        names: Vec<String>,
    },
}

pub(crate) fn run(args: &ViewsArgs, settings: &ConfigArgs) -> Answer {
    let data = args.data.folder(settings)?;
    match &args.command {
        ViewsCommand::List => list(&data, args.json),
        ViewsCommand::Check => check(&data, args.json),
        ViewsCommand::Rebuild { names } => rebuild(&data, names, args.json),
    }
}

fn list(data: &Path, as_json: bool) -> Answer {
    let (tip, views) = view_tools::list(data)?;
    if as_json {
        let views = views.iter().map(|listed| {
            let (position, documents) = listed.stored.unzip();
            json!({ "view": listed.view, "position": position, "documents": documents,
                    "behind": position.map(|position| tip.saturating_sub(position)) })
        });
        say_json(&json!({ "tip": tip, "views": views.collect::<Vec<_>>() }))?;
    } else {
        let rows = views.iter().map(|listed| match listed.stored {
            Some((position, documents)) => {
                let behind = tip.saturating_sub(position).to_string();
                vec![listed.view.into(), position.to_string(), behind, documents.to_string()]
            }
            None => vec![listed.view.into(), "being built".into(), String::new(), String::new()],
        });
        say(&table(&["view", "position", "behind", "documents"], rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(data: &Path, as_json: bool) -> Answer {
    let compared = view_tools::check(data)?;
    let equal = compared.different == 0;
    let differences = compared.differences.iter();
    if as_json {
        let differences =
            differences.map(|one| json!({ "view": one.view, "key": one.key })).collect::<Vec<_>>();
        say_json(&json!({ "equal": equal, "facts": compared.facts,
            "documents": compared.documents, "different": compared.different,
            "differences": differences }))?;
    } else if equal {
        let (documents, facts) = (compared.documents, compared.facts);
        say(&format!("equal: {documents} documents are what {facts} facts say"))?;
    } else {
        differences.for_each(|one| eprintln!("{}: {:?} differs", one.view, one.key));
        say(&format!(
            "{} documents are not what the facts say: `cartage views rebuild` mends them; report it",
            compared.different
        ))?;
    }
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rebuild(data: &Path, names: &[String], as_json: bool) -> Answer {
    let rebuilt = view_tools::rebuild(data, names)?;
    let failed = rebuilt.statuses.iter().any(|status| status.doing != Doing::Following);
    if as_json {
        let views = rebuilt.statuses.iter();
        let views =
            views.map(|status| json!({ "view": status.view, "doing": words(&status.doing) }));
        let alarms =
            rebuilt.alarms.iter().map(|(kind, text)| json!({ "kind": kind, "text": text }));
        say_json(
            &json!({ "views": views.collect::<Vec<_>>(), "alarms": alarms.collect::<Vec<_>>() }),
        )?;
    } else {
        let rows =
            rebuilt.statuses.iter().map(|status| vec![status.view.into(), words(&status.doing)]);
        say(&table(&["view", "now"], rows))?;
        rebuilt.alarms.iter().for_each(|(kind, text)| eprintln!("{kind}: {text}"));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn words(doing: &Doing) -> String {
    match doing {
        Doing::Following => "up to date".to_owned(),
        Doing::Building(position) => format!("being built, at {position}"),
        Doing::Paused(position) => format!("paused, at {position}"),
        Doing::Failed { position, what } => format!("stopped at {position}: {what}"),
    }
}
