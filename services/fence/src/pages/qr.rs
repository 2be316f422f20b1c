//! A text as a picture that telephones read.

use qrcodegen::{QrCode, QrCodeEcc};

/// Empty modules around it, as the standard wants them.
const QUIET: i32 = 4;

/// The picture as an SVG element; none for a text that is too long for one.
pub(super) fn svg(text: &str, label: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| code.get_module(*x, y)).count();
            let run = i32::try_from(run).unwrap_or_default();
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET));
            }
            x += run.max(1);
        }
    }
    let side = size + 2 * QUIET;
    Some(format!(
        "<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#000\" d=\"{path}\"/></svg>",
        super::frame::escape(label)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let svg = svg("otpauth://totp/x?secret=ABC", "\"x\"").unwrap();
        let code = QrCode::encode_text("otpauth://totp/x?secret=ABC", QrCodeEcc::Medium).unwrap();
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let dark = all.filter(|(x, y)| code.get_module(*x, *y)).count();
        let runs = svg.split('h').skip(1).filter_map(|rest| rest.split('v').next()?.parse::<usize>().ok());
        assert_eq!(runs.sum::<usize>(), dark);
        assert!(svg.contains("aria-label=\"&quot;x&quot;\""), "{svg}");
        assert_eq!(super::svg(&"x".repeat(5_000), "x"), None);
    }
}
