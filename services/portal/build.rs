//! Compresses the files of pages once. Each public name has a digest of the content in it: here for the
//! query page's, and by Vite for the others, which `make portal` puts into `web/dist`. Without them the
//! program has a page instead that says how to get them.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

const FOLDER: &str = "assets/graphiql";
const FILES: [&str; 3] = ["graphiql.js", "graphiql.css", "LICENSES.txt"];
const PLACEHOLDER: &str = "placeholder/index.html";
/// Hexadecimal digits of the digest in a file's public name.
const DIGITS: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table =
        String::from("/// The files of the query page, compressed.\nstatic ASSETS: &[Asset] = &[\n");
    for name in FILES {
        let path = here.join(FOLDER).join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        entry(&mut table, &out, name, &path)?;
    }
    table.push_str("];\n");
    let dist = match env::var_os("PORTAL_DIST") {
        Some(ready) => here.join(ready),
        None => here.join("web/dist"),
    };
    println!("cargo::rerun-if-env-changed=PORTAL_DIST");
    println!("cargo::rerun-if-env-changed=CI_REQUIRE_PORTAL");
    println!("cargo::rerun-if-changed={}", dist.display());
    pages(&mut table, &out, &here, &dist)?;
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// The bundle of the pages in `dist`, or the placeholder.
fn pages(table: &mut String, out: &Path, here: &Path, dist: &Path) -> Result<(), Box<dyn Error>> {
    let index = dist.join("index.html");
    let is_there = index.is_file();
    if !is_there && env::var("CI_REQUIRE_PORTAL").is_ok_and(|wanted| wanted == "1") {
        return Err(format!("{} is missing; `make portal` makes it", index.display()).into());
    }
    let page = if is_there { index } else { here.join(PLACEHOLDER) };
    println!("cargo::rerun-if-changed={}", here.join(PLACEHOLDER).display());
    writeln!(
        table,
        "/// Whether the pages are in the program.\npub(crate) const HAS_PAGES: bool = {is_there};"
    )?;
    let page = page.display().to_string();
    writeln!(table, "/// The document of every page.\nconst INDEX: &str = include_str!({page:?});")?;
    table.push_str("/// The files of the pages, compressed.\nstatic BUNDLE: &[Asset] = &[\n");
    if is_there {
        let files = fs::read_dir(dist.join("assets"))?.collect::<Result<Vec<_>, _>>()?;
        let mut paths: Vec<PathBuf> = files.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let name =
                path.file_name().and_then(|name| name.to_str()).ok_or("a file of the bundle has no name")?;
            entry(table, out, name, &path)?;
        }
    }
    table.push_str("];\n");
    Ok(())
}

fn entry(table: &mut String, out: &Path, name: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let digest = hex::encode(Sha256::digest(&bytes));
    let compressed = out.join(format!("{name}.gz"));
    let mut encoder = GzEncoder::new(fs::File::create(&compressed)?, Compression::best());
    encoder.write_all(&bytes)?;
    encoder.finish()?;
    writeln!(
        table,
        "    Asset {{ name: {name:?}, digest: {:?}, content_type: {:?}, gzip: include_bytes!({:?}) }},",
        &digest[..DIGITS],
        content_type(name),
        compressed.display().to_string()
    )?;
    Ok(())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}
