/** Asks for a sound when a look listens to one and the film has none. */

import { get } from "./api.js";
import { byId, el } from "./dom.js";
import { change, kind, source, valueOf } from "./store.js";
import { folder, upload } from "./folder.js";

async function hasSound() {
  if (valueOf("audio.file")) return true;
  if (kind() !== "video") return false;
  try {
    return (await get("/api/source", { path: source() })).sound;
  } catch {
    return false;
  }
}

/** Opens the dialog unless the film has a sound already. */
export async function needSound(look) {
  if (await hasSound()) return;
  byId("sound-why").textContent = `“${look}” moves to a sound. Which one?`;
  const take = (path) => {
    change("audio.file", path);
    byId("sound-dialog").close();
  };
  const sounds = folder.files.filter((file) => file.kind === "sound" || file.kind === "clip");
  byId("sounds").replaceChildren(
    ...sounds.map((file) =>
      el(
        "li",
        {},
        el("button", { type: "button", class: "wide", text: file.name, onclick: () => take(file.path) }),
      ),
    ),
  );
  const bring = byId("sound-file");
  bring.onchange = async () => {
    const [file] = await upload([...bring.files]);
    bring.value = "";
    if (file) take(file.path);
  };
  byId("sound-dialog").showModal();
}
