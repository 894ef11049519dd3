//! What synchronisation costs, in messages and bytes: on a perfect medium in virtual time, so that the figures are the same on
//! every machine. What they are made of is checked: in the end all replicas are equal.

pub mod churn;
pub mod gossip;
pub mod medium;
pub mod meeting;
pub mod page;
pub mod rows;
pub mod tabs;
pub mod targets;
