//! What meshes say to each other, message by message.

use super::*;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;

const DELTA: u8 = 1;
const DIGEST: u8 = 4;
const ANNOUNCE: u8 = 6;

/// A message takes so long.
const DELAY_MS: u64 = 10;

/// Replicas with links between some of them.
struct Net {
    maps: Vec<RangeMap<u64>>,
    meshes: Vec<Mesh<u64>>,
    /// When it arrives, from whom, to whom.
    in_flight: Vec<(u64, usize, usize, Vec<u8>)>,
    now_ms: u64,
    /// From whom, to whom, of which kind, how long.
    said: Vec<(usize, usize, u8, usize)>,
    draws: u64,
}

fn random(draws: &mut u64) -> u64 {
    *draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *draws >> 33
}

impl Net {
    fn new(replicas: usize, links: &[(usize, usize)], fan_in: usize) -> Self {
        let mut net = Self {
            maps: (0..replicas).map(|at| RangeMap::new(ReplicaId::new(1 + at as u64))).collect(),
            meshes: vec![Mesh::start(Config::default(), fan_in); replicas],
            in_flight: Vec::new(),
            now_ms: 0,
            said: Vec::new(),
            draws: 5,
        };
        for &(one, other) in links {
            net.meshes[one].open(other as u64, 0, &mut || random(&mut net.draws));
            net.meshes[other].open(one as u64, 0, &mut || random(&mut net.draws));
        }
        net.run_for(2_000);
        net.said.clear();
        net
    }

    /// Lets time pass.
    fn run_for(&mut self, duration_ms: u64) {
        for _ in 0..duration_ms {
            let Self { maps, meshes, in_flight, draws, .. } = self;
            let now_ms = self.now_ms;
            for (_, from, to, bytes) in in_flight.extract_if(.., |sent| sent.0 <= now_ms) {
                meshes[to].receive(&mut maps[to], from as u64, &bytes, now_ms, &mut || random(draws));
            }
            for (from, mesh) in meshes.iter_mut().enumerate() {
                while let Some((to, bytes)) = mesh.poll(&maps[from], now_ms, &mut || random(draws)) {
                    self.said.push((from, to as usize, bytes[4], bytes.len()));
                    in_flight.push((now_ms + DELAY_MS, from, to as usize, bytes));
                }
            }
            self.now_ms += 1;
        }
    }

    /// A replica registers something that starts there.
    fn change(&mut self, at: usize, start: u64) {
        let range = KeyRange::new(start, start + 1).unwrap();
        let delta = self.maps[at].register(&NodeId::new("node").unwrap(), &range).unwrap();
        self.meshes[at].publish(&delta, &mut || random(&mut self.draws));
    }

    fn count(&self, from: usize, kind: u8) -> usize {
        self.said.iter().filter(|said| said.0 == from && said.2 == kind).count()
    }

    fn assert_equal(&self) {
        self.maps.iter().for_each(|map| assert_eq!(map.state(), self.maps[0].state()));
    }
}

#[test]
fn what_the_neighbour_came_to_know_meanwhile_is_not_announced() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], 2);
    for is_told in [false, true] {
        net.said.clear();
        net.meshes[1].links.get_mut(&2).unwrap().is_eager = false;
        net.change(0, u64::from(is_told));
        net.run_for(DELAY_MS + 5);
        if is_told {
            let version = net.maps[1].state().version();
            net.meshes[1].links.get_mut(&2).unwrap().known.join(version);
        }
        net.run_for(1_000);
        // An empty one would be a wish.
        assert_eq!(net.count(1, ANNOUNCE), usize::from(!is_told), "{:?}", net.said);
    }
}

#[test]
fn a_digest_in_place_of_an_announcement_is_left_to_nobody() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], 2);
    net.meshes[1].links.get_mut(&2).unwrap().is_eager = false;
    // Who waits to clear up after somebody leaves other digests to others.
    _ = net.maps[1].retire(ReplicaId::new(99));
    assert!(net.maps[1].is_to_clear());
    (0..4).for_each(|start| net.change(0, start));
    net.run_for(1_000);
    assert_eq!((net.count(1, ANNOUNCE), net.count(1, DIGEST)), (0, 1), "{:?}", net.said);
    assert_eq!(net.maps[2].registrations().count(), 4);
}

