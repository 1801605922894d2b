// The dashboard in a real Chromium: node dashboard.mjs MODE API FRONT OPERATOR VIEWER DEPLOYER. What the daemon and its app servers
// are to do is asked of the test that runs this by a line "do …" on standard output; what comes of it is waited for on the
// page. Prints one line per step; ends with 1 at the first thing that is not as it should be.
import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const [mode, api, front, operator, viewer, deployer] = process.argv.slice(2);
const require = createRequire(path.join(process.env.SWITCHYARD_WEB, "package.json"));
const { chromium } = require("playwright-core");
const home = `http://${api}`;
const MARKUP = `<img src=x onerror="window.owned=1">`;

const browser = await chromium.launch({
  executablePath: process.env.SWITCHYARD_CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
page.setDefaultTimeout(60000);
const errors = [];
const asked = new Set();
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
page.on("pageerror", (error) => errors.push(error.message));
page.on("request", (request) => asked.add(new URL(request.url()).origin));

process.on("uncaughtException", async (error) => {
  console.log(error.message, error.stack);
  console.log((await page.evaluate(() => document.body.innerText).catch(() => "")).slice(0, 3000), errors);
  await shot("failed");
  await browser.close();
  process.exit(1);
});
const ok = (words) => console.log(`ok ${words}`);
const order = (words) => console.log(`do ${words}`);
const shot = async (name) => process.env.SWITCHYARD_SHOTS && page.screenshot({ path: `${process.env.SWITCHYARD_SHOTS}/${name}.png`, fullPage: true });
const text = (selector) => page.locator(selector).first().textContent();
const shop = (part) => `[data-service=shop] ${part}`;
const see = (selector) => page.locator(selector).first().waitFor();
const live = () => page.waitForSelector("body[data-live=yes]");
const isOwned = () => page.evaluate(() => window.owned === 1 || document.querySelector("main img") !== null);
const onFocus = () => page.evaluate(() => document.activeElement?.getAttribute("data-action") || document.activeElement?.id || document.activeElement?.textContent);
const say = (selector, words) => page.waitForFunction(([at, part]) => document.querySelector(at)?.textContent.includes(part), [selector, words]);

function request(index) {
  return new Promise((resolve, reject) => {
    const [host, port] = front.split(":");
    http.get({ host, port, path: `/?n=${index}`, headers: { Host: "a.test" } }, (answer) => answer.resume().on("end", resolve)).on("error", reject);
  });
}

// Moves the focus with the keyboard alone until it is there.
async function tabTo(wanted) {
  for (let i = 0; i < 60; i++) {
    if ((await onFocus()) === wanted) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${wanted} cannot be reached by Tab; the focus is on ${await onFocus()}`);
}

async function useToken(token) {
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
}

async function closeDialog() {
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelector("dialog[open]") === null);
}

if (mode === "closed") {
  await page.goto(home);
  await say("#notices", "without a token");
  assert.equal(await page.locator("article").count(), 0, "something is shown to nobody");
  await page.click("#token-button");
  await useToken(viewer);
  await see(shop("[data-slot=blue]"));
  await live();
  ok("a closed switch shows itself with a token");
  await page.click("#token-button"); // forget it
  await say("#notices", "without a token");
  assert.equal(await page.locator("article").count(), 0, "what was shown with the token stayed");
  assert.deepEqual([...asked], [home]);
  ok("and nothing without");
  await browser.close();
  ok("all");
  process.exit(0);
}

const response = await page.goto(home);
assert.match(response.headers()["content-security-policy"], /^default-src 'none'; script-src 'self'/);
await live();
await see(shop("[data-slot=blue] .verdict.up"));
await see("#history .muted");
assert.equal(await text("h1"), "Switchyard");
assert.match(await text("#who"), /viewer/);
await shot("load");
ok("load");

assert.equal(await text("[data-service=odd] [data-slot=a] .version"), MARKUP);
assert.equal(await isOwned(), false, "a version became markup");
const refusesMarkup = await page.evaluate(() => {
  try {
    document.createElement("p").innerHTML = "<b>x</b>";
    return false;
  } catch {
    return true;
  }
});
assert.equal(refusesMarkup, true, "trusted types are not in force");
assert.match(errors.splice(0).join("\n"), /^This document requires 'TrustedHTML' assignment[^\n]*$/);
ok("markup is text");

const pathOf = () => page.locator(shop("[data-slot=blue] path.line-0")).first().getAttribute("d");
const before = await pathOf();
let isLoad = true;
const load = (async () => {
  for (let i = 0; isLoad; i++) {
    await request(i);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
})();
await page.waitForFunction((at) => parseFloat(document.querySelector(at)?.textContent) > 5, shop("[data-slot=blue] .numbers div:nth-child(2) dd"));
await page.waitForFunction(([at, old]) => document.querySelector(at)?.getAttribute("d") !== old, [shop("[data-slot=blue] path.line-0"), before]);
await page.waitForFunction((at) => /ms|µs/.test(document.querySelector(at)?.textContent), shop("[data-slot=blue] .charts figure:nth-child(3) b"));
order("sick green");
await see(shop("[data-slot=green] .verdict.down"));
await page.waitForSelector(shop("[data-slot=green] .checks path.bad[d]"), { state: "attached" });
assert.match(await page.locator(shop("[data-slot=green] .checks")).getAttribute("aria-label"), /failed$/);
await shot("sick");
ok("numbers move, a target that fails is shown");

assert.deepEqual([...asked], [home], "something else was asked");
assert.deepEqual(errors, []);
ok("nothing else is asked, no error is logged");

// By keyboard alone, first without a token, then with one that does not do.
await page.evaluate(() => document.activeElement.blur());
await tabTo("switch");
assert.match(await page.locator(shop("[data-action=switch]")).getAttribute("aria-label"), /needs a token/);
const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
assert.equal(outline, "solid", "the focus cannot be seen");
await page.keyboard.press("Enter");
await page.waitForSelector("#token-dialog[open]");
await useToken("not.a.token");
await page.waitForFunction(() => document.getElementById("token-problem").textContent !== "");
await shot("bad-token");
await page.fill("#token-field", "");
await useToken(viewer);
await say("#who", "eve");
await tabTo("switch");
await page.keyboard.press("Enter");
await see("#act-to");
await tabTo("Show the plan");
await page.keyboard.press("Enter");
await say("#act-dialog [role=alert]", "deployer");
await shot("viewer");
ok("a viewer is refused, and it is said");
await closeDialog();
assert.equal(await onFocus(), "switch", "the focus did not come back");

await page.click("#token-button");
await say("#who", "anonymous");
await page.click("#token-button");
await useToken(operator);
await say("#who", "anna");
await page.waitForSelector(shop("[data-action=switch].main"));

// A gate says no: the plan shows which, and no token comes of it.
await page.click(shop("[data-action=switch]"));
await page.click("#act-dialog button.main");
await say("#act-dialog [role=alert]", "Refused");
assert.ok((await page.locator("#act-dialog .gates li.bad").count()) + (await page.locator("#act-dialog [role=alert] p").count()) >= 2);
await shot("gate");
ok("a gate that refuses is shown with what helps");
await closeDialog();
order("well green");
await see(shop("[data-slot=green] .verdict.up"));

await page.locator(shop("[data-action=switch]")).focus();
await page.keyboard.press("Enter");
await see("#act-to");
await tabTo("Show the plan");
await page.keyboard.press("Enter");
await see("#act-reason");
assert.ok(await page.locator("#act-dialog .gates li").count() > 0, "the plan has no gates");
await page.keyboard.press("Enter");
await say("#act-dialog .problem", "reason");
assert.equal(await onFocus(), "act-reason");
await page.keyboard.type(`release 7 ${MARKUP}`);
await page.keyboard.press("Enter");
await say("#act-dialog .problem", "Confirm");
await shot("plan");
assert.match(await text(shop(".names")), /live: blue/, "something changed before it was confirmed");
await page.keyboard.press("Space");
await tabTo("Switch now");
await page.keyboard.press("Enter");
await say("#act-dialog [role=alert]", "Done");
await shot("done");
await page.keyboard.press("Enter");
await say(shop(".names"), "live: green");
await say("#history", MARKUP);
assert.equal(await isOwned(), false, "a reason became markup");
ok("a switch by keyboard, through its plan");

await page.click(shop("[data-action=canary-start]"));
await page.fill("#act-share", "500%");
await page.click("#act-dialog button.main");
await say("#act-dialog [role=alert]", "0% to 100%");
await page.fill("#act-share", "20%");
await page.click("#act-dialog button.main");
await page.fill("#act-reason", "try it");
await page.check("#act-agree");
await page.click("#act-dialog button.main");
await say("#act-dialog [role=alert]", "Done");
await closeDialog();
await say(shop(".release h3"), "Canary: 20 %");
await see(shop("[data-slot=blue] .badge.candidate"));
await page.waitForSelector(shop(".rules[open] tbody tr"));
await shot("canary");
for (const [action, sign] of [["canary-abort", "live: green"], ["pause", "live: green"]]) {
  await page.click(shop(`[data-action=${action}]`));
  if (action === "pause") {
    await page.fill("#act-max", "1s");
    await page.click("#act-dialog button.main");
  }
  await page.fill("#act-reason", "enough");
  await page.check("#act-agree");
  await page.click("#act-dialog button.main");
  await say("#act-dialog [role=alert]", "Done");
  await closeDialog();
  await say(shop(".names"), sign);
}
await say("#history", "resume shop"); // the end of the pause is a change, too: no plan may be made before it and used behind it
await page.waitForFunction((at) => document.querySelector(at) === null, shop("[data-action=canary-abort]"));
await page.click(shop("[data-action=rollback]"));
await page.fill("#act-reason", "back");
await page.check("#act-agree");
await page.click("#act-dialog button.main");
await say("#act-dialog [role=alert]", "Done");
await closeDialog();
await say(shop(".names"), "live: blue");
ok("canary, pause and rollback");

// A change from its button to its end; values: what is put into the fields first.
async function change(action, reason, values = {}) {
  await page.click(shop(`[data-action=${action}]`));
  for (const [name, value] of Object.entries(values)) {
    if (["to", "plan"].includes(name)) await page.selectOption(`#act-${name}`, value);
    else await page.fill(`#act-${name}`, value);
  }
  if (await page.locator("#act-dialog [type=submit]").count() > 0 && (await page.locator("#act-agree").count()) === 0 && Object.keys(values).length > 0)
    await page.click("#act-dialog [type=submit]");
  await page.fill("#act-reason", reason);
  await page.check("#act-agree");
  await page.click("#act-dialog [type=submit]");
  await say("#act-dialog [role=alert]", "Done");
  const said = await text("#act-dialog [role=alert]");
  assert.doesNotMatch(said, /false|undefined|null/);
  await closeDialog();
}
const gone = (action) => page.waitForFunction((at) => document.querySelector(at) === null, shop(`[data-action=${action}]`));

assert.equal(await page.locator(shop("[data-action=rollout-abort]")).count(), 0, "a rollout that is not there can be aborted");
await change("rollout-start", "release 8", { to: "green", plan: "canary" });
await say(shop(".release h3"), "Rollout 1: blue → green");
await say(shop(".phases [aria-current]"), "ramping");
await gone("canary-start");
await change("rollout-pause", "lunch");
await say(shop(".lines"), "paused");
await shot("rollout");
await change("rollout-resume", "back");
await page.waitForSelector(shop("[data-action=rollout-pause]"));
const share = await text(shop("[data-slot=green] .numbers dd"));
await change("rollout-advance", "it is fine");
await page.waitForFunction(([at, old]) => document.querySelector(at)?.textContent !== old, [shop("[data-slot=green] .numbers dd"), share]);
await change("rollout-abort", "it is not");
await gone("rollout-abort");
await say(shop(".phases [aria-current]"), "aborted");
ok("a rollout is begun, held, led on and ended");

await change("switch", "for a while", { to: "green", confirm_within: "10m" });
await say(shop(".names"), "live: green");
await say(shop(".lines"), "unless confirmed");
await shot("confirm");
await change("confirm", "it is well");
await gone("confirm");
await change("rollback", "once more");
await say(shop(".names"), "live: blue");
ok("what was switched is confirmed");

// Past a gate: not for a deployer; for an operator only with its words and a reason.
order("sick green");
await see(shop("[data-slot=green] .verdict.down"));
await page.click("#token-button");
await say("#who", "anonymous");
await page.click("#token-button");
await useToken(deployer);
await say("#who", "deployer");
await page.click(shop("[data-action=switch]"));
await page.click("#act-dialog button.main");
await say("#act-dialog [role=alert]", "Refused");
assert.equal(await page.locator("#act-dialog button.danger").count(), 0, "a deployer may go past a gate");
await closeDialog();
await page.click("#token-button");
await say("#who", "anonymous");
await page.click("#token-button");
await useToken(operator);
await say("#who", "anna");
await page.click(shop("[data-action=switch]"));
await page.click("#act-dialog button.main");
await say("#act-dialog [role=alert]", "Refused");
await page.click("#act-dialog button.danger");
await say("#act-dialog .gates", "no fit target");
assert.equal(await page.locator("#act-dialog .gates li.good").count(), 0, "gates that pass are listed");
await shot("force");
await page.keyboard.press("Enter");
await say("#act-dialog .problem", "Say why");
assert.equal(await onFocus(), "act-force-reason");
await page.keyboard.type(`the check is wrong ${MARKUP}`);
await page.keyboard.press("Enter");
await see("#act-agree");
await say("#act-dialog .notice", "no fit target");
assert.match(await page.inputValue("#act-reason"), /^the check is wrong/);
assert.match(await text(shop(".names")), /live: blue/, "something changed before it was confirmed");
await shot("forced-plan");
await page.setViewportSize({ width: 360, height: 740 });
await shot("forced-plan-phone");
await page.setViewportSize({ width: 1280, height: 900 });
await page.click("#act-dialog button.danger");
await say("#act-dialog .problem", "Confirm");
await page.check("#act-agree");
await page.click("#act-dialog button.danger");
await say("#act-dialog [role=alert]", "Done");
await closeDialog();
await say(shop(".names"), "live: green");
await say("#history", "(forced)");
await say("#audit", "past target");
assert.equal(await isOwned(), false, "a reason became markup");
order("well green");
await see(shop("[data-slot=green] .verdict.up"));
await change("rollback", "enough");
await say(shop(".names"), "live: blue");
ok("past a gate with a reason, by those who may");

const kept = await page.evaluate((token) => [localStorage.length, sessionStorage.length, document.cookie,
  document.documentElement.outerHTML.includes(token)], operator);
assert.deepEqual(kept, [0, 0, "", false], "the token is kept somewhere");
ok("the token is kept nowhere");

// Another page that is opened now: its lines begin before it did, with what the daemon remembers.
const second = await browser.newPage({ viewport: { width: 1280, height: 900 } });
await second.goto(home);
await second.waitForFunction((at) => ((document.querySelector(at)?.getAttribute("d") || "").match(/[ML]/g) || []).length >= 5, shop("[data-slot=blue] path.line-0"));
const first = await second.locator(shop("[data-slot=blue] path.line-0")).first().getAttribute("d");
const sinceLoad = await second.evaluate(() => performance.now() / 1000);
const oldest = 600 - (parseFloat(first.slice(1)) / 300) * 600;
assert.ok(oldest > sinceLoad + 2, `the oldest point is ${oldest} s old, the page ${sinceLoad} s`);
assert.match(await second.locator(shop("[data-slot=blue] .chart")).first().getAttribute("aria-label"), /last ten minutes/);
await second.close();
ok("charts begin before the page");

isLoad = false;
await load;
order("restart");
await page.waitForSelector("body[data-live=no]");
await say("#link", "old");
await shot("old");
await live();
await say(shop(".names"), "live: blue");
ok("comes back after a restart");

await page.setViewportSize({ width: 360, height: 740 });
await live();
const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth,
  Math.min(...[...document.querySelectorAll("button")].filter((button) => button.offsetParent && !button.classList.contains("quiet")).map((button) => button.offsetHeight))]);
