//! MODE (RFC 2812 §3.1.5, §3.2.3).

use crate::{
    core::{
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run},
        policy,
    },
    network::{
        ChannelId, UserId,
        crdt::Source,
        mode::{self, Kind, Status, Who},
        op::{ModeChange, Op},
    },
    wire::{
        encode, mask,
        message::Args,
        mode::{Arity, Item, format, parse},
        reply,
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "MODE",
    params: "<target> [<modes> [<parameter>]]",
    about: "Shows or changes the modes of a channel, or your own.",
    help: "",
    replies: &[
        reply::UMODE_IS,
        reply::CHANNEL_MODE_IS,
        reply::CREATION_TIME,
        reply::BAN_LIST,
        reply::END_OF_BAN_LIST,
        reply::EXCEPT_LIST,
        reply::END_OF_EXCEPT_LIST,
        reply::INVEX_LIST,
        reply::END_OF_INVEX_LIST,
        reply::NO_SUCH_CHANNEL,
        reply::NO_SUCH_NICK,
        reply::NOT_ON_CHANNEL,
        reply::CHAN_OP_NEEDED,
        reply::USER_NOT_IN_CHANNEL,
        reply::UNKNOWN_MODE,
        reply::UMODE_UNKNOWN_FLAG,
        reply::USERS_DONT_MATCH,
        reply::BAN_LIST_FULL,
        reply::INVALID_KEY,
        reply::INVALID_MODE_PARAM,
    ],
    cost: 1,
    run: Run::User(mode),
}];

/// The longest mask.
const MASK_MAX: usize = 200;

pub(super) fn mode(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if args[0].starts_with('#') {
        channel_mode(ctx, user, &args)
    } else {
        user_mode(ctx, user, &args)
    }
}

fn user_mode(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>) -> Outcome {
    if ctx.user(args[0])? != user {
        return Err(reply::users_dont_match().into());
    }
    let Some(text) = args.given(1) else {
        let modes = ctx.whois(user).modes.to_string();
        ctx.reply(reply::umode_is(&modes));
        return Ok(());
    };
    let mut modes = ctx.whois(user).modes;
    let mut unknown = false;
    for item in parse(text, std::iter::empty(), |letter| {
        mode::USER.iter().find(|row| row.letter == letter).map(|_| Arity::Never)
    }) {
        let Item::Change { add, letter, .. } = item else {
            unknown = true;
            continue;
        };
        let who = mode::USER.iter().find(|row| row.letter == letter).map(|row| row.who);
        match who {
            Some(Who::User) => modes = modes.set(letter, add),
            Some(Who::Drop) if !add => modes = modes.set(letter, false),
            Some(Who::Drop | Who::Server) | None => (),
        }
    }
    if unknown {
        ctx.reply(reply::umode_unknown_flag());
    }
    if modes != ctx.whois(user).modes {
        let from = ctx.session().from;
        let who = ctx.whois(user);
        let host = if modes.contains('x') == who.modes.contains('x') {
            who.host.clone()
        } else if modes.contains('x') {
            ctx.core.cloak.host(from).into()
        } else {
            who.real_host.clone()
        };
        let class = who.class.clone().filter(|_| modes.contains('o'));
        let uid = who.uid;
        ctx.commit(Op::UserModes { uid, modes, host, class });
    }
    Ok(())
}

