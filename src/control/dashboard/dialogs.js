// The two dialogs: a token, and a change in its steps: what is wanted, the plan with every gate, reason and consent, what
// became of it. Nothing is changed but by the token of a plan that has been shown.
import { el, say } from "./dom.js";
import { Refusal, get, post, useToken } from "./api.js";
import { planOf } from "./actions.js";

export class TokenDialog {
  constructor(onChange) {
    const part = (name) => document.getElementById(`token-${name}`);
    this.onChange = onChange;
    this.dialog = part("dialog");
    this.field = part("field");
    this.problem = part("problem");
    this.why = part("why");
    part("cancel").addEventListener("click", () => this.dialog.close());
    part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.take();
    });
    this.dialog.addEventListener("close", () => {
      this.field.value = "";
    });
  }

  open(why) {
    say(this.why, why);
    say(this.problem, "");
    this.dialog.showModal();
    this.field.focus();
  }

  async take() {
    const text = this.field.value.trim();
    if (text === "" || /[^\x21-\x7e]/.test(text.replace(/^Bearer\s+/i, ""))) {
      say(this.problem, text === "" ? "Paste a token first." : "That is no token: it has blanks or other signs in it.");
      return;
    }
    useToken(text);
    try {
      await get("/v1/whoami");
    } catch (refusal) {
      useToken("");
      say(this.problem, `${refusal.message}${refusal.hint ? ` – ${refusal.hint}` : ""}`);
      this.onChange();
      return;
    }
    this.dialog.close();
    this.onChange();
  }
}

function refusalView(refusal) {
  const gates = refusal.result?.gates || [];
  return el("div", { class: "notice bad", role: "alert", tabindex: -1 },
    el("p", {}, el("strong", { text: "✕ Refused: " }), refusal.message),
    refusal.gate && el("p", { text: `Gate: ${refusal.gate}` }),
    refusal.hint && el("p", { text: `What helps: ${refusal.hint}` }),
    gates.length > 0 && gateList(gates));
}

function gateList(gates) {
  return el("ul", { class: "gates", "aria-label": "Gates" }, ...gates.map((gate) =>
    el("li", { class: gate.passed ? "good" : "bad" },
      el("span", { class: "sign", text: gate.passed ? "✓" : "✕" }),
      el("span", {}, el("b", { text: gate.gate }), el("span", { class: "sr", text: gate.passed ? " passed" : " not passed" }),
        gate.words ? ` – ${gate.words}` : ""))));
}

export class ActDialog {
  // mayForce(command): whether whoever looks may go past a gate with it.
  constructor(onDone, mayForce) {
    this.onDone = onDone;
    this.mayForce = mayForce;
    this.dialog = document.getElementById("act-dialog");
    this.turn = 0;
    this.dialog.addEventListener("close", () => {
      this.turn++;
      this.opener?.isConnected && this.opener.focus();
    });
  }

  open(action, opener) {
    this.action = action;
    this.opener = opener;
    this.past = { reason: "", gates: [] };
    this.values = Object.fromEntries(action.fields.map((field) => [field.name, field.value ?? field.options?.[0] ?? ""]));
    this.dialog.replaceChildren();
    this.dialog.showModal();
    if (action.fields.length > 0) this.showForm();
    else this.plan();
  }

  show(title, ...children) {
    const heading = el("h2", { id: "act-title", text: title, tabindex: -1 });
    this.dialog.replaceChildren(heading, ...children.filter(Boolean));
    (this.dialog.querySelector("[data-first]") || this.dialog.querySelector("[role=alert]") || heading).focus();
  }

  choices(...buttons) {
    return el("div", { class: "choices" },
      el("button", { type: "button", text: buttons.some(Boolean) ? "Cancel" : "Close", on: { click: () => this.dialog.close() }, "data-first": !buttons.some(Boolean) }), ...buttons.filter(Boolean));
  }

  showForm(refusal) {
    const inputs = this.action.fields.map((field, index) => {
      const id = `act-${field.name}`;
      const input = field.options
        ? el("select", { id, "data-first": index === 0 }, ...field.options.map((text) => el("option", { value: text, text })))
        : el("input", { id, type: "text", autocomplete: "off", maxlength: 64, required: field.isNeeded, "data-first": index === 0 });
      input.value = this.values[field.name];
      return { field, input, node: el("div", {}, el("label", { for: id, text: field.label }), input) };
    });
    const form = el("form", { on: { submit: (event) => {
      event.preventDefault();
      for (const { field, input } of inputs) this.values[field.name] = input.value;
      this.past = { reason: "", gates: [] };
      this.plan();
    } } }, el("p", { class: "muted", text: `This ${this.action.effect}.` }), ...inputs.map((item) => item.node),
    refusal && refusalView(refusal), this.choices(this.forceButton(refusal), el("button", { type: "submit", class: "main", text: "Show the plan" })));
    this.show(this.action.title, form);
  }

  // Runs what takes time; an answer for a dialog that was closed meanwhile is nobody's.
  async wait(words, ask) {
    const turn = this.turn;
    this.show(this.action.title, el("p", { role: "status", text: words }), this.choices());
    try {
      const answer = await ask();
      return turn === this.turn ? answer : null;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (turn === this.turn) return refusal;
      return null;
    }
  }

