//! What only this side of the border can see: that the core does in wasm what it does natively, and that the memory comes back.
#![cfg(target_arch = "wasm32")]

use crdt_range_map_js::Replica;
use wasm_bindgen_test::wasm_bindgen_test;

/// Polls until it waits: what it sent.
fn drain(replica: &mut Replica, now_ms: f64) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    loop {
        match replica.poll(now_ms) as u32 {
            0 => return sent,
            1 => sent.push(replica.take_bytes()),
            _ => {}
        }
    }
}

fn memory_pages() -> usize {
    core::arch::wasm32::memory_size(0)
}

#[wasm_bindgen_test]
fn two_replicas_agree_over_a_medium() {
    let mut replicas = [Replica::new(1, 1), Replica::new(2, 2)];
    let links = replicas.each_mut().map(|replica| replica.open(false, 0.0));
    let Ok(delta) = replicas[0].register("node-a", 0, 100) else { panic!("it is registered") };
    assert!(!delta.is_empty());
    for now_ms in 0..3_000 {
        for from in 0..2 {
            for bytes in drain(&mut replicas[from], f64::from(now_ms)) {
                replicas[1 - from].receive(links[1 - from], &bytes, f64::from(now_ms));
            }
        }
    }
    assert_eq!(replicas[0].state(), replicas[1].state());
    assert_eq!(replicas[0].fingerprint(), replicas[1].fingerprint());
    assert_eq!(replicas[1].owners(70, false).length(), 1);
}

/// Whatever is asked and answered, merged and freed, takes no memory in the long run.
#[wasm_bindgen_test]
fn memory_comes_back() {
    let round = |id: u64| {
        let mut replica = Replica::new(id, id);
        replica.share_storage();
        for at in 0..200u64 {
            assert!(replica.register(&format!("node-{}", at % 7), 10 * at, 10 * at + 25).is_ok());
        }
        let mut other = Replica::new(id + 1_000_000, id);
        assert!(other.merge(&replica.state()).is_ok());
        assert!(other.merge(b"nonsense").is_err());
        _ = (
            other.splits_in(0, 0, false),
            other.registrations_in(0, 0),
            other.registrations_of("node-3").is_ok(),
        );
        _ = (other.owners_of(vec![5, 70], true), other.owners_in(5, 70, true), other.nodes());
        _ = (
            other.served_by_fewer_than(1, 0, 0, true),
            other.served_by_more_than(2, 5, 70, false),
            other.cover(5, 70, false),
        );
        drain(&mut replica, 0.0);
        assert!(other.absorb(&replica.state()).is_ok());
    };
    (0..8).for_each(round);
    let pages = memory_pages();
    (8..40).for_each(round);
    assert_eq!(memory_pages(), pages);
}
