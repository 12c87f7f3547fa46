// One connection of an SmtpServer: pumps bytes between the socket, smtp::ServerSession and the owner's handler.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "net/session_host.h"
#include "net/smtp_server.h"
#include "net/wiped_buffer.h"

namespace bulla::net {

// State is shared by the sessions, which may outlive the server by a moment.
struct SmtpServer::State : SessionHost, std::enable_shared_from_this<SmtpServer::State> {
  State(Loop& l, SmtpServerConfig c, SmtpHandlerFactory f)
      : SessionHost(l), config(std::move(c)), factory(std::move(f)) {}

  void accept(std::unique_ptr<Connection> connection);

  SmtpServerConfig config;
  SmtpHandlerFactory factory;
  SmtpServerStats stats;
};

class SmtpServerSession final : public HostedSession {
 public:
  SmtpServerSession(SmtpServer::State& server, std::unique_ptr<Connection> connection, SmtpPeer peer);
  ~SmtpServerSession();
  SmtpServerSession(const SmtpServerSession&) = delete;
  SmtpServerSession& operator=(const SmtpServerSession&) = delete;

  Task<> run();
  void wake_if_idle() override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Task<> converse();
  // perform does what the session wants; false when the connection is over.
  Task<bool> perform(smtp::ServerAction action);
  Task<bool> read_more();
  Task<bool> flush();
  Task<bool> start_tls();
  Task<> take_message(smtp::Envelope envelope);
  // guarded awaits a reply of the handler; what it throws becomes 451.
  Task<smtp::Reply> guarded(Task<smtp::Reply> reply);
  void begin_body(std::optional<std::uint64_t> declared);
  void take_piece(ByteView piece);
  void drop_body();
  // charge moves this session's part of the memory budget to `bytes`; false if there is no room.
  bool charge(std::uint64_t bytes);
  Millis read_timeout();
  void end(std::string_view why) {
    if (why_.empty()) why_ = why;
  }

  SmtpServer::State& server_;
  std::unique_ptr<Connection> connection_;
  std::string address_;
  std::unique_ptr<SmtpHandler> handler_;
  smtp::ServerSession session_;
  Bytes buffer_;
  WipedBuffer body_;
  std::uint64_t declared_ = 0;
  std::uint64_t charged_ = 0;
  SteadyTime session_end_;
  SteadyTime command_end_;
  SteadyTime body_end_;
  bool waiting_ = false;
  std::string why_;
};

}  // namespace bulla::net
