import { Subject } from "@microsoft/signalr";
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { startProgram } from "../support/program.mjs";
import { connect, failure, overBothProtocols } from "./support/client.js";

// Shorter than a start of the server, so that some attempts find nobody.
const SOON = Array(200).fill(50);

/** Starts a server of the test's own, on a free port or on a given one. */
async function start(test, port = 0) {
  const { child, url } = await startProgram(process.env.CONFORMANCE_BIN, port);
  test.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  return {
    url,
    /** Asks it to end, and waits until it has. */
    async end() {
      child.ref();
      child.kill("SIGTERM");
      const [code] = await ended;
      assert.equal(code, 0);
    },
  };
}

// A server that somebody else has started is not ours to end.
const describe = process.env.CONFORMANCE_BIN ? overBothProtocols : () => {};

describe("when its server ends", (protocol) => {
  test("the client comes back by itself", async (t) => {
    const first = await start(t);
    const connection = await connect(t, { protocol, base: first.url, retries: SOON });
    const id = connection.connectionId;
    const left = new Promise((resolve) => connection.onreconnecting(resolve));
    const back = new Promise((resolve) => connection.onreconnected(resolve));
    await first.end();
    await left;
    await start(t, new URL(first.url).port);
    assert.notEqual(await back, id);
    assert.equal(await connection.invoke("Echo", "again"), "again");
  });

  test("a call that ran was answered before", async (t) => {
    const server = await start(t);
    const connection = await connect(t, { protocol, base: server.url });
    const asked = await connect(t, { protocol, base: server.url });
    const question = new Promise((resolve) => {
      asked.on("Answer", () => new Promise((answer) => resolve(answer)));
    });
    // The one who is asked stays as long as its upload.
    const upload = new Subject();
    const sum = asked.invoke("Sum", upload);
    upload.next(3);
    const call = connection.invoke("AskClient", asked.connectionId, "what?");
    const answer = await question;
    const ended = server.end();
    answer("this");
    assert.equal(await call, "this");
    upload.next(4);
    upload.complete();
    assert.equal(await sum, 7);
    await ended;
  });

  test("a stream fails, so that nobody takes its beginning for all of it", async (t) => {
    const server = await start(t);
    const connection = await connect(t, { protocol, base: server.url });
    let ended;
    const failed = failure(
      new Promise((resolve, reject) => {
        const next = () => (ended ??= server.end());
        connection.stream("Infinite").subscribe({ next, complete: resolve, error: reject });
      }),
    );
    assert.match((await failed).message, /the server is shutting down/);
    await ended;
  });
});
