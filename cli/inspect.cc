#include <cstdio>

#include "cli/commands.h"
#include "cli/envelope_file.h"
#include "core/age/header.h"
#include "core/age/stream.h"
#include "core/base/time_text.h"
#include "program/utf8.h"

namespace bulla::cli {
namespace {

using program::printable;

void print_row(const char* label, const std::string& value) {
  std::printf("%-16s%s\n", label, value.c_str());
}

void print_data_block(const envelope::DataBlock& data) {
  std::printf("What the file says about itself (not signed, not checked):\n");
  print_row("  From", printable(data.from.name) + " <" + printable(data.from.address) + ">");
  print_row("  Organisation", printable(data.organisation.name) + " (" + printable(data.organisation.id) + ")");
  print_row("  To", printable(data.to));
  print_row("  Date", rfc3339(data.date));
  print_row("  Key server", printable(data.origin));
}

}  // namespace

Result<int> run_inspect(const InspectOptions& options) {
  BULLA_TRY(const auto file, read_envelope_file(options.file));
  if (file.data) print_data_block(*file.data);
  Reader reader(file.file);
  BULLA_TRY(const auto header, age::read_header(reader));
  std::printf("The sealed file (age v1):\n");
  print_row("  Envelope", file.id.text());
  print_row("  Sealed", rfc3339(file.id.time()));
  print_row("  Payload", std::to_string(reader.rest().size()) + " bytes");
  print_row("  Content",
            std::to_string(age::plaintext_size(reader.rest().size()).value_or(0)) + " bytes, padding included");
  return program::kExitOk;
}

}  // namespace bulla::cli
