/** A clip's strip of frames, with handles for where the film begins and ends. */

import { pictureUrl } from "./api.js";
import { byId, debounced } from "./dom.js";
import { emit, on, replace, state } from "./store.js";
import { withKey, withoutKey } from "./keys.js";

let clip = null;

/** Seconds of a time as a recipe writes it: 12.5, "1:30" or "50/25". */
export function seconds(time) {
  if (typeof time === "number") return time;
  const text = String(time ?? "");
  if (text.includes("/")) {
    const [over, under] = text.split("/");
    return Number(over) / Number(under);
  }
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** Seconds between a clip's in and out points; null: the source is none. */
export function clipLength() {
  if (!clip) return null;
  const [from, to] = cuts();
  return to - from;
}

function cuts() {
  const from = Math.min(clip.seconds, seconds(state.data.start ?? 0)) || 0;
  const given = state.data.end === undefined ? clip.seconds : seconds(state.data.end);
  return [from, Math.min(clip.seconds, given) || clip.seconds];
}

/** Shows a clip's strip, or none. */
export function showStrip(found) {
  clip = found?.seconds ? found : null;
  byId("strip").hidden = !clip;
  emit("clip");
  if (!clip) return;
  const query = new URLSearchParams({ path: clip.path, count: 12, height: 64 });
  byId("strip-frames").src = `/api/strip?${query}`;
  for (const id of ["clip-in", "clip-out"]) byId(id).max = clip.seconds;
  update();
}

function update() {
  if (!clip) return;
  const [from, to] = cuts();
  byId("clip-in").value = from;
  byId("clip-out").value = to;
  byId("strip-in").style.width = `${(100 * from) / clip.seconds}%`;
  byId("strip-out").style.width = `${100 - (100 * to) / clip.seconds}%`;
  byId("clip-in").setAttribute("aria-valuetext", `${from.toFixed(2)} s`);
  byId("clip-out").setAttribute("aria-valuetext", `${to.toFixed(2)} s`);
  byId("strip-text").textContent = `${from.toFixed(2)} s to ${to.toFixed(2)} s: ${(to - from).toFixed(2)} s`;
}

function move(event) {
  const least = 1 / clip.fps;
  let from = Number(byId("clip-in").value);
  let to = Number(byId("clip-out").value);
  if (event.target.id === "clip-in") from = Math.min(from, to - least);
  else to = Math.max(to, from + least);
  const tidy = (time) => Number(time.toFixed(3));
  let data = from > 0 ? withKey(state.data, "start", tidy(from)) : withoutKey(state.data, "start");
  data = to < clip.seconds - least / 2 ? withKey(data, "end", tidy(to)) : withoutKey(data, "end");
  const moment = event.target.id === "clip-in" ? from : to - least;
  still(tidy(moment));
  replace(data);
}

const still = debounced(80, (moment) => {
  byId("strip-still").src = pictureUrl(clip.path, 240, moment);
  byId("strip-still").hidden = false;
});

/** Starts the handles. */
export function startStrip() {
  on("data", update);
  for (const id of ["clip-in", "clip-out"]) {
    byId(id).addEventListener("input", move);
    byId(id).addEventListener("blur", () => (byId("strip-still").hidden = true));
  }
}
