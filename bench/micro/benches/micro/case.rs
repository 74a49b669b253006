//! One thing that is measured.

use std::hint::black_box;

/// Does its work as often as it is told.
pub(crate) type Operation = Box<dyn FnMut(u64)>;

/// A benchmark: something that can be done again and again.
pub(crate) struct Case {
    pub(crate) name: String,
    /// How often it is done while instructions are counted.
    pub(crate) times: u64,
    /// Makes everything that it needs. What is done here is not measured.
    pub(crate) prepare: Box<dyn Fn() -> Operation + Sync>,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, times: u64, prepare: impl Fn() -> Operation + Sync + 'static) -> Self {
        Case { name: name.into(), times, prepare: Box::new(prepare) }
    }

    /// A function without a set-up.
    pub(crate) fn of<T: 'static>(
        name: impl Into<String>,
        prepare: impl Fn() -> T + Sync + 'static,
        work: fn(&mut T),
    ) -> Self {
        Case::new(name, 1000, move || {
            let mut state = prepare();
            Box::new(move |times| {
                for _ in 0..times {
                    work(black_box(&mut state));
                }
            })
        })
    }
}
