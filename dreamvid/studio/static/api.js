/** What the server is asked, and how its refusals come back. */

/** The server refused: `faults` say why, in the words of the prompt. */
export class Refused extends Error {
  constructor(faults) {
    super(faults.map((fault) => fault.line).join("\n") || "The studio refused this.");
    this.faults = faults;
  }
}

/** The server does not answer. */
export class Gone extends Error {
  constructor() {
    super("The studio is not running: start it again in the terminal; nothing is lost.");
  }
}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Gone();
  }
  if (response.ok) return response;
  let faults = [];
  try {
    faults = (await response.json()).faults ?? [];
  } catch {
    faults = [{ key: "", message: "", hint: null, line: `The studio answered ${response.status}.` }];
  }
  throw new Refused(faults);
}

const json = (body, method = "POST") => ({
  method,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

/** Asks for what changes nothing. */
export async function get(path, query = {}) {
  const search = new URLSearchParams(query).toString();
  return (await answer(search ? `${path}?${search}` : path)).json();
}

/** Asks for what is computed or changed. */
export async function post(path, body = {}, signal = undefined) {
  return (await answer(path, { ...json(body), signal })).json();
}

/** Sends a file's bytes. */
export async function put(path, blob) {
  return (await answer(path, { method: "PUT", body: blob })).json();
}

/**
 * Asks for events that come one by one, a JSON object a line.
 * @param {string} path
 * @param {Object} body
 * @param {AbortSignal} signal aborts the work, too
 * @param {(event: Object) => void} take
 */
export async function stream(path, body, signal, take) {
  const response = await answer(path, { ...json(body), signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(brokenOff);
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) if (line.trim()) take(JSON.parse(line));
    if (done) return;
  }
}

function brokenOff(error) {
  throw error.name === "AbortError" ? error : new Error("The studio broke off in the middle of its answer.");
}

/** The address of a film's action or part. */
export const filmPath = (id, action) => `/api/films/${encodeURIComponent(id)}/${action}`;

/** The address of a still of a picture or clip. */
export function pictureUrl(path, side = 320, seconds = null) {
  const query = new URLSearchParams({ path, side });
  if (seconds !== null) query.set("t", seconds);
  return `/api/picture?${query}`;
}
