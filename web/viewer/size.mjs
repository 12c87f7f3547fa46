const digits = (n) => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, " ");

/** sizeTable is the text of doc/viewer-size.md: what each part of the envelope's page weighs in the file. */
export function sizeTable({ whole, wasm, purify, lines }) {
  const inFile = lines.viewer / whole.packed;
  const own = {
    raw: whole.raw - wasm.raw - purify.raw,
    packed: whole.packed - wasm.packed - purify.packed,
  };
  const rows = [
    ["WebAssembly: age, ChaCha20-Poly1305, X25519, Ed25519, SHA-256", wasm.raw, wasm.packed, wasm.packed * inFile],
    ["DOMPurify", purify.raw, purify.packed, purify.packed * inFile],
    ["the viewer's own script, with its texts and style", own.raw, own.packed, own.packed * inFile],
    ["first script (unpacks the three above)", lines.boot, "", lines.boot],
    ["style of the notice", lines.style, "", lines.style],
    ["HTML and policy", lines.all - lines.viewer - lines.boot - lines.style, "", ""],
  ];
  rows[5][3] = rows[5][1];
  const cell = (value) => (typeof value === "number" ? digits(value) : value);
  return [
    "# What the envelope's page weighs",
    "",
    "Every envelope carries the page that opens it. In bytes; *packed* is gzip, *in the file* is that in base85. Written by",
    "`npm run size -w viewer` in `web/`.",
    "",
    "| part | raw | packed | in the file |",
    "|---|---:|---:|---:|",
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
    `| **the whole page, without notice and data** | | | **${digits(lines.all)}** |`,
    "",
  ].join("\n");
}
