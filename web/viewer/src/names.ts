/**
 * File names that are safe to save under. A name in a mail is what a stranger wrote: it may name a path, a device, hide
 * its ending behind characters that turn the writing direction, or be longer than a file system takes.
 */

const longestName = 120;
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

const endings: Record<string, string> = {
  "application/pdf": ".pdf",
  "application/zip": ".zip",
  "image/gif": ".gif",
  "image/jpeg": ".jpg",
  "image/png": ".png",
  "message/rfc822": ".eml",
  "text/calendar": ".ics",
  "text/csv": ".csv",
  "text/html": ".html",
  "text/plain": ".txt",
};

/**
 * Endings of files that some system runs when they are opened: programs and scripts, documents with scripts or macros,
 * shortcuts, installers, and images of disks, whose files Windows then takes for its own.
 */
const runs = new Set(
  (
    "app appimage appinstaller application appx bat chm cmd com command cpl deb desktop dll dmg docm dotm exe gadget " +
    "hlp hta htm html img inf iso jar jnlp js jse library-ms lnk mht mhtml msc msi msix msp pif pkg ppam potm ppsm pptm " +
    "ps1 py pyw reg rpm run scf scpt scr sct search-ms settingcontent-ms sh shtml svg terminal tool url vb vbe vbs vhd " +
    "vhdx website workflow ws wsc wsf wsh xbap xht xhtml xlam xll xlm xlsm xltm"
  ).split(" "),
);

/** canRun says whether a file of that name may do something by itself when it is opened. */
export function canRun(name: string): boolean {
  return runs.has(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
}

/** safeName returns a name to save a part under; `number` (from 1) and type make one where the mail gave none. */
export function safeName(name: string, type: string, number: number): string {
  const last =
    name
      .replace(/\p{Cs}/gu, "_")
      .split(/[/\\]/)
      .pop() ?? "";
  const clean = last
    .normalize("NFC")
    .replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, "") // ZWNJ and ZWJ spell words
    .replace(/[<>:"|?*\ufffd]/g, "_")
    .replace(/\p{Zs}+/gu, " ")
    .replace(/^[. ]+|[. ]+$/g, "");
  const named = clean === "" ? `attachment-${number}${endings[type] ?? ""}` : shorten(clean);
  const whole = reserved.test(named) ? `_${named}` : named;
  return type === "message/rfc822" && !/\.eml$/i.test(whole) ? `${whole}.eml` : whole;
}

/** shorten cuts a long name in the middle, so that its ending stays. */
function shorten(name: string): string {
  const letters = [...name];
  if (letters.length <= longestName && utf8Length(name) <= 2 * longestName) return name;
  const ending = /\.[^. ]{1,15}$/u.exec(name)?.[0] ?? "";
  const stem = letters.slice(0, letters.length - [...ending].length);
  while (stem.length + ending.length > longestName || utf8Length(stem.join("") + ending) > 2 * longestName) stem.pop();
  return stem.join("").trimEnd() + ending;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** distinct makes the names of one message differ, as file systems without upper and lower case see them. */
export function distinct(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const dot = name.lastIndexOf(".");
    const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    let unique = name;
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${stem} (${n})${ending}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
