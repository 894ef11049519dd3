//! How often and how fast a protocol speaks, and how much it says at once.

use core::fmt;

/// How often and how fast a protocol speaks. The defaults suit tabs of one browser, and links of any latency: what is waited for
/// follows the round trips that were measured.
///
/// Where a protocol is made its configuration is [checked](Self::check).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// After so long a quiet time, somebody sends a digest. Everybody adds up to half of it at random. At least 1.
    pub digest_interval_ms: u64,
    /// A question that others may have too waits for a random time up to this, or up to two round trips if that is more.
    pub delay_max_ms: u64,
    /// How long to wait for an answer before asking again, until a round trip was measured; twice as long each time. At least 1.
    pub retry_ms: u64,
    /// How often to ask before the rest is left to the digests. At least 1.
    pub tries_max: u32,
    /// How long a meeting waits for the next message, at least, before the rest is left to the digests. At least 1.
    pub session_ms: u64,
    /// The longest message that is read or sent, at least [`MESSAGE_BYTES_MIN`](Self::MESSAGE_BYTES_MIN). It also has to hold the causal
    /// context, some 12 bytes for each replica that ever wrote and 3 for each gap. Registrations longer than
    /// [`registration_bytes_max`](Self::registration_bytes_max) are not sent.
    pub message_bytes_max: usize,
    /// About how many bytes of what an asker lacks one answer carries at most; at least [`ANSWER_BYTES_MIN`](Self::ANSWER_BYTES_MIN). An
    /// asker that knows nothing gets as much as fits into the longest message.
    pub answer_bytes_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            digest_interval_ms: 10_000,
            delay_max_ms: 40,
            retry_ms: 500,
            tries_max: 3,
            session_ms: 2_000,
            message_bytes_max: 16 << 20,
            answer_bytes_max: 1 << 20,
        }
    }
}

/// Longer times are the same as this: some 35 years.
const TIME_MS_MAX: u64 = 1 << 40;

impl Config {
    /// The least that [`message_bytes_max`](Self::message_bytes_max) may be.
    pub const MESSAGE_BYTES_MIN: usize = 1_024;

    /// The most that it may be, so that 32-bit machines can hold several of them.
    pub const MESSAGE_BYTES_MAX: usize = 256 << 20;

    /// The least that [`answer_bytes_max`](Self::answer_bytes_max) may be.
    pub const ANSWER_BYTES_MIN: usize = 64;

    /// The longest registration that is sent: with its node, its keys and the records of all its writers, encoded by itself. A quarter
    /// of the longest message, less 64.
    pub const fn registration_bytes_max(&self) -> usize {
        self.message_bytes_max / 4 - 64
    }

    /// Whether a protocol can work with it.
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that is out of its bounds.
    pub fn check(&self) -> Result<(), ConfigError> {
        let within = |setting, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(ConfigError { setting, value, least, most })
            }
        };
        within("digest_interval_ms", self.digest_interval_ms, 1, TIME_MS_MAX)?;
        within("delay_max_ms", self.delay_max_ms, 0, TIME_MS_MAX)?;
        within("retry_ms", self.retry_ms, 1, TIME_MS_MAX)?;
        within("tries_max", self.tries_max.into(), 1, u32::MAX.into())?;
        within("session_ms", self.session_ms, 1, TIME_MS_MAX)?;
        let [least, most] = [Self::MESSAGE_BYTES_MIN, Self::MESSAGE_BYTES_MAX].map(|bytes| bytes as u64);
        within("message_bytes_max", self.message_bytes_max as u64, least, most)?;
        within("answer_bytes_max", self.answer_bytes_max as u64, Self::ANSWER_BYTES_MIN as u64, most)
    }

    /// Messages of up to two to the power of that many bytes are read.
    pub(super) fn reads_log2(&self) -> u8 {
        self.message_bytes_max.ilog2() as u8
    }

    /// How many bytes of what an asker lacks one answer carries at most, unless the asker knows nothing: always enough for a
    /// registration.
    pub(super) fn part_bytes_max(&self) -> usize {
        self.answer_bytes_max.max(self.registration_bytes_max())
    }
}

/// A setting of a [`Config`] is out of its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The name of the setting.
    pub setting: &'static str,
    /// What it was set to.
    pub value: u64,
    /// The least that is possible.
    pub least: u64,
    /// The greatest that is possible.
    pub most: u64,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, least, most } = self;
        write!(f, "{setting} must be from {least} to {most}, and is {value}")
    }
}

impl core::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_accepted_from_its_least_to_its_greatest_and_not_beyond() {
        type Set = fn(&mut Config, u64);
        let settings: [(Set, u64, u64); 7] = [
            (|config, value| config.digest_interval_ms = value, 1, TIME_MS_MAX),
            (|config, value| config.delay_max_ms = value, 0, TIME_MS_MAX),
            (|config, value| config.retry_ms = value, 1, TIME_MS_MAX),
            (|config, value| config.tries_max = value as u32, 1, u32::MAX.into()),
            (|config, value| config.session_ms = value, 1, TIME_MS_MAX),
            (|config, value| config.message_bytes_max = value as usize, 1_024, 256 << 20),
            (|config, value| config.answer_bytes_max = value as usize, 64, 256 << 20),
        ];
        for (set, least, most) in settings {
            for (value, is_right) in
                [(least, true), (most, true), (least.wrapping_sub(1), least == 0), (most + 1, false)]
            {
                let mut config = Config::default();
                set(&mut config, value);
                if least == 0 && value == u64::MAX
                    || value > u64::from(u32::MAX) && most == u64::from(u32::MAX)
                {
                    continue;
                }
                assert_eq!(config.check().is_ok(), is_right, "{config:?}");
            }
        }
        let too_short = Config { message_bytes_max: 1_023, ..Config::default() };
        let said = "message_bytes_max must be from 1024 to 268435456, and is 1023";
        assert_eq!(too_short.check().unwrap_err().to_string(), said);
    }
}
