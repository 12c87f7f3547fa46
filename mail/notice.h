// The notice of an envelope: the words that its reader sees before anything is opened. Texts: texts_en.h.
#pragma once

#include <string>

#include "core/envelope/data_block.h"
#include "core/envelope/html.h"

namespace bulla::mail {

// A text in its two forms. html is a fragment (no document around it), ASCII, without scripts and remote content.
struct Notice {
  std::string text;
  std::string html;
};

// mail_notice is for the body of the mail: who sent it, and that the attachment is to be saved and opened.
// The subject is the outer mail's, already replaced when policy says so; it is not used for anything secret.
Notice mail_notice(const envelope::DataBlock& data);

// page_notice is for the HTML file's own place (envelope-format §7): reads well without scripts.
std::string page_notice(const envelope::DataBlock& data);

}  // namespace bulla::mail
