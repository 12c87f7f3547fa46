// What the tests of this folder share: certificates, raw peers, programs as peers.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "net/connection.h"
#include "net/loop.h"
#include "net/tls.h"

namespace bulla::net::test {

constexpr Millis kPatience = 20 * kSecond;  // for what should happen at once; nothing is asserted about its time

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bulla-net-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(file(name)) << text;
    return file(name);
  }

 private:
  std::string path_;
};

struct ProgramResult {
  int status = -1;
  std::string output;  // both streams
};

// run_program runs a shell command and waits for it; for Workers.
inline ProgramResult run_program(const std::string& command) {
  ProgramResult result;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return result;
  std::array<char, 4096> buffer{};
  while (const auto size = fread(buffer.data(), 1, buffer.size(), pipe)) result.output.append(buffer.data(), size);
  result.status = pclose(pipe);
  return result;
}

// Certificates for localhost and 127.0.0.1, signed by themselves, so that the certificate is its own authority.
class Certificate {
 public:
  explicit Certificate(const std::string& name = "localhost") {
    const auto made = run_program(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name +
        " -addext subjectAltName=DNS:" + name + ",IP:127.0.0.1 -keyout " + key() + " -out " + certificate());
    EXPECT_EQ(made.status, 0) << made.output;
  }
  std::string certificate() const { return dir_.file("certificate.pem"); }
  std::string key() const { return dir_.file("key.pem"); }
  std::shared_ptr<TlsServer> server() const {
    auto loaded = TlsServer::load(certificate(), key());
    EXPECT_TRUE(loaded) << loaded.error().text;
    return *loaded;
  }
  // trust is a client that trusts this certificate and no other.
  std::shared_ptr<const TlsClient> trust() const {
    auto made = TlsClient::make({certificate(), true});
    EXPECT_TRUE(made) << made.error().text;
    return *made;
  }

 private:
  TempDir dir_;
};

// Peer is a connection that says what a test wants, whatever the protocol allows.
class Peer {
 public:
  static Task<Peer> connect_to(Endpoint endpoint) {
    auto connection = co_await connect(std::move(endpoint), kPatience);
    EXPECT_TRUE(connection) << connection.error().text;
    co_return Peer(std::move(*connection));
  }
  explicit Peer(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  Task<bool> send(std::string text) {
    const auto written = co_await connection_->write(as_bytes(text), kPatience);
    co_return written.has_value();
  }
  // read_until returns what comes up to and including the mark; less when the connection ends before.
  Task<std::string> read_until(std::string mark) {
    while (!rest_.contains(mark)) {
      if (!co_await read_some()) co_return std::exchange(rest_, {});
    }
    const auto end = rest_.find(mark) + mark.size();
    std::string out = rest_.substr(0, end);
    rest_.erase(0, end);
    co_return out;
  }
  Task<std::string> read_all() {
    while (co_await read_some()) {
    }
    co_return std::exchange(rest_, {});
  }
  // reply reads one SMTP reply, all of its lines.
  Task<std::string> reply() {
    std::string out;
    while (true) {
      const std::string line = co_await read_until("\r\n");
      out += line;
      if (line.size() < 4 || line[3] != '-') co_return out;
    }
  }
  Task<std::string> ask(std::string line) {
    co_await send(line + "\r\n");
    co_return co_await reply();
  }
  Connection& connection() { return *connection_; }
  void abort() { connection_->abort(); }

 private:
  Task<bool> read_some() {
    Bytes buffer(4096);
    const auto size = co_await connection_->read(buffer, kPatience);
    if (!size) co_return false;
    rest_ += as_text(ByteView(buffer).first(*size));
    co_return true;
  }

  std::unique_ptr<Connection> connection_;
  std::string rest_;
};

// eventually runs the loop until the condition holds, or patience is over.
template <class Condition>
Task<bool> eventually(Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) co_return true;
    co_await sleep(1);
  }
  co_return false;
}

}  // namespace bulla::net::test
