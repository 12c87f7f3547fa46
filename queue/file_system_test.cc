#include "queue/file_system.h"

#include <gtest/gtest.h>

namespace bulla::queue {
namespace {

TEST(PosixFileSystemTest, AWriteThatIsRefusedIsAnError) {
  PosixFileSystem files;
  const auto full = files.append("/dev/full");
  ASSERT_TRUE(full);
  const auto written = (*full)->write(as_bytes("x"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kTooMany);
}

}  // namespace
}  // namespace bulla::queue
