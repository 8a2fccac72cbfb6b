//! One file per page.

pub mod account;
pub mod activity;
pub mod admin;
pub mod applications;
pub mod assets;
pub mod blocklist;
pub mod collector_health;
pub mod emergency;
pub mod exports;
pub mod firms;
pub mod help;
pub mod home;
pub mod installing;
pub mod join;
pub mod keys;
pub mod leaving;
pub mod member;
pub mod members;
pub mod readers;
pub mod sign_in;
pub mod single;
pub mod start;
pub mod threat;
pub mod threats;
pub mod verdict;
pub mod warning;
