//! Owns the matching of patterns in which `*` stands for any text, slashes included.

/// Whether `text` fits `pattern`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            // The earliest place leaves the most for what follows.
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("/v1/payments", "/v1/payments", true),
            ("/v1/payments", "/v1/payments/pay_1", false),
            ("/v1/payments*", "/v1/payments", true),
            ("/v1/payments*", "/v1/payments/pay_1/history", true),
            ("/v1/*/pay_1", "/v1/payments/pay_1", true),
            ("*", "", true),
            ("a*b*a", "abba", true),
            ("a*b*a", "aba", true),
            ("a*a", "a", false),
            ("payment.*", "payment_method.attached", false),
            ("*.failed", "subscription.payment.failed", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
