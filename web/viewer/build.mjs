// Builds build/web/viewer/envelope.html, the template of doc/envelope-format.md §7: one file of printable ASCII, the
// same bytes from the same sources. With --record it also writes doc/viewer-size.md.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import zopfli from "@gfx/zopfli";
import { build, transform } from "esbuild";
import { minify } from "terser";
import { encode, letters } from "./base85.mjs";
import { sizeTable } from "./size.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const target = ["chrome103", "firefox113", "safari16.4"];
const longestLine = 998;

const sha256 = (data, encoding) => createHash("sha256").update(data).digest(encoding);

/** Text of a script as it stands in the file. Mail scanners rewrite addresses that they find: none may be found. */
function withoutUrls(script) {
  return script.replaceAll("://", ":\\x2f/");
}

const pack = async (bytes) => Buffer.from(await zopfli.gzipAsync(bytes, { numiterations: 15 }));

async function buildScript(entry, define) {
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    target,
    charset: "ascii",
    legalComments: "none",
    minify: true,
    define,
  });
  const { code } = await minify(bundle.outputFiles[0].text, {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
    format: { ascii_only: true, comments: false },
  });
  return withoutUrls(code);
}

async function buildBoot(scriptSize, packedSize) {
  const source = readFileSync(join(here, "src/boot.js"), "utf8");
  const define = {
    scriptSize: String(scriptSize),
    packedSize: String(packedSize),
    letters: JSON.stringify(letters),
  };
  const { code } = await transform(source, { define, minify: true, target, charset: "ascii", lineLimit: 900 });
  return withoutUrls(code.trimEnd());
}

async function buildStyle(name) {
  const entryPoints = [join(here, "src", name)];
  const result = await build({
    entryPoints,
    bundle: true,
    write: false,
    minify: true,
    target,
    charset: "ascii",
    lineLimit: 900,
  });
  return result.outputFiles[0].text.trimEnd();
}

function policyOf(boot, script) {
  const hash = (text) => `'sha256-${sha256(text, "base64")}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(boot)} ${hash(script)} 'wasm-unsafe-eval'`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types bulla",
  ].join("; ");
}

/** Each %name% of the page is on a line of its own, or stands alone in an attribute or element. */
function fill(page, values) {
  return page.replace(/%(\w+)%/g, (_, name) => values[name]);
}

function check(html) {
  for (const [i, line] of html.split("\n").entries()) {
    if (line.length > longestLine) throw new Error(`line ${i + 1} has ${line.length} characters`);
    if (!/^[\t\x20-\x7e]*$/.test(line)) throw new Error(`line ${i + 1} is not printable ASCII`);
  }
  if (/\bhttps?:\/\//.test(html)) throw new Error("there is a literal address");
}

const wasm = readFileSync(join(root, "build/wasm/viewer.wasm"));
const style = await buildStyle("viewer.css");
const code = await buildScript(join(here, "src/main.ts"), {
  wasmHash: JSON.stringify(sha256(wasm, "hex")),
  viewerStyle: JSON.stringify(style),
});
const script = Buffer.from(code);
const packed = await pack(Buffer.concat([script, wasm]));
const boot = await buildBoot(script.length, packed.length);
const parts = {
  policy: policyOf(boot, code),
  style: await buildStyle("notice.css"),
  viewer: encode(packed).replace(/.{960}(?=.)/g, "$&\n"),
  boot,
};
const html = fill(readFileSync(join(here, "src/envelope.html"), "utf8"), parts);
check(html);
const out = join(root, "build/web/viewer");
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "envelope.html"), html);

const purify = Buffer.from(await buildScript(fileURLToPath(import.meta.resolve("dompurify")), {}));
const table = sizeTable({
  whole: { raw: script.length + wasm.length, packed: packed.length },
  wasm: { raw: wasm.length, packed: (await pack(wasm)).length },
  purify: { raw: purify.length, packed: (await pack(purify)).length },
  lines: { viewer: parts.viewer.length, boot: boot.length, style: parts.style.length, all: html.length },
});
console.log(table);
console.log(`sha256 ${sha256(html, "hex")}  envelope.html`);
if (process.argv.includes("--record")) writeFileSync(join(root, "doc/viewer-size.md"), table);
