//! Configurations, each limit from its least to its largest.

use crdt_range_map::sync::Config;

use crate::kit::random::Random;

/// What times are set to. Who has to wait for years waits for years; so only digests may be that rare, without which replicas meet
/// when they come.
const TIMES_MS: [u64; 7] = [0, 1, 7, 100, 3_000, 60_000, u64::MAX];
const DIGEST_INTERVALS_MS: [u64; 8] = [0, 1, 7, 100, 3_000, 60_000, 1 << 40, u64::MAX];
/// Digests that often are millions in an hour.
pub const DIGESTS_OFTEN_MS: u64 = 100;
/// Beyond that, they count for nothing.
pub const DIGESTS_OFF_MS: u64 = 600_000;
const WAIT_WITH_DIGESTS_MAX_MS: u64 = 3_000;
const TRIES: [u32; 5] = [0, 1, 2, 20, u32::MAX];
const MESSAGE_BYTES: [usize; 8] = [0, 1_023, 1_024, 2_048, 16_384, 1 << 20, 256 << 20, usize::MAX];
const COMPARE_BYTES: [usize; 8] = [0, 63, 64, 1_000, 4_096, 1 << 20, 256 << 20, usize::MAX];

/// Mostly as it comes; else with one limit or all of them at some edge. Some of these cannot work.
pub fn draw(random: &mut Random) -> Config {
    let mut config = Config::default();
    match random.below(100) {
        0..60 => {}
        // With little room, so that much has to be said in small pieces.
        60..80 => {
            config.answer_bytes_max = random.pick(&[64, 300, 2_000]);
            config.message_bytes_max = random.pick(&[2_048, 6_000, 16 << 20]);
            config.delay_max_ms = random.pick(&[0, 10, 40, 200]);
        }
        80..95 => set_one(&mut config, random),
        _ => (0..7).for_each(|_| set_one(&mut config, random)),
    }
    if config.digest_interval_ms < DIGESTS_OFTEN_MS {
        // Where others wait for minutes, that many digests take a processor as long.
        for wait_ms in [&mut config.delay_max_ms, &mut config.retry_ms] {
            *wait_ms = (*wait_ms).min(WAIT_WITH_DIGESTS_MAX_MS);
        }
    }
    config
}

fn set_one(config: &mut Config, random: &mut Random) {
    match random.below(7) {
        0 => config.digest_interval_ms = random.pick(&DIGEST_INTERVALS_MS),
        1 => config.delay_max_ms = random.pick(&TIMES_MS),
        2 => config.retry_ms = random.pick(&TIMES_MS),
        3 => config.tries_max = random.pick(&TRIES),
        4 => config.session_ms = random.pick(&TIMES_MS),
        5 => config.message_bytes_max = random.pick(&MESSAGE_BYTES),
        _ => config.answer_bytes_max = random.pick(&COMPARE_BYTES),
    }
}
