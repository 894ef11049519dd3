//! One process of the service: what it does by itself, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use crdt_range_map::node::{LinkId, Options};
use crdt_range_map::sync::Config;
use crdt_range_map::sync::presence::{Attributes, Liveness, Name};
use crdt_range_map::{KeyRange, Node, NodeId, OwnedSplit, ReplicaId};

use crate::{COPIES, Failure, SHARDS};

/// One process of the service.
pub struct Shards {
    pub node: Node<u64>,
    pub name: NodeId,
    address: SocketAddr,
    all: KeyRange<u64>,
    pub links: BTreeMap<SocketAddr, LinkId>,
    is_leaving: bool,
}

impl Shards {
    pub fn new(name: &str, address: SocketAddr) -> Result<Self, Failure> {
        let options = Options {
            // What fits into a packet.
            sync: Config { message_bytes_max: 1_200, answer_bytes_max: 600, ..Config::default() },
            name: Some(Name::new(name)?),
            attributes: attributes(address, "serving")?,
            evict_after_ms: Some(10_000),
            ..Options::default()
        };
        // What it registers counts while it lives.
        let [id, seed] = [(); 2].map(|()| RandomState::new().hash_one(address));
        let node = Node::with(options, ReplicaId::ephemeral(id), seed)?;
        let (name, all) = (name.parse()?, KeyRange::new(0, SHARDS)?);
        Ok(Self { node, name, address, all, links: BTreeMap::new(), is_leaving: false })
    }

    /// Those who are there, and of these those who are about to go.
    fn participants(&self) -> (BTreeSet<NodeId>, BTreeSet<NodeId>) {
        let alive = self.node.peers().filter(|(_, peer)| peer.liveness == Liveness::Alive);
        let others = alive.filter_map(|(_, peer)| {
            let role = self.node.attributes(peer.replica).and_then(|it| it.get("role"));
            Some((NodeId::new(peer.name.as_str()).ok()?, role == Some("leaving")))
        });
        let all: Vec<_> = others.chain([(self.name.clone(), self.is_leaving)]).collect();
        let leaving =
            all.iter().filter(|(_, is_leaving)| *is_leaving).map(|(name, _)| name.clone()).collect();
        (all.into_iter().map(|(name, _)| name).collect(), leaving)
    }

    /// How many shards each serves, as far as it is alive.
    fn loads(&self) -> BTreeMap<NodeId, u64> {
        let mut loads: BTreeMap<_, _> = self.participants().0.into_iter().map(|name| (name, 0)).collect();
        for split in self.splits() {
            split
                .owners
                .iter()
                .for_each(|it| *loads.entry(it.node.clone()).or_default() += length(&split.range));
        }
        loads
    }

    fn splits(&self) -> Vec<OwnedSplit<u64>> {
        self.node.living().splits_in(&self.all).iter().collect()
    }

    /// What this process does now, by rules that all follow, and of which each computes its own part.
    pub fn act(&mut self) -> Result<(), Failure> {
        let (there, leaving) = self.participants();
        let mut loads = self.loads();
        let mut is_even = true;
        let gaps: Vec<_> = self.node.living().gaps_in(&self.all).collect();
        let gaps = gaps.into_iter().map(|range| (range, Vec::new()));
        let served = self
            .splits()
            .into_iter()
            .map(|it| (it.range, it.owners.iter().map(|owner| owner.node.clone()).collect()));
        for (range, owners) in served.chain(gaps) {
            // Those who are to serve it: who serves it and stays, and then who has least to do.
            let mut wanted: Vec<NodeId> =
                owners.iter().filter(|it| !leaving.contains(*it)).cloned().collect();
            while wanted.len() < COPIES {
                let can_take = |it: &&NodeId| !wanted.contains(it) && !leaving.contains(*it);
                let Some(taker) = there.iter().filter(can_take).min_by_key(|it| (loads.get(*it), *it)) else {
                    break;
                };
                *loads.entry(taker.clone()).or_default() += length(&range);
                wanted.push(taker.clone());
            }
            wanted.truncate(COPIES);
            is_even &= owners == wanted;
            if wanted.contains(&self.name) {
                // Rule 1: take what lacks somebody.
                if !owners.contains(&self.name) {
                    self.node.register(&self.name, &range)?;
                }
                // Rule 2: come before those who are about to go.
                for other in owners.iter().filter(|it| leaving.contains(*it)) {
                    self.node.stand_in(&self.name, other, &range)?;
                }
            } else if owners.contains(&self.name) {
                // Rule 3: give up where enough others come before. Until they do, this does nothing.
                self.node.drain(&self.name, &range, COPIES)?;
            }
        }
        // Rule 4: who has by far the least takes half a range from who has the most, one at a time.
        let by_load = |(name, load): &(&NodeId, &u64)| (**load, (*name).clone());
        let (Some(least), Some(most)) = (loads.iter().min_by_key(by_load), loads.iter().max_by_key(by_load))
        else {
            return Ok(());
        };
        if is_even && *least.0 == self.name && least.1 * 2 < *most.1 {
            let may_take = |it: &OwnedSplit<u64>| {
                let has = |name: &NodeId| it.owners.iter().any(|owner| owner.node == *name);
                has(most.0) && !has(&self.name)
            };
            if let Some(it) = self.splits().into_iter().filter(may_take).max_by_key(|it| length(&it.range)) {
                let end = it.range.start() + length(&it.range).div_ceil(2);
                self.node.stand_in(&self.name, most.0, &KeyRange::new(*it.range.start(), end)?)?;
            }
        }
        Ok(())
    }

    /// What the client asks.
    pub fn answer(&mut self, question: &str) -> Result<String, Failure> {
        let (word, number) = question.split_once(' ').unwrap_or((question, "0"));
        let key: u64 = number.parse()?;
        Ok(match word {
            "owners" => {
                let backed: BTreeMap<NodeId, ReplicaId> =
                    self.node.map().living_writers(&key).into_iter().collect();
                let addresses = self
                    .node
                    .living()
                    .owners(&key)
                    .iter()
                    .filter_map(|owner| {
                        self.node.attributes(*backed.get(&owner.node)?)?.get("address").map(str::to_owned)
                    })
                    .collect::<Vec<_>>();
                addresses.join(" ")
            }
            "serves" => self.node.map().owners(&key).iter().any(|owner| owner.node == self.name).to_string(),
            "drain" => {
                self.is_leaving = true;
                self.node.set_attributes(attributes(self.address, "leaving")?);
                "draining".to_owned()
            }
            "leave" => {
                self.node.leave()?;
                "bye".to_owned()
            }
            _ => {
                let few = self.node.living().served_by_fewer_than(COPIES, &self.all).count();
                let many = self.node.living().served_by_more_than(COPIES, &self.all).count();
                let loads = self.loads().into_iter().map(|(name, load)| format!("{name} {load}"));
                format!("too few {few}, too many {many}: {}", loads.collect::<Vec<_>>().join(", "))
            }
        })
    }
}

fn length(range: &KeyRange<u64>) -> u64 {
    range.end().unwrap_or(&SHARDS) - range.start()
}

fn attributes(address: SocketAddr, role: &str) -> Result<Attributes, Failure> {
    Ok(Attributes::new([("address", address.to_string().as_str()), ("role", role)])?)
}
