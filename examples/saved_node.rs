//! A node that is kept in a file, and goes on under its id each time: `cargo run --example saved_node`, again and again.
//!
//! The file holds the pages that the node hands out, each after its length. A whole page replaces the file.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crdt_range_map::node::{Options, Output, Page};
use crdt_range_map::{KeyRange, Node, NodeId, ReplicaId};

/// The pages of the file. What is left at its end is none that can be read: a page that was cut off while it was written, or the file is
/// damaged. Nobody can tell, so it is handed over like the others.
fn pages(file: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut pages) = (file, Vec::new());
    while let Some((length, more)) = rest.split_first_chunk()
        && let Some((page, more)) = more.split_at_checked(u32::from_be_bytes(*length) as usize)
    {
        pages.push(page);
        rest = more;
    }
    if !rest.is_empty() {
        pages.push(rest);
    }
    pages
}

fn save(page: &Page, path: &Path) -> io::Result<()> {
    let bytes = [&(page.bytes.len() as u32).to_be_bytes()[..], &page.bytes].concat();
    if page.is_whole {
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // On Unix the name is safe when its folder is.
        #[cfg(unix)]
        File::open(path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")))?
            .sync_all()?;
        Ok(())
    } else {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(&bytes)?;
        file.sync_data()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path =
        std::env::args_os().nth(1).map_or_else(|| std::env::temp_dir().join("saved-node"), PathBuf::from);
    let random = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let file = fs::read(&path).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(Vec::new()),
        _ => Err(error),
    })?;

    let options = Options { is_durable: true, ..Options::default() };
    let (mut node, damaged) = Node::restore(options, pages(&file), ReplicaId::new(random), random)?;
    for damage in damaged {
        println!("{} is damaged, so that it goes on under another id: {damage:?}", path.display());
    }

    let runs = node.map().registrations().count() as u64;
    node.register(&NodeId::new("this-machine")?, &KeyRange::new(100 * runs, 100 * runs + 100)?)?;
    // Were there links, what is not saved would not leave over them.
    loop {
        match node.poll(0) {
            Output::Save(page) => {
                save(&page, &path)?;
                node.saved(page.number);
            }
            Output::Wait { .. } => break,
            _ => {}
        }
    }

    println!("replica {} in {}:", node.map().replica(), path.display());
    node.map().registrations().for_each(|registration| println!("    {registration}"));
    Ok(())
}
