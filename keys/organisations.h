// Organisations: whose gateways this key server serves, as the configuration enrolled them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "store/records.h"

namespace bulla::keys {

struct Organisation {
  std::string id;
  std::string name;
  std::vector<std::string> domains;       // canonical
  std::vector<std::string> signing_keys;  // Ed25519, 32 bytes each, base64url
  store::Digest token_sha256{};           // of the gateway's token, as text

  bool owns(std::string_view domain) const;
};

// Organisations is one reading of the configuration; it does not change.
class Organisations {
 public:
  // kInvalid when two share an id, a domain or a token.
  static Result<std::shared_ptr<const Organisations>> make(std::vector<Organisation> all);

  // Nothing when there is none.
  const Organisation* find(std::string_view id) const;
  const Organisation* find_by_token(std::string_view token) const;
  const std::vector<Organisation>& all() const { return all_; }

 private:
  explicit Organisations(std::vector<Organisation> all) : all_(std::move(all)) {}
  std::vector<Organisation> all_;
};

// OrganisationBook holds the reading that counts now. Safe from any thread.
class OrganisationBook {
 public:
  explicit OrganisationBook(std::shared_ptr<const Organisations> first) : current_(std::move(first)) {}
  std::shared_ptr<const Organisations> current() const;
  void replace(std::shared_ptr<const Organisations> next);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Organisations> current_;
};

}  // namespace bulla::keys
