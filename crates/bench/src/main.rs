//! Benchmarks and the mixed-log generator for them.

fn main() {}
