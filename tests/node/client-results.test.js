import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, failure, overEveryTransport } from "./support/client.js";
import { serverUrl } from "./support/server.js";

overEveryTransport("asking a client", (way) => {
  const FAILED = "An unexpected error occurred invoking 'AskClient' on the server.";

  async function pair(t) {
    return Promise.all([connect(t, way), connect(t, way)]);
  }

  test("AskClient returns what the client's handler returns", async (t) => {
    const [asker, asked] = await pair(t);
    asked.on("Answer", (question) => `${question}? yes`);
    assert.equal(await asker.invoke("AskClient", asked.connectionId, "ready"), "ready? yes");
  });

  test("the handler may take its time", async (t) => {
    const [asker, asked] = await pair(t);
    let release;
    const released = new Promise((resolve) => (release = resolve));
    const wasAsked = new Promise((resolve) => {
      asked.on("Answer", async () => {
        resolve();
        return released;
      });
    });
    const answer = asker.invoke("AskClient", asked.connectionId, "ready");
    await wasAsked;
    release("at last");
    assert.equal(await answer, "at last");
  });

  test("two askers get their own answers", async (t) => {
    const [asked, first, second] = [...(await pair(t)), await connect(t, way)];
    asked.on("Answer", (question) => `re: ${question}`);
    const answers = [first, second].flatMap((asker, index) =>
      [1, 2, 3].map((number) => asker.invoke("AskClient", asked.connectionId, `${index}.${number}`)),
    );
    assert.deepEqual(await Promise.all(answers), ["0.1", "0.2", "0.3", "1.1", "1.2", "1.3"].map((q) => `re: ${q}`));
  });

  test("a client without a handler", async (t) => {
    const [asker, asked] = await pair(t);
    const error = await failure(asker.invoke("AskClient", asked.connectionId, "ready"));
    assert.equal(error.message, `${FAILED} HubException: Client didn't provide a result.`);
  });

  test("a handler that throws", async (t) => {
    const [asker, asked] = await pair(t);
    asked.on("Answer", () => {
      throw new Error("no idea");
    });
    const error = await failure(asker.invoke("AskClient", asked.connectionId, "ready"));
    assert.equal(error.message, `${FAILED} HubException: Error: no idea`);
  });

  test("an answer of a wrong type", async (t) => {
    const [asker, asked] = await pair(t);
    asked.on("Answer", () => 42);
    const error = await failure(asker.invoke("AskClient", asked.connectionId, "ready"));
    // The type's name is the server's own, and so is what follows it.
    assert.match(error.message, /^An unexpected .* HubException: Error trying to deserialize result to .*String\./);
    assert.equal(await asked.invoke("Echo", "still here"), "still here");
  });

  test("a client that does not exist", async (t) => {
    const [asker] = await pair(t);
    const error = await failure(asker.invoke("AskClient", "nobody", "ready"));
    assert.equal(error.message, FAILED);
  });

  test("a client that leaves instead of answering", async (t) => {
    const [asker, asked] = await pair(t);
    asked.on("Answer", () => {
      asked.stop();
      return new Promise(() => {});
    });
    const error = await failure(asker.invoke("AskClient", asked.connectionId, "ready"));
    assert.equal(error.message, FAILED);
  });

  test("the program asks from outside any hub", async (t) => {
    const asked = await connect(t, way);
    asked.on("Answer", (question) => `${question}!`);
    assert.equal(await body(`/result/${asked.connectionId}`), "outside!");
  });

  test("the program learns the error from outside any hub", async (t) => {
    const asked = await connect(t, way);
    assert.match(await body(`/result/${asked.connectionId}`), /Client didn't provide a result\.$/);
  });

  test("the program sends from outside any hub", async (t) => {
    const client = await connect(t, way);
    assert.equal(await body(`/broadcast?m=${encodeURIComponent("hello ä")}`), "sent");
    assert.equal(await client.inbox.next(), "hello ä");
  });
});

async function body(path) {
  const response = await fetch(serverUrl + path);
  return response.text();
}
