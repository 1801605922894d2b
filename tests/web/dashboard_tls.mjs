// The dashboard over TLS in a real Chromium: node dashboard_tls.mjs API CERTIFICATE KEY VIEWER. First without a certificate
// and with a token, then with a certificate that may change things, and no token. Prints one line per step; ends with 1
// at the first thing that is not as it should be.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const [api, certPath, keyPath, viewer] = process.argv.slice(2);
const require = createRequire(path.join(process.env.SWITCHYARD_WEB, "package.json"));
const { chromium } = require("playwright-core");
const home = `https://${api}`;
const ok = (words) => console.log(`ok ${words}`);
const shop = (part) => `[data-service=shop] ${part}`;

const browser = await chromium.launch({
  executablePath: process.env.SWITCHYARD_CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
let page = null;
let errors = [];

process.on("uncaughtException", async (error) => {
  console.log(error.message, error.stack, errors);
  console.log((await page?.evaluate(() => document.body.innerText).catch(() => "")).slice(0, 3000));
  await browser.close();
  process.exit(1);
});

const say = (selector, words) => page.waitForFunction(([at, part]) => document.querySelector(at)?.textContent.includes(part), [selector, words]);
const see = (selector) => page.locator(selector).first().waitFor();

async function open(options) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(60000);
  errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  const response = await page.goto(home);
  assert.match(response.headers()["content-security-policy"], /connect-src 'self'/);
  return context;
}

let context = await open({});
await say("#notices", "without a token");
assert.equal(await page.locator("article").count(), 0, "something is shown to nobody");
await page.click("#token-button");
await page.keyboard.type(viewer);
await page.keyboard.press("Enter");
await see(shop("[data-slot=blue]"));
await page.waitForSelector("body[data-live=yes]");
assert.deepEqual(await context.cookies(), []);
assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0, "something is stored");
assert.deepEqual(errors, []);
await context.close();
ok("with a token");

context = await open({ clientCertificates: [{ origin: home, certPath, keyPath }] });
await page.waitForSelector("body[data-live=yes]");
await say("#who", "cert=CN=ann");
await page.click(shop("[data-action=switch]"));
await see("#act-to");
await page.click("#act-dialog button.main");
await page.fill("#act-reason", "over TLS");
await page.keyboard.press("Enter");
await say("#act-dialog .problem", "Confirm");
await page.keyboard.press("Space");
await page.click("#act-dialog button.main");
await say("#act-dialog [role=alert]", "Done");
await page.keyboard.press("Enter");
await say(shop(".names"), "live: green");
assert.deepEqual(errors, []);
ok("a switch by a certificate");
await browser.close();
ok("all");