  async plan() {
    const answer = await this.wait("asking for the plan…", () => post("/v1/plan", planOf(this.action, this.values, this.past.reason)));
    if (answer === null) return;
    if (answer instanceof Refusal) this.showRefusal(answer);
    else this.showPlan(answer);
  }

  showRefusal(refusal) {
    if (this.action.fields.length > 0 && refusal.status !== 401 && refusal.status !== 403) {
      this.showForm(refusal);
      return;
    }
    this.show(this.action.title, refusalView(refusal), this.choices(this.forceButton(refusal)));
  }

  // Only behind a gate that has said no, only once, and only for those who may.
  forceButton(refusal) {
    if (!refusal || refusal.code !== "gate_refused" || this.past.reason !== "" || !this.mayForce(this.action.command)) return null;
    return el("button", { type: "button", class: "danger", text: "Go past this…", on: { click: () => this.showForce(refusal) } });
  }

  showForce(refusal) {
    const refused = (refusal.result?.gates || []).filter((gate) => !gate.passed);
    const gates = refused.length > 0 ? refused : [{ gate: refusal.gate, passed: false, words: refusal.message }];
    const reason = el("input", { id: "act-force-reason", type: "text", autocomplete: "off", maxlength: 200, required: true, "data-first": true });
    const problem = el("p", { class: "problem", role: "alert" });
    const form = el("form", { novalidate: true, on: { submit: (event) => {
      event.preventDefault();
      if (reason.value.trim() === "") {
        say(problem, "Say why: whoever reads the history and the audit wants to know.");
        reason.focus();
        return;
      }
      this.past = { reason: reason.value.trim(), gates };
      this.plan();
    } } },
    el("div", { class: "notice bad" }, el("p", {}, el("strong", { text: "! Past what these gates say: " })), gateList(gates)),
    el("p", { class: "muted", text: "They are there so that users are not hurt. Nothing happens yet: the plan without them is shown first." }),
    el("label", { for: "act-force-reason", text: "Why they do not count now" }), reason, problem,
    this.choices(el("button", { type: "submit", class: "danger", text: "Show the forced plan" })));
    this.show(`Past the gates: ${this.action.title}`, form);
  }

  showPlan(answer) {
    const { result } = answer;
    const move = result.from && result.to && result.from !== result.to ? `${result.from} → ${result.to}` : "";
    const { past } = this;
    const isForced = past.reason !== "";
    const reason = el("input", { id: "act-reason", type: "text", autocomplete: "off", maxlength: 200, required: true, "data-first": true });
    reason.value = past.reason;
    const agree = el("input", { id: "act-agree", type: "checkbox", required: true });
    const apply = el("button", { type: "submit", class: isForced ? "danger" : "main", text: `${isForced ? "Force: " : ""}${this.action.label.replace("…", " now")}` });
    const problem = el("p", { class: "problem", role: "alert" });
    const form = el("form", { novalidate: true, on: { submit: (event) => {
      event.preventDefault();
      if (reason.value.trim() === "") {
        say(problem, "Give a reason: it stands in the history.");
        reason.focus();
      } else if (!agree.checked) {
        say(problem, "Confirm that this is wanted.");
        agree.focus();
      } else {
        this.apply(result.token, reason.value.trim());
      }
    } } },
    el("p", { class: "effect" }, el("b", { text: move ? `${this.action.words[0]}: ${move}` : this.action.words[0] }),
      ` – ${this.action.effect}${result.share && result.share !== "0%" && this.action.command.startsWith("canary") ? ` (share ${result.share})` : ""}.`),
    result.words && el("p", { class: "muted", text: result.words }),
    isForced && el("div", { class: "notice bad", role: "note" }, el("p", {}, el("strong", { text: "! Goes past: " })), gateList(past.gates)),
    result.gates?.length > 0 ? gateList(result.gates) : el("p", { class: "muted", text: "No gate stands before this." }),
    el("p", { class: "muted small", text: `Planned at epoch ${answer.epoch}; it holds for ten minutes, and only while nothing else changes.` }),
    el("label", { for: "act-reason", text: "Reason" }), reason,
    el("label", { class: "tick" }, agree, el("span", { text: `I have read the plan${isForced ? ` and go past ${past.gates.map((gate) => gate.gate).join(", ")}` : ""}: ${this.action.label.replace("…", "").toLowerCase()} ${this.action.words[0]}${move ? `, ${move}` : ""}` })),
    problem, this.choices(apply));
    this.show(`${isForced ? "Forced plan" : "Plan"}: ${this.action.title}`, form);
  }

  async apply(token, reason) {
    const answer = await this.wait("carrying it out…", () => post("/v1/apply", { token, reason }));
    this.onDone();
    if (answer === null) return;
    if (answer instanceof Refusal) {
      this.show(this.action.title, refusalView(answer), this.choices());
      return;
    }
    const { result, outcome, epoch } = answer;
    const words = result?.words || this.action.title;
    this.show(this.action.title, el("div", { class: `notice ${outcome === "done" ? "good" : "warn"}`, role: "alert", tabindex: -1 },
      el("p", {}, el("strong", { text: outcome === "done" ? "✓ Done" : `! ${outcome}` }), `: ${words}${words.includes(`epoch ${epoch}`) ? "" : `, epoch ${epoch}`}`),
      result?.durable === false && el("p", { text: "It is in force, but not on disk." })), this.choices());
  }
}
