//! Messages: what PRIVMSG, NOTICE and TAGMSG have in common.

use crate::{
    core::{
        callerid,
        ctx::{Ctx, Outcome, Reject},
        defcon, filters, multiline, policy, speech,
    },
    network::{
        UserId,
        filter::Place,
        mode::Status,
        op::{Guise, Message, MessageKind, Op, Target},
    },
    service::{self, Service},
    wire::{cap, message, reply},
};
use std::borrow::Cow;

/// Sends a message to each of its targets.
pub fn send(
    ctx: &mut Ctx<'_>,
    user: UserId,
    line: &message::Message<'_>,
    kind: MessageKind,
) -> Outcome {
    ctx.touch(user);
    let text = line.args.get(1).unwrap_or_default();
    let empty = text.is_empty() && kind != MessageKind::Tagmsg;
    let refused = match (line.args.is_empty(), empty) {
        (true, _) => Some(reply::no_recipient(kind.verb())),
        (false, true) => Some(reply::no_text_to_send()),
        (false, false) => None,
    };
    if let Some(refused) = refused {
        // A NOTICE is never answered (RFC 2812 §3.3.2).
        return if kind == MessageKind::Notice { Ok(()) } else { Err(refused.into()) };
    }
    let tags = line.tags.client_only(&ctx.core.config.server.client_tags_denied);
    // Of a TAGMSG with nothing but what is denied there is nothing to tell.
    if kind == MessageKind::Tagmsg && tags.is_empty() && line.tags.has_client_only() {
        return Ok(());
    }
    // A CR can stand inside of a line from a client, but not in one that is passed on.
    let text = without_cr(text);
    let most = ctx.core.config.limits.targets;
    let alone = line.args.list(0).nth(1).is_none();
    for target in line.args.list(0).take(most) {
        // What a service is asked may take steps, of which a session goes one at a time.
        if !alone && kind == MessageKind::Privmsg && service::find(target).is_some() {
            return Err(reply::too_many_targets(target).into());
        }
        let sent = one(ctx, user, target, kind, (&text, &tags));
        if ctx.session().closing {
            return Ok(());
        }
        match sent {
            Ok(()) if alone && kind == MessageKind::Privmsg => {
                return service::obey(ctx, user, target, &text);
            }
            Ok(()) => (),
            Err(refused) => ctx.refuse(refused),
        }
    }
    match line.args.list(0).nth(most) {
        Some(target) if kind != MessageKind::Notice => Err(reply::too_many_targets(target).into()),
        Some(_) | None => Ok(()),
    }
}

fn without_cr(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace('\r', "").into() } else { text.into() }
}

/// Sends a message, with its client-only tags, to one target.
pub fn one(
    ctx: &mut Ctx<'_>,
    user: UserId,
    target: &str,
    kind: MessageKind,
    (text, tags): (&str, &str),
) -> Outcome {
    if let Some(service) = service::find(target) {
        return to_service(ctx, user, service, kind, text);
    }
    let found = find(ctx, user, target, kind, text);
    match found.and_then(|(to, text)| filtered(ctx, user, target, text, to)) {
        // A filter may have ended the connection.
        _ if ctx.session().closing => Ok(()),
        Ok((to, text)) => {
            let (from, text, tags) = (ctx.whois(user).uid, text.into(), tags.into());
            ctx.commit(Op::Message(Box::new(Message { from, to, kind, text, tags, guise: None })));
            Ok(())
        }
        Err(_) if kind == MessageKind::Notice => Ok(()),
        Err(refused) => Err(refused),
    }
}

/// What is said to a service is heard by it alone, and seen by the session that said it.
fn to_service(
    ctx: &mut Ctx<'_>,
    user: UserId,
    service: &'static Service,
    kind: MessageKind,
    text: &str,
) -> Outcome {
    if kind == MessageKind::Tagmsg {
        return Ok(());
    }
    if ctx.session().caps.contains(cap::ECHO_MESSAGE) {
        let mask = ctx.whois(user).mask();
        ctx.raw_as(&mask, kind.verb(), &[service.name], text);
    }
    match kind {
        MessageKind::Privmsg => service::hear(ctx, user, service, text),
        // A NOTICE is never answered (RFC 2812 §3.3.2).
        MessageKind::Notice | MessageKind::Tagmsg => Ok(()),
    }
}

