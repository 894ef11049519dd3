//! Configurations, each limit from its least to its largest.

use crdt_range_map::sync::Config;

use crate::random::Random;

const HUGE_MS: u64 = 1 << 60;
/// What times may be set to. With a longer digest interval nobody speaks unless asked.
const TIMES_MS: [u64; 7] = [0, 1, 7, 100, 3_000, 60_000, HUGE_MS];
const TRIES: [u32; 5] = [0, 1, 2, 20, u32::MAX];
const BYTES: [usize; 9] = [0, 1, 512, 2_048, 4_096, 16_384, 1 << 20, 64 << 20, usize::MAX];

/// Mostly as it comes; else with one limit or all of them at some edge. Some of these cannot work.
pub fn draw(random: &mut Random) -> Config {
    let mut config = Config::default();
    match random.below(100) {
        0..60 => {}
        // With little room, so that much has to be said in small pieces.
        60..80 => {
            config.compare_bytes_max = random.pick(&[512, 700, 2_000]);
            config.message_bytes_max = random.pick(&[4_096, 6_000, 16 << 20]);
            config.delay_max_ms = random.pick(&[0, 10, 40, 200]);
        }
        80..95 => set_one(&mut config, random),
        _ => (0..7).for_each(|_| set_one(&mut config, random)),
    }
    config
}

fn set_one(config: &mut Config, random: &mut Random) {
    match random.below(7) {
        0 => config.digest_interval_ms = random.pick(&TIMES_MS),
        1 => config.delay_max_ms = random.pick(&TIMES_MS),
        2 => config.retry_ms = random.pick(&TIMES_MS),
        3 => config.tries_max = random.pick(&TRIES),
        4 => config.session_ms = random.pick(&TIMES_MS),
        5 => config.message_bytes_max = random.pick(&BYTES),
        _ => config.compare_bytes_max = random.pick(&BYTES),
    }
}

/// Whether such a configuration is an error when it is set.
pub fn is_refused(config: &Config) -> bool {
    config.message_bytes_max < 2_048 || config.delay_max_ms == HUGE_MS
}
