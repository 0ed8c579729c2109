/** The page of `dreamvid studio`: what is started, in which order. */

import { get } from "./api.js";
import { byId } from "./dom.js";
import { begin, check, on, state } from "./store.js";
import { look } from "./folder.js";
import { startFilms } from "./films.js";
import { startForm } from "./form.js";
import { startGuide } from "./guide.js";
import { startLayers } from "./layers.js";
import { startLooks } from "./looks.js";
import { startMask } from "./mask.js";
import { startPreview } from "./preview.js";
import { startRender } from "./render.js";
import { startSources } from "./sources.js";
import { startStrip } from "./strip.js";
import { startTheme } from "./theme.js";
import { startTimeline } from "./timeline.js";
import { startViews } from "./tabs.js";
import { startYaml } from "./yaml.js";

startTheme();
startViews();
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close(button.dataset.close));
}

async function start() {
  try {
    state.start = await get("/api/start");
  } catch (error) {
    byId("gone-text").textContent = error.message;
    byId("gone").hidden = false;
    setTimeout(start, 2000);
    return;
  }
  byId("gone").hidden = true;
  byId("folder").textContent = state.start.folder.split(/[\\/]/).filter(Boolean).pop() ?? "/";
  byId("folder").title = state.start.folder;
  byId("version").textContent = state.start.version;
  startForm();
  startYaml();
  startStrip();
  startLooks();
  startGuide();
  startLayers();
  startMask();
  startPreview();
  startTimeline();
  startRender();
  startFilms();
  on("look", look);
  on("back", () => Promise.all([look(), check({ data: state.data })]));
  startSources();
  begin();
  // What is clicked before would be lost.
  document.querySelector("main").inert = false;
}

start();
