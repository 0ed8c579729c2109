/** Choosing the source: dropped, brought, or one of the folder's files. */

import { get, pictureUrl } from "./api.js";
import { byId, droppable, el, icon, notify } from "./dom.js";
import { changeKind, kind, on, source, state } from "./store.js";
import { at, withKey, withoutKey } from "./keys.js";
import { folder, look, upload } from "./folder.js";
import { showStrip } from "./strip.js";
import { bytes } from "./text.js";

/** Makes a file the source, and the recipe of the kind that suits it. */
function useSource(path, clip) {
  let data = withoutKey(withoutKey(state.data, "start"), "end");
  const own = state.start.looks.find((each) => each.name === data.extends);
  const wanted = clip ? "video" : kind() === "image" ? "image" : "zoom";
  // A look of another kind would be refused with this source.
  if (own && own.kind !== "any" && (own.kind === "video") !== clip) data = withoutKey(data, "extends");
  const mask = path === source() ? undefined : at(data, "mask.file");
  if (mask && mask !== "alpha") {
    data = withoutKey(data, "mask");
    notify(`The mask ${mask} was of the other picture, and is taken off.`);
  }
  changeKind(wanted, withKey(data, "source", path));
}

function mix(path) {
  const first = source();
  const both = [state.data.source].flat().includes(path) ? first : [first, path];
  changeKind(kind(), withKey(state.data, "source", both));
}

function tile(file) {
  const image = el("img", { alt: "", loading: "lazy", src: pictureUrl(file.path, 240), draggable: "false" });
  const badge = file.kind === "clip" ? el("span", { class: "badge" }, icon("film"), "clip") : null;
  const button = el(
    "button",
    {
      type: "button",
      class: "tile source",
      draggable: "true",
      "data-path": file.path,
      "data-kind": file.kind,
      title: `${file.name}, ${bytes(file.bytes)}`,
      onclick: () => useSource(file.path, file.kind === "clip"),
    },
    el("span", { class: "thumb" }, image, badge),
    el("span", { class: "tile-name", text: file.name }),
  );
  button.addEventListener("dragstart", (event) =>
    event.dataTransfer.setData("text/x-dreamvid-path", file.path),
  );
  const mixed = el("button", {
    type: "button",
    class: "small mix",
    text: "Mix in",
    "aria-label": `Mix in ${file.name}`,
    onclick: () => mix(file.path),
  });
  return el("li", { "data-name": file.name }, button, file.kind === "picture" ? mixed : null);
}

function draw() {
  const shown = folder.files.filter((file) => file.kind === "picture" || file.kind === "clip");
  byId("sources").replaceChildren(...shown.map(tile));
  mark();
}

function mark() {
  const chosen = [state.data.source ?? []].flat();
  for (const item of byId("sources").children) {
    const { path } = item.firstChild.dataset;
    item.firstChild.setAttribute("aria-pressed", String(chosen[0] === path));
    const mixed = item.querySelector(".mix");
    if (!mixed) continue;
    mixed.hidden = kind() === "video" || chosen[0] === path;
    mixed.setAttribute("aria-pressed", String(chosen[1] === path));
    mixed.textContent = chosen[1] === path ? "Mixed in" : "Mix in";
  }
}

async function facts() {
  const path = source();
  showStrip(null);
  byId("source-facts").textContent = "";
  if (!path) return;
  try {
    const found = await get("/api/source", { path });
    if (path !== source()) return;
    const length = found.seconds ? `, ${found.seconds.toFixed(1)} s at ${found.fps} frames a second` : "";
    byId("source-facts").textContent =
      `${path.split("/").at(-1)}: ${found.size?.join(" × ") ?? ""}${length}${found.sound ? ", with sound" : ""}`;
    if (found.kind === "clip") showStrip(found);
  } catch (error) {
    byId("source-facts").textContent = error.message;
  }
}

async function bring(files) {
  const taken = await upload(files);
  const visual = taken.find((file) => file.kind === "picture" || file.kind === "clip");
  if (visual) useSource(visual.path, visual.kind === "clip");
}

/** Starts the panel of sources. */
export function startSources() {
  on("files", draw);
  on("data", mark);
  on("source", facts);
  const input = byId("source-file");
  byId("source-bring").addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    await bring(files);
  });
  droppable(byId("drop"), bring);
  droppable(document.body, bring);
  return look();
}
