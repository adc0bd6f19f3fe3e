//! A message of several lines, while its client sends it (`ircv3: client-batch`, `multiline`): one for each
//! session, within the limits of the configuration, and for a while only.

use super::{
    ConnId, Core, answer,
    ctx::{Ctx, Outcome, Reject},
    effect::Effects,
    render,
    timer::{self, Timer},
};
use crate::{
    config::Limits,
    network::op::MessageKind,
    time::Now,
    wire::{
        casemap::Casemap,
        fail::{self, Standard},
        message::Message,
    },
};
use std::time::Duration;

/// The type of the batch.
pub const TYPE: &str = "draft/multiline";

/// The tag of a line that goes on with the one before.
pub const CONCAT: &str = "draft/multiline-concat";

/// How long a batch may stay open.
const OPEN_MAX: Duration = Duration::from_secs(60);

/// A batch that a client has opened.
#[derive(Debug, Default)]
pub struct Batch {
    reference: Box<str>,
    /// To whom.
    pub target: Box<str>,
    /// The name of the channel when the batch was opened, if that has been renamed since.
    before: Option<Box<str>>,
    /// Client-only tags, raw.
    pub tags: Box<str>,
    /// The label of its beginning, under which it is answered in the end.
    label: Option<Box<str>>,
    /// What its lines are, once there is one.
    pub kind: Option<MessageKind>,
    /// The lines so far, as an operation has them.
    pub text: String,
    lines: usize,
    /// As `max-bytes` counts them.
    bytes: usize,
    /// Whether any line has something on it.
    said: bool,
    /// Whether it has been refused, so that the rest of it means nothing.
    failed: bool,
    timer: timer::Key,
}

/// What a filter has to look at: a message as a whole, and if it has several lines each by itself.
pub fn parts(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n').filter(|line| line.len() < text.len());
    std::iter::once(text).chain(lines)
}

/// Opens a batch. Whatever its beginning is labelled with, its end will be answered with.
pub fn open(ctx: &mut Ctx<'_>, reference: &str, target: &str, tags: String) -> Outcome {
    if ctx.session().batch.as_ref().is_some_and(|open| !open.failed) {
        return Err(fail(ctx, fail::multiline_invalid()));
    }
    let label = answer::postpone(ctx.core, ctx.conn);
    let timer = ctx.core.timers.set(ctx.now.mono + OPEN_MAX, Timer::Batch(ctx.conn));
    let (reference, target, tags) = (reference.into(), target.into(), tags.into());
    let batch = Batch { reference, target, tags, label, timer, ..Batch::default() };
    ctx.session_mut().batch = Some(Box::new(batch));
    Ok(())
}

/// Refuses a batch: what is part of it means nothing from here on.
pub fn fail(ctx: &mut Ctx<'_>, why: Standard) -> Reject {
    let batch = ctx.session_mut().batch.take().unwrap_or_default();
    ctx.core.timers.cancel(batch.timer);
    if let Some(label) = &batch.label {
        answer::label(ctx.core, ctx.fx, ctx.conn, label);
    }
    ctx.session_mut().batch = Some(Box::new(Batch { failed: true, ..Batch::default() }));
    why.into()
}

/// A line that says it is part of a batch.
pub fn line(ctx: &mut Ctx<'_>, message: &Message<'_>, reference: &str) -> Outcome {
    let casemap = ctx.network().casemap();
    let session = ctx.core.sessions.get_mut(ctx.conn);
    let added = match session.and_then(|session| session.batch.as_mut()) {
        Some(batch) if batch.failed => Ok(()),
        Some(batch) => batch.add(message, reference, &ctx.core.config.limits, casemap),
        None => Err(fail::multiline_invalid()),
    };
    added.map_err(|why| fail(ctx, why))
}

/// Closes a batch, and hands over what was in it; nothing if that has been refused before.
pub fn close(ctx: &mut Ctx<'_>, reference: &str) -> Result<Option<Box<Batch>>, Reject> {
    let Some(batch) = ctx.session_mut().batch.take() else {
        return Err(fail::multiline_invalid().into());
    };
    ctx.core.timers.cancel(batch.timer);
    if batch.failed {
        return Ok(None);
    }
    if let Some(label) = &batch.label {
        answer::label(ctx.core, ctx.fx, ctx.conn, label);
    }
    if &*batch.reference != reference || !batch.said {
        return Err(fail::multiline_invalid().into());
    }
    Ok(Some(batch))
}

/// A batch has been open for as long as it may.
pub fn expire(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    let ready = session.ready();
    let Some(batch) = session.batch.as_mut().filter(|batch| !batch.failed) else { return };
    if !ready {
        // It is this server that does not listen.
        batch.timer = core.timers.set(now.mono + OPEN_MAX, Timer::Batch(conn));
        return;
    }
    let batch = std::mem::replace(&mut **batch, Batch { failed: true, ..Batch::default() });
    if let Some(label) = &batch.label {
        answer::label(core, fx, conn, label);
    }
    render::standard(core, fx, conn, &fail::batch_timeout(&batch.reference), now);
    answer::end(core, fx, conn, now);
}

impl Batch {
    /// A channel goes by another name: the rest of the batch may be for either, and all of it is for that.
    pub fn follow(&mut self, old: &str, new: &str, casemap: Casemap) {
        if casemap.fold(&self.target) == casemap.fold(old) {
            let target = std::mem::replace(&mut self.target, new.into());
            self.before.get_or_insert(target);
        }
    }

    fn add(
        &mut self,
        message: &Message<'_>,
        reference: &str,
        limits: &Limits,
        casemap: Casemap,
    ) -> Result<(), Standard> {
        let kind = match message.verb.to_ascii_uppercase().as_str() {
            "PRIVMSG" => MessageKind::Privmsg,
            "NOTICE" => MessageKind::Notice,
            _ => return Err(fail::multiline_invalid()),
        };
        let tags = message.tags.iter().all(|(key, _)| key == "batch" || key == CONCAT);
        let ours = reference == &*self.reference && self.kind.is_none_or(|known| known == kind);
        let (Some(target), Some(text), true) =
            (message.args.get(0), message.args.get(1), tags && ours)
        else {
            return Err(fail::multiline_invalid());
        };
        let names = |name: &str| casemap.fold(target) == casemap.fold(name);
        if !names(&self.target) && !self.before.as_deref().is_some_and(names) {
            return Err(fail::multiline_invalid_target(&self.target, target));
        }
        let goes_on = message.tags.get(CONCAT).is_some();
        if goes_on && text.is_empty() {
            return Err(fail::multiline_invalid());
        }
        if self.lines == limits.multiline_lines {
            return Err(fail::multiline_max_lines(&limits.multiline_lines.to_string()));
        }
        let feed = usize::from(self.lines > 0 && !goes_on);
        if self.bytes + feed + text.len() > limits.multiline_bytes {
            return Err(fail::multiline_max_bytes(&limits.multiline_bytes.to_string()));
        }
        if self.lines > 0 {
            self.text.push(if goes_on { '\r' } else { '\n' });
        }
        // A CR can stand inside of a line from a client, but not in one that is passed on.
        self.text.extend(text.chars().filter(|c| *c != '\r'));
        self.kind = Some(kind);
        self.lines += 1;
        self.bytes += feed + text.len();
        self.said |= !text.is_empty();
        Ok(())
    }
}
