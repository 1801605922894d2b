// The event stream, read with fetch: an EventSource could not send a token. Connects again by itself, goes on behind the
// last event that was seen, and gives up a connection that says nothing (the state comes each second).
import { fields } from "./api.js";

const SILENT_MS = 6000;
const WAIT_MS = [500, 1000, 2000, 4000];

export class Stream {
  constructor(path, ops) {
    this.path = path;
    this.ops = ops; // onEvent(name, object), onOpen(), onLost(status)
    this.lastId = "";
    this.attempt = 0;
    this.running = 0;
    this.timer = 0;
    this.abort = null;
  }

  // Now, whatever was going on: also with another token.
  start() {
    this.stop();
    this.attempt = 0;
    this.run(this.running);
  }

  stop() {
    this.running++;
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  async run(turn) {
    let status = 0;
    this.abort = new AbortController();
    const abort = this.abort;
    const watch = setInterval(() => {
      if (performance.now() - this.heard > SILENT_MS) abort.abort();
    }, 1000);
    this.heard = performance.now();
    try {
      const headers = fields({ Accept: "text/event-stream" });
      if (this.lastId) headers["Last-Event-ID"] = this.lastId;
      const response = await fetch(this.path, { headers, cache: "no-store", credentials: "same-origin", signal: abort.signal });
      status = response.status;
      if (response.ok && turn === this.running) await this.read(response, turn);
    } catch {
      // lost, or given up: it is tried again
    }
    clearInterval(watch);
    if (turn !== this.running) return;
    this.ops.onLost(status);
    const wait = WAIT_MS[Math.min(this.attempt++, WAIT_MS.length - 1)];
    this.timer = setTimeout(() => this.run(turn), wait + Math.random() * 250);
  }

  async read(response, turn) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    this.attempt = 0;
    this.ops.onOpen();
    for (;;) {
      const { value, done } = await reader.read();
      if (done || turn !== this.running) return;
      this.heard = performance.now();
      rest += value;
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        this.take(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
    }
  }

  take(block) {
    let name = "message";
    const lines = [];
    for (const line of block.split("\n")) {
      if (line.startsWith("event: ")) name = line.slice(7);
      else if (line.startsWith("data: ")) lines.push(line.slice(6));
      else if (line.startsWith("id: ")) this.lastId = line.slice(4);
    }
    if (lines.length === 0) return;
    try {
      this.ops.onEvent(name, JSON.parse(lines.join("\n")));
    } catch (error) {
      console.error("an event could not be shown", error);
    }
  }
}