fn channel_mode(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>) -> Outcome {
    let channel = ctx.channel(args[0])?;
    let Some(text) = args.given(1) else { return show(ctx, user, channel) };
    let arity = |letter| match mode::kind(letter)? {
        Kind::List => Some(Arity::List),
        Kind::Key | Kind::Status => Some(Arity::Always),
        Kind::Value => Some(Arity::WhenSet),
        Kind::Flag => Some(Arity::Never),
    };
    let items = parse(text, args.iter().skip(2), arity);
    let most = ctx.core.config.limits.modes;
    let (mut changes, mut params) = (Vec::new(), 0);
    let mut refused = false;
    for item in items {
        let change = match item {
            Item::Query(letter) => {
                list(ctx, user, channel, letter)?;
                continue;
            }
            Item::Unknown(letter) => {
                ctx.reply(reply::unknown_mode(letter));
                continue;
            }
            Item::Missing(letter) => {
                ctx.reply(reply::invalid_mode_param(
                    args[0],
                    letter,
                    "*",
                    "You must give a parameter",
                ));
                continue;
            }
            Item::Change { add, letter, param } => {
                params += usize::from(param.is_some());
                if params > most || changes.len() >= 4 * most {
                    break;
                }
                change(ctx, user, channel, (add, letter, param), &changes)
            }
        };
        match change {
            Ok(change) => changes.extend(change),
            // That one is no operator is said once.
            Err(Reject::Reply(reply)) if reply.code == reply::CHAN_OP_NEEDED => {
                if !std::mem::replace(&mut refused, true) {
                    ctx.reply(reply);
                }
            }
            Err(reject) => ctx.refuse(reject),
        }
    }
    if !changes.is_empty() {
        let record = ctx.network().channel(channel);
        let (name, epoch, by) =
            (record.name.clone(), record.epoch, Source::User(ctx.whois(user).uid));
        ctx.commit(Op::Mode { name, epoch, by, changes });
    }
    Ok(())
}

fn show(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId) -> Outcome {
    let record = ctx.network().channel(channel);
    let inside = ctx.network().status(channel, user).is_some();
    let flags = record.flags().letters().map(|letter| (true, letter, None));
    let values = ['k', 'l']
        .into_iter()
        .filter_map(|letter| record.value(letter).map(|value| (letter, value)));
    let values = values.map(|(letter, value)| {
        (true, letter, Some(if letter == 'k' && !inside { "*" } else { value }))
    });
    let modes = format(flags.chain(values));
    let (name, founded) = (record.name.to_string(), record.epoch.at.wall().secs());
    ctx.reply(reply::channel_mode_is(&name, if modes.is_empty() { "+" } else { &modes }));
    ctx.reply(reply::creation_time(&name, founded));
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId, letter: char) -> Outcome {
    // Who is banned is for all to see; who is excepted only for operators.
    if letter != 'b' {
        policy::require(ctx, channel, user, Status::HALFOP)?;
    }
    let record = ctx.network().channel(channel);
    let name = record.name.to_string();
    let masks: Vec<_> = record
        .masks(letter)
        .map(|mask| (mask.mask.clone(), mask.setter.clone(), mask.at.wall().secs()))
        .collect();
    for (mask, setter, at) in masks {
        ctx.reply(match letter {
            'e' => reply::except_list(&name, &mask, &setter, at),
            'I' => reply::invex_list(&name, &mask, &setter, at),
            _ => reply::ban_list(&name, &mask, &setter, at),
        });
    }
    ctx.reply(match letter {
        'e' => reply::end_of_except_list(&name),
        'I' => reply::end_of_invex_list(&name),
        _ => reply::end_of_ban_list(&name),
    });
    Ok(())
}

/// One change, if it is allowed and is one.
fn change(
    ctx: &mut Ctx<'_>,
    user: UserId,
    channel: ChannelId,
    (add, letter, param): (bool, char, Option<&str>),
    before: &[ModeChange],
) -> Result<Option<ModeChange>, Reject> {
    let kind = mode::kind(letter);
    // What it takes to change a status depends on whose; the rest takes a half-operator.
    if kind == Some(Kind::Status) {
        policy::member(ctx, channel, user)?;
    } else {
        policy::require(ctx, channel, user, Status::HALFOP)?;
    }
    let name = ctx.network().channel(channel).name.to_string();
    let param = param.unwrap_or_default();
    match kind {
        Some(Kind::Flag) => Ok((ctx.network().channel(channel).has(letter) != add)
            .then_some(ModeChange::Flag { letter, on: add })),
        Some(Kind::Key | Kind::Value) => value(ctx, channel, &name, (add, letter, param)),
        Some(Kind::List) => Ok(masks(ctx, user, channel, &name, (add, letter, param), before)?),
        Some(Kind::Status) => status(ctx, user, channel, &name, (add, letter, param)),
        None => Ok(None),
    }
}

