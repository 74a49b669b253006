// A stream from the server: numbers, drawn as a line, until the user stops it.

import { element } from "../dom.js";
import { reason } from "../hub.js";

const POINTS = 60;

export function setUpTicker(hub) {
  const button = element("ticker-switch");
  let subscription;

  function stop(outcome) {
    subscription?.dispose();
    subscription = undefined;
    showRunning(false);
    element("ticker-outcome").textContent = outcome;
  }

  function start() {
    const values = [];
    showRunning(true);
    element("ticker-outcome").textContent = "";
    subscription = hub.stream("Ticker", Number(element("interval").value)).subscribe({
      next: (value) => {
        values.push(value);
        values.splice(0, values.length - POINTS);
        element("ticker-value").textContent = value.toFixed(2);
        element("ticker-chart").firstElementChild.setAttribute("d", line(values));
      },
      complete: () => stop("The server ended the stream."),
      error: (error) => stop(`The stream ended: ${reason(error)}`),
    });
  }

  button.addEventListener("click", () => (subscription ? stop("Stopped.") : start()));
  element("interval").addEventListener("change", () => {
    if (subscription) {
      stop("");
      start();
    }
  });
}

function showRunning(running) {
  const button = element("ticker-switch");
  button.textContent = running ? "Stop" : "Start";
  button.setAttribute("aria-pressed", running);
}

/** An SVG path through the values, the newest at the right edge of a box of 100 by 30. */
function line(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const range = most - least || 1;
  const points = values.map((value, index) => {
    const x = 100 - ((values.length - 1 - index) * 100) / (POINTS - 1);
    const y = 28 - ((value - least) / range) * 26;
    return `${x.toFixed(2)} ${y.toFixed(2)}`;
  });
  return `M${points.join("L")}`;
}
