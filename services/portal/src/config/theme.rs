//! The operator's colour, made readable on light and on dark pages. Pure.

/// The least contrast of text with what is behind it (WCAG 2, 1.4.3).
const LEAST: f64 = 4.5;
/// Backgrounds of the pages, as `web/src/theme/tokens.css` has them: the least favourable of each scheme.
const LIGHT_PAPER: Colour = Colour([0xee, 0xf1, 0xf4]);
const DARK_PAPER: Colour = Colour([0x22, 0x2a, 0x33]);
/// Steps from a colour to black or white.
const STEPS: u8 = 50;

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

impl Colour {
    /// `#1a2b3c` or `#abc`.
    pub(super) fn read(text: &str) -> Option<Self> {
        // A sign would be read as part of a number.
        let is_hex = |digits: &&str| digits.chars().all(|digit| digit.is_ascii_hexdigit());
        let digits = text.strip_prefix('#').filter(is_hex)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = value.to_be_bytes();
        match digits.len() {
            6 => Some(Self([red, green, blue])),
            3 => Some(Self([green & 0xf, blue >> 4, blue & 0xf].map(|digit| digit * 0x11))),
            _ => None,
        }
    }

    fn text(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Relative luminance (WCAG 2).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// This colour, moved towards `end` until it can be read on `paper`.
    fn readable(self, paper: Self, end: Self) -> Self {
        let mixed = |step: u8| {
            let mix = |own: u8, end: u8| {
                let (own, end, step, steps) =
                    (u32::from(own), u32::from(end), u32::from(step), u32::from(STEPS));
                u8::try_from((own * (steps - step) + end * step) / steps).unwrap_or(end as u8)
            };
            Self([0, 1, 2].map(|part| mix(self.0[part], end.0[part])))
        };
        (0..=STEPS).map(mixed).find(|colour| colour.contrast(paper) >= LEAST).unwrap_or(end)
    }
}

/// The colour as each scheme shows it.
#[derive(Debug)]
pub(super) struct Accents {
    asked: Colour,
    light: Colour,
    dark: Colour,
}

impl Accents {
    pub(super) fn of(asked: Colour) -> Self {
        let light = asked.readable(LIGHT_PAPER, Colour([0; 3]));
        Self { asked, light, dark: asked.readable(DARK_PAPER, Colour([255; 3])) }
    }

    /// Declarations that the pages' tokens read.
    pub(super) fn css(&self) -> String {
        format!(":root{{--accent-light:{};--accent-dark:{}}}", self.light.text(), self.dark.text())
    }

    /// What is said if the colour could not stay as it is on light pages.
    pub(super) fn warning(&self) -> Option<String> {
        (self.light != self.asked).then(|| {
            let (asked, shown) = (self.asked.text(), self.light.text());
            format!("the colour {asked} cannot be read on a light page; {shown} is shown instead")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_becomes_readable_on_both_papers() {
        for text in ["#000000", "#ffffff", "#ffdd00", "#005ea2", "#777777", "#f00", "#0b6b3a"] {
            let accents = Accents::of(Colour::read(text).unwrap());
            assert!(accents.light.contrast(LIGHT_PAPER) >= LEAST, "{text}");
            assert!(accents.dark.contrast(DARK_PAPER) >= LEAST, "{text}");
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays_as_it_is() {
        let accents = Accents::of(Colour::read("#005ea2").unwrap());
        assert_eq!((accents.light.text().as_str(), accents.warning()), ("#005ea2", None));
        assert!(Accents::of(Colour::read("#ffdd00").unwrap()).warning().is_some());
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        let [black, white] = [Colour([0; 3]), Colour([255; 3])];
        assert!((black.contrast(white) - 21.0).abs() < 0.001);
        assert_eq!(Colour::read("#abc"), Some(Colour([0xaa, 0xbb, 0xcc])));
        for malformed in ["", "#", "#12345", "#1234567", "red", "#xyzxyz", "#+12345"] {
            assert_eq!(Colour::read(malformed), None, "{malformed}");
        }
    }
}
