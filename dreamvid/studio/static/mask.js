/** Painting a mask over the picture: white is dreamed on. */

import { pictureUrl, put } from "./api.js";
import { byId } from "./dom.js";
import { change, emit, source, state, valueOf } from "./store.js";
import { brush } from "./brush.js";

let paint = null;
let again = null;

const canvas = () => byId("mask-canvas");

function sized() {
  const { naturalWidth, naturalHeight } = byId("before");
  const [width, height] = state.film?.size ?? [naturalWidth || 960, naturalHeight || 540];
  const share = Math.min(1, 1280 / Math.max(width, height));
  return [Math.round(width * share), Math.round(height * share)];
}

async function load(path) {
  const image = new Image();
  image.src = pictureUrl(path, 1280);
  try {
    await image.decode();
  } catch {
    return;
  }
  paint.load(image);
}

async function open() {
  const [width, height] = sized();
  canvas().width = width;
  canvas().height = height;
  byId("mask-frame").style.aspectRatio = `${width} / ${height}`;
  byId("mask-fault").textContent = "";
  byId("mask-picture").src = byId("before").src || pictureUrl(source(), 1280);
  paint.clear();
  const file = valueOf("mask.file");
  if (file && file !== "alpha" && file === again) await load(file);
  byId("mask-dialog").showModal();
  canvas().focus();
}

/** The mask's name: one of its own for each source. */
function name() {
  const stem = (source() ?? "picture")
    .split("/")
    .at(-1)
    .replace(/\.[^.]*$/, "");
  return `${stem}-mask.png`;
}

async function save() {
  byId("mask-fault").textContent = "";
  try {
    const { path } = await put(`/api/masks/${encodeURIComponent(name())}`, await paint.picture());
    again = path;
    change("mask.file", path);
    // A mask painted anew has its old name, which alone would tell the preview of no change.
    emit("painted");
    byId("mask-dialog").close();
  } catch (error) {
    byId("mask-fault").textContent = error.message;
  }
}

/** Starts the dialog that paints masks. */
export function startMask() {
  paint = brush(canvas(), {
    size: () => Number(byId("brush-size").value),
    softness: () => Number(byId("brush-softness").value) / 100,
    erases: () => byId("brush-erase").checked,
    moved: (x, y, radius) => {
      const ring = byId("brush-ring");
      ring.hidden = false;
      ring.style.left = `${x}%`;
      ring.style.top = `${y}%`;
      ring.style.width = ring.style.height = `${radius * 2}px`;
    },
  });
  byId("open-mask").addEventListener("click", open);
  byId("mask-fill").addEventListener("click", () => paint.fill());
  byId("mask-clear").addEventListener("click", () => paint.clear());
  byId("mask-undo").addEventListener("click", () => paint.undo());
  byId("mask-save").addEventListener("click", save);
  canvas().addEventListener("keydown", (event) => {
    const size = byId("brush-size");
    if (event.key === "[" || event.key === "]")
      size.value = Number(size.value) + (event.key === "]" ? 8 : -8);
    else if (event.key === "e") byId("brush-erase").checked = !byId("brush-erase").checked;
    else return;
    paint.point();
  });
}
