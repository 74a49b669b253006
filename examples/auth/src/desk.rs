//! The hub: every caller is somebody.

use signalr::{Context, HubError, hub, receiver};

/// What the hub calls on its clients.
#[receiver]
pub(crate) trait DeskClient {
    /// A message from another user.
    async fn told(&self, from: String, text: String);
    /// The client has renewed its token.
    async fn renewed(&self);
}

pub(crate) struct Desk;

#[hub(receiver = DeskClient)]
impl Desk {
    async fn on_authentication_refreshed(&self, ctx: Context<Self>) {
        ctx.clients().caller().renewed().await;
    }

    fn who_am_i(&self, ctx: Context<Self>) -> String {
        ctx.user_id().unwrap_or_default().to_owned()
    }

    fn my_roles(&self, ctx: Context<Self>) -> Vec<String> {
        let user = ctx.user().unwrap_or_default();
        user.claims().filter(|(name, _)| *name == "role").map(|(_, role)| role.to_owned()).collect()
    }

    /// Reaches a user wherever that is connected.
    async fn tell(&self, ctx: Context<Self>, user: String, text: String) {
        let from = ctx.user_id().unwrap_or_default();
        ctx.clients().user(user).told(from, text).await;
    }

    fn close_the_desk(&self, ctx: Context<Self>) -> Result<&'static str, HubError> {
        match ctx.user() {
            Some(user) if user.has_claim("role", "admin") => Ok("closed"),
            _ => Err(HubError::public("only an admin may do that")),
        }
    }
}
