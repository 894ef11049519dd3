//! How figures are written: three digits that count, and a unit that suits them, which is not torn off at the end of a line.

/// A time that is given in nanoseconds.
pub fn time(ns: f64) -> String {
    let (figure, unit) = match ns {
        _ if ns < 999.5 => (ns, "ns"),
        _ if ns < 999.5e3 => (ns / 1e3, "µs"),
        _ if ns < 999.5e6 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    format!("{}\u{a0}{unit}", digits(figure))
}

/// A number of bytes, given as such.
pub fn bytes(bytes: f64) -> String {
    match bytes {
        _ if bytes < 999.5 => format!("{}\u{a0}B", digits(bytes)),
        _ if bytes < 999.5e3 => format!("{}\u{a0}kB", digits(bytes / 1e3)),
        _ => format!("{}\u{a0}MB", digits(bytes / 1e6)),
    }
}

/// A rate that is given in megabytes by second.
pub fn mb_per_s(rate: f64) -> String {
    format!("{}\u{a0}MB/s", digits(rate))
}

/// A number as short as it can be.
pub fn short(figure: f64) -> String {
    match figure {
        _ if figure < 999.5 => digits(figure),
        _ if figure < 999.5e3 => format!("{}\u{a0}k", digits(figure / 1e3)),
        _ => format!("{}\u{a0}M", digits(figure / 1e6)),
    }
}

/// How many times as much.
pub fn ratio(ratio: f64) -> String {
    format!("{}\u{a0}×", digits(ratio))
}

/// A number to three digits, without zeros at the end of a fraction.
pub fn digits(figure: f64) -> String {
    let decimals = match figure.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    let text = format!("{figure:.decimals$}");
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').into(),
        None => grouped(&text),
    }
}

/// A whole number.
pub fn whole(figure: f64) -> String {
    grouped(&format!("{figure:.0}"))
}

/// Commas between groups of three digits.
fn grouped(digits: &str) -> String {
    let length = digits.len();
    let comma = |at: usize| if at > 0 && (length - at).is_multiple_of(3) { "," } else { "" };
    digits.chars().enumerate().map(|(at, digit)| format!("{}{digit}", comma(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a space that may be seen.
    fn seen(figure: f64, written: fn(f64) -> String) -> String {
        written(figure).replace('\u{a0}', " ")
    }

    #[test]
    fn times_and_bytes_have_the_unit_that_suits_them() {
        assert_eq!(
            [0.94, 7.26, 99.97, 116.4].map(|ns| seen(ns, time)),
            ["0.94 ns", "7.26 ns", "100 ns", "116 ns"]
        );
        assert_eq!(
            [999.6, 1234.0, 55e6, 2.5e9].map(|ns| seen(ns, time)),
            ["1 µs", "1.23 µs", "55 ms", "2.5 s"]
        );
        assert_eq!(
            [38.0, 9.94, 85_812.0, 121.5e6].map(|size| seen(size, bytes)),
            ["38 B", "9.94 B", "85.8 kB", "122 MB"]
        );
    }

    #[test]
    fn short_figures_are_short() {
        assert_eq!(
            [0.5, 200.0, 1000.0, 5e4, 1e8].map(|figure| seen(figure, short)),
            ["0.5", "200", "1 k", "50 k", "100 M"]
        );
    }

    #[test]
    fn whole_numbers_are_grouped() {
        assert_eq!([7.0, 1000.0, 1_000_000.0, 123_456.4].map(whole), ["7", "1,000", "1,000,000", "123,456"]);
        assert_eq!(
            (digits(4120.4), digits(0.08), seen(19.0, ratio)),
            ("4,120".into(), "0.08".into(), "19 ×".into())
        );
    }
}
