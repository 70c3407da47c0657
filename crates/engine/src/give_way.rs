//! Threads that follow give way to those on the way to an answer.

/// How much: a thread that gives way gets about a third of what another gets while both want it all.
const NICENESS: i32 = 5;

/// From now on this thread gives way. Where the system has no such thing, it just goes on.
pub(crate) fn give_way() {
    // Of the thread alone, on Linux.
    let _ = rustix::process::nice(NICENESS);
}
