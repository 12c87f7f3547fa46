// Settings: the configuration of bulla-keyserver (its manual is at the top of main.cc).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "keys/organisations.h"
#include "net/address.h"
#include "program/config.h"
#include "program/log.h"
#include "smtp/client_session.h"

namespace bulla::keyserver {

struct TlsFiles {
  std::string certificate;
  std::string key;
};

struct MailSettings {
  net::Endpoint relay;
  smtp::TlsPolicy tls = smtp::TlsPolicy::kOpportunistic;
  std::string ca_file;
  std::string from;
};

struct Settings {
  net::Endpoint listen;
  std::string origin;       // "https://keys.example.com", without a slash at its end
  std::string origin_host;  // "keys.example.com"
  std::optional<TlsFiles> tls;
  std::vector<net::IpNetwork> trusted_proxies;
  std::filesystem::path state;
  std::filesystem::path keys;
  MailSettings mail;
  int limits_factor = 1;
  program::Level log_level = program::Level::kInfo;
  std::shared_ptr<const keys::Organisations> organisations;

  std::filesystem::path database() const { return state / "keys.sqlite"; }
};

// read_settings reads all settings; the error lists every mistake with its line.
Result<Settings> read_settings(program::Config config);
Result<Settings> load_settings(const std::filesystem::path& file);

}  // namespace bulla::keyserver
