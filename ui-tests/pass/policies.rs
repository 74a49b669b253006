//! Every form of a policy.

use signalr::{Caller, HubCall, HubError, Request};
use std::marker::PhantomData;

struct Store<T>(PhantomData<T>);

fn anybody(_: &Request) -> bool {
    true
}

async fn later(_: &Request) -> Result<(), HubError> {
    Ok(())
}

fn admins(caller: &Caller) -> bool {
    caller.user_id() == Some("admin")
}

async fn first_is_one(call: &HubCall) -> Result<(), HubError> {
    std::future::ready(()).await;
    if call.arguments().get::<u32>(0)? == 1 { Ok(()) } else { Err(HubError::public("not one")) }
}

fn named(name: &'static str) -> impl Fn(&Caller) -> bool {
    move |caller| caller.user_id() == Some(name)
}

fn known(caller: &Caller) -> impl Future<Output = bool> + use<> {
    std::future::ready(caller.user_id().is_some())
}

mod policies {
    pub fn of<T>(_: &super::HubCall) -> Result<(), super::HubError> {
        Ok(())
    }
}

#[signalr::hub(authorize = anybody)]
impl<T: Send + Sync + 'static> Store<T> {
    #[hub(skip)]
    fn own(_: &Caller) -> bool {
        true
    }

    #[hub(authorize = admins)]
    fn one(&self) {}

    #[hub(authorize = first_is_one, spawn)]
    async fn two(&self, number: u32) -> u32 {
        number
    }

    #[hub(authorize = named("ann"))]
    fn three(&self) {}

    #[hub(authorize = policies::of::<u32>)]
    fn four(&self) {}

    #[hub(authorize = Self::own)]
    fn five(&self) {}

    #[hub(authorize = known)]
    fn six(&self) {}

    #[hub(authorize = anybody)]
    fn seven(&self) {}
}

struct Other;

#[signalr::hub(authorize = later)]
impl Other {}

fn main() {
    let _ = (signalr::Hub::new("Store", Store(PhantomData::<u8>)), signalr::Hub::new("Other", Other));
}
