// Texts that recipients read, in English. {from}, {organisation}, {address}, {date}, {to} and {host} are filled in. A
// line of kPage holds one of them at most, since lines of the file have a limit (notice.cc).
#pragma once

namespace bulla::mail::texts_en {

constexpr const char* kMailText =
    "{from} has sent you a secure message.\n"
    "\n"
    "To read it:\n"
    "1. Save the attachment secure-message.html to your computer.\n"
    "2. Open the saved file in your browser.\n"
    "3. Click \"Open message\" and sign in at {host}. The first time, you register there with this address:\n"
    "   {to}\n"
    "On a phone, save the attachment to your files and open it from there in a browser, or choose \"Open in\n"
    "browser\" if your mail program offers that for the attachment; its own preview is not enough.\n"
    "\n"
    "The message itself is inside the attachment, encrypted. No password is ever asked\n"
    "for in the attachment: you sign in at {host} only.\n"
    "\n"
    "If you did not expect this message, ask {organisation} by a way that you know, before you open it.\n";

constexpr const char* kMailHtml =
    "<div style=\"font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;"
    "line-height:1.5;color:#1c2733;max-width:36em\">\n"
    "<p style=\"font-size:20px;margin:0 0 4px\"><b>{from}</b> has sent you a secure message.</p>\n"
    "<p style=\"margin:0 0 16px;color:#5b6875\">{address} &middot; {organisation} &middot; {date}</p>\n"
    "<p style=\"margin:0 0 4px\"><b>To read it</b></p>\n"
    "<ol style=\"margin:0 0 16px;padding-left:1.5em\">\n"
    "<li>Save the attachment <b>secure-message.html</b> to your computer.</li>\n"
    "<li>Open the saved file in your browser.</li>\n"
    "<li>Click <b>Open message</b> and sign in at {host}. The first time, you register there with this address: "
    "<b>{to}</b></li>\n"
    "</ol>\n"
    "<p style=\"margin:0 0 8px\">On a phone, save the attachment to your files and open it from there in a browser, or "
    "choose <b>Open in browser</b> if your mail program offers that for the attachment; its own preview is not "
    "enough.</p>\n"
    "<p style=\"margin:0 0 8px\">The message itself is inside the attachment, encrypted. No password is ever asked "
    "for in the attachment: you sign in at {host} only.</p>\n"
    "<p style=\"margin:0;color:#5b6875\">If you did not expect this message, ask {organisation} by a way that you "
    "know, before you open it.</p>\n"
    "</div>\n";

constexpr const char* kPage =
    "<p class=\"notice-title\"><b>{from}</b> has sent you a secure message.</p>\n"
    "<dl class=\"notice-facts\">\n"
    "<dt>From</dt><dd>{from}\n"
    "&lt;{address}&gt;,\n"
    "{organisation}</dd>\n"
    "<dt>To</dt><dd>{to}</dd>\n"
    "<dt>Date</dt><dd>{date}</dd>\n"
    "</dl>\n"
    "<p>The message is in this file, encrypted. To read it, open this file in a browser with scripts switched on, "
    "click <b>Open message</b>, and sign in at {host}.</p>\n"
    "<p>If all that you see is this text, save the file to your computer or phone and open it from there in a "
    "browser: previews in mail programs do not run scripts.</p>\n";

}  // namespace bulla::mail::texts_en
