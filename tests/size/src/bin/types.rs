//! A hub of one method, and serde_json for the types of the hub of a hundred: what those types cost without any hub.

use serde::Serialize;
use serde::de::DeserializeOwned;
use signalr::hub;
use size::{
    Activity, Attachment, Board, Card, Color, Comment, Filter, Hits, Label, List, Member, Place, Pointer, Report, Role,
    Settings, Task, Webhook, serve,
};
use std::collections::BTreeMap;
use std::hint::black_box;

struct EchoHub;

#[hub]
impl EchoHub {
    fn echo(&self, text: String) -> String {
        text
    }
}

fn read<T: DeserializeOwned>() {
    drop(black_box(serde_json::from_str::<T>(black_box("null"))));
}

fn write<T: Serialize + Default>() {
    drop(black_box(serde_json::to_vec(black_box(&T::default()))));
}

macro_rules! all {
    ($function:ident: $($type:ty,)+) => { $($function::<$type>();)+ };
}

fn main() -> std::io::Result<()> {
    all! {
        read: u64, u32, usize, f64, bool, char, String, Option<u64>, Option<usize>, Option<String>, Option<Settings>,
        Option<Place>, Vec<u64>, Vec<usize>, Vec<String>, Vec<Card>, Vec<Label>, Settings, Card, Place, Comment, Role, Label,
        Color, Task, Filter, Pointer, Webhook,
    }
    all! {
        write: (), u64, usize, f64, bool, i32, String, Option<String>, Option<Activity>, (u64, u64), (Card, Card), Vec<u64>,
        Vec<bool>, Vec<String>, Vec<Board>, Vec<List>, Vec<Card>, Vec<Comment>, Vec<Member>, Vec<Label>, Vec<Color>,
        Vec<Task>, Vec<Attachment>, Vec<Webhook>, Vec<(u64, usize)>, Vec<(String, Filter)>, BTreeMap<u64, usize>, Board,
        Settings, List, Card, Place, Comment, Member, Role, Label, Task, Attachment, Hits, Pointer, Activity, Report,
    }
    serve(EchoHub)
}
