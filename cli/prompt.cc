#include "cli/prompt.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "cli/output_folder.h"
#include "program/config.h"

namespace bulla::cli {
namespace {

constexpr std::size_t kMaxSecret = 4096;

// HiddenInput switches a terminal's echo off until it is dropped. Ctrl-C interrupts the read instead of ending the
// program, so that the echo comes back.
class HiddenInput {
 public:
  HiddenInput(int terminal, Echo echo) : terminal_(terminal) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGINT, &action, &interrupt_before_);
    changed_ = echo == Echo::kOff && tcgetattr(terminal_, &before_) == 0;
    if (!changed_) return;
    auto hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    tcsetattr(terminal_, TCSAFLUSH, &hidden);
  }
  ~HiddenInput() {
    if (changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
    sigaction(SIGINT, &interrupt_before_, nullptr);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  int terminal_;
  bool changed_ = false;
  termios before_{};
  struct sigaction interrupt_before_{};
};

// read_line reads byte by byte, so that what follows the line stays for the next question.
Result<Secret> read_line(int fd) {
  Secret line(kMaxSecret + 1);
  std::size_t used = 0;
  while (true) {
    const auto got = read(fd, line.writable().data() + used, 1);
    if (got < 0) return fail(Code::kClosed, errno == EINTR ? "cancelled" : "the input cannot be read");
    if (got == 0 || line.reveal()[used] == '\n') break;
    if (++used > kMaxSecret) return fail(Code::kInvalid, "that is longer than 4096 bytes");
  }
  if (used > 0 && line.reveal()[used - 1] == '\r') --used;
  if (used == 0) return fail(Code::kInvalid, "nothing was entered");
  return Secret::copy_of(line.reveal().first(used));
}

Result<Secret> ask_terminal(const std::string& text, const Question& question) {
  const Descriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0) {
    return fail(Code::kUnavailable, "there is no terminal to ask on",
                "use " + question.option + " FILE (- for standard input)");
  }
  const HiddenInput hidden(terminal.get(), question.echo);
  if (write(terminal.get(), text.data(), text.size()) < 0)
    return fail(Code::kUnavailable, "the terminal does not answer");
  return read_line(terminal.get());
}

}  // namespace

Result<Secret> ask_secret(const Question& question) {
  if (question.file.empty()) return ask_terminal(question.text, question);
  if (question.file == "-") return read_line(STDIN_FILENO);
  BULLA_TRY(auto secret, program::read_secret_file(question.file));
  if (secret.size() > kMaxSecret) return fail(Code::kInvalid, question.file + " holds more than 4096 bytes");
  return secret;
}

}  // namespace bulla::cli
