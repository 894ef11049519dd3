//! The disk of a replica: the pages that are saved, and one that is being written.

use crdt_range_map::node::Page;
use crdt_range_map::{Delta, ReplicaId};

use crate::kit::random::Random;
use crate::tally::Tally;

/// What is saved with a page and all before it.
#[derive(Clone)]
pub struct Save<K> {
    pub replica: ReplicaId,
    /// The replica's own last number in it.
    pub seq: u64,
    pub state: Delta<K>,
}

/// A page that is being written.
pub struct Writing<K> {
    pub page: Page,
    pub save: Save<K>,
    /// When that ends, well or not.
    pub due_ms: u64,
}

/// What is left after everything else was lost.
#[derive(Clone)]
pub struct Disk<K> {
    /// Since the last whole one.
    pub pages: Vec<Vec<u8>>,
    pub last: Option<Save<K>>,
    pub health: Health,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Whole,
    /// A page is missing: that shows if something is lost with it that the replica did itself.
    Incomplete,
    /// A page cannot be read.
    Unreadable,
}

impl<K> Default for Disk<K> {
    fn default() -> Self {
        Self { pages: Vec::new(), last: None, health: Health::Whole }
    }
}

impl<K> Disk<K> {
    /// The page is there, from beginning to end.
    pub fn hold(&mut self, page: Page, save: Save<K>) {
        if page.is_whole {
            self.pages.clear();
            self.health = Health::Whole;
        }
        self.pages.push(page.bytes);
        self.last = Some(save);
    }

    /// What becomes of a page in whose midst the replica crashes.
    pub fn lose(&mut self, writing: Writing<K>, random: &mut Random, tally: &mut Tally) {
        let Writing { mut page, save, .. } = writing;
        match random.below(4) {
            0 | 1 => tally.fault("page lost in a crash"),
            2 => {
                tally.fault("page held in spite of a crash");
                self.hold(page, save);
            }
            _ => {
                tally.fault("page cut off in a crash");
                page.bytes.truncate(random.index(page.bytes.len()));
                self.pages.push(page.bytes);
                self.health = Health::Unreadable;
            }
        }
    }

    /// Damages what is saved; but the last page does not go missing, which nobody could notice.
    pub fn damage(&mut self, random: &mut Random, tally: &mut Tally) {
        let at = random.index(self.pages.len());
        let page = &mut self.pages[at];
        if page.is_empty() {
            return;
        }
        match random.below(3) {
            0 => {
                tally.fault("page with a flipped bit");
                let byte = random.index(page.len());
                page[byte] ^= 1 << random.below(8);
                self.health = Health::Unreadable;
            }
            1 => {
                tally.fault("page cut off");
                page.truncate(random.index(page.len()));
                self.health = Health::Unreadable;
            }
            // Of an unreadable disk it might be the one page that cannot be read.
            _ if at + 1 < self.pages.len() && self.health != Health::Unreadable => {
                tally.fault("page missing");
                self.pages.remove(at);
                self.health = Health::Incomplete;
            }
            _ => {}
        }
    }
}
