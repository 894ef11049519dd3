//! Real data: the IPv4 address ranges of every country, from the npm package `@ip-location-db/asn-country`.
//!
//! A country is a node, an address a key, and each row of the table a registration of priority 1. Ranges do not overlap there,
//! but nearly every one touches the next: another shape than W(n).

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::workload::{Served, Triple, Workload, name};

/// The environment variable that names the table.
pub const PATH_VARIABLE: &str = "RANGE_BENCH_IPV4";

const INSTALLED_AT: &str = "www/node_modules/@ip-location-db/asn-country/asn-country-ipv4.csv";

/// Why the real data could not be used.
#[derive(Debug)]
pub enum Ipv4Error {
    /// Nothing was named, and the package is not installed.
    NotInstalled,
    /// The table could not be read.
    Unreadable(PathBuf, std::io::Error),
    /// A line, counted from 1, is not `first address,last address,country`.
    BadLine(usize),
}

impl fmt::Display for Ipv4Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => write!(
                f,
                "the IPv4 table is not installed, so its benches are left out: `npm --prefix www install` brings it, or \
                 name the file in {PATH_VARIABLE}"
            ),
            Self::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::BadLine(line) => write!(f, "line {line} is not `first address,last address,country`"),
        }
    }
}

impl std::error::Error for Ipv4Error {}

/// The workload of the table at `path`, or of the one that the environment names, or of the installed one.
///
/// # Errors
/// [`Ipv4Error`] if there is no table or it is not one.
pub fn load(path: Option<&Path>) -> Result<Workload, Ipv4Error> {
    let named = path.map(Path::to_path_buf).or_else(|| env::var_os(PATH_VARIABLE).map(PathBuf::from));
    let path = named.or_else(installed).ok_or(Ipv4Error::NotInstalled)?;
    let table = fs::read_to_string(&path).map_err(|error| Ipv4Error::Unreadable(path, error))?;
    parse(&table)
}

/// The table below the working directory, or below where this crate was built.
fn installed() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    [PathBuf::from(INSTALLED_AT), here.join("..").join(INSTALLED_AT)].into_iter().find(|path| path.is_file())
}

fn parse(table: &str) -> Result<Workload, Ipv4Error> {
    let rows: Vec<(u64, u64, &str)> = table
        .lines()
        .enumerate()
        .map(|(at, line)| parse_line(line).ok_or(Ipv4Error::BadLine(at + 1)))
        .collect::<Result<_, _>>()?;
    let mut numbers: BTreeMap<&str, u32> = rows.iter().map(|(_, _, country)| (*country, 0)).collect();
    numbers.values_mut().zip(0..).for_each(|(number, place)| *number = place);
    let nodes = numbers.keys().map(|country| name(country)).collect();
    let registrations = rows
        .iter()
        .map(|(start, end, country)| {
            let triple = Triple { start: *start, end: *end, node: numbers[country] };
            Served { triple, priority: 1 }
        })
        .collect();
    Ok(Workload::of_data("IPv4", nodes, registrations))
}

/// A row's half-open range and country. The table's ranges include their last address.
fn parse_line(line: &str) -> Option<(u64, u64, &str)> {
    let mut fields = line.split(',');
    let mut address = || fields.next()?.parse::<Ipv4Addr>().ok().map(|address| u64::from(u32::from(address)));
    let (first, last) = (address()?, address()?);
    let country = fields.next()?.trim();
    (first <= last && !country.is_empty() && fields.next().is_none()).then_some((first, last + 1, country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_half_open_ranges_of_countries() {
        let workload =
            parse("1.0.0.0,1.0.0.255,JP\n1.0.1.0,1.0.1.0,AU\n255.255.255.0,255.255.255.255,JP\n").unwrap();
        assert_eq!(workload.nodes.iter().map(|node| node.as_str()).collect::<Vec<_>>(), ["AU", "JP"]);
        let served = |start, end, node| Served { triple: Triple { start, end, node }, priority: 1 };
        assert_eq!(
            workload.registrations,
            [
                served(0x0100_0000, 0x0100_0100, 1),
                served(0x0100_0100, 0x0100_0101, 0),
                served(0xffff_ff00, 1 << 32, 1)
            ]
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        for line in ["1.0.0.0,1.0.0.255", "1.0.0.9,1.0.0.0,AU", "1.0.0,1.0.0.255,AU", "1.0.0.0,1.0.0.1,"] {
            let table = format!("1.0.0.0,1.0.0.255,JP\n{line}\n");
            assert!(matches!(parse(&table), Err(Ipv4Error::BadLine(2))), "{line}");
        }
    }
}
