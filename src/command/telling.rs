//! What users and channels tell of themselves is changed: SET and CLEAR of METADATA (`ircv3: metadata`).

use super::metadata::{Aim, all, invalid_key, value};
use crate::{
    core::{
        ctx::{Ctx, Outcome, asked, asks},
        filters,
        metadata::{
            account::{self, Refusal},
            close, is_second, open,
        },
        oper::Priv,
    },
    job::Answer,
    network::{
        UserId,
        crdt::Source,
        filter::Place,
        metadata::{Holder, is_key},
        mode::Status,
        op::{Op, Subject},
    },
    wire::{
        fail::{self, Standard},
        message::Args,
        reply,
    },
};

/// Sets a key, or takes it away.
pub fn set(ctx: &mut Ctx<'_>, aim: &Aim, args: &Args<'_>) -> Outcome {
    let (key, new) = (args[2], args.get(3));
    if !is_key(key) {
        return Err(invalid_key(ctx, key).into());
    }
    if !may_change(ctx, aim) {
        return Err(fail::metadata_key_no_permission(&aim.name, key).into());
    }
    if new.is_none() && is_second(ctx.session()) && value(ctx, aim, key).is_none() {
        return Err(fail::metadata_key_not_set(&aim.name, key).into());
    }
    if new.is_some_and(|new| new.len() > ctx.core.config.limits.metadata_value) {
        return Err(invalid_value(ctx, key).into());
    }
    if new.is_some() && !has_room(ctx, aim, key) {
        return Err(limit_reached(ctx, &aim.name).into());
    }
    slow(ctx, aim, key, new)?;
    if let (Some(user), Some(new)) = (ctx.session().user(), new) {
        if filters::check(ctx, user, Place::Topic, new).is_err() {
            let refused = invalid_value(ctx, key);
            return if ctx.session().closing { Ok(()) } else { Err(refused.into()) };
        }
    }
    if let Some(user) = logged_in(ctx, aim) {
        let words: Vec<&str> = [&*aim.name, key].into_iter().chain(new).collect();
        asks(ctx, &words);
        account::propose(ctx, user, [(key.into(), new.map(Into::into))], kept);
        return Ok(());
    }
    write(ctx, aim, key, new);
    told(ctx, &aim.name, (key, new));
    Ok(())
}

/// The account of the target tells it from now on, or cannot.
fn kept(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let words = asked(ctx);
    let [name, key, value @ ..] = words.as_slice() else { return Ok(()) };
    match account::proposed(ctx, name, &answer) {
        Ok(()) => {
            told(ctx, name, (key, value.first().map(|value| &**value)));
            Ok(())
        }
        Err(Refusal::Full) => Err(limit_reached(ctx, name).into()),
        Err(Refusal::Unavailable) => Err(fail::metadata_temporarily_unavailable(name, key).into()),
    }
}

fn told(ctx: &mut Ctx<'_>, name: &str, (key, value): (&str, Option<&str>)) {
    ctx.reply(match value {
        Some(value) => reply::key_value(name, key, value),
        None => reply::key_not_set(name, key),
    });
}

/// That there are as many keys as there may be, as the client's version says it.
fn limit_reached(ctx: &Ctx<'_>, name: &str) -> Standard {
    match is_second(ctx.session()) {
        true => fail::metadata_limit_reached(name),
        false => fail::metadata_limit_reached_by(name, "SET"),
    }
}

/// Takes all keys away.
pub fn clear(ctx: &mut Ctx<'_>, aim: &Aim, _args: &Args<'_>) -> Outcome {
    if !may_change(ctx, aim) {
        return Err(fail::metadata_key_no_permission(&aim.name, "*").into());
    }
    slow(ctx, aim, "*", None)?;
    let keys: Vec<Box<str>> = all(ctx, aim).into_iter().map(|(key, _)| key).collect();
    if let Some(user) = logged_in(ctx, aim).filter(|_| !keys.is_empty()) {
        let words: Vec<&str> =
            [&*aim.name].into_iter().chain(keys.iter().map(|key| &**key)).collect();
        asks(ctx, &words);
        account::propose(ctx, user, keys.into_iter().map(|key| (key, None)), cleared);
        return Ok(());
    }
    keys.iter().for_each(|key| write(ctx, aim, key, None));
    gone(ctx, &aim.name, &keys);
    Ok(())
}

/// The account of the target tells nothing from now on, or what it told.
fn cleared(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let words = asked(ctx);
    let [name, keys @ ..] = words.as_slice() else { return Ok(()) };
    if account::proposed(ctx, name, &answer).is_err() {
        return Err(fail::metadata_temporarily_unavailable(name, "*").into());
    }
    gone(ctx, name, keys);
    Ok(())
}

