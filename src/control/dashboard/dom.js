// Making and changing what is on the page. Whatever comes from the daemon goes in as text: there is no way from here to
// markup, and the page's policy (trusted types) would stop one.

const svgSpace = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== "" && child !== false));
  return node;
}

export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(svgSpace, tag), props, children);
}

// Only what has changed is written, so that nothing is laid out or read aloud again without need.
export function say(node, text) {
  const words = text === null || text === undefined ? "" : String(text);
  if (node.textContent !== words) node.textContent = words;
}

export function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, String(value));
  }
}

export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

// Makes the parts of a parent those of the items, in their order; parts that stay keep their focus and state.
// make(item) answers { node, update(item) }.
export function sync(parent, parts, items, keyOf, make) {
  const wanted = new Set();
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (wanted.has(key)) continue;
    wanted.add(key);
    let part = parts.get(key);
    if (!part) {
      part = make(item);
      parts.set(key, part);
    }
    if (part.node !== at) parent.insertBefore(part.node, at);
    else at = at.nextElementSibling;
    part.update(item);
  }
  for (const [key, part] of parts) {
    if (wanted.has(key)) continue;
    part.node.remove();
    parts.delete(key);
  }
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

export function count(value) {
  if (!isNumber(value)) return "–";
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(1)} k` : String(Math.round(value));
}

export function rate(value) {
  if (!isNumber(value)) return "–";
  return value >= 100 ? count(value) : value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1);
}

export function percent(part) {
  if (!isNumber(part)) return "–";
  const value = part * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.01) return "< 0.01 %";
  return `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : value.toFixed(value > 99 ? 1 : 0)} %`;
}

export function micros(us) {
  if (!isNumber(us)) return "–";
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${us < 1e4 ? (us / 1000).toFixed(1) : Math.round(us / 1000)} ms`;
  return `${(us / 1e6).toFixed(us < 1e7 ? 1 : 0)} s`;
}

export function seconds(value) {
  if (!isNumber(value)) return "–";
  const s = Math.max(0, Math.round(value));
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 && s < 600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

// A stamp of the daemon in the reader's own time; with the day unless it is today's.
export function clock(stamp) {
  const date = new Date(stamp);
  if (!stamp || Number.isNaN(date.getTime())) return stamp || "–";
  const time = date.toLocaleTimeString([], { hour12: false });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}
