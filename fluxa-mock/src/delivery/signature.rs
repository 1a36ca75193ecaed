//! Signing a delivery: `t=<unix s>,v1=<hex>` over `<t>.<raw body>`, one `v1` for each secret.
//!
//! Written here a second time on purpose, over other crates than the SDK's verifier: a fault in
//! either shows as a delivery that does not verify. Contract §1, "Webhook signature".

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Returns the value of the signature header.
pub(super) fn header(secrets: &[String], unix_seconds: i64, body: &[u8]) -> String {
    let mut header = format!("t={unix_seconds}");
    for secret in secrets {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(unix_seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        header.push_str(",v1=");
        header.push_str(&hex::encode(mac.finalize().into_bytes()));
    }
    header
}

#[cfg(test)]
mod tests {
    use super::header;

    /// printf '1716135600.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test (and whsec_old)
    #[test]
    fn each_secret_signs_time_and_body() {
        let secrets = ["whsec_test".to_owned(), "whsec_old".to_owned()];
        assert_eq!(
            header(&secrets, 1_716_135_600, br#"{"id":"evt_1"}"#),
            "t=1716135600,v1=f2623343913dd5daaa151226d02d723cff87bb9ef9210e08667badd15bed2b73,v1=0f99318c8e75d90ce84bf020973303351e354ffdd950e4bc18eedfa6be93ae1b"
        );
    }
}
