//! A walk over the boundaries of a block, one after the other: which spans cover each.
//!
//! What changes from one boundary to the next is noted once for the whole block. So a step costs what changes there and the owners that are
//! read, and never the spans that have ended or are still to begin, however many lie in the block.

use super::block::Span;

/// How many marks a word has.
const WORD: usize = u64::BITS as usize;

/// The spans of a block that cover a boundary, marked.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk<'a> {
    spans: &'a [Span],
    few: Few,
    many: Many,
}

/// Marks of up to 64 spans, which nearly every block has.
#[derive(Clone, Debug, Default)]
struct Few {
    marks: u64,
    /// For each boundary, which spans begin or end there.
    toggled: Vec<u64>,
}

/// Marks of more spans.
#[derive(Clone, Debug, Default)]
struct Many {
    marks: Vec<u64>,
    /// Which words of the marks are not zero.
    marked: Vec<u64>,
    count: usize,
    /// The spans that begin or end at the boundaries, those of each in turn, and where those of each begin.
    toggled: Vec<u32>,
    begins: Vec<u32>,
}

impl<'a> Walk<'a> {
    /// Goes to a block of so many boundaries, before the first of them. O(boundaries + spans).
    pub(super) fn enter(&mut self, boundaries: usize, spans: &'a [Span]) {
        self.spans = spans;
        if self.is_few() {
            self.few.enter(boundaries, spans);
        } else {
            self.many.enter(boundaries, spans);
        }
    }

    /// The spans of the block.
    pub(super) fn spans(&self) -> &'a [Span] {
        self.spans
    }

    fn is_few(&self) -> bool {
        self.spans.len() <= WORD
    }

    /// Steps on to the boundary `to`; the last step led to `from`, not included. O(what changes at the boundaries between).
    pub(super) fn step(&mut self, from: usize, to: usize) {
        if self.is_few() {
            self.few.step(from, to);
        } else {
            self.many.step(from, to);
        }
    }

    /// Makes the list for the boundary before the one `at` which the walk is the list for this one: of each span that covers it, in order,
    /// its item. O(what changes), and O(k) in a block of more than 64 spans.
    #[inline]
    pub(super) fn follow<T: Clone>(&self, at: usize, items: &[T], list: &mut Vec<T>) {
        if !self.is_few() {
            return self.list(items, list);
        }
        let toggled = self.few.toggled[at];
        let mut marks = self.few.marks ^ toggled;
        for index in ones(toggled) {
            let place = (marks & ((1 << index) - 1)).count_ones() as usize;
            if marks & 1 << index != 0 {
                list.remove(place);
            } else {
                list.insert(place, items[index].clone());
            }
            marks ^= 1 << index;
        }
    }

    /// Lists the items of the spans that cover the boundary, in order. O(k).
    pub(super) fn list<T: Clone>(&self, items: &[T], list: &mut Vec<T>) {
        list.clear();
        self.for_each(|index| list.push(items[index].clone()));
    }

    /// How many spans cover the boundary. O(1).
    pub(super) fn count(&self) -> usize {
        if self.is_few() { self.few.marks.count_ones() as usize } else { self.many.count }
    }

    /// Visits their indexes in order. O(1) each, and O(1) for each 4,096 spans of the block.
    #[inline]
    pub(super) fn for_each(&self, mut visit: impl FnMut(usize)) {
        if self.is_few() {
            return ones(self.few.marks).for_each(visit);
        }
        for (at, marked) in self.many.marked.iter().enumerate() {
            for word in ones(*marked).map(|one| WORD * at + one) {
                ones(self.many.marks[word]).for_each(|at| visit(WORD * word + at));
            }
        }
    }
}

impl Few {
    fn enter(&mut self, boundaries: usize, spans: &[Span]) {
        self.marks = 0;
        self.toggled.clear();
        self.toggled.resize(boundaries + 1, 0);
        for (index, span) in spans.iter().enumerate() {
            self.toggled[usize::from(span.from)] |= 1 << index;
            self.toggled[usize::from(span.to)] |= 1 << index;
        }
    }

    fn step(&mut self, from: usize, to: usize) {
        self.marks = self.toggled[from..=to].iter().fold(self.marks, |marks, toggled| marks ^ toggled);
    }
}

impl Many {
    fn enter(&mut self, boundaries: usize, spans: &[Span]) {
        self.count = 0;
        let words = spans.len().div_ceil(WORD);
        for (marks, length) in [(&mut self.marks, words), (&mut self.marked, words.div_ceil(WORD))] {
            marks.clear();
            marks.resize(length, 0);
        }
        // Counted first, and then put in their places from the last one on.
        self.begins.clear();
        self.begins.resize(boundaries + 2, 0);
        let ends = |span: &Span| [span.from, span.to].map(usize::from);
        spans.iter().flat_map(ends).for_each(|at| self.begins[at] += 1);
        let mut before = 0;
        for begin in &mut self.begins {
            before += *begin;
            *begin = before;
        }
        self.toggled.clear();
        self.toggled.resize(2 * spans.len(), 0);
        for (index, span) in spans.iter().enumerate() {
            for at in ends(span) {
                self.begins[at] -= 1;
                self.toggled[self.begins[at] as usize] = index as u32;
            }
        }
    }

    fn step(&mut self, from: usize, to: usize) {
        let toggled = self.begins[from] as usize..self.begins[to + 1] as usize;
        for index in &self.toggled[toggled] {
            let (word, bit) = (*index as usize / WORD, *index as usize % WORD);
            self.marks[word] ^= 1 << bit;
            let is_marked = self.marks[word] & 1 << bit != 0;
            self.count = if is_marked { self.count + 1 } else { self.count - 1 };
            let marked = &mut self.marked[word / WORD];
            *marked = *marked & !(1 << (word % WORD)) | u64::from(self.marks[word] != 0) << (word % WORD);
        }
    }
}

/// The places of the ones in a word.
fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let at = (word != 0).then_some(word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(at)
    })
}
