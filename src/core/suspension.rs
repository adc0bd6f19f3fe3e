//! Suspended accounts: nobody logs in to them, for a while or until that is lifted.

use super::{ctx::Ctx, welcome::date_text};
use crate::{
    registry::Record,
    time::{Stamp, Wall},
};

/// The field that says that an account is suspended, and why.
pub const SUSPENDED: &str = "suspended";

/// The field of when that is over, in seconds since 1970; none if it is not by itself.
pub const UNTIL: &str = "suspended-until";

/// That an account is suspended.
#[derive(Clone, Copy, Debug)]
pub struct Suspension<'a> {
    /// Why.
    pub reason: &'a str,
    /// By whom.
    pub by: &'a str,
    /// Since when.
    pub since: Stamp,
    /// Until when, if that is over by itself.
    pub until: Option<Wall>,
}

/// The suspension of an account, if it is suspended.
pub fn of(record: &Record, now: Wall) -> Option<Suspension<'_>> {
    let field = record.field(SUSPENDED)?;
    let reason = field.value.as_deref()?;
    let until = record.get(UNTIL).and_then(|secs| secs.parse::<u64>().ok());
    let until = until.map(|secs| Wall(secs.saturating_mul(1000)));
    let over = until.is_some_and(|until| until <= now);
    (!over).then_some(Suspension { reason, by: &field.by, since: field.at, until })
}

/// Whether an account is suspended; who logs in to it, and has proved that it is theirs, is told why.
pub fn refuses(ctx: &mut Ctx<'_>, record: &Record) -> bool {
    let Some(suspension) = of(record, ctx.now.wall) else { return false };
    let name = record.name().unwrap_or_default();
    let text = format!("The account {name} is suspended{}", suspension.text());
    ctx.notice(&text);
    true
}

impl Suspension<'_> {
    /// Until when, and why: what follows `is suspended`.
    pub fn text(&self) -> String {
        let until = self.until.map(|until| format!(" until {}", date_text(until)));
        let why = if self.reason.is_empty() { "no reason was given" } else { self.reason };
        format!("{}: {why}", until.unwrap_or_default())
    }
}
