#include "gateway/courier.h"

#include <gtest/gtest.h>

namespace bulla::gateway {
namespace {

TEST(CourierTest, ReasonsForTheLogAreOurOwnWords) {
  struct Row {
    smtp::Reply reply;
    const char* reason;
  };
  const Row rows[] = {
      {{0, "4.7.4", "TLS is required, and the server does not offer it"},
       "TLS is required, and the server does not offer it"},
      {{0, "4.4.1", "cannot connect to 127.0.0.1:25: Connection refused"},
       "cannot connect to 127.0.0.1:25: Connection refused"},
      {{0, "4.7.5", "TLS failed: the certificate: expired"}, "TLS failed: the certificate: expired"},
      {{0, "4.7.4", "TLS is required, and the server refuses it: 454 4.7.0 secret"},
       "TLS is required, and the server refuses it"},
      {{0, "4.5.0", "the server spoke without being asked: 250 a: 550 secret"}, "the server spoke without being asked"},
      {{451, "4.2.0", "secret"}, "the next hop answered 451"},
      {{550, "", "secret: 123"}, "the next hop answered 550"},
      {{0, "", ""}, ""},
  };
  for (const auto& row : rows) EXPECT_EQ(reason_for_log(row.reply), row.reason);
}

}  // namespace
}  // namespace bulla::gateway