fn gone<T: AsRef<str>>(ctx: &mut Ctx<'_>, name: &str, keys: &[T]) {
    let batch = open(ctx.core, ctx.fx, ctx.conn, ("metadata", Some(name)), ctx.now);
    for key in keys {
        ctx.reply_in(batch.as_deref(), reply::key_not_set(name, key.as_ref()));
    }
    close(ctx.core, ctx.fx, ctx.conn, batch.as_deref(), ctx.now);
}

/// The user whose metadata is their account's, since they are logged in. That of another server's is written to
/// the account by that server, once it has heard of the change.
fn logged_in(ctx: &Ctx<'_>, aim: &Aim) -> Option<UserId> {
    let Some(Holder::User(user)) = aim.of else { return None };
    let here = ctx.core.locals.get(user).is_some();
    (here && ctx.whois(user).login.is_some()).then_some(user)
}

/// Whether the client may change what is told there.
pub fn may_change(ctx: &Ctx<'_>, aim: &Aim) -> bool {
    let Some(user) = ctx.session().user() else { return true };
    let privilege = match aim.of {
        Some(Holder::Channel(_)) => Priv::Channels,
        Some(Holder::User(_)) | None => Priv::Identity,
    };
    is_theirs(ctx, user, aim) || ctx.may(user, privilege)
}

/// Whether it is one's own, or that of a channel of which one is an operator.
pub fn is_theirs(ctx: &Ctx<'_>, user: UserId, aim: &Aim) -> bool {
    match aim.of {
        Some(Holder::User(other)) => other == user,
        Some(Holder::Channel(channel)) => {
            let status = ctx.network().status(channel, user);
            status.is_some_and(|status| status.at_least(Status::OP))
        }
        None => true,
    }
}

/// That the user does not change metadata too often.
fn slow(ctx: &mut Ctx<'_>, aim: &Aim, key: &str, new: Option<&str>) -> Outcome {
    let Some(user) = ctx.session().user() else { return Ok(()) };
    let limits = &ctx.core.config.limits;
    let (burst, interval, now) = (limits.metadata_burst, limits.metadata_interval, ctx.now.mono);
    let Some(local) = ctx.core.locals.get_mut(user) else { return Ok(()) };
    let Err(wait) = local.changes.take(burst, interval, now) else { return Ok(()) };
    let secs = wait.as_secs() + 1;
    Err(if is_second(ctx.session()) {
        fail::metadata_rate_limited(&aim.name, key, &secs.to_string()).into()
    } else {
        reply::metadata_rate_limit(&aim.name, key, secs, new.unwrap_or_default()).into()
    })
}

fn has_room(ctx: &mut Ctx<'_>, aim: &Aim, key: &str) -> bool {
    let most = ctx.core.config.limits.metadata_keys;
    if let Some(Holder::Channel(channel)) = aim.of {
        let at = ctx.core.clock.tick(ctx.now.wall);
        let registration = ctx.core.registration_of(channel);
        if registration.is_some_and(|known| !known.has_room_for(key, at)) {
            return false;
        }
    }
    match aim.of {
        Some(of) => ctx.network().metadata(of).is_some_and(|metadata| metadata.has_room(key, most)),
        None => ctx
            .session_mut()
            .registration()
            .is_some_and(|new| new.metadata.get(key).is_some() || new.metadata.all().len() < most),
    }
}

fn write(ctx: &mut Ctx<'_>, aim: &Aim, key: &str, new: Option<&str>) {
    let Some((of, user)) = aim.of.zip(ctx.session().user()) else {
        if let Some(registration) = ctx.session_mut().registration() {
            registration.metadata.set(key, new);
        }
        return;
    };
    let of = subject(ctx, of);
    let by = Source::User(ctx.whois(user).uid);
    ctx.commit(Op::Metadata { by, of, key: key.into(), value: new.map(Into::into) });
}

fn subject(ctx: &Ctx<'_>, of: Holder) -> Subject {
    match of {
        Holder::User(user) => Subject::User(ctx.whois(user).uid),
        Holder::Channel(channel) => {
            let record = ctx.network().channel(channel);
            Subject::Channel(record.name.clone(), record.epoch)
        }
    }
}

fn invalid_value(ctx: &Ctx<'_>, key: &str) -> Standard {
    if is_second(ctx.session()) {
        fail::metadata_value_invalid()
    } else {
        fail::metadata_invalid_value(key)
    }
}
