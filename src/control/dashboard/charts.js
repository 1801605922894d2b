// Pictures in SVG: values over the last ten minutes, and the last checks of a target.
import { svg, el, say, set } from "./dom.js";

export const SPAN_S = 600;
const OVERLAP_S = 1;
const WIDTH = 300;
const HEIGHT = 56;

// What was measured, newest last; at: seconds of the page's own clock.
export class Series {
  constructor() {
    this.points = [];
  }

  add(point) {
    this.points.push(point);
    while (this.points.length > 0 && this.points[0].at < point.at - SPAN_S - 2) this.points.shift();
  }

  // What the daemon remembers stands before and in the gaps of what was seen here, which is finer.
  fill(remembered) {
    const seen = this.points.map((point) => point.at);
    const isSeen = (at) => seen.some((other) => Math.abs(other - at) < OVERLAP_S);
    this.points = [...this.points, ...remembered.filter((point) => !isSeen(point.at))].sort((a, b) => a.at - b.at);
  }
}

const LINES = ["rate", "error_rate", "p50_us", "p95_us", "p99_us"];

// The answer of /v1/services/NAME/charts as points on the page's own clock, by slot.
export function remembered(result, now) {
  const slots = new Map();
  for (const chart of result.charts) {
    const points = result.ages_seconds.map((age, index) => ({ at: now - age, ...Object.fromEntries(LINES.map((line) => [line, chart[line][index]])) }));
    slots.set(chart.slot, points.filter((point) => typeof point.rate === "number" && point.at > now - SPAN_S));
  }
  return slots;
}

// A round number that is not below: the top of the scale, which so does not tremble.
export function roundUp(value, least) {
  if (!(value > least)) return least;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 5, 10].map((step) => step * power).find((step) => step >= value);
}

export function highest(points, keys) {
  let most = 0;
  for (const point of points) for (const key of keys) if (point[key] > most) most = point[key];
  return most;
}

// A line breaks where nothing was measured, or the page was not listening.
function path(points, key, now, top) {
  let line = "";
  let last = null;
  for (const point of points) {
    if (typeof point[key] !== "number") {
      last = null;
      continue;
    }
    const x = WIDTH - ((now - point.at) / SPAN_S) * WIDTH;
    const y = HEIGHT - 1 - (Math.min(point[key], top) / top) * (HEIGHT - 4);
    const isNew = last === null || point.at - last > 5;
    line += `${isNew ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (isNew) line += `h0.1`;
    last = point.at;
  }
  return line;
}

// lines: [{ key, name }], drawn as "line-0" and so on; format(value) for people.
export class Chart {
  constructor(title, lines, format) {
    this.title = title;
    this.lines = lines;
    this.format = format;
    this.paths = lines.map((_, index) => svg("path", { class: `line line-${index}` }));
    this.picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", class: "chart" },
      svg("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT - 1, y2: HEIGHT - 1 }),
      svg("line", { class: "axis faint", x1: 0, x2: WIDTH, y1: 3, y2: 3 }), ...this.paths);
    this.values = lines.map(() => el("b", { text: "–" }));
    this.top = el("span", { class: "top" });
    const words = lines.map((line, index) => el("span", { class: `key key-${index}` },
      line.name ? `${line.name} ` : "", this.values[index]));
    this.node = el("figure", { class: "figure" },
      el("figcaption", {}, el("span", { class: "title", text: title }), ...words),
      el("div", { class: "plot" }, this.picture, this.top, el("span", { class: "since", text: "10 min" })));
  }

  draw(points, now, top) {
    const newest = points[points.length - 1];
    this.lines.forEach((line, index) => {
      set(this.paths[index], "d", path(points, line.key, now, top) || null);
      say(this.values[index], this.format(newest ? newest[line.key] : null));
    });
    say(this.top, this.format(top));
    const said = this.lines.map((line, index) => `${line.name} ${this.values[index].textContent}`.trim()).join(", ");
    set(this.picture, "aria-label", `${this.title} of the last ten minutes; now ${said}; scale to ${this.format(top)}`);
  }
}

const CHECKS = 64;

// Oldest at the left. A failed check differs by its shape too: it stands over the line, a good one hangs under it.
const MARKS = { "#": "good", ".": "bad", "": "none" };
const SHAPES = { good: "v7h2v-7z", bad: "v-10h2v10z", none: "v1h2v-1z" };

export class Checks {
  constructor() {
    this.paths = Object.fromEntries(Object.values(MARKS).map((name) => [name, svg("path", { class: name })]));
    this.node = svg("svg", { viewBox: `0 0 ${CHECKS * 3} 16`, role: "img", class: "checks", preserveAspectRatio: "none" }, ...Object.values(this.paths));
  }

  draw(results) {
    const text = String(results || "").slice(-CHECKS);
    if (text === this.text) return;
    this.text = text;
    const lines = { good: "", bad: "", none: "" };
    for (let i = 0; i < CHECKS; i++) {
      const name = MARKS[text[i - CHECKS + text.length] ?? ""] || "none";
      lines[name] += `M${i * 3} ${name === "bad" ? 10 : 8}${SHAPES[name]}`;
    }
    for (const [name, line] of Object.entries(lines)) set(this.paths[name], "d", line || null);
    const bad = text.split(".").length - 1;
    set(this.node, "aria-label", text.length === 0 ? "not checked yet"
      : `last ${text.length} checks: ${bad === 0 ? "all good" : `${bad} failed`}, the newest ${text.endsWith("#") ? "good" : "failed"}`);
  }
}
