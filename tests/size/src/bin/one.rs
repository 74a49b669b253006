//! A hub of one method, to compare with.

use signalr::hub;
use size::serve;

struct EchoHub;

#[hub]
impl EchoHub {
    fn echo(&self, text: String) -> String {
        text
    }
}

fn main() -> std::io::Result<()> {
    serve(EchoHub)
}
