//! NickServ AJOIN.

use crate::{
    core::{
        ajoin::{AJOIN, AJOINS_MAX},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    job::Answer,
    network::UserId,
    registry::{Record, What},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "AJOIN",
    params: "<subcommand> [<channel>] [<key>]",
    about: "Lists, adds or removes channels that you enter whenever you log in.",
    help: "AJOIN LIST shows them; AJOIN ADD <channel> [<key>] adds one, AJOIN DEL <channel> removes one. An account has at most 25. You enter them as if you had said JOIN.\nExample: AJOIN ADD #dev",
    replies: &[],
    cost: 3,
    run: Run::User(ajoin),
    ..Command::USUAL
}];

fn ajoin(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    let subcommand = args[0].to_ascii_uppercase();
    let channel = match (subcommand.as_str(), args.given(1)) {
        ("LIST", _) => return super::read(ctx, login.id, listed),
        ("ADD" | "DEL", Some(name)) => ctx.channel_name(name),
        _ => {
            ctx.notice("AJOIN knows LIST, ADD <channel> [<key>] and DEL <channel>.");
            return Ok(());
        }
    };
    let key = args.given(2).unwrap_or_default();
    let Some(channel) = channel.filter(|_| !key.contains([' ', ','])) else {
        ctx.notice("That cannot be a channel, or not its key.");
        return Ok(());
    };
    let field: Box<str> = format!("{AJOIN}{}", channel.folded()).into();
    if subcommand == "DEL" {
        return super::write(ctx, user, login.id, What::Write(vec![(field, None)]), changed);
    }
    let value = format!("{channel} {key}");
    super::asks(ctx, &[&*field, value.trim_end()]);
    super::read(ctx, login.id, counted)
}

fn counted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let asked = super::asked(ctx);
    let [field, value] = asked.as_slice() else { return Ok(()) };
    let Some(user) = ctx.session().user() else { return Ok(()) };
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    if record.get(field).is_none() && channels(&record).count() >= AJOINS_MAX {
        ctx.notice(&format!(
            "An account has at most {AJOINS_MAX} such channels. AJOIN DEL one first."
        ));
        return Ok(());
    }
    let fields = vec![(field.as_str().into(), Some(value.as_str().into()))];
    super::write(ctx, user, record.id, What::Write(fields), changed)
}

fn changed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    super::told(ctx, &answer, "The list of your channels is changed; AJOIN LIST shows it.");
    Ok(())
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    channels(&record).for_each(|channel| ctx.notice(channel));
    ctx.notice(&format!("Channels that you enter when you log in: {}.", channels(&record).count()));
    Ok(())
}

fn channels(record: &Record) -> impl Iterator<Item = &str> {
    record.under(AJOIN).filter_map(|(_, field)| field.value.as_deref())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_logs_in_enters_the_channels_of_the_account() {
        check(
            r"
            servers 2
            bob@2 > JOIN #key
            bob > MODE #key +k sesame
            bob > JOIN #shut
            bob > MODE #shut +i
            alice@1 > NS AJOIN LIST
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS REGISTER sesame-open
            alice > NS AJOIN ADD #one
            alice < :NickServ!services@services.test NOTICE alice :The list of your channels is changed; AJOIN LIST shows it.
            alice > NS AJOIN ADD #Key sesame
            alice > NS AJOIN ADD #shut
            alice > NS AJOIN ADD #gone
            alice > NS AJOIN DEL #GONE
            alice > NS AJOIN ADD x
            alice < :NickServ!services@services.test NOTICE alice :That cannot be a channel, or not its key.
            alice > NS AJOIN ADD #x a,b
            alice < :NickServ!services@services.test NOTICE alice :That cannot be a channel, or not its key.
            alice > NS AJOIN ADD
            alice < :NickServ!services@services.test NOTICE alice :AJOIN knows LIST, ADD <channel> [<key>] and DEL <channel>.
            alice > NS AJOIN LIST
            alice < :NickServ!services@services.test NOTICE alice :#Key sesame
            alice < :NickServ!services@services.test NOTICE alice :#one
            alice < :NickServ!services@services.test NOTICE alice :#shut
            alice < :NickServ!services@services.test NOTICE alice :Channels that you enter when you log in: 3.
            alice > NS LOGOUT
            alice <! JOIN
            alice > NS IDENTIFY alice sesame-open
            alice < :NickServ!services@services.test NOTICE alice :You are now identified for alice.
            alice < :alice!~alice@alice.test JOIN #key
            alice < :alice!~alice@alice.test JOIN #one
            alice <~ :s1.test 473 alice #shut *
            alice > QUIT
            raw a
            a > CAP REQ sasl
            a > NICK al
            a > USER al 0 * :Al
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE AGFsaWNlAHNlc2FtZS1vcGVu
            a <! JOIN
            a > CAP END
            a <~ :s1.test 001 al *
            a <~ :s1.test 422 al *
            a < :al!~al@a.test JOIN #key
            a < :al!~al@a.test JOIN #one
            same
            ",
        );
    }

    #[test]
    fn an_account_has_only_so_many_such_channels() {
        let add = |number: usize| format!("alice > NS AJOIN ADD #c{number}\n");
        let all: String = (1..=crate::core::ajoin::AJOINS_MAX).map(add).collect();
        check(&format!(
            r"
            alice > NS REGISTER sesame-open
            {all}
            alice > NS AJOIN ADD #C1 key
            alice <! at most
            alice > NS AJOIN ADD #c99
            alice < :NickServ!services@services.test NOTICE alice :An account has at most 25 such channels. AJOIN DEL one first.
            "
        ));
    }
}
