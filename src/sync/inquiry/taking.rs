//! What an inquiry makes of the parts of an answer.

use super::{Inquiry, Sent};
use crate::causal::{CausalContext, Dot};
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::id::ReplicaId;
use crate::map::RangeMap;
use crate::splits::Changes;
use crate::sync::births::{List, Numbering};
use crate::sync::meet::{Births, Held, Part};
use crate::sync::sketch::Sketch;

/// Of a sketch that was too small, another is asked for at most so often; then a list.
const SKETCHES_MAX: u64 = 1 << 20;

impl<K: WireKey> Inquiry<K> {
    /// Takes a part of an answer to that question, from a peer that knows `theirs`, with births that are gone.
    pub(in crate::sync) fn take_part(
        &mut self,
        map: &mut RangeMap<K>,
        (peer, theirs): (ReplicaId, &CausalContext),
        sent: &Sent,
        part: Part<K>,
        gone: &List,
        now_ms: u64,
    ) -> Changes<K> {
        if !self.is_under_way() {
            // What came after the question was not compared, if it did not come from the peer.
            self.aim(peer, theirs.clone(), &sent.context);
        }
        let is_about_all = self.is_about_all(sent, theirs);
        let is_next = is_about_all && self.is_next(sent);
        let mut changes = Changes::default();
        if is_about_all {
            self.asked.join(&sent.context);
        }
        if let Some(page) = part.page {
            let known = page.delta.context.intersection(map.state().context());
            changes = map.merge(&page.delta);
            if is_about_all {
                self.paged.join(&page.delta.context);
                self.note_gone(map, &page.delta, &known);
            }
            if is_next {
                self.withheld.join(&page.withheld);
                self.page(page.delta.last_id(), page.is_last);
                self.get_on(now_ms);
            }
        }
        let mut dropped = match part.births {
            _ if !is_about_all => None,
            Held::Nothing => None,
            // What is gone was told of what the asker held.
            Held::Settled if !sent.is_same => None,
            Held::Settled => {
                // What the peer holds was not looked at.
                self.cover(sent);
                self.due_ms = self.due_ms.min(now_ms);
                None
            }
            Held::Sketch { sketch, .. } => self.compare_sketch(map, sent, *sketch, now_ms),
            Held::List(list) => self.compare_list(map, sent, &list, now_ms),
        }
        .unwrap_or_default();
        if !gone.runs.is_empty()
            && let Some(listed) = Numbering::of(&sent.context).and_then(|it| it.listed(gone, &sent.context))
        {
            dropped.join(&listed);
        }
        if !dropped.is_empty() {
            changes.join(map.drop_born(&dropped));
        }
        changes
    }

    /// The peer holds what a page carries: what is dropped here of that, and was known before, it is told.
    fn note_gone(&mut self, map: &RangeMap<K>, page: &Delta<K>, known: &CausalContext) {
        if known.is_empty() {
            return;
        }
        for held in page.entries.rows() {
            let ours = map.state().entries.get(&held.id());
            held.for_each_record(|replica, record| {
                let mut is_held = false;
                ours.iter().for_each(|ours| {
                    ours.for_each_record(|writer, own| {
                        is_held |= writer == replica && own.birth == record.birth;
                    });
                });
                let born = Dot { replica, seq: record.birth };
                if !is_held && known.contains(born) {
                    self.gone.insert(born);
                }
            });
        }
    }

    /// Whatever the peer had dropped of what both sides knew when that was asked is dropped here.
    fn cover(&mut self, sent: &Sent) {
        if let Some(target) = &self.target {
            self.covered.join(&sent.context.intersection(target));
            self.is_settled = true;
        }
    }

    fn cover_compared(&mut self) {
        if let Some(compared) = &self.compared {
            self.covered.join(compared);
            self.is_settled = true;
        }
    }

    /// Finds in a sketch which births one side alone holds. Returns those that the peer dropped.
    fn compare_sketch(
        &mut self,
        map: &RangeMap<K>,
        sent: &Sent,
        mut sketch: Sketch,
        now_ms: u64,
    ) -> Option<CausalContext> {
        let numbering = Numbering::of(&sent.context)?;
        let both = sent.context.intersection(self.target.as_ref()?);
        sketch.subtract(&numbering.sketch(map, &both, sketch.cells.len()));
        let estimate = sketch.estimate();
        let cells = sketch.cells.len();
        let Some(numbers) = sketch.numbers() else {
            let wanted = Sketch::cells_for(estimate + estimate / 4).max(2 * cells) as u64;
            self.want_births(if wanted < SKETCHES_MAX { Births::Sketch(wanted) } else { Births::List(0) });
            self.get_on(now_ms);
            return None;
        };
        let Some(found) = numbering.dots(&numbers, &sent.context) else {
            self.want_births(Births::List(0));
            self.get_on(now_ms);
            return None;
        };
        let held = numbering.held(map, &found, 0, None);
        let dropped = held.intersection(&both);
        self.gone.join(&found.difference(&held));
        self.compare(&both);
        self.cover(sent);
        Some(dropped)
    }

    /// Finds in a list which births one side alone holds. Returns those that the peer dropped.
    fn compare_list(
        &mut self,
        map: &RangeMap<K>,
        sent: &Sent,
        list: &List,
        now_ms: u64,
    ) -> Option<CausalContext> {
        let numbering = Numbering::of(&sent.context)?;
        let listed = numbering.listed(list, &sent.context)?;
        let from = if let Births::List(from) = self.births { from } else { 0 };
        let both = sent.context.intersection(self.target.as_ref()?);
        let held = numbering.held(map, &sent.context, from, list.next);
        let dropped = held.difference(&listed).intersection(&both);
        self.gone.join(&listed.difference(&held));
        self.compare(&both);
        match list.next {
            Some(next) if next > from => {
                self.want_births(Births::List(next));
                self.get_on(now_ms);
            }
            // Of a list in several parts, what all of them were about.
            _ => self.cover_compared(),
        }
        Some(dropped)
    }
}
