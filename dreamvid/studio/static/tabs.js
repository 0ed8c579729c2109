/** Tabs: the form and the YAML, and on a phone the parts of the page. */

import { byId } from "./dom.js";
import { on } from "./store.js";

function choose(tabs, tab) {
  for (const each of tabs) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = !chosen;
  }
}

function startTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tabs, tab));
    tab.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!way) return;
      const next = tabs[(index + way + tabs.length) % tabs.length];
      choose(tabs, next);
      next.focus();
    });
  }
}

function view(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll("[data-goto]")) {
    if (button.dataset.goto === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
}

/** Starts the tabs, and the bar at the bottom of a phone. */
export function startViews() {
  startTabs(byId("tabs"));
  for (const button of document.querySelectorAll("[data-goto]")) {
    button.addEventListener("click", () => {
      view(button.dataset.goto);
      window.scrollTo(0, 0);
    });
  }
  on("show", view);
  on("curve", () => view("picture"));
  view("picture");
}
