import assert from "node:assert/strict";

import { Relay } from "../support/relay.mjs";
import { browserTest, chatUrl } from "./support/browser.js";

/** Every test has a room of its own, since they share a server. */
let rooms = 0;
const newRoom = () => `room ${++rooms}`;

/** The transports that Ada and Bob use: together with their protocols, every combination that there is. */
const WAYS = [
  ["WebSockets", "WebSockets"],
  ["ServerSentEvents", "LongPolling"],
  ["LongPolling", "WebSockets"],
];

/** The same test over all transports; its body gets those of Ada and Bob. */
function overEveryTransport(name, body) {
  for (const way of WAYS) {
    browserTest(`${name} (${way.join(" and ")})`, (open) => body(open, way));
  }
}

/** Ada speaks JSON and Bob MessagePack, in one room. */
async function adaAndBob(open, [adas, bobs] = ["", ""]) {
  const room = newRoom();
  const ada = await open({ name: "Ada", room, protocol: "json", transport: adas });
  await members(ada, ["Ada"]);
  const bob = await open({ name: "Bob", room, protocol: "messagepack", transport: bobs });
  await Promise.all([ada, bob].map((page) => members(page, ["Ada", "Bob"])));
  return { ada, bob, room };
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const state = (page, text) => page.locator("#state", { hasText: new RegExp(`^${text}$`) }).waitFor();
const says = (page, text) => page.getByText(text, { exact: true }).waitFor();

/** Waits until the page lists these members. */
function members(page, names) {
  return page.waitForFunction(
    (expected) => {
      const shown = [...document.querySelectorAll("#members li")].map((item) => item.textContent);
      return shown.sort().join() === expected;
    },
    [...names].sort().join(),
  );
}

async function send(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await button(page, "Send").click();
}

/** Waits until the newest message in the page is this one. */
function newestMessage(page, text) {
  return page.locator("#messages li:not(.notice) p").last().and(page.getByText(text, { exact: true })).waitFor();
}

browserTest("a user joins by the form and leaves by the button", async (open) => {
  const room = newRoom();
  const page = await open();
  await state(page, "Connected");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("Room", { exact: true }).fill(room);
  await button(page, "Join").click();
  await members(page, ["Ada"]);
  assert.equal(new URL(page.url()).searchParams.get("name"), "Ada");
  assert.equal(new URL(page.url()).searchParams.get("room"), room);

  await button(page, "Leave").click();
  await page.getByRole("heading", { name: "Join a room" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("name"), null);
});

overEveryTransport("messages reach both tabs, each in its own protocol", async (open, way) => {
  const { ada, bob } = await adaAndBob(open, way);
  for (const [sender, text] of [
    [ada, "hello Bob 👋"],
    [bob, "grüß dich, Ada"],
    [ada, "<b>not bold</b> & 'quoted'"],
  ]) {
    await send(sender, text);
    await Promise.all([ada, bob].map((page) => newestMessage(page, text)));
  }
  assert.deepEqual(await ada.locator("#messages .mine p").allTextContents(), [
    "hello Bob 👋",
    "<b>not bold</b> & 'quoted'",
  ]);
  assert.deepEqual(await bob.locator("#messages .mine p").allTextContents(), ["grüß dich, Ada"]);
});

browserTest("members come and go", async (open) => {
  const { ada, bob, room } = await adaAndBob(open);
  await says(ada, "Bob joined");
  const stranger = await open({ name: "Eve", room: newRoom() });
  await members(stranger, ["Eve"]);
  await button(bob, "Leave").click();
  await says(ada, "Bob left");
  await members(ada, ["Ada"]);
  const carol = await open({ name: "Carol", room });
  await Promise.all([ada, carol].map((page) => members(page, ["Ada", "Carol"])));
  await carol.close();
  await says(ada, "Carol left");
  await members(ada, ["Ada"]);
});

overEveryTransport("a stream from the server starts and stops in both protocols", async (open, way) => {
  const { ada, bob } = await adaAndBob(open, way);
  for (const page of [ada, bob]) {
    await page.getByLabel("Every").selectOption("20 ms");
    await button(page, "Start").click();
    await page.waitForFunction(() => document.querySelector("#ticker-chart path").getAttribute("d")?.split("L").length > 5);
    assert.match(await page.locator("#ticker-value").textContent(), /^-?\d+\.\d\d$/);
    await button(page, "Stop").click();
    await says(page, "Stopped.");
    await button(page, "Start").click();
    await button(page, "Stop").waitFor();
  }
});

overEveryTransport("a stream to the server shows its progress in both protocols", async (open, way) => {
  const { ada, bob } = await adaAndBob(open, way);
  for (const page of [ada, bob]) {
    await recordProgress(page);
    await button(page, "8 MiB of zeros").click();
    await says(page, "The server counted 8,388,608 bytes.");
    const progress = await page.evaluate(() => window.recordedProgress);
    assert.ok(progress.some((bytes) => bytes > 0 && bytes < 8_388_608), `progress: ${progress}`);
    assert.deepEqual(progress, progress.toSorted((left, right) => left - right));
  }
  await ada.getByLabel("Choose a file…").setInputFiles({
    name: "notes.txt",
    mimeType: "text/plain",
    buffer: Buffer.alloc(100_001, "x"),
  });
  await says(ada, "The server counted 100,001 bytes.");
});

/** Keeps every value that the progress bar shows in `window.recordedProgress`. */
function recordProgress(page) {
  return page.evaluate(() => {
    const bar = document.querySelector("#upload-progress");
    window.recordedProgress = [];
    const record = () => window.recordedProgress.push(bar.value);
    new MutationObserver(record).observe(bar, { attributes: true, attributeFilter: ["value"] });
  });
}

overEveryTransport("the server asks the others and counts their answers", async (open, way) => {
  const { ada, bob, room } = await adaAndBob(open, way);
  const carol = await open({ name: "Carol", room });
  await members(carol, ["Ada", "Bob", "Carol"]);

  await ada.getByLabel("Question").fill("Tea at four?");
  await button(ada, "Ask").click();
  await bob.getByRole("dialog").getByText("Tea at four?").waitFor();
  await button(bob, "Yes").click();
  await carol.getByRole("dialog").getByText("Tea at four?").waitFor();
  await carol.keyboard.press("Escape");
  await says(ada, "1 said yes.");

  await button(bob, "Ask").click();
  await button(ada, "Yes").click();
  await button(carol, "Yes").click();
  await says(bob, "2 said yes.");
  await ada.getByRole("dialog").waitFor({ state: "hidden" });
});

browserTest("a change of transport keeps the place in the room", async (open) => {
  const { ada, bob } = await adaAndBob(open);
  const ways = [
    ["Server-Sent Events", ["eventsource"]],
    ["Long polling", ["fetch", "xhr"]],
  ];
  for (const [index, [label, types]] of ways.entries()) {
    const connecting = ada.waitForRequest((request) => request.method() === "GET" && request.url().includes("/chat?id="));
    await ada.getByLabel("Transport").selectOption(label);
    const type = (await connecting).resourceType();
    assert.ok(types.includes(type), type);
    await bob.getByText("Ada joined", { exact: true }).nth(index).waitFor();
    await members(ada, ["Ada", "Bob"]);
    await send(ada, `by ${label}`);
    await newestMessage(bob, `by ${label}`);
  }
});

browserTest("a change of protocol keeps the place in the room", async (open) => {
  const { ada, bob } = await adaAndBob(open);
  const frames = [];
  ada.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(typeof payload)));
  await ada.getByText("MessagePack").click();
  await says(bob, "Ada left");
  await says(bob, "Ada joined");
  await Promise.all([ada, bob].map((page) => members(page, ["Ada", "Bob"])));
  await send(ada, "now in binary");
  await newestMessage(bob, "now in binary");
  await newestMessage(ada, "now in binary");
  assert.equal(new URL(ada.url()).searchParams.get("protocol"), "messagepack");
  assert.ok(frames.length > 1 && frames.slice(1).every((type) => type !== "string"), `frames: ${frames}`);
});

browserTest("the page comes back after the network was cut", async (open) => {
  const { bob, room } = await adaAndBob(open);
  const relay = await Relay.start(chatUrl);
  try {
    const carol = await open({ name: "Carol", room }, relay.url);
    await members(bob, ["Ada", "Bob", "Carol"]);
    relay.cut();
    await says(bob, "Carol left");
    await members(bob, ["Ada", "Bob", "Carol"]);
    await state(carol, "Connected");
    await send(carol, "here again");
    await newestMessage(bob, "here again");
  } finally {
    relay.stop();
  }
});
