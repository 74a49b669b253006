#![allow(unused)]

use signalr::{CloseReason, Context};

struct ChatHub;

#[signalr::hub]
impl ChatHub {
    async fn on_connected(&self, ctx: Context<Self>, reason: CloseReason) {}
    async fn on_disconnected(&self, name: String, ctx: Context<Self>, again: Context<Self>) {}
    async fn on_authentication_refreshed(&self, ctx: Context<Self>, user: signalr::User) {}
}

fn main() {}
