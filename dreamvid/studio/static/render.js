/** The film's kind and length, and the button that renders it. */

import { post } from "./api.js";
import { announce, byId } from "./dom.js";
import { change, changeKind, emit, kind, on, state, undo } from "./store.js";
import { withoutKey } from "./keys.js";
import { showFilm } from "./films.js";
import { clipLength } from "./strip.js";

const rate = () => state.film?.fps ?? 30;

const chips = () => document.querySelectorAll("[data-length]");

function framesOf(chip) {
  const [count, unit] = chip.dataset.length.split(" ");
  return unit === "s" ? Math.max(1, Math.round(Number(count) * rate())) : Number(count);
}

/** A film's length in words; that of one that hears a sound is known once the sound has been heard. */
function lengthOf({ frames, seconds }) {
  const count = frames ?? state.data.frames;
  if (!count) return kind() === "video" ? "to the clip’s end" : "as long as its sound";
  return Number(count) ? `${count} frames, ${(seconds ?? count / rate()).toFixed(1)} s` : String(count);
}

function show() {
  const { film } = state;
  const still = kind() === "image";
  byId("length").hidden = still;
  byId("render").textContent = still ? "Render picture" : "Render film";
  byId("render").disabled = !state.holds || !state.data.source;
  byId("render-why").textContent = state.faults.length ? state.faults[0].line : "";
  for (const input of document.querySelectorAll("input[name=kind]")) {
    input.checked = input.value === kind();
  }
  byId("kinds").hidden = kind() === "video";
  if (!film) return;
  if (document.activeElement !== byId("frames"))
    byId("frames").value = film.frames ?? state.data.frames ?? "";
  const length = still ? "one picture" : lengthOf(film);
  byId("film-facts").textContent = [film.output, length, film.size?.join(" × ")].filter(Boolean).join(" · ");
  showChips();
}

/** Marks the length that is chosen, and takes those off the list that a clip does not have. */
function showChips() {
  const most = clipLength() === null ? Infinity : Math.round(clipLength() * rate());
  for (const chip of chips()) {
    chip.setAttribute("aria-pressed", String(state.data.frames === framesOf(chip)));
    chip.disabled = framesOf(chip) > most;
  }
}

function chooseKind(next) {
  const look = state.start.looks.find((each) => each.name === state.data.extends);
  const clash = look && look.kind !== "any" && look.kind !== next;
  changeKind(next, clash ? withoutKey(state.data, "extends") : state.data);
}

async function render() {
  const button = byId("render");
  button.disabled = true;
  byId("render-why").textContent = "";
  try {
    const { id } = await post("/api/films", { data: state.data });
    announce(`${id} is in the queue`);
    emit("show", "films");
    setTimeout(() => showFilm(id), 200);
  } catch (error) {
    byId("render-why").textContent = error.message;
  }
  button.disabled = !state.holds;
}

/** Starts the bar with the button "Render film". */
export function startRender() {
  on("checked", show);
  on("data", showChips);
  on("clip", showChips);
  on("kind", show);
  byId("render").addEventListener("click", render);
  byId("frames").addEventListener("input", ({ target }) => {
    if (target.value === "") undo("frames");
    else change("frames", Number(target.value));
  });
  for (const chip of chips()) chip.addEventListener("click", () => change("frames", framesOf(chip)));
  for (const input of document.querySelectorAll("input[name=kind]")) {
    input.addEventListener("change", () => chooseKind(input.value));
  }
}
