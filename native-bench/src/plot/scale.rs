//! From figures to pixels: scales with their ticks, and labels that keep their distance.

/// A logarithmic or linear scale.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    from: f64,
    to: f64,
    pixels: [f64; 2],
    is_logarithmic: bool,
}

impl Scale {
    /// A logarithmic scale over all of the values, which are greater than 0: from one of 1, 2, 5, 10, … to another.
    ///
    /// The pixels are those of the lower and of the upper end.
    pub fn logarithmic(values: impl Iterator<Item = f64> + Clone, pixels: [f64; 2]) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let greatest = values.fold(0.0, f64::max);
        let (from, to) =
            if least <= greatest { (round_down(least), round_up(greatest)) } else { (1.0, 10.0) };
        let to = if from < to { to } else { from * 10.0 };
        Self { from, to, pixels, is_logarithmic: true }
    }

    /// A linear scale from 0 to the greatest of the values, which are not negative.
    pub fn linear(values: impl Iterator<Item = f64>, pixels: [f64; 2]) -> Self {
        let to = values.fold(0.0, f64::max);
        Self { from: 0.0, to: if to > 0.0 { to } else { 1.0 }, pixels, is_logarithmic: false }
    }

    /// Where a value lies.
    pub fn place(&self, value: f64) -> f64 {
        let part = if self.is_logarithmic {
            (value / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.pixels[0] + part * (self.pixels[1] - self.pixels[0])
    }

    /// Round values that lie on the scale, a handful: the powers of 10, and 2 and 5 times them if there are few; on a linear
    /// scale, multiples of one of 1, 2, 5, 10, ….
    pub fn ticks(&self) -> Vec<f64> {
        if !self.is_logarithmic {
            let step = round_up(self.to / 6.0);
            return (0..).map(|at| f64::from(at) * step).take_while(|tick| *tick <= self.to).collect();
        }
        let wanted: &[f64] = if self.to / self.from > 999.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let exponents = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
        exponents
            .flat_map(|exponent| wanted.iter().map(move |factor| factor * 10f64.powi(exponent)))
            // A little more than the ends, since powers are not exact.
            .filter(|tick| (self.from * 0.999..=self.to * 1.001).contains(tick))
            .collect()
    }
}

fn round_down(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [5.0, 2.0].into_iter().map(|factor| factor * power).find(|round| *round <= value).unwrap_or(power)
}

fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|round| *round >= value)
        .unwrap_or(10.0 * power)
}

/// Moves places apart until each has at least that distance from the next, as little as it takes, and within the bounds if there
/// is room. The order of the result is that of the places.
pub fn spread(places: &[f64], distance: f64, [least, greatest]: [f64; 2]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
    // Groups of neighbours that touch, each with the middle of what its members want.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    let begin = |&(middle, count): &(f64, usize)| {
        let length = (count - 1) as f64 * distance;
        (middle - length / 2.0).min(greatest - length).max(least)
    };
    for at in &order {
        let mut group = (places[*at], 1);
        while let Some(before) = groups.last().copied() {
            let end = begin(&before) + before.1 as f64 * distance;
            if end <= begin(&group) {
                break;
            }
            groups.pop();
            let count = before.1 + group.1;
            group = ((before.0 * before.1 as f64 + group.0 * group.1 as f64) / count as f64, count);
        }
        groups.push(group);
    }
    let sorted = groups.iter().flat_map(|group| (0..group.1).map(|at| begin(group) + at as f64 * distance));
    let mut spread = vec![0.0; places.len()];
    for (at, place) in order.into_iter().zip(sorted) {
        spread[at] = place;
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithmic_scales_end_at_round_values_and_have_few_ticks() {
        let scale = Scale::logarithmic([3.0, 4100.0].into_iter(), [0.0, 100.0]);
        assert_eq!((scale.place(2.0), scale.place(5000.0)), (0.0, 100.0));
        let rounded =
            |scale: &Scale| scale.ticks().iter().map(|tick| tick.round() as u64).collect::<Vec<_>>();
        assert_eq!(rounded(&scale), [10, 100, 1000]);
        let narrow = Scale::logarithmic([12.0, 80.0].into_iter(), [100.0, 0.0]);
        assert_eq!(rounded(&narrow), [10, 20, 50, 100]);
        assert_eq!(narrow.place(10.0), 100.0);
        assert!((narrow.place(1000f64.sqrt()) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_single_value_has_a_scale_and_none_has_one_too() {
        assert_eq!(Scale::logarithmic([10.0].into_iter(), [0.0, 1.0]).place(10.0), 0.0);
        assert!(Scale::logarithmic(std::iter::empty(), [0.0, 1.0]).place(3.0).is_finite());
        assert!(Scale::linear(std::iter::empty(), [0.0, 1.0]).ticks().len() > 1);
    }

    #[test]
    fn linear_scales_begin_at_zero() {
        let scale = Scale::linear([71.0, 569.0].into_iter(), [10.0, 110.0]);
        assert_eq!((scale.place(0.0), scale.place(569.0)), (10.0, 110.0));
        assert_eq!(scale.ticks(), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
    }

    #[test]
    fn labels_move_apart_as_little_as_it_takes_and_stay_within_the_bounds() {
        assert_eq!(spread(&[50.0, 10.0], 15.0, [0.0, 100.0]), [50.0, 10.0]);
        assert_eq!(spread(&[51.0, 49.0, 50.0], 10.0, [0.0, 100.0]), [60.0, 40.0, 50.0]);
        assert_eq!(spread(&[98.0, 97.0], 10.0, [0.0, 100.0]), [100.0, 90.0]);
        assert_eq!(spread(&[1.0, 2.0, 13.0], 10.0, [0.0, 100.0]), [0.0, 10.0, 20.0]);
        assert!(spread(&[], 10.0, [0.0, 1.0]).is_empty());
    }
}
