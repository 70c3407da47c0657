//! The program `cartage`.

fn main() {}
