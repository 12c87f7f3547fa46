#include "keyserver/settings.h"

#include "core/base/encoding.h"
#include "mail/address.h"
#include "net/origin.h"

namespace bulla::keyserver {
namespace {

using program::Table;

net::Endpoint endpoint_of(const program::Endpoint& endpoint) {
  return {endpoint.host, endpoint.port};
}

// Envelopes name the origin and browsers compare it byte by byte, so it must be written as they write it.
void read_origin(Table& server, Settings& settings) {
  settings.origin = server.string("origin");
  if (settings.origin.empty()) return;
  const auto origin = net::parse_origin(settings.origin);
  if (!origin) {
    server.mistake("origin", origin.error().text, origin.error().hint);
    return;
  }
  settings.origin_host = origin->host;
  if (origin->text != settings.origin)
    server.mistake("origin", "is not written as browsers write it", "Write it as " + origin->text + ".");
}

void read_server(Table server, Settings& settings) {
  settings.listen = endpoint_of(server.endpoint("listen", "127.0.0.1:8443"));
  read_origin(server, settings);
  settings.state = server.path("state", "/var/lib/bulla-keyserver");
  settings.keys = server.path("keys", "/etc/bulla-keyserver/keys");
  if (server.has("tls_certificate") || server.has("tls_key")) {
    settings.tls = TlsFiles{server.path("tls_certificate").string(), server.path("tls_key").string()};
  } else if (!net::is_loopback(settings.listen.host)) {
    server.mistake("listen", "without TLS only a loopback address is served",
                   "Set tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy.");
  }
  for (const auto& text : server.strings("trusted_proxies")) {
    auto network = net::IpNetwork::parse(text);
    if (network)
      settings.trusted_proxies.push_back(*network);
    else
      server.mistake("trusted_proxies", network.error().text, network.error().hint);
  }
}

void read_mail(Table mail, Settings& settings) {
  settings.mail.relay = endpoint_of(mail.endpoint("relay", "127.0.0.1:25"));
  settings.mail.tls = mail.choice("tls", smtp::TlsPolicy::kOpportunistic,
                                  {{"none", smtp::TlsPolicy::kNone},
                                   {"opportunistic", smtp::TlsPolicy::kOpportunistic},
                                   {"required", smtp::TlsPolicy::kRequired}});
  if (mail.has("ca_file")) settings.mail.ca_file = mail.path("ca_file").string();
  settings.mail.from = mail.string("from", "no-reply@" + settings.origin_host);
  if (!settings.origin_host.empty() && !mail::Address::parse(settings.mail.from))
    mail.mistake("from", "is not an e-mail address", "Set it to an address such as no-reply@keys.example.com.");
}

bool is_id(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return !text.empty() && text.size() <= 64 && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

keys::Organisation read_organisation(Table table) {
  keys::Organisation out;
  out.id = table.string("id");
  if (!is_id(out.id)) table.mistake("id", "must be 1 to 64 of a-z, 0-9, '-', '_', '.'");
  out.name = table.string("name");
  for (const auto& text : table.strings("domains")) {
    if (auto domain = mail::canonical_domain(text))
      out.domains.push_back(std::move(*domain));
    else
      table.mistake("domains", "not a domain: " + text);
  }
  if (out.domains.empty()) table.mistake("domains", "at least one is needed");
  out.signing_keys = table.strings("signing_keys");
  for (const auto& key : out.signing_keys) {
    const auto bytes = decode_base64url(key);
    if (!bytes || bytes->size() != 32)
      table.mistake("signing_keys", "must be 32 bytes in base64url", "bulla-gateway --enrolment prints them.");
  }
  if (out.signing_keys.empty()) table.mistake("signing_keys", "at least one is needed");

  const auto text = table.string("token_sha256");
  auto digest = decode_base64url(text);
  if (!digest || digest->size() != out.token_sha256.size()) digest = decode_hex(text);
  if (digest && digest->size() == out.token_sha256.size())
    std::ranges::copy(*digest, out.token_sha256.begin());
  else
    table.mistake("token_sha256", "must be a SHA-256 in base64url or hexadecimal",
                  "bulla-gateway --enrolment prints it.");
  return out;
}

}  // namespace

Result<Settings> read_settings(program::Config config) {
  Settings settings;
  read_server(config.table("server"), settings);
  read_mail(config.table("mail"), settings);
  settings.limits_factor = static_cast<int>(config.table("limits").integer("factor", 1, {1, 1'000'000}));
  settings.log_level = config.table("log").choice("level", program::Level::kInfo, program::kLevelNames);

  std::vector<keys::Organisation> organisations;
  for (auto& table : config.tables("organisation")) organisations.push_back(read_organisation(table));
  auto made = keys::Organisations::make(std::move(organisations));
  if (!made) config.root().mistake("organisation", made.error().text);
  BULLA_CHECK_OK(config.finish());
  settings.organisations = std::move(*made);
  return settings;
}

Result<Settings> load_settings(const std::filesystem::path& file) {
  BULLA_TRY(auto config, program::Config::load(file));
  return read_settings(std::move(config));
}

}  // namespace bulla::keyserver
