//! `Node`: links of both kinds, what is saved, what it hands out.

use instances as _;
mod events;
#[path = "../kit/mod.rs"]
mod kit;
mod links;
mod net;
mod saving;
mod shared;