/// Says something in a channel or to a user under another name.
pub fn say_as(
    ctx: &mut Ctx<'_>,
    user: UserId,
    (target, text): (&str, &str),
    guise: Guise,
) -> Outcome {
    let (kind, text) = (MessageKind::Privmsg, &*without_cr(text));
    let found = find(ctx, user, target, kind, text);
    let found = found.and_then(|(to, text)| filtered(ctx, user, target, text, to));
    // A filter may have ended the connection.
    if ctx.session().closing {
        return Ok(());
    }
    let ((to, text), from) = (found?, ctx.whois(user).uid);
    let (text, guise) = (text.into(), Some(Box::new(guise)));
    let message = Message { from, to, kind, text, tags: Box::default(), guise };
    ctx.commit(Op::Message(Box::new(message)));
    Ok(())
}

/// The target and the words, unless a content filter touches them.
fn filtered<'a>(
    ctx: &mut Ctx<'_>,
    user: UserId,
    shown: &str,
    text: Cow<'a, str>,
    to: Target,
) -> Result<(Target, Cow<'a, str>), Reject> {
    for line in multiline::parts(&without_cr(&text)) {
        match &to {
            Target::Channel { .. } | Target::Moderated(_) => {
                filters::check(ctx, user, Place::Channel, line)
                    .map_err(|why| reply::cannot_send_to_chan(shown, &why))?
            }
            Target::User(_) => filters::check(ctx, user, Place::Private, line)
                .map_err(|why| reply::cannot_send_to_user(shown, &why))?,
        }
    }
    Ok((to, text))
}

fn find<'a>(
    ctx: &mut Ctx<'_>,
    user: UserId,
    target: &str,
    kind: MessageKind,
    text: &'a str,
) -> Result<(Target, Cow<'a, str>), Reject> {
    let name = target.trim_start_matches(|c| Status::of_prefix(c).is_some());
    if !name.starts_with('#') {
        return Ok((find_user(ctx, user, target, kind, text)?, Cow::Borrowed(text)));
    }
    let no_channel = || reply::no_such_channel(name);
    let channel = ctx.find_channel(name).ok_or_else(no_channel)?;
    // Of several prefixes the lowest counts: who has it is meant, and whoever is above.
    let prefixes = target.chars().take_while(|c| *c != '#');
    let prefix = prefixes
        .filter_map(|c| Status::of_prefix(c).map(|status| (status, c)))
        .min()
        .map(|least| least.1);
    // Words may enter a channel that does not show itself, but if they may not, it stays unseen.
    let hidden = !policy::sees(ctx, user, channel);
    let checked = speech::check(ctx, user, channel, kind, text);
    let speech = checked.map_err(|why| if hidden { no_channel().into() } else { why })?;
    policy::appear(ctx, user, channel);
    let name = ctx.network().channel(channel).name.clone();
    let to = if speech.moderated && prefix.is_none() {
        Target::Moderated(name)
    } else {
        Target::Channel { name, prefix }
    };
    Ok((to, speech.text))
}

fn find_user(
    ctx: &mut Ctx<'_>,
    user: UserId,
    nick: &str,
    kind: MessageKind,
    text: &str,
) -> Result<Target, Reject> {
    let target = ctx.user(nick)?;
    if let Some(why) = policy::unwanted(ctx, user, target, text) {
        return Err(why);
    }
    defcon::private(ctx, user, target)?;
    if kind == MessageKind::Privmsg && !callerid::accepts(ctx.core, target, user) {
        let refused = reply::target_umode_g(nick);
        if callerid::inform(ctx.core, ctx.fx, target, user, ctx.now) {
            ctx.reply(refused);
            return Err(reply::target_notify(nick).into());
        }
        return Err(refused.into());
    }
    if let Some(message) =
        ctx.whois(target).away.clone().filter(|_| kind == MessageKind::Privmsg && user != target)
    {
        ctx.reply(reply::away(nick, &message));
    }
    callerid::hear_back(ctx.core, user, target);
    Ok(Target::User(ctx.whois(target).uid))
}
