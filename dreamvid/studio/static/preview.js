/** The still preview: it follows every change, octave by octave, the newest change first. */

import { stream, Refused } from "./api.js";
import { announce, byId, debounced, el } from "./dom.js";
import { chooseSide, on, state } from "./store.js";
import { faultLine } from "./form.js";

// Keys that a still does not show.
const UNSEEN = ["output", "encode"];

let running = null;
let dreamed = "";

function subject() {
  const seen = Object.entries(state.data).filter(([key]) => !UNSEEN.includes(key));
  return JSON.stringify([Object.fromEntries(seen), state.frame, state.side]);
}

/** Dreams the frame in work anew, unless nothing that it shows has changed. */
async function dream(always = false) {
  if (!always && subject() === dreamed) return;
  running?.abort();
  const mine = (running = new AbortController());
  dreamed = subject();
  const stage = byId("stage");
  stage.dataset.state = "working";
  byId("dream-again").hidden = true;
  byId("preview-warnings").replaceChildren();
  say("Dreaming …");
  let ended = false;
  const take = (event) => {
    if (mine !== running) return;
    ended ||= event.event === "done" || event.event === "fault";
    TAKE[event.event]?.(event);
  };
  try {
    await stream(
      "/api/preview",
      { data: state.data, frame: state.frame, side: state.side },
      mine.signal,
      take,
    );
    if (mine === running && !ended) fail([{ key: "", line: "The preview ended early." }]);
  } catch (error) {
    if (error.name === "AbortError" || mine !== running || ended) return;
    fail(error instanceof Refused ? error.faults : [{ key: "", line: error.message }]);
  }
}

const TAKE = {
  waits: ({ why }) => say(`Waiting: ${why}`),
  before: ({ picture }) => show("before", picture),
  octave({ octave, octaves, picture }) {
    show("dreamed", picture);
    progress(octave + 1, octaves);
    say(`Octave ${octave + 1} of ${octaves}`);
  },
  warning({ message }) {
    byId("preview-warnings").append(el("p", { text: message }));
  },
  done({ seconds, picture }) {
    show("dreamed", picture);
    byId("stage").dataset.state = "done";
    byId("octaves").replaceChildren();
    say(`Dreamed in ${seconds.toFixed(1)} s`);
    announce(`Preview of frame ${state.frame} dreamed`);
  },
  fault: ({ faults }) => fail(faults),
};

function show(id, picture) {
  const image = byId(id);
  image.src = picture;
  image.hidden = false;
}

/** Gives the stage the frame's shape, which every octave is stretched to. */
function shape() {
  const { naturalWidth: width, naturalHeight: height } = byId("before");
  byId("stage").style.aspectRatio = `${width} / ${height}`;
  byId("stage").style.setProperty("--ratio", width / height);
}

function progress(done, all) {
  const bars = Array.from({ length: all }, (_, index) => el("span", { class: index < done ? "done" : "" }));
  byId("octaves").replaceChildren(...bars);
}

function say(text) {
  byId("preview-status").textContent = text;
}

function fail(faults) {
  byId("stage").dataset.state = "fault";
  byId("octaves").replaceChildren();
  byId("dream-again").hidden = false;
  say("No preview:");
  byId("preview-warnings").replaceChildren(...faults.map(faultLine));
}

function compare() {
  const share = Number(byId("compare").value);
  byId("dreamed").style.clipPath = `inset(0 0 0 ${share}%)`;
  byId("divider").style.left = `${share}%`;
  byId("divider").hidden = share === 0;
  byId("compare").setAttribute("aria-valuetext", `${share} % of the picture as it was before`);
}

/** Starts following the recipe and the frame. */
export function startPreview() {
  const soon = debounced(40, dream);
  on("data", () => soon());
  on("frame", () => soon());
  on("side", () => soon());
  byId("before").addEventListener("load", shape);
  on("painted", () => dream(true));
  on("back", () => byId("stage").dataset.state === "fault" && dream(true));
  byId("dream-again").addEventListener("click", () => dream(true));
  byId("compare").addEventListener("input", compare);
  for (const choice of document.querySelectorAll("input[name=side]")) {
    choice.checked = (choice.value === "own") === (state.side === null);
    choice.addEventListener("change", () => chooseSide(choice.value === "own" ? null : 480));
  }
  compare();
}
