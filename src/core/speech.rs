//! What may be said in a channel, and who hears it: all of a channel's rules for messages, in one order.

use super::{
    chanban,
    chanflood::Verdict,
    ctx::{Ctx, Reject},
    multiline, policy,
    registered::antiflood,
};
use crate::{
    network::{
        Channel, ChannelId, UserId,
        crdt::Source,
        mode::Status,
        op::{Leave, MessageKind, Op},
    },
    wire::{
        extban::Act,
        flood::{Kind, Profile},
        format, mask, reply,
    },
};
use std::{borrow::Cow, time::Duration};

/// Words, as they may be said.
#[derive(Debug)]
pub struct Speech<'a> {
    /// What is left of them.
    pub text: Cow<'a, str>,
    /// Whether only operators of the channel hear them.
    pub moderated: bool,
}

/// That a user may say something in a channel.
///
/// A voice lifts what is about who speaks (`m`, `M`, `U`, `W`, `d`, bans); half-operators and those above may
/// also say what they like.
pub fn check<'a>(
    ctx: &mut Ctx<'_>,
    user: UserId,
    channel: ChannelId,
    kind: MessageKind,
    text: &'a str,
) -> Result<Speech<'a>, Reject> {
    let network = ctx.network();
    let record = network.channel(channel);
    let status = network.status(channel, user);
    let mut speech = Speech { text: Cow::Borrowed(text), moderated: false };
    if status.is_some_and(|status| status.at_least(Status::HALFOP)) {
        return Ok(speech);
    }
    if !status.is_some_and(|status| status.at_least(Status::VOICE)) {
        speech.moderated = status.is_some()
            && (record.has('U')
                || chanban::find(ctx.core, record, user, |act| act == Act::OpModerated).is_some());
        if let Some(why) = policy::mute(ctx, user, channel).filter(|_| !speech.moderated) {
            return Err(no(record, why));
        }
        too_early(ctx, record, user)?;
    }
    let record = ctx.network().channel(channel);
    if kind == MessageKind::Tagmsg {
        return Ok(speech);
    }
    let banned = |act| chanban::find(ctx.core, record, user, |other| other == act).is_some();
    if kind == MessageKind::Notice && (record.has('T') || banned(Act::NoNotice)) {
        return Err(no(record, "+T: no notices here"));
    }
    if format::is_ctcp(text) && (record.has('C') || banned(Act::NoCtcp)) {
        return Err(no(record, "+C: no CTCPs here"));
    }
    if format::any(text) {
        if record.has('c') || banned(Act::BlockColor) {
            return Err(no(record, "+c: no formatting here; send it as plain text"));
        }
        if record.has('S') || banned(Act::StripColor) {
            speech.text = format::strip(text);
            if speech.text.trim_matches(['\n', '\r']).is_empty() {
                return Err(reply::no_text_to_send().into());
            }
        }
    }
    if filtered(ctx, record, text) {
        return Err(no(record, "+g: your message holds what may not be said here"));
    }
    if !status.is_some_and(|status| status.at_least(Status::VOICE)) {
        slow(ctx, user, channel)?;
    }
    flood(ctx, user, channel, text)?;
    Ok(speech)
}

fn no(record: &Channel, why: &str) -> Reject {
    reply::cannot_send_to_chan(record.name.as_str(), why).into()
}

/// A member who has just come may have to wait.
fn too_early(ctx: &Ctx<'_>, record: &Channel, user: UserId) -> Result<(), Reject> {
    let delay = record.value('d').and_then(|value| value.parse::<u64>().ok());
    if let Some((delay, member)) = delay.zip(record.member(user)) {
        let inside = ctx.now.wall.secs().saturating_sub(member.joined.wall().secs());
        if inside < delay {
            let why = format!("+d: you have just joined, wait {} more seconds", delay - inside);
            return Err(no(record, &why));
        }
    }
    Ok(())
}

/// A member without a status says one thing in a while.
fn slow(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId) -> Result<(), Reject> {
    let value = ctx.network().channel(channel).value('W');
    let Some(slow) = value.and_then(|value| value.parse().ok()) else { return Ok(()) };
    let (span, now) = (Duration::from_secs(slow), ctx.now.mono);
    if let Some(wait) = ctx.core.chanflood.slow(channel, user, span, now) {
        let why = format!("+W: slow mode, wait {} more seconds", wait.as_secs() + 1);
        return Err(no(ctx.network().channel(channel), &why));
    }
    Ok(())
}

