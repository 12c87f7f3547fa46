#include "keys/organisations.h"

#include <algorithm>
#include <set>

#include "core/crypto/equal.h"
#include "core/crypto/hash.h"

namespace bulla::keys {

bool Organisation::owns(std::string_view domain) const {
  return std::ranges::find(domains, domain) != domains.end();
}

Result<std::shared_ptr<const Organisations>> Organisations::make(std::vector<Organisation> all) {
  std::set<std::string> ids;
  std::set<std::string> domains;
  std::set<store::Digest> tokens;
  for (const auto& organisation : all) {
    if (!ids.insert(organisation.id).second)
      return fail(Code::kInvalid, "two organisations have the id " + organisation.id);
    if (!tokens.insert(organisation.token_sha256).second)
      return fail(Code::kInvalid, "two organisations have the same gateway token");
    for (const auto& domain : organisation.domains)
      if (!domains.insert(domain).second) return fail(Code::kInvalid, "two organisations have the domain " + domain);
  }
  return std::shared_ptr<const Organisations>(new Organisations(std::move(all)));
}

const Organisation* Organisations::find(std::string_view id) const {
  const auto found = std::ranges::find(all_, id, &Organisation::id);
  return found == all_.end() ? nullptr : &*found;
}

const Organisation* Organisations::find_by_token(std::string_view token) const {
  const auto digest = crypto::sha256(as_bytes(token));
  const Organisation* found = nullptr;
  for (const auto& organisation : all_)
    if (crypto::equal(digest, organisation.token_sha256)) found = &organisation;
  return found;
}

std::shared_ptr<const Organisations> OrganisationBook::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void OrganisationBook::replace(std::shared_ptr<const Organisations> next) {
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
}

}  // namespace bulla::keys
