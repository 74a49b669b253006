//! A chat in the terminal, in the rooms of the chat example: people in browsers and in terminals talk to each other.
//!
//! ```sh
//! cargo run --package chat                         # in one terminal
//! cargo run --package terminal-chat -- ann lobby   # in others; a third argument is the URL of the hub
//! ```

use signalr::{ClientError, ConnectionEvent, RetryPolicy, hub, receiver};
use std::env;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::sync::{mpsc, oneshot};

/// The hub, as its clients need to know it: a trait is enough where its code is elsewhere.
#[hub(receiver = ChatClient)]
trait ChatHub {
    async fn join(&self, name: String, room: String) -> Vec<String>;
    async fn send(&self, text: String);
    async fn ask_room(&self, question: String) -> usize;
}

/// What the hub calls on its clients.
#[receiver]
trait ChatClient {
    async fn receive_message(&self, user: String, text: String);
    async fn members(&self, names: Vec<String>);
    async fn upload_progress(&self, bytes: u64);
    async fn confirm(&self, question: String) -> bool;
}

/// A question that somebody has asked, and where the answer goes.
type Question = (String, oneshot::Sender<bool>);

struct Terminal {
    questions: mpsc::Sender<Question>,
}

impl ChatClient for Terminal {
    async fn receive_message(&self, user: String, text: String) {
        println!("{user}: {text}");
    }

    async fn members(&self, names: Vec<String>) {
        println!("* in this room: {}", names.join(", "));
    }

    async fn upload_progress(&self, _bytes: u64) {}

    async fn confirm(&self, question: String) -> bool {
        let (answer, answered) = oneshot::channel();
        // Without an answer, because the terminal has gone, it is a no.
        let _ = self.questions.send((question, answer)).await;
        answered.await.unwrap_or(false)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(name), Some(room)) = (arguments.next(), arguments.next()) else {
        return Err("usage: terminal-chat NAME ROOM [URL]".into());
    };
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:5000/chat".to_owned());
    let (questions, asked) = mpsc::channel(10);
    let chat = ChatHubClient::builder(url)
        .receiver(Terminal { questions })
        .reconnect(RetryPolicy::forever())
        // The server knows nothing of a connection that was lost: each new one joins the room again.
        .on_connected(move |chat: ChatHubClient| {
            let (name, room) = (name.clone(), room.clone());
            async move { chat.join(name, room).await.map(drop) }
        })
        .on_event(|event| match event {
            ConnectionEvent::Reconnecting { error } => println!("* {error}; connecting again"),
            ConnectionEvent::Reconnected { .. } => println!("* connected again"),
            _ => {}
        })
        .connect()
        .await?;
    println!("* write to the room; /ask QUESTION asks everybody, /quit leaves");
    converse(&chat, asked).await?;
    chat.as_ref().stop().await;
    Ok(())
}

/// Takes lines from the terminal until it ends.
async fn converse(chat: &ChatHubClient, mut asked: mpsc::Receiver<Question>) -> std::io::Result<()> {
    let mut lines: Lines<BufReader<Stdin>> = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            Some((question, answer)) = asked.recv() => {
                println!("? {question} (yes or no)");
                let line = lines.next_line().await?.unwrap_or_default();
                // Whoever asked may not wait any more.
                let _ = answer.send(line.trim().to_lowercase().starts_with('y'));
            }
            line = lines.next_line() => match line?.as_deref().map(str::trim) {
                None | Some("/quit") => return Ok(()),
                Some("") => {}
                Some(line) => {
                    if let Err(error) = say(chat, line).await {
                        println!("* not sent: {error}");
                    }
                }
            }
        }
    }
}

async fn say(chat: &ChatHubClient, line: &str) -> Result<(), ClientError> {
    match line.strip_prefix("/ask ") {
        None => chat.send(line).await,
        Some(question) => {
            let count = chat.ask_room(question).await?;
            println!("* {count} said yes");
            Ok(())
        }
    }
}
