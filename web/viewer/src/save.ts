import { element } from "./dom.ts";

/** save hands a file to the browser's downloads. It is never opened in place, whatever it is. */
export function save(name: string, pieces: Iterable<BlobPart>): void {
  const url = URL.createObjectURL(new Blob([...pieces], { type: "application/octet-stream" }));
  const link = element("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has begun to read it by then; some read from it for a while.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** dataUrl returns a picture as a data: URL, the one kind that a frame of another origin can show. */
export async function dataUrl(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<string> {
  const reader = new FileReader();
  const done = new Promise((resolve, reject) => {
    reader.onload = resolve;
    reader.onerror = reject;
  });
  reader.readAsDataURL(new Blob([bytes], { type }));
  await done;
  return reader.result as string;
}
