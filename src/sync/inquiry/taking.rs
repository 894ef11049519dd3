//! How an inquiry takes the parts of an answer.

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

/// If a sketch would need more cells than that, a list is asked for instead.
const SKETCH_CELLS_MAX: u64 = 1 << 20;

/// A replica claims more than at the beginning only if that takes at most so many runs more.
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
            // What came after the question, and not from the peer, was not compared.
            self.aim(peer, theirs.clone(), &sent.version, map.state().version());
        }
        let is_about_all = self.is_about_all(sent, theirs);
        let is_next = is_about_all && self.is_next(sent);
        if is_about_all {
            self.asked.join(&sent.version);
        }
        let Part { beyond, page, births } = part;
        // If nothing is gone, no numbering is needed.
        let listed = if gone.runs.is_empty() {
            Some(CausalContext::default())
        } else {
            let asked = &sent.version.context;
            Numbering::of(asked).and_then(|it| it.listed(&gone.runs, asked))
        };
        let made_at = (theirs.context.len() as u64).saturating_add(beyond);
        // An answer to a question that was sent after the last page is later than that page.
        let at = if is_next && self.is_paged { self.paged_at.max(made_at) } else { made_at };
        if is_next && self.is_waiting() && page.is_none() && matches!(births, BirthsAnswer::Nothing) {
            // The peer has compared births, but not of all that it knows by now.
            self.find_births(now_ms);
        }
        // What is gone is about the records that the asker had. It may take several messages.
        let is_last = matches!(births, BirthsAnswer::Resolved);
        let is_resolved = is_about_all
            && sent.is_same
            && listed.is_some()
            && (is_last || !gone.runs.is_empty())
            && self.have_heard(sent, gone, made_at, is_last);
        // Births are compared before the page is taken: what the page makes this side drop, the peer still had when it answered.
        let mut dropped = match births {
            BirthsAnswer::Nothing | BirthsAnswer::Resolved => None,
            _ if !is_about_all => None,
            births => self.compare_births(map, (sent, at), theirs, page.as_ref(), births, now_ms),
        }
        .unwrap_or_default();
        if is_resolved {
            self.cover(sent, at);
            if sent.version.intersection(theirs).is_empty() {
                // No births were compared, but there was none to compare.
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
            // It was about the births alone, and now pages are needed too.
            self.get_on(now_ms);
        }
        self.compare_anew_if_old(now_ms);
        if !dropped.is_empty() {
            changes.join(map.drop_born(&dropped));
        }
        changes
    }

    /// Begins anew with the version that is known now. For when a page brought nothing new: what it carries came another way, and so may
    /// what follows. Done only if that version does not take many more runs.
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

    /// Notes births that are gone, in an answer to that question. Returns whether all of them have come.
    fn have_heard(&mut self, sent: &Sent, gone: &Gone, at: u64, are_last: bool) -> bool {
        let sent = self.sent.iter_mut().find(|other| other.id == sent.id);
        sent.is_some_and(|sent| sent.gone.hear(gone, at, are_last))
    }

    /// Compares births again if they were compared before the latest page was made. What the peer dropped in between is on no page, and
    /// the comparison did not show it; but the target has the updates of those records.
    fn compare_anew_if_old(&mut self, now_ms: u64) {
        if self.is_resolved && self.resolved_at < self.paged_at {
            self.is_resolved = false;
            self.covered = Version::default();
            self.births = BirthsWanted::Sketch(0);
            self.due_ms = self.due_ms.min(now_ms);
        }
    }

    /// Notes that of all that both sides knew at that question, what the peer had dropped is dropped here. The peer knew `at` dots then.
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

    /// Finds the births, of those that both sides know, whose records one side alone has. Returns those that the peer has dropped.
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
        // The births on the page are not in the sketch or list.
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
                        let is_short = wanted < SKETCH_CELLS_MAX;
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
                    // It came again, or late, and lists other births than those that are wanted now.
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
                    // A list in several parts covers what all of them compared.
                    _ => self.cover_compared(),
                }
                Some(held.difference(&listed))
            }
            BirthsAnswer::Nothing | BirthsAnswer::Resolved => None,
        }
    }
}
