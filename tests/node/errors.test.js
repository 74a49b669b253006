import assert from "node:assert/strict";
import { test } from "node:test";

import { AskingSocket } from "./support/asking-socket.js";
import { connect, failure, overBothProtocols, overEveryTransport } from "./support/client.js";
import { listeningCodec } from "./support/listening-codec.js";
import { collect } from "./support/streams.js";

const DETAILED = "/conformance-detailed";

overEveryTransport("errors", (way) => {
  const cases = [
    {
      name: "an unknown method",
      call: ["Nowhere"],
      text: "Failed to invoke 'Nowhere' due to an error on the server. HubException: Method does not exist.",
    },
    {
      name: "too few arguments",
      call: ["Add", 1],
      text: "Failed to invoke 'Add' due to an error on the server.",
      details: "InvalidDataException: Invocation provides 1 argument(s) but target expects 2.",
    },
    {
      name: "too many arguments",
      call: ["Add", 1, 2, 3],
      text: "Failed to invoke 'Add' due to an error on the server.",
      details: "InvalidDataException: Invocation provides 3 argument(s) but target expects 2.",
    },
    {
      name: "an argument of a wrong type",
      call: ["Add", 1, "two"],
      text: "Failed to invoke 'Add' due to an error on the server.",
      details:
        "InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.",
    },
    {
      name: "a number outside the type's range",
      call: ["Add", 1, 2147483648],
      text: "Failed to invoke 'Add' due to an error on the server.",
      details:
        "InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.",
    },
    {
      name: "null where a number is expected",
      call: ["Add", 1, null],
      text: "Failed to invoke 'Add' due to an error on the server.",
      details:
        "InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.",
    },
    {
      name: "a hidden error",
      call: ["Throw", "secret text"],
      text: "An unexpected error occurred invoking 'Throw' on the server.",
      details: "InvalidOperationException: secret text",
    },
    {
      name: "a public error",
      call: ["ThrowHubException", "visible text"],
      text: "An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: visible text",
    },
    {
      name: "invoking a streaming method",
      call: ["Counter", 1, 0],
      text: "The client attempted to invoke the streaming 'Counter' method with a non-streaming invocation.",
    },
  ];

  for (const { name, call, text, details } of cases) {
    test(`${name} is told without details`, async (t) => {
      const connection = await connect(t, way);
      assert.equal((await failure(connection.invoke(...call))).message, text);
    });

    test(`${name} is told with details where they are on`, async (t) => {
      const connection = await connect(t, { ...way, path: DETAILED });
      const { message } = await failure(connection.invoke(...call));
      // More may follow, such as which argument it was.
      assert.ok(details ? message.startsWith(`${text} ${details}`) : message === text, message);
    });
  }

  test("streaming from a method that does not stream", async (t) => {
    const connection = await connect(t, way);
    const error = await failure(
      new Promise((resolve, reject) => {
        connection.stream("Echo", "text").subscribe({ next: resolve, complete: resolve, error: reject });
      }),
    );
    assert.equal(
      error.message,
      "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.",
    );
  });

  test("an upload method without its stream", async (t) => {
    const connection = await connect(t, way);
    const error = await failure(connection.invoke("Sum"));
    assert.equal(
      error.message,
      "An unexpected error occurred invoking 'Sum' on the server. HubException: Client sent 0 stream(s), Hub method expects 1.",
    );
  });

  test("the connection goes on after every error", async (t) => {
    const connection = await connect(t, way);
    for (const { call } of cases) {
      await failure(connection.invoke(...call));
    }
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });

  test("what nobody waits for fails silently", async (t) => {
    const connection = await connect(t, way);
    for (const { call } of cases) {
      await connection.send(...call);
    }
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });
});

overEveryTransport("method names", (way) => {
  test("a method may have a name that no identifier has", async (t) => {
    const connection = await connect(t, way);
    assert.equal(await connection.invoke("renamed-method"), "renamed");
  });

  test("case does not matter", async (t) => {
    const connection = await connect(t, way);
    assert.equal(await connection.invoke("echo", "a"), "a");
    assert.equal(await connection.invoke("ECHO", "b"), "b");
    assert.equal(await connection.invoke("Renamed-Method"), "renamed");
  });
});

// A code and data beside the text are no part of the protocol as this client knows it.
overEveryTransport("what stands beside an error", (way) => {
  test("it does not change what the client says of a call", async (t) => {
    const connection = await connect(t, way);
    const data = { left: 3, names: ["a", null], deep: { er: [[]] } };
    assert.equal(
      (await failure(connection.invoke("ThrowWithInfo", "sold out", "out_of_stock", data))).message,
      "An unexpected error occurred invoking 'ThrowWithInfo' on the server. HubException: sold out",
    );
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });

  test("nor what it says of a stream", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await collect(connection.stream("CounterThrowsWithInfo", 2, "broken")), {
      items: [0, 1],
      error: "An error occurred on the server while streaming results. HubException: stream failed",
    });
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });
});

overBothProtocols("an error with more beside it than was asked for", (protocol) => {
  test("is one to this client all the same", async (t) => {
    const { codec, received } = listeningCodec(protocol);
    const connection = await connect(t, { codec, http: { WebSocket: AskingSocket } });
    assert.equal(
      (await failure(connection.invoke("ThrowWithInfo", "sold out", "out_of_stock", { left: 3 }))).message,
      "An unexpected error occurred invoking 'ThrowWithInfo' on the server. HubException: sold out",
    );
    // Otherwise the test would say nothing.
    assert.ok(received().includes("out_of_stock"));
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });
});
