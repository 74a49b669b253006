use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Mutex;

struct Store<T>(Mutex<T>);

#[signalr::hub]
impl<T> Store<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn get(&self) -> T {
        self.0.lock().unwrap().clone()
    }

    fn set(&self, value: T) {
        *self.0.lock().unwrap() = value;
    }
}

fn main() {
    assert_eq!(<Store<u32> as signalr::HubMethods>::METHODS.len(), 2);
}
