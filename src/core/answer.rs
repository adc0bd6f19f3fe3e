//! Labelled answers (`ircv3: labeled-response`): what a command answers is held back until it is
//! complete, then labelled as one line, as a batch, or as an ACK. Handlers know nothing of it.

use super::{
    ConnId, Core,
    effect::{Capture, Effects},
    multiline, render,
    session::{Answer, Wait, send},
};
use crate::{
    time::Now,
    wire::{
        cap, encode, message,
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
    self::label(core, fx, conn, &label);
}

/// Holds back what is answered from here on, under this label in place of any other.
pub fn label(core: &mut Core, fx: &mut Effects, conn: ConnId, label: &str) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    session.answer = Some(Box::new(Answer { label: label.into(), ..Answer::default() }));
    fx.hold(Capture { conn, lines: Vec::new(), count: 0, closes: false });
}

/// A command that has answered nothing will be answered with a later one: its label, to be kept.
pub fn postpone(core: &mut Core, conn: ConnId) -> Option<Box<str>> {
    core.sessions.get_mut(conn)?.answer.take().map(|answer| answer.label)
}

/// Holds back again, now that a command that had to wait goes on.
pub fn again(core: &mut Core, fx: &mut Effects, conn: ConnId) {
    let Some(answer) = core.sessions.get_mut(conn).and_then(|session| session.answer.as_mut())
    else {
        return;
    };
    let lines = std::mem::take(&mut answer.lines);
    fx.hold(Capture { conn, lines, count: answer.count, closes: false });
}

/// A command has returned: its answer is complete, or is waiting, and then kept or sent in part.
pub fn end(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(capture) = fx.release() else { return };
    let closes = capture.closes;
    release(core, fx, conn, capture, now);
    if closes {
        fx.close(conn);
    }
}

/// Sends what was held back, as far as it can be.
fn release(core: &mut Core, fx: &mut Effects, conn: ConnId, capture: Capture, now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    let complete = matches!(session.wait, Wait::Nothing) || session.closing;
    let Some(mut answer) = session.answer.take() else { return };
    answer.lines = capture.lines;
    answer.count = capture.count;
    if complete && answer.batch.is_none() && is_batch(&answer.lines) {
        return first_labelled(fx, conn, &answer);
    }
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

/// Whether lines are one message of several lines, whose batch then carries the label itself
/// (`ircv3: multiline`).
fn is_batch(lines: &[u8]) -> bool {
    let mut lines = lines.split_inclusive(|byte| *byte == b'\n');
    let (Some(first), Some(last)) = (lines.next(), lines.next_back()) else { return false };
    let reference = |line: &[u8], sign: &str| {
        let message = message::parse(std::str::from_utf8(line).ok()?.trim_end())?;
        let ours = sign == "-" || message.args.get(1) == Some(multiline::TYPE);
        let reference = message.args.get(0).filter(|_| ours && message.verb == "BATCH")?;
        reference.strip_prefix(sign).map(str::to_owned)
    };
    let opened = reference(first, "+");
    opened.is_some() && opened == reference(last, "-")
}

/// Sends lines whose first carries the label.
fn first_labelled(fx: &mut Effects, conn: ConnId, answer: &Answer) {
    let tag = format!("label={}", tags::escape(&answer.label));
    for (place, line) in answer.lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
        send(fx, conn, |out| {
            if place == 0 { encode::add_tag(line, &tag, out) } else { out.extend_from_slice(line) }
        });
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
        let tags = line.strip_prefix(b"@").and_then(|rest| rest.split(|byte| *byte == b' ').next());
        let mut tags = tags.unwrap_or_default().split(|byte| *byte == b';');
        let nested = tags.any(|tag| tag.starts_with(b"batch="));
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
