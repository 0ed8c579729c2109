/** A key that names a file: one of the folder's, one brought along, or a word. */

import { el, freshId } from "./dom.js";
import { folder, upload } from "./folder.js";

const WORDS = { "mask.file": ["alpha"], "network.weights": ["imagenet", "random"] };
const PICTORIAL = ["picture", "clip", "sound"];

function suits(field, file) {
  if (file.shipped || file.kind === "recipe") return false;
  return field.kinds.includes(file.kind) || (field.kinds.includes("other") && !PICTORIAL.includes(file.kind));
}

/**
 * The folder's files that suit a key, with a button that brings another. Where a file may be of any kind
 * its name can be typed, too.
 */
export function fileField(field, id, owner) {
  const free = field.kinds.includes("other");
  const list = free ? freshId("files") : null;
  const offers = free ? el("datalist", { id: list }) : null;
  const input = free
    ? el("input", { id, type: "text", list, autocomplete: "off", spellcheck: "false" })
    : el("select", { id });
  const bring = el("input", { type: "file", hidden: true, "aria-label": `Bring a file for ${field.key}` });
  const button = el("button", {
    type: "button",
    class: "small",
    text: "Bring…",
    onclick: () => bring.click(),
  });
  bring.addEventListener("change", async () => {
    const [file] = await upload([...bring.files]);
    bring.value = "";
    if (file) owner.change(field.key, file.path);
  });
  input.addEventListener("input", () => {
    if (input.value.trim()) owner.change(field.key, input.value.trim());
    else owner.undo(field.key);
  });
  let drawn = "";
  function update() {
    const given = owner.isSet(field.key) ? (owner.value(field.key) ?? "") : "";
    const value = typeof given === "object" ? (given.file ?? "") : given;
    const suited = folder.files.filter((file) => suits(field, file)).map((file) => file.path);
    const paths = [...new Set([...(WORDS[field.key] ?? []), ...suited, free ? "" : value])].filter(Boolean);
    const usual = owner.base(field.key);
    const first = usual ? `${usual} (default)` : "none";
    // An open list would close if its options were drawn anew.
    if (drawn !== JSON.stringify([first, paths])) {
      drawn = JSON.stringify([first, paths]);
      const options = paths.map((path) => el("option", { value: path, text: path }));
      if (free) offers.replaceChildren(...options);
      else input.replaceChildren(el("option", { value: "", text: first }), ...options);
    }
    if (free) input.placeholder = usual ?? "by default";
    if (!free || document.activeElement !== input) input.value = value;
  }
  return { node: el("div", { class: "control file" }, input, offers, button, bring), update };
}
