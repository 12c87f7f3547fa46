/** Sizes, times and names as people read them. */

/** formatSize returns "12 kB": powers of 1000, as file managers and mail programs count. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** formatTime returns a time (RFC 3339) in the reader's language and zone, or "" when it is none. */
export function formatTime(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  return new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" }).format(date);
}

/** plainLine returns text on one line, without characters that could reorder or hide the text around it. */
export function plainLine(text: string): string {
  // The directional marks, embeddings, overrides and isolates of Unicode (UAX #9), and controls.
  return text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "").replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
