// Starts one of the example programs for the tests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** Ends a process with this one. */
export function endWithUs(child) {
  children.add(child);
  child.on("exit", () => children.delete(child));
}

/** Ends a process at once, and waits until it has ended. */
export async function kill(child) {
  if (children.has(child)) {
    child.ref();
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/**
 * The address of the server that the environment names: the one that runs at `urlVariable`, or else the program
 * `programVariable`, which is started on a free port and ends with this process.
 */
export async function serverFrom(programVariable, urlVariable) {
  const running = process.env[urlVariable];
  if (running) {
    return running.replace(/\/$/, "");
  }
  const program = process.env[programVariable];
  if (!program) {
    throw new Error(`set ${programVariable} to the program, or ${urlVariable} to the address of a server that runs`);
  }
  const { url } = await startProgram(program);
  return url;
}

/** Starts a program on a free port, or on the given one, with more options if there are any; it ends with this process. */
export function startProgram(program, port = 0, options = []) {
  const child = spawn(program, ["--urls", `http://127.0.0.1:${port}`, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithUs(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${program} ended before it was ready, with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const ready = /^listening on (http:\S+)$/.exec(line);
      if (ready) {
        // From here on the tests alone decide how long this process lives.
        child.unref();
        child.stdout.unref();
        resolve({ child, url: ready[1] });
      }
    });
  });
}