fn value(
    ctx: &Ctx<'_>,
    channel: ChannelId,
    name: &str,
    (add, letter, param): (bool, char, &str),
) -> Result<Option<ModeChange>, Reject> {
    let set = ctx.network().channel(channel).value(letter);
    if !add {
        return Ok(set.map(|_| ModeChange::Value { letter, value: None }));
    }
    let value = if letter == 'k' {
        let bad = param.len() > ctx.core.config.limits.key || param.contains([',', ' ', ':']);
        if bad {
            return Err(reply::invalid_key(name).into());
        }
        param.to_owned()
    } else {
        match param.parse::<u32>() {
            Ok(limit @ 1..) => limit.to_string(),
            Ok(0) | Err(_) => {
                return Err(reply::invalid_mode_param(
                    name,
                    letter,
                    param,
                    "The limit must be a number above 0",
                )
                .into());
            }
        }
    };
    Ok((set != Some(value.as_str()))
        .then(|| ModeChange::Value { letter, value: Some(value.into()) }))
}

fn masks(
    ctx: &Ctx<'_>,
    user: UserId,
    channel: ChannelId,
    name: &str,
    (add, letter, param): (bool, char, &str),
    before: &[ModeChange],
) -> Result<Option<ModeChange>, Reject> {
    let text = encode::head(param, MASK_MAX);
    let canonical = mask::canonical(text, ctx.network().casemap());
    let record = ctx.network().channel(channel);
    let added: Vec<_> = record
        .all_masks(letter)
        .filter(|mask| *mask.canonical == *canonical)
        .map(|mask| mask.at)
        .collect();
    if !add {
        let shown = record
            .masks(letter)
            .find(|mask| *mask.canonical == *canonical)
            .map(|mask| mask.mask.clone());
        return Ok(shown.map(|mask| ModeChange::Remove { letter, mask, added }));
    }
    if !added.is_empty() {
        return Ok(None);
    }
    let more = before.iter().filter(|change| matches!(change, ModeChange::Add { .. })).count();
    let full =
        mode::letters(Kind::List).chars().map(|letter| record.masks(letter).count()).sum::<usize>()
            + more;
    if full >= ctx.core.config.limits.list_entries {
        return Err(reply::ban_list_full(name, letter).into());
    }
    let mask = if text.contains(['!', '@']) { text.into() } else { mask::complete(text).into() };
    Ok(Some(ModeChange::Add { letter, mask, setter: ctx.whois(user).mask().into() }))
}

