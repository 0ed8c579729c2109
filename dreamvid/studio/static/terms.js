/** An objective as a list of terms, from any of the forms in which a recipe may write it. */

const KINDS = [
  ["class", (term) => `class:${term.class}`],
  ["diversity", (term) => `diversity:${term.diversity}:${channels(term)}`],
  ["guide", (term) => `guide:${term.layers?.length ? `${term.layers.join("+")}:` : ""}${term.guide ?? ""}`],
  ["channels", (term) => `${term.layer}:${channels(term)}`],
  ["layer", (term) => term.layer],
];

const channels = (term) => [term.channels].flat().join(",");

function spelled(term) {
  if (typeof term === "string") return { name: term, weight: 1 };
  const [, name] = KINDS.find(([key]) => key in term) ?? [null, () => "?"];
  return { name: name(term), weight: term.weight ?? 1, whole: term };
}

/**
 * The terms of an objective.
 * @param {*} written as it stands in the recipe
 * @param {*} held the same as the server read it, for what is written as one text
 * @returns {{name: string, weight: number|string|Object, whole?: Object}[]}
 */
export function termsOf(written, held = null) {
  if (written === null || written === undefined) return [];
  if (Array.isArray(written)) return written.map(spelled);
  if (typeof written === "object") return Object.entries(written).map(([name, weight]) => ({ name, weight }));
  return Array.isArray(held) ? held.map(spelled) : [{ name: written, weight: 1 }];
}

/** Terms as the recipe writes them: names with weights, or a list where a guide is compared by patches. */
export function written(terms) {
  if (!terms.length) return null;
  const twice = new Set(terms.map((term) => term.name)).size < terms.length;
  if (!twice && !terms.some((term) => term.whole?.match === "patches")) {
    return Object.fromEntries(terms.map(({ name, weight }) => [name, weight]));
  }
  return terms.map(({ name, weight, whole }) => ({ ...(whole ?? parsed(name)), weight }));
}

function parsed(name) {
  const [first, ...rest] = name.split(":");
  if (first === "class") return { class: rest.join(":") };
  if (first === "guide") return { guide: rest.join(":") };
  if (first === "diversity") return { diversity: rest[0], channels: rest[1] };
  return rest.length ? { layer: first, channels: rest[0] } : { layer: first };
}
