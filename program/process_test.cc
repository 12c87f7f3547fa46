#include "program/process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <stdexcept>

#include "program/options.h"

namespace bulla::program {
namespace {

TEST(Process, IsHardened) {
  ASSERT_TRUE(harden_process());
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 0U);
  EXPECT_EQ(limit.rlim_max, 0U);
  EXPECT_EQ(umask(077), 077U);
}

TEST(Process, TurnsResultsIntoExitCodes) {
  struct Row {
    const char* title;
    std::function<Result<int>()> body;
    int code;
    const char* text;
  };
  const Row rows[] = {
      {"value", [] { return 7; }, 7, ""},
      {"usage", [] { return fail(Code::kInvalid, "bad", "mend it"); }, kExitUsage, "t: bad\n  hint: mend it\n"},
      {"failure", [] { return fail(Code::kUnavailable, "no disk"); }, kExitFailed, "t: no disk\n"},
      {"fault", [] { return fail(Code::kInternal, "oh"); }, kExitInternal, "t: oh\n"},
      {"exception", []() -> Result<int> { throw std::runtime_error("thrown"); }, kExitInternal,
       "t: internal error: thrown\n"},
  };
  for (const auto& row : rows) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(run("t", row.body), row.code) << row.title;
    EXPECT_EQ(testing::internal::GetCapturedStderr(), row.text) << row.title;
  }
}

std::expected<Options, int> parse(std::vector<const char*> words, std::string& out, std::string& err) {
  words.insert(words.begin(), "bulla-test");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto options = parse_options(static_cast<int>(words.size()), words.data(),
                               {"bulla-test", "Tests the options.", "/etc/bulla/test.toml"});
  out = testing::internal::GetCapturedStdout();
  err = testing::internal::GetCapturedStderr();
  return options;
}

TEST(Options, EveryProgramHasTheSame) {
  std::string out;
  std::string err;
  auto options = parse({}, out, err);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config, "/etc/bulla/test.toml");
  EXPECT_FALSE(options->config_given);
  EXPECT_FALSE(options->check);

  options = parse({"--config", "a.toml", "--check"}, out, err);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config, "a.toml");
  EXPECT_TRUE(options->config_given);
  EXPECT_TRUE(options->check);

  options = parse({"--version"}, out, err);
  EXPECT_EQ(options.error(), kExitOk);
  EXPECT_EQ(out, "bulla-test " + std::string(version()) + "\n");

  options = parse({"--help"}, out, err);
  EXPECT_EQ(options.error(), kExitOk);
  for (const char* text : {"Tests the options.", "--config FILE", "/etc/bulla/test.toml", "--check", "--version"}) {
    EXPECT_NE(out.find(text), std::string::npos) << text << " in " << out;
  }

  for (const char* wrong : {"--bogus", "extra", "--config"}) {
    options = parse({wrong}, out, err);
    EXPECT_EQ(options.error(), kExitUsage) << wrong;
    EXPECT_NE(err, "") << wrong;
  }
}

}  // namespace
}  // namespace bulla::program
