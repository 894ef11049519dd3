//! Counts what is looked at among peers and strangers, by which the tests tell how work grows.

#[cfg(not(test))]
pub(super) fn count() {}

#[cfg(test)]
pub(super) use self::tests::count;

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::super::{Config, Deaths, Name, Presence, WaitingHello, content};
    use crate::id::ReplicaId;

    std::thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    pub(in super::super) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    fn peer(at: u64) -> ReplicaId {
        ReplicaId::new(4 * at)
    }

    fn stranger(at: u64) -> ReplicaId {
        ReplicaId::new(4 * at + 1)
    }

    /// In the middle of the others.
    fn own(peers: u64) -> ReplicaId {
        ReplicaId::new(2 * peers + 2)
    }

    fn presence_among(peers: u64, deaths: Deaths) -> Presence {
        let (peers_max, retry_ms, ask_ms_max) = (2 * peers as usize, 5_000, 10_000);
        let config = Config { deaths, peers_max, retry_ms, ask_ms_max, ..Config::default() };
        let mut presence = Presence::join(config, own(peers), Name::default(), 0).unwrap();
        let here = content::here(&Name::default());
        for at in 0..peers {
            presence.receive(peer(at), &here, 1, &mut || 0).unwrap();
            presence.heard(stranger(at), 1, &mut || at);
        }
        presence.greeting = None;
        presence
    }

    /// The steps that a call of each kind takes at most among so many peers and, with [`Deaths::Reported`], as many strangers.
    fn steps(peers: u64, deaths: Deaths) -> Vec<(&'static str, u64)> {
        let mut all = Vec::new();
        STEPS.set(0);
        let mut presence = presence_among(peers, deaths);
        all.push(("filling it", STEPS.get()));
        let mut most = |what, now_ms: u64, run: &mut dyn FnMut(&mut Presence, u64, u64)| {
            let of_each = (0..20).map(|at| {
                STEPS.set(0);
                run(&mut presence, at, now_ms + at);
                STEPS.get()
            });
            all.push((what, of_each.max().unwrap()));
        };
        let (hello, here) = (content::hello(&Name::default()), content::here(&Name::default()));
        let question = content::whos(&Name::default(), &[stranger(5)], 1_000).concat();
        let roster = content::rosters(&presence_among(peers, deaths).present(5), usize::MAX).concat();
        let new = |at| ReplicaId::new(4 * at + 3);
        most("a hello", 100, &mut |it, at, now| it.receive(peer(at), &hello, now, &mut || 0).unwrap());
        most("a here", 120, &mut |it, at, now| it.receive(peer(at), &here, now, &mut || 0).unwrap());
        most("a question", 140, &mut |it, at, now| it.receive(peer(at), &question, now, &mut || 0).unwrap());
        most("a peer's sign", 160, &mut |it, at, now| it.heard(peer(at), now, &mut || 0));
        most("a stranger's sign", 180, &mut |it, at, now| it.heard(stranger(at), now, &mut || 0));
        most("a new stranger's sign", 200, &mut |it, at, now| it.heard(new(at), now, &mut || 0));
        most("a new peer", 220, &mut |it, at, now| it.receive(new(at), &here, now, &mut || 0).unwrap());
        most("a death", 240, &mut |it, at, now| it.died(peer(at), now));
        most("when to wake", 0, &mut |it, _, _| assert!(it.next_wake_ms() > 0));
        most("a clock set back", 0, &mut |it, at, _| it.heard(peer(at), 239 - at, &mut || 0));
        most("a poll in vain", 220, &mut |it, _, now| {
            it.waiting_hello = None;
            assert!(it.poll(now).is_none());
        });
        most("a roster", 300, &mut |it, _, now| {
            it.waiting_hello = Some(WaitingHello { asker: peer(peers / 2), asked_ms: 0 });
            assert!(it.poll(now).is_some());
            while it.poll(now).is_some() {}
        });
        most("a roster heard", 320, &mut |it, at, now| {
            it.receive(peer(at), &roster, now, &mut || 0).unwrap()
        });
        most("all that is due", 20_000, &mut |it, _, now| while it.poll(now).is_some() {});
        most("what silence brings", 2_000_000, &mut |it, _, now| drop(it.poll(now)));
        most("what silence brings then", 2_900_000, &mut |it, _, now| drop(it.poll(now)));
        most("what silence brings at last", 3_800_000, &mut |it, _, now| drop(it.poll(now)));
        all
    }

    #[test]
    fn a_call_takes_as_many_steps_among_many_as_among_few_and_a_roster_as_many_as_it_has_entries() {
        let silence = Deaths::Silence { beat_ms: 2_000, silence_ms_max: 1_000_000 };
        let of_many =
            ["filling it", "a roster", "a roster heard", "all that is due", "what silence brings at last"];
        for deaths in [Deaths::Reported, silence] {
            let both = [400, 6_400].map(|peers| steps(peers, deaths));
            for ((what, few), (_, many)) in both[0].iter().zip(&both[1]) {
                let most = if of_many.contains(what) { 17 * few } else { 24 };
                assert!(*many <= most, "{what}, {deaths:?}: {few} steps, and {many} among 16 times as many");
            }
        }
    }
}
