//! What becomes of those who say too much at once in a registered channel (ChanServ SET ANTIFLOOD). The server
//! of who does so sees to it.

use super::{CHANSERV, settings::ON};
use crate::{
    core::{Core, ctx::Ctx, filters},
    network::{
        ChannelId, UserId, ban, crdt,
        mode::{self, Kind},
        op::{Leave, ModeChange, Op},
    },
    wire::flood::Profile,
};
use std::time::Duration;

/// What is done to them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Means {
    /// They are muted.
    Quiet,
    /// They are kicked, and kept out.
    Kickban,
    /// They are banned from the network.
    Akill,
}

impl Means {
    /// What is done to whoever says more than a profile allows. Rates that the channel's own operators have
    /// chosen keep nobody from the network, for which they have no say.
    pub fn by(self, profile: &Profile) -> Means {
        match self {
            Means::Akill if !profile.is_named() => Means::Kickban,
            Means::Akill | Means::Kickban | Means::Quiet => self,
        }
    }
}

/// The setting.
pub const ANTIFLOOD: &str = "ANTIFLOOD";

/// What is done in a channel, if something is. It is asked for each message.
pub fn of(core: &Core, channel: ChannelId) -> Option<Means> {
    let registered = core.network().channel(channel).has('r');
    let known = core.registration_of(channel).filter(|_| registered)?;
    match known.record.get(FIELD)? {
        ON | "quiet" => Some(Means::Quiet),
        "kickban" => Some(Means::Kickban),
        "akill" => Some(Means::Akill),
        _ => None,
    }
}

/// Does it to a member, or to somebody outside who may speak.
pub fn act(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId, means: Means) {
    match means {
        Means::Quiet => add_ban(ctx, user, channel, "mute:"),
        Means::Kickban => {
            add_ban(ctx, user, channel, "");
            let record = ctx.network().channel(channel);
            let Some(member) = record.member(user) else { return };
            let (name, uid, joined) = (record.name.clone(), ctx.whois(user).uid, member.joined);
            let how = Leave::Kick { by: CHANSERV, reason: REASON.into() };
            ctx.commit(Op::Leave { uid, name, joined, how });
        }
        Means::Akill => {
            let setter = ctx.core.service_mask(crdt::CHANSERV);
            let terms = ban::Terms {
                reason: REASON.into(),
                private: format!("in {}", ctx.network().channel(channel).name).into(),
                setter: setter.into(),
                until: Some(ctx.now.wall + SPAN),
                soft: false,
            };
            filters::ban(ctx, user, ban::Kind::Gline, terms);
        }
    }
}

/// Bans the host of a user for a while, as far as there is room.
fn add_ban(ctx: &mut Ctx<'_>, user: UserId, channel: ChannelId, before: &str) {
    let record = ctx.network().channel(channel);
    let lists = mode::letters(Kind::List);
    let full: usize = lists.chars().map(|letter| record.all_masks(letter).count()).sum();
    if full >= ctx.core.config.limits.list_entries {
        return;
    }
    let mask = format!("time:{}s:{before}*!*@{}", SPAN.as_secs(), ctx.whois(user).host).into();
    let setter = ctx.core.service_mask(crdt::CHANSERV).into();
    let changes = vec![ModeChange::Add { letter: 'b', mask, setter }];
    let (name, epoch) = (record.name.clone(), record.epoch);
    ctx.commit(Op::Mode { name, epoch, by: CHANSERV, changes });
}

/// The field of the setting, as `Setting::field` has it.
const FIELD: &str = "set:antiflood";

/// For how long.
const SPAN: Duration = Duration::from_secs(600);

/// Why.
const REASON: &str = "Flooding";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::registered::settings, sim::script::check};

    #[test]
    fn the_setting_stands_where_it_is_looked_for() {
        assert_eq!(settings::named(ANTIFLOOD).map(|row| row.field()).as_deref(), Some(FIELD));
    }

    #[test]
    fn who_floods_a_channel_is_muted_put_out_or_banned() {
        let flood = |who: &str| format!("{who} > PRIVMSG #a :x\n").repeat(5);
        check(&format!(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob@2   > JOIN #a
            alice > CS SET #a ANTIFLOOD maybe
            alice < :ChanServ!services@services.test NOTICE alice :ANTIFLOOD is one of OFF, ON, QUIET, KICKBAN, AKILL.
            {bob}
            alice <! MODE #a +b
            alice > CS SET #a ANTIFLOOD ON
            alice < :ChanServ!services@services.test NOTICE alice :ANTIFLOOD for #a has been set to on.
            {bob}
            bob   < :s2.test 404 bob #a :Cannot send to channel (ANTIFLOOD: too much at once)
            alice < :ChanServ!services@services.test MODE #a +b time:600s:mute:*!*@bob.test
            bob   > PRIVMSG #a :y
            bob   < :s2.test 404 bob #a :Cannot send to channel (+b: you are muted)
            alice > CS SET #a ANTIFLOOD kickban
            carol@2 > JOIN #a
            {carol}
            alice < :ChanServ!services@services.test MODE #a +b time:600s:*!*@carol.test
            alice < :ChanServ!services@services.test KICK #a carol :Flooding
            carol > JOIN #a
            carol < :s2.test 474 carol #a :Cannot join channel (+b)
            alice > CS SET #a ANTIFLOOD AKILL
            alice < :ChanServ!services@services.test NOTICE alice :AKILL bans people from the network; operators with the privilege ban can set it.
            alice > OPER root sesame
            alice > CS SET #a ANTIFLOOD AKILL
            dave@2 > JOIN #a
            {dave}
            dave  <~ ERROR :*Flooding*
            {alice}
            alice <! 404
            ",
            bob = flood("bob"),
            carol = flood("carol"),
            dave = flood("dave"),
            alice = flood("alice"),
        ));
    }

    #[test]
    fn rates_that_a_channel_has_chosen_ban_nobody_from_the_network() {
        check(
            r"
            config oper root sesame
            account alice password=sesame
            root  > OPER root sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            root  > NS REGISTER sesame-open
            alice > CS FLAGS #a root +s
            root  > CS SET #a ANTIFLOOD AKILL
            alice > MODE #a +F 1m:3600
            bob   > JOIN #a
            bob   > PRIVMSG #a :x
            bob   > PRIVMSG #a :y
            bob   < :ChanServ!services@services.test KICK #a bob :Flooding
            bob   <! ERROR
            ",
        );
    }
}
