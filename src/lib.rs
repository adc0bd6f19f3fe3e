//! slircd, an IRC server for small communities.

pub mod arena;
pub mod config;
pub mod core;
pub mod job;
pub mod reactor;
pub mod server;
pub mod store;
pub mod time;
pub mod wire;
pub mod work;
