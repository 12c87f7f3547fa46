// Process: what each program does first and last, the same for all of them.
#pragma once

#include <functional>
#include <string_view>

#include "core/base/result.h"

namespace bulla::program {

// harden_process keeps secrets inside of the process: no core dumps, no attaching by others (PR_SET_DUMPABLE), files
// are made for their owner alone (umask 077), and a closed pipe is an error code instead of a signal.
Result<> harden_process();

// report prints an error for people on stderr: "bulla-gateway: TEXT" and, if there is one, "  hint: HINT".
void report(std::string_view program, const Error& error);

// run is the top of a program: hardens the process, calls `body`, and turns a failed Result or an exception into a
// message on stderr and an exit code (see options.h). The value of `body` is the exit code otherwise.
int run(std::string_view program, const std::function<Result<int>()>& body) noexcept;

}  // namespace bulla::program
