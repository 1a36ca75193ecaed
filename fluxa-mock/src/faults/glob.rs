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

/// A pattern of paths as requests have them: `/v1` may be left out, as in the names of operations. What could
/// fit a path as it stands is left alone.
pub(super) fn whole_path(pattern: String) -> String {
    let roots = ["/v1/", "/pay/", "/_mock/"];
    let (literal, has_star) = match pattern.split_once('*') {
        Some((literal, _)) => (literal, true),
        None => (pattern.as_str(), false),
    };
    let fits_one = |root: &str| {
        literal.starts_with(root)
            || literal == root.trim_end_matches('/')
            || (has_star && root.starts_with(literal))
    };
    match !pattern.starts_with('/') || roots.into_iter().any(fits_one) {
        true => pattern,
        false => format!("/v1{pattern}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{fits, whole_path};

    #[test]
    fn a_path_may_leave_out_the_version() {
        for (given, whole) in [
            ("/payments", "/v1/payments"),
            ("/payments*", "/v1/payments*"),
            ("/payments/*/history", "/v1/payments/*/history"),
            ("/v1/payments", "/v1/payments"),
            ("/v1*", "/v1*"),
            ("/v*", "/v*"),
            ("/*", "/*"),
            ("*", "*"),
            ("/pay/*", "/pay/*"),
            ("/pay*", "/pay*"),
            ("/_mock/reset", "/_mock/reset"),
            ("payments", "payments"),
        ] {
            assert_eq!(whole_path(given.to_owned()), whole);
        }
    }

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
