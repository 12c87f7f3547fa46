// SmtpSink: a mail server of a few lines that keeps what it gets, with nothing of our own SMTP code in it. For tests.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bulla::keyserver::test {

class SmtpSink {
 public:
  struct Mail {
    std::string from;  // as in MAIL FROM, with angle brackets
    std::string to;
    std::string data;
  };

  // On a port of the system's choice, or a given one.
  explicit SmtpSink(std::uint16_t port = 0) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 16) != 0)
      throw std::runtime_error("the sink cannot listen");
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~SmtpSink() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (auto& session : sessions_) session.join();
  }
  SmtpSink(const SmtpSink&) = delete;
  SmtpSink& operator=(const SmtpSink&) = delete;

  std::uint16_t port() const { return port_; }
  // The next `count` recipients are answered with this line.
  void refuse(int count, std::string reply) {
    const std::lock_guard lock(mutex_);
    refusals_ = count;
    refusal_ = std::move(reply);
  }
  int refusals_left() {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }
  // Waits until there are so many mails.
  std::vector<Mail> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::seconds(30), [&] { return mails_.size() >= count; });
    return mails_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      sessions_.emplace_back([this, fd] { serve(fd); });
    }
  }

  static void say(int fd, const std::string& line) {
    const std::string wire = line + "\r\n";
    (void)!write(fd, wire.data(), wire.size());
  }
  static bool read_line(int fd, std::string& pending, std::string& line) {
    for (;;) {
      if (const auto at = pending.find("\r\n"); at != std::string::npos) {
        line = pending.substr(0, at);
        pending.erase(0, at + 2);
        return true;
      }
      char buffer[4096];
      const auto n = read(fd, buffer, sizeof buffer);
      if (n <= 0) return false;
      pending.append(buffer, static_cast<std::size_t>(n));
    }
  }
  std::string answer_recipient() {
    const std::lock_guard lock(mutex_);
    if (refusals_ == 0) return "250 ok";
    --refusals_;
    return refusal_;
  }

  void serve(int fd) {
    std::string pending;
    std::string line;
    Mail mail;
    say(fd, "220 sink ESMTP");
    while (read_line(fd, pending, line)) {
      const auto verb = line.substr(0, 4);
      if (verb == "MAIL") mail = {line.substr(line.find(':') + 1), {}, {}};
      if (verb == "RCPT") {
        mail.to = line.substr(line.find(':') + 1);
        say(fd, answer_recipient());
      } else if (verb == "DATA") {
        say(fd, "354 go on");
        while (read_line(fd, pending, line) && line != ".") mail.data += line + "\n";
        const std::lock_guard lock(mutex_);
        mails_.push_back(mail);
        arrived_.notify_all();
        say(fd, "250 kept");
      } else {
        say(fd, verb == "QUIT" ? "221 bye" : "250 ok");
      }
    }
    close(fd);
  }

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::vector<std::thread> sessions_;
  std::vector<int> open_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Mail> mails_;
  int refusals_ = 0;
  std::string refusal_;
};

}  // namespace bulla::keyserver::test
