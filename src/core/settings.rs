//! What an account has set: the fields of its record that say how it wants to be treated. NickServ's SET
//! writes them; whoever acts on one reads it here.

use crate::{registry::Record, time::parse_span};
use std::time::Duration;

/// The field of how long somebody else may wear a nick of the account: [`OFF`], or a span; none for as
/// long as the server says.
pub const ENFORCE: &str = "enforce";

/// The field that keeps the mail address from operators who do not administer accounts.
pub const HIDEMAIL: &str = "hidemail";

/// The field that keeps all of the account from others.
pub const PRIVATE: &str = "private";

/// The field that says that the account is never given access to channels by others.
pub const NEVEROP: &str = "neverop";

/// The field that says that the account is not given its status when it enters channels.
pub const NOOP: &str = "noop";

/// The field that says that nobody may leave memos for the account.
pub const NOMEMO: &str = "nomemo";

/// The field that says that memos go to the mail address as well.
pub const EMAILMEMOS: &str = "emailmemos";

/// The field that says that the account stays however long it is not used.
pub const NOEXPIRE: &str = "noexpire";

/// What is stored of a switch that is on; one that is off has no value.
pub const ON: &str = "on";

/// What is stored of nicks that are not protected.
pub const OFF: &str = "off";

/// The longest that an account may leave others its nicks.
pub const GRACE_MAX: Duration = Duration::from_secs(3600);

/// Whether a switch is on.
pub fn is_on(record: &Record, key: &str) -> bool {
    record.get(key).is_some()
}

/// How long somebody else may wear a nick of the account; none if for ever.
pub fn grace(record: &Record, usual: Duration) -> Option<Duration> {
    match record.get(ENFORCE) {
        None => Some(usual),
        Some(OFF) => None,
        Some(text) => Some(parse_span(text).unwrap_or(usual).min(GRACE_MAX)),
    }
}
