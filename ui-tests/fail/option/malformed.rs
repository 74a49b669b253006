#![allow(unused)]

struct ChatHub;

#[signalr::hub(rename_all, receiver = "ChatClient")]
impl ChatHub {
    #[hub]
    fn bare(&self) {}

    #[hub(name = send)]
    fn word(&self) {}

    #[hub(name = "")]
    fn empty(&self) {}

    #[hub(name = "a" spawn)]
    fn no_comma(&self) {}

    #[hub(spawn)]
    #[hub(spawn)]
    fn twice(&self) {}

    #[hub(cancel = never)]
    async fn cancel(&self) {}

    #[hub("name")]
    fn text(&self) {}
}

fn main() {}
