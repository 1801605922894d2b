// What goes on with a release: the rollout and its phase, the canary, the evidence with its bounds, the way back.
import { el, say, set, show, sync, seconds, percent, micros, clock } from "./dom.js";

const PHASES = ["staged", "proving", "ready", "ramping", "cutover", "watching", "settled"];
const BACK = ["rolled-back", "aborted", "refused"];

// A rule's value or limit by its unit.
export function ruleValue(value, unit) {
  if (typeof value !== "number") return "–";
  if (unit === "us") return micros(value);
  if (unit === "share") return percent(value);
  return unit === "ratio" ? `× ${value.toFixed(2)}` : value.toFixed(2);
}

// What the rules of docs/judgement.md ask, shortly.
const MEANINGS = {
  err_mod: "more errors than the baseline", err_gross: "far more errors than the baseline", err_abs: "more errors than the fixed rate",
  hist_mod: "more errors than remembered", hist_gross: "far more errors than remembered",
  lat50: "slower in the middle", lat95: "slower at p95", lat99: "slower at p99", lat999: "slower at p99.9",
  lat50x3: "three times slower in the middle", lat99x3: "three times slower at p99", lat50warn: "a little slower: holds the steps",
  guard_error: "error rate", guard_mean: "mean latency", guard_spike: "errors above the baseline's", guard_slow: "latency against the baseline's",
};

const RULE_WORDS = { off: "off", waits: "waits for traffic", judges: "judges", suspects: "! suspects", reached: "✕ reached", silent: "silent" };

class RuleRow {
  constructor() {
    this.name = el("code");
    this.meaning = el("span", { class: "muted" });
    this.value = el("td", { class: "number" });
    this.limit = el("td", { class: "number" });
    this.meter = el("meter", { min: 0, low: 0.5, high: 0.95, optimum: 0, max: 1 });
    this.state = el("td");
    this.node = el("tr", {}, el("th", { scope: "row" }, this.name, " ", this.meaning), this.value, this.limit, el("td", { class: "wide" }, this.meter), this.state);
  }

  update(rule) {
    const part = typeof rule.value === "number" && rule.threshold > 0 ? Math.max(0, Math.min(1, rule.value / rule.threshold)) : 0;
    say(this.name, rule.rule);
    say(this.meaning, MEANINGS[rule.rule] || "");
    say(this.value, ruleValue(rule.value, rule.unit));
    say(this.limit, ruleValue(rule.threshold, rule.unit));
    this.meter.value = part;
    set(this.meter, "aria-label", `${rule.rule}: ${Math.round(part * 100)} % of its limit`);
    say(this.state, RULE_WORDS[rule.state] || rule.state);
    set(this.node, "class", rule.state);
  }
}

