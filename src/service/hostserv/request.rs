//! HostServ REQUEST.

use super::{fit, write};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        vhost::{self, VHOST, VHOST_ASKED},
    },
    job::Answer,
    network::{UserId, note::Section},
    service::{asked, asks, logged_in, nickserv, told},
    store::Rows,
    time::{Wall, span_text},
    wire::message::Args,
};
use std::time::Duration;

pub const COMMANDS: &[Command] = &[Command {
    name: "REQUEST",
    params: "<host>",
    about: "Asks for a host, which operators then allow or not.",
    help: "Letters, digits and -_:/ can stand in it, and a dot must. An account asks only so often. TAKE shows hosts that you can have at once.\nExample: REQUEST alice.example",
    replies: &[],
    cost: 4,
    run: Run::User(request),
    ..Command::USUAL
}];

/// For how long a request waits for an answer.
const WAITS: Duration = Duration::from_secs(30 * 86_400);

fn request(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    if !ctx.core.config.vhosts.requests {
        ctx.notice("Hosts cannot be asked for here. TAKE shows those that you can have.");
        return Ok(());
    }
    let host = args[0];
    if !fit(ctx, host) {
        return Ok(());
    }
    if vhost::is_forbidden(ctx.core, host) {
        ctx.notice(&format!("{host} is not for everybody; choose another."));
        return Ok(());
    }
    asks(ctx, &[host]);
    nickserv::read(ctx, login.id, found)
}

/// Who has asked before has to wait.
fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let Some(user) = ctx.session().user() else { return Ok(()) };
    let host = asked(ctx).into_iter().next().unwrap_or_default();
    if record.get(VHOST) == Some(&host) {
        ctx.notice(&format!("{host} is the host of your account already. ON shows it."));
        return Ok(());
    }
    let before = record.get(VHOST_ASKED).and_then(|secs| secs.parse::<u64>().ok());
    let interval = ctx.core.config.vhosts.interval;
    let next = before.map(|secs| Wall(secs.saturating_mul(1000)) + interval);
    if let Some(next) = next.filter(|next| *next > ctx.now.wall) {
        let wait = Duration::from_secs(next.secs().saturating_sub(ctx.now.wall.secs()).max(1));
        ctx.notice(&format!(
            "Your account has asked already; it can ask again in {}.",
            span_text(wait)
        ));
        return Ok(());
    }
    let now = ctx.now.wall.secs().to_string();
    asks(ctx, &[&host]);
    write(ctx, user, record.id, &[(VHOST_ASKED, Some(&now))], noted)
}

fn noted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(user) = ctx.session().user() else { return Ok(()) };
    let host = asked(ctx).into_iter().next().unwrap_or_default();
    let Answer::Stored(Ok(Rows::Proposed(edited))) = &answer else {
        told(ctx, &answer, "");
        return Ok(());
    };
    let (id, name) = (edited.record.id.to_string(), edited.record.name().unwrap_or_default());
    let until = Some(ctx.now.wall + WAITS);
    match notes::write(ctx, user, (Section::Request, &id), (&host, name), until) {
        Ok(()) => {
            ctx.notice(&format!("You have asked for the host {host}; operators will answer."));
            let mask = ctx.whois(user).mask();
            let text = format!(
                "{mask} asks for the host {host} for the account {name}: HS ACTIVATE {name}, or HS REJECT {name} <reason>"
            );
            ctx.snotice('a', &text);
        }
        Err(_) => ctx.notice("Too many requests wait for an answer; ask an operator."),
    }
    Ok(())
}
