// The page: reads the event stream for what moves, asks the API for the rest, and puts both together.
import { el, say, set, sync, seconds } from "./dom.js";
import { get, hasToken, post, useToken, whenTokenGone } from "./api.js";
import { Stream } from "./stream.js";
import { ServiceCard } from "./services.js";
import { remembered } from "./charts.js";
import { Feeds } from "./feeds.js";
import { ActDialog, TokenDialog } from "./dialogs.js";
import { MAY_FORCE } from "./actions.js";

const OLD_S = 3;
const HIDDEN_MS = 60000;
const READERS = ["viewer", "none", "nobody", ""];

const part = (name) => document.getElementById(name);
const state = { picture: null, heardAt: 0, isOpen: false, isCrowded: false, status: 0, detail: null, rollouts: [], rules: [], canary: [],
  history: null, alerts: null, audit: null, daemon: null, who: { actor: "", role: "" }, commands: new Map(), problem: "" };
const cards = new Map();
const notices = new Map();
const feeds = new Feeds(document);
const now = () => performance.now() / 1000;

/* ---- putting it on the page ---- */

const namesOf = (service) => [service.service, service.group].filter(Boolean);

function viewOf(service) {
  const { detail } = state;
  const named = (list, key = "service") => (list || []).find((item) => namesOf(service).includes(item[key]));
  const results = new Map((detail?.targets || []).filter((target) => target.service === service.service)
    .map((target) => [`${target.slot} ${target.target}`, target]));
  const slots = service.slots.map((slot) => ({ ...slot,
    targets: slot.targets.map((target) => ({ ...results.get(`${slot.slot} ${target.target}`), ...target })) }));
  return {
    service: { ...service, slots }, extra: named(detail?.services),
    rollout: named(state.rollouts, "name"), canary: named(state.canary), trial: named(detail?.trials), light: named(detail?.lights),
    rules: state.rules.filter((rule) => rule.service === service.service),
    degraded: (detail?.degradations || []).filter((item) => item.service === service.service).map((item) => item.words),
    who: { isReader: READERS.includes(state.who.role), hasToken: hasToken(), role: state.who.role },
  };
}

function drawServices() {
  if (!state.picture) return;
  sync(part("services"), cards, state.picture.services, (service) => service.service, (service) => {
    const card = new ServiceCard(service, act);
    return { node: card.node, card, update: (next) => card.update(viewOf(next)) };
  });
}

function drawCharts() {
  for (const { card } of cards.values()) card.draw(now());
}

// What somebody should know before he trusts the rest.
function noticesNow() {
  const list = [];
  const { detail, picture } = state;
  const add = (key, kind, text) => list.push({ key, kind, text });
  if (state.status === 401 || state.status === 403) add("who", "warn", "This switch shows its state to nobody without a token. Use a token to see it.");
  else if (state.isCrowded) add("crowd", "warn", "! Too many look at this switch: no place in its event stream is free. It is tried again.");
  else if (!picture && state.problem) add("problem", "warn", state.problem);
  if (detail && !detail.durable) add("durable", "bad", "✕ Decisions cannot be written to disk: they would be lost with the daemon.");
  if (detail?.locked) add("locked", "warn", "! The deploy lock is held: changes of others wait or are refused.");
  if (detail?.degraded) add("degraded", "warn", "! A protection is switched off or cannot work; see the service.");
  if (picture?.left_out > 0) add("left", "warn", `! ${picture.left_out} slots are not shown: there are too many for this page.`);
  if (picture && picture.services.length === 0 && !picture.left_out) add("none", "warn", "There is no service in the configuration.");
  return list;
}

function drawNotices() {
  sync(part("notices"), notices, noticesNow(), (item) => item.key, () => {
    const node = el("p", { role: "status" });
    return { node, update: (item) => {
      set(node, "class", `notice ${item.kind}`);
      say(node, item.text);
    } };
  });
}

function drawBar() {
  const age = state.heardAt > 0 ? now() - state.heardAt : Infinity;
  const isOld = age > OLD_S || !state.isOpen;
  const link = part("link");
  set(link, "class", `pill ${isOld ? "bad" : "good"}`);
  set(document.body, "data-live", isOld ? "no" : "yes");
  say(link, !isOld ? "● live" : state.heardAt === 0 ? "○ connecting…" : `○ no connection: this is ${seconds(age)} old`);
  say(part("daemon"), state.daemon ? `${state.daemon.version} · epoch ${state.picture?.epoch ?? state.daemon.epoch}` : "");
  say(part("who"), state.who.role ? `${state.who.actor} · ${state.who.role}` : "");
  say(part("token-button"), hasToken() ? "Forget the token" : "Use a token");
  set(part("token-button"), "aria-haspopup", hasToken() ? null : "dialog");
}

function draw() {
  drawBar();
  drawNotices();
  drawServices();
  feeds.update({ history: state.history, alerts: state.alerts, audit: state.audit, databases: state.detail?.databases });
}

/* ---- asking ---- */

const slow = { timer: 0, isBusy: false, isWanted: false };

