/** Drawing a curve over the film's frames: scales, grid, sound and handles. */

import { el, svg } from "./dom.js";
import { tidy } from "./text.js";

const PAD = { left: 48, right: 16, top: 12, bottom: 20 };
const SOUND = 40;
const APART = 90;

/** The range of values that a plot shows: the curve's, with room to drag, within its bounds. */
export function rangeOf(curve) {
  const numbers = [...curve.values, ...(curve.keys ?? []).map((key) => key.number)].filter(Number.isFinite);
  const [low, high] = numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1];
  const room = Math.max((high - low) * 0.25, Math.abs(high) * 0.02, 0.01, curve.whole ? 1 : 0);
  const [least, most] = curve.bounds ?? [-Infinity, Infinity];
  return [Math.max(least, low - room), Math.min(most, high + room)];
}

/** Scales between frames and values and places in the drawing. */
export function scales(box, frames, range, sounding) {
  const width = Math.max(80, box.clientWidth);
  const height = Math.max(120, box.clientHeight);
  const bottom = height - PAD.bottom - (sounding ? SOUND : 0);
  const [low, high] = range;
  const last = Math.max(1, frames - 1);
  return {
    width,
    height,
    bottom,
    left: PAD.left,
    right: width - PAD.right,
    top: PAD.top,
    range,
    last,
    x: (frame) => PAD.left + (frame / last) * (width - PAD.left - PAD.right),
    y: (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - PAD.top),
    frame: (x) =>
      Math.round(Math.min(1, Math.max(0, (x - PAD.left) / (width - PAD.left - PAD.right))) * last),
    value: (y) => low + ((bottom - y) / (bottom - PAD.top)) * (high - low),
  };
}

/** The next of 1, 2, 5, 10, 20 … frames. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return Math.max(
    1,
    [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least),
  );
}

// A value is null at a frame where the schedule has none.
const points = (values, every, scale) =>
  values
    .map((value, index) =>
      value === null ? "" : `${scale.x(index * every).toFixed(1)},${scale.y(value).toFixed(1)}`,
    )
    .join(" ");

const text = (x, y, words, anchor) => svg("text", { x, y, "text-anchor": anchor, text: words });

function grid(scale, fps) {
  const [low, high] = scale.range;
  const rows = [low, (low + high) / 2, high].map((value) => {
    const y = scale.y(value);
    return [
      svg("line", { class: "grid", x1: scale.left, x2: scale.right, y1: y, y2: y }),
      text(scale.left - 8, y + 4, tidy(Number(value.toPrecision(3))), "end"),
    ];
  });
  const step = roundStep((scale.last * APART) / (scale.right - scale.left));
  const columns = Array.from({ length: Math.floor(scale.last / step) + 1 }, (_, index) => {
    const frame = index * step;
    const words = fps && index ? `${frame} (${tidy(Number((frame / fps).toFixed(2)))} s)` : String(frame);
    const x = Math.min(scale.x(frame), scale.right - APART / 3);
    return text(x, scale.height - 6, words, "middle");
  });
  return [...rows.flat(), ...columns];
}

function heard(sound, scale) {
  const top = scale.bottom + 6;
  const tall = SOUND - 10;
  const middle = top + tall / 2;
  const step = (scale.right - scale.left) / Math.max(1, sound.peaks.length - 1);
  const place = (way) => (peak, index) =>
    `${(scale.left + index * step).toFixed(1)},${(middle + (way * peak * tall) / 2).toFixed(1)}`;
  const wave = [...sound.peaks.map(place(-1)), ...sound.peaks.map(place(1)).reverse()].join(" ");
  const beats = sound.beats.map((frame) =>
    svg("line", { class: "beat", x1: scale.x(frame), x2: scale.x(frame), y1: scale.top, y2: top + tall }),
  );
  return [...beats, svg("polygon", { class: "wave", points: wave })];
}

function handle(key, index, scale, curve, chosen) {
  const value =
    key.number ?? curve.values[Math.min(curve.values.length - 1, Math.round(key.frame / curve.every))] ?? 0;
  const [x, y] = [scale.x(key.frame), scale.y(value)];
  return svg(
    "g",
    {
      class: index === chosen ? "handle chosen" : "handle",
      tabindex: 0,
      role: "slider",
      "data-keyframe": index,
      "aria-label": `Keyframe ${index + 1} of ${curve.key}`,
      "aria-valuenow": tidy(value),
      "aria-valuetext": `${key.text} at frame ${key.frame}`,
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    },
    svg("circle", { class: "grip", r: 16 }),
    svg("circle", { class: "knob", r: 6 }),
  );
}

/**
 * Draws the plot anew; a handle that had the focus keeps it.
 * @param {SVGElement} box
 * @param {Object} model `curve`, `others`, `sound`, `frames`, `fps`, `frame`, `chosen`
 * @param {Object} scale of `scales`
 */
export function draw(box, model, scale) {
  const { curve, others, sound, fps, frame, chosen, dragged } = model;
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.keyframe : undefined;
  box.setAttribute("viewBox", `0 0 ${scale.width} ${scale.height}`);
  const lines = others.map((other, index) => {
    const own = scales(box, scale.last + 1, rangeOf(other), Boolean(sound));
    return svg("polyline", {
      class: `line other other-${index % 4}`,
      points: points(other.values, other.every, own),
    });
  });
  const parts = [...grid(scale, fps), ...(sound ? heard(sound, scale) : []), ...lines];
  if (curve) {
    const keys = curve.keys ?? [];
    const between = keys.map((key) => `${scale.x(key.frame)},${scale.y(key.number ?? 0)}`).join(" ");
    parts.push(
      dragged
        ? svg("polyline", { class: "line dragged", points: between })
        : svg("polyline", { class: "line", points: points(curve.values, curve.every, scale) }),
    );
  }
  parts.push(
    svg("line", {
      class: "playhead",
      x1: scale.x(frame),
      x2: scale.x(frame),
      y1: scale.top,
      y2: scale.bottom,
    }),
  );
  parts.push(...(curve?.keys ?? []).map((key, index) => handle(key, index, scale, curve, chosen)));
  box.replaceChildren(...parts);
  if (focused !== undefined)
    box.querySelector(`[data-keyframe="${chosen ?? focused}"]`)?.focus({ preventScroll: true });
}

/** A line of the legend under overlaid curves. */
export const legend = (others, titleOf, choose) =>
  others.map((other, index) =>
    el("button", {
      type: "button",
      class: `small legend other-${index % 4}`,
      text: titleOf(other.key),
      onclick: () => choose(other.key),
    }),
  );
