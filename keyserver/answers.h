// The bodies of answers (doc/key-api.md): values in, JSON out.
#pragma once

#include <string>

#include "keys/accounts.h"
#include "keys/codes.h"
#include "keys/opening.h"
#include "keys/registering.h"
#include "keys/sign_in.h"
#include "net/http_message.h"

namespace bulla::keyserver {

// json_response is an answer with the fields that every answer of the API has.
net::HttpResponse json_response(unsigned status, std::string body);
// problem_response tells a problem: its status, code, message, hint and what belongs to it.
net::HttpResponse problem_response(const keys::Problem& problem);
// error_response is a problem of HTTP itself ("not-found", "method", "too-large", "media-type").
net::HttpResponse error_response(unsigned status, std::string_view code, std::string_view message,
                                 std::string_view hint = {});

struct ServerFacts {
  std::string version;
  std::string origin;
  Millis time = 0;
  std::string release_id;
  std::string release_recipient;
};

std::string server_json(const ServerFacts& facts);
std::string directory_json(const std::map<std::string, std::vector<std::string>>& keys, const ServerFacts& facts);
std::string registered_json(const std::vector<keys::EnvelopeResult>& results, Millis time);
std::string events_json(const std::vector<store::Event>& events, std::int64_t after);
std::string code_json(const keys::CodeIssued& issued);
std::string proved_json(const keys::AddressProved& proved);
std::string message_json(ByteView message);
std::string session_json(const keys::SessionGiven& session);
std::string login_json(const keys::LoginStarted& started);
std::string signed_in_json(const keys::SignedIn& signed_in);
std::string look_json(keys::LookState state);
std::string details_json(const keys::Details& details);
std::string release_json(const keys::Release& release);

}  // namespace bulla::keyserver
