//! Verification against vectors computed by other tools, and the header's every rule.

use std::time::Duration;

use fluxa_sdk::webhooks::{SignatureError, Verifier, sign, sign_all};
use fluxa_sdk::{Error, testing};
use jiff::Timestamp;

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";
const BODY: &str = r#"{"id":"evt_7f3a1b2c4d5e6f70","type":"payment.settled"}"#;
const SIGNED_AT: i64 = 1_716_135_600;

/// printf '1716135600.{"id":"evt_7f3a1b2c4d5e6f70","type":"payment.settled"}' |
/// openssl dgst -sha256 -hmac whsec_0123456789abcdef0123456789abcdef
const BY_OPENSSL: &str = "7fece1dcefa878b28c96093a22bbb73da4f7212defe96b6c153570e8578558cf";

/// python3 -c "import hmac,hashlib;print(hmac.new(b'whsec_0123456789abcdef0123456789abcdef',
/// b'1716135600.'+bytes([0x7b,0xff,0xfe,0x00,0x0a,0x7d]),hashlib.sha256).hexdigest())"
const OF_BINARY: &str = "d6b7a172e80f1b808c99fa271f743e2ef49ff46fb145247f9c480ae7ec8a9d1d";

/// The first command with `-hmac whsec_old`.
const BY_OLD_SECRET: &str = "fcf16c5db043ec21ae9649a815f526618f009fc39c3e5ffe9acd5e8b17e8f00f";

/// printf '007.{"id":"evt_1","type":"x"}' | openssl dgst -sha256 -hmac whsec_old
const OF_LEADING_ZEROS: &str = "54bfd0c26a26400c395eaba57166aff99039f1537f4a66a4bc6b8dc1802124fb";

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn verify(header: &str) -> Result<String, SignatureError> {
    let event = verifier().verify_received_at(BODY, header, at(SIGNED_AT))?;
    Ok(event.id().to_owned())
}

#[test]
fn a_signed_body_with_an_empty_id_is_no_event() {
    for body in [
        r#"{"id":"","type":""}"#,
        r#"{"id":"","type":"payment.settled"}"#,
    ] {
        let header = testing::sign(SECRET, body);
        let failure = verifier().verify(body, &header).unwrap_err();
        assert_eq!(failure, SignatureError::NotAnEvent, "{body}");
    }
}

#[test]
fn signatures_are_those_of_openssl_and_python() {
    let header = format!("t=1716135600,v1={BY_OPENSSL}");
    assert_eq!(sign(SECRET.as_bytes(), SIGNED_AT, BODY.as_bytes()), header);
    assert_eq!(testing::sign_at(SECRET, SIGNED_AT, BODY), header);
    let binary = [0x7b, 0xff, 0xfe, 0x00, 0x0a, 0x7d];
    let header = format!("t=1716135600,v1={OF_BINARY}");
    assert_eq!(sign(SECRET.as_bytes(), SIGNED_AT, &binary), header);
    let failure = verifier()
        .verify_received_at(binary, &header, at(SIGNED_AT))
        .unwrap_err();
    assert_eq!(
        failure,
        SignatureError::NotAnEvent,
        "the signature held on bytes that are no text"
    );
    let both = sign_all(
        &[b"whsec_old", SECRET.as_bytes()],
        SIGNED_AT,
        BODY.as_bytes(),
    );
    assert_eq!(
        both,
        format!("t=1716135600,v1={BY_OLD_SECRET},v1={BY_OPENSSL}")
    );
}

#[test]
fn a_good_delivery_is_accepted_in_every_form_the_scheme_allows() {
    let upper = BY_OPENSSL.to_uppercase();
    let old = BY_OLD_SECRET;
    for header in [
        format!("t=1716135600,v1={BY_OPENSSL}"),
        format!("v1={BY_OPENSSL},t=1716135600"),
        format!("t=1716135600,v1={upper}"),
        format!("t=1716135600,v1={old},v1={BY_OPENSSL}"),
        format!("t=1716135600,v0=zz,v2={old},v1={BY_OPENSSL},novelty"),
        format!(
            "t=1716135600,v1=short,v1={}z,v1={BY_OPENSSL}",
            &BY_OPENSSL[1..]
        ),
        format!("t=1716135600, v1={BY_OPENSSL}"),
    ] {
        assert_eq!(
            verify(&header).as_deref(),
            Ok("evt_7f3a1b2c4d5e6f70"),
            "{header}"
        );
    }
}

