import { describe, expect, test } from "vitest";
import { canRun, distinct, safeName } from "../src/names.ts";

describe("a name to save under", () => {
  const rows: [string, string, string][] = [
    ["stays as it is", "見積書 2026.pdf", "見積書 2026.pdf"],
    ["is composed", "u\u0308ber.txt", "über.txt"],
    ["is no path", "../../etc/passwd", "passwd"],
    ["is no path of Windows", "C:\\Windows\\evil.dll", "evil.dll"],
    ["does not begin with dots", "..bashrc", "bashrc"],
    ["does not end with dots and blanks", "report.pdf. . ", "report.pdf"],
    ["has no line ends and controls", "a\r\nb\u0000c\u007f.txt", "abc.txt"],
    ["turns no direction", "evil\u202egpj.exe", "evilgpj.exe"],
    ["hides nothing", "in\u200bvoice\ufeff.pdf", "invoice.pdf"],
    ["keeps the joiners of its script", "می\u200cخواهم.txt", "می\u200cخواهم.txt"],
    ["has none of the characters that file systems refuse", 'a<b>c:d"e|f?g*.txt', "a_b_c_d_e_f_g_.txt"],
    ["has one kind of blank", "a\u00a0\u2003b.txt", "a b.txt"],
    ["is no device", "CON", "_CON"],
    ["is no device with an ending", "lpt1.txt", "_lpt1.txt"],
    ["may begin like a device", "console.txt", "console.txt"],
    ["has no half of a surrogate pair", "a\ud800b.txt", "a_b.txt"],
    ["is made up where there is none", "", "attachment-3.pdf"],
    ["is made up where nothing is left", "\u202e/..", "attachment-3.pdf"],
  ];
  test.each(rows)("%s", (_title, name, safe) => {
    expect(safeName(name, "application/pdf", 3)).toBe(safe);
  });

  test("is cut when it is long, and keeps its ending", () => {
    const name = safeName(`${"x".repeat(300)}.pdf`, "", 1);
    expect(name).toMatch(/^x+\.pdf$/);
    expect(name).toHaveLength(120);
    const wide = safeName(`${"見".repeat(300)}.docx`, "", 1);
    expect(new TextEncoder().encode(wide).length).toBeLessThanOrEqual(240);
    expect(wide.endsWith(".docx")).toBe(true);
  });

  test("of a mail ends in .eml", () => {
    expect(safeName("Re: offer", "message/rfc822", 1)).toBe("Re_ offer.eml");
    expect(safeName("inner.eml", "message/rfc822", 1)).toBe("inner.eml");
  });
});

test("names of one message differ, without regard to case", () => {
  expect(distinct(["a.txt", "A.txt", "a.txt", "b", "b"])).toEqual(["a.txt", "A (2).txt", "a (3).txt", "b", "b (2)"]);
});

describe("what a file can do when it is opened", () => {
  test.each([
    "setup.EXE",
    "a.pdf.js",
    "photo.svg",
    "invoice.docm",
    "disk.iso",
    "disk.vhdx",
    "fix.command",
    "go.jnlp",
    "x.lnk",
  ])("%s is warned of", (name) => expect(canRun(name)).toBe(true));
  test.each(["report.pdf", "table.xlsx", "letter.docx", "photo.jpg", "mail.eml", "notes", "exe.txt", "bundle.zip"])(
    "%s is not",
    (name) => expect(canRun(name)).toBe(false),
  );
});
