// A card for each service: who gets the traffic, its slots with their targets, how each slot does, and what may be done.
import { el, say, set, show, sync, count, rate, percent, micros, seconds, clock } from "./dom.js";
import { Chart, Checks, Series, highest, roundUp } from "./charts.js";
import { Release } from "./release.js";
import { actionsOf } from "./actions.js";

const TARGETS_SHOWN = 8;
const LATENCIES = ["p50_us", "p95_us", "p99_us"];

// Each state has a sign, not only a colour.
const SIGNS = { up: "✓", down: "✕", unknown: "?", degraded: "!" };

function verdictOf(target) {
  if (target.ejected) return ["down", "ejected"];
  if (target.order !== "ready") return ["unknown", target.order];
  return [target.verdict, target.verdict];
}

class TargetRow {
  constructor() {
    this.checks = new Checks();
    this.verdict = el("span", { class: "verdict" });
    this.name = el("span", { class: "address" });
    this.last = el("span", { class: "muted small" });
    this.node = el("li", { class: "target" }, this.verdict, this.name, this.checks.node, this.last);
  }

  update(target) {
    const [kind, word] = verdictOf(target);
    set(this.verdict, "class", `verdict ${kind}`);
    say(this.verdict, `${SIGNS[kind] || "?"} ${word}`);
    say(this.name, target.target);
    if (target.results !== undefined) this.checks.draw(target.results);
    const parts = [];
    if (target.last_check) parts.push(target.last_check);
    if (target.weight !== undefined && target.weight !== 1) parts.push(`weight ${target.weight}`);
    if (target.in_flight) parts.push(`${target.in_flight} in flight`);
    if (target.misdeployed) parts.push("misdeployed");
    if (kind === "down" && typeof target.verdict_seconds === "number") parts.push(`for ${seconds(target.verdict_seconds)}`);
    say(this.last, parts.join(" · "));
  }
}

class Figure {
  constructor(name) {
    this.value = el("dd", { text: "–" });
    this.node = el("div", {}, el("dt", { text: name }), this.value);
  }
}

class SlotPanel {
  constructor() {
    this.series = new Series();
    this.name = el("h3");
    this.role = el("span", { class: "badge" });
    this.version = el("span", { class: "version" });
    this.numbers = Object.fromEntries(["share", "requests/s", "errors", "in flight", "targets up"]
      .map((name) => [name, new Figure(name)]));
    this.charts = [
      new Chart("Requests/s", [{ key: "rate", name: "" }], rate),
      new Chart("Error rate", [{ key: "error_rate", name: "" }], percent),
      new Chart("Latency", LATENCIES.map((key) => ({ key, name: key.slice(0, 3) })), micros),
    ];
    this.list = el("ul", { class: "targets" });
    this.rows = new Map();
    this.isLong = false;
    this.more = el("button", { type: "button", class: "quiet", on: { click: () => this.lengthen() } });
    this.node = el("section", { class: "slot" },
      el("header", {}, this.name, this.role, this.version),
      el("dl", { class: "numbers" }, ...Object.values(this.numbers).map((number) => number.node)),
      el("div", { class: "charts" }, ...this.charts.map((chart) => chart.node)),
      el("h4", { text: "Targets, with their last 64 checks" }), this.list, this.more);
  }

  lengthen() {
    this.isLong = !this.isLong;
    this.drawTargets(this.targets);
  }

  update(slot) {
    set(this.node, "data-role", slot.role);
    set(this.node, "data-slot", slot.slot);
    say(this.name, slot.slot);
    say(this.role, slot.role);
    set(this.role, "class", `badge ${slot.role}`);
    say(this.version, slot.version || "no version");
    const values = {
      "share": percent(slot.share), "requests/s": rate(slot.rate),
      "errors": slot.rate > 0 ? percent(slot.error_rate) : "–",
      "in flight": count(slot.in_flight), "targets up": `${slot.targets_up} / ${slot.targets_all}`,
    };
    for (const [name, value] of Object.entries(values)) say(this.numbers[name].value, value);
    set(this.numbers["targets up"].node, "class", slot.targets_up < slot.targets_all ? "low" : null);
    this.drawTargets(slot.targets);
  }

  // What is not well stands first.
  drawTargets(targets) {
    this.targets = targets;
    const sorted = targets.map((target, index) => ({ target, index, isUp: verdictOf(target)[0] === "up" }))
      .sort((a, b) => a.isUp - b.isUp || a.index - b.index).map((item) => item.target);
    const shown = this.isLong ? sorted : sorted.slice(0, TARGETS_SHOWN);
    sync(this.list, this.rows, shown, (target) => target.target, () => new TargetRow());
    show(this.more, sorted.length > TARGETS_SHOWN);
    say(this.more, this.isLong ? "Show fewer" : `Show all ${sorted.length} targets`);
  }

