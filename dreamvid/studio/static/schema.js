/** Reading the recipe's JSON Schema: which keys there are, and of what type each is. */

const MODELS = { zoom: "ZoomRecipe", video: "VideoRecipe", image: "ImageRecipe" };
const FILES = {
  mask: ["picture", "clip", "mask"],
  "mask.file": ["picture", "clip", "mask"],
  "audio.file": ["sound", "clip"],
  "audio.beats": ["text", "other"],
  "network.weights": ["weights", "other"],
};
const HIDDEN = new Set(["kind", "version", "source", "extends"]);

/** One key of the form.
 * @typedef {Object} Field
 * @property {string} key dotted, such as `motion.zoom`
 * @property {string} section `motion`; for keys of no section `film`
 * @property {string} name `zoom`
 * @property {string} help
 * @property {string} type number, tuple, choice, switch, file, objective, list, set, size, or text
 * @property {boolean} varies whether it takes a schedule
 * @property {number} [low]
 * @property {number} [high]
 * @property {boolean} [whole]
 * @property {(string|number)[]} [choices]
 * @property {string[]} [offers] names to offer beside free text
 * @property {Field[]} [items] a list's keys of each item; a tuple's numbers
 */

const resolve = (schema, node) => (node.$ref ? schema.$defs[node.$ref.split("/").at(-1)] : node);

const isSchedule = (node) => /Schedule(Text)?$/.test(node.$ref ?? "");

function forms(schema, node) {
  return (node.anyOf ?? [node]).flatMap((form) => {
    if (isSchedule(form)) return [{ schedule: true }];
    const found = resolve(schema, form);
    return found.anyOf ? forms(schema, found) : [found];
  });
}

function bounds(form) {
  const low = form.minimum ?? form.exclusiveMinimum;
  const high = form.maximum ?? (form.exclusiveMaximum > 1e15 ? undefined : form.exclusiveMaximum);
  return { low, high, open: form.exclusiveMinimum !== undefined, whole: form.type === "integer" };
}

/**
 * A key as a field of the form.
 * @returns {Field}
 */
export function field(schema, key, node) {
  const section = key.includes(".") ? key.split(".")[0] : "film";
  const whole = resolve(schema, node);
  const found = forms(schema, node);
  const base = {
    key,
    section,
    name: key.split(".").at(-1),
    help: node.description ?? whole.description ?? "",
  };
  base.varies = found.some((form) => form.schedule);
  base.optional = found.some((form) => form.type === "null");
  const number = found.find((form) => form.type === "number" || form.type === "integer");
  const list = found.find((form) => form.type === "array" && form.items);
  const choice = found.find((form) => form.enum);
  if (base.name === "objective") return { ...base, type: "objective" };
  if (key in FILES) return { ...base, type: "file", kinds: FILES[key] };
  if (base.name === "size") return { ...base, type: "size" };
  if (choice) return { ...base, type: "choice", choices: choice.enum };
  if (found.some((form) => form.type === "boolean")) return { ...base, type: "switch" };
  if (list) return { ...base, ...listed(schema, key, list) };
  if (number && !found.some((form) => form.type === "string")) {
    return { ...base, type: "number", ...bounds(number) };
  }
  const offers = whole.examples ?? found.find((form) => form.examples)?.examples ?? [];
  return { ...base, type: "text", offers };
}

function listed(schema, key, list) {
  const item = resolve(schema, list.items);
  if (item.enum) return { type: "set", choices: item.enum };
  if (item.properties) {
    const items = Object.entries(item.properties).map(([name, node]) => field(schema, name, node));
    return { type: "list", items, required: item.required ?? [] };
  }
  const number = forms(schema, list.items).find((form) => form.type);
  const varies = forms(schema, list.items).some((form) => form.schedule);
  return { type: "tuple", count: list.maxItems, varies, ...bounds(number) };
}

/**
 * All keys of a kind of recipe, in the order of its models.
 * @returns {Field[]}
 */
export function fieldsOf(schema, kind) {
  const model = schema.$defs[MODELS[kind]];
  return Object.entries(model.properties)
    .filter(([name]) => !HIDDEN.has(name))
    .flatMap(([name, node]) => {
      const section = forms(schema, node).find((form) => form.properties);
      if (!section) return [field(schema, name, node)];
      return Object.entries(section.properties).map(([inner, each]) =>
        field(schema, `${name}.${inner}`, each),
      );
    });
}

/**
 * The keys that a kind of recipe knows.
 * @returns {Set<string>}
 */
export function known(schema, kind) {
  return new Set([...HIDDEN, ...fieldsOf(schema, kind).map((each) => each.key)]);
}

/** What a section of the recipe is for, in its model's words. */
export function about(schema, kind, section) {
  const node = schema.$defs[MODELS[kind]].properties[section];
  return node ? (node.description ?? resolve(schema, node).description ?? "") : "";
}
