//! One replica: the map, and what the reference model says that it knows.

use std::hash::{DefaultHasher, Hash, Hasher};

use crdt_range_map::{Delta, RangeMap, ReplicaId};

use super::model::effects::{Effects, Fault};
use super::model::history::Operation;
use super::model::{Id, Knowledge, Replica};

/// A delta, and what it tells.
pub type Content = (Delta<u64>, Knowledge<u64>);

/// A delta under way, with what it tells. It may be delivered late, twice or never.
#[derive(Debug)]
pub struct Message {
    pub from: ReplicaId,
    pub delta: Delta<u64>,
    pub knowledge: Knowledge<u64>,
    pub fingerprint: u64,
}

impl Message {
    pub fn new(from: ReplicaId, (delta, knowledge): Content) -> Self {
        let fingerprint = fingerprint(&(from, delta.encode(), &knowledge));
        Self { from, delta, knowledge, fingerprint }
    }
}

#[derive(Clone, Debug)]
pub struct Site {
    pub map: RangeMap<u64>,
    pub reference: Replica<u64>,
    /// How long the map's log is, if it is ever asked.
    log_max: Option<usize>,
    /// A hash of all of it.
    pub fingerprint: u64,
    /// Whether the map shows the priorities of the reference.
    pub is_exact: bool,
}

impl Site {
    pub fn new(replica: ReplicaId, log_max: Option<usize>) -> Self {
        let mut map = RangeMap::new(replica);
        log_max.into_iter().for_each(|effects| map.set_log_capacity(effects));
        let mut site =
            Self { map, log_max, reference: Replica::new(replica), fingerprint: 0, is_exact: true };
        site.settle();
        site
    }

    /// What comes back, under that id, if this was saved.
    pub fn returned(&self, id: ReplicaId) -> Self {
        let mut site = Self::new(id, self.log_max);
        let _ = site.map.merge(self.map.state());
        site.reference.knowledge = self.reference.knowledge.clone();
        site.settle();
        site
    }

    /// Does it, and returns the delta and what it tells. `None` if nothing happened.
    pub fn operate(
        &mut self,
        (from, to): (&Id<u64>, &Id<u64>),
        operation: Operation,
        effects: &mut Effects<u64>,
    ) -> Result<Option<Content>, Fault> {
        let before = self.reference.knowledge.clone();
        let seq_before = self.own_seq();
        let Self { map, reference, .. } = self;
        let (range, node) = from;
        let (delta, content) = match operation {
            Operation::Register => (map.register(node, range).unwrap(), reference.register(from)),
            Operation::Increase(by) => {
                (map.increase(node, range, by).unwrap(), reference.increase(from, by.get().into()))
            }
            Operation::Decrease(by) => {
                (map.decrease(node, range, by).unwrap(), reference.decrease(from, by.get().into()))
            }
            Operation::Release => (map.release(node, range).unwrap(), reference.release(from)),
            Operation::Tighten(_) => match (map.tighten(node, range, &to.0), reference.tighten(from, to)) {
                (Ok(delta), Ok(content)) => (delta, content),
                (Err(map_says), Err(model_says)) if map_says == model_says => return Ok(None),
                _ => return Err(Fault::OtherContent),
            },
            Operation::MoveTo(_) | Operation::HandOver(_) => {
                let done = match operation {
                    Operation::MoveTo(_) => map.move_to(node, range, &to.0),
                    _ => map.hand_over(node, range, &to.1),
                };
                match (done, reference.replace(from, std::slice::from_ref(to))) {
                    (Ok(delta), Ok(content)) => (delta, content),
                    (Err(map_says), Err(model_says)) if map_says == model_says => return Ok(None),
                    _ => return Err(Fault::OtherContent),
                }
            }
            _ => panic!("{operation:?} is in no history: the oracle has it"),
        };
        self.end(Some(from), &before, seq_before, delta, content, effects)
    }

    /// Learns what a message tells, and returns what the map did in answer and what that tells.
    pub fn merge(
        &mut self,
        delta: &Delta<u64>,
        content: &Knowledge<u64>,
        effects: &mut Effects<u64>,
    ) -> Result<Option<Content>, Fault> {
        let mut before = self.reference.knowledge.clone();
        before.join(content);
        let seq_before = self.own_seq();
        let changes = self.map.merge(delta);
        let drops = self.reference.merge(content);
        self.end(None, &before, seq_before, changes.delta().clone(), drops, effects)
    }

    /// What both sides say was done must be the same.
    fn end(
        &mut self,
        first: Option<&Id<u64>>,
        before: &Knowledge<u64>,
        seq_before: u64,
        delta: Delta<u64>,
        content: Knowledge<u64>,
        effects: &mut Effects<u64>,
    ) -> Result<Option<Content>, Fault> {
        self.settle();
        let after = &self.reference.knowledge;
        effects.issue(self.map.replica(), first, (before, after), seq_before, self.map.state().context())?;
        let content = effects.content_beyond(&content, after, delta.context())?;
        Ok((!delta.is_empty()).then_some((delta, content)))
    }

    pub fn own_seq(&self) -> u64 {
        self.map.state().context().last_seq(self.map.replica())
    }

    fn settle(&mut self) {
        let knowledge = &self.reference.knowledge;
        let log = self.log_max.map(|_| shown_log(&self.map));
        self.fingerprint = fingerprint(&(self.map.replica(), self.map.state().encode(), knowledge, log));
        let shown = self.map.registrations().map(|shown| ((shown.range, shown.node), shown.priority));
        self.is_exact = shown.eq(knowledge.registrations());
    }
}

/// The map's log, of which there is no other sight, as the last thing that `Debug` shows of a map.
fn shown_log(map: &RangeMap<u64>) -> String {
    let shown = format!("{map:?}");
    let at = shown.rfind("log: Log {").expect("a map shows its log");
    shown[at..].to_string()
}

pub fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
