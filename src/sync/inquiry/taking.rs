//! What an inquiry makes of the parts of an answer.

use super::{Inquiry, Sent};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::splits::Changes;
use crate::sync::births::Numbering;
use crate::sync::meet::{BirthsAnswer, BirthsWanted, Gone, PagePart, Part};
use crate::sync::sketch::Sketch;
use crate::version::Version;

/// Of a sketch that was too small, another is asked for at most so often; then a list.
const SKETCHES_MAX: u64 = 1 << 20;

/// Who tells anew what it knows does so in at most so many runs more than before.
const RUNS_MORE_MAX: usize = 64;

impl<K: WireKey> Inquiry<K> {
    /// Takes a part of an answer to that question, from a peer that knows `theirs`, with births that are gone.
    pub(in crate::sync) fn take_part(
        &mut self,
        map: &mut RangeMap<K>,
        (peer, theirs): (ReplicaId, &Version),
        sent: &Sent,
        part: Part<K>,
        gone: &Gone,
        now_ms: u64,
    ) -> Changes<K> {
        if !self.is_under_way() {
            // What came after the question was not compared, if it did not come from the peer.
            self.aim(peer, theirs.clone(), &sent.version, map.state().version());
        }
        let is_about_all = self.is_about_all(sent, theirs);
        let is_next = is_about_all && self.is_next(sent);
        if is_about_all {
            self.asked.join(&sent.version);
        }
        let Part { beyond, page, births } = part;
        // If nothing is gone, there need be no numbers for it.
        let listed = if gone.runs.is_empty() {
            Some(CausalContext::default())
        } else {
            let asked = &sent.version.context;
            Numbering::of(asked).and_then(|it| it.listed(&gone.runs, asked))
        };
        let made_at = (theirs.context.len() as u64).saturating_add(beyond);
        // Who answers a question that was put after the last page came made the answer later.
        let at = if is_next && self.is_paged { self.paged_at.max(made_at) } else { made_at };
        if is_next && self.is_waiting() && page.is_none() && matches!(births, BirthsAnswer::Nothing) {
            // The peer found out, but not of what it knows by now.
            self.find_births(now_ms);
        }
        // What is gone was told of what the asker held. It may have come in several messages.
        let is_last = matches!(births, BirthsAnswer::Resolved);
        let is_resolved = is_about_all
            && sent.is_same
            && listed.is_some()
            && (is_last || !gone.runs.is_empty())
            && self.have_heard(sent, gone, made_at, is_last);
        // Compared with what is held before the page is taken: what it makes this side drop, the peer still held when it told.
        let mut dropped = match births {
            BirthsAnswer::Nothing | BirthsAnswer::Resolved => None,
            _ if !is_about_all => None,
            births => self.compare_births(map, (sent, at), theirs, page.as_ref(), births, now_ms),
        }
        .unwrap_or_default();
        if is_resolved {
            self.cover(sent, at);
            if sent.version.intersection(theirs).is_empty() {
                // What the peer holds was not looked at; but there was nothing to be looked at.
                self.note_compared(&Version::default());
            }
            self.due_ms = self.due_ms.min(now_ms);
        }
        dropped.join(&listed.unwrap_or_default());
        let mut changes = Changes::default();
        if let Some(page) = page {
            if is_about_all {
                self.paged.join(page.delta.version());
            }
            let is_old = map.state().version().includes(page.delta.version());
            changes = map.merge(&page.delta);
            if is_next {
                self.withheld.join(&page.withheld);
                let beyond =
                    self.target.as_ref().map(|target| target.context.beyond_closed_gaps(&theirs.context));
                self.is_unnamed |= beyond.is_some_and(|beyond| !beyond.is_empty());
                self.page(page.delta.last_id(), page.is_last);
                self.paged_at = self.paged_at.max(made_at);
                self.get_on(now_ms);
                if is_old && !page.is_last {
                    self.restart_with(map.state().version(), now_ms);
                }
            }
        } else if is_next && self.is_resolved && !self.is_paged {
            // It was about the births alone, and now there is something to be paged.
            self.get_on(now_ms);
        }
        self.compare_anew_if_old(now_ms);
        if !dropped.is_empty() {
            changes.join(map.drop_born(&dropped));
        }
        changes
    }

    /// A page brought nothing new: what it carries came another way, and so may what follows. If what is known by now can be told in few
    /// words, the peer is asked anew for what is still unknown.
    fn restart_with(&mut self, version: &Version, now_ms: u64) {
        let is_short = version.context.run_count() <= self.claimed.context.run_count() + RUNS_MORE_MAX;
        if self.is_all || !is_short || self.is_known_in(version) {
            return;
        }
        let Self { again, is_open, is_of_heard, token, .. } = *self;
        let counterpart = self.counterpart.take();
        self.begin_anew(self.peer, now_ms);
        (self.again, self.is_open, self.is_of_heard) = (again, is_open, is_of_heard);
        (self.token, self.counterpart) = (token, counterpart);
    }