/// Whether the channel's list of texts holds what is said, with or without its formatting.
fn filtered(ctx: &Ctx<'_>, record: &Channel, text: &str) -> bool {
    let mut texts = record.all_masks('g').peekable();
    if texts.peek().is_none() {
        return false;
    }
    // What goes on with the line before is one with it.
    let (plain, casemap) = (format::strip(text).replace(['\r', '\0'], ""), ctx.network().casemap());
    texts.any(|entry| {
        multiline::parts(&plain).any(|part| mask::fits_folded(&entry.canonical, part, casemap))
    })
}

fn flood(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId, text: &str) -> Result<(), Reject> {
    let record = ctx.network().channel(channel);
    let antiflood = antiflood::of(ctx.core, channel);
    let usual = || antiflood.and_then(|_| Profile::parse("normal"));
    let Some(profile) = record.value('F').and_then(Profile::parse).or_else(usual) else {
        return Ok(());
    };
    let now = ctx.now.mono;
    if let Some(rate) = profile.rate(Kind::Ctcp).filter(|_| format::is_ctcp(text)) {
        if !ctx.core.chanflood.count(channel, Kind::Ctcp, rate, now) {
            return Err(no(ctx.network().channel(channel), "+F: too many CTCPs"));
        }
    }
    let rates = (profile.rate(Kind::Message), profile.rate(Kind::Repeat));
    if rates == (None, None) {
        return Ok(());
    }
    let lines = text.split(['\n', '\r']).filter(|line| !line.is_empty());
    let mut verdicts = lines.map(|line| ctx.core.chanflood.line((channel, user), rates, line, now));
    let verdict = verdicts.find(|verdict| *verdict != Verdict::Fine).unwrap_or(Verdict::Fine);
    if let Some(means) = antiflood.filter(|_| verdict != Verdict::Fine) {
        tell(ctx, user, channel);
        let refused = no(ctx.network().channel(channel), "ANTIFLOOD: too much at once");
        // The last: with its only member the channel may go.
        antiflood::act(ctx, user, channel, means.by(&profile));
        return Err(refused);
    }
    match verdict {
        Verdict::Fine => Ok(()),
        Verdict::TooMuch => {
            tell(ctx, user, channel);
            Err(no(ctx.network().channel(channel), "+F: too much at once, wait a moment"))
        }
        Verdict::FarTooMuch => {
            tell(ctx, user, channel);
            let refused = no(ctx.network().channel(channel), "+F: too much at once, wait a moment");
            // The last: with its only member the channel may go.
            kick(ctx, user, channel);
            Err(refused)
        }
    }
}

/// Tells operators of a flood, once in a while.
fn tell(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId) {
    let now = ctx.now.mono;
    if ctx.core.chanflood.tell(channel, now) {
        let name = ctx.network().channel(channel).name.to_string();
        let text = format!("Flood in {name} by {}", ctx.whois(user).mask());
        ctx.snotice('f', &text);
    }
}

