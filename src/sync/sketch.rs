//! A sketch of a set of numbers: two sketches show the difference of their sets, and are as long as that difference.
//!
//! It is an invertible Bloom lookup table (Eppstein, Goodrich, Uyeda and Varghese, "What's the difference? Efficient set reconciliation
//! without prior context", 2011). Each number is added to one cell in each of four parts of a table; cells are sums without carry. In
//! the difference of two such tables, the numbers of both sets are gone. A cell with one number left shows it. When that number is taken
//! out of its other cells, further cells have one number left. With a third more cells than numbers, nearly always all numbers
//! are found; and if not, that is noticed.
//!
//! An *estimator*, also from that paper, shows how many cells are needed. Numbers are sampled in levels, each level a quarter of the one
//! before, and summed in small buckets. On the first level where not nearly all buckets differ, the number of different
//! buckets shows how many numbers there are.

/// How many cells each number is in.
const PARTS: usize = 4;

/// The estimator has levels of buckets, of one byte each.
const LEVELS: usize = 8;
const BUCKETS: usize = 16;
pub(super) const ESTIMATOR_BYTES: usize = LEVELS * BUCKETS;

/// How many bytes a check takes.
pub(super) const CHECK_BYTES: usize = 2;

/// The most cells of a table.
pub(super) const CELLS_MAX: usize = 1 << 22;

/// A cell: the sum of its numbers, and the sum of their checks. If there is not exactly one number, the check mostly fails; and if it
/// does not, the number mostly does not belong into that cell. The remaining errors are found in the end, by the
/// [total](Sketch::total).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) sum: u64,
    pub(super) check: u16,
}

/// The table of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sketch {
    pub(super) cells: Vec<Cell>,
    pub(super) estimator: [u8; ESTIMATOR_BYTES],
    /// The sum of all hashes. It shows whether all numbers were found.
    pub(super) total: u64,
}

fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A hash of 32 bits, scaled to an index below `size`: the high half of their product.
fn scaled(hash: u32, size: usize) -> usize {
    ((u64::from(hash) * size as u64) >> 32) as usize
}

impl Sketch {
    /// The table of an empty set, with about so many cells.
    pub(super) fn new(cells: usize) -> Self {
        let cells = cells.min(CELLS_MAX).next_multiple_of(PARTS);
        Self { cells: vec![Cell::default(); cells], estimator: [0; ESTIMATOR_BYTES], total: 0 }
    }

    /// How many bytes a sketch of about so many cells takes in a message, if each sum takes `width` bytes.
    pub(super) fn bytes(cells: usize, width: usize) -> usize {
        cells.saturating_mul(width + CHECK_BYTES).saturating_add(ESTIMATOR_BYTES + 16)
    }

    /// How many cells are enough, nearly always, to find so many differences: 1.3 for each of very many, and more for each of few.
    pub(super) fn cells_for(differences: usize) -> usize {
        let spread = (differences as f64).sqrt() * 2.5;
        (differences + differences / 3).saturating_add(spread as usize + 16).min(CELLS_MAX)
    }

    /// Adds a number, or takes it out if it is in. O(1).
    #[inline]
    pub(super) fn toggle(&mut self, number: u64) {
        let first = mix(number);
        let second = mix(first);
        let level = (first.trailing_zeros() as usize / 2).min(LEVELS - 1);
        let bucket = level * BUCKETS + scaled((second >> 32) as u32, BUCKETS);
        self.estimator[bucket] ^= (second as u8) | 1;
        self.total ^= second;
        self.toggle_cells(number, first, second);
    }

    #[inline]
    fn toggle_cells(&mut self, number: u64, first: u64, second: u64) {
        let size = self.cells.len() / PARTS;
        if size == 0 {
            return;
        }
        let third = mix(second);
        let check = (third >> 48) as u16;
        let hashes = [first as u32, (first >> 32) as u32, second as u32, third as u32];
        for (part, hash) in hashes.into_iter().enumerate() {
            let cell = &mut self.cells[part * size + scaled(hash.rotate_left(7), size)];
            cell.sum ^= number;
            cell.check ^= check;
        }
    }

    /// Subtracts the sketch of another set, which must have as many cells: what is left is the difference of the sets.
    pub(super) fn subtract(&mut self, other: &Self) {
        for (cell, other) in self.cells.iter_mut().zip(&other.cells) {
            cell.sum ^= other.sum;
            cell.check ^= other.check;
        }
        self.estimator.iter_mut().zip(other.estimator).for_each(|(bucket, other)| *bucket ^= other);
        self.total ^= other.total;
    }

