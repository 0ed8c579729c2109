/** Values as text that is typed, and text as values. */

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** A number without the noise of floating point. */
export const tidy = (number) => String(Number(Number(number).toPrecision(6)));

/** A keyframe mapping, as YAML allows it, in the words of the prompt. */
function mapping(value) {
  const { interpolation = "linear", ...keys } = value;
  const words = Object.entries(keys).map(([word, text]) => `${word}:(${text})`);
  return words.join(", ") + (interpolation === "linear" ? "" : ` ${interpolation}`);
}

/** A value as one would type it. */
export function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return tidy(value);
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "object") return mapping(value);
  return String(value);
}

/** What was typed, as a number where it is one. */
export function read(text) {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : trimmed;
}

/** Whether a value is a schedule and no plain number. */
export const isSchedule = (value) =>
  (typeof value === "string" && value !== "" && !NUMBER.test(value.trim())) ||
  (typeof value === "object" && value !== null && !Array.isArray(value));

/** Seconds as `7 s`, `2:05` or `1:02:05`. */
export function clock(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (!parts[0]) parts.shift();
  return parts.map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

/** Bytes as `12 MB`. */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** power;
  return `${value >= 10 || !power ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