assert.equal(widths[0] <= widths[1], true, `${widths[0]} wide on a phone`);
assert.ok(widths[2] >= 40, `a button of ${widths[2]} px`);
await shot("phone");
await page.click(shop("[data-action=switch]"));
await see("#act-to");
const box = await page.locator("#act-dialog").boundingBox();
assert.ok(box.x >= 0 && box.x + box.width <= 360, "the dialog is wider than the phone");
await closeDialog();
ok("phone");

// WCAG: 4.5 between what is read and what it stands on, in both schemes
const contrast = () => page.evaluate(() => {
  const bright = (color) => color.match(/[\d.]+/g).slice(0, 3).map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const under = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)" && color !== "transparent") return color;
    }
    return "rgb(255, 255, 255)";
  };
  const low = [];
  for (const node of document.querySelectorAll("h1,h2,h3,p,dt,dd,li,span,button,th,td,summary,b")) {
    if (!node.offsetParent || ![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
    const [a, b] = [bright(getComputedStyle(node).color), bright(under(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(`${node.className || node.tagName} "${node.textContent.slice(0, 30)}" ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return { low: [...new Set(low)], page: getComputedStyle(document.body).backgroundColor };
});
await page.setViewportSize({ width: 1280, height: 900 });
const light = await contrast();
await page.emulateMedia({ colorScheme: "dark" });
await page.waitForTimeout(500); // colours of buttons fade
const dark = await contrast();
await shot("dark");
assert.notEqual(light.page, dark.page, "there is no dark form");
assert.deepEqual([light.low, dark.low], [[], []], "texts that are hard to read");
ok("light and dark");

// What this daemon has not (databases, a quarantine, alerts) is put into its answers on the way, with markup in every text.
const put = (part, members) => page.route(`**/v1/${part}`, async (route) => {
  const answer = await route.fetch();
  const object = await answer.json();
  Object.assign(object.result, members);
  await route.fulfill({ response: answer, json: object });
});
await put("status", {
  lights: [{ service: "shop", slot: "green", rollback_safe: "no", age_seconds: 1, words: MARKUP }],
  databases: [{ database: MARKUP, condition: "down", words: MARKUP, remedy: MARKUP, look_age_seconds: 3, server: null, mode: null, name: "app" }],
  trials: [{ service: "shop", watched: true, candidate: MARKUP, baseline: "blue", leading: "err_gross", evidence: 9, threshold: 8.5,
    automatic: true, window_seconds: 300, blocked: true, shared: false, quarantined: MARKUP, cooldown_seconds: 60 }],
});
await put("rules", { rules: [{ service: "shop", rule: MARKUP, unit: "nats", value: 9, threshold: 8.5, state: "reached" }] });
await put("rollouts", { rollouts: [{ name: "shop", id: 7, from: "blue", to: MARKUP, version: MARKUP, phase: "rolled-back", running: false, ended: "2026-01-01T00:00:00Z", words: MARKUP }] });
await put("alerts", { alerts: [{ id: 1, time: "2026-01-01T00:00:00Z", severity: "critical", service: "shop", trigger: "x", words: MARKUP }] });
await say(shop(".lines .bad:last-child"), `rollback safe: no (to green), because ${MARKUP}`);
await say(shop(".lines"), "for another 5 min");
await say(shop(".rules tr.reached th"), MARKUP);
assert.equal(await page.locator(shop(".rules tr.reached meter")).evaluate((meter) => meter.value), 1);
await say(shop(".phases [aria-current]"), "rolled-back");
await say("#databases", MARKUP);
await say("#alerts .bad", MARKUP);
assert.equal(await isOwned(), false, "an answer became markup");
await shot("trouble");
await page.unrouteAll({ behavior: "wait" });
ok("what goes wrong is shown as it is written");

// All places of the stream are taken: it is said, and the page is live as soon as one is free.
await page.goto("about:blank");
const crowd = [];
const isTaken = () => new Promise((resolve, reject) => {
  const [host, port] = api.split(":");
  crowd.push(http.get({ host, port, path: "/v1/events", headers: { Host: "localhost" } }, (answer) => {
    answer.on("error", () => {});
    answer.resume();
    resolve(answer.statusCode === 429);
  }).on("error", reject));
});
while (!(await isTaken())) assert.ok(crowd.length < 50, "there is no end of streams");
await page.goto(home);
await say("#notices", "no place in its event stream");
for (const stream of crowd) stream.on("error", () => {}).destroy();
await live();
await page.waitForFunction(() => !document.getElementById("notices").textContent.includes("no place"));
ok("a crowd");

assert.deepEqual(errors.filter((words) => !words.startsWith("Failed to load resource")), []);
assert.deepEqual([...asked], [home]);
await browser.close();
ok("all");
