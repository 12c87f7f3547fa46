// Saving an opened message: the original mail, or its attachments.
#pragma once

#include <string>
#include <vector>

#include "cli/output_folder.h"
#include "core/envelope/open.h"

namespace bulla::cli {

// write_original writes the original mail, byte for byte, to a file descriptor.
Result<> write_original(const envelope::OpenEnvelope& opened, int fd);

// save_original writes it to `out`: a file, or a folder that exists; empty: the current folder. In a folder it is
// called like the envelope's file, with the ending .eml. Returns the path.
Result<std::string> save_original(const envelope::OpenEnvelope& opened, const std::string& out,
                                  const std::string& envelope_file, Overwrite overwrite);

// save_attachments writes every part that is not the letter itself (pictures inside of it included), decoded, into a
// folder, under safe names. All are written before the first gets its name. Returns the paths.
Result<std::vector<std::string>> save_attachments(const envelope::OpenEnvelope& opened, const std::string& folder,
                                                  Overwrite overwrite);

// attachment_names are the names under which save_attachments saves these parts: safe, and each another, also on file
// systems that do not tell case apart.
std::vector<std::string> attachment_names(const std::vector<const envelope::Part*>& parts);

}  // namespace bulla::cli
