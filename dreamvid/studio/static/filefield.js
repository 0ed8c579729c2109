/** A key that names a file: one of the folder's, one brought along, or a word. */

import { el } from "./dom.js";
import { folder, upload } from "./folder.js";

const WORDS = { "mask.file": ["alpha"], "network.weights": ["imagenet", "random"] };
const PICTORIAL = ["picture", "clip", "sound"];

function suits(field, file) {
  if (file.shipped || file.kind === "recipe") return false;
  return field.kinds.includes(file.kind) || (field.kinds.includes("other") && !PICTORIAL.includes(file.kind));
}

/** A select of the folder's files that suit a key, with a button that brings another. */
export function fileField(field, id, owner) {
  const select = el("select", { id });
  const bring = el("input", { type: "file", hidden: true, "aria-label": `Bring a file for ${field.key}` });
  const button = el("button", { type: "button", class: "small", text: "Bring…", onclick: () => bring.click() });
  bring.addEventListener("change", async () => {
    const [file] = await upload([...bring.files]);
    bring.value = "";
    if (file) owner.change(field.key, file.path);
  });
  select.addEventListener("change", () => {
    if (select.value) owner.change(field.key, select.value);
    else owner.undo(field.key);
  });
  let drawn = "";
  function update() {
    const given = owner.isSet(field.key) ? (owner.value(field.key) ?? "") : "";
    const value = typeof given === "object" ? (given.file ?? "") : given;
    const suited = folder.files.filter((file) => suits(field, file)).map((file) => file.path);
    const paths = [...new Set([...(WORDS[field.key] ?? []), ...suited, value])].filter(Boolean);
    const usual = owner.base(field.key);
    const first = usual ? `${usual} (default)` : "none";
    // An open list would close if its options were drawn anew.
    if (drawn !== JSON.stringify([first, paths])) {
      drawn = JSON.stringify([first, paths]);
      const options = paths.map((path) => el("option", { value: path, text: path }));
      select.replaceChildren(el("option", { value: "", text: first }), ...options);
    }
    select.value = value;
  }
  return { node: el("div", { class: "control file" }, select, button, bring), update };
}