fn status(
    ctx: &Ctx<'_>,
    user: UserId,
    channel: ChannelId,
    name: &str,
    (add, letter, nick): (bool, char, &str),
) -> Result<Option<ModeChange>, Reject> {
    let target = ctx.user(nick)?;
    let Some(member) = ctx.network().channel(channel).member(target) else {
        return Err(reply::user_not_in_channel(nick, name).into());
    };
    let mine = policy::member(ctx, channel, user)?;
    // One may always give up what one has.
    let own = user == target && !add;
    if !own
        && !(mine.at_least(policy::grants(letter))
            && (add || policy::outranks(mine, member.status)))
    {
        return Err(reply::chan_op_needed(name).into());
    }
    let status = Status::of(letter).unwrap_or_default();
    let (uid, joined) = (ctx.whois(target).uid, member.joined);
    Ok((member.status.contains(status) != add).then_some(ModeChange::Status {
        letter,
        on: add,
        uid,
        joined,
    }))
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn modes_are_set_shown_and_refused() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a
            alice < :s1.test 324 alice #a +nt
            bob   > MODE #a +ms
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > MODE #a +mk-t sesame
            bob   < :alice!~alice@alice.test MODE #a +mk-t sesame
            carol > MODE #a
            carol < :s1.test 324 carol #a +mnk *
            alice > MODE #a +l x
            alice < :s1.test 696 alice #a l x :The limit must be a number above 0
            alice > MODE #a +Y
            alice < :s1.test 472 alice Y :is unknown mode char to me
            alice > MODE #a +o nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > MODE #a +o carol
            alice < :s1.test 441 alice carol #a :They aren't on that channel
            alice > MODE #a +o
            alice < :s1.test 696 alice #a o * :You must give a parameter
            alice > MODE #a -k sesame
            bob   < :alice!~alice@alice.test MODE #a -k sesame
            alice > MODE #none +m
            alice < :s1.test 403 alice #none :No such channel
            ",
        );
    }

    #[test]
    fn lists_are_kept_and_shown_as_entered() {
        check(
            r"
            config limits.list_entries 2
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +bb evil *!*@Bad.test
            bob   < :alice!~alice@alice.test MODE #a +bb evil!*@* *!*@Bad.test
            bob   > MODE #a b
            bob   <~ :s1.test 367 bob #a evil!*@* alice!~alice@alice.test *
            bob   <~ :s1.test 367 bob #a *!*@Bad.test alice!~alice@alice.test *
            bob   < :s1.test 368 bob #a :End of channel ban list
            alice > MODE #a +e x
            alice < :s1.test 478 alice #a e :Channel list is full
            alice > MODE #a -b EVIL!*@*
            bob   < :alice!~alice@alice.test MODE #a -b evil!*@*
            bob   > MODE #a e
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > MODE #a I
            alice < :s1.test 347 alice #a :End of channel invite exception list
            ",
        );
    }

    #[test]
    fn another_host_is_told_or_shown_as_coming_again() {
        check(
            r"
            bob   > CAP REQ chghost
            alice > JOIN #a
            bob   > JOIN #a
            carol > JOIN #a
            alice > MODE alice +x
            bob   <~ :alice!~alice@alice.test CHGHOST ~alice *.ip
            bob   > PING x
            bob   <! QUIT
            carol < :alice!~alice@alice.test QUIT :Changing host
            carol <~ :alice!~alice@*.ip JOIN #a
            carol < :s1.test MODE #a +o alice
            alice <! QUIT
            alice <~ :s1.test 396 alice *.ip :is now your displayed host
            ",
        );
    }

    #[test]
    fn ranks_give_what_is_below_them() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            carol > JOIN #a
            alice > MODE #a +h bob
            bob   > MODE #a +v carol
            carol < :bob!~bob@bob.test MODE #a +v carol
            bob   > MODE #a +o carol
            bob   < :s1.test 482 bob #a :You're not channel operator
            bob   > MODE #a -o alice
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > MODE #a +q alice
            alice < :s1.test 482 alice #a :You're not channel operator
            alice > MODE #a -o alice
            bob   < :alice!~alice@alice.test MODE #a -o alice
            ",
        );
    }

    #[test]
    fn users_change_what_is_theirs() {
        check(
            r"
            alice > MODE alice
            alice < :s1.test 221 alice +
            alice > MODE alice +iZo
            alice < :alice!~alice@alice.test MODE alice :+i
            alice > MODE alice +5
            alice < :s1.test 501 alice :Unknown MODE flag
            bob   > MODE alice +i
            bob   < :s1.test 502 bob :Can't change mode for other users
            bob   > MODE nobody
            bob   < :s1.test 401 bob nobody :No such nick/channel
            ",
        );
    }

    #[test]
    fn both_sides_changes_survive_a_split() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            alice   > MODE #a +o bob
            split 1 | 2
            alice   > MODE #a +m
            alice   > MODE #a +b x!*@*
            bob     > MODE #a +s
            bob     > MODE #a +b y!*@*
            heal
            bob     < :alice!~alice@alice.test MODE #a +b x!*@*
            alice   < :bob!~bob@bob.test MODE #a +s
            same
            alice   > MODE #a
            alice   < :s1.test 324 alice #a +mnst
            ",
        );
    }
}
