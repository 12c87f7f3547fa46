#include "cli/save.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "cli/part_bytes.h"
#include "cli/safe_name.h"

namespace bulla::cli {
namespace {

std::string fallback_name(const envelope::Part& part, std::size_t number) {
  const bool is_mail = part.type == "message/rfc822";
  const char* extension = is_mail                     ? ".eml"
                          : part.type == "text/plain" ? ".txt"
                          : part.type == "text/html"  ? ".html"
                                                      : ".bin";
  return (is_mail ? "message-" : "attachment-") + std::to_string(number) + extension;
}

std::string lower_ascii(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::vector<const envelope::Part*> attachments_of(const envelope::Manifest& manifest) {
  std::set<std::size_t> letter;
  for (const auto& group : manifest.body) {
    if (group.text) letter.insert(*group.text);
    if (group.html) letter.insert(*group.html);
  }
  std::vector<const envelope::Part*> parts;
  for (std::size_t i = 0; i < manifest.parts.size(); ++i) {
    if (!letter.contains(i)) parts.push_back(&manifest.parts[i]);
  }
  return parts;
}

}  // namespace

std::vector<std::string> attachment_names(const std::vector<const envelope::Part*>& parts) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const auto* part : parts) {
    const auto name = safe_name(part->name, fallback_name(*part, names.size() + 1));
    int number = 1;
    while (!taken.insert(lower_ascii(numbered_name(name, number))).second) ++number;
    names.push_back(numbered_name(name, number));
  }
  return names;
}

Result<> write_original(const envelope::OpenEnvelope& opened, int fd) {
  return opened.original([fd](ByteView bytes) -> Result<> {
    while (!bytes.empty()) {
      const auto written = write(fd, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(Code::kUnavailable, std::string("cannot write the mail: ") + std::strerror(errno));
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  });
}

Result<std::string> save_original(const envelope::OpenEnvelope& opened, const std::string& out,
                                  const std::string& envelope_file, Overwrite overwrite) {
  std::filesystem::path target(out);
  if (std::error_code error; out.empty() || std::filesystem::is_directory(target, error)) {
    target /= std::filesystem::path(envelope_file).stem().string() + ".eml";
  }
  const auto name = target.filename().string();
  if (name.empty()) return fail(Code::kInvalid, out + " is no folder that exists", "make it, or name a file");
  BULLA_TRY(const auto folder, OutputFolder::open(target.parent_path()));
  BULLA_TRY(auto file, folder.start());
  BULLA_CHECK_OK(opened.original([&](ByteView bytes) { return file.write(bytes); }));
  BULLA_CHECK_OK(file.publish(name, overwrite));
  return target.string();
}

Result<std::vector<std::string>> save_attachments(const envelope::OpenEnvelope& opened, const std::string& folder_path,
                                                  Overwrite overwrite) {
  const auto parts = attachments_of(opened.manifest());
  const auto names = attachment_names(parts);
  BULLA_TRY(const auto folder, OutputFolder::open(folder_path));
  std::vector<PendingFile> files;
  for (const auto* part : parts) {
    BULLA_TRY(auto file, folder.start());
    auto bytes = part_bytes(part->encoding, opened.part(*part));
    const auto written = file.write(bytes);
    wipe(bytes);
    if (!written) return fail(written.error());
    files.push_back(std::move(file));
  }
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < files.size(); ++i) {
    BULLA_CHECK_OK(files[i].publish(names[i], overwrite));
    paths.push_back((folder.path() / names[i]).string());
  }
  return paths;
}

}  // namespace bulla::cli
