#include "keyserver/api.h"

#include <gtest/gtest.h>

#include "keys/test_world.h"

namespace bulla::keyserver {
namespace {

// A clock that stands for whatever may throw within a handler: memory that is not there, for one.
class BrokenClock final : public Clock {
 public:
  Millis now() const override { throw std::bad_alloc(); }
};

TEST(Api, RequestsThatFailDoNotCountAsBusyForEver) {
  keys::test::TestWorld t;
  const BrokenClock broken;
  const keys::World world{t.memory, broken, t.random, t.secret, t.release_key, t.opaque, t.organisations, *t.limits};
  const Handlers handlers(world, "1", "https://keys.example.com", [] {});
  const Pages pages({});
  program::Log log("test", program::Level::kInfo, [](std::string_view) {});
  net::Loop loop;
  net::Workers workers(1);
  Api api(handlers, pages, workers, t.clock, log);
  net::HttpRequest request;
  request.target = request.path = "/v1/server";
  // More than may be with the workers at once; one that was told to come again would be answered.
  for (int i = 0; i < 1100; ++i) ASSERT_THROW(loop.block_on(api.handle(request)), std::bad_alloc) << i;
}

}  // namespace
}  // namespace bulla::keyserver