fn kick(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId) {
    let record = ctx.network().channel(channel);
    let Some(member) = record.member(user) else { return };
    let name = record.name.clone();
    let by = Source::Server(ctx.core.sid());
    let how = Leave::Kick { by, reason: "Flood (+F)".into() };
    let uid = ctx.whois(user).uid;
    ctx.commit(Op::Leave { uid, name, joined: member.joined, how });
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_may_not_speak_is_told_why() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +M
            bob   > PRIVMSG #a :x
            bob   < :s1.test 404 bob #a :Cannot send to channel (+M: only those logged in to an account may speak)
            alice > MODE #a -M+b mute:bob
            bob   > PRIVMSG #a :x
            bob   < :s1.test 404 bob #a :Cannot send to channel (+b: you are muted)
            alice > MODE #a +e m:*!*bob@*
            bob   > PRIVMSG #a :excepted
            alice < :bob!~bob@bob.test PRIVMSG #a :excepted
            alice > MODE #a -e+v m:*!*bob@* bob
            bob   > PRIVMSG #a :voiced
            alice < :bob!~bob@bob.test PRIVMSG #a :voiced
            alice > MODE #a -v bob
            bob   > TAGMSG #a
            bob   > CAP REQ message-tags
            bob   > @+x TAGMSG #a
            bob   < :s1.test 404 bob #a :Cannot send to channel (+b: you are muted)
            ",
        );
    }

    #[test]
    fn what_may_not_be_said_is_refused_except_to_half_operators() {
        check(
            "
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +Tv bob
            bob   > NOTICE #a :x
            bob   > PRIVMSG #a :y
            alice < :bob!~bob@bob.test PRIVMSG #a :y
            alice <! NOTICE
            alice > MODE #a -T+C
            bob   > PRIVMSG #a :\x01PING 1\x01
            bob   < :s1.test 404 bob #a :Cannot send to channel (+C: no CTCPs here)
            bob   > PRIVMSG #a :\x01ACTION waves\x01
            alice < :bob!~bob@bob.test PRIVMSG #a :\x01ACTION waves\x01
            alice > PRIVMSG #a :\x01PING 1\x01
            bob   < :alice!~alice@alice.test PRIVMSG #a :\x01PING 1\x01
            alice > MODE #a -C+c
            bob   > PRIVMSG #a :\x02bold
            bob   < :s1.test 404 bob #a :Cannot send to channel (+c: no formatting here; send it as plain text)
            alice > MODE #a -c+S
            bob   > PRIVMSG #a :\x02bold\x0F and \x0304,12red
            alice < :bob!~bob@bob.test PRIVMSG #a :bold and red
            bob   > PRIVMSG #a :\x02\x02
            bob   < :s1.test 412 bob :No text to send
            alice > MODE #a -S+bbbb noctcp:bob nonotice:bob stripcolor:bob t:1h:opmoderated:x
            bob   > PRIVMSG #a :\x01PING 1\x01
            bob   < :s1.test 404 bob #a :Cannot send to channel (+C: no CTCPs here)
            bob   > PRIVMSG #a :\x02bold
            alice < :bob!~bob@bob.test PRIVMSG #a :bold
            alice > MODE #a -b+b stripcolor:bob blockcolor:bob
            bob   > PRIVMSG #a :\x02bold
            bob   < :s1.test 404 bob #a :Cannot send to channel (+c: no formatting here; send it as plain text)
            ",
        );
    }

    #[test]
    fn in_a_moderated_channel_operators_hear_what_others_may_not_say() {
        check(
            r"
            alice > JOIN #a
            bob   > CAP REQ echo-message
            bob   > JOIN #a
            carol > JOIN #a
            alice > MODE #a +U
            bob   > PRIVMSG #a :please
            bob   < :bob!~bob@bob.test PRIVMSG #a :please
            alice < :bob!~bob@bob.test PRIVMSG #a :please
            alice > MODE #a +m
            bob   > PRIVMSG #a :again
            alice < :bob!~bob@bob.test PRIVMSG #a :again
            alice > MODE #a -mU+b mute:bob
            bob   > PRIVMSG #a :x
            bob   < :s1.test 404 bob #a :Cannot send to channel (+b: you are muted)
            alice > MODE #a +b opmoderated:bob
            bob   > PRIVMSG #a :three
            alice < :bob!~bob@bob.test PRIVMSG #a :three
            carol > PRIVMSG #a :all
            alice < :carol!~carol@carol.test PRIVMSG #a :all
            carol <! PRIVMSG
            dave  > PRIVMSG #a :outside
            dave  < :s1.test 404 dave #a :Cannot send to channel (+n: you are not in it)
            ",
        );
    }

    #[test]
    fn who_has_just_come_or_spoken_waits() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +d 10
            bob   > JOIN #a
            bob   > PRIVMSG #a :x
            bob   < :s1.test 404 bob #a :Cannot send to channel (+d: you have just joined, wait 10 more seconds)
            wait 11
            bob   > PRIVMSG #a :y
            alice < :bob!~bob@bob.test PRIVMSG #a :y
            alice > MODE #a -d+W 30
            bob   > PRIVMSG #a :one
            bob   > PRIVMSG #a :two
            bob   < :s1.test 404 bob #a :Cannot send to channel (+W: slow mode, wait 30 more seconds)
            alice < :bob!~bob@bob.test PRIVMSG #a :one
            wait 31
            bob   > PRIVMSG #a :three
            alice < :bob!~bob@bob.test PRIVMSG #a :three
            alice > MODE #a +v bob
            bob   > PRIVMSG #a :four
            alice < :bob!~bob@bob.test PRIVMSG #a :four
            ",
        );
    }

    #[test]
    fn words_that_are_not_wanted_are_kept_out() {
        check(
            "
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +gg viagra *buy?now*
            bob   < :alice!~alice@alice.test MODE #a +gg *viagra* *buy?now*
            bob   > PRIVMSG #a :cheap Via\x02gra here
            bob   < :s1.test 404 bob #a :Cannot send to channel (+g: your message holds what may not be said here)
            bob   > PRIVMSG #a :buy now
            bob   < :s1.test 404 bob #a :Cannot send to channel (+g: your message holds what may not be said here)
            alice > PRIVMSG #a :viagra
            bob   < :alice!~alice@alice.test PRIVMSG #a :viagra
            bob   > MODE #a g
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > MODE #a +g
            alice <~ :s1.test 941 alice #a *viagra* alice!~alice@alice.test *
            alice <~ :s1.test 941 alice #a *buy?now* alice!~alice@alice.test *
            alice < :s1.test 940 alice #a :End of channel filter list
            alice > MODE #a -g VIAGRA
            bob   < :alice!~alice@alice.test MODE #a -g *viagra*
            ",
        );
    }

    #[test]
    fn a_flood_is_refused_and_in_the_end_kicked() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            bob   > JOIN #a
            carol > OPER root sesame
            carol > MODE carol +s f
            alice > MODE #a +F 2m:60
            bob   > PRIVMSG #a :1
            bob   > PRIVMSG #a :2
            bob   > PRIVMSG #a :3
            bob   < :s1.test 404 bob #a :Cannot send to channel (+F: too much at once, wait a moment)
            carol < :s1.test NOTICE carol :*** Notice -- Flood in #a by bob!~bob@bob.test
            bob   > PRIVMSG #a :4
            bob   > PRIVMSG #a :5
            bob   < :s1.test KICK #a bob :Flood (+F)
            alice < :bob!~bob@bob.test PRIVMSG #a :2
            alice < :s1.test KICK #a bob :Flood (+F)
            alice <! PRIVMSG
            ",
        );
    }

    #[test]
    fn who_is_kicked_for_a_flood_may_have_been_alone_in_the_channel() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +F 1m:60
            alice > PART #a
            bob   > PRIVMSG #a :1
            bob   > PRIVMSG #a :2
            bob   > PRIVMSG #a :3
            bob   < :s1.test KICK #a bob :Flood (+F)
            bob   < :s1.test 404 bob #a :Cannot send to channel (+F: too much at once, wait a moment)
            bob   > PING still
            bob   < :s1.test PONG s1.test :still
            ",
        );
    }

    #[test]
    fn repeats_and_ctcps_have_rates_of_their_own() {
        check(
            "
            alice > JOIN #a
            bob   > JOIN #a
            carol > JOIN #a
            alice > MODE #a +F 2r:60,1c:60
            bob   > PRIVMSG #a :same
            bob   > PRIVMSG #a :same
            bob   > PRIVMSG #a :same
            bob   < :s1.test 404 bob #a :Cannot send to channel (+F: too much at once, wait a moment)
            bob   > PRIVMSG #a :other
            alice < :bob!~bob@bob.test PRIVMSG #a :other
            bob   > PRIVMSG #a :\x01PING 1\x01
            carol > PRIVMSG #a :\x01PING 1\x01
            carol < :s1.test 404 carol #a :Cannot send to channel (+F: too many CTCPs)
            wait 61
            carol > PRIVMSG #a :\x01PING 2\x01
            alice < :carol!~carol@carol.test PRIVMSG #a :\x01PING 2\x01
            ",
        );
    }
}
