//! What users and channels tell of themselves is changed: SET and CLEAR of METADATA (`ircv3: metadata`).

use super::metadata::{Aim, all, invalid_key, value};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        filters,
        metadata::{close, is_second, open},
        oper::Priv,
    },
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
    let second = is_second(ctx.session());
    if new.is_none() && second && value(ctx, aim, key).is_none() {
        return Err(fail::metadata_key_not_set(&aim.name, key).into());
    }
    if new.is_some_and(|new| new.len() > ctx.core.config.limits.metadata_value) {
        return Err(invalid_value(ctx, key).into());
    }
    if new.is_some() && !has_room(ctx, aim, key) {
        return Err(if second {
            fail::metadata_limit_reached(&aim.name).into()
        } else {
            fail::metadata_limit_reached_by(&aim.name, "SET").into()
        });
    }
    slow(ctx, aim, key, new)?;
    if let (Some(user), Some(new)) = (ctx.session().user(), new) {
        if filters::check(ctx, user, Place::Topic, new).is_err() {
            let refused = invalid_value(ctx, key);
            return if ctx.session().closing { Ok(()) } else { Err(refused.into()) };
        }
    }
    write(ctx, aim, key, new);
    ctx.reply(match new {
        Some(new) => reply::key_value(&aim.name, key, new),
        None => reply::key_not_set(&aim.name, key),
    });
    Ok(())
}

/// Takes all keys away.
pub fn clear(ctx: &mut Ctx<'_>, aim: &Aim, _args: &Args<'_>) -> Outcome {
    if !may_change(ctx, aim) {
        return Err(fail::metadata_key_no_permission(&aim.name, "*").into());
    }
    slow(ctx, aim, "*", None)?;
    let batch = open(ctx.core, ctx.fx, ctx.conn, ("metadata", Some(&aim.name)), ctx.now);
    for (key, _) in all(ctx, aim) {
        write(ctx, aim, &key, None);
        ctx.reply_in(batch.as_deref(), reply::key_not_set(&aim.name, &key));
    }
    close(ctx.core, ctx.fx, ctx.conn, batch.as_deref(), ctx.now);
    Ok(())
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
    match aim.of {
        Some(of) => ctx.network().metadata(of).is_some_and(|metadata| metadata.has_room(key, most)),
        None => ctx
            .session_mut()
            .registration()
            .is_some_and(|new| new.metadata.contains_key(key) || new.metadata.len() < most),
    }
}

fn write(ctx: &mut Ctx<'_>, aim: &Aim, key: &str, new: Option<&str>) {
    let Some((of, user)) = aim.of.zip(ctx.session().user()) else {
        if let Some(registration) = ctx.session_mut().registration() {
            match new {
                Some(new) => registration.metadata.insert(key.into(), new.into()),
                None => registration.metadata.remove(key),
            };
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
