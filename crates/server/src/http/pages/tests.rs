//! The pages as browsers get them.