export class Release {
  constructor() {
    this.title = el("h3");
    this.phases = el("ol", { class: "phases", "aria-label": "Phases of the rollout" });
    this.phaseParts = new Map();
    this.lines = el("ul", { class: "lines" });
    this.lineParts = new Map();
    this.rows = el("tbody");
    this.ruleParts = new Map();
    this.summary = el("summary");
    this.isLong = false;
    this.more = el("button", { type: "button", class: "quiet", on: { click: () => {
      this.isLong = !this.isLong;
      this.drawRules(this.all, this.wasOnTrial);
    } } });
    this.rules = el("details", { class: "rules" }, this.summary, el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Rules and their limits" },
      el("table", {}, el("thead", {}, el("tr", {}, ...["Rule", "Value", "Limit"].map((text, i) => el("th", { scope: "col", text, class: i > 0 ? "number" : null })),
        el("th", { scope: "col", text: "Of its limit", class: "wide" }), el("th", { scope: "col", text: "State" }))), this.rows)), this.more);
    this.node = el("section", { class: "release" }, this.title, this.phases, this.lines, this.rules);
  }

  update({ service, rollout, canary, trial, light, rules, degraded }) {
    const isRunning = Boolean(rollout?.running);
    say(this.title, isRunning || (rollout && !trial && !canary) ? `Rollout ${rollout.id}: ${rollout.from} → ${rollout.to}${rollout.version ? ` (${rollout.version})` : ""}`
      : canary ? `Canary: ${percent(canary.share_hundredths / 10000)} of users on ${canary.candidate}`
      : trial?.watched ? `Release on trial: ${trial.candidate}` : "");
    show(this.title, this.title.textContent !== "");
    this.drawPhases(rollout);
    const lines = this.linesOf({ service, rollout, canary, trial, light, degraded });
    sync(this.lines, this.lineParts, lines, (line) => line.key, () => {
      const node = el("li");
      return { node, update: (line) => {
        say(node, line.text);
        set(node, "class", line.kind || null);
      } };
    });
    show(this.lines, lines.length > 0);
    this.drawRules(rules, Boolean(trial?.watched || canary));
    set(this.node, "class", this.title.hidden && lines.length === 0 ? "release idle" : "release");
    show(this.node, !this.title.hidden || lines.length > 0 || !this.rules.hidden);
  }

  drawPhases(rollout) {
    show(this.phases, Boolean(rollout));
    if (!rollout) return;
    const list = BACK.includes(rollout.phase) ? [...PHASES, rollout.phase] : PHASES;
    const at = list.indexOf(rollout.phase);
    const isBack = BACK.includes(rollout.phase);
    const items = list.map((phase, index) => ({ phase, isNow: index === at, isPast: index < at && !isBack }));
    sync(this.phases, this.phaseParts, items, (item) => item.phase, () => {
      const node = el("li");
      return { node, update: ({ phase, isNow, isPast }) => {
        const isEnd = BACK.includes(phase);
        say(node, isEnd ? `✕ ${phase}` : isPast ? `✓ ${phase}` : phase);
        set(node, "class", isEnd ? "back" : isNow ? "now" : isPast ? "past" : null);
        set(node, "aria-current", isNow ? "step" : null);
      } };
    });
  }

  linesOf({ service, rollout, canary, trial, light, degraded }) {
    const lines = [];
    const add = (key, text, kind) => lines.push({ key, text, kind });
    for (const [index, words] of (degraded || []).entries()) add(`degraded ${index}`, `! ${words}`, "bad");
    if (rollout?.running) {
      add("rollout", `${rollout.phase} for ${seconds(rollout.phase_seconds)}${rollout.paused ? ", paused" : ""}${rollout.held ? ", held" : ""}${rollout.waits_for ? `; waits for ${rollout.waits_for}` : ""}`, rollout.held ? "warn" : null);
      if (rollout.approvals_needed > 0) add("approvals", `approvals: ${rollout.approvals} of ${rollout.approvals_needed}`);
      if (rollout.checks_needed > 0) add("checks", `manual checks: ${rollout.checks} of ${rollout.checks_needed}`);
    } else if (rollout) {
      add("ended", `${rollout.phase}${rollout.ended ? ` at ${clock(rollout.ended)}` : ""}${rollout.words ? `: ${rollout.words}` : ""}`, BACK.includes(rollout.phase) ? "warn" : null);
    }
    if (typeof service.confirm_seconds === "number") add("confirm", `! goes back by itself in ${seconds(service.confirm_seconds)} unless confirmed`, "warn");
    if (canary) add("canary", `step ${canary.step} of ${canary.step_count}, for ${seconds(canary.age_seconds)}${canary.paused ? ", steps held" : typeof canary.next_step_seconds === "number" ? `, next in ${seconds(canary.next_step_seconds)}` : rollout?.running ? ", steps by the rollout" : ", steps by hand"}`);
    if (trial?.watched) {
      add("evidence", trial.leading ? `strongest evidence against ${trial.candidate}: ${trial.leading} ${ruleValue(trial.evidence)} of ${ruleValue(trial.threshold)}` : `no evidence against ${trial.candidate} so far`);
      add("window", trial.automatic ? trial.window_seconds > 0 ? `goes back by itself if it fails, for another ${seconds(trial.window_seconds)}` : "goes back by itself if it fails" : "! automatic rollback is off: only alerts", trial.automatic ? null : "warn");
      if (trial.shared) add("shared", "! both sides fail alike: nothing is moved", "warn");
    }
    if (trial?.blocked) add("blocked", "! a rollback is wanted, and something stands in its way", "bad");
    if (trial?.quarantined) add("quarantine", `! taken back and kept away: ${trial.quarantined}${trial.cooldown_seconds > 0 ? `, nothing starts for ${seconds(trial.cooldown_seconds)}` : ""}`, "warn");
    if (light) add("light", `${light.rollback_safe === "yes" ? "✓" : light.rollback_safe === "no" ? "✕" : "?"} rollback safe: ${light.rollback_safe} (to ${light.slot})${light.words ? `, because ${light.words}` : ""}`, light.rollback_safe === "yes" ? "good" : light.rollback_safe === "no" ? "bad" : "warn");
    return lines;
  }

  drawRules(rules, isOnTrial) {
    const busy = rules.filter((rule) => rule.state !== "waits" && rule.state !== "off");
    const shown = this.isLong || busy.length === 0 ? rules : busy;
    this.all = rules;
    show(this.rules, rules.length > 0);
    show(this.more, busy.length > 0 && busy.length < rules.length);
    say(this.more, this.isLong ? "Show only those that judge" : `Show the other ${rules.length - busy.length}, which wait for traffic or are off`);
    if (isOnTrial !== Boolean(this.wasOnTrial)) this.rules.open = isOnTrial;
    this.wasOnTrial = isOnTrial;
    const reached = rules.filter((rule) => rule.state === "reached").length;
    const suspects = rules.filter((rule) => rule.state === "suspects").length;
    say(this.summary, `Evidence and bounds: ${rules.length} rule${rules.length === 1 ? "" : "s"}${isOnTrial ? "" : ", nothing on trial"}${reached ? `, ✕ ${reached} reached` : ""}${suspects ? `, ! ${suspects} suspect` : ""}`);
    sync(this.rows, this.ruleParts, shown, (rule) => rule.rule, () => new RuleRow());
  }
}
