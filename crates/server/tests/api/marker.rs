//! What people write about themselves stands in no block, no log, no letter and no answer to others.

use crate::fields::operations;

#[test]
fn listing() {
    for operation in operations() {
        for field in operation.fields().iter().filter(|field| field.is_free) {
            eprintln!("FREE {} {}", operation.name(), field.pointer);
        }
        for one in operation.parameters().iter().filter(|one| one.is_free) {
            eprintln!("FREE {} ?{}", operation.name(), one.name);
        }
    }
}
