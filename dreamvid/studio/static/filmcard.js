/** One film of the queue as a card. */

import { el } from "./dom.js";
import { bytes, clock } from "./text.js";

const STATES = {
  waiting: "Waiting",
  rendering: "Rendering",
  stopping: "Stopping",
  stopped: "Stopped",
  failed: "Failed",
  done: "Done",
};

/** Milliseconds between two pictures of a film at work: each costs its render a little. */
const LIVE_EVERY = 3000;

const BUTTONS = [
  ["stop", "Stop"],
  ["resume", "Resume"],
  ["finish", "Make the film of what there is"],
  ["continue", "Continue…"],
  ["again", "Render again"],
  ["recipe", "Recipe"],
  ["report", "Report"],
  ["forget", "Remove"],
];

function facts(film) {
  if (film.state === "rendering" && !film.frames_done) return "At the first frame, which takes longest";
  const frames =
    film.frames === null ? `${film.frames_done} frames` : `${film.frames_done} of ${film.frames} frames`;
  const pace = film.seconds_a_frame
    ? `${film.seconds_a_frame.toFixed(film.seconds_a_frame < 1 ? 2 : 1)} s a frame`
    : "";
  const left = film.seconds_left === null ? "" : `${clock(film.seconds_left)} left`;
  const size = film.size ? film.size.join(" × ") : "";
  return [frames, pace, left, size, film.bytes ? bytes(film.bytes) : ""].filter(Boolean).join(" · ");
}

function player(film) {
  if (film.film && film.playable) {
    return el("video", {
      src: film.film,
      poster: film.poster,
      controls: true,
      loop: true,
      playsinline: true,
      muted: true,
      preload: "metadata",
      "aria-label": `Film ${film.id}`,
    });
  }
  const image = el("img", { alt: "", hidden: !film.poster, src: film.poster });
  const note = film.film
    ? el("p", {
        class: "quiet note",
        text: `The browser cannot play this codec; the film lies in the folder as ${film.id}.`,
      })
    : null;
  return el("div", { class: "still" }, image, note);
}

/**
 * A card that shows a film and takes its changes.
 * @param {Object} film as the server tells it
 * @param {(name: string, film: Object, frame: number|null) => void} act
 */
export function filmCard(film, act) {
  let shown = film;
  let playing = null;
  let pictured = -LIVE_EVERY;
  const screen = el("div", { class: "screen" });
  const name = el("h3", { text: film.id });
  const badge = el("span", { class: "state" });
  const bar = el("progress", { "aria-label": `Frames of ${film.id}` });
  const text = el("p", { class: "quiet facts" });
  const message = el("p", { class: "message" });
  const buttons = el("div", { class: "actions" });
  const node = el(
    "article",
    { class: "card", "data-film": film.id, "aria-label": film.id },
    screen,
    el(
      "div",
      { class: "card-body" },
      el("div", { class: "card-head" }, name, badge),
      bar,
      text,
      message,
      buttons,
    ),
  );

  const video = () => screen.querySelector("video");

  /** How many frames there are up to the one that is shown. */
  function frame() {
    const { currentTime, duration } = video();
    const share = duration ? currentTime / duration : 0;
    return Math.min(shown.frames, Math.floor(share * shown.frames + 0.01) + 1);
  }

  function live() {
    const image = screen.querySelector("img");
    if (!image || document.hidden || !shown.live || !shown.frames_done) return;
    if (!image.hidden && performance.now() - pictured < LIVE_EVERY) return;
    pictured = performance.now();
    const joined = shown.live.includes("?") ? "&" : "?";
    image.src = `${shown.live}${joined}n=${shown.frames_done}`;
    image.hidden = false;
  }

  function draw() {
    const wanted = JSON.stringify([
      shown.film,
      shown.poster,
      shown.playable,
      shown.state === "done",
      Boolean(shown.live),
    ]);
    // A film that plays is left alone.
    if (wanted !== playing) {
      playing = wanted;
      screen.replaceChildren(player(shown.live ? { ...shown, film: null } : shown));
    }
    live();
    node.dataset.state = shown.state;
    badge.textContent = STATES[shown.state];
    bar.hidden = ["done", "failed"].includes(shown.state);
    if (shown.frames) {
      bar.max = shown.frames;
      bar.value = shown.frames_done;
    } else if (shown.state === "rendering") bar.removeAttribute("value");
    text.textContent = facts(shown);
    message.textContent = shown.message;
    message.classList.toggle("fault", shown.state === "failed");
    message.hidden = !shown.message;
    const wantedButtons = BUTTONS.filter(([action]) => shown.can.includes(action));
    const signature = JSON.stringify([wantedButtons, shown.report !== null, Boolean(video())]);
    if (buttons.dataset.shown === signature) return;
    buttons.dataset.shown = signature;
    const made = wantedButtons.map(([action, label]) =>
      el(
        "button",
        {
          type: "button",
          class: action === "stop" ? "small stop" : "small",
          "data-act": action,
          onclick: () => act(action, shown, null),
        },
        action === "report" && !shown.report ? "Make a report" : label,
      ),
    );
    const branch =
      shown.can.includes("continue") && video()
        ? el("button", {
            type: "button",
            class: "small",
            "data-act": "branch",
            text: "Branch at this frame…",
            onclick: () => act("branch", shown, frame()),
          })
        : null;
    const after = wantedButtons.findIndex(([action]) => action === "continue") + 1;
    if (branch) made.splice(after, 0, branch);
    buttons.replaceChildren(...made);
  }

  draw();
  return {
    node,
    update(next) {
      shown = next;
      draw();
    },
    live,
  };
}
