//! Sketches of births.

use serde_json::{Value, json};

use super::{Bytes, hex};

#[derive(Clone, Debug, PartialEq)]
struct Sketch {
    cells: Vec<(u64, u16)>,
    estimator: Vec<u8>,
    total: u64,
}

fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

impl Sketch {
    fn empty(cells: usize) -> Self {
        Self { cells: vec![(0, 0); cells], estimator: vec![0; 128], total: 0 }
    }

    /// The cells that a number is in, and its check.
    fn places(&self, number: u64) -> ([usize; 4], u16) {
        let quarter = self.cells.len() / 4;
        let (a, b) = (mix(number), mix(mix(number)));
        let c = mix(b);
        let hashes = [a as u32, (a >> 32) as u32, b as u32, c as u32];
        let place = |at: usize| {
            at * quarter + ((u64::from(hashes[at].rotate_left(7)) * quarter as u64) >> 32) as usize
        };
        ([0, 1, 2, 3].map(place), (c >> 48) as u16)
    }

    fn toggle(&mut self, number: u64) {
        let (places, check) = self.places(number);
        for place in places {
            self.cells[place].0 ^= number;
            self.cells[place].1 ^= check;
        }
        let (a, b) = (mix(number), mix(mix(number)));
        let level = (a.trailing_zeros() / 2).min(7) as usize;
        self.estimator[16 * level + (((b >> 32) * 16) >> 32) as usize] ^= b as u8 | 1;
        self.total ^= b;
    }

    /// The numbers that are in it, in order.
    fn numbers(mut self) -> Vec<u64> {
        let mut numbers = Vec::new();
        let is_alone = |sketch: &Self, at: usize| {
            let (number, check) = sketch.cells[at];
            let (places, right) = sketch.places(number);
            (number, check) != (0, 0) && check == right && places.contains(&at)
        };
        while let Some(at) = (0..self.cells.len()).find(|at| is_alone(&self, *at)) {
            numbers.push(self.cells[at].0);
            self.toggle(self.cells[at].0);
        }
        numbers.sort_unstable();
        numbers
    }
}

/// A sketch, and the numbers that are in it. Of those, it could have been made.
pub(super) fn read(bytes: &mut Bytes<'_>) -> Value {
    let width = usize::from(bytes.byte());
    let mut read = Sketch::empty(bytes.number() as usize);
    let mut written = Vec::new();
    let little_endian = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    for cell in &mut read.cells {
        let (sum, check) = (bytes.raw(width), bytes.raw(2));
        *cell = (little_endian(sum), little_endian(check) as u16);
        written.push(json!([hex(sum), hex(check)]));
    }
    read.estimator = bytes.raw(128).to_vec();
    read.total = bytes.big_endian(8);
    let (estimator, total) = (hex(&read.estimator), format!("{:016x}", read.total));
    let mut again = Sketch::empty(read.cells.len());
    let numbers = read.clone().numbers();
    numbers.iter().for_each(|number| again.toggle(*number));
    assert_eq!(again, read, "the sketch of {numbers:?}");
    json!({ "cells": written, "estimator": estimator, "total": total, "numbers": numbers })
}
