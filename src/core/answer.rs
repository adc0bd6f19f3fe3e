//! Labelled answers (`ircv3: labeled-response`): what a command answers is held back until it is
//! complete, then labelled as one line, as a batch, or as an ACK. Handlers know nothing of it.

use super::{
    ConnId, Core,
    effect::{Capture, Effects},
    render,
    session::{Answer, Wait, send},
};
use crate::{
    time::Now,
    wire::{
        cap, encode,
        tags::{self, Tags},
    },
};

/// The longest label (`ircv3: labeled-response`).
const LABEL_MAX: usize = 64;

/// How many lines are held back before a batch is opened and sent on.
const HELD_MAX: usize = 64;

/// Holds back what a labelled command answers from here on.
pub fn begin(core: &mut Core, fx: &mut Effects, conn: ConnId, tags: Tags<'_>) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    if !session.caps.contains(cap::LABELED_RESPONSE.or(cap::BATCH)) {
        return;
    }
    let Some(label) = tags.get("label") else { return };
    if label.is_empty() || label.len() > LABEL_MAX {
        return;
    }
    session.answer = Some(Box::new(Answer { label: label.as_ref().into(), ..Answer::default() }));
    fx.hold(Capture { conn, lines: Vec::new(), count: 0 });
}

/// Holds back again, now that a command that had to wait goes on.
pub fn again(core: &mut Core, fx: &mut Effects, conn: ConnId) {
    let Some(answer) = core.sessions.get_mut(conn).and_then(|session| session.answer.as_mut())
    else {
        return;
    };
    let lines = std::mem::take(&mut answer.lines);
    fx.hold(Capture { conn, lines, count: answer.count });
}

/// A command has returned: its answer is complete, or is waiting, and then kept or sent in part.
pub fn end(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(capture) = fx.release() else { return };
    let Some(session) = core.sessions.get_mut(conn) else { return };
    let complete = matches!(session.wait, Wait::Nothing) || session.closing;
    let Some(mut answer) = session.answer.take() else { return };
    answer.lines = capture.lines;
    answer.count = capture.count;
    if answer.batch.is_none() && (answer.count > HELD_MAX || complete && answer.count > 1) {
        open(core, fx, conn, &mut answer, now);
    }
    if answer.batch.is_some() {
        flush(fx, conn, &mut answer);
    }
    if complete {
        finish(core, fx, conn, &answer, now);
    } else if let Some(session) = core.sessions.get_mut(conn) {
        session.answer = Some(answer);
    }
}

fn open(core: &mut Core, fx: &mut Effects, conn: ConnId, answer: &mut Answer, now: Now) {
    let batch = core.new_batch();
    let opening = format!("+{batch}");
    let msg = render::server_msg(core, "BATCH", now)
        .tag(cap::LABELED_RESPONSE, "label", &answer.label)
        .param(&opening)
        .param("labeled-response");
    let caps = core.sessions.get(conn).map_or(cap::CapSet::EMPTY, |session| session.caps);
    fx.send(&[conn], |out| msg.encode(caps, out));
    answer.batch = Some(batch.into());
}

/// Sends the lines held back, as parts of the batch.
fn flush(fx: &mut Effects, conn: ConnId, answer: &mut Answer) {
    let Some(batch) = &answer.batch else { return };
    let tag = format!("batch={batch}");
    let lines = std::mem::take(&mut answer.lines);
    answer.count = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        // A batch inside the batch (a netsplit, a history) has its own reference on its lines already.
        let nested = line.starts_with(b"@")
            && line.windows(6).take_while(|w| w[0] != b' ').any(|w| w == b"batch=");
        send(fx, conn, |out| {
            if nested { out.extend_from_slice(line) } else { encode::add_tag(line, &tag, out) }
        });
    }
}

fn finish(core: &Core, fx: &mut Effects, conn: ConnId, answer: &Answer, now: Now) {
    let caps = core.sessions.get(conn).map_or(cap::CapSet::EMPTY, |session| session.caps);
    if let Some(batch) = &answer.batch {
        let msg = render::server_msg(core, "BATCH", now).param(&format!("-{batch}"));
        fx.send(&[conn], |out| msg.encode(caps, out));
    } else if answer.count == 1 {
        let tag = format!("label={}", tags::escape(&answer.label));
        send(fx, conn, |out| encode::add_tag(&answer.lines, &tag, out));
    } else {
        let msg =
            render::server_msg(core, "ACK", now).tag(cap::LABELED_RESPONSE, "label", &answer.label);
        fx.send(&[conn], |out| msg.encode(caps, out));
    }
}
