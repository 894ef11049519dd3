//! The settings of presence.

use core::fmt;

use super::content::CONTENT_BYTES_MIN;

/// The times of presence, and how much it remembers. [`Node::join`](crate::Node::join) checks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How the death of a peer is noticed.
    pub deaths: Deaths,
    /// How long the first in the line waits before it answers a hello. Each next one waits four times as long. At least 1. It should be
    /// longer than a message takes, so that one replica answers. If it is shorter, all answer whose turn comes before they hear an
    /// answer.
    pub turn_ms: u64,
    /// How long to wait for a roster before saying hello again, twice as long each time. For about as long, a stranger may still
    /// introduce itself before it is asked about, and late messages of a replica that said goodbye are ignored. At least 1.
    pub retry_ms: u64,
    /// How often to say hello, at most, until somebody answers. At least 1.
    pub tries_max: u32,
    /// With [`Deaths::Reported`]: the longest wait between two questions about the same stranger, which goes on being heard. Waits
    /// double, from `retry_ms` on. At least `retry_ms`.
    pub ask_ms_max: u64,
    /// How many peers are remembered, with strangers and those that are gone. Each takes about 200 bytes. At least 1, and at most
    /// [`PEERS_MAX`](Self::PEERS_MAX).
    pub peers_max: usize,
    /// The longest content that is handed out to be posted, at least [`CONTENT_BYTES_MIN`](Self::CONTENT_BYTES_MIN). A roster that is
    /// longer comes in several. See [`within`](Self::within).
    pub content_bytes_max: usize,
}

/// How the death of a peer is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaths {
    /// The caller reports it, by [`Node::died`](crate::Node::died). No messages are posted for it.
    Reported,
    /// By silence. Each idle replica posts a message of some 20 bytes and its name in every interval.
    Silence {
        /// A replica that has posted nothing for so long posts a beat. One that posts all the time posts a beat in twice as long. At
        /// least 1.
        beat_ms: u64,
        /// A replica that was silent for so long is dead. Longer than `beat_ms`.
        silence_ms_max: u64,
    },
}

/// The longest time that can be set: some 35 years.
const TIME_MS_MAX: u64 = 1 << 40;

impl Default for Config {
    /// Deaths are reported by the caller. The content fits messages of 4,096 bytes.
    fn default() -> Self {
        Self {
            deaths: Deaths::Reported,
            turn_ms: 20,
            retry_ms: 500,
            tries_max: 3,
            ask_ms_max: 8_000,
            peers_max: 1_024,
            content_bytes_max: 4_096 - Self::ENVELOPE_BYTES,
        }
    }
}

impl Config {
    /// The least that [`content_bytes_max`](Self::content_bytes_max) may be: one entry of a roster, with the longest name.
    pub const CONTENT_BYTES_MIN: usize = CONTENT_BYTES_MIN;

    /// The most peers that can be remembered.
    pub const PEERS_MAX: usize = 1 << 20;

    /// How much longer a message is than the content that it carries.
    pub const ENVELOPE_BYTES: usize = 17;

    /// A beat every 2 s; a replica that was silent for 4.5 s is dead. So one beat may be lost.
    pub fn heartbeats() -> Self {
        Self { deaths: Deaths::Silence { beat_ms: 2_000, silence_ms_max: 4_500 }, ..Self::default() }
    }

    /// The same with the longest content that fits a message of `message_bytes_max`.
    pub fn within(self, message_bytes_max: usize) -> Self {
        Self { content_bytes_max: message_bytes_max.saturating_sub(Self::ENVELOPE_BYTES), ..self }
    }

    /// Whether presence can work with it.
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
        within("turn_ms", self.turn_ms, 1, TIME_MS_MAX)?;
        within("retry_ms", self.retry_ms, 1, TIME_MS_MAX)?;
        within("tries_max", self.tries_max.into(), 1, u32::MAX.into())?;
        within("ask_ms_max", self.ask_ms_max, self.retry_ms, TIME_MS_MAX)?;
        within("peers_max", self.peers_max as u64, 1, Self::PEERS_MAX as u64)?;
        let least = Self::CONTENT_BYTES_MIN as u64;
        within("content_bytes_max", self.content_bytes_max as u64, least, usize::MAX as u64)?;
        if let Deaths::Silence { beat_ms, silence_ms_max } = self.deaths {
            within("beat_ms", beat_ms, 1, TIME_MS_MAX - 1)?;
            within("silence_ms_max", silence_ms_max, beat_ms + 1, TIME_MS_MAX)?;
        }
        Ok(())
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

    fn silence(beat_ms: u64, silence_ms_max: u64) -> Deaths {
        Deaths::Silence { beat_ms, silence_ms_max }
    }

    /// A setting, how it is set, its least and its greatest.
    type Setting = (&'static str, fn(&mut Config, u64), u64, u64);

    #[test]
    fn each_setting_is_accepted_from_its_least_to_its_greatest_and_not_beyond() {
        let settings: [Setting; 8] = [
            ("turn_ms", |config, value| config.turn_ms = value, 1, TIME_MS_MAX),
            (
                "retry_ms",
                |config, value| (config.retry_ms, config.ask_ms_max) = (value, TIME_MS_MAX),
                1,
                TIME_MS_MAX,
            ),
            ("tries_max", |config, value| config.tries_max = value as u32, 1, u32::MAX.into()),
            ("ask_ms_max", |config, value| config.ask_ms_max = value, 500, TIME_MS_MAX),
            ("peers_max", |config, value| config.peers_max = value as usize, 1, 1 << 20),
            (
                "content_bytes_max",
                |config, value| config.content_bytes_max = value as usize,
                85,
                usize::MAX as u64,
            ),
            ("beat_ms", |config, value| config.deaths = silence(value, TIME_MS_MAX), 1, TIME_MS_MAX - 1),
            ("silence_ms_max", |config, value| config.deaths = silence(2_000, value), 2_001, TIME_MS_MAX),
        ];
        for (setting, set, least, most) in settings {
            let checked = |value| {
                let mut config = Config::default();
                set(&mut config, value);
                config.check()
            };
            assert_eq!((checked(least), checked(most)), (Ok(()), Ok(())), "{setting}");
            assert_eq!(checked(least - 1), Err(ConfigError { setting, value: least - 1, least, most }));
            // No number is beyond what its type holds.
            if most != u64::from(u32::MAX) && most != usize::MAX as u64 {
                assert_eq!(checked(most + 1), Err(ConfigError { setting, value: most + 1, least, most }));
            }
        }
        assert_eq!((Config::default().check(), Config::heartbeats().check()), (Ok(()), Ok(())));
        let short = Config::default().within(101).check().unwrap_err();
        assert!(short.to_string().starts_with("content_bytes_max must be from 85 to "), "{short}");
        assert!(Config::default().within(102).check().is_ok());
        assert!(Config::default().within(0).check().is_err());
    }
}
