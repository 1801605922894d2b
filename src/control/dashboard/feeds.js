// History, alerts, audit and databases: lists that grow at the top.
import { el, say, set, show, sync, clock, seconds } from "./dom.js";

class Entry {
  constructor() {
    this.sign = el("span", { class: "sign" });
    this.main = el("span", { class: "entry" });
    this.small = el("span", { class: "muted small" });
    this.node = el("li", {}, this.sign, el("div", {}, this.main, this.small));
  }

  update({ kind, sign, main, small }) {
    set(this.node, "class", kind || null);
    say(this.sign, sign);
    say(this.main, main);
    say(this.small, small);
  }
}

class Feed {
  constructor(section, none) {
    this.list = section.querySelector(".feed");
    this.parts = new Map();
    this.none = el("p", { class: "muted", text: none });
    section.append(this.none);
  }

  update(entries) {
    sync(this.list, this.parts, entries, (entry) => entry.key, () => new Entry());
    show(this.none, entries.length === 0);
    show(this.list, entries.length > 0);
  }
}

const OUTCOMES = { done: ["good", "✓"], volatile: ["warn", "!"], refused: ["warn", "✕"], denied: ["warn", "✕"], conflict: ["warn", "✕"] };
const join = (parts) => parts.filter((part) => part !== null && part !== undefined && part !== "").join(" · ");

function changeOf(entry) {
  const [kind, sign] = OUTCOMES[entry.outcome] || ["bad", "✕"];
  const move = entry.from && entry.to ? `${entry.from} → ${entry.to}` : entry.to || "";
  return { key: entry.sequence, kind, sign,
    main: [entry.kind, entry.name, move, entry.target ? `(${entry.target})` : "", `– ${entry.outcome}`, entry.gate ? `by gate ${entry.gate}` : "", entry.forced ? "(forced)" : "", entry.emergency ? "(emergency)" : ""].filter(Boolean).join(" "),
    small: join([clock(entry.time), entry.actor, entry.trigger, entry.reason ? `“${entry.reason}”` : "", entry.epoch ? `epoch ${entry.epoch}` : ""]) };
}

function alertOf(alert) {
  const isBad = alert.severity === "critical";
  return { key: alert.id, kind: isBad ? "bad" : "warn", sign: isBad ? "✕" : "!",
    main: `${alert.service ? `${alert.service}: ` : ""}${alert.words || alert.trigger}`,
    small: join([clock(alert.time), alert.severity, alert.trigger, alert.decision ? `decision ${alert.decision}` : ""]) };
}

function databaseOf(database) {
  const isGood = database.condition === "up";
  return { key: database.database, kind: isGood ? "good" : "warn", sign: isGood ? "✓" : "!",
    main: `${database.database}: ${database.condition}${database.words ? `, ${database.words}` : ""}`,
    small: join([database.server ? `PostgreSQL ${database.server}` : "", database.mode, database.name, `looked at ${seconds(database.look_age_seconds)} ago`, database.remedy ? `remedy: ${database.remedy}` : ""]) };
}

function auditOf(record) {
  const [kind, sign] = OUTCOMES[record.outcome] || ["bad", "✕"];
  return { key: record.seq, kind, sign,
    main: [record.verb, record.service, record.outcome ? `– ${record.outcome}` : "", record.gate ? `by gate ${record.gate}` : "", record.bypassed ? `past ${record.bypassed}` : ""].filter(Boolean).join(" "),
    small: join([clock(record.time), record.actor, record.role, record.as ? `as ${record.as}` : "", record.reason ? `“${record.reason}”` : "",
      record.verb === "apply" ? "" : record.words, record.note, record.epoch !== record.epoch_before ? `epoch ${record.epoch}` : ""]) };
}

export class Feeds {
  constructor(root) {
    const part = (name) => root.querySelector(`#${name}`);
    this.box = part("feeds");
    this.sections = { databases: part("databases"), audit: part("audit") };
    this.history = new Feed(part("history"), "Nothing has been changed yet.");
    this.alerts = new Feed(part("alerts"), "No alerts.");
    this.databases = new Feed(part("databases"), "");
    this.audit = new Feed(part("audit"), "Nothing has been audited yet.");
  }

  update({ history, alerts, databases, audit }) {
    show(this.box, Boolean(history || alerts));
    this.history.update((history || []).map(changeOf));
    this.alerts.update((alerts || []).map(alertOf));
    show(this.sections.databases, Boolean(databases?.length));
    this.databases.update((databases || []).map(databaseOf));
    show(this.sections.audit, Boolean(audit));
    this.audit.update((audit || []).map(auditOf));
  }
}
