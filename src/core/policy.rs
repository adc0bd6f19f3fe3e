//! Who may do what in a channel. Pure questions to the network, each asked in one place.

use super::{
    callerid, chanban, chanflood,
    ctx::{Ctx, Outcome, Reject},
    oper::Priv,
    registered::access,
};
use crate::{
    network::{
        Channel, ChannelId, Network, Sight, UserId,
        mode::{ChannelModes, Status},
        op::{Entry, Op},
    },
    registry::RecordId,
    wire::{
        extban::{Act, Ban},
        flood::{self, Rate},
        format,
        name::ChannelName,
        reply::{self, Reply},
    },
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// That a user is in a channel, with which status. Who acts by the powers of an operator of the network
/// need not be inside, and has every status.
pub fn member(ctx: &Ctx<'_>, channel: ChannelId, user: UserId) -> Result<Status, Reject> {
    if ctx.forced {
        return Ok(Status::FOUNDER);
    }
    let name = ctx.network().channel(channel).name.as_str();
    ctx.network().status(channel, user).ok_or_else(|| reply::not_on_channel(name).into())
}

/// The modes that a channel begins with.
pub const FIRST_MODES: &str = "nt";

/// How a user who enters finds a channel.
pub fn entry(network: &Network, channel: Option<ChannelId>) -> Entry {
    let modes = ChannelModes::of(FIRST_MODES);
    let registered = |record: &Channel| {
        let id = network.claims().channel(&record.name);
        record.epoch.registered && id == Some(RecordId(record.epoch.at))
    };
    match channel.map(|channel| network.channel(channel)) {
        // Somebody is in it, if perhaps out of sight: there is nothing to be had by entering it anew.
        Some(record) if record.exists() || registered(record) => match record.delays() {
            Some(under) => Entry::Delayed(record.epoch, under),
            None => Entry::Found(record.epoch),
        },
        Some(record) => Entry::Founds { before: Some(record.epoch), modes },
        None => Entry::Founds { before: None, modes },
    }
}

/// That a user has at least a status in a channel.
pub fn require(ctx: &Ctx<'_>, channel: ChannelId, user: UserId, lowest: Status) -> Outcome {
    if member(ctx, channel, user)?.at_least(lowest) {
        return Ok(());
    }
    Err(reply::chan_op_needed(ctx.network().channel(channel).name.as_str()).into())
}

/// Whether a status gives power over another: half-operators over those below, operators over anybody
/// who is not above them.
pub fn outranks(mine: Status, theirs: Status) -> bool {
    match theirs {
        theirs if theirs.at_least(Status::FOUNDER) => mine.at_least(Status::FOUNDER),
        theirs if theirs.at_least(Status::ADMIN) => mine.at_least(Status::ADMIN),
        theirs if theirs.at_least(Status::HALFOP) => mine.at_least(Status::OP),
        _ => mine.at_least(Status::HALFOP),
    }
}

/// The status that giving or taking a status letter takes.
pub fn grants(letter: char) -> Status {
    match letter {
        'q' => Status::FOUNDER,
        'a' => Status::ADMIN,
        'v' => Status::HALFOP,
        _ => Status::OP,
    }
}

/// Why a user may not enter a channel, and where a ban sends them instead.
#[derive(Debug)]
pub struct Barred {
    /// The refusal.
    pub why: Reply,
    /// Whether `+f` sends those who are refused so elsewhere.
    pub forwards: bool,
    /// The channel that the ban itself names.
    pub redirect: Option<Box<str>>,
}

/// That a user may enter a channel, with this key. The checks come in this order: what cannot be changed by
/// an invitation, what an invitation lifts, how fast others come in.
pub fn join(
    ctx: &Ctx<'_>,
    user: UserId,
    channel: ChannelId,
    key: Option<&str>,
) -> Result<(), Barred> {
    let (record, who) = (ctx.network().channel(channel), ctx.network().user(user));
    let name = record.name.as_str();
    let no = |why| Err(Barred { why, forwards: true, redirect: None });
    if record.has('O') && !who.is_oper() {
        return no(reply::oper_only_chan(name));
    }
    if record.has('z') && !who.modes.contains('Z') {
        return no(reply::secure_only_chan(name));
    }
    if record.has('R') && who.account().is_none() {
        return no(reply::need_regged_nick(
            name,
            "+R: you must be logged in to an account to enter",
        ));
    }
    if let Some(wait) = ctx.core.chanflood.barred(channel, user, ctx.now.mono) {
        let why = format!("+J: after a kick you must wait {} more seconds", wait.as_secs() + 1);
        return Err(Barred {
            why: reply::unavailable(name, &why),
            forwards: false,
            redirect: None,
        });
    }
    if let Some(why) = access::barred(ctx.core, user, record, ctx.now) {
        return no(why);
    }
    if invited(ctx, user, &record.name) || access::admits(ctx.core, user, record) {
        return Ok(());
    }
    if let Some(mask) =
        chanban::find(ctx.core, record, user, |act| matches!(act, Act::Ban | Act::Join))
    {
        let redirect = mask.ban.as_ref().and_then(|ban| ban.redirect.clone());
        return Err(Barred { why: reply::banned_from_chan(name), forwards: true, redirect });
    }
    if record.has('i') && !chanban::listed(ctx.core, record, 'I', user) {
        return no(reply::invite_only_chan(name));
    }
    if record.value('k').is_some_and(|wanted| !same_secret(wanted, key.unwrap_or_default())) {
        return no(reply::bad_channel_key(name));
    }
    let limit = record.value('l').and_then(|limit| limit.parse::<usize>().ok());
    if limit.is_some_and(|limit| ctx.network().members(channel).count() >= limit) {
        return no(reply::channel_is_full(name));
    }
    if joins_too_fast(ctx, record, channel) {
        return no(reply::unavailable(name, "too many are joining, try again in a moment"));
    }
    Ok(())
}

fn joins_too_fast(ctx: &Ctx<'_>, record: &Channel, channel: ChannelId) -> bool {
    let (flood, now) = (&ctx.core.chanflood, ctx.now.mono);
    let throttle = record.value('j').and_then(Rate::parse);
    let profile = chanflood::rate(record, flood::Kind::Join);
    throttle.is_some_and(|rate| flood.joins_too_fast(channel, rate, now))
        || profile.is_some_and(|rate| flood.is_full(channel, flood::Kind::Join, rate, now))
}

/// Whether a user is an operator who overrides what channels decide (user mode `O`).
pub fn overrides(ctx: &Ctx<'_>, user: UserId) -> bool {
    ctx.network().user(user).modes.contains('O') && ctx.may(user, Priv::Override)
}

/// Tells operators that one of them overrides what a channel decides.
pub fn announce(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId, what: &str) {
    let text = format!(
        "{} overrides {}: {what}",
        ctx.whois(user).mask(),
        ctx.network().channel(channel).name
    );
    log::info!("{text}");
    ctx.snotice('o', &text);
}

/// Lets an operator act by the powers of one for the rest of a command, and tells others of it.
pub fn force(ctx: &mut Ctx<'_>, user: UserId, what: &str) {
    let text = format!("{} forces {what}", ctx.whois(user).mask());
    log::info!("{text}");
    ctx.snotice('o', &text);
    ctx.forced = true;
}

/// Why a user may not speak in a channel; `None` if they may. What is said is another question, for
/// `speech`.
pub fn mute(ctx: &Ctx<'_>, user: UserId, channel: ChannelId) -> Option<&'static str> {
    let record = ctx.network().channel(channel);
    let status = ctx.network().status(channel, user);
    if status.is_some_and(|status| status.at_least(Status::VOICE)) {
        return None;
    }
    if record.has('n') && status.is_none() {
        return Some("+n: you are not in it");
    }
    if record.has('m') {
        return Some("+m: only members with a status may speak");
    }
    if record.has('M') && ctx.network().user(user).account().is_none() {
        return Some("+M: only those logged in to an account may speak");
    }
    let ban = chanban::find(ctx.core, record, user, |act| matches!(act, Act::Ban | Act::Mute))?;
    match &ban.ban {
        Some(Ban { act: Act::Mute, .. }) => Some("+b: you are muted"),
        Some(_) | None => Some("+b: you are banned"),
    }
}

/// That the channels which a user is in let them take another nick, and counts it there.
pub fn change_nick(ctx: &mut Ctx<'_>, user: UserId) -> Outcome {
    let now = ctx.now.mono;
    for channel in ctx.whois(user).channels().to_vec() {
        let record = ctx.network().channel(channel);
        let name = record.name.as_str();
        if record.member(user).is_some_and(|member| member.status.at_least(Status::HALFOP)) {
            continue;
        }
        if record.has('N') {
            return Err(reply::cannot_change_nick(name, "+N").into());
        }
        if chanban::find(ctx.core, record, user, |act| act == Act::NoNick).is_some() {
            return Err(reply::cannot_change_nick(name, "+b nonick:").into());
        }
        let Some(rate) = chanflood::rate(record, flood::Kind::Nick) else { continue };
        if !ctx.core.chanflood.count(channel, flood::Kind::Nick, rate, now) {
            let name = ctx.network().channel(channel).name.as_str();
            return Err(reply::cannot_change_nick(name, "+F: too many nick changes").into());
        }
    }
    Ok(())
}

/// Why somebody takes no private message from a user; `None` if they do.
pub fn unwanted(ctx: &Ctx<'_>, user: UserId, target: UserId, text: &str) -> Option<Reject> {
    let (from, to) = (ctx.network().user(user), ctx.network().user(target));
    if user == target || from.is_oper() || from.modes.contains('S') {
        return None;
    }
    let nick = to.nick().as_str();
    let no = |why| Some(reply::cannot_send_to_user(nick, why).into());
    if to.modes.contains('R')
        && from.account().is_none()
        && !callerid::accepted(ctx.core, target, user)
    {
        let why = "They take messages only from those logged in to an account (+R)";
        return Some(reply::need_regged_nick(nick, why).into());
    }
    if to.modes.contains('D') {
        return no("+D: takes no private messages");
    }
    if to.modes.contains('c') && !ctx.network().share_channel(user, target) {
        return no("+c: takes messages only from those in a common channel");
    }
    if to.modes.contains('z') && !from.modes.contains('Z') {
        return no("+z: takes messages only from those connected by TLS");
    }
    if to.modes.contains('T') && format::is_ctcp(text) {
        return no("+T: takes no CTCPs");
    }
    None
}

/// Whether a user may know that a channel exists, and who is in it.
pub fn sees(ctx: &Ctx<'_>, user: UserId, channel: ChannelId) -> bool {
    let hidden = ctx.network().channel(channel).has('s');
    !hidden || ctx.network().status(channel, user).is_some() || ctx.may(user, Priv::See)
}

/// Whether a user may come across a channel that they did not ask for by name: in LIST, and in the WHOIS of
/// others.
pub fn comes_across(ctx: &Ctx<'_>, user: UserId, channel: ChannelId) -> bool {
    let private = ctx.network().channel(channel).has('p');
    sees(ctx, user, channel)
        && (!private || ctx.network().status(channel, user).is_some() || ctx.may(user, Priv::See))
}

/// Shows a member whose join was not shown, because they have something to say.
pub fn appear(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId) {
    let record = ctx.network().channel(channel);
    if record.sight(user) != Sight::Nobody {
        return;
    }
    if let Some(member) = record.member(user) {
        let (uid, name, joined) = (ctx.whois(user).uid, record.name.clone(), member.joined);
        ctx.commit(Op::Reveal { uid, name, joined });
    }
}

/// Whether a user may know that another is an operator of the network.
pub fn sees_oper(ctx: &Ctx<'_>, user: UserId, other: UserId) -> bool {
    let who = ctx.network().user(other);
    who.is_oper()
        && (!who.modes.contains('H') || user == other || ctx.network().user(user).is_oper())
}

/// Whether a user may see another in WHO, WHOIS and NAMES without being asked for by name.
pub fn sees_user(ctx: &Ctx<'_>, user: UserId, other: UserId) -> bool {
    let invisible = ctx.network().user(other).modes.contains('i');
    !invisible
        || user == other
        || ctx.network().share_channel(user, other)
        || ctx.may(user, Priv::See)
}

fn invited(ctx: &Ctx<'_>, user: UserId, channel: &ChannelName) -> bool {
    ctx.local(user).is_some_and(|local| local.seldom().invites.contains(channel))
}

/// Compares in a time that tells nothing about where two secrets differ, nor how long they are.
pub fn same_secret(own: &str, given: &str) -> bool {
    Sha256::digest(own).ct_eq(&Sha256::digest(given)).into()
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn secrets_are_the_same_or_not() {
        assert!(super::same_secret("sesame", "sesame"));
        for other in ["", "sesam", "Sesame", "sesame "] {
            assert!(!super::same_secret("sesame", other));
        }
    }

    #[test]
    fn who_may_not_enter_is_told_why() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            alice > MODE #a +R
            bob   > JOIN #a
            bob   < :s1.test 477 bob #a :+R: you must be logged in to an account to enter
            alice > MODE #a -R+b join:bob
            bob   > JOIN #a
            bob   < :s1.test 474 bob #a :Cannot join channel (+b)
            alice > MODE #a -b+b join:bob mute:bob
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            alice > MODE #a +O
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > OPER root sesame
            alice > MODE #a +O
            alice < :alice!~alice@alice.test MODE #a +O
            carol > JOIN #a
            carol < :s1.test 520 carol #a :Cannot join channel (+O): only operators of the network may enter
            carol > OPER root sesame
            carol > JOIN #a
            carol < :carol!~carol@carol.test JOIN #a
            ",
        );
    }

    #[test]
    fn a_channel_for_tls_lets_in_and_keeps_nobody_else() {
        check(
            r"
            secure alice
            bob   > JOIN #a
            alice > JOIN #a
            bob   > MODE #a +z
            bob   < :s1.test 490 bob #a :All members must be connected by TLS before +z can be set; bob is not
            bob   > MODE #a +o alice
            bob   > PART #a
            alice > MODE #a +z
            alice < :alice!~alice@alice.test MODE #a +z
            bob   > JOIN #a
            bob   < :s1.test 489 bob #a :Cannot join channel (+z): connect by TLS to enter
            ",
        );
    }

    #[test]
    fn joins_have_a_throttle_and_a_kick_a_delay() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +j 2:60
            bob   > JOIN #a
            carol > JOIN #a
            dave  > JOIN #a
            dave  < :s1.test 437 dave #a :Cannot join channel (too many are joining, try again in a moment)
            wait 61
            dave  > JOIN #a
            dave  < :dave!~dave@dave.test JOIN #a
            alice > MODE #a -j+J 30
            alice > KICK #a dave :out
            dave  > JOIN #a
            dave  < :s1.test 437 dave #a :Cannot join channel (+J: after a kick you must wait 30 more seconds)
            wait 31
            dave  > JOIN #a
            dave  < :dave!~dave@dave.test JOIN #a
            alice > MODE #a -J+F 1j:60
            dave  > PART #a
            dave  > JOIN #a
            dave  > PART #a
            dave  > JOIN #a
            dave  < :s1.test 437 dave #a :Cannot join channel (too many are joining, try again in a moment)
            ",
        );
    }

    #[test]
    fn who_may_not_enter_is_sent_on() {
        check(
            r"
            alice > JOIN #a,#b
            bob   > JOIN #c
            alice > MODE #a +f #none
            alice < :s1.test 696 alice #a f #none :There is no such channel to forward to
            alice > MODE #a +f #a
            alice < :s1.test 696 alice #a f #a :A channel cannot forward to itself
            alice > MODE #a +f #c
            alice < :s1.test 482 alice #c :You're not channel operator
            alice > MODE #a +if #b
            alice < :alice!~alice@alice.test MODE #a +if #b
            carol > JOIN #a
            carol < :s1.test 470 carol #a #b :Forwarding to another channel
            carol < :carol!~carol@carol.test JOIN #b
            carol > JOIN #a
            carol < :s1.test 473 carol #a :Cannot join channel (+i)
            alice > MODE #b +if #a
            dave  > JOIN #a
            dave  < :s1.test 473 dave #a :Cannot join channel (+i)
            bob   > MODE #c +i
            alice > MODE #b -if
            erin  > MODE erin +L
            erin  > JOIN #a
            erin  < :s1.test 473 erin #a :Cannot join channel (+i)
            alice > MODE #a -i+b *!*@frank.test#c
            frank > JOIN #a
            frank < :s1.test 474 frank #a :Cannot join channel (+b)
            bob   > MODE #c -i
            frank > JOIN #a
            frank < :s1.test 470 frank #a #c :Forwarding to another channel
            frank < :frank!~frank@frank.test JOIN #c
            ",
        );
    }

    #[test]
    fn an_operator_with_the_override_passes_and_is_told_of() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > JOIN #a
            alice   > MODE #a +i
            alice   > TOPIC #a :t
            watch@2 > OPER root sesame
            watch   > MODE watch +s o
            root@1  > OPER root sesame
            root    > JOIN #a
            root    < :s1.test 473 root #a :Cannot join channel (+i)
            root    > MODE root +O
            root    > JOIN #a
            root    < :root!~root@root.test JOIN #a
            watch   < :s1.test NOTICE watch :*** Notice -- root!~root@root.test overrides #a: JOIN
            root    > MODE #a +o root
            alice   < :root!~root@root.test MODE #a +o root
            watch   < :s1.test NOTICE watch :*** Notice -- root!~root@root.test overrides #a: MODE +o root
            root    > MODE #a -o+Q root
            root    > TOPIC #a :mine
            watch   < :s1.test NOTICE watch :*** Notice -- root!~root@root.test overrides #a: TOPIC
            root    > KICK #a alice
            watch   < :s1.test NOTICE watch :*** Notice -- root!~root@root.test overrides #a: KICK alice
            root    > MODE root -o
            root    < :root!~root@root.test MODE root :-Oo
            root    > MODE #a +o root
            root    < :s1.test 482 root #a :You're not channel operator
            ",
        );
    }

    #[test]
    fn nicks_kicks_and_invitations_can_be_forbidden() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            carol > JOIN #a
            dave  > PING x
            alice > MODE #a +N
            bob   > NICK rob
            bob   < :s1.test 447 bob :Cannot change nickname while on #a (+N)
            alice > NICK eve
            alice < :alice!~alice@alice.test NICK :eve
            alice > MODE #a -N+b nonick:bob
            bob   > NICK rob
            bob   < :s1.test 447 bob :Cannot change nickname while on #a (+b nonick:)
            alice > MODE #a -b+F nonick:bob 1n:60
            bob   > NICK rob
            bob   < :bob!~bob@bob.test NICK :rob
            carol > NICK cora
            carol < :s1.test 447 carol :Cannot change nickname while on #a (+F: too many nick changes)
            alice > MODE #a -F+Q
            alice > KICK #a rob
            alice < :s1.test 482 eve #a :Nobody can be kicked here (+Q)
            alice > MODE #a -Q+b nokick:eve
            alice > KICK #a rob
            alice < :s1.test 482 eve #a :You may not kick here (+b nokick:)
            alice > MODE #a +V
            alice > INVITE dave #a
            alice < :s1.test 482 eve #a :Nobody can be invited here (+V)
            alice > MODE #a -V+i
            bob   > INVITE dave #a
            bob   < :s1.test 482 rob #a :You're not channel operator
            alice > MODE #a +A
            bob   > INVITE dave #a
            dave  < :rob!~bob@bob.test INVITE dave #a
            ",
        );
    }

    #[test]
    fn users_choose_who_may_write_to_them() {
        check(
            "
            config oper root sesame
            secure bob
            alice > MODE alice +R
            bob   > PRIVMSG alice :x
            bob   < :s1.test 477 bob alice :They take messages only from those logged in to an account (+R)
            alice > PRIVMSG bob :y
            bob   > PRIVMSG alice :z
            alice <~ :bob!* PRIVMSG alice :z
            alice > ACCEPT -bob
            alice > MODE alice -R+D
            bob   > PRIVMSG alice :x
            bob   < :s1.test 531 bob alice :Cannot send to user (+D: takes no private messages)
            alice > MODE alice -D+c
            bob   > PRIVMSG alice :x
            bob   < :s1.test 531 bob alice :Cannot send to user (+c: takes messages only from those in a common channel)
            alice > JOIN #a
            bob   > JOIN #a
            bob   > PRIVMSG alice :near
            alice < :bob!~bob@bob.test PRIVMSG alice :near
            alice > MODE alice -c+zT
            bob   > PRIVMSG alice :secure
            alice < :bob!~bob@bob.test PRIVMSG alice :secure
            carol > PRIVMSG alice :x
            carol < :s1.test 531 carol alice :Cannot send to user (+z: takes messages only from those connected by TLS)
            bob   > PRIVMSG alice :\x01VERSION\x01
            bob   < :s1.test 531 bob alice :Cannot send to user (+T: takes no CTCPs)
            bob   > NOTICE alice :\x01VERSION\x01
            bob   > OPER root sesame
            bob   > PRIVMSG alice :\x01VERSION\x01
            alice < :bob!~bob@bob.test PRIVMSG alice :\x01VERSION\x01
            alice > MODE alice +d
            bob   > PRIVMSG #a :unheard
            bob   > PRIVMSG alice :heard
            alice < :bob!~bob@bob.test PRIVMSG alice :heard
            ",
        );
    }

    #[test]
    fn what_is_private_is_not_come_across() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            alice > MODE #a +p
            bob   > LIST
            bob   < :s1.test 323 bob :End of /LIST
            bob   <! #a
            bob   > WHOIS alice
            bob   < :s1.test 318 bob alice :End of /WHOIS list
            bob   > NAMES #a
            bob   < :s1.test 353 bob * #a :@alice
            alice > MODE #a -p
            alice > OPER root sesame
            alice > MODE alice +IHW
            bob   > WHOIS alice
            alice < :s1.test NOTICE alice :*** bob!~bob@bob.test did a WHOIS on you
            bob   <! 313
            bob   <! 319
            bob   > JOIN #a
            bob   > WHO #a
            bob   < :s1.test 352 bob #a ~alice alice.test s1.test alice H@ :0 Real alice
            bob   > WHOIS alice
            bob   < :s1.test 319 bob alice :@#a
            bob   > OPER root sesame
            bob   > WHOIS alice
            bob   < :s1.test 313 bob alice :is an IRC operator (admin)
            ",
        );
    }
}
