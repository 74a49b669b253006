import { createRequire } from "node:module";

// The client's own dependency, so that this is the very class that it would use.
const WebSocket = createRequire(import.meta.resolve("@microsoft/signalr"))("ws");

/** A WebSocket class for one client, and a switch that stops it from sending. */
export function silenceableSocket() {
  const control = { silent: false };
  control.WebSocket = class extends WebSocket {
    send(...frame) {
      if (!control.silent) {
        super.send(...frame);
      }
    }
  };
  return control;
}
