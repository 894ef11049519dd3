//! Advice: what nodes do when they are too full, by rules alone. Held to a model that counts key by key.

use instances as _;
mod facts;
#[path = "../kit/mod.rs"]
mod kit;
mod limits;
mod rounds;
mod schedules;
mod world;
