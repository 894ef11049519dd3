//! Two replicas that meet: all that both send until they are equal.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crdt_range_map::{Delta, RangeMap, ReplicaId};
use serde::{Deserialize, Serialize};

use super::medium::Medium;
use crate::check::{Digest, Digester};
use crate::scenario::{apply, restored};
use crate::timer::Timing;
use crate::workload::{Op, OpKind, SplitMix64, Workload};

/// What it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meeting {
    /// Messages in both directions.
    pub messages: u64,
    /// Their bytes, heads and checksums included.
    pub bytes: u64,
    /// Virtual time until both were equal.
    pub virtual_ms: u64,
    /// Processor time of who was there and of who came: the median of some meetings.
    pub computed_ms: [f64; 2],
    /// The same of the first of them, before anything that the maps remember to be faster.
    pub first_ms: [f64; 2],
}

/// Asks in vain for so long, or says all that there is to say.
const QUIET_MS: u64 = 5_000;
const MEETING_MAX_MS: u64 = 120_000;
/// They do not meet again after so long.
const MEETINGS_MAX: Duration = Duration::from_secs(1);

/// Lets `comer` come to a medium where `resident` is alone, so many times, each time with clones;
/// not so often if that takes long.
///
/// # Panics
/// If they do not end with equal states in which is visible what merging the two makes visible.
pub fn meet(resident: &RangeMap<u64>, comer: &RangeMap<u64>, seed: u64, times_max: usize) -> Meeting {
    let mut expected = resident.clone();
    drop(expected.merge(comer.state()));
    let expected = visible(&expected);
    let mut took: Option<Meeting> = None;
    let mut samples = [(); 2].map(|()| Vec::new());
    let begin = Instant::now();
    for _ in 0..times_max {
        if took.is_some() && begin.elapsed() > MEETINGS_MAX {
            break;
        }
        let mut medium = Medium::new(seed);
        medium.join(resident.clone());
        medium.run_for(QUIET_MS);
        let (before, begin_ms) = (medium.statistics(), medium.now_ms);
        medium.tabs[0].computed = Duration::ZERO;
        medium.join(comer.clone());
        medium.run_for(QUIET_MS);
        while !medium.is_converged() && medium.now_ms < begin_ms + MEETING_MAX_MS {
            medium.run_for(QUIET_MS);
        }
        assert!(medium.is_converged(), "seed {seed}: both are equal");
        let after = medium.statistics();
        let computed_ms = [0, 1].map(|at| medium.tabs[at].computed.as_secs_f64() * 1e3);
        samples.iter_mut().zip(computed_ms).for_each(|(samples, ms)| samples.push(ms));
        let meeting = Meeting {
            messages: after.messages_posted - before.messages_posted,
            bytes: after.bytes_posted - before.bytes_posted,
            virtual_ms: medium.last_news_ms.saturating_sub(begin_ms),
            computed_ms,
            first_ms: computed_ms,
        };
        let first = took.get_or_insert_with(|| {
            assert_eq!(visible(&medium.tabs[0].map), expected, "seed {seed}: equal to the merge of both");
            meeting.clone()
        });
        assert_eq!((meeting.messages, meeting.bytes), (first.messages, first.bytes), "the same each time");
    }
    let took = took.expect("they meet at least once");
    Meeting { computed_ms: samples.map(|samples| Timing::of(samples).median_ns()), ..took }
}

/// What users of a map see.
fn visible(map: &RangeMap<u64>) -> Digest {
    let mut digester = Digester::default();
    for it in map.registrations() {
        let end = it.range.end().copied().unwrap_or(u64::MAX);
        digester.registration(*it.range.start(), end, it.node.as_str(), it.priority);
    }
    digester.digest()
}

/// What somebody does to registrations that are all different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Announces new ones.
    New,
    /// Increases those that it wrote itself.
    Own,
    /// Increases those that the other wrote.
    Others,
    /// Releases any.
    Released,
    /// Increases any, releases any, and announces new ones, in turn.
    Mixed,
}

