//! What an inquiry makes of the parts of an answer.

use super::{Inquiry, Sent};
use crate::causal::CausalContext;
use crate::codec::WireKey;
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
            if is_about_all {
                self.paged.join(&page.delta.context);
            }
            changes = map.merge(&page.delta);
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
                self.compared_with(sent);
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

    /// All births that both sides knew when that was asked are compared.
    fn compared_with(&mut self, sent: &Sent) {
        if let Some(target) = &self.target {
            let both = sent.context.intersection(target);
            self.compare(&both);
            self.settle();
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
        self.compared_with(sent);
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
        match list.next {
            Some(next) if next > from => {
                self.compare(&both);
                self.want_births(Births::List(next));
                self.get_on(now_ms);
            }
            _ => self.compared_with(sent),
        }
        Some(dropped)
    }
}
