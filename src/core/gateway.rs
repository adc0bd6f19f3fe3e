//! For whom a gateway speaks, and what becomes of its session then.

use super::{
    blocklist,
    class::Facts,
    ctx::{Ctx, Outcome, Reject},
    peer::{Origin, Tls, Verdict},
    registration,
};
use std::net::IpAddr;

/// For whom a gateway speaks, as it says.
#[derive(Debug)]
pub struct Claim {
    /// The gateway, as it is configured.
    pub gateway: Box<str>,
    /// The host of its user, if that has a name.
    pub host: Option<Box<str>>,
    /// The address of its user.
    pub ip: IpAddr,
    /// Whether the whole way to its user is encrypted.
    pub secure: bool,
    /// The fingerprint of its user's certificate, if the gateway is believed about that.
    pub fingerprint: Option<String>,
}

/// From now on the session is that of whom the gateway speaks for.
pub fn believe(ctx: &mut Ctx<'_>) -> Outcome {
    let claim = ctx.session_mut().registration().and_then(|registration| registration.claim.take());
    let Some(claim) = claim else { return Ok(()) };
    let Claim { gateway, host, ip, secure, fingerprint } = *claim;
    let before = ctx.session().from;
    let from = Origin::Ip(ip);
    let listener = ctx.session().listener.map(usize::from);
    let certified = secure && fingerprint.is_some();
    let facts = Facts { from, listener, gateway: Some(&gateway), account: None, certified };
    let counted = (before, Some(ctx.session().class));
    if let Verdict::Refuse(line) = ctx.core.readmit(counted, facts, ctx.now) {
        let reason = line.trim_end().trim_start_matches("ERROR :Closing link: ");
        return Err(Reject::Quit(reason.to_owned()));
    }
    let session = ctx.session_mut();
    session.from = from;
    // What is known of the gateway's own encryption says nothing of the user.
    let cipher = session.tls.take().map(|tls| tls.cipher).filter(|_| secure);
    session.tls = cipher.map(|cipher| Box::new(Tls { cipher, fingerprint, name: None }));
    session.gateway = Some(gateway);
    ctx.core.classify(ctx.conn).map_err(Reject::Quit)?;
    let session = ctx.session_mut();
    let unnamed = host.is_none();
    if let Some(registration) = session.registration() {
        // The name of the gateway's address may still be on its way.
        registration.resolving = false;
        // What lists say of that address does not concern its user either.
        registration.inquiries.clear();
        registration.listed.clear();
        registration.log_in = None;
        registration.host = host;
    }
    if unnamed {
        registration::look_up_again(ctx, from);
    }
    blocklist::look_up(ctx.core, ctx.fx, ctx.conn, ctx.now);
    Ok(())
}
