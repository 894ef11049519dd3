//! Covering a window by as few pieces as can be, each served by one node throughout.

use super::window::Window;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::sort::sort_numbers;

/// A part of a window that one node serves, or nobody. See [`RangeMap::cover`](crate::RangeMap::cover).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(bound = "K: Ord + serde::Serialize"))]
pub struct Piece<K> {
    /// The keys.
    pub range: KeyRange<K>,
    /// Who serves all of them; `None` if nobody serves any.
    pub node: Option<NodeId>,
}

/// The pieces in key order.
///
/// From where the last piece ended, the next one reaches as far as any node does without a break: its candidates are the owners of its first
/// key, in order of preference, and those that do not own the next stretch drop out. Once none would be left, it ends there. No other
/// cover has fewer pieces: of any, the first i pieces reach no farther than these.
pub(crate) fn cover<'a, K: Key + 'a>(mut window: Window<'a, K>) -> impl Iterator<Item = Piece<K>> + 'a {
    let mut open: Option<(K, Candidates)> = None;
    core::iter::from_fn(move || {
        while window.step() {
            let Some((start, candidates)) = &mut open else {
                open = window.start().map(|start| (start, Candidates::of(&window)));
                continue;
            };
            if let Some(left) = candidates.left_in(&window) {
                candidates.0 = left;
                continue;
            }
            let Some(next) = window.start() else { continue };
            let range = KeyRange::between(core::mem::replace(start, next.clone()), Some(next));
            let done = core::mem::replace(candidates, Candidates::of(&window));
            return Some(done.piece(range, &window));
        }
        let (start, candidates) = open.take()?;
        Some(candidates.piece(KeyRange::between(start, window.end()), &window))
    })
}

/// The numbers of those who have owned every key since the piece began, in the order of preference there. None in a gap.
struct Candidates(Vec<u32>);

impl Candidates {
    fn of<K: Key>(window: &Window<'_, K>) -> Self {
        let mut nodes = Vec::with_capacity(window.count());
        window.for_each(|node| nodes.push(node));
        Self(nodes)
    }

    /// Those who own the stretch, too; `None` if the piece ends before it. O(k log k) for its k owners.
    fn left_in<K: Key>(&self, window: &Window<'_, K>) -> Option<Vec<u32>> {
        let Self(mut owners) = Self::of(window);
        if self.0.is_empty() {
            return owners.is_empty().then_some(owners);
        }
        sort_numbers(&mut owners, &mut |a, b| a.cmp(&b));
        let is_left = |node: &&u32| owners.binary_search(node).is_ok();
        let left: Vec<u32> = self.0.iter().filter(is_left).copied().collect();
        (!left.is_empty()).then_some(left)
    }

    fn piece<K: Key>(self, range: KeyRange<K>, window: &Window<'_, K>) -> Piece<K> {
        Piece { range, node: self.0.first().map(|node| window.name(*node).clone()) }
    }
}
