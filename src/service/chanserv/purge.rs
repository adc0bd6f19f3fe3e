//! ChanServ PURGE: channels that nobody may use any more.

use crate::{
    core::{
        ctx::{Ctx, Outcome, asked, asks},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
        registry, welcome,
    },
    job::Answer,
    network::{
        UserId,
        note::{Note, Section},
    },
    registry::{Edit, Kind, What},
    store::Rows,
    time::Stamp,
    wire::{message::Args, name::ChannelName},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "PURGE",
    params: "<ADD|DEL|LIST> [<channel> [<reason>]]",
    about: "Ends a channel for good: nobody can enter or register it any more.",
    help: "PURGE ADD <channel> <reason> puts out whoever is in it, operators too, and ends its registration if it has one, with access list and settings; so that this does not happen by mistake you are told a code that has to stand before the reason. PURGE DEL <channel> lets it be used again, and PURGE LIST shows all. OperServ FORBID does the same by masks, and leaves registrations as they are.\nExample: PURGE ADD #warez against the rules",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Channels, purge),
    ..Command::USUAL
}];

fn purge(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let name = args.given(1).map(|text| (text, ctx.channel_name(text)));
    match (args[0].to_ascii_uppercase().as_str(), name) {
        ("LIST", _) => list(ctx),
        ("ADD" | "DEL", Some((text, None))) => {
            ctx.notice(&format!("{text} is no name of a channel."));
        }
        ("ADD", Some((_, Some(name)))) => {
            return add(ctx, user, &name, args.given(2).unwrap_or_default());
        }
        ("DEL", Some((_, Some(name)))) => {
            let gone = notes::remove(ctx, user, Section::Purge, name.folded());
            ctx.notice(&match gone {
                true => format!("{name} may be used again."),
                false => format!("{name} is not purged."),
            });
        }
        _ => ctx.notice("PURGE knows ADD <channel> <reason>, DEL <channel>, and LIST."),
    }
    Ok(())
}

fn add(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName, text: &str) -> Outcome {
    let id = ctx.network().claims().channel(name);
    let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
    let reason = match id {
        Some(id) if code == id.to_string() => rest.trim(),
        // Made from what is the channel's own: it is to be typed, and need not be secret.
        Some(id) => {
            ctx.notice(&format!(
                "{name} is registered. This ends its registration, with its access list and settings, for good. If you mean it: PURGE ADD {name} {id} {text}"
            ));
            return Ok(());
        }
        None => text,
    };
    let reason = if reason.is_empty() { "Purged by an operator" } else { reason };
    // First of all nobody is to come in any more, even if the store fails.
    if let Err(full) = notes::write(ctx, user, (Section::Purge, name.folded()), ("", reason), None)
    {
        ctx.notice(&full);
        return Ok(());
    }
    let Some(id) = id else {
        ctx.notice(&format!("{name} is purged."));
        return Ok(());
    };
    let (at, by) = (ctx.core.clock.tick(ctx.now.wall), ctx.whois(user).mask().into());
    asks(ctx, &[name.as_str()]);
    registry::propose(ctx, Edit { id, kind: Kind::Channel, at, by, what: What::End }, ended);
    Ok(())
}

fn ended(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = asked(ctx).into_iter().next().unwrap_or_default();
    ctx.notice(&match answer {
        Answer::Stored(Ok(Rows::Proposed(_) | Rows::Taken(_))) => {
            format!("{name} is purged, and not registered any more.")
        }
        _ => format!(
            "{name} is purged, but its registration could not be ended now. Purge it once more later."
        ),
    });
    Ok(())
}

fn list(ctx: &mut Ctx<'_>) {
    let line = |(name, note, at): (&str, &Note, Stamp)| {
        let (set, setter) = (welcome::date_text(at.wall()), &note.setter);
        format!("{name}: {}. Set {set} by {setter}.", note.text)
    };
    let mut lines: Vec<String> = ctx.network().notes().of(Section::Purge).map(line).collect();
    lines.push(format!("Channels that are purged: {}.", lines.len()));
    ctx.notices(lines);
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_channel_that_is_purged_is_nobody_s_any_more() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            root@2  > OPER root sesame
            watch@1 > OPER root sesame
            watch > MODE watch +s x
            alice > JOIN #A*b
            alice > CS REGISTER #A*b
            root  > JOIN #a*b
            bob@2 > JOIN #axb
            alice > CS PURGE ADD #x
            alice < :ChanServ!services@services.test NOTICE alice :Permission Denied - You're not an IRC operator with that privilege
            root  > CS PURGE ADD #a*b against the rules
            root  <~ :ChanServ!services@services.test NOTICE root :#a?b is registered. This ends *
            root  > CS PURGE ADD #a*b $record against the rules
            watch < :s1.test NOTICE watch :*** Notice -- root!~root@root.test sets the purged channel #a*b: against the rules
            alice < :s1.test KICK #A*b alice :This channel is purged: against the rules
            root  < :s2.test KICK #A*b root :This channel is purged: against the rules
            root  < :ChanServ!services@services.test NOTICE root :#a*b is purged, and not registered any more.
            alice > JOIN #A*B
            alice < :s1.test 479 alice #A*B :Cannot join channel (it is purged: against the rules)
            root  > JOIN #a*b
            root  < :s2.test 479 root #a*b :Cannot join channel (it is purged: against the rules)
            alice > CS INFO #a*b
            alice < :ChanServ!services@services.test NOTICE alice :#a*b is purged: against the rules. Nobody can use it.
            bob   > RENAME #axb #a*b
            bob   <~ :s2.test * #axb #a*b :The new name is forbidden; choose another.
            root  > CS PURGE LIST
            root  <~ :ChanServ!services@services.test NOTICE root :#a?b: against the rules. Set *
            root  < :ChanServ!services@services.test NOTICE root :Channels that are purged: 1.
            root  > CS PURGE ADD #new
            root  < :ChanServ!services@services.test NOTICE root :#new is purged.
            root  > CS PURGE DEL #a*b
            root  < :ChanServ!services@services.test NOTICE root :#a*b may be used again.
            root  > CS PURGE DEL #a*b
            root  < :ChanServ!services@services.test NOTICE root :#a*b is not purged.
            root  > CS PURGE DEL a
            root  < :ChanServ!services@services.test NOTICE root :a is no name of a channel.
            root  > CS PURGE FROB
            root  < :ChanServ!services@services.test NOTICE root :PURGE knows ADD <channel> <reason>, DEL <channel>, and LIST.
            alice > JOIN #a*b
            alice < :alice!~alice@alice.test JOIN #A*b
            alice > CS REGISTER #a*b
            alice < :ChanServ!services@services.test NOTICE alice :#A*b is now registered to alice.
            same
            ",
        );
    }

    #[test]
    fn a_purge_holds_while_the_store_fails_and_says_what_is_left_to_do() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            root@2  > OPER root sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            wait 20
            disk 2 full
            root  > CS PURGE ADD #a x
            root  <~ :ChanServ!services@services.test NOTICE root :*PURGE ADD #a *
            root  > CS PURGE ADD #a $record
            root  < :ChanServ!services@services.test NOTICE root :#a is purged, but its registration could not be ended now. Purge it once more later.
            alice < :s1.test KICK #a alice :This channel is purged: Purged by an operator
            disk 2 well
            wait 60
            root  > CS PURGE ADD #a $record
            root  < :ChanServ!services@services.test NOTICE root :#a is purged, and not registered any more.
            ",
        );
    }
}
