/** The recipe in work: what was set, what follows from it, and who is told of changes. */

import { post, Refused } from "./api.js";
import { at, keysOf, withKey, withoutKey } from "./keys.js";
import { debounced } from "./dom.js";
import { known } from "./schema.js";

const listeners = new Map();
let asked = 0;
let saved = "";
const shelf = {};

/**
 * The state of the page. `data` are the keys that were set; `values` is the whole recipe, the last that
 * held; `base` what undo leads to; `film` what would be rendered.
 */
export const state = {
  start: null,
  data: {},
  values: {},
  base: {},
  faults: [],
  yaml: "",
  film: null,
  holds: false,
  frame: 0,
  side: 480,
};

/** Calls `listener` at each event of that name: `data`, `checked`, `frame`, `side`, `source`, `kind`. */
export function on(name, listener) {
  listeners.set(name, [...(listeners.get(name) ?? []), listener]);
}

/** Tells those who listen. */
export function emit(name, ...given) {
  for (const listener of listeners.get(name) ?? []) listener(...given);
}

/** The kind of the recipe in work: zoom, video or image. */
export const kind = () => state.data.kind ?? "zoom";

/** The path of the source in work, the first of two. */
export const source = () => [state.data.source ?? []].flat()[0] ?? null;

/** Begins with what was left here, else with the shipped picture. */
export function begin() {
  const { start } = state;
  saved = `dreamvid ${start.folder}`;
  let left = null;
  try {
    left = JSON.parse(localStorage.getItem(saved));
  } catch {
    localStorage.removeItem(saved);
  }
  state.frame = left?.frame ?? 0;
  state.side = left?.side === null ? null : 480;
  replace(left?.data ?? start.start);
}

function save() {
  localStorage.setItem(saved, JSON.stringify({ data: state.data, frame: state.frame, side: state.side }));
}

/** Takes other data as a whole, and tells what it changes. */
export function replace(data, from = null) {
  const before = { kind: kind(), source: source() };
  state.data = data;
  save();
  if (kind() !== before.kind) emit("kind");
  emit("data", from);
  if (source() !== before.source) emit("source");
  if (from !== "yaml") checkSoon();
}

/** Sets a key. */
export const change = (key, value) => replace(withKey(state.data, key, value));

/** Takes a key back to what it is without being set. */
export const undo = (key) => replace(withoutKey(state.data, key));

/** Whether a key was set. */
export const isSet = (key) => at(state.data, key) !== undefined;

/** What a key comes to: what was set, else what holds without it. */
export function valueOf(key) {
  if (isSet(key)) return at(state.data, key);
  return at(state.holds ? state.values : state.base, key) ?? null;
}

/** Another kind of recipe; keys that it does not know are kept aside, and come back with their kind. */
export function changeKind(to, data = state.data) {
  const allowed = known(state.start.schema, to);
  let next = { ...data, kind: to };
  for (const key of keysOf(next)) {
    if (allowed.has(key)) continue;
    shelf[key] = at(next, key);
    next = withoutKey(next, key);
  }
  for (const key of Object.keys(shelf)) {
    if (!allowed.has(key) || at(next, key) !== undefined) continue;
    next = withKey(next, key, shelf[key]);
    delete shelf[key];
  }
  replace(next);
}

/** Chooses a frame of the film. */
export function chooseFrame(frame) {
  if (frame === state.frame) return;
  state.frame = frame;
  save();
  emit("frame");
}

/** Chooses the side of previews in px, null for the film's own size. */
export function chooseSide(side) {
  state.side = side;
  save();
  emit("side");
}

const checkSoon = debounced(60, () => check({ data: state.data }));

/** Has the data or a YAML text checked; of several answers only the newest counts. */
export async function check(body) {
  const turn = (asked += 1);
  let answer;
  try {
    answer = await post("/api/check", body);
  } catch (error) {
    if (turn !== asked) return null;
    state.faults = error instanceof Refused ? error.faults : state.faults;
    state.holds = false;
    emit("checked", body);
    return null;
  }
  if (turn !== asked) return null;
  state.faults = answer.faults;
  state.holds = answer.values !== null && !answer.faults.length;
  state.values = answer.values ?? state.values;
  state.base = answer.base ?? state.base;
  state.film = answer.film ?? state.film;
  state.yaml = answer.yaml ?? state.yaml;
  emit("checked", body);
  return answer;
}
