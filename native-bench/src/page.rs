//! The report page: Markdown with plots, made from the JSON files that the runs left.
//!
//! - [`figures`]: how numbers are written; [`quoted`]: what was measured elsewhere, once;
//! - [`targets`]: the table of what was to be reached; [`sections`]: tables and plots for each subject; [`web`]: what the web bench
//!   measured.
//!
//! It is a function of its inputs: the same files give the same page, byte for byte.

pub mod figures;
pub mod quoted;
pub mod sections;
pub mod targets;
pub mod web;

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use self::web::Web;
use crate::instructions::Counts;
use crate::report::{Memory, Report, Row};
use crate::workload::Workload;

/// All that a page is made from.
pub struct Inputs {
    /// The native run.
    pub native: Report,
    /// What was counted on several architectures; perhaps nothing.
    pub counts: Counts,
    /// The run of the web bench, if there was one.
    pub web: Option<Web>,
    /// What a browser downloads, in bytes, if it was weighed.
    pub download_bytes: Option<u64>,
}

impl Inputs {
    /// The row of a bench on W(n).
    pub fn row(&self, n: u64, bench: &str) -> Option<&Row> {
        let workload = Workload::name_of(n as usize);
        self.native.rows.iter().find(|row| row.workload == workload && row.bench == bench)
    }

    /// What W(n) takes in memory.
    pub fn memory(&self, n: u64) -> Option<&Memory> {
        self.native.memory.iter().find(|memory| memory.n == n)
    }
}

/// A file of the page.
struct File {
    name: &'static str,
    content: String,
}

/// Writes the page `report.md` and its plots into a folder.
///
/// # Errors
/// If a file cannot be written, in words that name it.
pub fn write(inputs: &Inputs, folder: &Path) -> Result<(), String> {
    let named = |path: &Path, error: &dyn fmt::Display| format!("{}: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
    for File { name, content } in files(inputs) {
        let path = folder.join(name);
        fs::write(&path, content).map_err(|error| named(&path, &error))?;
    }
    Ok(())
}

fn files(inputs: &Inputs) -> Vec<File> {
    let mut page = head(inputs);
    page.push_str(&targets::table(inputs));
    let mut files = Vec::new();
    for section in sections::all(inputs) {
        write!(page, "\n## {}\n\n{}\n", section.title, section.text).expect("writing to a string succeeds");
        for plot in section.plots {
            write!(page, "\n![{}]({})\n", plot.title, plot.file).expect("writing to a string succeeds");
            files.push(File { name: plot.file, content: plot.svg });
        }
        for table in section.tables {
            page.push('\n');
            page.push_str(&table);
        }
    }
    files.push(File { name: "report.md", content: page });
    files
}

fn head(inputs: &Inputs) -> String {
    let Report { date, build, machine, .. } = &inputs.native;
    let machine = machine.as_ref().map(ToString::to_string).unwrap_or_default();
    format!(
        "# Measured\n\n\
         Made by `make report` from one run on {date}: {build}. {machine}.\n\n\
         Times are processor times, medians of samples that are taken in turn with those of the reference. W(n) is n registrations \
         on 2^32 keys, 4.5 of which overlap on average, written by two replicas; each result was checked before it was timed. \
         In brackets, 3 × compares with the loop by hand that does the bare minimum of the same work. \
         [How it is measured](../README.md), and how to run it on a board of your own.\n"
    )
}

/// A table in Markdown. So many columns begin with text; the others are figures, to the right.
fn markdown_table(text_columns: usize, heads: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: String = (0..heads.len()).map(|at| if at < text_columns { "---|" } else { "---:|" }).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}|{rule}\n{rows}", line(heads))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Digest;
    use crate::instructions;
    use crate::report::{Build, FORMAT, Kind, compared};

    fn row(bench: &str, ns: f64) -> Row {
        let row =
            Row::new("W(100000)", 100_000, bench, "registration", 100_000, Digest { count: 0, hash: 0 });
        Row { median_ns: Some(ns), ..row }
    }

    fn without_figures() -> Inputs {
        let native = Report {
            format: FORMAT,
            date: "2026-11-01T00:00:00Z".into(),
            build: Build::this(),
            machine: None,
            rows: vec![],
            memory: vec![],
            deltas: vec![],
        };
        Inputs {
            native,
            counts: Counts { format: instructions::FORMAT, runs: vec![] },
            web: None,
            download_bytes: None,
        }
    }

    /// Two merges beside their references, and a peer.
    pub(super) fn inputs() -> Inputs {
        let mut inputs = without_figures();
        inputs.native.rows = compared(vec![
            row("two-pointer merge A", 10.0).of_kind(Kind::Reference),
            row("merge A: disjoint", 30.0).beside("two-pointer merge A"),
            row("crdts: merge A", 600.0).of_kind(Kind::Peer).beside("merge A: disjoint"),
            row("two-pointer merge B", 10.0).of_kind(Kind::Reference),
            row("merge B: mostly equal", 50.0).beside("two-pointer merge B"),
        ]);
        inputs
    }

    #[test]
    fn without_any_figures_there_is_a_page_that_says_so() {
        let files = files(&without_figures());
        let page = files.iter().find(|file| file.name == "report.md").unwrap();
        assert!(page.content.matches("not measured").count() > 10);
        assert!(!page.content.contains("NaN") && !page.content.contains("inf"));
    }

    #[test]
    fn every_plot_is_a_file_that_the_page_shows() {
        let files = files(&inputs());
        let page = files.iter().find(|file| file.name == "report.md").unwrap();
        let plots = files.iter().filter(|file| file.name != "report.md");
        assert!(plots.clone().count() > 0);
        plots.for_each(|plot| assert!(page.content.contains(&format!("]({})", plot.name)), "{}", plot.name));
    }

    #[test]
    fn tables_have_a_cell_for_each_head() {
        let table = markdown_table(1, &["a".into(), "b".into()], &[vec!["1".into(), "2".into()]]);
        assert_eq!(table, "| a | b |\n|---|---:|\n| 1 | 2 |\n");
    }
}
