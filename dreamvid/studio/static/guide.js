/** A guide: a picture whose features are dreamed of, dropped in or chosen. */

import { byId, droppable, el } from "./dom.js";
import { folder, upload } from "./folder.js";
import { addGuide, setTerms, terms } from "./objective.js";
import { on } from "./store.js";

const current = () =>
  terms()
    .find((term) => term.name.startsWith("guide:"))
    ?.name.slice(6) ?? "";

function use(path) {
  const others = terms().filter((term) => !term.name.startsWith("guide:"));
  if (path) addGuide(path);
  else if (current()) setTerms(others);
}

async function take(files, path) {
  if (path) return use(path);
  const [file] = await upload(files);
  return file && use(file.path);
}

function show() {
  const select = byId("guide");
  const paths = folder.files
    .filter((file) => ["picture", "clip"].includes(file.kind))
    .map((file) => file.path);
  const chosen = current();
  const all = [...new Set([...paths, chosen])].filter(Boolean);
  select.replaceChildren(
    el("option", { value: "", text: "no guide" }),
    ...all.map((each) => el("option", { value: each, text: each })),
  );
  select.value = chosen;
}

/** Starts the drop target of guides. */
export function startGuide() {
  const input = byId("guide-file");
  byId("guide").addEventListener("change", ({ target }) => use(target.value));
  byId("guide-bring").addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    await take(files);
  });
  droppable(byId("guide-drop"), take);
  on("files", show);
  on("data", show);
  on("checked", show);
}
