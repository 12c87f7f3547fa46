// The bodies of requests (doc/key-api.md), read in one place: text in, typed and bounded values out. Everything that
// strangers send passes here. Failures are kInvalid, and the text names the field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "keys/accounts.h"
#include "keys/registering.h"
#include "mail/address.h"

namespace bulla::keyserver {

constexpr std::size_t kMaxBody = 64 * 1024;
constexpr std::size_t kMaxGatewayBody = 4 * 1024 * 1024;
constexpr std::size_t kMaxBatch = 500;  // addresses asked for, or recipients registered, at once
constexpr int kMaxEvents = 1000;

struct DirectoryRequest {
  std::vector<std::string> addresses;
};

struct RegisterRequest {
  std::vector<keys::NewEnvelope> envelopes;
};

struct CodeRequest {
  mail::Address address;
};

struct VerifyRequest {
  std::string request;
  std::string code;
};

struct RegistrationStart {
  std::string ticket;
  Bytes message;
};

struct SessionStart {
  mail::Address address;
  Bytes message;
};

struct SessionFinish {
  std::string login;
  Bytes message;
};

struct LookRequest {
  store::EnvelopeId envelope;
  mail::Address address;
};

Result<DirectoryRequest> parse_directory(std::string_view body);
Result<RegisterRequest> parse_register(std::string_view body);
Result<CodeRequest> parse_code(std::string_view body);
Result<VerifyRequest> parse_verify(std::string_view body);
Result<RegistrationStart> parse_registration_start(std::string_view body);
Result<keys::NewAccount> parse_registration_finish(std::string_view body);
Result<SessionStart> parse_session_start(std::string_view body);
Result<SessionFinish> parse_session_finish(std::string_view body);
Result<LookRequest> parse_look(std::string_view body);
// A body that says nothing: any JSON object.
Result<> parse_nothing(std::string_view body);

// parse_after reads the query of /v1/events: the number in "after=N", 0 when it is absent.
Result<std::int64_t> parse_after(std::string_view query);
// parse_id reads an envelope id in a path.
std::optional<store::EnvelopeId> parse_id(std::string_view text);

}  // namespace bulla::keyserver
