//! What only a user's own server may do, asked of it: what the SA commands and CHGHOST and its like
//! have in common.

use crate::{
    core::ctx::Ctx,
    network::{
        UserId,
        crdt::Source,
        op::{Ask, Op},
    },
};

/// Asks something of a user's own server, and notes who did.
pub fn request(ctx: &mut Ctx<'_>, user: UserId, target: UserId, ask: Ask) {
    let text = format!("{} {}", ctx.whois(user).mask(), what(&ask, &ctx.whois(target).mask()));
    log::info!("{text}");
    ctx.snotice('o', &text);
    let (by, uid) = (Source::User(ctx.whois(user).uid), ctx.whois(target).uid);
    ctx.commit(Op::Request { by, uid, ask });
}

/// What is done to whom, in words.
fn what(ask: &Ask, target: &str) -> String {
    match ask {
        Ask::Kill(reason) => format!("has {target} quit: {reason}"),
        Ask::Tell(text) => format!("tells {target}: {text}"),
        Ask::Join(channel) => format!("has {target} enter {channel}"),
        Ask::Part(channel, _) => format!("has {target} leave {channel}"),
        Ask::Nick(nick) => format!("gives {target} the nick {nick}"),
        Ask::Modes(modes) => format!("changes the modes of {target}: {modes}"),
        Ask::Ident(name) => format!("gives {target} the user name {name}"),
        Ask::Host(host) => format!("gives {target} the host {host}"),
        Ask::Realname(name) => format!("gives {target} the real name {name}"),
        Ask::Uninvite(channel) => format!("takes back the invitation of {target} to {channel}"),
        Ask::Unheard { nick, .. } => format!("tells {target} that {nick} does not hear them"),
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn other_operators_read_what_is_done_to_users() {
        check(
            r"
            config oper root sesame
            watch > OPER root sesame
            watch > MODE watch +s o
            alice > OPER root sesame
            bob   > PING x
            alice > SAJOIN bob #a
            watch < :s1.test NOTICE watch :*** Notice -- alice!~alice@alice.test has bob!~bob@bob.test enter #a
            alice > SAPART bob #a :x
            watch < :s1.test NOTICE watch :*** Notice -- alice!~alice@alice.test has bob!~bob@bob.test leave #a
            alice > SANICK bob rob
            watch < :s1.test NOTICE watch :*** Notice -- alice!~alice@alice.test gives bob!~bob@bob.test the nick rob
            alice > CHGIDENT rob robert
            watch < :s1.test NOTICE watch :*** Notice -- alice!~alice@alice.test gives rob!~bob@bob.test the user name robert
            alice > CHGHOST rob staff.test
            watch < :s1.test NOTICE watch :*** Notice -- alice!~alice@alice.test gives rob!robert@bob.test the host staff.test
            alice > CHGNAME rob :Rob
            watch < :s1.test NOTICE watch :*** Notice -- alice!~alice@alice.test gives rob!robert@staff.test the real name Rob
            alice > SAQUIT rob :bye
            watch < :s1.test NOTICE watch :*** Notice -- alice!~alice@alice.test has rob!robert@staff.test quit: bye
            ",
        );
    }
}
