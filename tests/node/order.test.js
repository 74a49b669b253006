import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, overEveryTransport, received, unique } from "./support/client.js";

const upTo = (count) => Array.from({ length: count }, (_, index) => index);

overEveryTransport("order", (way) => {
  test("SendMany's messages arrive in order, before its completion", async (t) => {
    const connection = await connect(t, way);
    const numbers = [];
    connection.on("Numbered", (number) => numbers.push(number));
    await connection.invoke("SendMany", 5_000);
    assert.deepEqual(numbers, upTo(5_000));
  });

  test("calls sent without waiting are answered in order", async (t) => {
    const connection = await connect(t, way);
    const answered = [];
    await Promise.all(
      upTo(500).map((number) => connection.invoke("Add", number, 0).then((answer) => answered.push(answer))),
    );
    assert.deepEqual(answered, upTo(500));
  });

  test("a slow call holds back those behind it", async (t) => {
    const connection = await connect(t, way);
    const answered = [];
    const note = (answer) => answered.push(answer);
    await Promise.all([
      connection.invoke("Slow", 50).then(note),
      connection.invoke("Echo", "second").then(note),
      connection.invoke("Slow", 1).then(note),
      connection.invoke("Echo", "fourth").then(note),
    ]);
    assert.deepEqual(answered, ["slept 50", "second", "slept 1", "fourth"]);
  });

  test("where four calls may run at once, a quick one overtakes a slow one", async (t) => {
    const connection = await connect(t, { ...way, path: "/conformance-detailed" });
    const answered = [];
    const note = (answer) => answered.push(answer);
    await Promise.all([
      connection.invoke("Slow", 300).then(note),
      connection.invoke("Echo", "quick").then(note),
    ]);
    assert.deepEqual(answered, ["quick", "slept 300"]);
  });

  test("a client's effects come in the order in which it asked for them", async (t) => {
    const sender = await connect(t, way);
    const receiver = await connect(t, way);
    const group = unique("group");
    await receiver.invoke("JoinGroup", group);
    for (const number of upTo(200)) {
      sender.send("SendToGroup", group, String(number));
    }
    await sender.invoke("DoNothing");
    assert.deepEqual(await received(receiver), upTo(200).map(String));
  });

  test("each client may be slow for itself alone", async (t) => {
    const slow = await connect(t, way);
    const quick = await connect(t, way);
    const answered = [];
    const slept = slow.invoke("Slow", 300).then((answer) => answered.push(answer));
    answered.push(await quick.invoke("Echo", "quick"));
    await slept;
    assert.deepEqual(answered, ["quick", "slept 300"]);
  });
});
