/** The queue and the finished films, as the server tells of them. */

import { Gone, filmPath, get, post } from "./api.js";
import { announce, byId, notify } from "./dom.js";
import { changeKind, emit, state } from "./store.js";
import { filmCard } from "./filmcard.js";
import { bytes } from "./text.js";

const cards = new Map();
const states = new Map();
let films = [];
let branching = null;
let awaited = null;
let silent = 0;

const MOVED =
  "The studio was started again: open the address that it shows in the terminal; nothing is lost.";

function fail(error) {
  byId("films-fault").textContent = error.message;
}

async function act(name, film, frame) {
  byId("films-fault").textContent = "";
  try {
    await (ACTS[name] ?? plain)(film, name, frame);
  } catch (error) {
    fail(error);
  }
}

const plain = (film, name) => post(filmPath(film.id, name));

const ACTS = {
  async recipe(film) {
    const { data } = await get(filmPath(film.id, "recipe"));
    changeKind(data.kind ?? film.kind, data);
    emit("show", "settings");
    announce(`The recipe of ${film.id} is in the form`);
  },
  async report(film) {
    if (film.report) return showReport(film);
    awaited = film.id;
    announce("The report is being made");
    return post(filmPath(film.id, "report"));
  },
  continue: (film) => ask(film, null),
  branch: (film, _, frame) => ask(film, frame),
  forget(film) {
    byId("forget-text").textContent =
      film.state === "done"
        ? `${film.id} leaves this list. Its file stays in the folder.`
        : `${film.id} leaves this list, and the frames of its unfinished run are removed.`;
    const dialog = byId("forget-dialog");
    dialog.onclose = () => dialog.returnValue === "yes" && plain(film, "forget").catch(fail);
    dialog.returnValue = "";
    dialog.showModal();
  },
};

function showReport(film) {
  byId("report-picture").src = film.report;
  byId("report-picture").alt = `Plot of how steady ${film.id} is`;
  byId("report-dialog").showModal();
}

function ask(film, frame) {
  branching = { film, frame };
  byId("continue-title").textContent =
    frame === null ? `Continue ${film.id}` : `Branch ${film.id} at frame ${frame}`;
  byId("continue-changes").checked = frame !== null;
  byId("continue-dialog").returnValue = "";
  byId("continue-dialog").showModal();
}

// What a film has from its beginning on, and a continuation cannot change.
const FIXED = new Set(["kind", "source", "output", "frames", "start", "end", "size", "fps"]);

async function goOn() {
  if (byId("continue-dialog").returnValue !== "yes" || !branching) return;
  const { film, frame } = branching;
  const changes = Object.fromEntries(Object.entries(state.data).filter(([key]) => !FIXED.has(key)));
  const body = {
    frames: Number(byId("continue-frames").value),
    from: frame,
    data: byId("continue-changes").checked && Object.keys(changes).length ? changes : null,
  };
  try {
    await post(filmPath(film.id, "continue"), body);
  } catch (error) {
    fail(error);
  }
}

function tell(film) {
  const before = states.get(film.id);
  states.set(film.id, film.state);
  if (before !== undefined && before !== film.state) announce(`${film.id}: ${film.state}`);
  if (awaited === film.id && film.report) {
    awaited = null;
    showReport(film);
  }
}

function place(film) {
  tell(film);
  const card = cards.get(film.id);
  if (card) return card.update(film);
  cards.set(film.id, filmCard(film, act));
  return undefined;
}

/** Takes the whole list of films. */
function takeAll({ films: all, disk_free: free, device }) {
  films = all;
  byId("disk").textContent = `${bytes(free)} free`;
  byId("device").textContent = device;
  for (const id of [...cards.keys()]) {
    if (all.some((film) => film.id === id)) continue;
    cards.get(id).node.remove();
    cards.delete(id);
    states.delete(id);
  }
  all.forEach(place);
  const list = byId("film-list");
  // Moving a node would stop its film, so only what stands elsewhere is moved.
  all.forEach((film, index) => {
    const { node } = cards.get(film.id);
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  byId("no-films").hidden = all.length > 0;
  badge();
}

function badge() {
  const busy = films.filter((film) => ["waiting", "rendering", "stopping"].includes(film.state)).length;
  byId("films-busy").textContent = busy ? String(busy) : "";
  byId("films-count").textContent = busy ? `${busy} in the queue` : films.length ? `${films.length}` : "";
}

/** Listens to what the server tells, and says when it tells nothing any more. */
function listen() {
  const events = new EventSource("/api/events");
  const data = (event) => JSON.parse(event.data);
  events.addEventListener("films", (event) => takeAll(data(event)));
  events.addEventListener("progress", (event) => {
    const film = data(event);
    if (!cards.has(film.id)) return;
    films = films.map((each) => (each.id === film.id ? film : each));
    place(film);
  });
  events.addEventListener("sources", () => emit("look"));
  events.addEventListener("notice", (event) => notify(data(event).message));
  events.onopen = () => {
    clearTimeout(silent);
    silent = 0;
    if (!byId("gone").hidden) emit("back");
    byId("gone").hidden = true;
  };
  events.onerror = () => {
    // A stream that was refused is not tried again by the browser itself.
    const refused = events.readyState === EventSource.CLOSED;
    byId("gone-text").textContent = refused ? MOVED : new Gone().message;
    silent ||= setTimeout(() => (byId("gone").hidden = false), 1500);
    if (refused) setTimeout(listen, 3000);
  };
}

/** Starts following the films. */
export function startFilms() {
  listen();
  document.onvisibilitychange = () => !document.hidden && cards.forEach((card) => card.live());
  byId("continue-dialog").onclose = goOn;
  byId("continue-frames").onkeydown = (event) => {
    if (event.key !== "Enter") return;
    // The key would press the button to which the focus goes back.
    event.preventDefault();
    byId("continue-dialog").close("yes");
  };
}

/** Brings a film's card into view. */
export function showFilm(id) {
  byId("film-list")
    .querySelector(`[data-film="${CSS.escape(id)}"]`)
    ?.scrollIntoView({ block: "nearest" });
}
