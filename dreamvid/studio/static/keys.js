/** Dotted keys into a recipe's data, `motion.zoom` or `dream.objective.0.weight`. */

// A section that may be given as one value alone: that value's own key.
const SHORT = { network: "name", blend: "share", mask: "file", audio: "file" };

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function opened(data, section) {
  const value = data?.[section];
  if (section in SHORT && value !== undefined && value !== null && !isObject(value)) {
    return { [SHORT[section]]: value };
  }
  return value;
}

/** The value at a key, or undefined. */
export function at(data, key) {
  const [first, ...others] = key.split(".");
  let value = others.length ? opened(data, first) : data?.[first];
  for (const part of others) {
    if (value === undefined || value === null) return undefined;
    value = value[part];
  }
  return value;
}

/** A copy of the data with another value at a key; the data stays as it is. */
export function withKey(data, key, value) {
  const parts = key.split(".");
  const copy = { ...data };
  let node = copy;
  parts.slice(0, -1).forEach((part, index) => {
    const old = index === 0 ? opened(copy, part) : node[part];
    node[part] = Array.isArray(old) ? [...old] : { ...(isObject(old) ? old : {}) };
    node = node[part];
  });
  node[parts.at(-1)] = value;
  return copy;
}

/** A copy of the data without a key, and without the section that this leaves empty. */
export function withoutKey(data, key) {
  if (at(data, key) === undefined) return data;
  const [section, ...others] = key.split(".");
  const copy = { ...data };
  if (!others.length) {
    delete copy[section];
    return copy;
  }
  const rest = { ...opened(data, section) };
  delete rest[others.join(".")];
  if (Object.keys(rest).length) copy[section] = rest;
  else delete copy[section];
  return copy;
}

/** The keys that are set: those of sections one by one, an objective as a whole. */
export function keysOf(data) {
  return Object.keys(data).flatMap((section) => {
    const value = opened(data, section);
    return isObject(value) ? Object.keys(value).map((name) => `${section}.${name}`) : [section];
  });
}

/** Whether a fault's or a curve's key lies at or under a field's. */
export const covers = (key, other) => other === key || other.startsWith(`${key}.`);
