// The server under test: the one at CONFORMANCE_URL, or else the program CONFORMANCE_BIN, started for this test file.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

function start() {
  const program = process.env.CONFORMANCE_BIN;
  if (!program) {
    throw new Error("set CONFORMANCE_BIN to the conformance program, or CONFORMANCE_URL to a server that runs");
  }
  const child = spawn(program, ["--urls", "http://127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill());
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${program} ended before it was ready, with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const ready = /^listening on (http:\S+)$/.exec(line);
      if (ready) {
        // From here on the tests alone decide how long this process lives.
        child.unref();
        child.stdout.unref();
        resolve(ready[1]);
      }
    });
  });
}

/** The address of the server, without a slash at its end. */
export const serverUrl = (process.env.CONFORMANCE_URL ?? (await start())).replace(/\/$/, "");
