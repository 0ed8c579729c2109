/** The recipe as YAML, both ways. */

import { byId, debounced, el } from "./dom.js";
import { check, changeKind, on, replace, state } from "./store.js";
import { faultLine } from "./form.js";

let typed = false;

function show() {
  const area = byId("yaml");
  if (!typed && state.yaml !== null) area.value = state.yaml;
  const lines = area.value.split("\n").length;
  byId("yaml-lines").textContent = Array.from({ length: lines }, (_, index) => index + 1).join("\n");
}

function showFaults() {
  const list = state.faults.map((fault) => el("li", {}, faultLine(fault)));
  byId("yaml-faults").replaceChildren(...list);
  byId("yaml").setAttribute("aria-invalid", String(list.length > 0));
  byId("yaml-state").textContent = list.length ? `${list.length} to mend` : "Holds";
}

async function read() {
  const answer = await check({ yaml: byId("yaml").value });
  // A text that is no YAML is no recipe either: the form keeps what it has.
  if (!Object.keys(answer?.data ?? {}).length) return;
  if (answer.data.kind && answer.data.kind !== state.data.kind) changeKind(answer.data.kind, answer.data);
  else replace(answer.data, "yaml");
}

/** Starts the YAML beside the form. */
export function startYaml() {
  const area = byId("yaml");
  const soon = debounced(400, read);
  on("checked", () => {
    show();
    showFaults();
  });
  // What is changed in the form replaces what was typed here.
  on("data", (from) => {
    if (from !== "yaml") typed = false;
  });
  area.addEventListener("input", () => {
    typed = true;
    show();
    soon();
  });
  area.addEventListener("scroll", () => (byId("yaml-lines").scrollTop = area.scrollTop));
}
