//! The programs work. What their difference says about sizes is measured of release builds, by `cargo xtask size`; here it is
//! only shown, of whatever build this is.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The answer to a negotiation.
fn negotiated(program: &str) -> String {
    let mut program = Program(Command::new(program).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut stream = TcpStream::connect(line.trim().strip_prefix("listening on http://").unwrap()).unwrap();
    let request = "POST /hub/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                   Content-Length: 0\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn all_programs_serve_their_hub() {
    let programs = [env!("CARGO_BIN_EXE_one"), env!("CARGO_BIN_EXE_each"), env!("CARGO_BIN_EXE_hundred")];
    for program in programs {
        let answer = negotiated(program);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"connectionToken\""), "{answer}");
    }
    let [one, each, hundred] = programs.map(|program| fs::metadata(program).unwrap().len() / 1000);
    println!(
        "with one method {one} KB, with one of each kind {each} KB, with 100 methods {hundred} KB, as built for tests"
    );
}
