//! A connection that began in plain text and has become encrypted.

use super::{ConnId, Core, dispatch, effect::Effects, session::Wait};
use crate::server::Tls;

/// Both sides have agreed: the session goes on where it was.
pub fn secured(core: &mut Core, fx: &mut Effects, conn: ConnId, tls: Tls) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    session.tls = Some(Box::new(tls));
    session.wait = Wait::Nothing;
    dispatch::wake(core, fx, conn);
}
