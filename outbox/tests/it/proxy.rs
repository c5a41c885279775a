//! A proxy between the outbox and PostgreSQL, in which a network fails as a test wants it to.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use crate::stores::Place;

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Works,
    /// Nothing is connected, and nothing connects.
    Cut,
    /// What is connected stays so, and what connects is taken; nothing is carried.
    Silent,
}

/// What happens to a COMMIT and its connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Commit {
    /// Lost on the way: nothing is committed.
    Lost,
    /// Done, and its acknowledgement lost.
    Unheard,
    /// Done so long after the client has seen its connection break.
    Late(Duration),
}

pub(crate) struct Proxy {
    port: u16,
    name: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: PathBuf,
    network: watch::Sender<Network>,
    /// What is to happen to the COMMIT that comes after so many others.
    next: Mutex<Option<(u32, Commit)>>,
    /// How many faults of a COMMIT are over.
    over: watch::Sender<u32>,
    connections: watch::Sender<usize>,
}

impl Proxy {
    /// In front of a place's database.
    pub(crate) async fn before(place: &Place) -> Self {
        let (name, folder) = crate::postgres::parts(place);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server: Path::new(&folder).join(".s.PGSQL.5432"),
            network: watch::Sender::new(Network::Works),
            next: Mutex::default(),
            over: watch::Sender::new(0),
            connections: watch::Sender::new(0),
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&accepting);
                // Either end may break off at any time.
                tokio::spawn(async move {
                    shared.connections.send_modify(|it| *it += 1);
                    _ = carry(client, &shared).await;
                    shared.connections.send_modify(|it| *it -= 1);
                });
            }
        });
        Self { port, name, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/{}?sslmode=disable",
            self.port, self.name
        )
    }

    pub(crate) fn is(&self, network: Network) {
        self.shared.network.send_replace(network);
    }

    /// Until there are so many connections.
    pub(crate) async fn connections(&self, count: usize) {
        let mut connections = self.shared.connections.subscribe();
        connections.wait_for(|it| *it == count).await.unwrap();
    }

    /// Cuts everything for so long.
    pub(crate) async fn outage(&self, length: Duration) {
        self.is(Network::Cut);
        tokio::time::sleep(length).await;
        self.is(Network::Works);
    }

    /// Does something to one COMMIT, after so many others; to be waited for with [`over`](Self::over).
    pub(crate) fn commit(&self, after: u32, what: Commit) {
        *self.shared.next.lock().unwrap() = Some((after, what));
    }

    /// Until that has happened so often.
    pub(crate) async fn over(&self, times: u32) {
        let mut over = self.shared.over.subscribe();
        over.wait_for(|it| *it >= times).await.unwrap();
    }
}

/// Carries one connection, message by message towards the server.
async fn carry(mut client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut network = shared.network.subscribe();
    if *network.borrow_and_update() == Network::Cut {
        return Ok(());
    }
    let mut server = UnixStream::connect(&shared.server).await?;
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    let mut greeted = false;
    loop {
        while *network.borrow_and_update() == Network::Silent {
            network.changed().await.map_err(std::io::Error::other)?;
        }
        if *network.borrow() == Network::Cut {
            return Ok(());
        }
        tokio::select! {
            biased;
            changed = network.changed() => changed.map_err(std::io::Error::other)?,
            read = client.read_buf(&mut asked) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(message) = take_message(&mut asked, greeted) {
                    // It may ask for TLS first.
                    greeted |= message.get(4..8) != Some(&80_877_103_u32.to_be_bytes());
                    if message.starts_with(b"Q") && message.ends_with(b"COMMIT\0")
                        && let Some(what) = shared.due()
                    {
                        let done = fail(what, message, client, server).await;
                        shared.over.send_modify(|it| *it += 1);
                        return done;
                    }
                    server.write_all(&message).await?;
                }
            }
            read = server.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                client.write_all(&answered).await?;
                answered.clear();
            }
        }
    }
}

impl Shared {
    fn due(&self) -> Option<Commit> {
        let mut next = self.next.lock().unwrap();
        match &mut *next {
            Some((0, _)) => next.take().map(|(_, what)| what),
            Some((others, _)) => {
                *others -= 1;
                None
            }
            None => None,
        }
    }
}

async fn fail(what: Commit, message: Vec<u8>, client: TcpStream, mut server: UnixStream) -> std::io::Result<()> {
    let wait = match what {
        Commit::Lost => return Ok(()),
        Commit::Unheard => Duration::ZERO,
        Commit::Late(wait) => wait,
    };
    let client = match wait.is_zero() {
        true => Some(client),
        false => None,
    };
    tokio::time::sleep(wait).await;
    server.write_all(&message).await?;
    // Until it is done: the server is ready for the next.
    let mut answered = Vec::new();
    while !answered.ends_with(b"Z\0\0\0\x05I") {
        if server.read_buf(&mut answered).await? == 0 {
            break;
        }
    }
    drop(client);
    Ok(())
}

/// A whole message, if there is one. The first has no letter.
fn take_message(bytes: &mut Vec<u8>, greeted: bool) -> Option<Vec<u8>> {
    let letter = usize::from(greeted);
    let length: [u8; 4] = bytes.get(letter..letter + 4)?.try_into().ok()?;
    let end = letter + u32::from_be_bytes(length) as usize;
    (bytes.len() >= end).then(|| bytes.drain(..end).collect())
}
