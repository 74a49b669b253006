import assert from "node:assert/strict";
import { test } from "node:test";

import { Subject } from "@microsoft/signalr";

import { connect, failure, overEveryTransport } from "./support/client.js";
import { collect, sendAll } from "./support/streams.js";

overEveryTransport("streams to the server", (way) => {
  test("Sum adds what is sent", async (t) => {
    const connection = await connect(t, way);
    const numbers = new Subject();
    const sum = connection.invoke("Sum", numbers);
    sendAll(numbers, [1, 2, 3, -10]);
    assert.equal(await sum, -4);
  });

  test("an upload may be empty", async (t) => {
    const connection = await connect(t, way);
    const numbers = new Subject();
    const sum = connection.invoke("Sum", numbers);
    sendAll(numbers, []);
    assert.equal(await sum, 0);
  });

  test("a long upload arrives whole", async (t) => {
    const connection = await connect(t, way);
    const numbers = new Subject();
    const sum = connection.invoke("Sum", numbers);
    sendAll(numbers, Array.from({ length: 5_000 }, (_, index) => index));
    assert.equal(await sum, 12_497_500);
  });

  test("Concat keeps the order", async (t) => {
    const connection = await connect(t, way);
    const texts = new Subject();
    const whole = connection.invoke("Concat", texts);
    sendAll(texts, ["h", "e", "l", "l", "ö", " 🦀"]);
    assert.equal(await whole, "hellö 🦀");
  });

  test("TwoStreams keeps two uploads and a plain argument apart", async (t) => {
    const connection = await connect(t, way);
    const [left, right] = [new Subject(), new Subject()];
    const sums = connection.invoke("TwoStreams", left, "sums", right);
    right.next(10);
    left.next(1);
    right.next(20);
    left.next(2);
    left.complete();
    right.next(30);
    right.complete();
    assert.equal(await sums, "sums:3:60");
  });

  test("an error of the client's stream reaches the method", async (t) => {
    const connection = await connect(t, way);
    const numbers = new Subject();
    const sum = connection.invoke("Sum", numbers);
    numbers.next(1);
    numbers.error(new Error("out of numbers"));
    assert.equal(
      (await failure(sum)).message,
      "An unexpected error occurred invoking 'Sum' on the server. HubException: out of numbers",
    );
  });

  test("an item of a wrong type fails the upload", async (t) => {
    const connection = await connect(t, way);
    const numbers = new Subject();
    const sum = connection.invoke("Sum", numbers);
    numbers.next("one");
    assert.equal(
      (await failure(sum)).message,
      "An unexpected error occurred invoking 'Sum' on the server. HubException: Failed to bind Stream message.",
    );
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });

  test("Upper answers each item while more are sent", async (t) => {
    const connection = await connect(t, way);
    const texts = new Subject();
    const answers = [];
    await new Promise((resolve, reject) => {
      connection.stream("Upper", texts).subscribe({
        next: (answer) => {
          answers.push(answer);
          if (answers.length === 3) {
            texts.complete();
          } else {
            texts.next("b".repeat(answers.length));
          }
        },
        complete: resolve,
        error: reject,
      });
      texts.next("a");
    });
    assert.deepEqual(answers, ["A", "B", "BB"]);
  });

  test("Upper ends when its upload ends", async (t) => {
    const connection = await connect(t, way);
    const texts = new Subject();
    const answers = collect(connection.stream("Upper", texts));
    sendAll(texts, ["x", "ä"]);
    assert.deepEqual(await answers, { items: ["X", "Ä"], error: undefined });
  });

  test("several uploads run at once", async (t) => {
    const connection = await connect(t, way);
    const subjects = Array.from({ length: 5 }, () => new Subject());
    const sums = subjects.map((subject) => connection.invoke("Sum", subject));
    subjects.forEach((subject) => subject.next(1));
    subjects.reverse().forEach((subject) => sendAll(subject, [2]));
    assert.deepEqual(await Promise.all(sums), [3, 3, 3, 3, 3]);
  });
});