#[test]
fn a_malformed_header_is_refused() {
    let v1 = format!("v1={BY_OPENSSL}");
    for header in [
        String::new(),
        "t=1716135600".to_owned(),
        v1.clone(),
        format!("t=,{v1}"),
        format!("t=+1716135600,{v1}"),
        format!("t=-1716135600,{v1}"),
        format!("t=1716135600.0,{v1}"),
        format!("t=1716135600 ,{v1}x, t=1716135600"),
        format!("t=1716135600,t=1716135600,{v1}"),
        format!("t=1716135600,t=9,{v1}"),
        format!("t=0001716135600,{v1}"),
        format!("t=99999999999999999999999,{v1}"),
        format!("t=1716135600{}", format!(",{v1}").repeat(17)),
        format!("t=1716135600,{v1},v0={}", "a".repeat(4096)),
    ] {
        let failure = verify(&header).unwrap_err();
        assert!(
            matches!(failure, SignatureError::MalformedHeader(_)),
            "{header}: {failure}"
        );
    }
    assert!(verify(&format!("t=1716135600{}", format!(",{v1}").repeat(16))).is_ok());
}

#[test]
fn another_body_secret_or_time_does_not_match() {
    let header = format!("t=1716135600,v1={BY_OPENSSL}");
    let now = at(SIGNED_AT);
    let fails = |verifier: &Verifier, body: &str, header: &str| {
        verifier.verify_received_at(body, header, now).unwrap_err() == SignatureError::NoMatch
    };
    assert!(fails(
        &verifier(),
        &BODY.replace("settled", "failed"),
        &header
    ));
    assert!(fails(&verifier(), &format!("{BODY}\n"), &header));
    assert!(fails(&verifier(), BODY, &header.replace("600", "601")));
    assert!(fails(&verifier(), BODY, "t=1716135600,v1=short"));
    let bare = Verifier::new(SECRET.trim_start_matches("whsec_")).unwrap();
    assert!(
        fails(&bare, BODY, &header),
        "the prefix is part of the secret"
    );
    let flipped = if BY_OPENSSL.ends_with('0') { '1' } else { '0' };
    let flipped = format!("t=1716135600,v1={}{flipped}", &BY_OPENSSL[..63]);
    assert!(fails(&verifier(), BODY, &flipped));
}

#[test]
fn the_timestamp_is_signed_as_the_digits_it_was_sent_in() {
    let verifier = Verifier::new("whsec_old").unwrap();
    let body = r#"{"id":"evt_1","type":"x"}"#;
    let header = format!("t=007,v1={OF_LEADING_ZEROS}");
    assert!(verifier.verify_received_at(body, &header, at(7)).is_ok());
    assert!(
        verifier
            .verify_received_at(body, &header.replace("007", "7"), at(7))
            .is_err()
    );
}

#[test]
fn five_minutes_either_way_pass_and_a_second_more_does_not() {
    let header = format!("t=1716135600,v1={BY_OPENSSL}");
    let verify = |offset: i64| verifier().verify_received_at(BODY, &header, at(SIGNED_AT + offset));
    for offset in [-300, -1, 0, 1, 300] {
        assert!(verify(offset).is_ok(), "{offset}");
    }
    for offset in [-301, 301, 1_000_000] {
        let outside = SignatureError::OutsideTolerance {
            age_seconds: offset,
        };
        assert_eq!(verify(offset).unwrap_err(), outside);
    }
    assert!(
        verifier().verify(BODY, &header).is_err(),
        "2024 is long ago"
    );
    let lax = verifier().without_tolerance_accepting_replays();
    assert!(lax.verify(BODY, &header).is_ok());
    let strict = verifier().tolerance(Duration::from_secs(5));
    assert!(
        strict
            .verify_received_at(BODY, &header, at(SIGNED_AT + 6))
            .is_err()
    );
    assert!(
        strict
            .verify_received_at(BODY, &header, at(SIGNED_AT + 5))
            .is_ok()
    );
}

#[test]
fn the_largest_timestamp_does_not_overflow() {
    let header = testing::sign_at(SECRET, 999_999_999_999, BODY);
    let failure = verifier()
        .verify_received_at(BODY, &header, Timestamp::MIN)
        .unwrap_err();
    assert!(matches!(failure, SignatureError::OutsideTolerance { .. }));
}

#[test]
fn the_signature_is_looked_at_before_the_age_and_the_body() {
    let wrong = format!("t=1,v1={BY_OLD_SECRET}");
    let failure = verifier().verify("no event at all", &wrong).unwrap_err();
    assert_eq!(failure, SignatureError::NoMatch);
}