async function take(path, keep, body) {
  const answer = await (body ? post(path, body) : get(path));
  keep(answer.result);
  return answer.length;
}

// All that the stream does not have, one request after the other.
async function refresh() {
  let length = 0;
  length += await take("/v1/whoami", (result) => { state.who = result; });
  if (state.commands.size === 0) await take("/v1/help", (result) => { state.commands = new Map(result.commands.map((command) => [command.name, command.usage])); });
  length += await take("/v1/status", (result) => { state.detail = result; });
  await take("/v1/info", (result) => { state.daemon = result.info; });
  await take("/v1/rollouts", (result) => { state.rollouts = result.rollouts; });
  await take("/v1/canary", (result) => { state.canary = result.canary; });
  length += await take("/v1/rules", (result) => { state.rules = result.rules; });
  await take("/v1/history?limit=20", (result) => { state.history = result.history; });
  await take("/v1/alerts", (result) => { state.alerts = [...result.alerts].sort((a, b) => b.id - a.id).slice(0, 20); });
  if (state.commands.has("audit show") && ["operator", "admin"].includes(state.who.role))
    await take("/v1/commands", (result) => { state.audit = result.audit; }, { command: "audit show", args: { limit: 20 } });
  else state.audit = null;
  return length;
}

async function refreshNow() {
  clearTimeout(slow.timer);
  if (slow.isBusy) {
    slow.isWanted = true;
    return;
  }
  slow.isBusy = true;
  let length = 0;
  try {
    length = await refresh();
    state.status = 200;
    state.problem = "";
  } catch (refusal) {
    state.status = refusal.status || 0;
    state.problem = refusal.message;
    if (refusal.status === undefined) console.error(refusal);
  }
  slow.isBusy = false;
  draw();
  // a large installation is asked less often
  const wait = slow.isWanted ? 200 : 2000 + length / 50;
  slow.isWanted = false;
  if (!document.hidden) slow.timer = setTimeout(refreshNow, wait);
}

// The charts begin before the page did: asked for once after each beginning of the stream, service by service.
const past = { turn: 0, isBusy: false, filled: new Set() };

async function fillCharts() {
  if (past.isBusy) return;
  const { turn } = past;
  past.isBusy = true;
  try {
    for (const name of [...cards.keys()].filter((key) => !past.filled.has(key))) {
      const { result } = await get(`/v1/services/${encodeURIComponent(name)}/charts`);
      if (turn !== past.turn) break;
      past.filled.add(name);
      cards.get(name)?.card.remember(remembered(result, now()));
    }
  } catch (refusal) {
    if (refusal.status === undefined) console.error(refusal); // else it is tried with the next state
  }
  past.isBusy = false;
  drawCharts();
}

const stream = new Stream("/v1/events", {
  onOpen() {
    state.isOpen = true;
    state.isCrowded = false;
    state.commands = new Map(); // it may be another daemon
    past.turn++;
    past.filled.clear();
    refreshNow();
  },
  onLost(status) {
    state.isOpen = false;
    state.isCrowded = status === 429;
    if (status === 401 || status === 403) state.status = status;
    drawBar();
    drawNotices();
  },
  onEvent(name, object) {
    if (name !== "status") {
      refreshNow();
      return;
    }
    state.picture = object;
    state.heardAt = now();
    draw();
    for (const service of object.services) cards.get(service.service)?.card.measure(service, state.heardAt);
    if (object.services.some((service) => !past.filled.has(service.service))) fillCharts();
    drawCharts();
  },
});

/* ---- what people do ---- */

const tokenDialog = new TokenDialog(() => {
  forget(hasToken());
});
const actDialog = new ActDialog(refreshNow, (command) => MAY_FORCE.includes(state.who.role) && (state.commands.get(command) || "").includes("--force"));

function act(action, opener) {
  if (READERS.includes(state.who.role) && !hasToken()) tokenDialog.open(`“${action.label.replace("…", "")}” changes something, and that needs a token.`);
  else actDialog.open(action, opener);
}

// Another person looks at the page: nothing that only the last one might see stays.
function forget(isKept) {
  if (!isKept) useToken("");
  state.who = { actor: "", role: "" };
  state.audit = null;
  if (state.status !== 200) state.status = 0;
  stream.start();
  refreshNow();
}

part("token-button").addEventListener("click", () => {
  if (hasToken()) {
    state.picture = state.detail = state.history = state.alerts = null;
    state.heardAt = 0;
    sync(part("services"), cards, [], null, null);
    forget(false);
  } else {
    tokenDialog.open("With a token of the role deployer, operator or admin this page can also change things.");
  }
});
whenTokenGone((words) => {
  forget(false);
  if (!tokenDialog.dialog.open) tokenDialog.open(`The token is no longer taken: ${words}`);
});

let hiddenTimer = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(() => { // there are few places for streams
    stream.stop();
    state.isOpen = false;
  }, HIDDEN_MS);
  else if (!state.isOpen) stream.start();
  else refreshNow();
});
addEventListener("online", () => stream.start());
setInterval(() => {
  drawBar();
  if (!state.isOpen) drawCharts();
}, 1000);
stream.start();
refreshNow();
