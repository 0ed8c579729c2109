/** A control for each type of key. Each has a `node` and an `update`, which shows what now holds. */

import { el, freshId, iconButton } from "./dom.js";
import { change, emit, isSet, state, undo, valueOf } from "./store.js";
import { at } from "./keys.js";
import { isSchedule, read, shown } from "./text.js";
import { slider } from "./slider.js";
import { fileField } from "./filefield.js";
import { objectiveField } from "./objective.js";
import { listField } from "./lists.js";

const MAKERS = {
  number: numberField,
  tuple: tupleField,
  choice: choiceField,
  switch: switchField,
  set: setField,
  file: fileField,
  objective: objectiveField,
  list: listField,
  size: textField,
  text: textField,
};

/** Where a key is read and written: the recipe, unless a list's item stands in its place. */
export const recipe = { value: valueOf, change, undo, isSet, base: (key) => at(state.base, key) };

/** The control of a field. */
export const control = (field, id, owner = recipe) => MAKERS[field.type](field, id, owner);

/** A text field that takes what is typed and is not overwritten while it has the focus. */
export function typed(properties, take) {
  const input = el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...properties });
  input.addEventListener("input", () => take(input.value));
  return {
    node: input,
    update(value) {
      if (document.activeElement !== input) input.value = shown(value);
    },
  };
}

function write(field, owner, text) {
  if (text.trim() === "") owner.undo(field.key);
  else owner.change(field.key, read(text));
}

const placeholder = (field, owner) =>
  shown(owner.base(field.key)) || (field.type === "size" ? "the source’s own" : "by default");

function textField(field, id, owner) {
  const list = field.offers?.length ? freshId("offers") : null;
  const text = typed({ id, list }, (value) => write(field, owner, value));
  const offers =
    list && el("datalist", { id: list }, ...field.offers.map((each) => el("option", { value: each })));
  return {
    node: el("div", { class: "control" }, text.node, offers),
    update() {
      const value = owner.isSet(field.key) ? owner.value(field.key) : null;
      text.update(field.type === "size" && Array.isArray(value) ? value.join("x") : value);
      text.node.placeholder = placeholder(field, owner);
    },
  };
}

function numberField(field, id, owner) {
  const bounded = field.low !== undefined && field.high !== undefined && field.high < 1e6;
  const slide = bounded ? slider(field, field.name, (value) => owner.change(field.key, value)) : null;
  const text = typed({ id, class: "number", inputmode: field.varies ? "text" : "decimal" }, (value) =>
    write(field, owner, value),
  );
  return {
    node: el(
      "div",
      { class: slide ? "control slid" : "control" },
      slide?.node,
      text.node,
      curveButton(field, owner),
    ),
    update() {
      const value = owner.value(field.key);
      const scheduled = isSchedule(value);
      slide?.update(value);
      text.node.classList.toggle("long", scheduled);
      text.update(owner.isSet(field.key) ? value : null);
      text.node.placeholder = placeholder(field, owner);
    },
  };
}

function curveButton(field, owner) {
  if (!field.varies || owner !== recipe) return null;
  return iconButton("curve", `Draw ${field.key} as a curve`, () => emit("curve", field.key), {
    "data-curve": field.key,
  });
}

function tupleField(field, id, owner) {
  const names = field.count === 3 ? ["R", "G", "B"] : field.name === "trim" ? ["sides", "top"] : ["x", "y"];
  const whole = () => {
    const value = owner.value(field.key) ?? Array(field.count).fill(field.name === "center" ? 0.5 : 0);
    return Array.isArray(value) ? [...value] : Array(field.count).fill(value);
  };
  const parts = names.map((name, index) => {
    const text = typed(
      { id: index ? null : id, class: "number", "aria-label": `${field.name} ${name}` },
      (value) => {
        const next = whole();
        next[index] = value.trim() === "" ? 0 : read(value);
        owner.change(field.key, next);
      },
    );
    return {
      ...text,
      label: el("span", { class: "part" }, el("span", { class: "quiet", text: name }), text.node),
    };
  });
  return {
    node: el("div", { class: "control tuple" }, ...parts.map((part) => part.label)),
    update() {
      const value = owner.value(field.key);
      const numbers = Array.isArray(value) ? value : Array(field.count).fill(value);
      parts.forEach((part, index) => part.update(numbers[index]));
    },
  };
}

function choiceField(field, id, owner) {
  const select = el("select", { id });
  const first = el("option", { value: "" });
  select.append(first, ...field.choices.map((choice) => el("option", { value: choice, text: choice })));
  select.addEventListener("change", () => {
    const chosen = field.choices.find((choice) => String(choice) === select.value);
    if (chosen === undefined) owner.undo(field.key);
    else owner.change(field.key, chosen);
  });
  return {
    node: el("div", { class: "control" }, select),
    update() {
      const usual = owner.base(field.key);
      first.textContent = usual === null || usual === undefined ? "by default" : `${usual} (default)`;
      const value = owner.isSet(field.key) ? owner.value(field.key) : "";
      select.value = typeof value === "object" ? "" : String(value);
    },
  };
}

function switchField(field, id, owner) {
  const input = el("input", { type: "checkbox", role: "switch", id });
  input.addEventListener("change", () => owner.change(field.key, input.checked));
  return {
    node: el("div", { class: "control" }, input),
    update() {
      input.checked = owner.value(field.key) === true;
    },
  };
}

function setField(field, id, owner) {
  const boxes = field.choices.map((choice, index) => {
    const input = el("input", { type: "checkbox", id: index ? null : id, value: choice });
    input.addEventListener("change", () =>
      owner.change(
        field.key,
        boxes.filter((box) => box.input.checked).map((box) => box.input.value),
      ),
    );
    return { input, label: el("label", { class: "check" }, input, choice) };
  });
  return {
    node: el("div", { class: "control set" }, ...boxes.map((box) => box.label)),
    update() {
      const value = [owner.value(field.key) ?? []].flat();
      for (const { input } of boxes) input.checked = value.includes(input.value);
    },
  };
}