#[test]
fn both_secrets_are_good_while_one_is_rotated() {
    let rotating = verifier().also_accept("whsec_old").unwrap();
    for signature in [BY_OPENSSL, BY_OLD_SECRET] {
        let header = format!("t=1716135600,v1={signature}");
        assert!(
            rotating
                .verify_received_at(BODY, &header, at(SIGNED_AT))
                .is_ok()
        );
    }
    let by_both = sign_all(&[b"whsec_old", b"whsec_older"], SIGNED_AT, BODY.as_bytes());
    assert!(
        rotating
            .verify_received_at(BODY, &by_both, at(SIGNED_AT))
            .is_ok()
    );
}

#[test]
fn the_headers_of_a_request_hold_exactly_one_signature() {
    let header = testing::sign(SECRET, BODY);
    let mut headers = http::HeaderMap::new();
    assert_eq!(
        verifier().verify_headers(BODY, &headers).unwrap_err(),
        SignatureError::MissingHeader
    );
    headers.append("x-fluxa-signature", header.parse().unwrap());
    let event = verifier().verify_headers(BODY, &headers).unwrap();
    assert_eq!(
        (event.id(), event.event_type()),
        ("evt_7f3a1b2c4d5e6f70", "payment.settled")
    );
    assert_eq!(event.bytes(), BODY);
    headers.append("x-fluxa-signature", header.parse().unwrap());
    assert!(verifier().verify_headers(BODY, &headers).is_err());
    headers.clear();
    headers.insert(
        "x-fluxa-signature",
        http::HeaderValue::from_bytes(b"t=\xff").unwrap(),
    );
    assert!(verifier().verify_headers(BODY, &headers).is_err());
}

#[test]
fn headers_that_were_kept_are_verified_by_when_they_came() {
    let mut headers = http::HeaderMap::new();
    let header = format!("t=1716135600,v1={BY_OPENSSL}");
    headers.insert("x-fluxa-signature", header.parse().unwrap());
    let verify = |offset: i64| {
        let received_at = at(SIGNED_AT + offset);
        verifier().verify_headers_received_at(BODY, &headers, received_at)
    };
    assert!(verify(300).is_ok() && verify(-300).is_ok());
    let outside = SignatureError::OutsideTolerance { age_seconds: 301 };
    assert_eq!(verify(301).unwrap_err(), outside);
    assert!(verifier().verify_headers(BODY, &headers).is_err());
    headers.append("x-fluxa-signature", header.parse().unwrap());
    let twice = verifier().verify_headers_received_at(BODY, &headers, at(SIGNED_AT));
    assert!(matches!(twice, Err(SignatureError::MalformedHeader(_))));
}

#[test]
fn an_event_that_contradicts_itself_is_not_read_as_another() {
    for body in [
        r#"{"id":"evt_1","type":"new.type","id":"evt_2","type":"payment.settled"}"#,
        r#"{"id":"evt_1","type":"new.type","id":"evt_2"}"#,
        r#"{"id":"evt_1","type":"new.type","type":"payment.settled"}"#,
    ] {
        let header = testing::sign(SECRET, body);
        let verified = verifier().verify(body, &header).unwrap();
        assert_eq!(
            (verified.id(), verified.event_type()),
            ("evt_1", "new.type")
        );
        let error = verified.event().unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error:?}");
        assert!(!error.to_string().contains("evt_"), "{error}");
    }
    // Known types too, of which the second `id` comes after the head.
    let whole = testing::sample_event("payment.settled").json().to_string();
    let head = r#"{"id":"evt_1","type":"payment.settled","#;
    let body = format!("{head}{}", &whole[1..]);
    let verified = verifier()
        .verify(&body, &testing::sign(SECRET, &body))
        .unwrap();
    assert!(verified.event().is_err());
}

#[test]
fn a_time_of_the_sdk_says_when_a_delivery_came() {
    let header = testing::sign_at(SECRET, SIGNED_AT, BODY);
    let received_at: fluxa_sdk::Timestamp = "2024-05-19T16:20:01Z".parse().unwrap();
    assert!(
        verifier()
            .verify_received_at(BODY, &header, received_at)
            .is_ok()
    );
}

#[test]
fn an_empty_secret_is_refused() {
    assert!(matches!(Verifier::new(""), Err(Error::Config(_))));
    assert!(matches!(verifier().also_accept(""), Err(Error::Config(_))));
    assert!(matches!(Verifier::new(" \n"), Err(Error::Config(_))));
}

#[test]
fn a_verifier_does_not_print_its_secret() {
    assert!(!format!("{:?}", verifier()).contains("0123456789abcdef0123"));
}