impl Act {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Own => "own increased",
            Self::Others => "others' increased",
            Self::Released => "released",
            Self::Mixed => "mixed",
        }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Who was there.
    Resident,
    /// Who comes.
    Comer,
    /// Each as many.
    Both,
}

impl Who {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Comer => "comer",
            Self::Both => "both",
        }
    }
}

/// Two replicas that hold W(n) and share no memory. Each wrote a half.
pub struct Base {
    pub(super) workload: Workload,
    pub(super) maps: [RangeMap<u64>; 2],
    /// New ones, a half for each.
    newcomers: Vec<Op>,
}

/// As replicas are: random ids.
const IDS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0x3c6e_f372_fe94_f82a];

/// Nobody announces more than this.
const NEW_MAX: usize = 30_000;

impl Base {
    /// Both with all of W(n).
    pub fn new(n: usize) -> Self {
        let workload = Workload::new(n);
        let [mut first, second] = Self::halves(&workload);
        drop(first.merge(second.state()));
        let state = first.state().encode();
        let maps = IDS.map(|id| restored(ReplicaId::new(id), &state));
        let newcomers = workload.newcomers(2 * NEW_MAX);
        Self { workload, maps, newcomers }
    }

    /// How many registrations both hold.
    pub fn n(&self) -> usize {
        self.workload.n()
    }

    /// The two as they were before they heard of each other.
    pub fn halves(workload: &Workload) -> [RangeMap<u64>; 2] {
        [0, 1].map(|part| {
            let mut map = RangeMap::new(ReplicaId::new(IDS[part]));
            workload.writes(part).for_each(|op| drop(apply(&mut map, &workload.nodes, &op)));
            map
        })
    }

    /// The two after `who` did that to `d` registrations. Without a log, neither remembers its latest changes.
    pub fn after(&self, act: Act, d: usize, who: Who, has_log: bool, seed: u64) -> [RangeMap<u64>; 2] {
        let mut maps = self.maps.clone();
        let mut random = SplitMix64::new(seed ^ d as u64);
        for (side, map) in maps.iter_mut().enumerate() {
            if who == Who::Both || side == who as usize {
                self.act(map, side, act, d, &mut random, |_| ());
            }
            if !has_log {
                map.set_log_capacity(0);
            }
        }
        maps
    }

    /// Does that to `d` registrations, as the resident (`side` 0) or the comer, and shows what it did.
    pub(super) fn act(
        &self,
        map: &mut RangeMap<u64>,
        side: usize,
        act: Act,
        d: usize,
        random: &mut SplitMix64,
        mut done: impl FnMut(&Delta<u64>),
    ) {
        let held = &self.workload.registrations;
        let halves = held.split_at(held.len() / 2);
        let [own, others] = if side == 0 { [halves.0, halves.1] } else { [halves.1, halves.0] };
        let mut seen = HashSet::with_capacity(d);
        for at in 0..d {
            let op = loop {
                let by = NonZeroU32::MIN.saturating_add(random.below(100) as u32);
                let mut pick = |count: usize| random.below(count as u64) as usize;
                let op = match (act, at % 3) {
                    (Act::New, _) | (Act::Mixed, 2) => self.newcomers[side * NEW_MAX + pick(NEW_MAX)],
                    (Act::Own, _) => Op { triple: own[pick(own.len())].triple, kind: OpKind::Increase(by) },
                    (Act::Others, _) => {
                        Op { triple: others[pick(others.len())].triple, kind: OpKind::Increase(by) }
                    }
                    (Act::Mixed, 0) => {
                        Op { triple: held[pick(held.len())].triple, kind: OpKind::Increase(by) }
                    }
                    _ => Op { triple: held[pick(held.len())].triple, kind: OpKind::Release },
                };
                if seen.insert(op.triple) {
                    break op;
                }
            };
            done(&apply(map, &self.workload.nodes, &op));
        }
    }
}
