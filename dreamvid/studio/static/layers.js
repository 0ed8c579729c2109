/** The atlas: what the layers dream on this picture, to pick from. */

import { stream } from "./api.js";
import { byId, el } from "./dom.js";
import { isSet, on, state, valueOf } from "./store.js";
import { KEY, setTerms, terms } from "./objective.js";

let running = null;

// The first pick replaces what the network or the look dreams of by itself.
const picked = () => (isSet(KEY) ? terms() : []);
const isPicked = (name) => picked().some((term) => term.name === name);

function toggle(name) {
  const others = picked().filter((term) => term.name !== name);
  setTerms(isPicked(name) ? others : [...others, { name, weight: 1 }]);
}

function mark() {
  for (const button of byId("layers").children) {
    button.setAttribute("aria-pressed", String(isPicked(button.dataset.layer)));
  }
}

function tile({ name, about }) {
  const image = el("img", { alt: "", hidden: true });
  const button = el(
    "button",
    {
      type: "button",
      class: "tile",
      "data-layer": name,
      "aria-pressed": String(isPicked(name)),
      onclick: () => toggle(name),
    },
    el("span", { class: "thumb" }, image),
    el("span", { class: "tile-name", text: name }),
    el("span", { class: "quiet small-text", text: about }),
  );
  byId("layers").append(button);
  return image;
}

async function open() {
  byId("layers-dialog").showModal();
  running?.abort();
  const mine = (running = new AbortController());
  const say = (text) => (byId("layers-status").textContent = text);
  byId("layers").replaceChildren();
  // Those of the usual network are known before they are drawn, and can be picked at once.
  const known = valueOf("network.name") === "lite0" ? state.start.layers : [];
  const images = new Map(known.map((layer) => [layer.name, tile(layer)]));
  say("Pick one or several; each is being dreamed on your picture …");
  const take = (event) => {
    if (event.event === "layer") {
      const image = images.get(event.name) ?? tile(event);
      if (event.picture) image.src = event.picture;
      image.hidden = !event.picture;
    } else if (event.event === "waits") say(`Pick one or several. Waiting: ${event.why}`);
    else if (event.event === "fault") say(event.faults.map((fault) => fault.line).join("; "));
    else if (event.event === "done") say("Pick one or several; each has the weight 1.");
  };
  try {
    await stream("/api/layers", { data: state.data }, mine.signal, take);
  } catch (error) {
    if (error.name !== "AbortError") say(error.message);
  }
}

/** Starts the dialog of layers. */
export function startLayers() {
  on("layers", open);
  on("data", mark);
  byId("open-layers").addEventListener("click", open);
  byId("layers-dialog").addEventListener("close", () => running?.abort());
}