#[test]
fn each_wants_news_from_as_many_neighbours_as_it_should_from_the_beginning() {
    let links: Vec<(usize, usize)> = (0..7).flat_map(|one| (0..one).map(move |other| (other, one))).collect();
    let net = Net::new(7, &links, 3);
    for at in 0..7 {
        assert_eq!(net.meshes[at].senders().count(), 3);
        let eager = net.meshes.iter().filter_map(|mesh| mesh.links.get(&(at as u64)));
        assert_eq!(eager.filter(|link| link.is_eager).count(), 3, "and they know it");
    }
    let first_is_wanted =
        (0..7).filter(|at| net.meshes[*at].links.values().take(3).all(|link| link.sends_news));
    assert!(first_is_wanted.count() < 4, "not always the first ones");
}

#[test]
fn an_own_change_goes_over_all_links_at_once() {
    let links: Vec<(usize, usize)> = (1..6).map(|other| (0, other)).collect();
    let mut net = Net::new(6, &links, 2);
    net.meshes[0].links.values_mut().for_each(|link| link.is_eager = false);
    net.change(0, 1);
    net.run_for(1);
    assert_eq!(net.count(0, DELTA), 5);
    // What somebody else did, only to those who want it.
    net.run_for(1_000);
    net.said.clear();
    net.change(1, 2);
    net.run_for(DELAY_MS + 2);
    assert_eq!(net.count(0, DELTA), 0);
    net.run_for(2_000);
    net.assert_equal();
}

#[test]
fn what_comes_one_after_the_other_goes_on_together() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], 2);
    net.change(0, 0);
    net.run_for(DELAY_MS + 2);
    assert_eq!(net.count(1, DELTA), 1, "what is alone goes on at once");
    for start in 1..60 {
        net.change(0, start);
        net.run_for(1);
    }
    net.run_for(400);
    net.assert_equal();
    assert!(net.count(1, DELTA) <= 12, "{}", net.count(1, DELTA));
    net.run_for(1_000);
    net.said.clear();
    net.change(0, 100);
    net.run_for(DELAY_MS + 2);
    assert_eq!(net.count(1, DELTA), 1, "after a quiet time at once again");
}

#[test]
fn what_comes_one_after_the_other_is_announced_together() {
    for (changes, digests) in [(2, 0), (8, 1)] {
        let mut net = Net::new(3, &[(0, 1), (1, 2)], 2);
        net.meshes[1].links.get_mut(&2).unwrap().is_eager = false;
        for start in 0..changes {
            net.change(0, start);
            net.run_for(60);
        }
        assert_eq!(net.count(1, ANNOUNCE) + net.count(1, DIGEST), 0);
        net.run_for(250);
        assert_eq!(net.count(1, ANNOUNCE), 1 - digests);
        assert_eq!(net.count(1, DIGEST), digests, "many dots are longer than a digest");
        net.run_for(2_000);
        net.assert_equal();
    }
}

#[test]
fn what_goes_on_and_on_is_announced_nevertheless() {
    let mut net = Net::new(3, &[(0, 1), (1, 2)], 2);
    net.meshes[1].links.get_mut(&2).unwrap().is_eager = false;
    for start in 0..20 {
        net.change(0, start);
        net.run_for(50);
    }
    assert!(net.count(1, ANNOUNCE) >= 1, "{:?}", net.said);
}

#[test]
fn of_what_comes_twice_only_the_rest_goes_on() {
    let mut map = RangeMap::<u64>::new(ReplicaId::new(1));
    let mut register = |start| {
        let range = KeyRange::new(start, start + 1).unwrap();
        map.register(&NodeId::new("node").unwrap(), &range).unwrap()
    };
    let (first, second, third) = (register(1), register(2), register(3));
    let mut all = first.clone();
    all.merge(&second);
    all.merge(&third);
    let mut before = first.version().clone();
    assert_eq!(new_parts(all.clone(), &before), [second, third.clone()]);
    assert_eq!(new_parts(all.clone(), &Version::default()), [all.clone()]);
    before.join(all.version());
    assert_eq!(new_parts(all.clone(), &before), []);
    // What is claimed beside what is carried is not lost.
    let mut claims = all.clone();
    let other = map.register(&NodeId::new("x").unwrap(), &KeyRange::full()).unwrap();
    claims.merge(&Delta::giving_up(other.context().clone()));
    assert_eq!(new_parts(claims.clone(), first.version()), [claims]);
}
