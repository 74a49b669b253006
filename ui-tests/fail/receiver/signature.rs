#![allow(unused)]

#[signalr::receiver]
trait ChatClient<T> {
    const LIMIT: usize = 3;
    fn plain(&self, text: String);
    async fn generic<U>(&self, value: U);
    async fn anything(&self, value: impl Send);
    async fn mutable(&mut self);
    async fn none();
    #[receiver(latest)]
    async fn answer(&self) -> u32;
}

fn main() {}