    /// Takes down births that are gone, in an answer to that question. Returns whether all came that were to be told.
    fn have_heard(&mut self, sent: &Sent, gone: &Gone, at: u64, are_last: bool) -> bool {
        let sent = self.sent.iter_mut().find(|other| other.id == sent.id);
        sent.is_some_and(|sent| sent.gone.hear(gone, at, are_last))
    }

    /// Births that were compared before a page was made say nothing of what the peer dropped in between: what was done to that before is
    /// part of the target, but on no page.
    fn compare_anew_if_old(&mut self, now_ms: u64) {
        if self.is_resolved && self.resolved_at < self.paged_at {
            self.is_resolved = false;
            self.covered = Version::default();
            self.births = BirthsWanted::Sketch(0);
            self.due_ms = self.due_ms.min(now_ms);
        }
    }

    /// Whatever the peer, when it knew so many dots, had dropped of what both sides knew when that was asked is dropped here.
    fn cover(&mut self, sent: &Sent, at: u64) {
        if let Some(target) = &self.target {
            self.covered.join(&sent.version.intersection(target));
            self.is_resolved = true;
            self.resolved_at = self.resolved_at.max(at);
        }
    }

    fn cover_compared(&mut self) {
        if let Some(compared) = &self.compared {
            self.covered.join(compared);
            self.is_resolved = true;
        }
    }

    /// Finds out which births one side alone holds, of those that both know. Returns those that the peer dropped.
    fn compare_births(
        &mut self,
        map: &RangeMap<K>,
        (sent, at): (&Sent, u64),
        theirs: &Version,
        page: Option<&PagePart<K>>,
        births: BirthsAnswer,
        now_ms: u64,
    ) -> Option<CausalContext> {
        let asked = &sent.version.context;
        let numbering = Numbering::of(asked)?;
        let both = asked.intersection(&theirs.context);
        // Of what the page shows to be held by the peer, nothing else is said.
        let (shown, gone) = match page {
            Some(page) => numbering.shown(&page.delta, map, &both),
            None => Default::default(),
        };
        self.gone.join(&gone);
        match births {
            BirthsAnswer::Sketch { sketch, .. } => {
                let mut left = numbering.sketch(map.state(), &both, sketch.cells.len());
                shown.into_iter().for_each(|number| left.toggle(number));
                left.subtract(&sketch);
                let cells = left.cells.len();
                let estimate = left.estimate();
                let found = match left.numbers() {
                    Some(numbers) => numbering.dots(&numbers, asked).ok_or(BirthsWanted::List(0)),
                    None => {
                        let wanted = Sketch::cells_for(estimate + estimate / 4).max(2 * cells) as u64;
                        let is_short = wanted < SKETCHES_MAX;
                        Err(if is_short { BirthsWanted::Sketch(wanted) } else { BirthsWanted::List(0) })
                    }
                };
                let found = match found {
                    Ok(found) => found,
                    Err(births) => {
                        self.want_births(births);
                        self.get_on(now_ms);
                        return None;
                    }
                };
                let held = numbering.births_between(map.state(), &found, 0, None);
                self.gone.join(&found.difference(&held));
                self.note_compared(&sent.version.intersection(self.target.as_ref()?));
                self.cover(sent, at);
                Some(held.intersection(&both))
            }
            BirthsAnswer::List(list) => {
                let from = if let BirthsWanted::List(from) = sent.births { from } else { 0 };
                let is_wanted = if from > 0 {
                    self.births == sent.births && self.is_next(sent)
                } else {
                    !self.is_listing()
                };
                if !is_wanted {
                    // It came again, or late: what it says of other births counts no more.
                    return None;
                }
                let mut listed = numbering.listed(&list.runs, asked)?;
                let shown = numbering.all_dots(shown);
                listed.join(&shown);
                if from == 0 {
                    self.resolved_at = at;
                }
                let held = numbering.births_between(map.state(), &both, from, list.next);
                self.gone.join(&listed.difference(&held).difference(&shown));
                self.note_compared(&sent.version.intersection(self.target.as_ref()?));
                match list.next {
                    Some(next) if next > from => {
                        self.want_births(BirthsWanted::List(next));
                        self.get_on(now_ms);
                    }
                    // Of a list in several parts, what all of them were about.
                    _ => self.cover_compared(),
                }
                Some(held.difference(&listed))
            }
            BirthsAnswer::Nothing | BirthsAnswer::Resolved => None,
        }
    }
}
