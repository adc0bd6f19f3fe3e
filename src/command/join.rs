//! JOIN (RFC 2812 §3.2.1).

use crate::{
    core::{
        Core,
        ctx::{Again, Ctx, Outcome, Reject},
        dispatch::{Command, Run},
        notes,
        policy::{self, Barred},
        refuse_each, registered, snotice,
    },
    network::{
        ChannelId, UserId,
        op::{Leave, Op},
    },
    wire::{message::Args, name::ChannelName, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "JOIN",
    params: "<channel>{,<channel>} [<key>{,<key>}]",
    about: "Enters channels, founding those that do not exist.",
    help: "Whoever founds a channel is its operator. JOIN 0 leaves all channels.\nExample: JOIN #dev,#private sesame",
    replies: &[
        reply::BAD_CHAN_MASK,
        reply::TOO_MANY_CHANNELS,
        reply::CHANNEL_IS_FULL,
        reply::INVITE_ONLY_CHAN,
        reply::BANNED_FROM_CHAN,
        reply::BAD_CHANNEL_KEY,
        reply::UNAVAILABLE,
        reply::LINK_CHANNEL,
        reply::NEED_REGGED_NICK,
        reply::FORBIDDEN_CHANNEL,
        reply::SECURE_ONLY_CHAN,
        reply::OPER_ONLY_CHAN,
    ],
    cost: 2,
    run: Run::User(join),
    ..Command::USUAL
}];

fn join(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    ctx.touch(user);
    if args[0] == "0" {
        return leave_all(ctx, user);
    }
    let again = || {
        let words = args.iter().map(str::to_owned).collect();
        Again { words, then: |ctx, user, words| join_all(ctx, user, words) }
    };
    if registered::load(ctx, args.list(0), again) {
        return Ok(());
    }
    join_all(ctx, user, &args.iter().map(str::to_owned).collect::<Vec<_>>())
}

/// Enters channels, whose registrations have been read if they have any and that was possible.
fn join_all(ctx: &mut Ctx<'_>, user: UserId, words: &[String]) -> Outcome {
    let items = |place: usize| words.get(place).map_or("", String::as_str).split(',');
    let mut keys = items(1).filter(|key| !key.is_empty());
    let channels = items(0).filter(|text| !text.is_empty());
    refuse_each(ctx, channels, |ctx, text| {
        let key = keys.next();
        match notes::shut(ctx, text) {
            Some(why) => Err(reply::forbidden_channel(text, &why).into()),
            None => join_one(ctx, user, text, key),
        }
    })
}

pub(super) fn join_one(ctx: &mut Ctx<'_>, user: UserId, text: &str, key: Option<&str>) -> Outcome {
    let Some(name) = ctx.channel_name(text) else {
        return Err(reply::bad_chan_mask(text, ctx.core.config.limits.channel).into());
    };
    let record = ctx.network().record(&name);
    if record.is_some_and(|channel| ctx.network().status(channel, user).is_some()) {
        return Ok(());
    }
    if ctx.whois(user).channels().len() >= ctx.core.terms(ctx.session()).channels_per_user() {
        return Err(reply::too_many_channels(text).into());
    }
    ctx.core.bring(ctx.fx, &name, ctx.now);
    let record = ctx.network().record(&name);
    let registered = ctx.network().claims().channel(&name).is_some();
    match record.filter(|channel| registered || ctx.network().channel(*channel).exists()) {
        // Somebody is in it, if perhaps out of sight: there is nothing to be had by entering it anew.
        Some(channel) => {
            let channel = admitted(ctx, user, channel, key)?;
            let name = ctx.network().channel(channel).name.clone();
            enter(ctx, user, name, Some(channel));
        }
        None => {
            let text = |core: &Core| {
                format!("Channel {text} created by {}", core.network().user(user).mask())
            };
            snotice::here(ctx.core, ctx.fx, 'j', text, ctx.now);
            enter(ctx, user, name, record);
        }
    }
    Ok(())
}

