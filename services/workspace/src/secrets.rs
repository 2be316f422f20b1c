//! What the program of a workspace asks for before it does anything. Derived, so that no database has it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

/// The secret of the launch `id`.
pub(crate) fn of_launch(secret: &str, id: Uuid) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("this digest takes keys of every length");
    mac.update(b"workspace ");
    mac.update(id.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_launch_has_its_own() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(of_launch("s", one), of_launch("s", one));
        assert_ne!(of_launch("s", one), of_launch("s", other));
        assert_ne!(of_launch("s", one), of_launch("t", one));
        assert_eq!(of_launch("s", one).len(), 64);
    }
}
