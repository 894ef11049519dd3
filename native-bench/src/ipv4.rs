//! Real data: who holds which IPv4 addresses, from the npm packages `@ip-location-db/asn-country` and `@ip-location-db/asn`.
//!
//! An address is a key, and each row of a table a registration. The first workload has the countries alone, with priority 1: its
//! ranges do not overlap, but nearly every one touches the next. The second lays the networks over them, with priority 2: most
//! addresses have two owners, of ranges that nest or cross. Both are of another shape than W(n).

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::workload::{Served, Triple, Workload, name};

/// The environment variable that names the folder of the tables.
pub const PATH_VARIABLE: &str = "RANGE_BENCH_IPV4";

const INSTALLED_AT: &str = "www/node_modules/@ip-location-db";

/// Why the real data could not be used.
#[derive(Debug)]
pub enum Ipv4Error {
    /// No folder was named, and the packages are not installed.
    NotInstalled,
    /// A table could not be read.
    Unreadable(PathBuf, std::io::Error),
    /// A line of a table, counted from 1, is not what it must be.
    BadLine(&'static str, usize),
}

impl fmt::Display for Ipv4Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => write!(
                f,
                "the IPv4 tables are not installed, so their benches are left out: `npm --prefix www install` brings them, \
                 or name their folder in {PATH_VARIABLE}"
            ),
            Self::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::BadLine(table, line) => {
                write!(f, "{table}, line {line}: this is not `first address,last address,country or number`")
            }
        }
    }
}

impl std::error::Error for Ipv4Error {}

/// One of the two tables.
struct Table {
    package: &'static str,
    file: &'static str,
    priority: u64,
    /// The node's name from what follows the two addresses.
    node: fn(&str) -> Option<String>,
}

const COUNTRIES: Table =
    Table { package: "asn-country", file: "asn-country-ipv4.csv", priority: 1, node: country };

const NETWORKS: Table = Table { package: "asn", file: "asn-ipv4.csv", priority: 2, node: network };

fn country(rest: &str) -> Option<String> {
    (!rest.is_empty() && !rest.contains(',')).then(|| rest.to_owned())
}

/// `AS` and the network's number; the organization's name, which may contain anything, is left out.
fn network(rest: &str) -> Option<String> {
    let (number, _) = rest.split_once(',')?;
    Some(format!("AS{}", number.parse::<u32>().ok()?))
}

/// The workloads of the tables in that folder, or in the one that the environment names, or as they are installed. The files may
/// lie in the folder or in one of their package's name.
///
/// # Errors
/// [`Ipv4Error`] if there are no tables or they are not what they should be.
pub fn load(folder: Option<&Path>) -> Result<[Workload; 2], Ipv4Error> {
    let named = folder.map(Path::to_path_buf).or_else(|| env::var_os(PATH_VARIABLE).map(PathBuf::from));
    let folder = named.or_else(installed).ok_or(Ipv4Error::NotInstalled)?;
    let [countries, networks] = [&COUNTRIES, &NETWORKS].map(|table| {
        let in_package = folder.join(table.package).join(table.file);
        let path = if in_package.is_file() { in_package } else { folder.join(table.file) };
        let text = fs::read_to_string(&path).map_err(|error| Ipv4Error::Unreadable(path, error))?;
        table.parse(&text)
    });
    let (countries, networks) = (countries?, networks?);
    let overlaid = workload("IPv4 by network and country", &[networks, countries.clone()].concat());
    Ok([workload("IPv4 by country", &countries), overlaid])
}

/// The packages below the working directory, or below where this crate was built.
fn installed() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [PathBuf::from(INSTALLED_AT), here.join("..").join(INSTALLED_AT)];
    folders.into_iter().find(|folder| folder.join(NETWORKS.package).is_dir())
}

/// A row of a table: its half-open range, node and priority.
type Row = (u64, u64, String, u64);

impl Table {
    fn parse(&self, text: &str) -> Result<Vec<Row>, Ipv4Error> {
        let rows = text.lines().enumerate();
        rows.map(|(at, line)| self.row(line).ok_or(Ipv4Error::BadLine(self.file, at + 1))).collect()
    }

    /// The table's ranges include their last address.
    fn row(&self, line: &str) -> Option<Row> {
        let mut fields = line.splitn(3, ',');
        let mut address =
            || fields.next()?.parse::<Ipv4Addr>().ok().map(|address| u64::from(u32::from(address)));
        let (first, last) = (address()?, address()?);
        let node = (self.node)(fields.next()?.trim())?;
        (first <= last).then_some((first, last + 1, node, self.priority))
    }
}

/// A workload of those rows. The two replicas write every other row each: halves of a sorted table would not interleave, as those
/// of many writers do.
fn workload(title: &str, rows: &[Row]) -> Workload {
    let mut numbers: BTreeMap<&str, u32> = rows.iter().map(|(_, _, node, _)| (node.as_str(), 0)).collect();
    numbers.values_mut().zip(0..).for_each(|(number, place)| *number = place);
    let served = |(start, end, node, priority): &Row| {
        let triple = Triple { start: *start, end: *end, node: numbers[node.as_str()] };
        Served { triple, priority: *priority }
    };
    let [even, odd] = [0, 1].map(|skipped| rows.iter().skip(skipped).step_by(2).map(served));
    let registrations = even.chain(odd).collect();
    Workload::of_data(title, numbers.keys().map(|node| name(node)).collect(), registrations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_half_open_ranges_of_countries_and_networks() {
        let countries = "1.0.0.0,1.0.0.255,JP\n1.0.1.0,1.0.1.0,AU\n255.255.255.0,255.255.255.255,JP\n";
        let networks = "1.0.0.0,1.0.0.127,13335,\"Cloudflare, Inc.\"\n";
        let rows = [NETWORKS.parse(networks).unwrap(), COUNTRIES.parse(countries).unwrap()].concat();
        let workload = workload("both", &rows);
        let names: Vec<&str> = workload.nodes.iter().map(|node| node.as_str()).collect();
        assert_eq!(names, ["AS13335", "AU", "JP"]);
        let served = |start, end, node, priority| Served { triple: Triple { start, end, node }, priority };
        assert_eq!(
            workload.registrations,
            [
                served(0x0100_0000, 0x0100_0080, 0, 2),
                served(0x0100_0100, 0x0100_0101, 1, 1),
                served(0x0100_0000, 0x0100_0100, 2, 1),
                served(0xffff_ff00, 1 << 32, 2, 1)
            ]
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        for line in [
            "1.0.0.0,1.0.0.255",
            "1.0.0.9,1.0.0.0,AU",
            "1.0.0,1.0.0.255,AU",
            "1.0.0.0,1.0.0.1,",
            "1.0.0.0,1.0.0.1,A,B",
        ] {
            let table = format!("1.0.0.0,1.0.0.255,JP\n{line}\n");
            assert!(matches!(COUNTRIES.parse(&table), Err(Ipv4Error::BadLine(_, 2))), "{line}");
        }
        for line in ["1.0.0.0,1.0.0.1,13335", "1.0.0.0,1.0.0.1,AU,Australia"] {
            assert!(matches!(NETWORKS.parse(line), Err(Ipv4Error::BadLine(_, 1))), "{line}");
        }
    }
}
