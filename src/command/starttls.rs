//! STARTTLS (`ircv3: tls`), which is deprecated and works where a listener has it switched on.

use crate::{
    core::{
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run},
        effect::Effect,
        session::Wait,
    },
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "STARTTLS",
    params: "",
    about: "Turns a plain connection to TLS, before NICK and USER. Prefer a port that speaks TLS.",
    help: "",
    replies: &[reply::STARTTLS, reply::STARTTLS_FAILED],
    cost: 1,
    run: Run::New(starttls),
    ..Command::USUAL
}];

fn starttls(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    let session = ctx.session_mut();
    if session.tls.is_some() {
        return Err(reply::starttls_failed("the connection is encrypted already").into());
    }
    let said = session.registration().is_some_and(|one| one.nick.is_some() || one.user.is_some());
    let listener = session.listener.map(usize::from);
    if said {
        return Err(reply::starttls_failed("it has to come before NICK and USER").into());
    }
    let Some(listener) = listener.filter(|_| is_offered(ctx)) else {
        return Err(reply::starttls_failed("this port does not have it").into());
    };
    // Whoever is between could have put in words before; they must not count afterwards.
    if let Some(registration) = ctx.session_mut().registration() {
        registration.password = None;
        registration.away = None;
        registration.metadata = Default::default();
        registration.login = None;
    }
    ctx.core.end_exchange(ctx.conn);
    if ctx.session().answer.is_some() {
        // A label would hold the answer back until the handshake is over.
        return Err(Reject::Reply(reply::starttls_failed("it takes no label")));
    }
    ctx.reply(reply::starttls());
    ctx.session_mut().wait = Wait::Handshake;
    ctx.fx.push(Effect::Secure { conn: ctx.conn, listener });
    Ok(())
}

/// Whether this session may turn to TLS.
pub fn is_offered(ctx: &Ctx<'_>) -> bool {
    let session = ctx.session();
    session.tls.is_none() && session.listen(&ctx.core.config).is_some_and(|listen| listen.starttls)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn where_it_is_not_switched_on_it_is_refused() {
        check(
            r"
            raw a
            a > STARTTLS
            a < :s1.test 691 * :STARTTLS failed (this port does not have it)
            a > NICK al
            a > STARTTLS
            a < :s1.test 691 al :STARTTLS failed (it has to come before NICK and USER)
            a > USER al 0 * :Al
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            a > STARTTLS
            a < :s1.test 462 al :You may not reregister
            ",
        );
    }
}
