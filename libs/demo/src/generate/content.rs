//! The bytes of the study's files: real files of their formats, with made-up content.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use dictionary::NodeType;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use super::{image, schema};
use crate::dice::Dice;

const READ_LENGTH: i64 = 100;
const BASES: [char; 4] = ['A', 'C', 'G', 'T'];
/// Lengths of the chromosomes of GRCh38 in bases, 1 to 22.
const CHROMOSOMES: [i64; 22] = [
    248_956_422,
    242_193_529,
    198_295_559,
    190_214_555,
    181_538_259,
    170_805_979,
    159_345_973,
    145_138_636,
    138_394_717,
    133_797_422,
    135_086_622,
    133_275_309,
    114_364_328,
    107_043_718,
    101_991_189,
    90_338_345,
    83_257_441,
    80_373_285,
    58_617_616,
    64_444_167,
    46_709_983,
    50_818_468,
];
/// Genes that are common in lists of expression values.
const GENES: [&str; 64] = [
    "A2M", "ABCA1", "ACE", "ACE2", "ACTB", "ADRB2", "AGER", "AKT1", "ALB", "APOE", "B2M", "BAX", "BCL2",
    "BRCA1", "BRCA2", "CCL2", "CCL5", "CD4", "CD8A", "CDH1", "CFTR", "COL1A1", "COL3A1", "CRP", "CXCL8",
    "CYP1A1", "EGFR", "ELN", "EPAS1", "FBN1", "FN1", "GAPDH", "GSTP1", "HBB", "HIF1A", "HMOX1", "ICAM1",
    "IFNG", "IL10", "IL13", "IL1B", "IL33", "IL6", "KRAS", "MMP12", "MMP9", "MUC5AC", "MUC5B", "MYC",
    "NFKB1", "NOS3", "PTEN", "SCGB1A1", "SERPINA1", "SFTPB", "SFTPC", "SOD3", "TERT", "TGFB1", "TNF", "TP53",
    "TSLP", "VEGFA", "VIM",
];

/// Properties of a file's record, and their values.
type Values = Vec<(&'static str, Value)>;
type Made = io::Result<(Vec<u8>, Values)>;

/// The bytes of a file, and the values of its record.
pub(super) struct Content {
    /// The end of the file's name, with the dot.
    pub(super) extension: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) values: Values,
}

/// A kind of file that can be made.
struct Kind {
    format: &'static str,
    category: &'static str,
    data_type: &'static str,
    extension: &'static str,
    /// A word in the strategy or modality of its origin; empty for any origin.
    from: &'static str,
    make: fn(&mut Dice) -> Made,
}

const KINDS: [Kind; 5] = [
    Kind {
        format: "PNG",
        category: "Imaging",
        data_type: "Image",
        extension: ".png",
        from: "",
        make: picture,
    },
    Kind {
        format: "FASTQ",
        category: "Sequencing Reads",
        data_type: "Unaligned Reads",
        extension: ".fastq.gz",
        from: "",
        make: reads,
    },
    Kind {
        format: "TSV",
        category: "Expression",
        data_type: "Gene Expression",
        extension: ".tsv",
        from: "RNA",
        make: expression,
    },
    Kind {
        format: "VCF",
        category: "Variation",
        data_type: "Germline Variants",
        extension: ".vcf",
        from: "",
        make: variants,
    },
    Kind {
        format: "JSON",
        category: "Other",
        data_type: "Report",
        extension: ".json",
        from: "",
        make: report,
    },
];

/// Makes the content for a file record of the type `node`. `origin` describes what the file is made from, for
/// example `RNA-Seq`. If the dictionary knows none of our formats, the content is a short text.
pub(super) fn content(node: &NodeType, origin: &str, dice: &mut Dice) -> io::Result<Content> {
    let from = |kind: &&Kind| origin.contains(kind.from);
    let Some(kind) = KINDS.iter().filter(|kind| takes(node, kind)).find(from) else {
        let bytes = format!("A made-up file of the type {}: {}\n", node.id, dice.hex(32)).into_bytes();
        return Ok(Content { extension: ".txt", bytes, values: Vec::new() });
    };
    let (bytes, mut values) = (kind.make)(dice)?;
    values.push(("data_format", json!(kind.format)));
    values.push(("data_type", json!(kind.data_type)));
    values.push(("data_category", json!(kind.category)));
    Ok(Content { extension: kind.extension, bytes, values })
}

