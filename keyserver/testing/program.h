// Program: the real bulla-keyserver as a child process on loopback, that can be killed and started again, and a client
// for its API. For tests.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "keyserver/testing/smtp_sink.h"
#include "net/http_client.h"

namespace bulla::keyserver::test {

class Program {
 public:
  // In a folder of its own. `more` is appended to the configuration.
  Program(std::uint16_t relay_port, std::string more) : more_(std::move(more)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "bulla-keyserver-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    port_ = free_port();
    configure(relay_port, "");
  }
  ~Program() {
    stop(SIGKILL);
    std::filesystem::remove_all(folder_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::string base() const { return scheme + "://localhost:" + std::to_string(port_); }
  std::string scheme = "http";

  // Writes the configuration; `server` is added to [server].
  void configure(std::uint16_t relay_port, const std::string& server) {
    std::ofstream(folder_ / "config.toml")
        << "[server]\nlisten = \"127.0.0.1:" << port_ << "\"\norigin = \"https://keys.example\"\n"
        << "state = \"state\"\nkeys = \"keys\"\n"
        << server << "[mail]\ntls = \"none\"\nrelay = \"127.0.0.1:" << relay_port << "\"\n"
        << more_;
  }
  void set_more(std::string more) { more_ = std::move(more); }

  // raw sends bytes as they are, and returns what comes back until the server closes.
  std::string raw(const std::string& request) const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    std::string out;
    char buffer[4096];
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
      for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
    }
    close(fd);
    return out;
  }

  // start waits until it listens.
  void start() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const std::string file = std::string(BULLA_BUILD_DIR) + "/bin/keyserver_without_pages";
    const std::string config = folder_ / "config.toml";
    child_ = fork();
    if (child_ == 0) {
      dup2(ends[1], STDERR_FILENO);
      execl(file.c_str(), file.c_str(), "--config", config.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    log_.clear();
    ended_ = false;
    reader_ = std::thread([this, fd = ends[0]] { read_log(fd); });
    wait_for_log("server.started");
  }

  // stop ends it and returns its wait status.
  int stop(int signal) {
    if (child_ <= 0) return 0;
    kill(child_, signal);
    int status = 0;
    waitpid(child_, &status, 0);
    reader_.join();
    child_ = -1;
    return status;
  }
  void kill_and_restart() {
    stop(SIGKILL);
    start();
  }
  void signal(int number) const { kill(child_, number); }

  // Everything that it has logged since the last start; wait_for_log waits for a text in it.
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  void wait_for_log(const std::string& text) {
    std::unique_lock lock(mutex_);
    grown_.wait_for(lock, std::chrono::seconds(30), [&] { return log_.contains(text) || ended_; });
    if (!log_.contains(text)) throw std::runtime_error("not in the log: " + text + "\n" + log_);
  }

 private:
  // A port that nobody uses, as the system says.
  static std::uint16_t free_port() { return SmtpSink().port(); }
  void read_log(int fd) {
    char buffer[4096];
    for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;) {
      const std::lock_guard lock(mutex_);
      log_.append(buffer, static_cast<std::size_t>(n));
      grown_.notify_all();
    }
    close(fd);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    grown_.notify_all();
  }

  std::string more_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
  std::thread reader_;
  std::mutex mutex_;
  std::condition_variable grown_;
  std::string log_;
  bool ended_ = false;
};

struct ApiReply {
  unsigned status = 0;  // 0: no answer
  boost::json::object body;
  net::HttpHeaders headers;
  std::string raw;

  std::string text(const char* name) const { return std::string(body.at(name).as_string()); }
  std::string error() const {
    const auto* error = body.if_contains("error");
    return error ? std::string(error->as_object().at("code").as_string()) : "";
  }
};

// ApiClient asks one request after another. One thread uses it.
class ApiClient {
 public:
  explicit ApiClient(const Program& program, std::shared_ptr<const net::TlsClient> tls = {})
      : program_(program), client_(loop_, net::HttpClientConfig{.tls = std::move(tls)}) {}

  ApiReply send(net::HttpMethod method, const std::string& path, std::string body, const std::string& token) {
    net::HttpCall call{method, program_.base() + path, {}, to_bytes(body)};
    if (!body.empty()) call.headers.set("Content-Type", "application/json");
    if (!token.empty()) call.headers.set("Authorization", "Bearer " + token);
    const auto response = loop_.block_on(client_.send(std::move(call)));
    ApiReply out;
    if (!response) return out;
    out.status = response->status;
    out.headers = response->headers;
    out.raw = response->body_text();
    boost::system::error_code error;
    auto value = boost::json::parse(out.raw, error);
    if (!error && value.is_object()) out.body = value.as_object();
    return out;
  }
  ApiReply get(const std::string& path, const std::string& token = {}) {
    return send(net::HttpMethod::kGet, path, {}, token);
  }
  ApiReply post(const std::string& path, const boost::json::object& body, const std::string& token = {}) {
    return send(net::HttpMethod::kPost, path, boost::json::serialize(body), token);
  }

 private:
  const Program& program_;
  net::Loop loop_;
  net::HttpClient client_;
};

}  // namespace bulla::keyserver::test
