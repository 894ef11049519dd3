//! What synchronisation costs, in messages and bytes: on a perfect medium in virtual time, so that the figures are the same on
//! every machine. What they are made of is checked: in the end all replicas are equal.

pub mod churn;
pub mod exchange;
pub mod gossip;
pub mod medium;
pub mod page;
pub mod tabs;
