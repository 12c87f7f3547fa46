#include "program/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "program/options.h"

namespace bulla::program {

Result<> harden_process() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return fail(Code::kUnavailable, "core dumps cannot be switched off");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail(Code::kUnavailable, "the process cannot be made undumpable");
  umask(077);
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail(Code::kUnavailable, "SIGPIPE cannot be ignored");
  return {};
}

void report(std::string_view program, const Error& error) {
  std::string text(program);
  text.append(": ").append(error.text).append("\n");
  if (!error.hint.empty()) text.append("  hint: ").append(error.hint).append("\n");
  std::fwrite(text.data(), 1, text.size(), stderr);
}

namespace {

int run_or_throw(std::string_view program, const std::function<Result<int>()>& body) {
  const auto hardened = harden_process();
  if (!hardened) {
    report(program, hardened.error());
    return kExitFailed;
  }
  const auto result = body();
  if (result) return *result;
  report(program, result.error());
  switch (result.error().code) {
    case Code::kInvalid:
      return kExitUsage;
    case Code::kInternal:
      return kExitInternal;
    default:
      return kExitFailed;
  }
}

}  // namespace

int run(std::string_view program, const std::function<Result<int>()>& body) noexcept {
  try {
    return run_or_throw(program, body);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%.*s: internal error: %s\n", static_cast<int>(program.size()), program.data(),
                 exception.what());
    return kExitInternal;
  }
}

}  // namespace bulla::program
