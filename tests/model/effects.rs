//! Which effect each dot names: the history that a test remembers beside the replicas.
//!
//! The reference model knows contributions and resets by names of its own. Here they meet the map's dots: each effect of an
//! operation takes the next dot of its writer, in the order drop, resets, update for each registration that it touches; there is
//! one reset for each record, in the order of their writers. What concerns many registrations first makes all drops of own records, in the
//! order of their births. With that, what a message tells can be said from the dots that it
//! claims alone, whichever protocol made it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crdt_range_map::{CausalContext, Dot, Key, ReplicaId};

use super::{Id, Knowledge, Name};

/// What one dot names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect<K> {
    /// The writer dropped its record, which was reset: all these contributions of its own.
    Drop(Id<K>, BTreeSet<Name>),
    /// The writer reset what it knew of another writer: all these contributions.
    Reset(Id<K>, BTreeSet<Name>),
    /// The writer contributed, and this is all that it has contributed to the registration up to here.
    Update(Id<K>, BTreeSet<Name>),
}

/// What is wrong with the dots that an operation took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A dot that was issued before names another effect.
    DotReused,
    /// The operation took more dots or fewer than it had effects, or others than the next.
    DotsAndEffectsDiffer,
    /// The map and the reference model disagree about what was done, or about what the delta tells.
    OtherContent,
}

/// Every effect that was ever issued.
#[derive(Clone, Debug)]
pub struct Effects<K> {
    /// Shared by the states that it is the same in.
    issued: Arc<BTreeMap<Dot, Effect<K>>>,
}

impl<K> Default for Effects<K> {
    fn default() -> Self {
        Self { issued: Arc::default() }
    }
}

impl<K: Key> Effects<K> {
    pub fn fingerprint(&self) -> u64
    where
        K: Hash,
    {
        let mut hasher = DefaultHasher::new();
        self.issued.hash(&mut hasher);
        hasher.finish()
    }

    /// Notes what a writer did that led from one state of its knowledge to another, and its context from one with `seq_before`
    /// as its own last dot to `context`. `first` is the registration that it touched first, if not the least.
    pub fn issue(
        &mut self,
        writer: ReplicaId,
        first: Option<&Id<K>>,
        (before, after): (&Knowledge<K>, &Knowledge<K>),
        seq_before: u64,
        context: &CausalContext,
    ) -> Result<(), Fault> {
        let effects = effects_between(writer, first, before, after);
        if context.last_seq(writer) != seq_before + effects.len() as u64 {
            return Err(Fault::DotsAndEffectsDiffer);
        }
        for (seq, effect) in (seq_before + 1..).zip(effects) {
            let dot = Dot { replica: writer, seq };
            if !context.contains(dot) {
                return Err(Fault::DotsAndEffectsDiffer);
            }
            if Arc::make_mut(&mut self.issued).insert(dot, effect).is_some() {
                return Err(Fault::DotReused);
            }
        }
        Ok(())
    }

    /// Forgets the effects of a writer after its dot `seq`: they never left it, and it lost them.
    pub fn forget_after(&mut self, writer: ReplicaId, seq: u64) {
        Arc::make_mut(&mut self.issued).retain(|dot, _| dot.replica != writer || dot.seq <= seq);
    }

