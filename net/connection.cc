#include "net/connection.h"

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <optional>

namespace bulla::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr Millis kLinger = 2 * kSecond;
constexpr std::size_t kMaxDropped = 1 << 20;
constexpr std::size_t kMaxAddresses = 8;

std::unexpected<Error> network_error(const ErrorCode& error, std::string_view what) {
  const auto text = std::string(what) + ": ";
  if (error == beast::error::timeout) return fail(Code::kTimeout, text + "timed out");
  const bool closed = error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
                      error == asio::error::operation_aborted || error == asio::error::connection_reset ||
                      error == asio::error::broken_pipe;
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return fail(Code::kClosed, text + "the peer closed the connection");
  return fail(closed ? Code::kClosed : Code::kUnavailable, text + error.message());
}

std::chrono::milliseconds millis(Millis time) {
  return std::chrono::milliseconds(std::max<Millis>(0, time));
}

Endpoint endpoint_of(const tcp::endpoint& endpoint) {
  return {plain_address(endpoint.address().to_string()), endpoint.port()};
}

// ReadTimer cancels a read that takes too long. It may fire when the connection is gone.
struct ReadTimer : std::enable_shared_from_this<ReadTimer> {
  explicit ReadTimer(beast::tcp_stream& s) : timer(s.get_executor()), stream(&s) {}

  void start(Millis timeout) {
    fired = false;
    timer.expires_after(millis(timeout));
    timer.async_wait([self = shared_from_this(), current = ++number](const ErrorCode& error) {
      if (error || current != self->number || !self->stream) return;
      self->fired = true;
      ErrorCode ignored;
      self->stream->socket().cancel(ignored);
    });
  }
  void stop() {
    ++number;
    timer.cancel();
  }

  asio::steady_timer timer;
  beast::tcp_stream* stream;
  std::uint64_t number = 0;  // of the read
  bool fired = false;
};

}  // namespace

struct Connection::State {
  explicit State(tcp::socket socket) : stream(std::move(socket)), read_timer(std::make_shared<ReadTimer>(stream)) {
    ErrorCode error;
    stream.socket().set_option(tcp::no_delay(true), error);
    remote = stream.socket().remote_endpoint(error);
    local = stream.socket().local_endpoint(error);
  }
  ~State() {
    read_timer->stop();
    read_timer->stream = nullptr;
  }

  beast::tcp_stream stream;
  std::shared_ptr<ReadTimer> read_timer;
  tcp::endpoint remote;
  tcp::endpoint local;
  // What the TLS stream uses must outlive it.
  std::shared_ptr<asio::ssl::context> server_context;
  std::shared_ptr<const TlsClient> client_context;
  std::optional<asio::ssl::stream<beast::tcp_stream&>> tls;
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() = default;

bool Connection::tls() const {
  return state_->tls.has_value();
}
Endpoint Connection::remote() const {
  return endpoint_of(state_->remote);
}
Endpoint Connection::local() const {
  return endpoint_of(state_->local);
}

Awaiting<std::size_t> Connection::read(MutableBytes into, Millis timeout) {
  state_->stream.expires_never();
  state_->read_timer->start(timeout);
  const auto buffer = asio::buffer(into.data(), into.size());
  std::tuple<ErrorCode, std::size_t> done;
  if (state_->tls) {
    done = co_await state_->tls->async_read_some(buffer, kAwait);
  } else {
    done = co_await state_->stream.async_read_some(buffer, kAwait);
  }
  state_->read_timer->stop();
  if (std::get<0>(done) && state_->read_timer->fired) co_return fail(Code::kTimeout, "reading: timed out");
  if (std::get<0>(done)) co_return network_error(std::get<0>(done), "reading");
  co_return std::get<1>(done);
}

Awaiting<> Connection::write(ByteView bytes, Millis timeout) {
  state_->stream.expires_after(millis(timeout));
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  std::tuple<ErrorCode, std::size_t> done;
  if (state_->tls) {
    done = co_await asio::async_write(*state_->tls, buffer, kAwait);
  } else {
    done = co_await asio::async_write(state_->stream, buffer, kAwait);
  }
  if (std::get<0>(done)) co_return network_error(std::get<0>(done), "writing");
  co_return Result<>();
}

Awaiting<> Connection::accept_tls(std::shared_ptr<asio::ssl::context> context, Millis timeout) {
  state_->server_context = std::move(context);
  state_->tls.emplace(state_->stream, *state_->server_context);
  state_->stream.expires_after(millis(timeout));
  const auto [error] = co_await state_->tls->async_handshake(asio::ssl::stream_base::server, kAwait);
  if (error) co_return network_error(error, "TLS handshake");
  co_return Result<>();
}

Awaiting<> Connection::connect_tls(std::shared_ptr<const TlsClient> client, std::string name, Millis timeout) {
  state_->client_context = std::move(client);
  state_->tls.emplace(state_->stream, state_->client_context->context());
  ErrorCode error;
  asio::ip::make_address(name, error);
  // An address has no place in SNI (RFC 6066 §3).
  if (error && SSL_set_tlsext_host_name(state_->tls->native_handle(), name.c_str()) != 1)
    co_return fail(Code::kInvalid, "TLS: not a host name: " + name);
  if (state_->client_context->verifies())
    state_->tls->set_verify_callback(asio::ssl::host_name_verification(name), error);
  state_->stream.expires_after(millis(timeout));
  std::tie(error) = co_await state_->tls->async_handshake(asio::ssl::stream_base::client, kAwait);
  if (!error) co_return Result<>();
  const long verified = SSL_get_verify_result(state_->tls->native_handle());
  if (state_->client_context->verifies() && verified != X509_V_OK)
    co_return fail(Code::kUnavailable,
                   "TLS: the certificate of " + name + " is not trusted: " + X509_verify_cert_error_string(verified));
  co_return network_error(error, "TLS handshake");
}

void Connection::cancel() {
  ErrorCode ignored;
  state_->stream.socket().cancel(ignored);
}

Task<> Connection::close() {
  if (!state_->stream.socket().is_open()) co_return;
  state_->stream.expires_after(millis(kLinger));
  if (state_->tls) co_await state_->tls->async_shutdown(kAwait);
  ErrorCode ignored;
  state_->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  // Closing with unread input would send a reset, which may overtake what was written.
  Bytes dropped(4096);
  for (std::size_t total = 0; total < kMaxDropped;) {
    const auto [error, size] = co_await state_->stream.async_read_some(asio::buffer(dropped), kAwait);
    if (error) break;
    total += size;
  }
  abort();
}

void Connection::abort() {
  state_->stream.close();
}

namespace {

// A name's lookup cannot be cancelled; one that takes too long is left behind with what it needs.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), timer(executor) {}
  tcp::resolver resolver;
  asio::steady_timer timer;
  ErrorCode error = asio::error::timed_out;
  std::vector<tcp::endpoint> found;
};

Awaiting<std::vector<tcp::endpoint>> resolve(Endpoint endpoint, Millis timeout) {
  ErrorCode error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (!error) co_return std::vector{tcp::endpoint(address, endpoint.port)};
  const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
  lookup->timer.expires_after(millis(timeout));
  lookup->resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), tcp::resolver::numeric_service,
                                 [lookup](const ErrorCode& result, const tcp::resolver::results_type& found) {
                                   lookup->error = result;
                                   for (const auto& entry : found) lookup->found.push_back(entry.endpoint());
                                   lookup->timer.cancel();
                                 });
  co_await lookup->timer.async_wait(kAwait);
  if (lookup->error) co_return fail(Code::kUnavailable, "looking up " + endpoint.host + ": " + lookup->error.message());
  co_return lookup->found;
}

}  // namespace