    /// About how many numbers are in it, by the estimator.
    pub(super) fn estimate(&self) -> usize {
        let levels = self.estimator.chunks(BUCKETS).enumerate();
        let mut estimate = 0.0;
        for (level, buckets) in levels {
            let filled = buckets.iter().filter(|bucket| **bucket != 0).count();
            // The last level takes what all further ones would.
            let share = if level + 1 == LEVELS { 1.0 } else { 0.75 } / 4f64.powi(level as i32);
            let empty = (BUCKETS - filled).max(1) as f64 / BUCKETS as f64;
            estimate = -(BUCKETS as f64) * empty.ln() / share;
            if filled <= BUCKETS * 7 / 8 {
                break;
            }
        }
        estimate as usize
    }

    /// The numbers that are in it, in no order; `None` if the table is too small. O(numbers + cells).
    pub(super) fn numbers(mut self) -> Option<Vec<u64>> {
        let size = self.cells.len() / PARTS;
        let mut numbers = Vec::new();
        let mut candidates: Vec<usize> = (0..self.cells.len()).rev().collect();
        while let Some(at) = candidates.pop() {
            let Cell { sum, check } = self.cells[at];
            if (sum, check) == (0, 0) {
                continue;
            }
            let first = mix(sum);
            let second = mix(first);
            let third = mix(second);
            let hashes = [first as u32, (first >> 32) as u32, second as u32, third as u32];
            let cell_in = |part: usize| part * size + scaled(hashes[part].rotate_left(7), size);
            if check != (third >> 48) as u16 || at != cell_in(at / size) {
                continue;
            }
            if numbers.len() > self.cells.len() {
                // Somebody forged it, so that this loop would never end.
                return None;
            }
            numbers.push(sum);
            self.total ^= second;
            self.toggle_cells(sum, first, second);
            candidates.extend((0..PARTS).map(cell_in));
        }
        let is_empty = self.total == 0 && self.cells.iter().all(|cell| *cell == Cell::default());
        is_empty.then_some(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(cells: usize, numbers: impl Iterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::new(cells);
        numbers.for_each(|number| sketch.toggle(number));
        sketch
    }

    #[test]
    fn differences_are_found_in_few_cells() {
        for differences in [0usize, 1, 2, 5, 10, 20, 50, 200, 2_000, 20_000] {
            let cells = Sketch::cells_for(differences);
            let rounds = if differences > 1_000 { 20 } else { 400 };
            let mut found = 0;
            for round in 0..rounds {
                let base = round * 1_000_003 + 7;
                let ours = sketch(cells, base..base + 500);
                let mut left = sketch(cells, base + 10..base + 500 + differences as u64);
                left.subtract(&ours);
                let Some(mut numbers) = left.numbers() else { continue };
                numbers.sort_unstable();
                let ours = base..base + 10;
                let theirs = base + 500..base + 500 + differences as u64;
                assert_eq!(numbers, ours.chain(theirs).collect::<Vec<_>>());
                found += 1;
            }
            let [share, rounds] = [found, rounds].map(|number| number as f64);
            // The ten on the other side come on top.
            assert!(differences < 50 || share / rounds > 0.97, "{differences}: {found} of {rounds}");
        }
    }

    #[test]
    fn as_many_as_were_reckoned_with_are_nearly_always_found() {
        for differences in [1usize, 3, 8, 20, 40, 100, 400] {
            let cells = Sketch::cells_for(differences);
            let is_found = |round: u64| {
                sketch(cells, round << 20..(round << 20) + differences as u64).numbers().is_some()
            };
            let found = (0..1_000).filter(|round| is_found(*round)).count();
            assert!(found >= 985, "{differences} in {cells} cells: {found} of 1000");
        }
    }

    #[test]
    fn the_estimator_tells_the_order_of_magnitude() {
        for differences in [1usize, 10, 100, 1_000, 10_000, 100_000] {
            for round in 0..20u64 {
                let estimate = sketch(0, round << 32..(round << 32) + differences as u64).estimate();
                let is_near = (differences / 3..=differences * 3 + 2).contains(&estimate);
                assert!(is_near, "{differences} are taken for {estimate}");
            }
        }
    }

    #[test]
    fn nothing_is_found_in_what_is_no_sketch() {
        let mut state = 1u64;
        for _ in 0..2_000 {
            let mut forged = Sketch::new(40);
            for cell in &mut forged.cells {
                state = mix(state);
                *cell = Cell { sum: state, check: (mix(state) >> 7) as u16 };
            }
            assert_eq!(forged.numbers(), None);
        }
    }
}
