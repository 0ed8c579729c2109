/** The film's time line: the frame in work, and what changes over the film as curves. */

import { post, Refused } from "./api.js";
import { byId, debounced, el } from "./dom.js";
import { chooseFrame, change, on, state, valueOf, kind } from "./store.js";
import { fieldsOf } from "./schema.js";
import { setWeight, terms } from "./objective.js";
import { covers, withoutKey } from "./keys.js";
import { editor } from "./curves.js";
import { legend } from "./plot.js";
import { isSchedule, read, tidy } from "./text.js";

const WEIGHT = /^dream\.objective\.(.+?)(\.weight)?$/;

let answer = { frames: 50, fps: 30, curves: [], sound: null };
let chosen = "motion.zoom";
let running = null;
let sending = false;
let waiting = null;
// Whether the curves are those of the recipe as it is now.
let fresh = false;
let plot = null;

const frames = () => state.film?.frames ?? answer.frames ?? 50;

/** Writes a number or schedule where a curve's key says, in lists too. */
function write(key, value) {
  const weight = WEIGHT.exec(key);
  if (weight) return setWeight(weight[1], value);
  const [, list, place] = /^(.+)\.(\d+)$/.exec(key) ?? [];
  if (!list) return change(key, value);
  const old = valueOf(list);
  const next = Array.isArray(old) ? [...old] : Array(list === "color.shift" ? 3 : 2).fill(old ?? 0);
  next[Number(place)] = value;
  return change(list, next);
}

/** A curve's key in words: which term, which of two numbers. */
function titleOf(key) {
  const weight = WEIGHT.exec(key);
  if (weight) return `weight of ${terms()[weight[1]]?.name ?? weight[1]}`;
  return key
    .replace(/^color\.shift\.(\d)$/, (_, place) => `color.shift ${"RGB"[place]}`)
    .replace(/\.0$/, " x")
    .replace(/\.1$/, " y");
}

const fieldOf = (key) => fieldsOf(state.start.schema, kind()).find((field) => field.key === key);

/** The curve of a key; of one that does not vary yet, its number as a line. */
function curveOf(key) {
  const field = fieldOf(key);
  const found = answer.curves.find((curve) => curve.key === key);
  const own = field?.low === undefined ? null : [field.low, field.high];
  if (found) {
    const placed = !key.startsWith("regions.") && found.keys?.every((each) => each.frame !== null);
    const keys = placed
      ? found.keys.map((each) => ({ ...each, movable: /^\d+$|[sb]$/.test(each.word) }))
      : null;
    return { ...found, keys, bounds: found.bounds ?? own, whole: field?.whole };
  }
  const value = valueOf(key);
  const number = typeof value === "number" ? value : (field?.low ?? 0);
  if (isSchedule(value)) return null;
  const first = { frame: 0, word: "0", text: tidy(number), number, movable: false };
  const values = Array(frames()).fill(number);
  return {
    key,
    text: tidy(number),
    values,
    every: 1,
    between: "linear",
    interpolations: ["linear", "step", "ease", "cubic"],
    keys: [first],
    bounds: own,
    whole: field?.whole,
    flat: true,
  };
}

/** A frame as a keyframe's word, in the unit of the others: frames, seconds or beats. */
function wordAt(frame) {
  const words = answer.curves.find((curve) => curve.key === chosen)?.keys?.map((key) => key.word) ?? [];
  if (words.some((word) => word.endsWith("s"))) return `${tidy(frame / answer.fps)}s`;
  const beats = answer.sound?.beats ?? [];
  if (!words.some((word) => word.endsWith("b")) || beats.length < 2) return String(frame);
  const after = Math.max(
    1,
    Math.min(
      beats.length - 1,
      beats.findIndex((beat) => beat >= frame),
    ),
  );
  const [from, to] = [beats[after - 1], beats[after]];
  return `${tidy(Math.max(0, after - 1 + (frame - from) / (to - from)))}b`;
}

/** Sends keyframes to be written as a schedule: one request at a time, while they are dragged. */
async function send(keys) {
  const key = chosen;
  if (keys.length === 1 && curveOf(key)?.flat) {
    write(key, keys[0].number);
    return;
  }
  if (sending) {
    waiting = keys;
    return;
  }
  sending = true;
  try {
    const body = {
      between: byId("between").value || "linear",
      keys: keys.map(({ word, text }) => ({ word, text })),
    };
    const { text } = await post("/api/curve", body);
    write(key, text);
  } catch (error) {
    byId("curve-fault").textContent = error.message;
  }
  sending = false;
  if (waiting) {
    const next = waiting;
    waiting = null;
    send(next);
  }
}

