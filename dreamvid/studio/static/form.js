/** The form of the recipe, drawn from its JSON Schema. */

import { byId, debounced, el, freshId, iconButton } from "./dom.js";
import { about, fieldsOf } from "./schema.js";
import { emit, isSet, kind, on, replace, state, undo } from "./store.js";
import { control } from "./fields.js";
import { covers, keysOf } from "./keys.js";

const SECTIONS = [
  ["dream", "Dream"],
  ["motion", "Motion"],
  ["color", "Color"],
  ["blend", "Blend"],
  ["mask", "Mask"],
  ["audio", "Sound"],
  ["film", "Film"],
  ["encode", "Encoding"],
  ["network", "Network"],
];
const OPEN = new Set(["dream", "motion"]);

// What most recipes set. The other keys of a section wait under "More".
const USUAL = new Set(
  `dream.objective dream.octaves dream.burst dream.steps dream.step_size dream.decorrelate dream.palette
  dream.laplacian motion.zoom motion.angle motion.translate motion.center motion.handheld color.shift
  color.anchor blend.share blend.carry mask.file mask.invert mask.blur mask.amount audio.file audio.bpm
  audio.start audio.end size output frames fps loop seed start end encode.codec encode.crf
  encode.audio network.name network.weights cadence mix`.split(/\s+/),
);

let rows = [];
let sections = [];
let folded = null;

function draw() {
  const fields = fieldsOf(state.start.schema, kind()).map((field) =>
    field.key === "regions" ? { ...field, section: "mask" } : field,
  );
  rows = [];
  folded = null;
  sections = SECTIONS.map(([name, title]) =>
    section(
      name,
      title,
      fields.filter((field) => field.section === name),
    ),
  );
  byId("form").replaceChildren(...sections.filter(Boolean).map((each) => each.node));
  filter();
  update();
}

function section(name, title, fields) {
  if (!fields.length) return null;
  const count = el("span", { class: "count" });
  const usual = fields.filter((field) => USUAL.has(field.key));
  const more = fields.filter((field) => !USUAL.has(field.key));
  const rest = more.length
    ? el("details", { class: "more" }, el("summary", { text: "More" }), ...more.map(row))
    : null;
  const node = el(
    "details",
    { class: "section", "data-section": name, open: OPEN.has(name) },
    el("summary", {}, el("span", { text: title, title: about(state.start.schema, kind(), name) }), count),
    ...usual.map(row),
    rest,
  );
  return { node, count, rest, keys: fields.map((field) => field.key) };
}

function row(field) {
  const id = freshId("field");
  const helpId = freshId("help");
  const made = control(field, id);
  const help = el("p", { class: "help", id: helpId, hidden: true, text: field.help });
  const question = iconButton(
    "help",
    `About ${field.key}`,
    () => {
      help.hidden = !help.hidden;
      question.setAttribute("aria-expanded", String(!help.hidden));
    },
    { "aria-expanded": "false", "aria-controls": helpId, class: "icon-button quiet" },
  );
  const back = iconButton(
    "undo",
    `Undo ${field.key}`,
    () => {
      undo(field.key);
      byId(id)?.focus();
    },
    { "data-undo": field.key },
  );
  const fault = el("p", { class: "fault", hidden: true, id: freshId("fault") });
  const name = el("label", { for: id, text: field.name.replaceAll("_", " ") });
  const mark = el("span", { class: "mark", role: "img", "aria-label": "changed" });
  const head = el("div", { class: "field-head" }, mark, name, question, back);
  const node = el(
    "div",
    { class: "field", "data-key": field.key, "data-type": field.type },
    head,
    made.node,
    fault,
    help,
  );
  rows.push({ field, node, back, mark, fault, made, id });
  return node;
}

function update() {
  for (const each of rows) {
    each.made.update();
    const set = isSet(each.field.key);
    each.node.classList.toggle("changed", set);
    each.back.hidden = each.mark.hidden = !set;
  }
  for (const each of sections.filter(Boolean)) {
    const changed = each.keys.filter(isSet).length;
    each.count.textContent = changed ? `${changed} changed` : "";
  }
  byId("undo-all").disabled = !Object.keys(rest()).length;
}

function showFaults() {
  const placed = new Set();
  for (const each of rows) {
    const found = state.faults.filter((fault) => fault.key && covers(each.field.key, fault.key));
    found.forEach((fault) => placed.add(fault));
    each.fault.textContent = found
      .map((fault) => [fault.message, fault.hint].filter(Boolean).join(" "))
      .join("; ");
    each.fault.hidden = !found.length;
    const input = byId(each.id);
    input?.setAttribute("aria-invalid", String(found.length > 0));
    if (!found.length) input?.removeAttribute("aria-describedby");
    else {
      input?.setAttribute("aria-describedby", each.fault.id);
      for (const box of sections.filter(Boolean)) {
        if (!box.keys.includes(each.field.key)) continue;
        box.node.open = true;
        if (box.rest?.contains(each.node)) box.rest.open = true;
      }
    }
  }
  const others = state.faults.filter((fault) => !placed.has(fault));
  byId("form-faults").replaceChildren(...others.map((fault) => el("p", { text: fault.line })));
}

/** Opens every section while something is looked for, and afterwards those that were open before. */
function unfold(searching) {
  const boxes = [...byId("form").querySelectorAll("details")];
  if (searching && !folded) folded = boxes.filter((box) => !box.open);
  if (searching) for (const box of boxes) box.open = true;
  else for (const box of folded ?? []) box.open = false;
  if (!searching) folded = null;
}

function filter() {
  const wanted = byId("search").value.trim().toLowerCase();
  unfold(wanted !== "");
  for (const each of rows) {
    const text = `${each.field.key} ${each.field.name.replaceAll("_", " ")} ${each.field.help}`.toLowerCase();
    each.node.hidden = wanted !== "" && !text.includes(wanted);
  }
  for (const each of sections.filter(Boolean)) {
    const visible = (box) => [...box.querySelectorAll(".field[data-key]")].some((node) => !node.hidden);
    each.node.hidden = !visible(each.node);
    if (each.rest) each.rest.hidden = !visible(each.rest);
  }
}

/** What stays when all is undone: which film is made of what. */
function rest() {
  const keep = new Set(["kind", "source", "frames", "extends"]);
  return Object.fromEntries(Object.entries(state.data).filter(([key]) => !keep.has(key)));
}

function undoAll() {
  const dropped = new Set(keysOf(rest()).map((key) => key.split(".")[0]));
  replace(Object.fromEntries(Object.entries(state.data).filter(([key]) => !dropped.has(key))));
}

/** Puts the focus into the field of a key. */
export function showField(key) {
  const found = rows.find((each) => covers(each.field.key, key));
  if (!found) return;
  emit("show", "settings");
  byId("tab-form").click();
  for (let box = found.node.closest("details"); box; box = box.parentElement.closest("details"))
    box.open = true;
  found.node.scrollIntoView({ block: "center" });
  byId(found.id).focus();
}

/** A fault in words; of a key, a button that leads to its field. */
export function faultLine(fault) {
  if (!fault.key) return el("p", { class: "fault", text: fault.line });
  const onclick = () => showField(fault.key);
  return el("button", { type: "button", class: "link fault", text: fault.line, onclick });
}

/** Draws the form, and again with each kind of recipe. */
export function startForm() {
  draw();
  on("kind", draw);
  on("data", update);
  on("files", update);
  on("checked", () => {
    update();
    showFaults();
  });
  byId("search").addEventListener("input", debounced(60, filter));
  byId("undo-all").addEventListener("click", undoAll);
}
