//! The program `svclint`.
fn main() {}
