// The first script of an envelope, readable in the file: it unpacks the second one, and WebAssembly, from the block
// "bulla-viewer" (gzip of script ‖ module, as base85.mjs writes it). The page's policy runs the second script only if its hash is the
// one that the policy names, and that script runs the module only if its hash is the one that the script names. It
// stands before the block, and waits for the end of the file, so that a file which was cut off says so.
document.querySelector(".later").remove();
addEventListener("DOMContentLoaded", async () => {
  try {
    const plain = { createHTML: (html) => html, createScript: (script) => script };
    const policy = window.trustedTypes ? trustedTypes.createPolicy("bulla", plain) : plain;
    const text = document.getElementById("bulla-viewer").textContent.replace(/\s/g, "");
    const view = new DataView(new ArrayBuffer((text.length / 5) * 4));
    for (let at = 0; at < text.length; at += 5) {
      let value = 0;
      for (const letter of text.slice(at, at + 5)) value = value * 85 + letters.indexOf(letter);
      view.setUint32((at / 5) * 4, value);
    }
    const stream = new Blob([view.buffer.slice(0, packedSize)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const script = document.createElement("script");
    script.text = policy.createScript(new TextDecoder().decode(bytes.subarray(0, scriptSize)));
    window.bullaBoot = [(html) => policy.createHTML(html), bytes.slice(scriptSize)];
    document.head.append(script);
    if (window.bullaBoot) throw 0;
  } catch {
    document.getElementById("bulla-old").hidden = false;
  }
});