Awaiting<std::unique_ptr<Connection>> connect(Endpoint endpoint, Millis timeout) {
  BULLA_CO_TRY(auto addresses, co_await resolve(endpoint, timeout));
  Result<std::unique_ptr<Connection>> result = fail(Code::kUnavailable, endpoint.host + " has no address");
  for (std::size_t i = 0; i < addresses.size() && i < kMaxAddresses; ++i) {
    beast::tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_after(millis(timeout));
    const auto [error] = co_await stream.async_connect(addresses[i], kAwait);
    if (!error) co_return std::make_unique<Connection>(std::make_unique<Connection::State>(stream.release_socket()));
    auto failed = network_error(error, "connecting to " + endpoint.text());
    if (failed.error().code == Code::kClosed) failed.error().code = Code::kUnavailable;
    result = std::move(failed);
  }
  co_return result;
}

struct Listener::State {
  explicit State(tcp::acceptor a) : acceptor(std::move(a)) {}
  tcp::acceptor acceptor;
};

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}
Listener::~Listener() = default;

Result<std::shared_ptr<Listener>> Listener::open(Loop& loop, const Endpoint& endpoint) {
  ErrorCode error;
  const auto host = endpoint.host == "localhost" ? std::string("127.0.0.1") : endpoint.host;
  const auto address = asio::ip::make_address(host, error);
  if (error) return fail(Code::kInvalid, "cannot listen on " + endpoint.text() + ": not an IP address");
  const tcp::endpoint local(address, endpoint.port);
  tcp::acceptor acceptor(loop.context());
  acceptor.open(local.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6() && address.is_unspecified()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(local, error);
  if (!error) acceptor.listen(1024, error);
  if (error) return fail(Code::kUnavailable, "cannot listen on " + endpoint.text() + ": " + error.message());
  return std::shared_ptr<Listener>(new Listener(std::make_unique<State>(std::move(acceptor))));
}

Endpoint Listener::local() const {
  ErrorCode ignored;
  const auto endpoint = state_->acceptor.local_endpoint(ignored);
  return {endpoint.address().to_string(), endpoint.port()};
}

Task<> Listener::run(Handler handler) {
  while (state_->acceptor.is_open()) {
    auto [error, socket] = co_await state_->acceptor.async_accept(kAwait);
    if (!error) {
      try {
        handler(std::make_unique<Connection>(std::make_unique<Connection::State>(std::move(socket))));
      } catch (const std::bad_alloc&) {
        // This connection is closed. The program goes on listening.
      }
    } else if (error == asio::error::operation_aborted) {
      co_return;
    } else if (error != asio::error::connection_aborted) {
      co_await sleep(100);  // no file descriptors or no memory: those who wait in the backlog are served soon
    }
  }
}

void Listener::close() {
  ErrorCode ignored;
  state_->acceptor.close(ignored);
}

namespace {

// What one host has to itself: an IPv4 address, or an IPv6 network of 64 bits.
std::string owner_of(const std::string& text) {
  ErrorCode error;
  const auto address = asio::ip::make_address_v6(text, error);
  if (error || address.is_v4_mapped()) return plain_address(text);
  auto bytes = address.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::make_address_v6(bytes).to_string() + "/64";
}

}  // namespace

bool AddressCount::add(const std::string& address, std::size_t max, std::size_t max_per_address) {
  const auto owner = owner_of(address);
  const auto found = counts_.find(owner);
  if (total_ >= max || (found != counts_.end() && found->second >= max_per_address)) return false;
  ++total_;
  ++counts_[owner];
  return true;
}

void AddressCount::remove(const std::string& address) {
  const auto found = counts_.find(owner_of(address));
  if (found == counts_.end()) return;
  --total_;
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace bulla::net
