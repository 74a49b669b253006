//! Values of `client`.
use signalr::hub;

struct First;

#[hub(client = everybody)]
impl First {}

struct Second;

#[hub(client =)]
impl Second {}

struct Third;

#[hub(client, client = pub)]
impl Third {}

fn main() {}