fn enter(ctx: &mut Ctx<'_>, user: UserId, name: ChannelName, channel: Option<ChannelId>) {
    if let Some(channel) = channel {
        ctx.core.tell_again(ctx.fx, channel, ctx.now);
    }
    let (uid, entry) = (ctx.whois(user).uid, policy::entry(ctx.network(), channel));
    ctx.commit(Op::Join { uid, name, entry });
}

/// The channel that a user may enter who asks for one: the one asked for, or one to which it sends those
/// who may not. What cannot be entered in the end is refused as if there were no other.
fn admitted(
    ctx: &mut Ctx<'_>,
    user: UserId,
    asked: ChannelId,
    key: Option<&str>,
) -> Result<ChannelId, Reject> {
    let Err(first) = policy::join(ctx, user, asked, key) else { return Ok(asked) };
    if policy::overrides(ctx, user) {
        policy::announce(ctx, user, asked, "JOIN");
        return Ok(asked);
    }
    let mut passed = vec![asked];
    let mut next = elsewhere(ctx, user, asked, &first);
    while let Some(channel) = next {
        if passed.contains(&channel)
            || passed.len() > FORWARDS_MAX
            || ctx.network().status(channel, user).is_some()
        {
            break;
        }
        passed.push(channel);
        let Err(barred) = policy::join(ctx, user, channel, None) else {
            let network = ctx.network();
            let name = |channel| network.channel(channel).name.to_string();
            let (from, to) = (name(asked), name(channel));
            ctx.reply(reply::link_channel(&from, &to));
            return Ok(channel);
        };
        next = elsewhere(ctx, user, channel, &barred);
    }
    Err(first.why.into())
}

/// The most channels that somebody is sent on to.
const FORWARDS_MAX: usize = 5;

/// Where those are sent who may not enter a channel.
fn elsewhere(
    ctx: &Ctx<'_>,
    user: UserId,
    channel: ChannelId,
    barred: &Barred,
) -> Option<ChannelId> {
    if !barred.forwards || ctx.whois(user).modes.contains('L') {
        return None;
    }
    let named = barred.redirect.as_deref();
    let name = named.or_else(|| ctx.network().channel(channel).value('f'))?;
    let target = ctx.find_channel(name)?;
    // Whom its registration keeps out is known only once that has been read.
    let forbidden = notes::shut(ctx, name).is_some();
    Some(target).filter(|target| ctx.core.knows_registration(*target) && !forbidden)
}

