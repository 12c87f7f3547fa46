import { formatSize } from "@bulla/shared/format";
import { partBytes } from "./decode.ts";
import { button, element, isolated } from "./dom.ts";
import type { Part } from "./manifest.ts";
import { canRun, distinct, safeName } from "./names.ts";
import type { OpenMessage } from "./open.ts";
import { save } from "./save.ts";
import { announce } from "./status.ts";
import { texts } from "./texts.en.ts";

/** Attachment is a part that is offered for saving, under a name that is safe. */
export interface Attachment {
  part: Part;
  name: string;
}

/** attachmentsOf lists what is neither the letter nor a picture in it (doc/envelope-format.md §6). */
export function attachmentsOf({ manifest }: OpenMessage, shown: Set<string>): Attachment[] {
  const body = new Set(manifest.body.flatMap((group) => [group.text, group.html]));
  const parts = manifest.parts.filter((part, i) => !body.has(i) && !(part.cid !== "" && shown.has(part.cid)));
  const names = distinct(parts.map((part, i) => safeName(part.name, part.type, i + 1)));
  return parts.map((part, i) => ({ part, name: names[i] as string }));
}

/** showAttachments makes the list with its buttons. */
export function showAttachments(message: OpenMessage, attachments: Attachment[]): HTMLElement {
  const saveOne = ({ part, name }: Attachment): void => {
    try {
      save(name, [partBytes(part, message.stored)]);
      announce(texts.saving(name));
    } catch {
      announce(texts.saveFailed(name));
    }
  };
  const saveAll = async (): Promise<void> => {
    for (const attachment of attachments) {
      saveOne(attachment);
      // Browsers drop downloads that begin at the same moment.
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  };
  return element(
    "section",
    { className: "attachments", "aria-labelledby": "attachments-title" },
    element(
      "div",
      { className: "attachments-head" },
      element("h2", { id: "attachments-title" }, texts.attachments(attachments.length)),
      attachments.length > 1 && button(texts.saveAll, "plain", saveAll),
    ),
    element("ul", {}, ...attachments.map((attachment) => showAttachment(attachment, saveOne))),
  );
}

function showAttachment(attachment: Attachment, saveOne: (attachment: Attachment) => void): HTMLElement {
  const { name, part } = attachment;
  const ending = /\.([^.]{1,4})$/.exec(name)?.[1] ?? "";
  const press = button(texts.save, "quiet", () => saveOne(attachment));
  press.setAttribute("aria-label", texts.saveNamed(name));
  return element(
    "li",
    {},
    element("span", { className: "file-kind", "aria-hidden": "true" }, ending.toUpperCase() || "…"),
    element(
      "span",
      { className: "file-name" },
      isolated(name),
      element("small", {}, sizeText(part), canRun(name) && ` · ${texts.careful}`),
    ),
    press,
  );
}

/** The size as it will be saved; close to it where the part is still encoded. */
function sizeText(part: Part): string {
  return formatSize(part.encoding === "base64" ? Math.floor((part.size * 3) / 4) : part.size);
}
