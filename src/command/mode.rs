//! MODE (RFC 2812 §3.1.5, §3.2.3).

use super::{modelist, usermode};
use crate::{
    core::{
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run},
        policy,
        registered::access,
    },
    network::{
        ChannelId, UserId,
        crdt::Source,
        mode::{self, By, Kind, Status},
        op::{ModeChange, Op},
    },
    wire::{
        message::Args,
        mode::{Arity, Item, format, parse},
        reply,
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "MODE",
    params: "<target> [<modes> [<parameter>]]",
    about: "Shows or changes the modes of a channel, or your own.",
    help: "Without modes, shows those that are set. A list mode without a parameter (MODE #channel +b) shows the list. HELP CMODES, UMODES, EXTBANS and SNOMASKS list what there is.\nExample: MODE #dev +b *!*@*.example.org",
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
        reply::QUIET_LIST,
        reply::END_OF_QUIET_LIST,
        reply::FILTER_LIST,
        reply::END_OF_FILTER_LIST,
        reply::ALL_MUST_USE_TLS,
        reply::MLOCK_RESTRICTED,
        reply::SNOMASK,
    ],
    cost: 1,
    run: Run::User(mode),
    ..Command::USUAL
}];

pub(super) fn mode(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if args[0].starts_with('#') {
        channel_mode(ctx, user, &args)
    } else {
        usermode::change(ctx, user, &args)
    }
}

/// Whose hand changes a channel's modes.
pub struct Hand {
    pub user: UserId,
    pub channel: ChannelId,
    pub name: String,
    status: Option<Status>,
    /// Whether it is an operator who overrides, and whether that has been made use of.
    overrides: bool,
    overrode: bool,
}

impl Hand {
    /// That it has at least a status, or overrides.
    pub fn require(&mut self, lowest: Status) -> Outcome {
        match self.status {
            Some(status) if status.at_least(lowest) => Ok(()),
            Some(_) | None if self.overrides => {
                self.overrode = true;
                Ok(())
            }
            Some(_) => Err(reply::chan_op_needed(&self.name).into()),
            None => Err(reply::not_on_channel(&self.name).into()),
        }
    }
}

