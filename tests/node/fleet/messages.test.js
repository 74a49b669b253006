import assert from "node:assert/strict";
import { test } from "node:test";

import { FlakyRelay } from "../../support/flaky-relay.mjs";
import { connect, unique } from "../support/client.js";
import { Fleet, canStart, connectTo, fourClients } from "../support/fleet.js";

const fleet = canStart && (await Fleet.start());

fleet?.describe("messages", (way) => {
  test("texts of all kinds", async (t) => {
    const { a, ...others } = await fourClients(t, way);
    const texts = [
      "",
      "äöü ß 你好",
      "🦀👩‍👩‍👧‍👦",
      '\u0000\u001e\n\r\t"\\/',
      "\u2028\u2029",
      "<a href='x'>&+</a>",
      "x".repeat(30_000),
    ];
    for (const text of texts) {
      await a.invoke("SendToOthers", text);
    }
    for (const client of Object.values(others)) {
      assert.deepEqual(await client.inbox.take(texts.length), texts);
    }
  });

  test("500 messages keep their order, to all and to a group", async (t) => {
    const { a, ...others } = await fourClients(t, way);
    const [group, mark] = [unique("group"), unique("n")];
    const numbers = Array.from({ length: 500 }, (_, number) => `${mark} ${number}`);
    for (const send of [(text) => a.send("SendToOthers", text), (text) => a.send("SendToGroup", group, text)]) {
      for (const text of numbers) {
        send(text);
      }
      for (const client of Object.values(others)) {
        assert.deepEqual(await client.inbox.take(500), numbers);
      }
      await Promise.all(Object.values(others).map((client) => client.invoke("JoinGroup", group)));
    }
  });

  test("two servers that send at once each keep their order", async (t) => {
    const clients = await fourClients(t, way);
    const { a, c } = clients;
    const numbers = Array.from({ length: 300 }, (_, number) => number);
    for (const number of numbers) {
      a.send("SendToAll", `a ${number}`);
      c.send("SendToAll", `c ${number}`);
    }
    for (const client of Object.values(clients)) {
      const heard = await client.inbox.take(600);
      for (const sender of ["a", "c"]) {
        const ofOne = heard.filter((text) => text.startsWith(sender));
        assert.deepEqual(ofOne, numbers.map((number) => `${sender} ${number}`));
      }
    }
  });

  test("whoever joins a group gets what is sent to it afterwards", async (t) => {
    const { a, c } = await fourClients(t, way);
    for (let round = 0; round < 50; round++) {
      const [group, message] = [unique("group"), unique("joined")];
      await c.invoke("JoinGroup", group);
      await a.invoke("SendToGroup", group, message);
      assert.equal(await c.inbox.next(), message);
    }
  });

  test("whoever connects can be reached", async (t) => {
    const { a } = await fourClients(t, way);
    for (let round = 0; round < 20; round++) {
      const message = unique("connected");
      const late = await connectTo(t, way.there, { query: { group: message } });
      await a.invoke("SendToClient", late.connectionId, message);
      assert.equal(await late.inbox.next(), message);
      await a.invoke("SendToGroup", message, "group");
      assert.equal(await late.inbox.next(), "group");
      await late.stop();
    }
  });

  test("watchers on both servers learn who has gone", async (t) => {
    const watch = { query: { watch: "" } };
    const { a, b, c, d } = await fourClients(t, way, {}, { a: watch, d: watch });
    const gone = (watcher, id) =>
      new Promise((resolve) => watcher.on("Gone", (who, reason) => who === id && resolve(reason)));
    for (const leaver of [b, c]) {
      const told = [gone(a, leaver.connectionId), gone(d, leaver.connectionId)];
      await leaver.stop();
      assert.deepEqual(await Promise.all(told), [null, null]);
    }
  });

  test("stateful reconnect loses and repeats nothing that the other server sends", async (t) => {
    const relay = await FlakyRelay.start(way.there.url, { seed: 1, cuts: 30, most: 3_000 });
    t.after(() => relay.stop());
    const path = "/conformance-stateful";
    const sender = await connectTo(t, way.here, { protocol: way.protocol, path });
    const receiver = await connect(t, { base: relay.url, protocol: way.protocol, path, stateful: true });
    const id = receiver.connectionId;
    const end = receiver.closed.then((error) => Promise.reject(new Error(`the connection ended: ${error}`)));
    const group = unique("group");
    await receiver.invoke("JoinGroup", group);
    receiver.on("Answer", (question) => `re: ${question}`);
    const sent = [];
    const work = async () => {
      while (relay.cutsLeft > 0) {
        const number = sent.length;
        sent.push(`message ${number}`);
        await Promise.all([
          sender.invoke("SendToGroup", group, sent.at(-1)),
          receiver.invoke("Echo", `${number}`),
        ]);
        assert.equal(await sender.invoke("AskClient", id, sent.at(-1)), `re: ${sent.at(-1)}`);
      }
    };
    await Promise.race([work(), end]);
    end.catch(() => {});
    const last = unique("last");
    await sender.invoke("SendToGroup", group, last);
    assert.deepEqual(await receiver.inbox.until(last), sent);
    assert.equal(receiver.connectionId, id);
  });
});
