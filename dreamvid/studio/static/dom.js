/** Building the page's elements. Nothing here takes markup: names of files come from strangers. */

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  close: "M4 4l8 8M12 4l-8 8",
  undo: "M6 3L3 6l3 3M3 6h6a4 4 0 0 1 0 8H6",
  curve: "M1.5 12.5C6 12.5 7 3.5 14.5 3.5M2 12.5h.01M14 3.5h.01",
  help: "M6 6a2 2 0 1 1 2.7 1.9c-.5.2-.7.6-.7 1.1v.5M8 12h.01",
  film: "M2.5 3.5h11v9h-11zM5.5 3.5v9M10.5 3.5v9",
  sound: "M3 6v4h2.5l3 3V3l-3 3zM11 5.5a3.5 3.5 0 0 1 0 5",
};

/**
 * An element with its properties and children.
 * @param {string} tag
 * @param {Object} [properties] `class`, `text`, `data-…`, `aria-…` and attributes; `on…` are listeners
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An SVG element, as `el` makes one of HTML. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A small drawing by name; what it stands for is said by the label beside it. */
export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  );
}

/** A button that shows only a drawing, with its name for those who hear the page. */
export function iconButton(name, label, onclick, properties = {}) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...properties },
    icon(name),
  );
}

/** The element of an id in the page. */
export const byId = (id) => document.getElementById(id);

let labels = 0;

/** An id that no other element has. */
export const freshId = (stem) => `${stem}-${(labels += 1)}`;

/** Says something to those who hear the page. */
export function announce(text) {
  byId("announcer").textContent = text;
}

/** Shows a notice over the page, until it is closed. */
export function notify(text) {
  const box = byId("notice");
  const close = iconButton("close", "Close the notice", () => (box.hidden = true));
  box.replaceChildren(el("p", { text }), close);
  box.hidden = false;
}

/**
 * Calls `action` when nothing new has asked for it for `wait` milliseconds.
 * @param {number} wait
 * @param {Function} action
 */
export function debounced(wait, action) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), wait);
  };
}

/**
 * Makes an element take files that are dropped on it.
 * @param {HTMLElement} target
 * @param {(files: File[], path: string) => void} take files, or the path of one of the folder's
 */
export function droppable(target, take) {
  const over = (on) => target.classList.toggle("over", on);
  target.addEventListener("dragover", (event) => {
    event.preventDefault();
    event.stopPropagation();
    over(true);
  });
  target.addEventListener("dragleave", () => over(false));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    over(false);
    const path = event.dataTransfer.getData("text/x-dreamvid-path");
    const files = [...event.dataTransfer.files];
    if (path || files.length) take(files, path);
  });
}