/** The curves; those keys that are at fault are left out, so that the others stay. */
async function drawn(signal) {
  try {
    return await post("/api/curves", { data: state.data }, signal);
  } catch (error) {
    const wrong = error instanceof Refused ? error.faults.map((fault) => fault.key) : [];
    const rest = wrong.filter(Boolean).reduce(withoutKey, state.data);
    if (rest === state.data || wrong.some((key) => covers(chosen, key))) throw error;
    return post("/api/curves", { data: rest }, signal);
  }
}

async function ask() {
  if (kind() === "image") return;
  running?.abort();
  const mine = (running = new AbortController());
  try {
    const next = await drawn(mine.signal);
    if (mine !== running || plot.busy() || sending) return;
    fresh = true;
    answer = { ...next, curves: next.curves ?? [] };
    draw();
  } catch (error) {
    if (error.name === "AbortError" || mine !== running) return;
    const others = error instanceof Refused && !error.faults.some((fault) => covers(chosen, fault.key));
    byId("curve-fault").textContent = others ? "" : error.message;
  }
}

function options() {
  const drawn = answer.curves.map((curve) => curve.key);
  const others = fieldsOf(state.start.schema, kind())
    .filter((field) => field.varies && field.type === "number" && !drawn.includes(field.key))
    .map((field) => field.key);
  const group = (label, keys) =>
    el("optgroup", { label }, ...keys.map((key) => el("option", { value: key, text: titleOf(key) })));
  const select = byId("curve-key");
  select.replaceChildren(
    ...(drawn.length ? [group("Changes over the film", drawn)] : []),
    group("May change", others),
  );
  if (![...drawn, ...others].includes(chosen)) chosen = drawn[0] ?? "motion.zoom";
  select.value = chosen;
}

function draw() {
  options();
  const curve = curveOf(chosen);
  const overlay = byId("overlay").checked;
  const others = overlay ? answer.curves.filter((other) => other.key !== chosen) : [];
  byId("legend").replaceChildren(...legend(others, titleOf, choose));
  byId("between").replaceChildren(
    ...(curve?.interpolations ?? []).map((name) => el("option", { value: name, text: name })),
  );
  if (curve) byId("between").value = curve.between;
  byId("between").disabled = byId("add-keyframe").disabled = byId("remove-keyframe").disabled = !curve?.keys;
  if (document.activeElement !== byId("curve-words"))
    byId("curve-words").value = curve?.text ?? String(valueOf(chosen) ?? "");
  byId("curve-hint").textContent = curve?.keys
    ? "Drag a keyframe, or double-click to add one. With the keyboard: arrows move, Enter adds, Delete removes."
    : "An expression: change its words.";
  byId("curve-fault").textContent = curve?.fault ?? "";
  if (plot.busy()) return;
  plot.show({
    curve,
    others,
    sound: answer.sound,
    frames: frames(),
    fps: answer.fps,
    frame: state.frame,
    word: wordAt,
  });
}

function choose(key) {
  chosen = key;
  draw();
}

function frameShown() {
  const input = byId("frame");
  input.max = Math.max(0, frames() - 1);
  if (state.frame > input.max) chooseFrame(Number(input.max));
  input.value = state.frame;
  const fps = state.film?.fps ?? 30;
  byId("frame-text").textContent =
    `Frame ${state.frame} of ${frames()} · ${(state.frame / fps).toFixed(2)} s`;
  input.setAttribute("aria-valuetext", byId("frame-text").textContent);
}

/** Starts the time line. */
export function startTimeline() {
  plot = editor(byId("curves"), { edit: send, scrub: chooseFrame, end: ask });
  const soon = debounced(150, ask);
  on("data", () => {
    fresh = false;
    soon();
  });
  on("kind", () => {
    byId("panel-timeline").hidden = byId("frame-row").hidden = kind() === "image";
  });
  on("checked", () => {
    frameShown();
    if (fresh && !plot.busy() && !sending) draw();
  });
  on("frame", () => {
    frameShown();
    plot.frame(state.frame);
  });
  on("curve", (key) => {
    choose(key);
    byId("timeline").scrollIntoView({ block: "nearest" });
    byId("curves").focus();
  });
  byId("frame").addEventListener("input", (event) => chooseFrame(Number(event.target.value)));
  byId("curve-key").addEventListener("change", (event) => choose(event.target.value));
  byId("overlay").addEventListener("change", draw);
  byId("between").addEventListener("change", () => {
    const keys = curveOf(chosen)?.keys;
    if (keys) send(keys);
  });
  byId("curve-words").addEventListener("input", ({ target }) => {
    if (target.value.trim() !== "") write(chosen, read(target.value));
  });
  byId("add-keyframe").addEventListener("click", () => plot.add());
  byId("remove-keyframe").addEventListener("click", () => plot.remove());
  new ResizeObserver(() => plot.resize()).observe(byId("curves"));
}
