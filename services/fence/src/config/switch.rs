//! Something that is on or off.

use serde::Deserialize;

/// Something that is on or off, as files write it: a boolean, or the text of one, such as a template makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SwitchText")]
pub struct Switch(bool);

#[derive(Deserialize)]
#[serde(untagged)]
enum SwitchText {
    Is(bool),
    Says(String),
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self.0
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        Self(on)
    }
}

impl TryFrom<SwitchText> for Switch {
    type Error = String;

    fn try_from(text: SwitchText) -> Result<Self, String> {
        match text {
            SwitchText::Is(on) => Ok(Self(on)),
            SwitchText::Says(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Ok(Self(true)),
                "" | "false" | "no" | "off" => Ok(Self(false)),
                _ => Err(format!("{text:?} is neither true nor false")),
            },
        }
    }
}
