//! This server's own state, and the verbs that commands are written in.
//!
//! No I/O, no clock, no randomness from outside: everything comes in as an argument and goes out as an
//! [`effect::Effect`].

pub mod effect;

use crate::id;

id!(
    /// A client connection.
    ConnId
);
