//! People who pick, pack, hand over, and look at what comes back.

use super::visitor::{Nothing, Visitor};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// How long one looks at a list that is empty.
const IDLE: Duration = Duration::from_millis(700);
/// How long a piece of work takes, on average.
const WORK: Duration = Duration::from_millis(250);

/// Works from list to list until the shop closes.
pub(super) async fn work(mut worker: Visitor, number: u64) {
    let name = format!("demo-{number}");
    loop {
        let mut busy = false;
        for job in [Job::Pick, Job::Pack, Job::HandOver, Job::Returns] {
            match one(&mut worker, job, &name).await {
                Ok(done) => busy |= done,
                // Somebody else was faster, or the shop is closing.
                Err(nothing) => tracing::debug!(%nothing, ?job, "work was left"),
            }
        }
        if !busy {
            tokio::time::sleep(IDLE).await;
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Job {
    Pick,
    Pack,
    HandOver,
    Returns,
}

/// Takes one piece of a list, by chance so that workers seldom meet; false when there is none.
async fn one(worker: &mut Visitor, job: Job, name: &str) -> Result<bool, Nothing> {
    let path = match job {
        Job::Pick => "/picks?limit=20",
        Job::Pack => "/packs?limit=20",
        Job::HandOver => "/parcels?limit=20",
        Job::Returns => "/returns?limit=20",
    };
    let list = worker.staff(Method::GET, path, None).await?;
    let items: Vec<&Value> = list["items"].as_array().into_iter().flatten().collect();
    let Some(item) = worker.one_of(&items) else { return Ok(false) };
    let id = item["id"].as_str().unwrap_or_default().to_owned();
    worker.wait(WORK).await;
    match job {
        Job::Pick => pick(worker, &id, item, name).await?,
        Job::Pack => pack(worker, &id, item).await?,
        Job::HandOver => {
            let path = format!("/parcels/{id}/hand-over");
            worker.staff(Method::POST, &path, None).await?;
        }
        Job::Returns => take_back(worker, &id, item).await?,
    }
    Ok(true)
}

fn lines(item: &Value) -> impl Iterator<Item = &Value> {
    item["lines"].as_array().into_iter().flatten()
}

async fn pick(worker: &mut Visitor, id: &str, item: &Value, name: &str) -> Result<(), Nothing> {
    if item["status"] == "open" {
        let start = json!({"worker": name});
        worker.staff(Method::POST, &format!("/picks/{id}/start"), Some(start)).await?;
    }
    for line in lines(item) {
        let (number, quantity) = (&line["id"], line["quantity"].as_u64().unwrap_or(0));
        let picked = json!({"picked": quantity, "tote": "T-1"});
        worker.staff(Method::POST, &format!("/picks/{id}/lines/{number}"), Some(picked)).await?;
    }
    Ok(())
}

async fn pack(worker: &mut Visitor, id: &str, item: &Value) -> Result<(), Nothing> {
    for line in lines(item) {
        let of = |name: &str| line[name].as_u64().unwrap_or(0);
        let missing = of("quantity").saturating_sub(of("verified"));
        if missing > 0 {
            let path = format!("/packs/{id}/lines/{}/verify", line["id"]);
            worker.staff(Method::POST, &path, Some(json!({"quantity": missing}))).await?;
        }
    }
    let seal = json!({"carton": "M", "weight_grams": 200 + worker.below(4_000)});
    worker.staff(Method::POST, &format!("/packs/{id}/seal"), Some(seal)).await?;
    Ok(())
}

/// What is asked for is allowed, what comes is looked at; nearly all of it can be sold again.
async fn take_back(worker: &mut Visitor, id: &str, item: &Value) -> Result<(), Nothing> {
    let all = |disposition: Option<&str>| -> Vec<Value> {
        let line = |line: &Value| match disposition {
            Some(disposition) => {
                json!({"line": line["line"], "quantity": line["received"], "disposition": disposition})
            }
            None => json!({"line": line["line"], "quantity": line["requested"]}),
        };
        lines(item).map(line).collect()
    };
    let (verb, body) = match item["status"].as_str().unwrap_or_default() {
        "requested" => ("authorise", json!({})),
        "authorised" | "in_transit" => ("receive", json!({"lines": all(None)})),
        "received" => {
            let disposition = if worker.sometimes(90) { "restock" } else { "scrap" };
            ("inspect", json!({"lines": all(Some(disposition))}))
        }
        _ => return Ok(()),
    };
    worker.staff(Method::POST, &format!("/returns/{id}/{verb}"), Some(body)).await?;
    Ok(())
}
