//! Compresses the files of pages once, and names each by the digest of its content.

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
const FILES: [(&str, &str); 3] = [
    ("graphiql.js", "text/javascript; charset=utf-8"),
    ("graphiql.css", "text/css; charset=utf-8"),
    ("LICENSES.txt", "text/plain; charset=utf-8"),
];
/// Hexadecimal digits of the digest in a file's public name.
const DIGITS: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(FOLDER);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = String::from("/// Every file, compressed.\nstatic ASSETS: &[Asset] = &[\n");
    for (name, content_type) in FILES {
        let path = folder.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        let bytes = fs::read(&path)?;
        let digest = hex::encode(Sha256::digest(&bytes));
        let compressed = out.join(format!("{name}.gz"));
        let mut encoder = GzEncoder::new(fs::File::create(&compressed)?, Compression::best());
        encoder.write_all(&bytes)?;
        encoder.finish()?;
        writeln!(
            table,
            "    Asset {{ name: {name:?}, digest: {:?}, content_type: {content_type:?}, \
             gzip: include_bytes!({:?}) }},",
            &digest[..DIGITS],
            compressed.display().to_string()
        )?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}
