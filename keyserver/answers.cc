#include "keyserver/answers.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "core/base/encoding.h"
#include "core/base/time_text.h"

namespace bulla::keyserver {

namespace json = boost::json;

namespace {

json::array texts(const std::vector<std::string>& all) {
  json::array out;
  for (const auto& text : all) out.emplace_back(text);
  return out;
}

std::int64_t seconds(Millis time) {
  return (time + kSecond - 1) / kSecond;
}

struct Kind {
  unsigned status;
  const char* code;
};

Kind kind_of(keys::ProblemCode code) {
  switch (code) {
    case keys::ProblemCode::kBadRequest:
      return {400, "bad-request"};
    case keys::ProblemCode::kSignIn:
      return {401, "sign-in"};
    case keys::ProblemCode::kGatewayToken:
      return {401, "gateway-token"};
    case keys::ProblemCode::kWrongCode:
      return {403, "wrong-code"};
    case keys::ProblemCode::kNotFound:
      return {404, "not-found"};
    case keys::ProblemCode::kConflict:
      return {409, "conflict"};
    case keys::ProblemCode::kGone:
      return {410, "gone"};
    case keys::ProblemCode::kTooMany:
      return {429, "too-many"};
    case keys::ProblemCode::kUnavailable:
      return {503, "unavailable"};
  }
  return {500, "internal"};
}

std::string error_json(json::object error) {
  return json::serialize(json::object{{"error", std::move(error)}});
}

json::object release_key_json(const ServerFacts& facts) {
  return {{"id", facts.release_id}, {"recipient", facts.release_recipient}};
}

json::object session_object(const keys::SessionGiven& session) {
  return {{"session", session.session}, {"address", session.address}, {"expires_in", seconds(session.expires_in)}};
}

}  // namespace

net::HttpResponse json_response(unsigned status, std::string body) {
  auto response = net::http_response(status, "application/json", std::move(body));
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

net::HttpResponse problem_response(const keys::Problem& problem) {
  const auto kind = kind_of(problem.code);
  json::object error{{"code", kind.code}, {"message", problem.message}, {"hint", problem.hint}};
  if (problem.tries_left) error["tries_left"] = *problem.tries_left;
  if (!problem.state.empty()) error["state"] = problem.state;
  auto response = json_response(kind.status, error_json(std::move(error)));
  if (problem.retry_after > 0) response.headers.set("Retry-After", std::to_string(seconds(problem.retry_after)));
  if (kind.status == 401) response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

net::HttpResponse error_response(unsigned status, std::string_view code, std::string_view message,
                                 std::string_view hint) {
  const auto text = [](std::string_view view) { return json::string_view(view.data(), view.size()); };
  return json_response(status, error_json({{"code", text(code)}, {"message", text(message)}, {"hint", text(hint)}}));
}

std::string server_json(const ServerFacts& facts) {
  return json::serialize(json::object{{"name", "bulla-keyserver"},
                                      {"version", facts.version},
                                      {"time", rfc3339(facts.time)},
                                      {"origin", facts.origin},
                                      {"release_key", release_key_json(facts)}});
}

std::string directory_json(const std::map<std::string, std::vector<std::string>>& keys, const ServerFacts& facts) {
  json::object found;
  for (const auto& [address, recipients] : keys) found[address] = texts(recipients);
  return json::serialize(json::object{
      {"time", rfc3339(facts.time)}, {"release_key", release_key_json(facts)}, {"keys", std::move(found)}});
}

std::string registered_json(const std::vector<keys::EnvelopeResult>& results, Millis time) {
  json::array out;
  for (const auto& result : results) {
    json::array recipients;
    for (const auto& recipient : result.recipients) {
      recipients.push_back(json::object{{"address", recipient.address},
                                        {"status", keys::registration_name(recipient.status)},
                                        {"reason", recipient.reason}});
    }
    out.push_back(json::object{{"id", base64url(result.id)}, {"recipients", std::move(recipients)}});
  }
  return json::serialize(json::object{{"time", rfc3339(time)}, {"results", std::move(out)}});
}

std::string events_json(const std::vector<store::Event>& events, std::int64_t after) {
  json::array out;
  for (const auto& event : events) {
    out.push_back(json::object{{"number", event.number},
                               {"time", rfc3339(event.time)},
                               {"type", event.type},
                               {"envelope", base64url(event.envelope)},
                               {"address", event.address}});
  }
  const auto last = events.empty() ? after : events.back().number;
  return json::serialize(json::object{{"events", std::move(out)}, {"last", last}});
}

std::string code_json(const keys::CodeIssued& issued) {
  return json::serialize(json::object{{"request", issued.request}, {"expires_in", seconds(issued.expires_in)}});
}

std::string proved_json(const keys::AddressProved& proved) {
  return json::serialize(json::object{{"ticket", proved.ticket}, {"address", proved.address}});
}

std::string message_json(ByteView message) {
  return json::serialize(json::object{{"message", base64url(message)}});
}

std::string session_json(const keys::SessionGiven& session) {
  return json::serialize(session_object(session));
}

std::string login_json(const keys::LoginStarted& started) {
  return json::serialize(json::object{{"login", started.login}, {"message", base64url(started.message)}});
}

std::string signed_in_json(const keys::SignedIn& signed_in) {
  auto out = session_object(signed_in.session);
  out["recipient"] = signed_in.recipient;
  out["identity"] = base64url(signed_in.identity);
  return json::serialize(out);
}

std::string look_json(keys::LookState state) {
  return json::serialize(json::object{{"state", keys::state_name(state)}});
}

std::string details_json(const keys::Details& details) {
  const auto& envelope = details.envelope;
  json::object out{{"id", base64url(envelope.id)},
                   {"sender", {{"address", envelope.sender}, {"name", envelope.sender_name}}},
                   {"organisation", {{"id", envelope.organisation}, {"name", details.organisation_name}}},
                   {"domain", details.sender_domain},
                   {"date", rfc3339(envelope.date)},
                   {"expires", nullptr},
                   {"address", details.address},
                   {"state", details.state}};
  if (envelope.expires) out["expires"] = rfc3339(*envelope.expires);
  return json::serialize(out);
}

std::string release_json(const keys::Release& release) {
  return json::serialize(
      json::object{{"id", base64url(release.envelope)},
                   {"stanzas", texts(release.stanzas)},
                   {"organisation", {{"id", release.organisation.id}, {"name", release.organisation.name}}},
                   {"signing_keys", texts(release.organisation.signing_keys)},
                   {"domains", texts(release.organisation.domains)},
                   {"address", release.address},
                   {"time", rfc3339(release.time)}});
}

}  // namespace bulla::keyserver
