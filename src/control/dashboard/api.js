// Asking the daemon. The token is in this module's memory and nowhere else; there are no cookies. "same-origin" lets the
// browser show its certificate where the API speaks TLS and asks for one.

let token = "";
let onTokenGone = () => {};

export const hasToken = () => token !== "";
export function useToken(text) {
  token = text.trim().replace(/^Bearer\s+/i, "");
}
export function whenTokenGone(tell) {
  onTokenGone = tell;
}

export function fields(more = {}) {
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

// What went wrong, in the daemon's words.
export class Refusal extends Error {
  constructor(status, error) {
    super(error?.message || (status ? `the daemon answered ${status}` : "the daemon cannot be reached"));
    this.status = status;
    this.code = error?.code || "";
    this.hint = error?.hint || "";
    this.gate = error?.gate || "";
    this.result = null;
  }
}

async function ask(method, path, body) {
  const sent = token;
  let response;
  let answer = null;
  let length = 0;
  try {
    response = await fetch(path, {
      method, cache: "no-store", credentials: "same-origin", redirect: "error",
      headers: fields(body === undefined ? {} : { "Content-Type": "application/json" }),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    length = text.length;
    answer = JSON.parse(text);
  } catch {
    throw new Refusal(response?.status || 0, null);
  }
  // 401 with a token: it is not (or no longer) taken
  if (response.status === 401 && sent !== "" && sent === token) {
    token = "";
    onTokenGone(answer.error?.message || "");
  }
  if (!response.ok || answer.ok === false) {
    const refusal = new Refusal(response.status, answer.error);
    refusal.result = answer.result;
    throw refusal;
  }
  return { ...answer, length };
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
