/** The folder's files, and bringing others into it. */

import { get, put, Gone } from "./api.js";
import { byId, el } from "./dom.js";
import { emit, state } from "./store.js";
import { bytes } from "./text.js";

/** What lies in the folder. */
export const folder = { files: [] };

/** Looks again which files there are; tells it as `files`. */
export async function look() {
  try {
    folder.files = (await get("/api/sources")).sources;
  } catch (error) {
    tell([error.message]);
  }
  emit("files");
}

/**
 * Brings files into the folder, one by one; refusals are told beside the drop zone.
 * @param {File[]} files
 * @returns {Promise<{path: string, kind: string}[]>} those that were taken
 */
export async function upload(files) {
  const taken = [];
  const refused = [];
  for (const file of files) {
    tell([`Bringing ${file.name} …`]);
    if (file.size > state.start.upload_most) {
      refused.push(
        `${file.name}: has ${bytes(file.size)}; at most ${bytes(state.start.upload_most)} may be brought.`,
      );
      continue;
    }
    try {
      taken.push(await put(`/api/files/${encodeURIComponent(file.name)}`, file));
    } catch (error) {
      refused.push(error.message);
      if (error instanceof Gone) break;
    }
  }
  tell(refused, true);
  if (taken.length) await look();
  return taken;
}

function tell(lines, faulty = false) {
  const place = byId("source-faults");
  place.classList.toggle("fault", faulty);
  place.replaceChildren(...lines.map((line) => el("p", { text: line })));
}
