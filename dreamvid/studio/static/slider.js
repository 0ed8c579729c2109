/** Sliders over the models' bounds, finer where recipes usually are. */

import { el } from "./dom.js";
import { tidy } from "./text.js";

const STEPS = 1000;
const FAR = 50;

// The cube spends most of a wide slider on what is near its middle or its low end.
const cube = (x) => x ** 3;

function scale({ low, high }) {
  const span = high - low;
  if (low > 0 && high / low >= FAR) {
    const [from, to] = [Math.log(low), Math.log(high)];
    if (Math.abs(from + to) < 1e-6) {
      return { of: (x) => Math.exp(to * cube(x * 2 - 1)), to: (v) => (Math.cbrt(Math.log(v) / to) + 1) / 2 };
    }
    return { of: (x) => Math.exp(from + (to - from) * x), to: (v) => (Math.log(v) - from) / (to - from) };
  }
  if (low === -high && high >= 10) {
    return { of: (x) => high * cube(x * 2 - 1), to: (v) => (Math.cbrt(v / high) + 1) / 2 };
  }
  if (low >= 0 && span >= FAR) {
    return { of: (x) => low + span * cube(x), to: (v) => Math.cbrt((v - low) / span) };
  }
  return { of: (x) => low + span * x, to: (v) => (v - low) / span };
}

/** Rounds to what the key takes: whole numbers, or three figures of what is told apart. */
function rounded(field, value) {
  const held = Math.min(field.high, Math.max(field.low, value));
  if (field.whole) return Math.round(held);
  const around = field.low > 0 && field.high / field.low >= FAR ? 1 : 0;
  const size = Math.max(Math.abs(held - around), (field.high - field.low) / 1e5);
  const places = Math.max(0, 1 - Math.floor(Math.log10(size)));
  const result = Number(held.toFixed(Math.min(4, places)));
  return field.open && result <= field.low ? Number((field.low + 0.01).toFixed(2)) : result;
}

/** A small change of a number, for the arrow keys. */
function nudge(field, value) {
  if (field.whole) return 1;
  const span = field.high - field.low;
  if (span <= 2) return 0.01;
  return Math.abs(value) <= 2 ? 0.01 : Math.abs(value) <= 20 ? 0.1 : 1;
}

/**
 * A slider of a field.
 * @param {import("./schema.js").Field} field
 * @param {string} label
 * @param {(value: number) => void} take
 */
export function slider(field, label, take) {
  const bend = scale(field);
  let value = field.low;
  const input = el("input", {
    type: "range",
    min: 0,
    max: STEPS,
    step: "any",
    "aria-label": `${label}, slider`,
  });
  const show = () => input.setAttribute("aria-valuetext", tidy(value));
  const choose = (next) => {
    value = rounded(field, next);
    show();
    take(value);
  };
  input.addEventListener("input", () => choose(bend.of(Number(input.value) / STEPS)));
  input.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[
      event.key
    ];
    if (!way) return;
    event.preventDefault();
    choose(value + way * nudge(field, value));
    input.value = bend.to(value) * STEPS;
  });
  return {
    node: input,
    update(next) {
      input.disabled = next !== null && typeof next !== "number";
      input.classList.toggle("unset", next === null);
      if (input.disabled) return;
      value = Math.min(field.high, Math.max(field.low, next ?? field.low));
      if (document.activeElement !== input || !input.matches(":active")) input.value = bend.to(value) * STEPS;
      show();
    },
  };
}
