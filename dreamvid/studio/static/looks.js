/** Looks, shown on the person's own picture. */

import { stream } from "./api.js";
import { announce, byId, debounced, el, icon } from "./dom.js";
import { changeKind, kind, on, source, state } from "./store.js";
import { keysOf, withoutKey } from "./keys.js";
import { needSound } from "./sound.js";

// What belongs to the film and its source, whatever look it has.
const KEPT = new Set(["source", "frames", "size", "output", "start", "end", "kind", "fps"]);

let running = null;
let drawnFor = "";
const tiles = new Map();

const fits = (look) => look.kind === "any" || look.kind === kind();

function choose(look) {
  let data = state.data;
  for (const key of keysOf(look?.data ?? {})) if (!KEPT.has(key)) data = withoutKey(data, key);
  if (look) data = { ...data, extends: look.name };
  else data = withoutKey(data, "extends");
  changeKind(look && look.kind !== "any" ? look.kind : kind(), data);
  announce(look ? `Look ${look.name}: ${look.about}` : "No look");
  if (look?.sound) needSound(look.name);
}

function tile(look) {
  const image = el("img", { alt: "", hidden: true });
  const name = look?.name ?? "none";
  const button = el(
    "button",
    {
      type: "button",
      class: "tile",
      "data-look": name,
      title: look?.about ?? "Take the look off",
      onclick: () => choose(look),
    },
    el("span", { class: "thumb" }, look?.sound ? icon("sound") : null, image),
    el("span", { class: "tile-name", text: name }),
    look?.sound ? el("span", { class: "quiet small-text", text: "to a sound" }) : null,
  );
  return { look, button, image };
}

function mark() {
  const chosen = state.data.extends ?? "none";
  for (const [name, { look, button }] of tiles) {
    button.setAttribute("aria-pressed", String(name === chosen));
    button.hidden = look !== null && !fits(look);
  }
}

async function draw() {
  const wanted = JSON.stringify([state.data.source, kind(), state.data.start]);
  if (wanted === drawnFor || !source()) return;
  drawnFor = wanted;
  running?.abort();
  const mine = (running = new AbortController());
  const { source: of, kind: as, start, end } = state.data;
  const data = JSON.parse(JSON.stringify({ kind: as, source: of, start, end }));
  byId("looks").setAttribute("aria-busy", "true");
  let seen = 0;
  const take = (event) => {
    if (mine !== running) return;
    if (event.event === "waits") byId("looks-status").textContent = `Waiting: ${event.why}`;
    if (event.event !== "look" || !event.picture || !tiles.has(event.name)) return;
    const { image } = tiles.get(event.name);
    image.src = event.picture;
    image.hidden = false;
    seen += 1;
    byId("looks-status").textContent = `${seen} drawn on your picture`;
  };
  try {
    await stream("/api/looks", { data }, mine.signal, take);
    if (mine === running) byId("looks-status").textContent = "";
  } catch (error) {
    if (error.name === "AbortError" || mine !== running) return;
    byId("looks-status").textContent = error.message;
    drawnFor = "";
  }
  if (mine === running) byId("looks").removeAttribute("aria-busy");
}

/** Starts the grid of looks. */
export function startLooks() {
  for (const look of [null, ...state.start.looks]) {
    const made = tile(look);
    tiles.set(look?.name ?? "none", made);
    byId("looks").append(made.button);
  }
  const soon = debounced(300, draw);
  const own = new URLSearchParams({ side: 240 });
  on("source", () => {
    for (const { image } of tiles.values()) image.hidden = true;
    own.set("path", source() ?? "");
    const { image } = tiles.get("none");
    image.src = `/api/picture?${own}`;
    image.hidden = !source();
  });
  on("data", () => {
    mark();
    soon();
  });
  on("back", soon);
}
