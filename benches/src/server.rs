//! The cheapest server that answers like Vitec Connect: both clients are measured against it, in a process of its own.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::Result;

const JSON: (&str, &str) = ("json", "\"ok\"");
const XML: (&str, &str) = (
    "xml",
    "<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">ok</string>",
);

/// Prints its URL and answers until it is killed.
pub(crate) fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    answer_all(&listener, |_| {})
}

/// The same in this process, for as long as that lives: its URL. It hears each body as it comes.
pub(crate) fn hear(heard: impl Fn(&[u8]) + Clone + Send + 'static) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || answer_all(&listener, heard));
    Ok(url)
}

fn answer_all(listener: &TcpListener, heard: impl Fn(&[u8]) + Clone + Send + 'static) -> Result<()> {
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        let heard = heard.clone();
        // A connection that ends is no matter.
        thread::spawn(move || answer(&stream, heard));
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, heard: impl Fn(&[u8])) -> std::io::Result<()> {
    let mut input = BufReader::new(stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let (mut length, mut answer) = (0, JSON);
        loop {
            line.clear();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let lower = line.trim_end().to_ascii_lowercase();
            match lower.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap_or(0),
                Some(("accept", "application/xml")) => answer = XML,
                _ if lower.is_empty() => break,
                _ => {}
            }
        }
        body.resize(length, 0);
        input.read_exact(&mut body)?;
        heard(&body);
        let (kind, text) = answer;
        let length = text.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/{kind}; charset=utf-8\r\nContent-Length: {length}");
        stream.write_all(format!("{head}\r\n\r\n{text}").as_bytes())?;
    }
}

/// A server in a process of its own, which ends with this.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg("serve")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut url)?;
        Ok(Self {
            process,
            url: url.trim().to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
