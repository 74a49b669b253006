// Logs in, and talks to the hub as the user that it now is: node client.mjs http://127.0.0.1:5001 ann lovelace

import { HubConnectionBuilder } from "@microsoft/signalr";

const [base = "http://127.0.0.1:5001", name = "ann", password = "lovelace"] = process.argv.slice(2);

/** A new token each time: Microsoft's client asks for one before every request that needs it. */
async function login() {
  const response = await fetch(`${base}/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password }),
  });
  if (!response.ok) {
    throw new Error(`no login: ${response.status}`);
  }
  return (await response.json()).token;
}

const desk = new HubConnectionBuilder().withUrl(`${base}/desk`, { accessTokenFactory: login }).build();
const told = new Promise((resolve) => desk.on("Told", (from, text) => resolve(`${from}: ${text}`)));
await desk.start();
console.log("I am", await desk.invoke("WhoAmI"), "with the roles", await desk.invoke("MyRoles"));
await desk.invoke("Tell", name, "hello, wherever you are");
console.log(await told);
await desk.stop();
