//! Going on under another id: when this one is retired, or when another writer uses it.

use super::Broadcast;
use crate::codec::WireKey;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::map::RangeMap;
use crate::registration::RegistrationId;
use crate::sync::inquiry::Inquiry;
use crate::sync::meet::Claim;
use crate::sync::message::Message;
use crate::sync::{Event, Renaming};

/// How many registrations are sent to show another writer with the same id that there are two.
const SHOWN_MAX: usize = 8;

/// How many events wait to be taken. If there are more, the oldest is lost.
const EVENTS_MAX: usize = 64;

impl<K: WireKey> Broadcast<K> {
    /// Goes on under another id if this one is retired. What was done under it stays in the state, as for any retired replica.
    pub(super) fn go_on_if_retired(&mut self, map: &mut RangeMap<K>, random: &mut impl FnMut() -> u64) {
        if !map.is_retired() {
            return;
        }
        let from = map.replica();
        let unheard = map.written_after(map.state().retired().last_seq(from).unwrap_or(0));
        let to = fresh(map, from, random);
        let news = map.go_on_as(to);
        self.publish(&news);
        self.push_event(Event::Renamed { from, to, why: Renaming::Retired, unheard: names(unheard) });
        self.ask_anew(random);
    }

    /// Looks whether a message shows another effect under a sequence number of this replica, or more effects than this replica made; an
    /// echo does not. Then there are two writers of one id. This one goes on under another id, and makes its contributions since it
    /// began anew.
    pub(super) fn meet_twin(
        &mut self,
        map: &mut RangeMap<K>,
        message: &Message<K>,
        random: &mut impl FnMut() -> u64,
    ) {
        let is_twin = match message {
            Message::Delta(delta) => map.is_contradicted_by(delta),
            Message::Ask(ask) => map.is_outdone_by(&ask.version.context),
            Message::Meet(meet) => {
                let (Claim::Absolute(version) | Claim::Relative { more: version, .. }) = &meet.claim;
                map.is_outdone_by(&version.context)
                    || meet.answer.delta().is_some_and(|delta| map.is_contradicted_by(delta))
            }
            Message::Drops(dropped) => map.is_outdone_by(&dropped.claims()),
            Message::Digest(_) | Message::Presence(_) | Message::Announce(_) => false,
        };
        if !is_twin {
            return;
        }
        let from = map.replica();
        let to = fresh(map, from, random);
        let unheard = map.written_since_begin();
        if map.is_saved() {
            // The other has to know it too, so that both go on under other ids: nobody could tell what either of them wrote.
            let entries = &map.state().entries;
            let shown: Vec<_> = unheard.iter().take(SHOWN_MAX).filter_map(|id| entries.get(id)).collect();
            self.evidence = Some(Message::Delta(map.state().part(&shown, &[])).encode(from));
        }
        let again = map.say_anew(to);
        self.publish(&again);
        self.push_event(Event::Renamed { from, to, why: Renaming::Twin, unheard: names(unheard) });
        self.ask_anew(random);
    }

    /// Asks everybody under the new id, so that they hear of it: questions to the old one would never be answered.
    fn ask_anew(&mut self, random: &mut impl FnMut() -> u64) {
        let due_ms = self.seen_ms.saturating_add(self.delay_ms(random));
        self.inquiry.get_or_insert_with(|| Inquiry::new(None, due_ms)).begin_anew(None, due_ms);
    }

    fn push_event(&mut self, event: Event<K>) {
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

fn names<K>(ids: Vec<RegistrationId<K>>) -> Vec<(NodeId, KeyRange<K>)> {
    ids.into_iter().map(|RegistrationId { range, node }| (node, range)).collect()
}

/// An id of which nothing is known, ephemeral if that one is.
pub(crate) fn fresh<K: WireKey>(
    map: &RangeMap<K>,
    like: ReplicaId,
    random: &mut impl FnMut() -> u64,
) -> ReplicaId {
    let mut id = like.of_same_class(random());
    while id == map.replica() || map.state().version().is_known(id) {
        // With a generator that repeats itself, this must end all the same.
        id = like.of_same_class(id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
    }
    id
}
