/** Editing a curve's keyframes: by mouse, touch and keyboard. */

import { draw, rangeOf, scales } from "./plot.js";
import { tidy } from "./text.js";

/**
 * Makes a drawing editable.
 * @param {SVGElement} box
 * @param {{edit: (keys: Object[]) => void, scrub: (frame: number) => void, end: () => void}} told
 * @returns {{show: Function, add: Function, remove: Function, busy: () => boolean}}
 */
export function editor(box, told) {
  let model = null;
  let scale = null;
  let chosen = 0;
  let drag = null;
  let dragged = false;

  const keys = () => model.curve?.keys ?? null;

  function show(next = model) {
    model = next;
    if (!model) return;
    if (!drag)
      scale = scales(box, model.frames, model.curve ? rangeOf(model.curve) : [0, 1], Boolean(model.sound));
    chosen = Math.min(chosen, Math.max(0, (keys()?.length ?? 1) - 1));
    draw(box, { ...model, chosen, dragged }, scale);
  }

  function take(next) {
    dragged = true;
    model = { ...model, curve: { ...model.curve, keys: next } };
    show();
    told.edit(next);
  }

  /** A number that is told apart in this drawing, within the key's bounds. */
  function held(value) {
    const [low, high] = model.curve.bounds ?? [-Infinity, Infinity];
    const span = scale.range[1] - scale.range[0];
    const places = model.curve.whole ? 0 : Math.max(0, Math.min(5, 2 - Math.floor(Math.log10(span || 1))));
    return Number(Math.min(high, Math.max(low, value)).toFixed(places));
  }

  function place(index, frame, value) {
    const all = keys();
    const old = all[index];
    const least = index ? all[index - 1].frame + 1 : 0;
    const most = index < all.length - 1 ? all[index + 1].frame - 1 : model.frames - 1;
    const at = old.movable ? Math.max(least, Math.min(most, frame)) : old.frame;
    // A keyframe whose number is an expression moves along the line only.
    const number = old.number === null ? null : held(value);
    const moved = { ...old, frame: at, number, text: number === null ? old.text : tidy(number) };
    if (at !== old.frame) moved.word = model.word(at);
    if (moved.frame === old.frame && moved.text === old.text) return;
    take(all.map((each, place) => (place === index ? moved : each)));
  }

  /** Adds a keyframe at a frame, on the curve or at a value. */
  function add(frame = model.frame, value = null) {
    const all = keys();
    if (!all) return;
    const there = all.findIndex((key) => key.frame === frame);
    if (there >= 0) {
      chosen = there;
      if (value !== null) place(there, frame, value);
      else show();
      return;
    }
    const { curve } = model;
    const on = curve.values[Math.min(curve.values.length - 1, Math.round(frame / curve.every))] ?? 0;
    const number = held(value ?? on);
    const made = { frame, word: model.word(frame), text: tidy(number), number, movable: true };
    const next = [...all, made].sort((a, b) => a.frame - b.frame);
    chosen = next.indexOf(made);
    take(next);
  }

  function remove(index = chosen) {
    if ((keys()?.length ?? 0) > 1) take(keys().filter((_, each) => each !== index));
  }

  const point = (event) => {
    const area = box.getBoundingClientRect();
    return [event.clientX - area.left, event.clientY - area.top];
  };
  const indexOf = (target) => Number(target.closest("[data-keyframe]")?.dataset.keyframe ?? -1);

  box.addEventListener("pointerdown", (event) => {
    if (!model) return;
    const index = indexOf(event.target);
    if (index >= 0) {
      chosen = index;
      box.setPointerCapture(event.pointerId);
      drag = { index };
      show();
      box.querySelector(`[data-keyframe="${index}"]`).focus({ preventScroll: true });
      event.preventDefault();
    } else told.scrub(scale.frame(point(event)[0]));
  });
  box.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = point(event);
    place(drag.index, scale.frame(x), scale.value(y));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    box.addEventListener(end, () => {
      if (drag) {
        drag = null;
        told.end();
      }
    });
  }
  box.addEventListener("dblclick", (event) => {
    if (!model?.curve || indexOf(event.target) >= 0) return;
    const [x, y] = point(event);
    add(scale.frame(x), scale.value(y));
  });
  box.addEventListener("focusin", (event) => {
    const index = indexOf(event.target);
    if (index >= 0) chosen = index;
  });
  box.addEventListener("keydown", (event) => {
    const index = indexOf(event.target);
    const much = event.shiftKey ? 10 : 1;
    if (event.key === "Enter") add();
    else if (index < 0) return;
    else if (event.key === "Delete" || event.key === "Backspace") remove(index);
    else if (event.key.startsWith("Arrow")) {
      const key = keys()[index];
      const step = model.curve.whole ? 1 : (scale.range[1] - scale.range[0]) / 100;
      const across = { ArrowRight: much, ArrowLeft: -much }[event.key] ?? 0;
      const up = { ArrowUp: much * step, ArrowDown: -much * step }[event.key] ?? 0;
      place(index, key.frame + across, (key.number ?? 0) + up);
    } else return;
    event.preventDefault();
  });

  return {
    show(next) {
      dragged = false;
      show(next);
    },
    frame(frame) {
      if (model) show({ ...model, frame });
    },
    resize: () => show(),
    add,
    remove,
    busy: () => drag !== null,
  };
}
