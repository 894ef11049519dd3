//! Real data: who holds which IPv4 addresses, from the npm packages `@ip-location-db/asn-country` and `@ip-location-db/asn`.
//!
//! An address is a key, and each row of a table a registration. The first workload has the countries alone, with priority 1: its
//! ranges do not overlap, but nearly every one touches the next. The second lays the networks over them, with priority 2: most
//! addresses have two owners, of ranges that nest or cross. Both are of another shape than W(n).

use std::collections::BTreeMap;
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::workload::{Served, Triple, Workload, name};

/// The package, the file and the priority of a table.
type Table = (&'static str, &'static str, u64);

const COUNTRIES: Table = ("asn-country", "asn-country-ipv4.csv", 1);
const NETWORKS: Table = ("asn", "asn-ipv4.csv", 2);

/// The workloads of the tables in that folder. The files may lie there or in folders of their packages' names.
///
/// # Errors
/// What is wrong with a table, in words that name it and the line.
pub fn load(folder: &Path) -> Result<[Workload; 2], String> {
    let read = |table: &Table| {
        let in_package = folder.join(table.0).join(table.1);
        let path = if in_package.is_file() { in_package } else { folder.join(table.1) };
        let file = std::fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        rows(table, file).map_err(|error| format!("{}: {error}", path.display()))
    };
    let (countries, networks) = (read(&COUNTRIES)?, read(&NETWORKS)?);
    let overlaid = workload("IPv4 by network and country", &[networks, countries.clone()].concat());
    Ok([workload("IPv4 by country", &countries), overlaid])
}

/// A row of a table: its half-open range, node and priority.
type Row = (u64, u64, String, u64);

/// Rows are a first and a last address, and a country, or a network's number and name, which is left out.
fn rows(table: &Table, csv: impl Read) -> Result<Vec<Row>, String> {
    let is_networks = *table == NETWORKS;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
    let row = |record: &csv::StringRecord| {
        let mut fields = record.iter();
        let mut address = || Some(u64::from(u32::from(fields.next()?.parse::<Ipv4Addr>().ok()?)));
        let (first, last) = (address()?, address()?);
        let node = match (is_networks, record.iter().skip(2).collect::<Vec<_>>().as_slice()) {
            (true, [number, _]) => format!("AS{}", number.parse::<u32>().ok()?),
            (false, [country]) if !country.is_empty() => (*country).into(),
            _ => return None,
        };
        (first <= last).then_some((first, last + 1, node, table.2))
    };
    let line = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| error.to_string())?;
        let at = record.position().map_or(0, csv::Position::line);
        row(&record).ok_or_else(|| format!("line {at} is not `first address,last address,country or number`"))
    };
    reader.records().map(line).collect()
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
    let nodes = numbers.keys().map(|node| name(node)).collect();
    Workload { name: title.into(), nodes, registrations: even.chain(odd).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_half_open_ranges_of_countries_and_networks() {
        let countries = "1.0.0.0,1.0.0.255,JP\n1.0.1.0,1.0.1.0,AU\n255.255.255.0,255.255.255.255,JP\n";
        let networks = "1.0.0.0,1.0.0.127,13335,\"Cloudflare, Inc.\"\n";
        let tables = [(NETWORKS, networks), (COUNTRIES, countries)];
        let rows = tables.map(|(table, text)| rows(&table, text.as_bytes()).unwrap()).concat();
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
        let bad = ["1.0.0.0,1.0.0.255", "1.0.0.9,1.0.0.0,AU", "1.0.0,1.0.0.255,AU", "1.0.0.0,1.0.0.1,"];
        for line in bad.iter().chain(&["1.0.0.0,1.0.0.1,A,B"]) {
            let table = format!("1.0.0.0,1.0.0.255,JP\n{line}\n");
            let error = rows(&COUNTRIES, table.as_bytes()).unwrap_err();
            assert!(error.contains("line 2") || error.contains("line: 2"), "{error}");
        }
        for line in ["1.0.0.0,1.0.0.1,13335", "1.0.0.0,1.0.0.1,AU,Australia"] {
            assert!(rows(&NETWORKS, line.as_bytes()).unwrap_err().contains("line 1"), "{line}");
        }
    }
}
