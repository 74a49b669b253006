import { createRequire } from "node:module";

// The client's own dependency, so that this is the very class that it would use.
const WebSocket = createRequire(import.meta.resolve("@microsoft/signalr"))("ws");

/** A WebSocket class whose handshake asks for what stands beside the text of errors, which this client never does. */
export class AskingSocket extends WebSocket {
  #shaken = false;

  send(data, ...rest) {
    if (this.#shaken) {
      return super.send(data, ...rest);
    }
    this.#shaken = true;
    const request = JSON.parse(String(data).slice(0, -1));
    super.send(`${JSON.stringify({ ...request, errorInfo: true })}\x1e`, ...rest);
  }
}
