// The client's streams as values to compare.

/** Collects a stream: `{ items, error }`, with `error` undefined after a normal end. */
export function collect(stream) {
  const items = [];
  return new Promise((resolve) => {
    stream.subscribe({
      next: (item) => items.push(item),
      complete: () => resolve({ items, error: undefined }),
      error: (error) => resolve({ items, error: error.message }),
    });
  });
}

/** Sends every item of the subject, then its end. */
export function sendAll(subject, items) {
  items.forEach((item) => subject.next(item));
  subject.complete();
}
