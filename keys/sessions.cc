#include "keys/sessions.h"

#include "core/base/encoding.h"

namespace bulla::keys {
namespace {

// A use is noted at most once in this time, so that a busy page does not write at each request.
constexpr Millis kNoteEvery = kMinute;

bool alive(const store::Session& session, Millis now) {
  return !session.ended && now < session.used + kSessionIdle && now < session.created + kSessionLife;
}

}  // namespace

store::Digest Sessions::id_of(std::string_view session) const {
  return world_.secret.digest(Use::kSessionId, {as_bytes(session)});
}

Result<SessionGiven> Sessions::open(store::Transaction& t, const std::string& address) const {
  BULLA_TRY(const auto token, random_array<32>(world_.random));
  const std::string session = base64url(token);
  const Millis now = world_.clock.now();
  BULLA_CHECK_OK(t.put_session({id_of(session), address, now, now, false}));
  return SessionGiven{session, address, kSessionIdle};
}

Result<SessionGiven> Sessions::reopen(store::Transaction& t, const std::string& address, ByteView login) const {
  const std::string session = base64url(world_.secret.digest(Use::kSession, {login}));
  const auto id = id_of(session);
  BULLA_TRY(const auto known, t.session(id));
  const Millis now = world_.clock.now();
  if (known && !alive(*known, now)) return fail(Code::kConflict, "this sign-in was used, and its session is over");
  if (!known) BULLA_CHECK_OK(t.put_session({id, address, now, now, false}));
  return SessionGiven{session, address, kSessionIdle};
}

Answer<std::string> Sessions::check(std::string_view token) const {
  const auto id = id_of(token);
  const Millis now = world_.clock.now();
  std::optional<store::Session> session;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    BULLA_TRY(session, r.session(id));
    return {};
  }));
  if (!session || !alive(*session, now)) return deny_sign_in();
  if (now < session->used + kNoteEvery) return session->address;

  bool still = false;
  BULLA_CHECK_OK(world_.store.write([&](store::Transaction& t) -> Result<> {
    BULLA_TRY(session, t.session(id));
    still = session && alive(*session, now);
    if (!still) return {};
    session->used = now;
    return t.put_session(*session);
  }));
  if (!still) return deny_sign_in();
  return session->address;
}

Answer<> Sessions::end(std::string_view token) const {
  BULLA_CHECK_OK(world_.store.write([&](store::Transaction& t) -> Result<> {
    BULLA_TRY(auto session, t.session(id_of(token)));
    if (!session) return {};
    session->ended = true;
    return t.put_session(*session);
  }));
  return {};
}

}  // namespace bulla::keys
