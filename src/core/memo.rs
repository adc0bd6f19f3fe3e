//! Memos: what is left for the owner of an account until they read it (MemoServ).
//!
//! A memo is a field of the account that it is for, so it is on every server, merges as all of a record
//! does, and ends with the account. Its key is the moment when it was left; its value is whether it has
//! been read, from whom it is, and what it says.

use super::{
    Core, account,
    ctx::Ctx,
    effect::Effects,
    mail, render,
    settings::{EMAILMEMOS, is_on},
};
use crate::{
    network::{UserId, crdt},
    registry::{MEMO, Record, RecordId},
    store::{Edited, Letter, Purpose},
    time::{Now, Stamp},
};

/// How the field begins of an account from which none are taken; its id follows.
pub const IGNORED: &str = "memo-ignore:";

/// The longest text of a memo, in bytes.
pub const TEXT_MAX: usize = 400;

/// A memo.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Memo<'a> {
    /// Its field.
    pub key: String,
    /// When it was left.
    pub at: Stamp,
    /// The account that has left it.
    pub from: &'a str,
    /// Whether it has been read.
    pub read: bool,
    /// What it says.
    pub text: &'a str,
}

impl Memo<'_> {
    /// The field that keeps it.
    pub fn field(&self) -> (Box<str>, Option<Box<str>>) {
        let read = if self.read { READ } else { UNREAD };
        let value = format!("{read}\n{}\n{}", self.from, self.text);
        (self.key.as_str().into(), Some(value.into()))
    }
}

/// The key of a memo that is left at some moment.
pub fn key(at: Stamp) -> String {
    // As long as all others, so that they are in order.
    format!("{MEMO}{:016x}-{}", at.tick, at.server)
}

/// What has been left for an account, the oldest first.
pub fn all(record: &Record) -> Vec<Memo<'_>> {
    let memos = record.under(MEMO).filter_map(|(rest, field)| {
        let mut parts = field.value.as_deref()?.splitn(3, '\n');
        let (read, from, text) = (parts.next()?, parts.next()?, parts.next()?);
        let RecordId(at) = RecordId::parse(rest)?;
        Some(Memo { key: format!("{MEMO}{rest}"), at, from, read: read == READ, text })
    });
    memos.collect()
}

/// A session has logged in to an account: its user is told of memos, or the one it is to become is.
pub fn entered(ctx: &mut Ctx<'_>, record: &Record) {
    let unread = all(record).iter().filter(|memo| !memo.read).count();
    match ctx.session().user() {
        Some(user) => greet(ctx, user, unread),
        None => {
            if let Some(registration) = ctx.session_mut().registration() {
                registration.memos = unread;
            }
        }
    }
}

/// Tells a user who has logged in how many memos there are to be read.
pub fn greet(ctx: &mut Ctx<'_>, user: UserId, unread: usize) {
    let text = match unread {
        0 => return,
        1 => "You have a new memo. /msg MemoServ READ NEW shows it.".to_owned(),
        more => format!("You have {more} new memos. /msg MemoServ READ NEW shows them."),
    };
    tell(ctx.core, ctx.fx, user, &text, ctx.now);
}

/// Somebody who is logged in to an account is told of what has just been left for it.
pub fn edited(core: &mut Core, fx: &mut Effects, edited: &Edited, now: Now) {
    for (number, memo) in left(edited) {
        let text = format!(
            "You have a new memo from {}. /msg MemoServ READ {number} shows it.",
            memo.from
        );
        for user in core.logged_in(edited.record.id) {
            tell(core, fx, user, &text, now);
        }
    }
}

/// A memo that has been left here goes to the mail address of the account as well, if its owner wants that.
/// Each is left at one server, so it is sent once.
pub fn mail(core: &mut Core, fx: &mut Effects, edited: &Edited, now: Now) {
    let record = &edited.record;
    let confirmed = record.get(account::MAIL).filter(|_| record.unverified().is_none());
    let Some(address) = confirmed.filter(|_| is_on(record, EMAILMEMOS)) else { return };
    for (_, memo) in left(edited) {
        if !core.config.mail.is_sent() || !mail::may_send(core, (Purpose::Memo, address), now) {
            return;
        }
        let letter = mail::letter(record, (Purpose::Memo, address, ""), now);
        let memo = format!("{}\n{}", memo.from, memo.text).into();
        mail::post_aside(core, fx, Letter { memo, ..letter }, now);
    }
}

/// What an edit has left, and which of all memos that is, counted from one.
fn left(edited: &Edited) -> Vec<(usize, Memo<'_>)> {
    let is_new = |key: &str| {
        edited.changed.iter().any(|change| *change.key == *key && change.before.is_none())
    };
    // Most edits are about something else.
    if !edited.changed.iter().any(|change| change.key.starts_with(MEMO)) {
        return Vec::new();
    }
    let numbered = (1..).zip(all(&edited.record));
    numbered.filter(|(_, memo)| is_new(&memo.key)).collect()
}

fn tell(core: &Core, fx: &mut Effects, user: UserId, text: &str, now: Now) {
    render::tell_as(core, fx, (&core.service_mask(crdt::MEMOSERV), user), text, now);
}

const READ: &str = "read";

const UNREAD: &str = "new";
