//! The hub. Nothing in it knows on which server somebody is.

use signalr::{Context, HubError, hub, receiver};

const ROOM: &str = "room";

/// What the servers call on people's clients.
#[receiver]
pub(crate) trait RoomClient {
    async fn said(&self, name: String, text: String);
}

pub(crate) struct RoomHub {
    /// Where this server is.
    pub(crate) address: String,
}

#[hub(receiver = RoomClient, client = pub(crate))]
impl RoomHub {
    /// From when this has ended, what is said on any server arrives.
    async fn on_connected(&self, ctx: Context<Self>) -> Result<(), HubError> {
        ctx.join(ROOM)?.await?;
        Ok(())
    }

    /// Says something to everybody on all servers, or tells that it cannot.
    async fn say(&self, ctx: Context<Self>, name: String, text: String) -> Result<(), HubError> {
        let receipt = ctx.clients().group(ROOM).said(name, text).await;
        match receipt.error {
            None => Ok(()),
            Some(_) => Err(HubError::public("the servers cannot reach each other now; try again")),
        }
    }

    /// Who is there, as far as the servers answer.
    async fn who(&self, ctx: Context<Self>) -> String {
        let people = ctx.groups().member_count(ROOM).await;
        let (count, servers, here) = (people.value, people.servers, &self.address);
        let beyond = match people.missing {
            Some(0) => String::new(),
            Some(missing) => format!("; {missing} more servers do not answer"),
            None => "; nobody knows how many servers there are".to_owned(),
        };
        format!("{count} here on {servers} servers{beyond}; yours is {here}")
    }
}
