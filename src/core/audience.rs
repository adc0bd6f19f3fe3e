//! Who hears of something: the local sessions behind users and channels, each once.

use super::{ConnId, Core, effect::Effects};
use crate::{
    network::{ChannelId, Sight, UserId, change::Departed, mode::Status},
    wire::encode::Msg,
};

/// The sessions of one user; none if the user is at home elsewhere.
pub fn of_user(core: &Core, user: UserId) -> &[ConnId] {
    core.locals.get(user).map_or(&[], |local| &local.sessions)
}

/// The sessions of a channel's members, of at least a status.
pub fn of_channel(
    core: &Core,
    channel: ChannelId,
    lowest: Status,
) -> impl Iterator<Item = ConnId> + '_ {
    at_least(core, channel, lowest).flat_map(|user| of_user(core, user).iter().copied())
}

/// A channel's members of at least a status. Who cannot be seen is at home elsewhere, and has no sessions
/// here.
fn at_least(core: &Core, channel: ChannelId, lowest: Status) -> impl Iterator<Item = UserId> + '_ {
    let members = core.network().everyone(channel);
    let members =
        members.filter(move |(_, member)| lowest == Status::NONE || member.status.at_least(lowest));
    members.map(|(user, _)| user)
}

/// The sessions of a channel's members, of at least a status, who want to hear what is said there.
pub fn who_hear(
    core: &Core,
    channel: ChannelId,
    lowest: Status,
) -> impl Iterator<Item = ConnId> + '_ {
    let members = at_least(core, channel, lowest);
    let locals = members.filter_map(|user| core.locals.get(user).filter(|local| !local.deaf));
    locals.flat_map(|local| local.sessions.iter().copied())
}

/// The sessions of those in a channel who know that a member is, or was, there.
pub fn who_know(
    core: &Core,
    channel: ChannelId,
    sight: Sight,
) -> impl Iterator<Item = ConnId> + '_ {
    let network = core.network();
    let members = network.everyone(channel).filter(move |(user, _)| match sight {
        Sight::All => true,
        Sight::Known => network.channel(channel).is_known(*user),
        Sight::Nobody => false,
    });
    members.flat_map(|(user, _)| of_user(core, user).iter().copied())
}

/// The sessions of those in a channel who see a member come into it, the member's own left out.
pub fn who_see(core: &Core, channel: ChannelId, user: UserId) -> impl Iterator<Item = ConnId> + '_ {
    let sight = core.network().channel(channel).sight(user);
    let members = core.network().everyone(channel).filter(move |(other, member)| {
        let seen = match sight {
            Sight::All => true,
            Sight::Known => member.status != Status::NONE,
            Sight::Nobody => false,
        };
        seen && *other != user
    });
    members.flat_map(|(user, _)| of_user(core, user).iter().copied())
}

/// The sessions of everybody who saw a user who has gone, each once.
pub fn of_departed(core: &Core, departed: &Departed) -> Vec<ConnId> {
    let all = departed.channels.iter().map(|channel| (*channel, Sight::All));
    let some = departed.shy.iter().map(|channel| (*channel, Sight::Known));
    let mut heard: Vec<ConnId> =
        all.chain(some).flat_map(|(channel, sight)| who_know(core, channel, sight)).collect();
    heard.sort_unstable();
    heard.dedup();
    heard
}

/// The sessions of everybody who shares a channel with a user and knows of it, and the user's own; each
/// once.
pub fn around(core: &Core, user: UserId) -> Vec<ConnId> {
    let channels = core.network().user(user).channels().iter();
    let mut heard: Vec<ConnId> = channels
        .flat_map(|channel| who_know(core, *channel, core.network().channel(*channel).sight(user)))
        .collect();
    heard.extend_from_slice(of_user(core, user));
    heard.sort_unstable();
    heard.dedup();
    heard
}

