//! Which meetings are measured.

use std::num::NonZeroU32;

use crdt_range_map::{Delta, RangeMap, ReplicaId};
use serde::{Deserialize, Serialize};

use super::meeting::{Act, Base, Meeting, Who, meet};
use crate::scenario::{apply, restored};
use crate::workload::{Op, OpKind, SplitMix64};

/// Two that hold W(n), after one or each of them did something to d registrations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Registrations before.
    pub n: usize,
    /// How many differ, of each who did something.
    pub d: usize,
    /// What was done.
    pub act: Act,
    /// By whom.
    pub who: Who,
    /// Whether they remember their latest changes.
    pub has_log: bool,
    /// What it took.
    pub meeting: Meeting,
}

/// What differs.
pub const ACTS: [Act; 5] = [Act::New, Act::Own, Act::Others, Act::Released, Act::Mixed];
/// On which side.
pub const SIDES: [Who; 3] = [Who::Resident, Who::Comer, Who::Both];
/// How many, as far as there are twice as many registrations.
pub const DIFFERENCES: [usize; 5] = [1, 20, 200, 2_000, 20_000];

/// One of them.
pub fn row(base: &Base, act: Act, d: usize, who: Who, has_log: bool, times: usize) -> Row {
    let [resident, comer] = base.after(act, d, who, has_log, 1);
    let meeting = meet(&resident, &comer, 1, times);
    Row { n: base.n(), d, act, who, has_log, meeting }
}

/// All of them.
pub fn rows(base: &Base) -> Vec<Row> {
    let mut rows = Vec::new();
    for has_log in [true, false] {
        for act in ACTS {
            for who in SIDES {
                let differences = DIFFERENCES.into_iter().filter(|d| d * 2 <= base.n());
                rows.extend(differences.map(|d| row(base, act, d, who, has_log, TIMES)));
            }
        }
    }
    rows
}

/// So often they meet, for the median of the processor time.
const TIMES: usize = 5;

/// A meeting beside a bound of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Special {
    /// What differs.
    pub what: String,
    /// Registrations before.
    pub n: usize,
    /// What it took.
    pub meeting: Meeting,
    /// How many bytes it may take.
    pub bytes_max: u64,
}

/// So much of a whole state may be sent at most, whatever differs.
const WHOLE: f64 = 1.05;

/// Great differences, and a joiner: beside the state of who knows more, and what the other has that it lacks.
pub fn wholes(base: &Base) -> Vec<Special> {
    let n = base.n();
    let special = |what: &str, [resident, comer]: &[RangeMap<u64>; 2], whole: &RangeMap<u64>, back: usize| {
        let bytes_max = (WHOLE * whole.state().encode().len() as f64) as u64 + back as u64;
        Special { what: what.into(), n, meeting: meet(resident, comer, 1, 1), bytes_max }
    };
    let mut specials = Vec::new();
    let joiner = [base.maps[0].clone(), RangeMap::new(ReplicaId::new(7))];
    specials.push(special("joiner", &joiner, &joiner[0], 0));
    let halves = Base::halves(&base.workload);
    specials.push(special("all new, a half each", &halves, &halves[0], halves[1].state().encode().len()));
    for (side, by) in ["resident", "comer"].into_iter().enumerate() {
        for percent in [10, 50, 90, 100] {
            let mut maps = base.maps.clone();
            base.act(
                &mut maps[side],
                side,
                Act::Released,
                n * percent / 100,
                &mut SplitMix64::new(1),
                |_| (),
            );
            let what = format!("{percent} % released by the {by}");
            specials.push(special(&what, &maps, &maps[side], 0));
        }
        let mut maps = base.maps.clone();
        for act in [Act::Own, Act::Others] {
            base.act(&mut maps[side], side, act, n / 2, &mut SplitMix64::new(1), |_| ());
        }
        specials.push(special(&format!("all changed by the {by}"), &maps, &maps[side], 0));
    }
    let mut maps = base.maps.clone();
    let mut back = Delta::default();
    for (side, map) in maps.iter_mut().enumerate() {
        back = Delta::default();
        base.act(map, side, Act::Own, n / 2, &mut SplitMix64::new(1), |done| back.merge(done));
    }
    specials.push(special("all changed, a half each", &maps, &maps[0], back.encode().len()));
    specials
}

/// Somebody heard a raise and a release of one registration in one delta, and then increased 60; who knows nothing of all that
/// returns.
pub fn after_raise_and_release(base: &Base) -> Special {
    let [mut here, mut there] = base.maps.clone();
    // One that it wrote itself, so that the raise leaves nothing behind.
    let triple = base.workload.registrations[base.n() - 1].triple;
    let nodes = &base.workload.nodes;
    let mut both = apply(&mut there, nodes, &Op { triple, kind: OpKind::Increase(NonZeroU32::MIN) });
    both.merge(&apply(&mut there, nodes, &Op { triple, kind: OpKind::Release }));
    drop(here.merge(&both));
    base.act(&mut here, 0, Act::Own, 60, &mut SplitMix64::new(1), |_| ());
    let comer = restored(ReplicaId::new(0xda94_2042_e4dd_58b5), &base.maps[0].state().encode());
    let meeting = meet(&here, &comer, 1, 1);
    let what = "60 changes after a raise and a release in one delta".into();
    Special { what, n: base.n(), meeting, bytes_max: 1_200 }
}

/// The meetings of many draws.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Draws {
    /// Registrations before.
    pub n: usize,
    /// How many draws.
    pub draws: u64,
    /// The bytes that they took on average.
    pub mean_bytes: f64,
    /// The most that one took.
    pub worst_bytes: u64,
    /// Which one.
    pub worst_seed: u64,
    /// The most messages that one took.
    pub worst_messages: u64,
}

/// 10 + 10 operations, mixed, with logs.
pub fn draws(base: &Base, draws: u64) -> Draws {
    let meetings = (0..draws).map(|seed| {
        let [resident, comer] = base.after(Act::Mixed, 10, Who::Both, true, seed);
        (meet(&resident, &comer, seed, 1), seed)
    });
    let meetings: Vec<(Meeting, u64)> = meetings.collect();
    let sum: u64 = meetings.iter().map(|(it, _)| it.bytes).sum();
    let worst = meetings.iter().max_by_key(|(it, _)| it.bytes);
    let (worst, worst_seed) = worst.expect("there are draws");
    Draws {
        n: base.n(),
        draws,
        mean_bytes: sum as f64 / draws as f64,
        worst_bytes: worst.bytes,
        worst_seed: *worst_seed,
        worst_messages: meetings.iter().map(|(it, _)| it.messages).max().unwrap_or(0),
    }
}
