//! A whole call, beside a bare POST of the same bytes with reqwest.

use std::mem;
use std::time::Instant;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use vitec_connect::datacontract::to_vec;
use vitec_connect::{Client, ContactId, Credentials, CustomerId, LoanPromise, MediaType};

use crate::codec::promise;
use crate::server::Server;
use crate::valgrind::{Cost, cost};
use crate::{Result, valgrind};

#[derive(Clone)]
struct Ours {
    client: Client,
    customer: CustomerId,
    contact: ContactId,
    promise: LoanPromise,
}

impl Ours {
    fn new(url: &str, media_type: MediaType) -> Result<Self> {
        Ok(Self {
            client: Client::builder()
                .base_url(url)
                .credentials(Credentials::basic("partner", "secret")?)
                .media_type(media_type)
                .build()?,
            customer: "M30011".parse()?,
            contact: "4711".parse()?,
            promise: promise("sample")?,
        })
    }

    async fn call(&self) -> Result<()> {
        let answer = self
            .client
            .create_loan_promise(&self.customer, &self.contact, &self.promise)
            .await?;
        (answer == "ok").then_some(()).ok_or_else(|| "another answer".into())
    }
}

/// The headers and the body are made before; the URL is another one for each buyer.
#[derive(Clone)]
struct Bare {
    client: reqwest::Client,
    base_url: String,
    contact: String,
    media_type: HeaderValue,
    authorization: HeaderValue,
    body: Bytes,
}

impl Bare {
    fn new(url: &str, media_type: MediaType) -> Result<Self> {
        Ok(Self {
            client: reqwest::Client::builder().build()?,
            base_url: url.to_owned(),
            contact: "4711".to_owned(),
            media_type: HeaderValue::from_static(media_type.as_str()),
            authorization: HeaderValue::from_static("Basic cGFydG5lcjpzZWNyZXQ="),
            body: match media_type {
                MediaType::Json => serde_json::to_vec(&promise("sample")?)?.into(),
                MediaType::Xml => to_vec(&promise("sample")?)?.into(),
            },
        })
    }

    async fn call(&self) -> Result<()> {
        let response = self
            .client
            .post(format!(
                "{}/CRM/Buyer/M30011/{}/LoanPromise",
                self.base_url, self.contact
            ))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, self.media_type.clone())
            .header(CONTENT_TYPE, self.media_type.clone())
            .body(self.body.clone())
            .send()
            .await?
            .error_for_status()?;
        let answer = response.bytes().await?;
        (!answer.is_empty()).then_some(()).ok_or_else(|| "no answer".into())
    }
}

/// reqwest alone has no TLS of its own in this build: what its user would do.
fn install_provider() {
    // Fails where one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Does one thing `count` times, for valgrind.
pub(crate) fn work(what: &str, url: &str, count: usize) -> Result<()> {
    install_provider();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let media_type = if what.ends_with("xml") {
        MediaType::Xml
    } else {
        MediaType::Json
    };
    runtime.block_on(async {
        match what {
            "ours-json" | "ours-xml" => {
                let ours = Ours::new(url, media_type)?;
                for _ in 0..count {
                    ours.call().await?;
                }
            }
            "bare-json" | "bare-xml" => {
                let bare = Bare::new(url, media_type)?;
                for _ in 0..count {
                    bare.call().await?;
                }
            }
            "ours-idle" => (0..count).try_for_each(|_| Ours::new(url, media_type).map(|it| mem::forget(it.client)))?,
            "bare-idle" => (0..count).try_for_each(|_| Bare::new(url, media_type).map(|it| mem::forget(it.client)))?,
            _ => return Err(format!("no work {what}").into()),
        }
        Ok(())
    })
}

/// What a call takes with `ours` and `bare`, in JSON or XML.
pub(crate) fn costs(format: &str) -> Result<(Cost, Cost)> {
    let server = Server::start()?;
    let of = |who: &str| cost(&["call", &format!("{who}-{format}"), &server.url], 20, 220);
    Ok((of("ours")?, of("bare")?))
}

pub(crate) fn report() -> Result<()> {
    println!("\n| a call | by | instructions | ratio | allocations | more | bytes allocated |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    for format in ["json", "xml"] {
        let (ours, bare) = costs(format)?;
        for (name, it) in [("bare reqwest", bare), ("vitec-connect", ours)] {
            println!(
                "| {format} | {name} | {:.0} | {:.3} | {:.1} | {:.1} | {:.0} |",
                it.instructions,
                it.instructions / bare.instructions,
                it.allocations,
                it.allocations - bare.allocations,
                it.allocated_bytes,
            );
        }
    }
    memory()?;
    throughput()
}

fn memory() -> Result<()> {
    install_provider();
    let server = Server::start()?;
    let idle = |who: &str| valgrind::cost(&["call", who, &server.url], 2, 12).map(|it| it.held_bytes / 1024.0);
    let (ours, bare) = (
        Ours::new(&server.url, MediaType::Json)?,
        Bare::new(&server.url, MediaType::Json)?,
    );
    println!("\n| memory | vitec-connect | bare reqwest |");
    println!("|---|--:|--:|");
    println!(
        "| an idle client | {:.0} KiB | {:.0} KiB |",
        idle("ours-idle")?,
        idle("bare-idle")?
    );
    println!(
        "| a call's future | {} bytes | {} bytes |",
        mem::size_of_val(&ours.call()),
        mem::size_of_val(&bare.call())
    );
    Ok(())
}

/// Calls a second of both, taking turns.
fn throughput() -> Result<()> {
    const ROUNDS: usize = 9;
    const CALLS: usize = 6_000;
    let server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("\n| in flight | vitec-connect, calls a second | bare reqwest | ratio |");
    println!("|--:|--:|--:|--:|");
    for in_flight in [1, 8, 64] {
        let ours = Ours::new(&server.url, MediaType::Json)?;
        let bare = Bare::new(&server.url, MediaType::Json)?;
        let mut rounds = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        for round in 0..=ROUNDS {
            let each = CALLS / in_flight;
            let time = |who: usize| -> Result<f64> {
                let started = Instant::now();
                runtime.block_on(async {
                    let mut tasks = Vec::new();
                    for _ in 0..in_flight {
                        let (ours, bare) = (ours.clone(), bare.clone());
                        tasks.push(tokio::spawn(async move {
                            for _ in 0..each {
                                match who {
                                    0 => ours.call().await?,
                                    _ => bare.call().await?,
                                }
                            }
                            Result::Ok(())
                        }));
                    }
                    for task in tasks {
                        task.await??;
                    }
                    Result::Ok(())
                })?;
                Ok((each * in_flight) as f64 / started.elapsed().as_secs_f64())
            };
            // Whoever goes first takes turns too; the first round makes the connections.
            let (first, second) = (round % 2, 1 - round % 2);
            let mut speeds = [0.0; 2];
            speeds[first] = time(first)?;
            speeds[second] = time(second)?;
            if round > 0 {
                rounds[0].push(speeds[0]);
                rounds[1].push(speeds[1]);
                ratios.push(speeds[0] / speeds[1]);
            }
        }
        let median = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[ROUNDS / 2]
        };
        println!(
            "| {in_flight} | {:.0} | {:.0} | {:.2} |",
            median(&mut rounds[0]),
            median(&mut rounds[1]),
            median(&mut ratios)
        );
    }
    Ok(())
}
