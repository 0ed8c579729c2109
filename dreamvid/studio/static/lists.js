/** A list of sections: points of a path, regions of a mask. */

import { el, freshId, iconButton } from "./dom.js";
import { state } from "./store.js";
import { at, withKey, withoutKey } from "./keys.js";
import { control } from "./fields.js";
import { folder } from "./folder.js";

const NAMES = { "motion.path": "point", regions: "region" };

const NEW = {
  "motion.path": () => ({ at: state.frame, center: [0.5, 0.5] }),
  regions: () => ({
    mask:
      folder.files.find((file) => !file.shipped && ["mask", "picture"].includes(file.kind))?.path ??
      "mask.png",
  }),
};

/** The control of a list, with a set of keys for each item. */
export function listField(field, id, owner) {
  const noun = NAMES[field.key] ?? "item";
  const box = el("ol", { class: "items" });
  const items = () => [owner.value(field.key) ?? []].flat();
  let drawn = [];

  const put = (next) => (next.length ? owner.change(field.key, next) : owner.undo(field.key));

  function item(index) {
    const own = {
      value: (key) => at(items()[index], key) ?? null,
      isSet: (key) => at(items()[index], key) !== undefined,
      base: () => null,
      change: (key, value) =>
        put(items().map((each, place) => (place === index ? withKey(each, key, value) : each))),
      undo: (key) => put(items().map((each, place) => (place === index ? withoutKey(each, key) : each))),
    };
    const controls = field.items.map((each) => {
      const label = freshId("item");
      const made = control(each, label, own);
      return {
        ...made,
        row: el(
          "div",
          { class: "field" },
          el("label", { for: label, text: each.name, title: each.help }),
          made.node,
        ),
      };
    });
    const remove = () => put(items().filter((_, place) => place !== index));
    const head = el(
      "div",
      { class: "field-head" },
      el("strong", { text: `${noun} ${index + 1}` }),
      iconButton("close", `Remove ${noun} ${index + 1}`, remove),
    );
    return { node: el("li", { class: "item" }, head, ...controls.map((each) => each.row)), controls };
  }

  function update() {
    const count = items().length;
    if (drawn.length !== count) {
      drawn = items().map((_, index) => item(index));
      box.replaceChildren(...drawn.map((each) => each.node));
    }
    for (const { controls } of drawn) for (const each of controls) each.update();
  }

  const add = el(
    "button",
    { type: "button", class: "small", id, onclick: () => put([...items(), NEW[field.key]?.() ?? {}]) },
    `Add a ${noun}`,
  );
  return { node: el("div", { class: "list" }, box, add), update };
}
