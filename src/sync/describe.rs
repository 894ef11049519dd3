//! What a message says, for people who watch the traffic. No replica needs it.

use super::meet::{Claim, Meet};
use super::message::{Ask, Message};
use super::{IgnoreReason, Statistics};
use crate::codec::WireKey;
use crate::contribution::Carried;
use crate::delta::Delta;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;

/// What a message says: see [`describe`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description<K> {
    /// Its kind, one of [`Statistics::KINDS`].
    pub kind: &'static str,
    /// Who sent it.
    pub sender: ReplicaId,
    /// For whom it is, if it is for one alone and names it.
    pub to: Option<ReplicaId>,
    /// The number of the question that it asks.
    pub asks: Option<u32>,
    /// The number of the question that it answers.
    pub answers: Option<u32>,
    /// How many dots it says that its sender knows, or, for a message of a meeting, how many the asker lacks or has more.
    pub claimed: usize,
    /// How many drops it tells without their registrations.
    pub drops: u64,
    /// How many pieces of a delta it carries.
    pub carried_count: usize,
    /// The first of them, as [`Delta::carried`] lists them.
    pub carried: Vec<(NodeId, KeyRange<K>, Carried)>,
}

impl<K: WireKey> Description<K> {
    fn of_nothing(kind: u8, sender: ReplicaId) -> Self {
        Self {
            kind: Statistics::KINDS.get(usize::from(kind).wrapping_sub(1)).copied().unwrap_or_default(),
            sender,
            to: None,
            asks: None,
            answers: None,
            claimed: 0,
            drops: 0,
            carried_count: 0,
            carried: Vec::new(),
        }
    }

    fn carry(&mut self, delta: &Delta<K>, carried_max: usize) {
        self.carried_count = delta.carried_count();
        self.carried = delta.carried().take(carried_max).collect();
    }
}

/// Describes a message of the protocol: its kind, who is spoken to, and at most `carried_max` of the pieces that it carries. It costs what
/// reading the message costs.
///
/// ```
/// use crdt_range_map::node::{LinkKind, Output};
/// use crdt_range_map::{KeyRange, Node, NodeId, ReplicaId, sync};
///
/// let mut node = Node::new(ReplicaId::new(1), 42);
/// node.open(LinkKind::Medium, 0);
/// node.register(&NodeId::new("a")?, &KeyRange::new(0u64, 100)?)?;
/// let mut kinds = Vec::new();
/// loop {
///     match node.poll(1000) {
///         Output::Send { bytes, .. } => kinds.push(sync::describe::<u64>(&bytes, 10)?.kind),
///         Output::Wait { .. } => break,
///         _ => {}
///     }
/// }
/// assert!(kinds.contains(&"delta"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IgnoreReason`] if the bytes are no message that a node with such keys would read.
pub fn describe<K: WireKey>(bytes: &[u8], carried_max: usize) -> Result<Description<K>, IgnoreReason> {
    let (sender, message) = Message::<K>::decode(bytes)?;
    let mut described = Description::of_nothing(message.kind(), sender);
    match message {
        Message::Delta(delta) => {
            described.claimed = delta.context().len();
            described.carry(&delta, carried_max);
        }
        Message::Ask(Ask { id, version, .. }) => {
            described.asks = Some(id);
            described.claimed = version.context.len();
        }
        Message::Meet(meet) => {
            let Meet { to, re, claim, question, answer, gone, .. } = *meet;
            described.to = to;
            described.asks = question.map(|question| question.id);
            described.answers = re;
            described.claimed = match claim {
                Claim::Absolute(version) => version.context.len(),
                Claim::Relative { lacks, more } => lacks.context.len().saturating_add(more.context.len()),
            };
            described.drops = gone.until() - gone.before;
            if let Some(delta) = answer.delta() {
                described.carry(delta, carried_max);
            }
        }
        Message::Announce(version) => described.claimed = version.context.len(),
        Message::Drops(dropped) => {
            described.drops = dropped.runs.iter().fold(0, |sum, run| sum.saturating_add(run.count));
        }
        Message::Digest(_) | Message::Presence(_) => {}
    }
    Ok(described)
}

