//! The front door under fire, quick versions: `cartage prove` tries the same for as long as one likes.

use server::prove::{
    Fallible, Ground, Verdict, crashes, listeners, overload, rude, shutdown, with_runtime,
};
use std::{path::PathBuf, sync::Mutex};

/// Each shop has the machine for itself: what is measured is the shop, not the other tests.
static MACHINE: Mutex<()> = Mutex::new(());

fn kept(proof: impl AsyncFnOnce(&Ground) -> Fallible<Verdict>) {
    let _alone = MACHINE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let cartage = PathBuf::from(env!("CARGO_BIN_EXE_cartage"));
    let ground = Ground { cartage, data: folder.path().join("shop") };
    let found = with_runtime(proof(&ground)).expect("it can be tried");
    eprintln!("{found}");
    assert!(found.complaints.is_empty(), "{found}");
}

#[test]
fn what_was_acknowledged_outlives_every_kill_once_and_whole() {
    kept(async |ground| crashes::prove(ground, &crashes::Scale::quick(7)).await);
}

#[test]
fn four_times_too_many_orders_are_sent_away_with_a_hint_and_the_others_served() {
    kept(async |ground| overload::prove(ground, &overload::Scale::quick()).await);
}

#[test]
fn rude_clients_harm_nobody_else_and_leave_nothing_behind() {
    kept(async |ground| rude::prove(ground, &rude::Scale::quick()).await);
}

#[test]
fn whoever_was_let_in_is_answered_before_it_closes() {
    kept(async |ground| shutdown::prove(ground, &shutdown::Scale::quick(7)).await);
}

#[test]
fn a_thousand_idle_listeners_cost_less_than_fifty_mib() {
    kept(async |ground| listeners::prove(ground, 1000).await);
}