fn leave_all(ctx: &mut Ctx<'_>, user: UserId) -> Outcome {
    for channel in ctx.whois(user).channels().to_vec() {
        let Some(member) = ctx.network().channel(channel).member(user) else { continue };
        let (uid, name) = (ctx.whois(user).uid, ctx.network().channel(channel).name.clone());
        ctx.commit(Op::Leave { uid, name, joined: member.joined, how: Leave::Part("".into()) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_founds_a_channel_is_its_operator() {
        check(
            r"
            alice > JOIN #a
            alice < :alice!~alice@alice.test JOIN #a
            alice < :s1.test 353 alice = #a :@alice
            alice < :s1.test 366 alice #a :End of /NAMES list
            bob   > JOIN #a
            alice < :bob!~bob@bob.test JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            bob   < :s1.test 353 bob = #a :@alice bob
            bob   > JOIN #a
            bob   > PING x
            bob   <! JOIN
            ",
        );
    }

    #[test]
    fn those_who_asked_for_no_names_get_none() {
        for name in ["no-implicit-names", "draft/no-implicit-names"] {
            check(&format!(
                r"
                alice > JOIN #a
                alice > TOPIC #a :t
                bob   > CAP REQ {name}
                bob   > JOIN #a
                bob   < :bob!~bob@bob.test JOIN #a
                bob   < :s1.test 332 bob #a :t
                bob   > PING x
                bob   <! 353
                bob   <! 366
                bob   > NAMES #a
                bob   < :s1.test 353 bob = #a :@alice bob
                ",
            ));
        }
    }

    #[test]
    fn what_keeps_people_out() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +i
            bob   > JOIN #a
            bob   < :s1.test 473 bob #a :Cannot join channel (+i)
            alice > INVITE bob #a
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            bob   > PART #a
            alice > MODE #a -i+k sesame
            bob   > JOIN #a wrong
            bob   < :s1.test 475 bob #a :Cannot join channel (+k)
            bob   > JOIN #a sesame
            bob   < :bob!~bob@bob.test JOIN #a
            bob   > PART #a
            alice > MODE #a -k+l sesame 1
            bob   > JOIN #a
            bob   < :s1.test 471 bob #a :Cannot join channel (+l)
            alice > MODE #a -l+b *!*@bob.test
            bob   > JOIN #a
            bob   < :s1.test 474 bob #a :Cannot join channel (+b)
            alice > MODE #a +e bob!*@*
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            ",
        );
    }

    #[test]
    fn names_that_are_none_and_too_many_channels() {
        check(
            r"
            config limits.channels_per_user 2
            alice > JOIN a,#b
            alice < :s1.test 476 alice a :Bad Channel Mask: a channel's name begins with # and has at most 64 bytes
            alice < :alice!~alice@alice.test JOIN #b
            alice > JOIN #c,#d
            alice < :alice!~alice@alice.test JOIN #c
            alice < :s1.test 405 alice #d :You have joined too many channels
            alice > JOIN 0
            alice < :alice!~alice@alice.test PART #b
            alice < :alice!~alice@alice.test PART #c
            ",
        );
    }

    #[test]
    fn the_older_founding_holds_when_a_split_heals() {
        check(
            r"
            servers 2
            alice@1 > PING x
            bob@2   > PING x
            split 1 | 2
            alice > JOIN #a
            alice > TOPIC #a :older
            bob   > JOIN #a
            bob   > MODE #a +m
            bob   > TOPIC #a :newer
            heal
            bob   < :s1.test MODE #a -mo bob
            bob   < :alice!~alice@alice.test TOPIC #a :older
            alice < :bob!~bob@bob.test JOIN #a
            same
            ",
        );
    }

    #[test]
    fn what_a_lost_founding_had_set_is_taken_back_as_clients_read_it() {
        check(
            r"
            servers 2
            alice@1 > PING x
            bob@2   > PING x
            split 1 | 2
            alice > JOIN #a
            bob   > JOIN #a
            bob   > MODE #a +lk 9 sesame
            heal
            bob   < :s1.test MODE #a -klo sesame bob
            same
            ",
        );
    }

    #[test]
    fn a_joiner_with_extended_join_sees_the_real_name() {
        check(
            r"
            alice > CAP REQ extended-join
            alice > JOIN #a
            bob   > JOIN #a
            alice < :bob!~bob@bob.test JOIN #a * :Real bob
            ",
        );
    }
    #[test]
    fn a_channel_that_one_server_has_forgotten_first_is_founded_anew_on_all() {
        for leave in ["PART #a", "SAPART alice #a"] {
            check(&format!(
                r"
                servers 2
                config oper root sesame
                alice@1 > OPER root sesame
                bob@2   > PING x
                alice > JOIN #a
                alice > MODE #a +m
                alice > {leave}
                bob   > JOIN #a
                bob   < :s2.test 353 bob = #a :@bob
                bob   > MODE #a
                bob   < :s2.test 324 bob #a +nt
                same
                ",
            ));
        }
    }

    #[test]
    fn nobody_is_sent_past_what_a_registration_keeps_out() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a,#open
            alice > CS REGISTER #a
            alice > CS AKICK #a ADD eve
            bob@2 > JOIN #b
            bob   > MODE #b +bb eve!*@*$#a carol!*@*$#open
            eve@2 > JOIN #b
            eve   < :s2.test 474 eve #b :Cannot join channel (+b)
            eve   > JOIN #a
            eve   < :s2.test 474 eve #a :Cannot join channel (+b)
            root@1 > OPER root sesame
            root  > OS FORBID ADD channel #op* closed
            carol@2 > JOIN #b
            carol < :s2.test 474 carol #b :Cannot join channel (+b)
            root  > OS FORBID DEL channel #op*
            alice > JOIN #open
            carol > JOIN #b
            carol <~ :s2.test 470 carol #b #open *
            ",
        );
    }
}
