// Microsoft's client with stateful reconnect, over a network that keeps breaking.

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";

import { Subject } from "@microsoft/signalr";

import { FlakyRelay } from "../support/flaky-relay.mjs";
import { Relay } from "../support/relay.mjs";
import { connect, overBothProtocols, unique } from "./support/client.js";
import { serverUrl } from "./support/server.js";
import { collect } from "./support/streams.js";

const PATH = "/conformance-stateful";
/** In one test, for each protocol. */
const CUTS = 250;

overBothProtocols("stateful reconnect", (protocol) => {
  test("nothing is lost or repeated however often the network breaks", async (t) => {
    const relay = await FlakyRelay.start(serverUrl, { seed: protocol.length, cuts: CUTS, most: 6_000 });
    t.after(() => relay.stop());
    const connection = await connect(t, { protocol, path: PATH, base: relay.url, stateful: true });
    const observer = await connect(t, { protocol, path: PATH });
    const id = connection.connectionId;
    let ended;
    connection.closed.then((error) => (ended = `the connection ended: ${error}`));

    const group = unique("group");
    await connection.invoke("JoinGroup", group);
    await connection.invoke("SetItem", "kept", "item");
    const questions = [];
    connection.on("Answer", (question) => {
      questions.push(question);
      return `answer to ${question}`;
    });

    const going = () => !ended && relay.cutsLeft > 0;
    let turns = 0;
    const echoes = async () => {
      for (let number = 0; going(); number++) {
        const calls = Array.from({ length: 5 }, (_, index) => `${number}.${index} ${"x".repeat(number % 50)}`);
        assert.deepEqual(await Promise.all(calls.map((call) => connection.invoke("Echo", call))), calls);
        turns++;
      }
    };
    const downloads = async () => {
      for (let round = 0; going(); round++) {
        const { items, error } = await collect(connection.stream("Counter", 100, round % 3));
        assert.equal(error, undefined);
        assert.deepEqual(items, Array.from({ length: 100 }, (_, index) => index));
      }
    };
    const uploads = async () => {
      for (let round = 0; going(); round++) {
        const texts = new Subject();
        const whole = connection.invoke("Concat", texts);
        const sent = Array.from({ length: 50 }, (_, index) => `${round}.${index};`);
        for (const text of sent) {
          texts.next(text);
          if (Math.random() < 0.2) {
            await delay(1);
          }
        }
        texts.complete();
        assert.equal(await whole, sent.join(""));
      }
    };
    const both = async () => {
      for (let round = 0; going(); round++) {
        const texts = new Subject();
        const upper = collect(connection.stream("Upper", texts));
        const sent = Array.from({ length: 30 }, (_, index) => `t${round}.${index}`);
        for (const text of sent) {
          texts.next(text);
          await delay(1);
        }
        texts.complete();
        assert.deepEqual(await upper, { items: sent.map((text) => text.toUpperCase()), error: undefined });
      }
    };
    const asked = [];
    const asks = async () => {
      for (let number = 0; going(); number++) {
        asked.push(`question ${number}`);
        assert.equal(await observer.invoke("AskClient", id, asked.at(-1)), `answer to ${asked.at(-1)}`);
      }
    };
    const posted = [];
    const posts = async () => {
      for (let number = 0; going(); number++) {
        posted.push(`post ${number}`);
        await observer.invoke("SendToGroup", group, posted.at(-1));
        await delay(2);
      }
    };
    const pushed = [];
    const pushes = async () => {
      for (let number = 0; going(); number++) {
        await connection.send("SendToGroup", group, `push ${number}`);
        pushed.push(`push ${number}`);
        await delay(3);
      }
    };
    const work = Promise.all([echoes(), downloads(), uploads(), both(), asks(), posts(), pushes()]);
    const end = connection.closed.then((error) => Promise.reject(new Error(`the connection ended: ${error}`)));
    await Promise.race([work, end]);

    assert.equal(relay.cutsLeft, 0);
    assert.equal(connection.connectionId, id);
    assert.equal(await connection.invoke("GetConnectionId"), id);
    assert.equal(await connection.invoke("GetItem", "kept"), "item");
    assert.deepEqual(questions, asked);
    const last = unique("last");
    await connection.invoke("SendToCaller", last);
    const received = (await connection.inbox.until(last)).map(String);
    assert.deepEqual(received.filter((text) => text.startsWith("post")), posted);
    assert.deepEqual(received.filter((text) => text.startsWith("push")), pushed);
    assert.ok(turns > 0);
    end.catch(() => {});
  });

  test("calls under way go on and the hub is told nothing", async (t) => {
    const relay = await Relay.start(serverUrl);
    t.after(() => relay.stop());
    const watcher = await connect(t, { protocol, path: PATH, query: { watch: "" } });
    const gone = [];
    watcher.on("Gone", (who) => gone.push(who));
    const connection = await connect(t, { protocol, path: PATH, base: relay.url, stateful: true });
    const id = connection.connectionId;
    const asked = new Promise((resolve) => watcher.on("Answer", () => new Promise((answer) => resolve(answer))));
    const call = connection.invoke("AskClient", watcher.connectionId, "why");
    const answer = await asked;
    relay.cut();
    answer("because");
    assert.equal(await call, "because");
    assert.equal(await connection.invoke("GetConnectionId"), id);
    assert.ok(!gone.includes(id));
  });

  test("a client that stops is gone at once", async (t) => {
    const watcher = await connect(t, { protocol, path: PATH, query: { watch: "" } });
    const connection = await connect(t, { protocol, path: PATH, stateful: true });
    const id = connection.connectionId;
    const gone = new Promise((resolve) => watcher.on("Gone", (who, reason) => who === id && resolve(reason)));
    await connection.stop();
    assert.equal(await gone, null);
  });
});
