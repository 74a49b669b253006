// What becomes of a fleet when a part of it ends without a word.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { failure, unique } from "../support/client.js";
import { Fleet, canStart, connectTo } from "../support/fleet.js";

const FAILED = "An unexpected error occurred invoking 'AskClient' on the server.";

async function start(test) {
  const fleet = await Fleet.start();
  test.after(() => fleet.stop());
  return fleet;
}

/** Sends to all by one client until another has got it, which tells that the servers hear of each other again. */
async function untilHeard(sender, receiver) {
  const probe = unique("probe");
  let heard = false;
  const waiting = receiver.inbox.until(probe).then((before) => ((heard = true), before));
  while (!heard) {
    await sender.invoke("SendToAll", probe).catch(() => {});
    await Promise.race([waiting, delay(20)]);
  }
  return waiting;
}

// Each has a fleet of its own, and most of their time is spent waiting for what never comes.
describe("faults", { concurrency: true, timeout: 240_000, skip: !canStart }, () => {
  test("a server that dies leaves its fleet alone, and whoever asked its clients learns it in the end", async (t) => {
    const fleet = await start(t);
    const { own, peer } = fleet;
    const [a, b, c] = await Promise.all([own, own, peer].map((server) => connectTo(t, server, {})));
    const id = c.connectionId;
    const group = unique("group");
    await Promise.all([a, b, c].map((client) => client.invoke("JoinGroup", group)));
    const asked = new Promise((resolve) => c.on("Answer", () => (resolve(), new Promise(() => {}))));
    const unanswered = failure(a.invoke("AskClient", id, "are you there?"));
    await asked;
    await peer.kill();

    // Nobody confirms it.
    const unconfirmed = failure(b.invoke("AddToGroup", id, group));
    const message = unique("group");
    const sender = await connectTo(t, own, {});
    await sender.invoke("SendToGroup", group, message);
    assert.equal(await a.inbox.next(), message);
    assert.equal(await b.inbox.next(), message);
    await sender.invoke("SendToClient", id, unique("nobody"));
    assert.equal((await failure(sender.invoke("AskClient", id, "anybody?"))).message, FAILED);

    fleet.peer = await peer.startAgain();
    const d = await connectTo(t, fleet.peer, { query: { group } });
    const [there, back] = [unique("there"), unique("back")];
    await sender.invoke("SendToGroup", group, there);
    assert.equal(await d.inbox.next(), there);
    assert.equal(await a.inbox.next(), there);
    await d.invoke("SendToClient", a.connectionId, back);
    assert.equal(await a.inbox.next(), back);

    assert.ok((await unanswered).message.startsWith(FAILED));
    assert.match((await unconfirmed).message, /^An unexpected error occurred invoking 'AddToGroup' on the server\./);
  });

  test("a server that dies while it asks is missed by nobody", async (t) => {
    const fleet = await start(t);
    const { own, peer } = fleet;
    const [a, c] = await Promise.all([connectTo(t, own, {}), connectTo(t, peer, {})]);
    let answer;
    const asked = new Promise((resolve) => a.on("Answer", () => (resolve(), new Promise((say) => (answer = say)))));
    const ended = failure(c.invoke("AskClient", a.connectionId, "are you there?"));
    await asked;
    await peer.kill();
    await ended;
    answer("here");
    assert.equal(await a.invoke("Echo", "still here"), "still here");
    a.off("Answer");
    a.on("Answer", () => "here");
    fleet.peer = await peer.startAgain();
    const d = await connectTo(t, fleet.peer, {});
    assert.equal(await d.invoke("AskClient", a.connectionId, "and now?"), "here");
  });

  test("Redis comes back under traffic: connections stay, groups are whole, nothing is repeated", async (t) => {
    const { redis, own, peer } = await start(t);
    const [a, c] = await Promise.all([connectTo(t, own, {}), connectTo(t, peer, {})]);
    const ids = [a.connectionId, c.connectionId];
    const group = unique("group");
    await Promise.all([a, c].map((client) => client.invoke("JoinGroup", group)));

    let going = true;
    const traffic = async (client, letter) => {
      for (let number = 0; going; number++) {
        // While Redis is away this may fail.
        await client.invoke("SendToGroup", group, `${letter} ${number}`).catch(() => {});
        await delay(1);
      }
    };
    const work = [traffic(a, "a"), traffic(c, "c")];
    const heard = { a: [], c: [] };
    await Promise.all([untilHeard(a, c), untilHeard(c, a)]);
    for (let round = 0; round < 2; round++) {
      await redis.kill();
      // What does not need Redis goes on.
      assert.equal(await a.invoke("Echo", "away"), "away");
      assert.equal(await c.invoke("Echo", "away"), "away");
      await redis.startAgain();
      heard.c.push(...(await untilHeard(a, c)));
      heard.a.push(...(await untilHeard(c, a)));
    }
    going = false;
    await Promise.all(work);

    const last = unique("last");
    await a.invoke("SendToGroup", group, last);
    heard.a.push(...(await a.inbox.until(last)));
    heard.c.push(...(await c.inbox.until(last)));
    for (const items of Object.values(heard)) {
      for (const sender of ["a", "c"]) {
        const numbers = items.filter((item) => item.startsWith(`${sender} `)).map((item) => Number(item.slice(2)));
        assert.ok(numbers.length > 0);
        const inOrder = numbers.toSorted((one, other) => one - other);
        assert.deepEqual(numbers, inOrder);
        assert.equal(new Set(numbers).size, numbers.length, "something came twice");
      }
    }
    assert.deepEqual([a.connectionId, c.connectionId], ids);
    a.on("Answer", () => "a");
    c.on("Answer", () => "c");
    assert.equal(await a.invoke("AskClient", c.connectionId, "who?"), "c");
    assert.equal(await c.invoke("AskClient", a.connectionId, "who?"), "a");
  });

  test("what cannot be sent while Redis is away fails, and what needs no Redis does not", async (t) => {
    const { redis, own, peer } = await start(t);
    const clients = await Promise.all([connectTo(t, own, {}), connectTo(t, peer, {})]);
    await redis.kill();
    const call = (client, method, ...values) => {
      const expected = `An unexpected error occurred invoking '${method}' on the server.`;
      return failure(client.invoke(method, ...values)).then(({ message }) => assert.ok(message.startsWith(expected)));
    };
    const calls = clients.flatMap((client, index) => [
      call(client, "SendToAll", "lost"),
      call(client, "SendToOthers", "lost"),
      call(client, "SendToGroup", "group", "lost"),
      call(client, "SendToUser", "nobody", "lost"),
      call(client, "SendToClient", clients[1 - index].connectionId, "lost"),
    ]);
    await Promise.all(calls);
    for (const client of clients) {
      await client.invoke("SendToCaller", "here");
      assert.equal(await client.inbox.next(), "here");
    }
    await redis.startAgain();
    await untilHeard(...clients);
    await untilHeard(...clients.toReversed());
  });

  test("whoever connects while Redis is away does not wait for ever", async (t) => {
    const { redis, own, peer } = await start(t);
    const early = await connectTo(t, peer, {});
    await redis.kill();
    const result = await connectTo(t, own, {}).then(
      async (client) => {
        assert.equal(await client.invoke("Echo", "alone"), "alone");
        return client;
      },
      () => undefined,
    );
    await redis.startAgain();
    const late = result ?? (await connectTo(t, own, {}));
    await untilHeard(early, late);
    await untilHeard(late, early);
    const message = unique("client");
    await early.invoke("SendToClient", late.connectionId, message);
    await late.inbox.until(message);
  });

  test("fleets with different prefixes do not hear each other", async (t) => {
    const fleet = await start(t);
    const other = await Fleet.join(fleet.redis, "app2:");
    const [a, b] = await Promise.all([connectTo(t, fleet.own, {}), connectTo(t, other, {})]);
    const [mine, theirs] = [unique("mine"), unique("theirs")];
    await a.invoke("SendToAll", mine);
    assert.equal(await a.inbox.next(), mine);
    await b.invoke("SendToAll", theirs);
    assert.equal(await b.inbox.next(), theirs);
    assert.equal((await failure(a.invoke("AskClient", b.connectionId, "who?"))).message, FAILED);
  });
});
