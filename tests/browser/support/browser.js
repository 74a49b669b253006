// One browser for a test file, and tests that get tabs of the page in it.

import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { serverFrom } from "../../support/program.mjs";

const PICTURES = fileURLToPath(new URL("../../../target/browser-test/", import.meta.url));
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The address of the chat program. */
export const chatUrl = await serverFrom("CHAT_BIN", "CHAT_URL");

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
});
after(() => browser?.close());

/**
 * A test whose body gets `open(choices, base)`, which opens the page in a tab of its own.
 *
 * An error inside a page fails the test. A test that fails leaves a picture of each tab under `target/`.
 */
export function browserTest(name, body) {
  test(name, { timeout: 60_000 }, async () => {
    const tabs = [];
    const errors = [];
    const open = async (choices = {}, base = chatUrl) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      page.on("pageerror", (error) => errors.push(error));
      tabs.push(page);
      await page.goto(`${base}/?${new URLSearchParams(choices)}`);
      return page;
    };
    try {
      await body(open);
      if (errors.length > 0) {
        throw new AggregateError(errors, `an error inside the page: ${errors[0].message}`);
      }
    } catch (error) {
      await takePictures(name, tabs);
      throw error;
    } finally {
      await Promise.all(tabs.map((page) => page.context().close()));
    }
  });
}

async function takePictures(name, tabs) {
  await mkdir(PICTURES, { recursive: true });
  const file = name.replaceAll(/\W+/g, "-");
  await Promise.all(tabs.map((page, index) => page.screenshot({ path: `${PICTURES}${file}-${index + 1}.png` })));
  console.error(`pictures of the tabs: ${PICTURES}${file}-*.png`);
}
