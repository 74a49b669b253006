//! Keeps all numbers of this process.

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

/// One series: the sum of what was added, and what was recorded.
#[derive(Debug, Default)]
pub(crate) struct Series {
    sum: Mutex<f64>,
    recorded: Mutex<Vec<f64>>,
}

impl Series {
    fn add(&self, value: f64) {
        *self.sum.lock().unwrap() += value;
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, _value: u64) {
        unreachable!("counters only go up");
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, _value: f64) {
        unreachable!("gauges go up and down");
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.recorded.lock().unwrap().push(value);
    }
}

/// All series, by name and labels: `name{label="value",…}`, labels sorted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers {
    series: Arc<Mutex<BTreeMap<String, Arc<Series>>>>,
    units: Arc<Mutex<BTreeMap<String, Option<Unit>>>>,
}

static NUMBERS: LazyLock<Numbers> = LazyLock::new(|| {
    let numbers = Numbers::default();
    metrics::set_global_recorder(numbers.clone()).expect("the only recorder");
    numbers
});

/// Begins to keep numbers, if it was not begun already.
pub(crate) fn numbers() -> Numbers {
    NUMBERS.clone()
}

impl Numbers {
    fn get(&self, key: &Key) -> Arc<Series> {
        let mut labels: Vec<_> = key.labels().map(|label| format!("{}={:?}", label.key(), label.value())).collect();
        labels.sort();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        self.series.lock().unwrap().entry(name).or_default().clone()
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>) {
        self.units.lock().unwrap().insert(name.as_str().to_owned(), unit);
    }

    /// The sum of a counter or a gauge; 0 if there is none.
    pub(crate) fn sum(&self, series: &str) -> f64 {
        self.series.lock().unwrap().get(series).map_or(0.0, |series| *series.sum.lock().unwrap())
    }

    /// What was recorded in a histogram.
    pub(crate) fn recorded(&self, series: &str) -> Vec<f64> {
        self.series.lock().unwrap().get(series).map_or(Vec::new(), |series| series.recorded.lock().unwrap().clone())
    }

    /// The names of all series.
    pub(crate) fn names(&self) -> Vec<String> {
        self.series.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn unit(&self, name: &str) -> Option<Unit> {
        self.units.lock().unwrap().get(name).copied().flatten()
    }
}

impl Recorder for Numbers {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, _description: SharedString) {
        self.describe(&key, unit);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, _description: SharedString) {
        self.describe(&key, unit);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, _description: SharedString) {
        self.describe(&key, unit);
    }

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.get(key))
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.get(key))
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.get(key))
    }
}
