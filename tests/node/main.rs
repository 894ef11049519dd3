//! `Node`: links of both kinds, what is saved, what it hands out.

mod events;
mod links;
mod net;
mod saving;
mod shared;

#[path = "../medium/random.rs"]
mod random;
