//! The architecture, as a test: which layer uses which, and what no layer but the outermost touches.

use std::{fs, path::Path};

/// A layer may use itself and those beside it, and nothing else.
const LAYERS: &[(&str, &[&str])] = &[
    ("arena", &[]),
    ("time", &[]),
    ("metrics", &[]),
    ("wire", &["time"]),
    ("config", &["wire", "time"]),
    ("network", &["arena", "registry", "time", "wire"]),
    ("registry", &["time"]),
    ("store", &["registry", "time"]),
    ("job", &["arena", "config", "store", "wire"]),
    (
        "core",
        &["arena", "registry", "time", "metrics", "wire", "config", "network", "store", "job"],
    ),
    ("service", &["time", "wire", "config", "network", "registry", "store", "job", "core"]),
    ("command", &["arena", "time", "wire", "config", "network", "job", "core", "service"]),
    ("link", &["arena", "time", "wire", "network", "core"]),
    (
        "server",
        &[
            "registry", "store", "time", "wire", "config", "network", "job", "core", "command",
            "link",
        ],
    ),
    ("work", &["config", "job", "store", "wire"]),
    ("reactor", &["arena", "time", "wire", "config", "job", "core", "server", "work"]),
    (
        "sim",
        &[
            "config", "core", "job", "link", "network", "registry", "server", "store", "time",
            "wire",
        ],
    ),
    (
        "cli",
        &[
            "config", "core", "job", "reactor", "registry", "server", "store", "time", "wire",
            "work",
        ],
    ),
];

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    visit(Path::new("src"), &mut |path, text| {
        let layer = path
            .components()
            .nth(1)
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if !text.starts_with("//!") {
            wrong.push(format!("{}: does not say what it is", path.display()));
        }
        // Scenery of tests may use everything, as tests do.
        let of_tests = path.ends_with("tests.rs") || path.ends_with("core/scene.rs");
        if ["lib", "main"].contains(&layer.as_str()) || of_tests {
            return;
        }
        let Some((_, may)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            wrong.push(format!("{layer}: not in LAYERS"));
            return;
        };
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (name, _) in LAYERS.iter().filter(|(name, _)| *name != layer && !may.contains(name)) {
            if uses(code, name) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
        for banned in ["Instant::now", "SystemTime", "std::thread", "std::fs", "HashSet"] {
            if code.contains(banned)
                && !["reactor", "work", "cli", "store"].contains(&layer.as_str())
            {
                wrong.push(format!("{}: {banned} in a pure layer", path.display()));
            }
        }
        if text.lines().any(|line| line.contains("if let ") && line.contains(" && let ")) {
            wrong.push(format!("{}: a let-chain, which Rust 1.85 does not know", path.display()));
        }
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether an import or a path of the code begins with a layer.
fn uses(code: &str, layer: &str) -> bool {
    code.contains(&format!("crate::{layer}::"))
        || code.split("use crate::{").skip(1).any(|rest| {
            let block = rest.split("};").next().unwrap();
            block.lines().any(|line| {
                let item = line.strip_prefix("    ").unwrap_or(line);
                [format!("{layer}::"), format!("{layer},")]
                    .iter()
                    .any(|start| item.starts_with(start))
            })
        })
}

fn visit(dir: &Path, f: &mut impl FnMut(&Path, &str)) {
    let mut entries: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { visit(&path, f) } else { f(&path, &fs::read_to_string(&path).unwrap()) }
    }
}