/// Whether the type `node` can have this kind of file.
fn takes(node: &NodeType, kind: &Kind) -> bool {
    let has = |name: &str, value: &str| {
        node.properties.get(name).is_some_and(|property| schema::fit(property, &json!(value)).is_some())
    };
    has("data_format", kind.format) && has("data_type", kind.data_type)
}

fn picture(dice: &mut Dice) -> Made {
    let side = 192 + 64 * dice.index(3);
    let bytes = image::png(side, side, &image::chest(side, side, dice))?;
    Ok((bytes, vec![("pixel_rows", json!(side)), ("pixel_columns", json!(side))]))
}

/// Reads in FASTQ, compressed with gzip.
fn reads(dice: &mut Dice) -> Made {
    let count = dice.between(300, 900);
    // No time in the header: the same study has the same bytes.
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    for number in 1..=count {
        let mut bases = String::new();
        let mut qualities = String::new();
        for position in 0..READ_LENGTH {
            bases.push(BASES[dice.index(BASES.len())]);
            // Quality falls towards the end of a read.
            let quality = dice.between(33, 40) - position / 12;
            qualities.push(char::from(b'!' + u8::try_from(quality).unwrap_or(2)));
        }
        write!(packed, "@demo:{number}\n{bases}\n+\n{qualities}\n")?;
    }
    let values = vec![
        ("read_length", json!(READ_LENGTH)),
        ("read_count", json!(count)),
        ("is_paired_end", json!(false)),
        ("instrument_model", json!(["Illumina NovaSeq 6000", "Illumina NextSeq 2000"][dice.index(2)])),
    ];
    Ok((packed.finish()?, values))
}

/// Variants of one person in VCF 4.3, sorted.
fn variants(dice: &mut Dice) -> Made {
    let mut text =
        String::from("##fileformat=VCFv4.3\n##source=made-up demonstration data\n##reference=GRCh38\n");
    for (number, length) in (1..).zip(CHROMOSOMES) {
        text += &format!("##contig=<ID=chr{number},length={length}>\n");
    }
    text += "##FILTER=<ID=LowQual,Description=\"Quality below 30\">\n";
    text += "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n";
    text += "##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"Read depth\">\n";
    text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tSAMPLE\n";
    for (number, length) in (1..).zip(CHROMOSOMES) {
        let mut positions: Vec<i64> = (0..length / 2_000_000).map(|_| dice.between(1, length)).collect();
        positions.sort_unstable();
        positions.dedup();
        for position in positions {
            let reference = dice.index(4);
            let alternative = (reference + 1 + dice.index(3)) % 4;
            let quality = dice.normal(60.0, 20.0, 5.0, 120.0).round();
            let filter = if quality < 30.0 { "LowQual" } else { "PASS" };
            let genotype = dice.word(&[("0/1", 60.0), ("1/1", 35.0), ("1/0", 5.0)]);
            let depth = dice.normal(32.0, 8.0, 4.0, 90.0).round();
            let (reference, alternative) = (BASES[reference], BASES[alternative]);
            writeln!(
                text,
                "chr{number}\t{position}\t.\t{reference}\t{alternative}\t{quality}\t{filter}\t.\tGT:DP\t{genotype}:{depth}"
            )
            .map_err(io::Error::other)?;
        }
    }
    Ok((text.into_bytes(), computed("variants")))
}

/// Expression values of genes, as a table.
fn expression(dice: &mut Dice) -> Made {
    let mut text = String::from("gene_name\tread_count\ttpm\n");
    for gene in GENES {
        let count = dice.normal(6.0, 2.0, 0.0, 12.0).exp().round();
        text += &format!("{gene}\t{count}\t{:.3}\n", count * dice.normal(0.4, 0.1, 0.1, 0.9));
    }
    Ok((text.into_bytes(), computed("expression")))
}

fn report(dice: &mut Dice) -> Made {
    let report =
        json!({"note": "made-up demonstration data", "score": dice.between(0, 100), "checked": true});
    Ok((format!("{report:#}\n").into_bytes(), Vec::new()))
}

fn computed(workflow: &str) -> Values {
    vec![
        ("reference_genome", json!("GRCh38")),
        ("workflow_name", json!(format!("demo-{workflow}"))),
        ("workflow_version", json!("1.0.0")),
        ("workflow_url", json!(format!("https://example.org/workflows/{workflow}"))),
    ]
}
