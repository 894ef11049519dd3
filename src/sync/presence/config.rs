//! How presence speaks.

/// How presence speaks, and how much it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// What tells that a peer has died.
    pub deaths: Deaths,
    /// How long a peer waits for each of those before it in the line to answer a hello.
    pub turn_ms: u64,
    /// How long to wait for the roster before saying hello again, and a goodbye's own late messages are disregarded.
    pub retry_ms: u64,
    /// How often to say hello at most until somebody answers.
    pub tries_max: u32,
    /// How many peers are remembered, those that are gone included. At about 150 bytes each.
    pub peers_max: usize,
}

/// What tells that a peer has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaths {
    /// The caller, by [`Presence::died`](super::Presence::died). Nothing is posted for it.
    Told,
    /// Silence. Of k idle replicas each posts a message of some 20 bytes in every interval.
    Silence {
        /// A replica that has posted nothing for so long posts a beat.
        beat_ms: u64,
        /// One that was not heard for so long is dead.
        silence_ms_max: u64,
    },
}

impl Default for Config {
    /// Deaths are told.
    fn default() -> Self {
        Self { deaths: Deaths::Told, turn_ms: 20, retry_ms: 500, tries_max: 3, peers_max: 1_024 }
    }
}

impl Config {
    /// A beat every 2 s, and who was silent for 4.5 s is dead: one lost beat is forgiven.
    pub fn heartbeats() -> Self {
        Self { deaths: Deaths::Silence { beat_ms: 2_000, silence_ms_max: 4_500 }, ..Self::default() }
    }
}
