//! A link to a neighbour: what waits to be sent over it.

use super::{Broadcast, Config};
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::version::Version;

/// How long news waits, at least, before it is announced over a link that does not carry news. By then the neighbour mostly has it
/// another way. Up to as much again is added at random, so that not both ends announce it.
const ANNOUNCE_MS: u64 = 100;

/// How long news waits at most before it is announced. What comes meanwhile is announced together with it.
const ANNOUNCE_MS_MAX: u64 = 800;

/// If more dots than this are to be announced and nothing has come for a while, a digest is sent instead. It is shorter, and mostly the
/// neighbour has all of it.
const ANNOUNCED_MAX: usize = 2;

/// How many deltas wait one by one; further ones are joined to the last.
const WAITING_MAX: usize = 1_024;

/// A link to a neighbour.
#[derive(Clone, Debug)]
pub(super) struct Link<K> {
    pub(super) protocol: Broadcast<K>,
    /// What the neighbour is known to know, or will know when what was sent arrives.
    pub(super) known: Version,
    /// Whether the neighbour is sent news at once.
    pub(super) is_eager: bool,
    /// Whether it sends news at once, as far as is known.
    pub(super) sends_news: bool,
    /// Whether it is a medium. News always goes there at once, and nobody there is asked to announce only.
    pub(super) is_medium: bool,
    /// The deltas that wait to be sent together, and until when.
    waiting: Vec<Delta<K>>,
    waiting_due_ms: u64,
    /// What is to be announced; since when it waits, and until when.
    news: Version,
    news_since_ms: u64,
    announce_due_ms: u64,
    /// When it has something to do next.
    pub(super) wake_ms: u64,
}

impl<K: WireKey> Link<K> {
    pub(super) fn open(config: Config, now_ms: u64, random: &mut impl FnMut() -> u64) -> Self {
        Self {
            protocol: Broadcast::start(config, now_ms, random),
            known: Version::default(),
            is_eager: true,
            sends_news: true,
            is_medium: false,
            waiting: Vec::new(),
            waiting_due_ms: u64::MAX,
            news: Version::default(),
            news_since_ms: 0,
            announce_due_ms: u64::MAX,
            wake_ms: 0,
        }
    }

    /// The same for a medium.
    pub(super) fn open_medium(config: Config, now_ms: u64, random: &mut impl FnMut() -> u64) -> Self {
        Self { is_medium: true, ..Self::open(config, now_ms, random) }
    }

    /// Asks the neighbour to announce news rather than to send it.
    pub(super) fn decline(&mut self) {
        self.sends_news = false;
        self.protocol.announce(Version::default());
    }

    /// Sends news at that time, or earlier, if other news is due to be sent.
    pub(super) fn send(&mut self, news: &Delta<K>, due_ms: u64) {
        let is_full = self.waiting.len() >= WAITING_MAX;
        match self.waiting.last_mut().filter(|_| is_full) {
            Some(last) => last.merge(news),
            None => self.waiting.push(news.clone()),
        }
        if self.waiting_due_ms == u64::MAX {
            self.waiting_due_ms = due_ms;
        }
    }

    /// Announces what the neighbour is not known to know, a moment later.
    pub(super) fn announce(&mut self, news: &Version, now_ms: u64, random: &mut impl FnMut() -> u64) {
        if self.news.is_empty() {
            self.news_since_ms = now_ms;
        }
        self.news.join(news);
        let due_ms = now_ms.saturating_add(ANNOUNCE_MS + random() % (ANNOUNCE_MS + 1));
        let latest_ms = self.news_since_ms.saturating_add(ANNOUNCE_MS_MAX);
        let first_ms = if self.announce_due_ms < u64::MAX { self.announce_due_ms } else { due_ms };
        self.announce_due_ms = due_ms.min(latest_ms).max(first_ms);
    }

    /// Hands what is due to the protocol, without what the neighbour knows by now.
    pub(super) fn hand_over(&mut self, now_ms: u64) {
        if self.waiting_due_ms <= now_ms {
            self.waiting_due_ms = u64::MAX;
            for delta in core::mem::take(&mut self.waiting) {
                if !self.known.includes(delta.version()) {
                    self.known.join(delta.version());
                    self.protocol.publish(&delta);
                }
            }
        }
        if self.announce_due_ms <= now_ms {
            self.announce_due_ms = u64::MAX;
            let news = core::mem::take(&mut self.news).difference(&self.known);
            // An empty version would be a wish.
            if news.context.len() > ANNOUNCED_MAX
                && now_ms < self.news_since_ms.saturating_add(ANNOUNCE_MS_MAX)
            {
                self.protocol.digest_at(now_ms);
            } else if !news.is_empty() {
                self.known.join(&news);
                self.protocol.announce(news);
            }
        }
    }

    /// When it has something to do next.
    pub(super) fn next_wake_ms(&self) -> u64 {
        self.protocol.next_wake_ms().min(self.waiting_due_ms).min(self.announce_due_ms)
    }

    /// Moves all times back, after the clock was set back.
    pub(super) fn set_back(&mut self, back_ms: u64) {
        self.wake_ms = 0;
        self.news_since_ms = self.news_since_ms.saturating_sub(back_ms);
        for due_ms in [&mut self.waiting_due_ms, &mut self.announce_due_ms] {
            if *due_ms < u64::MAX {
                *due_ms = due_ms.saturating_sub(back_ms);
            }
        }
    }
}