  draw(now, tops) {
    const points = this.series.points;
    this.charts[0].draw(points, now, tops.rate);
    this.charts[1].draw(points, now, tops.errors);
    this.charts[2].draw(points, now, tops.latency);
  }
}

export class ServiceCard {
  constructor(service, act) {
    this.act = act;
    this.name = el("h2");
    this.traffic = el("span", { class: "badge" });
    this.facts = el("p", { class: "muted small" });
    this.buttons = el("div", { class: "buttons", role: "group" });
    this.buttonParts = new Map();
    this.locked = el("span", { class: "muted small", text: "Changes need a token:" });
    this.shareBar = el("div", { class: "share", role: "img" });
    this.shareParts = new Map();
    this.release = new Release();
    this.grid = el("div", { class: "slots" });
    this.panels = new Map();
    this.node = el("article", { class: "card service" },
      el("header", { class: "head" }, el("div", { class: "names" }, this.name, this.traffic, this.facts),
        el("div", { class: "changes" }, this.locked, this.buttons)),
      this.shareBar, this.release.node, this.grid);
  }

  update(view) {
    const { service, extra } = view;
    set(this.node, "data-service", service.service);
    say(this.name, service.service);
    say(this.traffic, service.traffic === "open" ? "traffic flows" : service.traffic === "held" ? "‖ paused: requests wait" : "maintenance page");
    set(this.traffic, "class", `badge ${service.traffic === "open" ? "calm" : "warn"}`);
    const facts = [`live: ${service.active}`];
    if (service.group) facts.push(`group ${service.group}`);
    if (extra?.switched) facts.push(`since ${clock(extra.switched)}`);
    if (extra?.hosts && extra.hosts !== "*") facts.push(extra.hosts);
    if (extra?.paths && extra.paths !== "/") facts.push(extra.paths);
    say(this.facts, facts.join(" · "));
    this.drawShare(service.slots);
    this.release.update(view);
    sync(this.grid, this.panels, service.slots, (slot) => slot.slot, () => new SlotPanel());
    this.drawButtons(view);
  }

  drawShare(slots) {
    const shares = slots.filter((slot) => slot.share > 0);
    set(this.shareBar, "aria-label", `share of users: ${shares.map((slot) => `${slot.slot} ${percent(slot.share)}`).join(", ") || "none"}`);
    sync(this.shareBar, this.shareParts, shares, (slot) => slot.slot, () => {
      const node = el("span");
      return { node, update: (slot) => {
        node.style.flexGrow = String(slot.share);
        set(node, "class", slot.role);
        say(node, `${slot.slot} ${percent(slot.share)}`);
      } };
    });
  }

  drawButtons(view) {
    const { service, who } = view;
    const mayNot = who.isReader && !who.hasToken;
    set(this.buttons, "aria-label", `Changes of ${service.service}`);
    show(this.locked, mayNot);
    sync(this.buttons, this.buttonParts, actionsOf(view).map((action) => ({ ...action, mayNot })), (action) => action.key, (action) => {
      const node = el("button", { type: "button", "data-action": action.key, "aria-haspopup": "dialog" });
      let present = action;
      node.addEventListener("click", () => this.act(present, node));
      return { node, update: (next) => {
        present = next;
        say(node, next.label);
        set(node, "aria-label", next.mayNot ? `${next.label} (needs a token)` : null);
        set(node, "title", next.mayNot ? "This needs a token" : null);
        set(node, "class", next.mayNot ? "locked" : next.isMain ? "main" : null);
      } };
    });
  }

  // One state of the stream: what it measured goes into the charts.
  measure(service, now) {
    for (const slot of service.slots) {
      const panel = this.panels.get(slot.slot);
      if (!panel || slot.rate === null) continue;
      panel.series.add({ at: now, rate: slot.rate, error_rate: slot.rate > 0 ? slot.error_rate : null,
        p50_us: slot.p50_us, p95_us: slot.p95_us, p99_us: slot.p99_us });
    }
  }

  // What the daemon remembers of the time before, and of that in which the page was not listening.
  remember(slots) {
    for (const [name, points] of slots) this.panels.get(name)?.series.fill(points);
  }

  // The slots of a service have one scale, so that they can be compared at a look.
  draw(now) {
    const points = [...this.panels.values()].flatMap((panel) => panel.series.points);
    const tops = { rate: roundUp(highest(points, ["rate"]), 1), errors: Math.min(roundUp(highest(points, ["error_rate"]), 0.01), 1),
      latency: roundUp(highest(points, LATENCIES), 1000) };
    for (const panel of this.panels.values()) panel.draw(now, tops);
  }
}
