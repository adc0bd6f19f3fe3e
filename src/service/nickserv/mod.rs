//! NickServ: accounts, and the nicks that belong to them.

mod ajoin;
mod cert;
mod clients;
mod export;
mod ghost;
mod glist;
mod group;
mod identify;
mod info;
mod list;
mod listchans;
mod logout;
mod mark;
mod passwd;
mod regain;
mod register;
mod release;
mod rename;
mod resend;
mod resetpass;
mod saregister;
mod second;
mod sendpass;
mod set;
mod suspend;
mod ungroup;
mod unregister;
mod verify;
mod verifyemail;

use super::{Service, account as named, asked, asks, told};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::Table,
        registry, verification,
    },
    job::{Answer, Job},
    network::{UserId, crdt},
    registry::{Edit, Kind, Login, Record, RecordId, What},
    store::{Find, Purpose, Query, Rows},
    wire::name::Nick,
};

/// The service.
pub static SERVICE: Service = Service {
    name: crdt::NICKSERV,
    alias: "NS",
    about: "Accounts, and the nicks that belong to them.",
    table: Table {
        commands: &[
            second::COMMANDS,
            ajoin::COMMANDS,
            cert::COMMANDS,
            clients::COMMANDS,
            unregister::DELETE_ME,
            unregister::DROP,
            unregister::ERASE,
            export::COMMANDS,
            verify::FVERIFY,
            set::GET,
            ghost::COMMANDS,
            glist::COMMANDS,
            group::COMMANDS,
            mark::HOLD,
            identify::COMMANDS,
            info::COMMANDS,
            list::COMMANDS,
            listchans::COMMANDS,
            logout::COMMANDS,
            mark::MARK,
            passwd::PASSWD,
            ghost::RECOVER,
            regain::COMMANDS,
            register::COMMANDS,
            release::COMMANDS,
            rename::COMMANDS,
            resend::COMMANDS,
            resetpass::COMMANDS,
            unregister::SADROP,
            set::SAGET,
            saregister::COMMANDS,
            set::SASET,
            verify::SAVERIFY,
            sendpass::COMMANDS,
            clients::SESSIONS,
            set::SET,
            passwd::SETPASS,
            suspend::COMMANDS,
            ungroup::COMMANDS,
            unregister::COMMANDS,
            verify::COMMANDS,
            verifyemail::COMMANDS,
        ],
    },
};

/// The account that a user is logged in to; who is not is told how to be.
fn login(ctx: &mut Ctx<'_>, user: UserId) -> Option<Login> {
    let login = ctx.whois(user).login.as_deref().cloned();
    if login.is_none() {
        ctx.notice("You are not logged in. IDENTIFY <account> <password> logs you in, REGISTER <password> makes an account of your nick.");
    }
    login
}

/// Has the store write fields of the user's own account.
pub(super) fn write(
    ctx: &mut Ctx<'_>,
    user: UserId,
    id: RecordId,
    what: What,
    then: fn(&mut Ctx<'_>, Answer) -> Outcome,
) -> Outcome {
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = ctx.whois(user).mask().into();
    registry::propose(ctx, Edit { id, kind: Kind::Account, at, by, what }, then);
    Ok(())
}

/// Reads the record of an account by its id.
pub(super) fn read(
    ctx: &mut Ctx<'_>,
    id: RecordId,
    then: fn(&mut Ctx<'_>, Answer) -> Outcome,
) -> Outcome {
    ctx.defer(Job::Store(Query::Find(Find::Id(id))), then);
    Ok(())
}

/// The record that was read; if there is none, that is told.
pub(super) fn record(ctx: &mut Ctx<'_>, answer: Answer) -> Option<Box<Record>> {
    match answer {
        Answer::Stored(Ok(Rows::Record(Some(record)))) => Some(record),
        _ => {
            unavailable(ctx);
            None
        }
    }
}

/// Tells the other operators what one of them does with an account.
fn announce(ctx: &mut Ctx<'_>, user: UserId, what: &str) {
    let text = format!("{} {what}", ctx.whois(user).mask());
    ctx.snotice('o', &text);
}

/// The name of the account that has been written to, if it has been.
fn edited_name(answer: &Answer) -> String {
    match answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => edited.record.name().unwrap_or_default(),
        _ => "",
    }
    .to_owned()
}

/// The account that was asked for, as its id was noted.
fn asked_account(ctx: &mut Ctx<'_>) -> Option<RecordId> {
    asked(ctx).first().and_then(|id| RecordId::parse(id))
}

/// The field of the note that operators have written down about an account.
const MARK: &str = "mark";

/// Whether mail is sent at all; if not, that is told.
fn sends_mail(ctx: &mut Ctx<'_>) -> bool {
    let sends = ctx.core.config.mail.is_sent();
    if !sends {
        ctx.notice("This network sends no mail; ask those who run it.");
    }
    sends
}

/// Has a code mailed to an account, if there is one of that name that it is for, which nobody is told. If none
/// can be asked for, that is told.
fn asks_for_mail(ctx: &mut Ctx<'_>, name: &str, purpose: Purpose) -> bool {
    if !sends_mail(ctx) {
        return false;
    }
    let nick = Nick::lookup(name, ctx.network().casemap());
    let asked = nick.is_none_or(|nick| verification::ask_for(ctx, &nick, purpose));
    if !asked {
        ctx.notice(TOO_OFTEN);
    }
    asked
}

/// What is told to somebody who has tried something too often.
const TOO_OFTEN: &str = "Too many attempts. Wait a minute and try again.";

pub(super) fn unavailable(ctx: &mut Ctx<'_>) {
    ctx.notice("Accounts cannot be reached now. Nothing has been changed; please try again later.");
}