#[cfg(test)]
mod tests {
    use super::super::drop_runs::DropRuns;
    use super::super::meet::{Answer, Gone, Question, Want};
    use super::super::meet::{BirthsWanted, PagesWanted};
    use super::super::message::Fingerprints;
    use super::*;
    use crate::map::{DropRun, RangeMap};
    use crate::version::Version;

    const SENDER: ReplicaId = ReplicaId::new(1);

    fn describe_message(message: &Message<u64>) -> Description<u64> {
        describe(&message.encode(SENDER), 2).unwrap()
    }

    /// A delta of three registrations.
    fn delta() -> Delta<u64> {
        let mut map = RangeMap::new(SENDER);
        for start in 0..3 {
            let range = KeyRange::from_start(start);
            drop(map.register(&NodeId::new("a").unwrap(), &range).unwrap());
        }
        map.state().clone()
    }

    #[test]
    fn each_kind_is_described_and_no_more_is_carried_than_was_asked_for() {
        let nothing = |kind| Description::<u64>::of_nothing(kind, SENDER);
        let delta = delta();
        let first = delta.carried().take(2).collect::<Vec<_>>();
        let carried = |of: Description<u64>| Description { carried_count: 3, carried: first.clone(), ..of };
        let version = delta.version().clone();

        let described = describe_message(&Message::Delta(delta.clone()));
        assert_eq!(described, carried(Description { claimed: 3, ..nothing(1) }));
        assert_eq!(described.kind, "delta");

        let ask =
            Ask { id: 9, round_trip_ms: None, registrations: 3, reads_log2: 20, version: version.clone() };
        let expected = Description { asks: Some(9), claimed: 3, ..nothing(2) };
        assert_eq!(describe_message(&Message::Ask(ask)), expected);

        let want = Want { pages: PagesWanted::All, after: None, births: BirthsWanted::LeftToPeer };
        let meet = Meet {
            to: Some(ReplicaId::new(2)),
            re: Some(7),
            waited_ms: 0,
            round_trip_ms: None,
            claim: Claim::Relative { lacks: Version::default(), more: version.clone() },
            question: Some(Question { id: 8, registrations: 3, reads_log2: 20, want }),
            answer: Answer::Complete(Box::new(delta)),
            gone: Gone { runs: vec![(1, 2), (5, 5)], before: 4 },
        };
        let told =
            Description { claimed: 3, drops: 3, to: meet.to, asks: Some(8), answers: Some(7), ..nothing(3) };
        assert_eq!(describe_message(&Message::Meet(meet.into())), carried(told));

        let digest = Fingerprints { version: 1, content: 2 };
        assert_eq!(describe_message(&Message::Digest(digest)), nothing(4));
        assert_eq!(describe_message(&Message::Announce(version)), Description { claimed: 3, ..nothing(6) });
        let runs =
            vec![DropRun { birth: 1, stamp: 100, count: 4 }, DropRun { birth: 7, stamp: 200, count: 2 }];
        let dropped = Message::Drops(DropRuns { writer: SENDER, runs });
        assert_eq!(describe_message(&dropped), Description { drops: 6, ..nothing(7) });
        assert_eq!(nothing(5).kind, "presence");
    }

    #[test]
    fn what_no_node_would_read_is_an_error() {
        let bytes = Message::Delta(delta()).encode(SENDER);
        for length in 0..bytes.len() {
            assert!(describe::<u64>(&bytes[..length], 2).is_err());
        }
        assert_eq!(describe::<String>(&bytes, 2).unwrap_err().index(), IgnoreReason::KeyKind(0).index());
        assert!(describe::<u64>(&bytes, 0).unwrap().carried.is_empty());
    }
}
