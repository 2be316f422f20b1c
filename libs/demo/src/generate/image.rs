//! Draws grey pictures that look like a chest from the front, and writes them as PNG (ISO/IEC 15948).

use std::io::{self, Write as _};

use flate2::{Compression, Crc, write::ZlibEncoder};

use crate::dice::Dice;

/// An ellipse: its centre and half axes as fractions of the picture, and how much lighter or darker its
/// inside is.
struct Ellipse {
    x: f64,
    y: f64,
    half_width: f64,
    half_height: f64,
    shade: f64,
}

impl Ellipse {
    fn shade_at(&self, x: f64, y: f64) -> f64 {
        let distance = ((x - self.x) / self.half_width).powi(2) + ((y - self.y) / self.half_height).powi(2);
        // Soft at the edge.
        self.shade * (1.0 - (distance - 1.0) * 6.0).clamp(0.0, 1.0).min(1.0)
    }
}

/// Grey values, row by row.
pub(super) fn chest(rows: usize, columns: usize, dice: &mut Dice) -> Vec<u8> {
    let mut vary =
        |middle: f64| dice.normal(middle, middle.abs() * 0.06, middle.abs() * -2.0, middle.abs() * 2.0);
    let ellipse = |x, y, half_width, half_height, shade| Ellipse { x, y, half_width, half_height, shade };
    let shapes = [
        ellipse(0.5, 0.55, vary(0.42), vary(0.5), 120.0),
        ellipse(0.32, 0.5, vary(0.14), vary(0.3), -90.0),
        ellipse(0.68, 0.5, vary(0.14), vary(0.3), -90.0),
        ellipse(0.55, 0.62, vary(0.12), vary(0.15), vary(70.0)),
        ellipse(0.5, 0.5, 0.035, 0.55, 60.0),
    ];
    let ribs = vary(11.0);
    let mut pixels = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        let y = row as f64 / rows as f64;
        // Two of these numbers a row make the grain of all its pixels.
        let mut grain = dice.bits() | 1;
        for column in 0..columns {
            let x = column as f64 / columns as f64;
            let body: f64 = shapes.iter().map(|shape| shape.shade_at(x, y)).sum();
            let rib = if body > 10.0 {
                14.0 * ((y + (x - 0.5).powi(2)) * ribs * std::f64::consts::TAU).sin()
            } else {
                0.0
            };
            grain ^= grain << 13;
            grain ^= grain >> 7;
            grain ^= grain << 17;
            let noise = (grain % 17) as f64 - 8.0;
            pixels.push((18.0 + body + rib + noise).clamp(0.0, 255.0) as u8);
        }
    }
    pixels
}

/// The picture as a PNG file with 8 bits per pixel.
pub(super) fn png(rows: usize, columns: usize, pixels: &[u8]) -> io::Result<Vec<u8>> {
    let size = |size: usize| u32::try_from(size).map_err(io::Error::other);
    let mut header = Vec::new();
    header.extend(size(columns)?.to_be_bytes());
    header.extend(size(rows)?.to_be_bytes());
    // Depth 8, grey, deflate, adaptive filters, not interlaced.
    header.extend([8, 0, 0, 0, 0]);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks(columns) {
        // Each row begins with the number of its filter: none.
        packed.write_all(&[0])?;
        packed.write_all(row)?;
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &header)?;
    chunk(&mut file, b"tEXt", b"Comment\0made-up demonstration data")?;
    chunk(&mut file, b"IDAT", &packed.finish()?)?;
    chunk(&mut file, b"IEND", b"")?;
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> io::Result<()> {
    let mut sum = Crc::new();
    sum.update(name);
    sum.update(data);
    file.extend(u32::try_from(data.len()).map_err(io::Error::other)?.to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend(sum.sum().to_be_bytes());
    Ok(())
}
