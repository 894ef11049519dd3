//! The protocol over links to some neighbours.

use super::{Broadcast, Config, ConfigError, Event, Received, Statistics};
use crate::causal::CausalContext;
use crate::codec::WireKey;
use crate::delta::Delta;
use crate::map::RangeMap;

/// A link to a neighbour.
#[derive(Clone, Debug)]
struct Link<K> {
    id: u64,
    protocol: Broadcast<K>,
    /// What the neighbour is known to know, or will when what was sent arrives.
    known: CausalContext,
}

/// The protocol of one replica that has links to some others, and reaches the rest through them.
///
/// What the replica does, and what it learns over one link, goes on over the others at once: to as many of them as the *fan-out*
/// says, chosen at random among those who are not known to know it. With a fan-out of as many as there are links everything
/// takes the shortest way and comes several times; with less it comes less often, and now and then somebody is left out until a
/// digest tells (Demers et al., "Epidemic algorithms for replicated database maintenance", 1987). Each link is healed by itself, as
/// a [`Broadcast`] of two.
///
/// After each call, send what [`poll`](Self::poll) hands out until it hands out nothing, and call it again at
/// [`next_wake_ms`](Self::next_wake_ms).
///
/// ```
/// use crdt_range_map::sync::{Config, Mesh};
/// use crdt_range_map::{KeyRange, NodeId, RangeMap, ReplicaId};
///
/// let mut random = || 7; // use a real generator
/// let mut maps = [1, 2, 3].map(|id| RangeMap::<u64>::new(ReplicaId::new(id)));
/// // A chain: the first and the third are linked to the second.
/// let mut meshes = [(); 3].map(|()| Mesh::new(Config::default(), 2).unwrap());
/// for (from, to) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
///     meshes[from].open(to as u64, 0, &mut random);
/// }
/// let delta = maps[0].register(&NodeId::new("a").unwrap(), &KeyRange::new(1, 5).unwrap());
/// meshes[0].publish(&delta, &mut random);
/// for now_ms in 0..100 {
///     for from in 0..3 {
///         while let Some((to, bytes)) = meshes[from].poll(&maps[from], now_ms, &mut random) {
///             let to = to as usize;
///             meshes[to].receive(&mut maps[to], from as u64, &bytes, now_ms, &mut random);
///         }
///     }
/// }
/// assert_eq!(maps[0].state(), maps[2].state());
/// ```
#[derive(Clone, Debug)]
pub struct Mesh<K> {
    config: Config,
    fan_out: usize,
    links: Vec<Link<K>>,
    /// The statistics of the links that were closed.
    closed: Statistics,
}

impl<K: WireKey> Mesh<K> {
    /// A replica without links yet.
    ///
    /// # Errors
    /// [`ConfigError`] if it could not work with that configuration.
    pub fn new(config: Config, fan_out: usize) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self { config, fan_out, links: Vec::new(), closed: Statistics::default() })
    }

    /// Opens a link, under a number that the caller chooses, and asks the neighbour for what is lacking here. A link that was open
    /// under that number is closed. O(links).
    pub fn open(&mut self, link: u64, now_ms: u64, random: &mut impl FnMut() -> u64) {
        self.close(link);
        let protocol = Broadcast::start(self.config, now_ms, random);
        self.links.push(Link { id: link, protocol, known: CausalContext::default() });
    }

    /// Closes a link. O(links).
    pub fn close(&mut self, link: u64) {
        if let Some(at) = self.links.iter().position(|open| open.id == link) {
            self.closed.add(&self.links.remove(at).protocol.statistics());
        }
    }

    /// Takes the delta of an own operation, or of a merge that did not come over a link, to be sent. O(links).
    pub fn publish(&mut self, delta: &Delta<K>, random: &mut impl FnMut() -> u64) {
        self.spread(delta, random);
    }

    /// What was sent and heard so far over all links.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = self.closed;
        self.links.iter().for_each(|link| statistics.add(&link.protocol.statistics()));
        statistics
    }

    /// What happened that the caller should know of; call it until there is nothing. O(links).
    pub fn take_event(&mut self) -> Option<Event<K>> {
        self.links.iter_mut().find_map(|link| link.protocol.take_event())
    }

    /// When [`poll`](Self::poll) has something to do next, if nothing is received before. O(links).
    pub fn next_wake_ms(&self) -> u64 {
        self.links.iter().map(|link| link.protocol.next_wake_ms()).min().unwrap_or(u64::MAX)
    }

    /// Takes a message that came over a link. Over one that is not open, nothing is taken. Costs what [`Broadcast::receive`] costs, and
    /// O(links + replicas that ever wrote).
    pub fn receive(
        &mut self,
        map: &mut RangeMap<K>,
        link: u64,
        bytes: &[u8],
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Received<K> {
        let Some(open) = self.links.iter_mut().find(|open| open.id == link) else { return Received::Heard };
        let before = map.state().context().clone();
        let received = open.protocol.receive(map, bytes, now_ms, random);
        open.known.join(&open.protocol.take_told());
        if before != *map.state().context()
            && let Some(news) = open.protocol.take_delta().or_else(|| map.delta_since(&before))
        {
            self.spread(&news, random);
        }
        received
    }

    /// Hands out the next message to send, and the link to send it over, if any is due. Call it until there is none.
    pub fn poll(
        &mut self,
        map: &RangeMap<K>,
        now_ms: u64,
        random: &mut impl FnMut() -> u64,
    ) -> Option<(u64, Vec<u8>)> {
        self.links.iter_mut().find_map(|link| Some((link.id, link.protocol.poll(map, now_ms, random)?)))
    }

    /// Sends what is news to as many neighbours as the fan-out says, of those who are not known to know it.
    fn spread(&mut self, news: &Delta<K>, random: &mut impl FnMut() -> u64) {
        let mut lacking: Vec<&mut Link<K>> =
            self.links.iter_mut().filter(|link| !link.known.includes(&news.context)).collect();
        for _ in 0..self.fan_out.min(lacking.len()) {
            let link = lacking.swap_remove((random() % lacking.len() as u64) as usize);
            link.protocol.publish(news);
            link.known.join(&news.context);
        }
    }
}
