// What may be done with a service, each as a command of the API that can be planned. fields: what is asked for first.

const SHARES = "1%, 5%, 25%";

// Roles that may go past a gate.
export const MAY_FORCE = ["operator", "admin"];

function others(view) {
  const { service } = view;
  return service.slots.map((slot) => slot.slot).filter((slot) => slot !== service.active);
}

function slotField(view, label) {
  return { name: "to", label, options: others(view), isOption: true };
}

// The share of a canary is a word behind the name of the service.
function canaryActions(view, name) {
  const { service, canary } = view;
  const give = `gives ${canary?.candidate || "the candidate"}`;
  if (!canary) return [{ key: "canary-start", label: "Canary…", command: "canary start", words: [name],
    title: `Start a canary of ${name}`, effect: "gives a share of users to another slot; a user stays where he is put",
    fields: [slotField(view, "Slot"), { name: "share", label: `Share of users (${SHARES}; empty: the first step)`, value: "", isWord: true }] }];
  const list = [
    { key: "canary-step", label: "Next step…", command: "canary step", words: [name], title: `Next canary step of ${name}`, effect: `${give} the next configured share`, fields: [] },
    { key: "canary-set", label: "Share…", command: "canary set", words: [name], title: `Canary share of ${name}`, effect: `${give} exactly this share`,
      fields: [{ name: "share", label: `Share of users (${SHARES})`, value: canary.share || "", isWord: true, isNeeded: true }] },
    { key: "canary-abort", label: "Abort canary…", command: "canary abort", words: [name], title: `Abort the canary of ${name}`, effect: `gives all users back to ${service.active}`, fields: [] },
  ];
  const isPaused = canary.paused;
  list.splice(2, 0, { key: isPaused ? "canary-resume" : "canary-pause", label: isPaused ? "Resume steps…" : "Hold steps…", command: isPaused ? "canary resume" : "canary pause",
    words: [name], title: `${isPaused ? "Resume" : "Hold"} the canary steps of ${name}`, effect: isPaused ? "lets the steps go on by themselves" : "keeps the share as it is", fields: [] });
  return list;
}

// What a rollout that goes on can be told; else that one begins.
function rolloutActions(view, name) {
  const { rollout, who } = view;
  const act = (key, command, label, title, effect, more = {}) => ({ key, label, command, words: [name], title, effect, fields: [], ...more });
  if (!rollout?.running) return [act("rollout-start", "rollout start", "Rollout…", `Start a rollout of ${name}`, "begins a deployment that goes on by itself, phase by phase",
    { fields: [slotField(view, "To the slot"), { name: "plan", label: "In steps, or at once", options: ["canary", "switch"] }] })];
  const list = [act("rollout-advance", "rollout advance", "Next phase…", `Next phase of the rollout of ${name}`, "goes on to its next phase or step now", { isMain: true })];
  if (rollout.paused) list.push(act("rollout-resume", "rollout resume", "Resume rollout…", `Resume the rollout of ${name}`, "lets it go on by itself"));
  else list.push(act("rollout-pause", "rollout pause", "Pause rollout…", `Pause the rollout of ${name}`, "keeps it where it is; what guards it stays armed"));
  if (rollout.approvals < rollout.approvals_needed && (MAY_FORCE.includes(who.role) || !who.hasToken))
    list.push(act("approve", "approve", "Approve…", `Approve the rollout of ${name}`, `agrees to ${rollout.to}${rollout.version ? ` (${rollout.version})` : ""}`));
  list.push(act("rollout-abort", "rollout abort", "Abort rollout…", `Abort the rollout of ${name}`, `gives everybody back to ${rollout.from} and ends it`));
  return list;
}

// A switch, of a rollout or not, that goes back by itself unless somebody says that it stays.
function confirmAction(view, name) {
  const { service } = view;
  if (typeof service.confirm_seconds !== "number") return [];
  return [{ key: "confirm", label: "Confirm…", isMain: true, command: "confirm", words: [name], title: `Confirm ${service.active} of ${name}`,
    effect: "keeps what was switched; without it traffic goes back by itself", fields: [] }];
}

export function actionsOf(view) {
  const { service, extra } = view;
  const name = service.group || service.service;
  const isRollingOut = Boolean(view.rollout?.running);
  const list = [...confirmAction(view, name), { key: "switch", label: "Switch…", isMain: !isRollingOut, command: "switch", words: [name], title: `Switch ${name}`,
    effect: "moves all traffic in one step", fields: [slotField(view, "To the slot"),
      { name: "confirm_within", label: "Goes back by itself unless confirmed within (10m; empty: it stays)", value: "" }] }];
  if (extra?.previous) list.push({ key: "rollback", label: "Rollback…", command: "rollback", words: [name], title: `Roll ${name} back`,
    effect: `moves all traffic back to ${extra.previous}`, fields: [] });
  list.push(...rolloutActions(view, name));
  if (!isRollingOut) list.push(...canaryActions(view, name));
  if (service.traffic === "held") list.push({ key: "resume", label: "Resume traffic…", command: "resume", words: [name], title: `Resume the traffic of ${name}`,
    effect: "lets the waiting requests go on", fields: [] });
  else if (service.traffic === "open") list.push({ key: "pause", label: "Pause traffic…", command: "pause", words: [name], title: `Pause the traffic of ${name}`,
    effect: "lets new requests wait, for a time", fields: [{ name: "max", label: "At most (10s, 1m; empty: as configured)", value: "", isOption: true }] });
  return list;
}

// The body of POST /v1/plan; past: the reason to go past gates, "" : nobody wants to.
export function planOf(action, values, past) {
  const args = { words: [...action.words], ...(past ? { force: true, reason: past } : {}) };
  for (const field of action.fields) {
    const value = (values[field.name] || "").trim();
    if (value === "") continue;
    if (field.isWord) args.words.push(value);
    else args[field.name] = value;
  }
  return { command: action.command, args };
}
