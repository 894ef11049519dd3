//! What the tree promises to a reader: modules use only those above them, files fit in a head, public modules have something in them, and
//! links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest file, without its tests. CONTRIBUTING.md says so.
const LINES_MAX: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether this is the crate as it is published, without what stands beside it.
fn is_packed() -> bool {
    root().join(".cargo_vcs_info.json").exists()
}

/// All files of that ending below a folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|it| it == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a file before its tests, without comments.
fn code(path: &Path) -> Vec<String> {
    if path.ends_with("tests.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.filter(|line| !line.trim_start().starts_with("//")).map(str::to_string).collect()
}

/// The modules in the order of the crate's documentation.
fn modules() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | ").filter(|row| row.contains('`')));
    let cells = rows.filter_map(|row| row.split('|').next()).take_while(|cell| !cell.contains("time"));
    let names = cells.flat_map(|cell| cell.split(',').map(|name| name.trim_matches([' ', '`', '[', ']'])));
    names.map(str::to_string).collect()
}

/// The modules of this crate that a line names.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::")
        .skip(1)
        .map(|rest| rest.split(|it: char| !it.is_alphanumeric() && it != '_').next().unwrap_or(""))
}

#[test]
fn modules_use_only_those_above_them() {
    let modules = modules();
    let declared = code(&root().join("src/lib.rs"));
    let declared: Vec<&str> = declared
        .iter()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert!(declared.len() > 10);
    for name in &declared {
        assert!(modules.iter().any(|module| module == name), "{name} is not in the table of src/lib.rs");
    }
    let place = |name: &str| modules.iter().position(|module| module == name);
    let mut uses = 0;
    for path in files(&root().join("src"), "rs") {
        let within = path.strip_prefix(root().join("src")).unwrap().iter().next().unwrap();
        let module = within.to_str().unwrap().trim_end_matches(".rs");
        let Some(own) = place(module) else { continue };
        for line in code(&path) {
            for other in named(&line).filter_map(place) {
                uses += 1;
                assert!(other <= own, "{} uses {}, which stands below it", path.display(), modules[other]);
            }
        }
    }
    assert!(uses > 200, "{uses} uses were seen");
}

#[test]
fn files_fit_in_a_head() {
    if !is_packed() {
        assert!(read("CONTRIBUTING.md").contains(&format!("never over {LINES_MAX}")));
    }
    for folder in ["src", "examples", "native-bench/src"] {
        let folder = root().join(folder);
        if is_packed() && !folder.exists() {
            continue;
        }
        for path in files(&folder, "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
            assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn public_modules_have_something_in_them() {
    let mut seen = 0;
    for path in files(&root().join("src"), "rs") {
        for line in code(&path) {
            let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) else {
                continue;
            };
            seen += 1;
            let folder = match path.file_stem().unwrap().to_str().unwrap() {
                "lib" => root().join("src"),
                _ => path.with_extension(""),
            };
            let has_item = |line: &String| line.starts_with("pub ") && !line.starts_with("pub(");
            let module = folder.join(format!("{name}.rs"));
            assert!(code(&module).iter().any(has_item), "{} shows nothing", module.display());
        }
    }
    assert!(seen > 3);
}

/// The pages of `docs/`.
fn pages() -> Vec<String> {
    let names = files(&root().join("docs"), "md").into_iter();
    names.map(|path| format!("docs/{}", path.file_name().unwrap().to_str().unwrap())).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// How a heading is named in a link to it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|it| it.is_alphanumeric() || [' ', '-'].contains(it));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    if is_packed() {
        return;
    }
    let others = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "native-bench/README.md", "fuzz/README.md"];
    let (mut seen, mut anchors) = (0, 0);
    for document in others.map(str::to_string).into_iter().chain(pages()) {
        let path = root().join(&document);
        for link in read(&document).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.is_empty() {
                continue;
            }
            seen += 1;
            let (file, to) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(file.exists(), "{document}: {link}");
            if !to.is_empty() {
                anchors += 1;
                let text = fs::read_to_string(&file).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|heading| anchor(heading) == to), "{document}: {link}");
            }
        }
    }
    assert!(seen > 20 && anchors > 2, "{seen} links, {anchors} of them to a heading");
}

#[test]
fn every_page_is_found_from_the_readme() {
    if is_packed() {
        return;
    }
    let readme = read("README.md");
    assert!(pages().len() > 2);
    for page in pages() {
        assert!(readme.contains(&format!("]({page})")), "{page}");
    }
}

/// Files, tests and rules that the pages name.
#[test]
fn what_the_pages_name_is_there() {
    if is_packed() {
        return;
    }
    let rules = read("tests/mutants/rules.mjs");
    let (mut paths, mut quoted) = (0, 0);
    for page in pages() {
        let text = read(&page);
        for name in text.split('`').skip(1).step_by(2) {
            let begins =
                ["src/", "tests/", "docs/", "www/", "examples/"].iter().any(|it| name.starts_with(it));
            if begins && !name.contains([' ', '*', '\n']) {
                paths += 1;
                assert!(root().join(name).exists(), "{page}: {name}");
            }
        }
        for place in text.split("*Where:*").skip(1).filter_map(|rest| rest.split("\n\n").next()) {
            for rule in place.split('"').skip(1).step_by(2) {
                quoted += 1;
                let rule = rule.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(rules.contains(&format!("rule: \"{rule}\"")), "{page}: no mutant is named {rule:?}");
            }
        }
    }
    assert!(paths > 10 && quoted > 4, "{paths} paths, {quoted} rules");
}

/// What was called otherwise once, or had a name of its own where the glossary has another.
const STALE: [(&str, &str); 14] = [
    ("sync::compare", "a module that is gone"),
    ("sync::places", "a module that is gone"),
    ("fn lower(", "decrease"),
    ("fn raise(", "increase"),
    ("steps of sessions", "meetings"),
    ("Held<", "a row of the store: RowRef"),
    ("NamedDrop", "Tombstone"),
    ("named drop", "tombstone"),
    ("struct Drop ", "a name of the standard library: RecordDrop"),
    ("told_by", "what implies, claims or announces it"),
    ("Party", "LinkPresence"),
    ("fn held(", "a row, a fingerprint, births: what it is"),
    ("fn place(", "a position, an index, a rank: what it is"),
    ("compare_bytes", "answer_bytes_max"),
];

#[test]
fn names_that_are_gone_do_not_come_back() {
    let pages = pages().into_iter().map(|page| root().join(page));
    let roots = ["README.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    let code = ["src", "examples"].into_iter().flat_map(|folder| files(&root().join(folder), "rs"));
    for path in pages.chain(roots).chain(code) {
        let text = fs::read_to_string(&path).unwrap();
        for (stale, instead) in STALE {
            assert!(!text.contains(stale), "{} says {stale:?}: {instead}", path.display());
        }
    }
}