/// Sends a message to each of `to`, encoded once for each set of capabilities that changes it.
pub fn send(core: &Core, fx: &mut Effects, msg: &Msg, to: impl IntoIterator<Item = ConnId>) {
    let relevant = msg.relevant();
    let to = to.into_iter().filter_map(|conn| {
        let session = core.sessions.get(conn)?;
        Some((session.caps.and(relevant), conn))
    });
    fx.send_by_caps(to, |caps, out| msg.encode(caps, out));
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn in_an_auditorium_members_without_a_status_do_not_see_each_other() {
        check(
            r"
            alice > JOIN #a
            early > JOIN #a
            alice > MODE #a +u
            g1    > JOIN #a
            alice < :g1!~g1@g1.test JOIN #a
            g1    < :s1.test 353 g1 = #a :@alice
            g2    > JOIN #a
            alice < :g2!~g2@g2.test JOIN #a
            g1    <! JOIN
            g1    > PRIVMSG #a :hi
            g2    < :g1!~g1@g1.test PRIVMSG #a :hi
            g2    > NAMES #a
            g2    < :s1.test 353 g2 = #a :@alice
            g2    > WHO #a
            g2    < :s1.test 352 g2 #a ~alice alice.test s1.test alice H@ :0 Real alice
            g2    < :s1.test 352 g2 #a ~g2 g2.test s1.test g2 H :0 Real g2
            g2    < :s1.test 315 g2 #a :End of /WHO list
            g2    > WHOIS g1
            g2    <! 319
            alice > NAMES #a
            alice < :s1.test 353 alice = #a :@alice early g1 g2
            alice > MODE #a +v g1
            g2    < :alice!~alice@alice.test MODE #a +v g1
            g2    > NAMES #a
            g2    < :s1.test 353 g2 = #a :@alice +g1
            g1    > PART #a
            g2    < :g1!~g1@g1.test PART #a
            g1    > JOIN #a
            g2    > NICK neo
            alice < :g2!~g2@g2.test NICK :neo
            g1    <! NICK
            g2    > QUIT
            alice < :neo!~g2@g2.test QUIT :Client quit
            g1    <! QUIT
            early > QUIT
            g1    < :early!~early@early.test QUIT :Client quit
            alice > MODE #a -u
            g3    > JOIN #a
            g1    < :g3!~g3@g3.test JOIN #a
            ",
        );
    }

    #[test]
    fn a_delayed_join_is_shown_at_the_first_word() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            alice   > MODE #a +D
            carol@2 > JOIN #a
            carol   > PING x
            bob@2   > AWAY :x
            bob     > JOIN #a
            bob     < :bob!~bob@bob.test JOIN #a
            bob     < :s2.test 353 bob = #a :@alice bob
            alice   > NAMES #a
            alice   < :s1.test 353 alice = #a :@alice
            bob     > NICK rob
            bob     > TOPIC #a
            bob     > PRIVMSG #a :hi
            alice   <! NICK
            alice   < :rob!~bob@bob.test JOIN #a
            alice   < :rob!~bob@bob.test PRIVMSG #a :hi
            carol   < :rob!~bob@bob.test PRIVMSG #a :hi
            carol   > PART #a
            carol   < :carol!~carol@carol.test PART #a
            carol   > JOIN #a
            alice   <! carol
            alice   > MODE #a +v carol
            alice   < :carol!~carol@carol.test JOIN #a
            alice   < :alice!~alice@alice.test MODE #a +v carol
            dave@2  > JOIN #a
            erin@1  > JOIN #a
            alice   > KICK #a erin
            alice   < :alice!~alice@alice.test KICK #a erin :alice
            carol   <! erin
            alice   > MODE #a -D
            alice   < :dave!~dave@dave.test JOIN #a
            alice   < :alice!~alice@alice.test MODE #a -D
            frank@2 > JOIN #a
            alice   < :frank!~frank@frank.test JOIN #a
            same
            ",
        );
    }

    #[test]
    fn a_join_that_was_shown_during_a_split_is_shown_after_it() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            alice   > MODE #a +D
            bob@2   > JOIN #a
            carol@2 > JOIN #a
            dave@2  > JOIN #a
            split 1 | 2
            wait 61
            bob     > PRIVMSG #a :hi
            heal
            alice   < :bob!~bob@bob.test JOIN #a
            alice   <! carol
            carol   > PRIVMSG #a :hi
            alice   < :carol!~carol@carol.test JOIN #a
            alice   < :carol!~carol@carol.test PRIVMSG #a :hi
            dave    > QUIT
            alice   <! dave
            same
            ",
        );
    }

    #[test]
    fn who_was_there_when_an_auditorium_came_over_a_split_is_still_known() {
        check(
            r"
            servers 2
            carol@2 > JOIN #a
            carol   > MODE #a +u
            split 1 | 2
            carol   > RENAME #a #b
            wait 1
            alice@1 > CAP REQ away-notify
            alice   > JOIN #b
            dave@1  > JOIN #b
            heal
            alice   < :s2.test MODE #b -o+u alice
            dave    > AWAY :gone
            alice   < :dave!~dave@dave.test AWAY :gone
            same
            ",
        );
    }
}
