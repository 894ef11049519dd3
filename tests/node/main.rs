//! `Node`: links of both kinds, what is saved, what it hands out.

mod events;
mod links;
mod net;
mod saving;

#[path = "../medium/random.rs"]
mod random;
