//! One file per command: its arguments, and what it does.

pub mod admin;
pub mod backtest;
pub mod backup;
pub mod check_config;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod serve;
