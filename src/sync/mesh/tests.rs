//! What meshes say to each other, message by message.

use super::*;
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;

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
            meshes: vec![Mesh::new(Config::default(), fan_in).unwrap(); replicas],
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

    fn assert_equal(&self) {
        self.maps.iter().for_each(|map| assert_eq!(map.state(), self.maps[0].state()));
    }
}

#[test]
fn what_the_neighbour_came_to_know_meanwhile_is_not_announced() {
    let mut net = Net::new(2, &[(0, 1)], 1);
    net.meshes[0].links.get_mut(&1).unwrap().is_eager = false;
    net.change(0, 1);
    net.run_for(1_000);
    assert!(net.said.iter().any(|said| said.2 == ANNOUNCE), "{:?}", net.said);
    net.assert_equal();
    net.said.clear();
    net.meshes[0].links.get_mut(&1).unwrap().is_eager = false;
    net.change(0, 2);
    let context = net.maps[0].state().context().clone();
    net.meshes[0].links.get_mut(&1).unwrap().known.join(&context);
    net.run_for(1_000);
    assert!(net.said.iter().all(|said| said.2 != ANNOUNCE), "an empty one would be a wish: {:?}", net.said);
}