fn channel_mode(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>) -> Outcome {
    let channel = ctx.channel(args[0])?;
    let Some(text) = args.given(1) else { return show(ctx, user, channel) };
    let arity = |letter| match mode::kind(letter)? {
        Kind::List => Some(Arity::List),
        Kind::Key => Some(Arity::Key),
        Kind::Status => Some(Arity::Always),
        Kind::Value => Some(Arity::WhenSet),
        Kind::Flag => Some(Arity::Never),
    };
    let mut hand = Hand {
        user,
        channel,
        name: ctx.network().channel(channel).name.to_string(),
        status: policy::member(ctx, channel, user).ok(),
        overrides: policy::overrides(ctx, user),
        overrode: false,
    };
    let most = ctx.core.config.limits.modes;
    let (mut changes, mut params) = (Vec::new(), 0);
    let mut refused = false;
    let mut shown = String::new();
    for item in parse(text, args.iter().skip(2), arity) {
        let change = match item {
            // A list is long: once is enough.
            Item::Query(letter) | Item::Missing(letter @ 'q') if shown.contains(letter) => continue,
            Item::Query(letter) => {
                shown.push(letter);
                modelist::show(ctx, &mut hand, letter).map(|()| None)
            }
            Item::Missing('q') => {
                shown.push('q');
                modelist::show_quiets(ctx, channel);
                continue;
            }
            Item::Unknown(letter) => Err(reply::unknown_mode(letter).into()),
            Item::Missing(letter) => Err(invalid(&hand, letter, "*", "You must give a parameter")),
            Item::Change { add, letter, param } => {
                params += usize::from(param.is_some());
                if params > most || changes.len() >= 4 * most {
                    break;
                }
                change(ctx, &mut hand, (add, letter, param.unwrap_or_default()), &changes)
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
    if changes.is_empty() {
        return Ok(());
    }
    if hand.overrode {
        let words: Vec<&str> = args.iter().skip(1).collect();
        let what = mode::without_key(&words).join(" ");
        policy::announce(ctx, user, channel, &format!("MODE {what}"));
    }
    let record = ctx.network().channel(channel);
    let (name, epoch, by) = (record.name.clone(), record.epoch, Source::User(ctx.whois(user).uid));
    ctx.commit(Op::Mode { name, epoch, by, changes });
    Ok(())
}

pub fn invalid(hand: &Hand, letter: char, param: &str, why: &str) -> Reject {
    reply::invalid_mode_param(&hand.name, letter, param, why).into()
}

fn show(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId) -> Outcome {
    let record = ctx.network().channel(channel);
    let inside = ctx.network().status(channel, user).is_some();
    let flags = record.flags().letters().map(|letter| (true, letter, None));
    let values = mode::CHANNEL.iter().filter_map(|row| {
        let value = record.value(row.letter)?;
        Some((true, row.letter, Some(if row.letter == 'k' && !inside { "*" } else { value })))
    });
    let modes = format(flags.chain(values));
    let (name, founded) = (record.name.to_string(), record.epoch.at.wall().secs());
    ctx.reply(reply::channel_mode_is(&name, if modes.is_empty() { "+" } else { &modes }));
    ctx.reply(reply::creation_time(&name, founded));
    Ok(())
}

/// One change, if it is allowed and is one.
fn change(
    ctx: &mut Ctx<'_>,
    hand: &mut Hand,
    (add, letter, param): (bool, char, &str),
    before: &[ModeChange],
) -> Result<Option<ModeChange>, Reject> {
    let Some(row) = mode::channel(letter) else {
        // A nick holds none of these: it is a mask that is to be quiet.
        if letter == 'q' && param.contains(['!', '@', '*', ':']) {
            hand.require(Status::HALFOP)?;
            return modelist::change_quiet(ctx, hand, (add, param), before);
        }
        return status(ctx, hand, (add, letter, param));
    };
    hand.require(Status::HALFOP)?;
    match row.by {
        By::Halfop => (),
        By::Oper if ctx.whois(hand.user).is_oper() => (),
        By::Oper => return Err(reply::no_privileges().into()),
        By::Server => return Err(invalid(hand, letter, "*", "Only the server sets this mode")),
    }
    if !access::allows(ctx.core, hand.channel, (add, letter), param) {
        let lock = ctx.core.registration_of(hand.channel).and_then(|known| known.setting("MLOCK"));
        // Without the values: one may be the key.
        let lock = lock.and_then(|lock| lock.split(' ').next()).unwrap_or_default();
        return Err(reply::mlock_restricted(&hand.name, letter, lock).into());
    }
    match row.kind {
        Kind::Flag => flag(ctx, hand, add, letter),
        Kind::Key | Kind::Value => value(ctx, hand, row, (add, param)),
        Kind::List => modelist::change(ctx, hand, (add, letter, param), before),
        Kind::Status => Ok(None),
    }
}

fn flag(ctx: &Ctx<'_>, hand: &Hand, add: bool, letter: char) -> Result<Option<ModeChange>, Reject> {
    if ctx.network().channel(hand.channel).has(letter) == add {
        return Ok(None);
    }
    if add && letter == 'z' {
        let mut members = ctx.network().members(hand.channel).map(|member| ctx.whois(member.0));
        if let Some(plain) = members.find(|who| !who.modes.contains('Z')) {
            return Err(reply::all_must_use_tls(&hand.name, plain.nick().as_str()).into());
        }
    }
    Ok(Some(ModeChange::Flag { letter, on: add }))
}

fn value(
    ctx: &Ctx<'_>,
    hand: &mut Hand,
    row: &mode::Row,
    (add, param): (bool, &str),
) -> Result<Option<ModeChange>, Reject> {
    let (letter, limits) = (row.letter, &ctx.core.config.limits);
    let set = ctx.network().channel(hand.channel).value(letter);
    if !add {
        return Ok(set.map(|_| ModeChange::Value { letter, value: None }));
    }
    if letter == 'k' && (param.len() > limits.key || param.contains([',', ' ', ':'])) {
        return Err(reply::invalid_key(&hand.name).into());
    }
    if letter == 'f' {
        forward(ctx, hand, param)?;
    }
    let value = (row.read)(param).map_err(|why| invalid(hand, letter, param, why))?;
    Ok((set != Some(value.as_str()))
        .then(|| ModeChange::Value { letter, value: Some(value.into()) }))
}

/// That a channel may send those who may not enter to another.
fn forward(ctx: &Ctx<'_>, hand: &mut Hand, to: &str) -> Outcome {
    let Ok(target) = ctx.channel(to) else {
        return Err(invalid(hand, 'f', to, "There is no such channel to forward to"));
    };
    if target == hand.channel {
        return Err(invalid(hand, 'f', to, "A channel cannot forward to itself"));
    }
    match policy::require(ctx, target, hand.user, Status::HALFOP) {
        Err(_) if hand.overrides => {
            hand.overrode = true;
            Ok(())
        }
        Err(_) => Err(reply::chan_op_needed(to).into()),
        Ok(()) => Ok(()),
    }
}

fn status(
    ctx: &Ctx<'_>,
    hand: &mut Hand,
    (add, letter, nick): (bool, char, &str),
) -> Result<Option<ModeChange>, Reject> {
    if !hand.overrides {
        policy::member(ctx, hand.channel, hand.user)?;
    }
    let target = ctx.user(nick)?;
    let Some(member) = ctx.network().channel(hand.channel).member(target) else {
        return Err(reply::user_not_in_channel(nick, &hand.name).into());
    };
    let mine = hand.status.unwrap_or_default();
    // One may always give up what one has.
    let own = hand.user == target && !add;
    if !own
        && !(mine.at_least(policy::grants(letter))
            && (add || policy::outranks(mine, member.status)))
    {
        if !hand.overrides {
            return Err(reply::chan_op_needed(&hand.name).into());
        }
        hand.overrode = true;
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
    fn a_secret_channel_cannot_be_found_out_by_forwarding_to_it() {
        check(
            r"
            alice > JOIN #s
            alice > MODE #s +s
            bob   > JOIN #b
            bob   > MODE #b +f #s
            bob   < :s1.test 696 bob #b f #s :There is no such channel to forward to
            ",
        );
    }

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
            alice < :s1.test 472 alice Y :is unknown mode char to me; HELP CMODES lists them
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
    fn a_permanent_channel_stays_without_members() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            alice   > JOIN #a
            alice   > MODE #a +Psk-t key
            alice   < :alice!~alice@alice.test MODE #a +Psk-t key
            alice   > PART #a
            bob@2   > JOIN #a
            bob     < :s2.test 475 bob #a :Cannot join channel (+k)
            bob     > JOIN #a key
            bob     < :s2.test 353 bob @ #a :bob
            bob     > PART #a
            alice   > MODE alice +O
            alice   > MODE #a -s
            bob     > LIST
            bob     < :s2.test 322 bob #a 0 :
            split 1 | 2
            alice   > MODE #a -P
            bob     > JOIN #a key
            wait 5
            heal
            same
            bob     > PART #a
            wait 60
            bob     > MODE #a
            bob     < :s2.test 403 bob #a :No such channel
            bob     > JOIN #a
            bob     < :s2.test 353 bob = #a :@bob
            same
            ",
        );
    }

    #[test]
    fn what_a_mode_takes_is_explained() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +F no
            alice < :s1.test 696 alice #a F no :It must be off, relaxed, normal, strict, or rates such as 5m:10,3j:10; HELP CMODES explains them
            alice > MODE #a +j 5
            alice < :s1.test 696 alice #a j 5 :The rate must be joins and seconds, as 5:10; at most 1000 and 3600
            alice > MODE #a +W 0
            alice < :s1.test 696 alice #a W 0 :The time must be a number of seconds, from 1 to 86400
            alice > MODE #a +r
            alice < :s1.test 696 alice #a r * :Only the server sets this mode
            alice > MODE #a +P
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > MODE #a +k a,b
            alice < :s1.test 525 alice #a :Key is not well-formed
            alice > MODE #a +kF key Strict
            alice < :alice!~alice@alice.test MODE #a +kF key strict
            alice > MODE #a
            alice < :s1.test 324 alice #a +ntkF key strict
            alice > MODE #a -kF
            alice < :alice!~alice@alice.test MODE #a -kF key
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

    #[test]
    fn lists_are_shown_with_who_added_what_and_when() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a
            alice <~ :s1.test 329 alice #a ??????????
            alice > MODE #a +beI one!*@* two!*@* three!*@*
            alice > MODE #a b
            alice <~ :s1.test 367 alice #a one!*@* alice!~alice@alice.test ??????????
            alice < :s1.test 368 alice #a :End of channel ban list
            alice > MODE #a +e
            alice <~ :s1.test 348 alice #a two!*@* alice!~alice@alice.test ??????????
            alice < :s1.test 349 alice #a :End of channel exception list
            alice > MODE #a I
            alice <~ :s1.test 346 alice #a three!*@* alice!~alice@alice.test ??????????
            alice < :s1.test 347 alice #a :End of channel invite exception list
            ",
        );
    }
}
