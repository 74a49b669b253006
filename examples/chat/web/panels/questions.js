// Questions to the room, and the dialog in which the server's questions to this page are answered.

import { element } from "../dom.js";
import { reason } from "../hub.js";

export function setUpQuestions(hub) {
  const dialog = element("confirm");
  /** One dialog at a time: each question waits for the one before it. */
  let lastAnswer = Promise.resolve();
  /** Changes when the connection is lost: the server no longer waits for answers to what it asked before. */
  let session = Symbol();

  hub.on("Confirm", (question) => {
    const asked = session;
    lastAnswer = lastAnswer.then(() => asked === session && answer(dialog, question));
    return lastAnswer;
  });
  hub.onState((state) => {
    if (state !== "connected") {
      session = Symbol();
      dialog.close("no");
    }
  });

  element("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    ask(hub, element("question").value);
  });
}

async function ask(hub, question) {
  const outcome = element("ask-outcome");
  outcome.textContent = "Waiting for answers…";
  try {
    const yes = await hub.invoke("AskRoom", question);
    outcome.textContent = `${yes} said yes.`;
  } catch (error) {
    outcome.textContent = reason(error);
  }
}

/** Leaving the dialog in another way than by a button is a no. */
function answer(dialog, question) {
  element("confirm-question").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
