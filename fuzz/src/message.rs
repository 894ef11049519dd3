//! Messages from anybody, of every kind, with heads and checksums as they should be: nothing panics, and who has not shown that it is
//! there gets little for a message.
//!
//! The bytes are a list of messages: for each, its kind; who sends it; how long it takes to come, in steps of 4 ms; the length of its
//! content, 2 bytes, little endian; and the content. What is missing at the end is cut off.

use crc::{CRC_32_ISO_HDLC, Crc};
use crdt_range_map::node::{LinkId, Output};
use crdt_range_map::{Delta, KeyRange, Node, RangeMap};

use crate::{join, next_post, node, written};

/// A message begins with 4 bytes that are always the same, the kind of message, and its sender's id.
const KIND_AT: usize = 4;
const HEAD_BYTES: usize = 13;
const CHECKSUM_BYTES: usize = 4;

/// Time goes on in such steps.
pub const STEP_MS: u64 = 4;

/// So many times as long as a question an answer may be, while its asker has not shown that it is there, and so much longer.
const AMPLIFICATION_MAX: usize = 10;
const POSTED_MAX: usize = 512;

/// After so long everything is said.
const QUIET_MS: u64 = 5_000;

/// Of those who wrote the map, of a stranger, and the map's own.
pub const SENDERS: [u64; 4] = [OTHER, 77, STRANGER, OWN];
const OWN: u64 = 3;
const OTHER: u64 = 8;
const STRANGER: u64 = 1 << 60;

/// More messages than this are not read.
const MESSAGES_MAX: usize = 32;

/// The replica that suffers.
#[derive(Clone)]
pub struct Victim {
    node: Node<u64>,
    link: LinkId,
    now_ms: u64,
    /// How its messages begin.
    head: Vec<u8>,
}

thread_local! {
    /// Made once: a clone costs nothing.
    static VICTIM: Victim = Victim::new();
}

impl Default for Victim {
    fn default() -> Self {
        VICTIM.with(Victim::clone)
    }
}

impl Victim {
    /// It has been on the medium for a while, alone, and remembers none of its changes.
    fn new() -> Self {
        let mut map = written(OWN, 0, 800, |number| number);
        drop(map.merge(written(OTHER, 700, 200, |number| number).state()));
        let (node, link) = join(&map, 0, 1);
        let mut victim = Self { node, link, now_ms: 0, head: Vec::new() };
        // It asks in vain.
        let posts = victim.posts_for(QUIET_MS);
        victim.head = posts[0][..KIND_AT].to_vec();
        victim
    }

    /// What it holds.
    pub fn map(&self) -> &RangeMap<u64> {
        self.node.map()
    }

    /// Takes a message.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.node.receive(self.link, bytes, self.now_ms);
    }

    /// A message with the head and the checksum that it should have.
    fn message(&self, kind: u8, sender: u64, content: &[u8]) -> Vec<u8> {
        let body = [&self.head[..], &[kind], &sender.to_be_bytes(), content].concat();
        let checksum = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&body);
        [&body[..], &checksum.to_be_bytes()].concat()
    }

    /// What it posts while so much time passes.
    pub fn posts_for(&mut self, duration_ms: u64) -> Vec<Vec<u8>> {
        let until_ms = self.now_ms + duration_ms;
        let mut posts = Vec::new();
        loop {
            while let Some(bytes) = next_post(&mut self.node, self.now_ms) {
                posts.push(bytes);
                assert!(posts.len() <= 1_000, "it talks without end");
            }
            let Output::Wait { until_ms: next_ms } = self.node.poll(self.now_ms) else {
                unreachable!("nothing is due");
            };
            if next_ms >= until_ms {
                self.now_ms = until_ms;
                return posts;
            }
            self.now_ms = next_ms;
        }
    }
}

/// Hands the messages over.
pub fn run(mut bytes: &[u8]) {
    let mut victim = Victim::default();
    let (mut posted, mut posted_max) = (0, 0);
    let mut replica = victim.map().replica();
    for at in 0..MESSAGES_MAX {
        let Some((head, rest)) = bytes.split_first_chunk::<5>() else { break };
        let [kind, sender, steps, low, high] = *head;
        let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
        let (content, rest) = rest.split_at(length);
        bytes = rest;
        let message = victim.message(kind, SENDERS[usize::from(sender) % SENDERS.len()], content);
        posted += victim.posts_for(u64::from(steps) * STEP_MS).iter().map(Vec::len).sum::<usize>();
        // The first shows nothing but itself; who sends more may show that it heard the answer.
        let shown_bytes = if at == 0 { 0 } else { 2 * victim.map().state().encode().len() };
        posted_max += AMPLIFICATION_MAX * message.len() + POSTED_MAX + shown_bytes;
        victim.receive(&message);
        if victim.map().replica() != replica {
            // Under another id it says again what nobody may have heard.
            replica = victim.map().replica();
            posted_max += 2 * victim.map().state().encode().len();
        }
        posted += victim.posts_for(0).iter().map(Vec::len).sum::<usize>();
        assert!(
            posted <= posted_max,
            "{posted} bytes posted after {} messages, the last of kind {kind}",
            at + 1
        );
    }
    posted += victim.posts_for(QUIET_MS).iter().map(Vec::len).sum::<usize>();
    assert!(posted <= posted_max, "{posted} bytes posted in answer");
    // Whatever it learnt, it goes on.
    let range = KeyRange::new(1, 2).expect("it is not empty");
    if victim.node.register(&node(1), &range).is_ok() {
        assert!(victim.map().priority(&node(1), &range) >= Some(1), "it can still write");
    }
    let state = victim.map().state();
    assert!(Delta::decode(&state.encode()).as_ref() == Ok(state), "it can still be saved");
    victim.map().for_each_split(|split| assert!(!split.owners.is_empty()));
}

/// A message as the fuzz target reads it: `bytes` as somebody posted it, so many steps after the one before.
pub fn listed(bytes: &[u8], sender: u8, steps: u8) -> Vec<u8> {
    let content = &bytes[HEAD_BYTES..bytes.len() - CHECKSUM_BYTES];
    let length = u16::try_from(content.len()).expect("seeds are small").to_le_bytes();
    [&[bytes[KIND_AT], sender, steps], &length[..], content].concat()
}
