#include "keyserver/handlers.h"

#include "keyserver/requests.h"

namespace bulla::keyserver {
namespace {

// bearer returns the token of "Authorization: Bearer TOKEN" (RFC 6750 §2.1); empty when there is none.
std::string_view bearer(const net::HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = request.headers.find("Authorization").value_or("");
  if (value.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i)
    if ((value[i] | 0x20) != kScheme[i]) return {};
  return value.substr(kScheme.size());
}

bool is_json(const net::HttpRequest& request) {
  auto type = request.headers.find("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  std::string lower(type);
  for (auto& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return lower == "application/json";
}

std::unexpected<keys::Problem> not_enrolled() {
  return keys::deny(keys::ProblemCode::kGatewayToken, "This gateway is not enrolled here.",
                    "Put what `bulla-gateway --enrolment` prints into the key server's configuration.");
}

}  // namespace

Handlers::Handlers(const keys::World& world, std::string version, std::string origin,
                   std::function<void()> mail_waiting)
    : world_(world),
      version_(std::move(version)),
      origin_(std::move(origin)),
      mail_waiting_(std::move(mail_waiting)),
      codes_(world),
      accounts_(world),
      sign_in_(world),
      sessions_(world),
      opening_(world),
      registering_(world) {}

ServerFacts Handlers::facts() const {
  return {version_, origin_, world_.clock.now(), world_.release_key.id(), world_.release_key.recipient()};
}

Handled Handlers::handle(const RouteMatch& match, const net::HttpRequest& request) const {
  if (match.entry->has_body && !is_json(request)) {
    return {error_response(415, "media-type", "The body must be JSON.", "Send Content-Type: application/json."), {}};
  }
  auto reply = answer(match, request);
  if (reply) return {std::move(*reply), {}};
  return {problem_response(reply.error()), reply.error().cause};
}

std::optional<net::HttpResponse> Handlers::refuse(const RouteMatch& match, const net::HttpRequest& head) const {
  if (!match.entry || match.entry->access != Access::kGateway || !match.entry->has_body) return std::nullopt;
  if (world_.organisations.current()->find_by_token(bearer(head)) != nullptr) return std::nullopt;
  return problem_response(not_enrolled().error());
}

Handlers::Reply Handlers::answer(const RouteMatch& match, const net::HttpRequest& request) const {
  switch (match.entry->access) {
    case Access::kAnybody:
      return anybody(match.entry->route, request);
    case Access::kGateway:
      return gateway(match.entry->route, request);
    case Access::kSession:
      return session(match, request);
  }
  return anybody(match.entry->route, request);
}

Handlers::Reply Handlers::anybody(Route route, const net::HttpRequest& request) const {
  const keys::Asker asker{keys::network_of(request.remote_address)};
  switch (route) {
    case Route::kServer:
      return json_response(200, server_json(facts()));
    case Route::kHealth: {
      BULLA_CHECK_OK(world_.store.read([](store::Reader& r) -> Result<> {
        BULLA_TRY(const auto marked, r.setting("key-folder"));
        (void)marked;
        return {};
      }));
      return json_response(200, R"({"status":"ok"})");
    }
    case Route::kCode: {
      BULLA_TRY(const auto body, parse_code(request.body_text()));
      BULLA_TRY(const auto issued, codes_.request(body.address, asker));
      mail_waiting_();
      return json_response(202, code_json(issued));
    }
    case Route::kVerify: {
      BULLA_TRY(const auto body, parse_verify(request.body_text()));
      BULLA_TRY(const auto proved, codes_.verify(body.request, body.code, asker));
      return json_response(200, proved_json(proved));
    }
    case Route::kLook: {
      BULLA_TRY(const auto body, parse_look(request.body_text()));
      BULLA_TRY(const auto state, opening_.look(body.envelope, body.address, asker));
      return json_response(200, look_json(state));
    }
    default:
      return signing_in(route, request, asker);
  }
}

Handlers::Reply Handlers::signing_in(Route route, const net::HttpRequest& request, const keys::Asker& asker) const {
  switch (route) {
    case Route::kRegistrationStart: {
      BULLA_TRY(const auto body, parse_registration_start(request.body_text()));
      BULLA_TRY(const auto message, accounts_.start(body.ticket, body.message, asker));
      return json_response(200, message_json(message));
    }
    case Route::kRegistrationFinish: {
      BULLA_TRY(const auto body, parse_registration_finish(request.body_text()));
      BULLA_TRY(const auto session, accounts_.finish(body, asker));
      return json_response(201, session_json(session));
    }
    case Route::kSessionStart: {
      BULLA_TRY(const auto body, parse_session_start(request.body_text()));
      BULLA_TRY(const auto started, sign_in_.start(body.address, body.message, asker));
      return json_response(200, login_json(started));
    }
    case Route::kSessionFinish: {
      BULLA_TRY(const auto body, parse_session_finish(request.body_text()));
      BULLA_TRY(const auto signed_in, sign_in_.finish(body.login, body.message));
      return json_response(200, signed_in_json(signed_in));
    }
    default:
      return keys::deny(keys::ProblemCode::kNotFound, "There is nothing here.");
  }
}

Handlers::Reply Handlers::gateway(Route route, const net::HttpRequest& request) const {
  const auto organisations = world_.organisations.current();
  const auto* organisation = organisations->find_by_token(bearer(request));
  if (organisation == nullptr) return not_enrolled();
  switch (route) {
    case Route::kDirectory: {
      BULLA_TRY(const auto body, parse_directory(request.body_text()));
      BULLA_TRY(const auto keys, registering_.directory(body.addresses));
      return json_response(200, directory_json(keys, facts()));
    }
    case Route::kRegister: {
      BULLA_TRY(const auto body, parse_register(request.body_text()));
      BULLA_TRY(const auto results, registering_.register_envelopes(*organisation, body.envelopes));
      return json_response(200, registered_json(results, world_.clock.now()));
    }
    default: {
      BULLA_TRY(const auto after, parse_after(request.query));
      BULLA_TRY(const auto events, registering_.events(*organisation, after, kMaxEvents));
      return json_response(200, events_json(events, after));
    }
  }
}

Handlers::Reply Handlers::session(const RouteMatch& match, const net::HttpRequest& request) const {
  const auto token = bearer(request);
  BULLA_TRY(const auto address, sessions_.check(token));
  if (match.entry->route == Route::kSessionEnd) {
    BULLA_CHECK_OK(sessions_.end(token));
    return json_response(200, "{}");
  }
  const auto id = parse_id(match.parameter);
  if (!id) return keys::deny(keys::ProblemCode::kNotFound, "There is no such envelope for this address.");
  if (match.entry->route == Route::kDetails) {
    BULLA_TRY(const auto details, opening_.details(*id, address));
    return json_response(200, details_json(details));
  }
  BULLA_CHECK_OK(parse_nothing(request.body_text()));
  BULLA_TRY(const auto release, opening_.release(*id, address));
  return json_response(200, release_json(release));
}

}  // namespace bulla::keyserver
