#include "core/base/time_text.h"

#include <gtest/gtest.h>

namespace bulla {
namespace {

TEST(TimeText, ThereAndBack) {
  for (Millis time : {Millis{0}, Millis{1}, Millis{951782400000}, Millis{1795508100123}, Millis{253402300799999}})
    EXPECT_EQ(parse_rfc3339(rfc3339(time)), time) << rfc3339(time);
  EXPECT_EQ(rfc3339(1795508100000), "2026-11-24T08:15:00.000Z");
  EXPECT_EQ(parse_rfc3339("2026-11-24T08:15:00Z"), 1795508100000);
}

TEST(TimeText, RefusesOtherTexts) {
  for (auto text : {"", "2026-11-24", "2026-11-24T08:15:00+00:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
                    "2026-11-24T24:00:00Z", "2026-11-24T08:15:00.00Z", "2026-11-24t08:15:00.000Z",
                    "2026-11-24T08:15:60.000Z", "1969-12-31T23:59:59.000Z", "2026-11-24T08:15:00.0x0Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

}  // namespace
}  // namespace bulla
