#include "keys/housekeeping.h"

namespace bulla::keys {
namespace {

// Requests for codes are counted over a day.
constexpr Millis kKeep = 25 * kHour;
constexpr int kPage = 500;

}  // namespace

Result<int> sweep(const World& world) {
  const Millis now = world.clock.now();
  int total = 0;
  for (int last = kPage; last >= kPage;) {
    BULLA_CHECK_OK(world.store.write([&](store::Transaction& t) -> Result<> {
      BULLA_TRY(const int expired, t.expire(now, kPage));
      BULLA_TRY(const int forgotten, t.forget(now - kKeep, kPage));
      last = std::max(expired, forgotten);
      total += expired + forgotten;
      return {};
    }));
  }
  BULLA_CHECK_OK(world.store.tidy());
  return total;
}

Result<> check_belongs(const World& world) {
  const auto digest =
      world.secret.digest(Use::kFingerprint, {as_bytes(world.release_key.id()), world.opaque.public_key()});
  const Bytes fingerprint = to_bytes(digest);
  return world.store.write([&](store::Transaction& t) -> Result<> {
    BULLA_TRY(const auto kept, t.setting("key-folder"));
    if (!kept) return t.put_setting("key-folder", fingerprint);
    if (*kept == fingerprint) return {};
    return fail(Code::kInvalid, "the database was made with other keys than those in the key folder",
                "Check `state` and `keys` in the configuration; restore both from the same backup.");
  });
}

}  // namespace bulla::keys
