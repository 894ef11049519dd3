//! The parts of an answer: pages, and the births of records.

use super::Broadcast;
use super::answering::Reply;
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::map::{Page, RangeMap};
use crate::sync::births::{List, Numbering};
use crate::sync::meet::{Answer, BirthsAnswer, BirthsWanted, PagePart, PagesWanted, Part};
use crate::sync::sketch::Sketch;
use crate::version::Version;

/// How much room is left, at least, for the dots that are withheld.
const WITHHELD_BYTES_MIN: usize = 256;

/// How many bytes a part takes at most beside its page and its births.
const PART_BYTES: usize = 24;

/// How many more differences a sketch has room for than the numbers of registrations suggest.
const DIFFERENCES_MIN: usize = 12;

/// A sketch that is no longer than this is sent without a look whether a list would be shorter, since to make a list takes a while.
const SKETCH_BYTES_SHORT: usize = 4_096;

impl<K: WireKey> Broadcast<K> {
    /// A page. With or after the last page, the births of this replica's records that both sides claim to know. `is_all_gone`: all
    /// births that are gone are in this message or were sent before.
    pub(super) fn part(
        &mut self,
        map: &RangeMap<K>,
        reply: &Reply<K>,
        claimed: &Version,
        room: usize,
        is_all_gone: bool,
    ) -> Answer<K> {
        let ours = map.state().version();
        let beyond = ours.context.len().saturating_sub(claimed.context.len()) as u64;
        let mut part = Part { beyond, page: None, births: BirthsAnswer::Nothing };
        // So many bytes are enough for any registration that may be sent. Its tombstones, and the rest of the message, have the room
        // beyond.
        let part_bytes_max = self.config.part_bytes_max();
        let room = room.saturating_sub(PART_BYTES);
        let mut births_room = room.min(part_bytes_max);
        if reply.want.pages != PagesWanted::Nothing {
            let is_all = reply.want.pages == PagesWanted::All;
            let page = |room: usize| {
                let bytes_max = (room.min(part_bytes_max), room);
                map.page(&reply.version.context, reply.want.after.as_ref(), is_all, bytes_max)
            };
            let mut page_part = page(room);
            if !page_part.withheld.is_empty() {
                // The withheld dots need room, too.
                let withheld_bytes = (16 * map.state().context().replicas().count()).max(WITHHELD_BYTES_MIN);
                page_part = page(room.saturating_sub(withheld_bytes.min(room / 2)));
            }
            self.statistics.registrations_too_long += page_part.too_long;
            births_room = births_room.saturating_sub(page_part.bytes.len());
            let Page { delta, bytes, is_last, withheld, .. } = page_part;
            part.page = Some(PagePart { delta, bytes, is_last, withheld });
            if !is_last && reply.resolution.is_none() {
                return Answer::Part(part.into());
            }
        }
        let both = reply.version.intersection(claimed);
        part.births = match reply.want.births {
            // What was dropped since the comparison is not among those births.
            BirthsWanted::LeftToPeer
                if is_all_gone
                    && reply.resolution.as_ref().is_some_and(|resolution| resolution.known == *ours) =>
            {
                BirthsAnswer::Resolved
            }
            BirthsWanted::LeftToPeer => BirthsAnswer::Nothing,
            _ if reply.registrations == 0 || both.is_empty() => BirthsAnswer::Resolved,
            births => births_answer(map, reply, &claimed.context, part.page.as_ref(), births, births_room),
        };
        Answer::Part(part.into())
    }
}

/// The births of this replica's records, as far as both sides claim to know them, without those on the page beside them.
fn births_answer<K: WireKey>(
    map: &RangeMap<K>,
    reply: &Reply<K>,
    claimed: &CausalContext,
    page: Option<&PagePart<K>>,
    births: BirthsWanted,
    room: usize,
) -> BirthsAnswer {
    let asked = &reply.version.context;
    let Some(numbering) = Numbering::of(asked) else { return BirthsAnswer::Nothing };
    let both = &asked.intersection(claimed);
    let shown = page.map_or(Vec::new(), |page| numbering.numbers(&page.delta, both));
    let bytes_max = room.saturating_sub(16);
    let list = |from| numbering.list(map.state(), both, &shown, from, bytes_max);
    let cells = match births {
        BirthsWanted::List(from) => return BirthsAnswer::List(list(from)),
        BirthsWanted::Sketch(0) | BirthsWanted::LeftToPeer => {
            // The drops that this replica makes when it receives resets are sent at once. So the asker has dropped those records too
            // when it compares.
            let own = map.replica();
            let since = map.state().context().last_seq(own).saturating_sub(claimed.last_seq(own));
            let count = numbering.count(map.state(), both) + usize::try_from(since).unwrap_or(0);
            let known = usize::try_from(reply.registrations).unwrap_or(usize::MAX);
            let unheard = asked.difference(claimed).len();
            let differences = count.abs_diff(known).saturating_sub(unheard);
            let gone_here = page.map_or(0, |page| unshown(reply, claimed, page));
            let gone_there = (gone_here + count).saturating_sub(known).min(unheard);
            Sketch::cells_for(differences.max(gone_here + gone_there) + DIFFERENCES_MIN)
        }
        BirthsWanted::Sketch(cells) => usize::try_from(cells).unwrap_or(usize::MAX),
    };
    let width = numbering.width();
    let bytes = Sketch::bytes(cells, width);
    if bytes > SKETCH_BYTES_SHORT.min(room) {
        let listed: List = list(0);
        if bytes > room || listed.next.is_none() && listed.bytes() <= bytes {
            return BirthsAnswer::List(listed);
        }
    }
    let mut sketch = numbering.sketch(map.state(), both, cells);
    shown.into_iter().for_each(|number| sketch.toggle(number));
    BirthsAnswer::Sketch { width, sketch: sketch.into() }
}

/// About how many drops were made here that the asker does not know of. Of the dots that are news to it, those that are not on the page
/// are mostly drops. If there are far more of them than entries on the page, they are earlier updates of these entries.
fn unshown<K: WireKey>(reply: &Reply<K>, claimed: &CausalContext, page: &PagePart<K>) -> usize {
    if reply.want.after.is_some() {
        return 0;
    }
    let news = claimed.difference(&reply.version.context);
    let shown = page.delta.context().intersection(&news).len();
    news.len().saturating_sub(shown).min(2 * page.delta.entries.len())
}
