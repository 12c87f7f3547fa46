// Settings is the gateway's configuration file, read and checked. The keys are described at the top of main.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/envelope/manifest.h"
#include "net/address.h"
#include "net/smtp_client.h"
#include "policy/rules.h"
#include "program/config.h"
#include "program/log.h"

namespace bulla::gateway {

struct SmtpSettings {
  net::Endpoint listen;
  std::vector<net::IpNetwork> allow;
  std::uint64_t max_size = 0;             // bytes of one message
  std::uint64_t max_memory = 0;           // bytes of all messages under way
  std::filesystem::path tls_certificate;  // empty: no STARTTLS
  std::filesystem::path tls_key;
  bool operator==(const SmtpSettings&) const = default;
};

struct KeyServerSettings {
  std::string url;     // without a slash at its end
  std::string origin;  // what recipients' browsers open
  std::filesystem::path token_file;
  std::filesystem::path ca_file;  // empty: the system's authorities
  bool operator==(const KeyServerSettings&) const = default;
};

struct EnvelopeSettings {
  std::optional<std::string> subject;  // instead of the message's own; nothing: keep it
  Millis expires = 0;                  // after sealing; 0: never
  bool operator==(const EnvelopeSettings&) const = default;
};

struct QueueSettings {
  Millis retry_first = 0;
  Millis retry_max = 0;
  Millis expires = 0;
  std::uint64_t reserve = 0;   // bytes of the disk that stay free
  std::size_t deliveries = 0;  // at once
  bool operator==(const QueueSettings&) const = default;
};

struct Settings {
  std::string hostname;
  std::filesystem::path state;
  std::filesystem::path keys;
  program::Level log_level = program::Level::kInfo;
  SmtpSettings smtp;
  net::SmtpTarget next_hop;
  KeyServerSettings key_server;
  envelope::Organisation organisation;
  policy::Rules rules;
  EnvelopeSettings envelope;
  QueueSettings queue;
};

// read_settings reads everything, so that all mistakes are reported together.
Result<Settings> read_settings(program::Config config);
Result<Settings> load_settings(const std::filesystem::path& file);

// needs_restart names the tables, separated by ", ", in which the fresh settings differ from those in use and which are
// not taken over while the gateway runs; empty if there is none. The policy and the organisation's domains are.
std::string needs_restart(const Settings& used, const Settings& fresh);

}  // namespace bulla::gateway
