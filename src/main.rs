//! The `bgh` command.

fn main() {}
