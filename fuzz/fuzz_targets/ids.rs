//! Two lines, a customer id and a contact id: what is accepted as such stands in the path of the URL as it is.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use url::Url;
use vitec_connect::{Client, ContactId, Credentials, CustomerId, LoanPromise};

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let credentials = Credentials::basic("partner", "secret").expect("credentials");
    Client::builder()
        .credentials(credentials)
        .base_url("http://127.0.0.1/base")
        .build()
        .expect("a client")
});

fuzz_target!(|text: &str| {
    let (customer, contact) = text.split_once('\n').unwrap_or((text, "4711"));
    let (Ok(customer), Ok(contact)) = (customer.parse::<CustomerId>(), contact.parse::<ContactId>()) else {
        return;
    };
    let request = CLIENT
        .create_loan_promise(&customer, &contact, &LoanPromise::default())
        .preview()
        .expect("accepted ids make a request");

    let url = Url::parse(&request.url).expect("the URL parses");
    // Parsed once more it stays: nothing in it is rewritten on the way.
    assert_eq!(url.as_str(), request.url);
    assert_eq!(
        (url.host_str(), url.query(), url.fragment()),
        (Some("127.0.0.1"), None, None)
    );
    let segments: Vec<_> = url
        .path_segments()
        .expect("a path")
        .map(|segment| percent_decode_str(segment).decode_utf8().expect("UTF-8"))
        .collect();
    assert_eq!(
        segments,
        [
            "base",
            "CRM",
            "Buyer",
            customer.as_str(),
            contact.as_str(),
            "LoanPromise"
        ]
    );
});
