//! LIST (RFC 2812 §3.2.6), with the filters of ELIST=CMNTU.

use crate::arena::Id;
use crate::{
    core::{
        ctx::{Ctx, Cursor, Outcome, STREAM_PIECE},
        dispatch::{Command, Run},
        policy,
    },
    network::{Channel, ChannelId, UserId},
    time::Wall,
    wire::{mask, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LIST",
    params: "[<filter>{,<filter>}]",
    about: "Shows the channels, with how many are in them and what they are about.",
    help: "A filter is a channel, a mask (*dev*), a mask that must not fit (!*dev*), >n or <n members, C>n or C<n minutes since the founding, T>n or T<n minutes since the topic was set.\nExample: LIST >5,*dev*",
    replies: &[reply::LIST_START, reply::LIST, reply::LIST_END],
    cost: 3,
    run: Run::User(list),
    ..Command::USUAL
}];

fn list(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    ctx.reply(reply::list_start());
    let asked = args.list(0).map(str::to_owned).collect();
    ctx.stream(Cursor { asked, ..Cursor::default() }, piece);
    Ok(())
}

fn piece(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    let user = ctx.session().user()?;
    for _ in 0..STREAM_PIECE {
        let Some((id, channel)) = ctx.network().channel_from_slot(cursor.slot) else {
            ctx.reply(reply::list_end());
            return None;
        };
        cursor.slot = id.index() + 1;
        let members = ctx.network().members(id).count();
        if !channel.exists()
            || (members == 0 && !channel.is_empty())
            || !policy::comes_across(ctx, user, id)
            || !fits(ctx, id, channel, members, &cursor.asked)
        {
            continue;
        }
        let topic = channel.topic().map(|topic| topic.value.text.clone()).unwrap_or_default();
        let name = channel.name.to_string();
        ctx.reply(reply::list(&name, members, &topic));
    }
    Some(cursor)
}

/// Whether a channel fits the filters: one of the names and masks, if there are any, and all others.
fn fits(
    ctx: &Ctx<'_>,
    _id: ChannelId,
    channel: &Channel,
    members: usize,
    filters: &[String],
) -> bool {
    let casemap = ctx.network().casemap();
    let name = channel.name.as_str();
    let (mut masks, mut any) = (0, false);
    for filter in filters {
        if let Some((more, count)) = comparison(filter) {
            if !compare(members as u64, more, count) {
                return false;
            }
        } else if let Some((more, minutes)) = filter.strip_prefix(['C', 'c']).and_then(comparison) {
            if !compare(age(ctx, channel.epoch.at.wall()), more, minutes) {
                return false;
            }
        } else if let Some((more, minutes)) = filter.strip_prefix(['T', 't']).and_then(comparison) {
            let Some(topic) = channel.topic() else { return false };
            if !compare(age(ctx, topic.at.wall()), more, minutes) {
                return false;
            }
        } else if let Some(pattern) = filter.strip_prefix('!') {
            if mask::matches(pattern, name, casemap) {
                return false;
            }
        } else {
            masks += 1;
            any |= mask::matches(filter, name, casemap);
        }
    }
    masks == 0 || any
}

/// `>n` or `<n`.
fn comparison(text: &str) -> Option<(bool, u64)> {
    let more = text.starts_with('>');
    let number = text.strip_prefix(['>', '<'])?.parse().ok()?;
    Some((more, number))
}

fn compare(value: u64, more: bool, bound: u64) -> bool {
    if more { value > bound } else { value < bound }
}

/// How many minutes ago something was.
fn age(ctx: &Ctx<'_>, then: Wall) -> u64 {
    ctx.now.wall.secs().saturating_sub(then.secs()) / 60
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn channels_are_listed_unless_they_are_secret() {
        check(
            r"
            alice > JOIN #a,#b
            alice > TOPIC #a :about a
            alice > MODE #b +s
            bob   > LIST
            bob   < :s1.test 321 bob Channel :Users  Name
            bob   < :s1.test 322 bob #a 1 :about a
            bob   < :s1.test 323 bob :End of /LIST
            bob   <! #b
            alice > LIST #b
            alice < :s1.test 322 alice #b 1 :
            ",
        );
    }

    #[test]
    fn filters_choose_by_size_name_and_age() {
        check(
            r"
            alice > JOIN #one,#two
            bob   > JOIN #two
            bob   > LIST >1
            bob   < :s1.test 322 bob #two 2 :
            bob   < :s1.test 323 bob :End of /LIST
            bob   <! #one
            bob   > LIST !*two
            bob   < :s1.test 322 bob #one 1 :
            bob   > LIST *tw*,<1
            bob   < :s1.test 323 bob :End of /LIST
            wait 120
            alice > TOPIC #one :t
            bob   > LIST C>1,T<1
            bob   < :s1.test 322 bob #one 1 :t
            bob   < :s1.test 323 bob :End of /LIST
            bob   <! #two
            ",
        );
    }
}
