/** What is dreamed of: terms with weights, and ways to add one. */

import { el, freshId, iconButton } from "./dom.js";
import { change, emit, isSet, state, undo, valueOf } from "./store.js";
import { folder } from "./folder.js";
import { at } from "./keys.js";
import { read, shown } from "./text.js";
import { termsOf, written } from "./terms.js";

/** The key of what is dreamed of. */
export const KEY = "dream.objective";

const held = () => at(state.values, KEY);

/** The terms that are dreamed of now. */
export const terms = () => termsOf(valueOf(KEY), held());

/** Takes other terms; none leads back to the network's own. */
export function setTerms(next) {
  const value = written(next);
  if (value === null) undo(KEY);
  else change(KEY, value);
}

/** Sets the weight of a term, which a curve calls by its name or its number. */
export function setWeight(which, weight) {
  setTerms(
    terms().map((term, each) => (term.name === which || String(each) === which ? { ...term, weight } : term)),
  );
}

/** Dreams of a picture's features in place of another guide's: alone, or beside terms that were chosen. */
export function addGuide(path) {
  const others = isSet(KEY) ? terms().filter((term) => !term.name.startsWith("guide:")) : [];
  setTerms([...others, { name: `guide:${path}`, weight: 1 }]);
}

/** The control of an objective. */
export function objectiveField(field, id, owner) {
  const rows = el("ul", { class: "terms" });
  const list = freshId("terms");
  const offers = el("datalist", { id: list });
  const name = el("input", {
    id,
    type: "text",
    list,
    autocomplete: "off",
    placeholder: "heads or class:peacock",
  });
  const add = () => {
    const wanted = name.value.trim();
    if (!wanted) return;
    name.value = "";
    put([...current().filter((term) => term.name !== wanted), { name: wanted, weight: 1 }]);
  };
  const whole = field.key === KEY;
  name.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });

  const current = () => termsOf(owner.value(field.key), whole ? held() : null);
  const put = (next) => {
    const value = written(next);
    if (value === null) owner.undo(field.key);
    else owner.change(field.key, value);
  };

  function row(term, index) {
    const weight = el("input", {
      type: "text",
      class: "number",
      value: shown(term.weight),
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": `Weight of ${term.name}`,
      title: "Weight, or a schedule",
    });
    weight.addEventListener("input", () => {
      if (weight.value.trim() === "") return;
      put(current().map((each, place) => (place === index ? { ...each, weight: read(weight.value) } : each)));
    });
    const remove = () => put(current().filter((_, place) => place !== index));
    return el(
      "li",
      { class: "term" },
      el("span", { class: "term-name", text: term.name }),
      weight,
      iconButton("close", `Remove ${term.name}`, remove),
    );
  }

  function update() {
    const layers = state.start.layers.map((layer) => el("option", { value: layer.name, label: layer.about }));
    const pictures = folder.files.filter((file) => ["picture", "clip"].includes(file.kind) && !file.shipped);
    offers.replaceChildren(
      ...layers,
      ...pictures.map((file) => el("option", { value: `guide:${file.path}` })),
    );
    if (rows.contains(document.activeElement)) return;
    rows.replaceChildren(...current().map(row));
    if (!rows.children.length) rows.append(el("li", { class: "quiet", text: "The network’s own choice." }));
  }

  const pick = el("button", {
    type: "button",
    class: "small",
    text: "Pick from pictures…",
    onclick: () => emit("layers"),
  });
  const adding = el(
    "div",
    { class: "control" },
    name,
    el("button", { type: "button", class: "small", text: "Add", onclick: add }),
  );
  return { node: el("div", { class: "objective" }, rows, adding, offers, whole ? pick : null), update };
}