    /// What a message tells that claims those dots, from a sender that knows this.
    ///
    /// A claimed update tells the writer's contributions up to it, a claimed drop that they are dropped. A claimed reset is
    /// told of the writers whose records travel along only: of a record that the sender knows to be dropped, an entry does
    /// not speak.
    pub fn content(&self, sender: &Knowledge<K>, claims: &CausalContext) -> Knowledge<K> {
        let mut content = Knowledge::default();
        let claimed =
            || self.issued.iter().filter(|(dot, _)| claims.contains(**dot)).map(|(_, effect)| effect);
        for effect in claimed() {
            let (Effect::Drop(_, names) | Effect::Update(_, names)) = effect else { continue };
            content.known.extend(names.iter().map(|name| (*name, sender.known[name].clone())));
            // Whoever is told of a record knows that its writer dropped the earlier ones.
            let is_drop = matches!(effect, Effect::Drop(..));
            let dropped = names.iter().filter(|name| is_drop || sender.dropped.contains(name));
            content.dropped.extend(dropped.copied());
        }
        for effect in claimed() {
            let Effect::Reset(_, names) = effect else { continue };
            let of_records =
                names.iter().filter(|name| content.known.contains_key(*name) && sender.reset.contains(*name));
            content.reset.extend(of_records.copied());
        }
        content.reset.extend(content.dropped.iter().copied());
        content
    }

    /// What a delta tells of which the model says that it tells at least `least`.
    ///
    /// Of a registration that was reset it may also tell what is dropped already, if the replica remembers that: nothing else.
    pub fn content_beyond(
        &self,
        least: &Knowledge<K>,
        sender: &Knowledge<K>,
        claims: &CausalContext,
    ) -> Result<Knowledge<K>, Fault> {
        let content = self.content(sender, claims);
        let ids: BTreeSet<&Id<K>> = least.known.values().map(|(id, _)| id).collect();
        let is_more = |name: &Name| !least.known.contains_key(name);
        let may_be_content =
            |name: &Name| sender.dropped.contains(name) && ids.contains(&sender.known[name].0);
        if !content.includes(least) || !content.known.keys().filter(|name| is_more(name)).all(may_be_content)
        {
            return Err(Fault::OtherContent);
        }
        let more = content.known.keys().chain(&content.reset).chain(&content.dropped);
        if !more.filter(|name| !is_more(name)).all(|name| {
            content.reset.contains(name) == least.reset.contains(name)
                && content.dropped.contains(name) == least.dropped.contains(name)
        }) {
            return Err(Fault::OtherContent);
        }
        Ok(content)
    }
}

/// The effects that lead from one state of a writer's knowledge to another, in the order of their dots.
fn effects_between<K: Key>(
    writer: ReplicaId,
    first: Option<&Id<K>>,
    before: &Knowledge<K>,
    after: &Knowledge<K>,
) -> Vec<Effect<K>> {
    let ids: BTreeSet<&Id<K>> = after.known.values().map(|(id, _)| id).collect();
    let (mut effects, mut drops) = (Vec::new(), Vec::new());
    for id in first.into_iter().chain(ids.into_iter().filter(|id| Some(*id) != first)) {
        let of_id = || after.known.iter().filter(|(_, (of, _))| of == id).map(|(name, _)| *name);
        let own = || of_id().filter(|name| name.0 == writer);
        let dropped: BTreeSet<Name> = own().filter(|name| after.dropped.contains(name)).collect();
        if dropped.iter().any(|name| !before.dropped.contains(name)) {
            let birth = dropped.iter().find(|name| !before.dropped.contains(name)).copied();
            drops.push((birth, effects.len()));
            effects.push(Effect::Drop(id.clone(), dropped));
        }
        let is_new = |name: &Name| {
            before.known.contains_key(name) && after.reset.contains(name) && !before.reset.contains(name)
        };
        let others = of_id().filter(|name| name.0 != writer && is_new(name)).map(|name| name.0);
        for other in others.collect::<BTreeSet<ReplicaId>>() {
            effects.push(Effect::Reset(id.clone(), of_id().filter(|name| name.0 == other).collect()));
        }
        if own().any(|name| !before.known.contains_key(&name)) {
            effects.push(Effect::Update(id.clone(), own().collect()));
        }
    }
    if first.is_none() {
        drops.sort();
        let ordered: Vec<Effect<K>> = drops.iter().map(|(_, at)| effects[*at].clone()).collect();
        effects.retain(|effect| !matches!(effect, Effect::Drop(..)));
        effects.splice(..0, ordered);
    }
    effects
}
