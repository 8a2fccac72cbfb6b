//! The knowledge that ships with the program: formats, rules, words, never-block lists (invariant 6).

include!(concat!(env!("OUT_DIR"), "/content.rs"));
