//! What synchronisation costs, in messages and bytes: between nodes as users have them, in virtual time, so that the figures are the
//! same on every machine. What they are made of is checked: in the end all nodes are equal.

pub mod churn;
pub mod gossip;
pub mod meeting;
pub mod network;
pub mod rows;
pub mod tabs;

use serde::Serialize;

use crate::report::Build;

/// Everything that one run of `sync-bench` found out.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// When the run began, in RFC 3339.
    pub date: String,
    /// What was measured, by what it was built from.
    pub build: Build,
    /// Two nodes that meet.
    pub rows: Vec<rows::Row>,
    /// The same, where nearly all differs.
    pub great: Vec<rows::Great>,
    /// Many on one medium.
    pub spreads: Vec<tabs::Spread>,
    /// Many with links to a few.
    pub gossip: Vec<gossip::Reach>,
    /// What is left of many operations, with retirement and maintenance.
    pub churn: Vec<churn::Sample>,
    /// The same without: whoever is lost is not retired.
    pub unretired: Vec<churn::Sample>,
}

impl Measured {
    /// Measures it all. A short pass leaves out a million registrations, a thousand nodes, and nine of ten operations.
    ///
    /// # Errors
    /// If changes do not spread as they should.
    ///
    /// # Panics
    /// If replicas are not equal that should be.
    pub fn this(date: String, is_quick: bool) -> Result<Self, String> {
        let operations = if is_quick { 100_000 } else { 1_000_000 };
        let steps = if is_quick { 2 } else { 3 };
        let small = meeting::Base::new(1_000);
        let mut measured = Self {
            date,
            build: Build::this(),
            rows: Vec::new(),
            great: Vec::new(),
            spreads: [2, 8, 32].into_iter().flat_map(|k| tabs::run(&small, k)).collect(),
            gossip: gossip::run(&meeting::Base::new(10_000), &[10, 100, 1_000][..steps])?,
            churn: churn::run(operations, 20, true),
            unretired: churn::run(operations, 20, false),
        };
        for n in &[10_000, 100_000, 1_000_000][..steps] {
            let base = meeting::Base::new(*n);
            measured.rows.extend(rows::rows(&base));
            measured.great.extend(rows::great(&base));
        }
        Ok(measured)
    }
}
